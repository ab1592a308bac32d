"""What a drawn PNG tells about itself, and what the next shot keeps of it."""

import json
import zlib
from dataclasses import asdict, replace
from typing import Any

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import lexicon as lex
from vibeboard.providers.sandbox.picture.png import unpack
from vibeboard.providers.sandbox.picture.read import Shot, read
from vibeboard.providers.sandbox.picture.staging import Line, Staging, stage_request

HOURS = ("day", "daylight", "night", "morning", "evening", "sunset", "dusk", "dawn", "noon", "later")


def continued(before: Shot, request: FrameRequest, same_rules: bool) -> Shot:
    """The new request's shot, keeping the previous one's hour, and its weather unless something new is ruled out."""
    after = read(request)
    if before.place_key != after.place_key:
        return after
    if not lex.has(request.prompt.lower(), *HOURS):
        after = replace(after, time=before.time)
    if not same_rules:
        return after
    return replace(
        after,
        fog=max(after.fog, before.fog * 0.8),
        rain=after.rain or before.rain,
        snow=after.snow or before.snow,
        wet=after.wet or before.wet,
        neon=after.neon or before.neon,
    )


_CARRIED = ("time", "fog", "rain", "snow", "wet", "neon")


def describe(request: FrameRequest, staging: Staging) -> bytes:
    """The scene description a drawn PNG carries: request, line of action, hour and weather."""
    told = {
        "v": 1,
        "request": asdict(request),
        "line": asdict(staging.line),
        "carried": {name: getattr(staging.shot, name) for name in _CARRIED},
    }
    return zlib.compress(json.dumps(told, sort_keys=True).encode(), 9)


def description(png: bytes, width: int, height: int) -> tuple[FrameRequest, Staging] | None:
    """The request and staging a PNG was drawn from, for a raster of that size; None for other pictures."""
    raw = unpack(png)
    if raw is None:
        return None
    try:
        told = json.loads(zlib.decompress(raw))
        fields = dict(told["request"])
        fields["cast"] = tuple(_look(look) for look in fields["cast"])
        for name in ("palette", "required", "banned", "props"):
            fields[name] = tuple(fields[name])
        request = replace(FrameRequest(**fields), width=width, height=height)
        shot = replace(read(request), **{name: told["carried"][name] for name in _CARRIED})
        return request, stage_request(request, Line(**told["line"]), shot)
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def _look(told: dict[str, Any]) -> CharacterLook:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return CharacterLook(**fields)
