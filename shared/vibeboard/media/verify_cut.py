"""The cut's part of `package verify`: the EDL against the sidecar, and both against the picture itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vibeboard.domain.checks import Check
from vibeboard.domain.edl import Edl, EdlEvent
from vibeboard.domain.timecode import to_timecode
from vibeboard.media.errors import MediaError
from vibeboard.media.fingerprint import TOLERANCE, differ, likenesses
from vibeboard.media.package import EDL, MASTER, SIDECAR
from vibeboard.media.probe import MediaInfo

_BLACK = "BL"  # the reel of black
_TOLD = 5  # faults named in one reason


def cut_checks(folder: Path, edl: Edl | None, sidecar: Mapping[str, Any], info: MediaInfo | None) -> list[Check]:
    """`edl against sidecar` event by event, and `edl against picture` by the likeness of each shot's edges."""
    clips = sidecar.get("clips")
    if edl is None or info is None or not isinstance(clips, list) or not edl.picture:
        reason = f"{EDL} cannot be compared while it, {SIDECAR} or {MASTER} cannot be read"
        return [Check("edl against sidecar", False, reason=reason)]
    rows = [clip for clip in clips if isinstance(clip, dict)]
    return [_events(edl, rows, info), _picture(folder, edl, rows, info)]


def _shots(edl: Edl) -> list[EdlEvent]:
    """The list's picture events, one a clip: black that a clip fades into belongs to the clip."""
    shots: list[EdlEvent] = []
    for event in edl.picture:
        if event.reel == _BLACK and shots:
            out = shots[-1].source_out + event.frames
            shots[-1] = replace(shots[-1], record_out=event.record_out, source_out=out)
        elif event.reel != _BLACK:
            shots.append(event)
    return shots


def _events(edl: Edl, clips: list[dict[str, Any]], info: MediaInfo) -> Check:
    name = "edl against sidecar"
    shots = _shots(edl)
    if len(shots) != len(clips):
        return Check(name, False, reason=f"{EDL} has {len(shots)} shots, {SIDECAR} {len(clips)} clips")
    faults = []
    for event, clip in zip(shots, clips, strict=True):
        stated = {
            "recordIn": to_timecode(event.record_in, info.rate, drop_frame=edl.drop_frame),
            "recordOut": to_timecode(event.record_out, info.rate, drop_frame=edl.drop_frame),
            "sourceIn": event.source_in,
            "frames": event.frames,
        }
        wrong = [
            f"{key} {value}, not {clip[key]}" for key, value in stated.items() if key in clip and clip[key] != value
        ]
        if clip.get("name") and event.clip_name and clip["name"] != event.clip_name:
            wrong.append(f"clip {event.clip_name}, not {clip['name']}")
        faults += [f"event {event.number:03}: {', '.join(wrong)}"] if wrong else []
    told = f"{EDL} and {SIDECAR} disagree: {'; '.join(faults[:_TOLD])}" if faults else ""
    return Check(name, not faults, f"{len(clips)} events", told)


def _picture(folder: Path, edl: Edl, clips: list[dict[str, Any]], info: MediaInfo) -> Check:
    """The frames where the EDL says a shot begins and ends look as they did when the shot was cut."""
    name = "edl against picture"
    shots = _shots(edl)
    if len(shots) != len(clips):
        return Check(name, False, reason=f"{EDL} has another number of shots than {SIDECAR}")
    start = edl.picture[0].record_in
    edges = [(e.record_in - start, e.record_out - 1 - start) for e in shots]
    if min(first for first, _ in edges) < 0 or max(last for _, last in edges) >= info.frames:
        return Check(name, False, reason=f"{EDL} names frames that {MASTER} does not hold")
    stated = [clip.get("likeness") for clip in clips]
    if not all(isinstance(row, dict) and {"first", "last"} <= row.keys() for row in stated):
        return Check(name, False, reason=f"{SIDECAR} does not say what each clip looks like (likeness)")
    try:
        seen = likenesses(folder / MASTER, [frame for edge in edges for frame in edge], info.rate)
    except MediaError as error:
        return Check(name, False, reason=f"{MASTER}: {error.detail}")
    faults = []
    for index, (event, row) in enumerate(zip(shots, stated, strict=True)):
        for offset, edge in enumerate(("first", "last")):
            if differ(seen[2 * index + offset], str(row[edge])) > TOLERANCE:  # type: ignore[index]
                faults.append(f"event {event.number:03} ({event.clip_name}): its {edge} frame is another picture")
    reason = f"{EDL} disagrees with the picture of {MASTER}: {'; '.join(faults[:_TOLD])}" if faults else ""
    return Check(name, not faults, f"{len(seen)} frames looked at", reason)
