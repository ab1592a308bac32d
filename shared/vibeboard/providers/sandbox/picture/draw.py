"""Storyboard frames: staging, set, figures, weather, print."""

import json
import math
import zlib
from dataclasses import asdict, replace

import cv2
import numpy as np

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import atmosphere, finish, stage
from vibeboard.providers.sandbox.picture import lexicon as lex
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, rgb
from vibeboard.providers.sandbox.picture.figure import draw_figure, stance_of
from vibeboard.providers.sandbox.picture.identity import SKINS, person_of
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.png import pack, unpack
from vibeboard.providers.sandbox.picture.pose import Pose
from vibeboard.providers.sandbox.picture.props import draw_prop
from vibeboard.providers.sandbox.picture.read import TIGHT, Shot, read
from vibeboard.providers.sandbox.picture.sheet import Sheet, Sprite
from vibeboard.providers.sandbox.picture.staging import Placed, Staging, figure_light, stage_request

GAIN = {"night": 1.35, "dusk": 0.95, "dawn": 0.95, "day": 0.72}


def draw_frame(request: FrameRequest) -> bytes:
    """One storyboard frame as PNG, request.width x request.height (SOP step 7, text to image).

    The same request gives the same bytes. The PNG carries its scene description for edits and clips.
    """
    cv2.setNumThreads(1)
    staging = stage_request(request)
    picture = print_frame(staging, compose(staging, background(staging)))
    return pack(picture, describe(request, staging))


def side_of(staging: Staging) -> float | None:
    """The camera's direction, to be kept by the next shot; None when it looked back at the door."""
    yaw = staging.camera.yaw
    return yaw if math.cos(yaw) > -0.2 else None


def continued(before: Shot, request: FrameRequest, same_rules: bool) -> Shot:
    """The new request's shot, keeping the previous one's hour, and its weather unless something new is ruled out."""
    after = read(request)
    if before.place_key != after.place_key:
        return after
    if not lex.has(request.prompt.lower(), "day", "daylight", "night", "morning", "evening", "sunset", "dusk", "dawn", "noon", "later"):
        after = replace(after, time=before.time)
    if not same_rules:
        return after
    return replace(after, fog=max(after.fog, before.fog * 0.8), rain=after.rain or before.rain, snow=after.snow or before.snow,
                   wet=after.wet or before.wet, neon=after.neon or before.neon)


_CARRIED = ("time", "fog", "rain", "snow", "wet", "neon")


def describe(request: FrameRequest, staging: Staging, side: float | None = None) -> bytes:
    """The scene description a drawn PNG carries: request, camera side, hour and weather."""
    told = {"v": 1, "request": asdict(request), "yaw": side if side is not None else side_of(staging),
            "carried": {name: getattr(staging.shot, name) for name in _CARRIED}}
    return zlib.compress(json.dumps(told, sort_keys=True).encode(), 9)


def description(png: bytes, width: int, height: int) -> tuple[FrameRequest, Staging, float | None] | None:
    """The request, staging and camera side a PNG was drawn from, for a raster of that size; None for other pictures."""
    raw = unpack(png)
    if raw is None:
        return None
    try:
        told = json.loads(zlib.decompress(raw))
        fields = dict(told["request"])
        fields["cast"] = tuple(
            CharacterLook(**{k: tuple(v) if isinstance(v, list) else v for k, v in look.items()}) for look in fields["cast"]
        )
        for name in ("palette", "required", "banned", "props"):
            fields[name] = tuple(fields[name])
        request = replace(FrameRequest(**fields), width=width, height=height)
        shot = replace(read(request), **{name: told["carried"][name] for name in _CARRIED})
        return request, stage_request(request, told["yaw"], shot), told["yaw"]
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def blocked_by(staging: Staging) -> tuple[float, tuple[float, float, float, float]]:
    """In front of the people nothing of the set may stand: their depth and the middle of the frame."""
    camera = staging.camera
    people = [f for f in staging.figures if not f.extra]
    depth = min((camera.depth(f.x, 1.0, f.z) for f in people), default=staging.focus * 0.6)
    if staging.shot.angle == "ots":
        depth = staging.focus
    left, right = camera.width * 0.40, camera.width * 0.60
    for figure in people:
        foot = camera.project(np.array([[figure.x, 0.9, figure.z]]))[0]
        half = 0.5 * camera.focal / max(0.3, camera.depth(figure.x, 0.9, figure.z))
        left, right = min(left, float(foot[0]) - half), max(right, float(foot[0]) + half)
    return max(0.3, depth - 0.3), (left, 0.0, right, float(camera.height))


def background(staging: Staging, camera: Camera | None = None) -> Array:
    """The set without people: light with depth of field and glow."""
    camera = camera or staging.camera
    plate = stage.render(staging.model, camera, staging.light, blocked_by(staging))
    light = finish.defocus(plate.light, plate.depth, staging.focus, staging.blur)
    return finish.bloom(light)


def compose(staging: Staging, light: Array) -> Array:
    """Figures, shadows and weather over the background's light."""
    for placed in staging.figures:
        if placed.person is not None:
            _ground_contact(light, staging, placed)
        sprite = cut_out(staging, placed, staging.camera)
        if sprite is not None:
            finish.paint(light, sprite)
    atmosphere.overlay(light, staging, 0.0)
    return light


def print_frame(staging: Staging, light: Array) -> Bytes:
    """Light to the finished picture."""
    picture = finish.develop(light, staging.light.scheme, GAIN.get(staging.shot.time, 1.0))
    return finish.print_frame(picture, staging.seed)


def cut_out(staging: Staging, placed: Placed, camera: Camera, phase: float = 0.0, *, stance: Pose | None = None, blink: float = 0.0) -> Sprite | None:
    """A figure or prop as a lit cut-out at its place in the frame; None when it is out of sight."""
    depth = camera.depth(placed.x, placed.y + placed.height * 0.5, placed.z)
    if depth < 0.12:
        return None
    foot, top = camera.project(np.array([[placed.x, placed.y, placed.z], [placed.x, placed.y + placed.height, placed.z]]))
    scale = float(np.hypot(*(top - foot))) / placed.height
    if scale * placed.height < 3:
        return None
    half = placed.height * (0.62 if placed.person is not None else 5.6 if placed.prop == "door_handle" else 1.9)
    high = placed.height * (1.16 if placed.person is not None else 5.6 if placed.prop == "door_handle" else 1.25)
    low = placed.height * (0.06 if placed.person is not None else 4.6 if placed.prop == "door_handle" else 0.7)
    x0, x1 = max(0, int(foot[0] - half * scale)), min(camera.width, int(foot[0] + half * scale) + 1)
    y0, y1 = max(0, int(foot[1] - high * scale)), min(camera.height, int(foot[1] + low * scale) + 1)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    sheet = Sheet(x1 - x0, y1 - y0, (float(foot[0]) - x0, float(foot[1]) - y0), scale)
    light = figure_light(staging, placed)
    scheme = staging.light.scheme
    if placed.person is not None:
        stance = stance or stance_of(placed.person, placed.action, placed.facing, phase)
        draw_figure(sheet, placed.person, stance, placed.facing, placed.back, key_left=light.key_from[0] < 0, blink=blink,
                    mood=staging.mood, holding=placed.holding)
        form = placed.height * 0.0125
    else:
        skin = person_of(staging.shot.cast[0]).skin if staging.shot.cast else SKINS[1]
        draw_prop(sheet, placed.prop, placed.prop_name, placed.height, phase, scheme.accent, scheme.second, skin)
        form = placed.height * (0.05 if placed.prop != "door_handle" else 0.10)
    sprite = sheet.lit(light, form, x0, y0)
    return _defocused(sprite, staging, depth)


def _defocused(sprite: Sprite, staging: Staging, depth: float) -> Sprite:
    radius = abs(1 - staging.focus / depth) * staging.blur
    if radius < 1.0:
        return sprite
    sigma = min(radius * 0.6, staging.camera.width * 0.009)
    pad = int(sigma * 2.5)
    open_sides = cv2.copyMakeBorder(sprite.alpha, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    light = cv2.copyMakeBorder(sprite.light, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    return Sprite(cv2.GaussianBlur(light, (0, 0), sigma), cv2.GaussianBlur(open_sides, (0, 0), sigma), sprite.left - pad, sprite.top - pad)


def _ground_contact(light: Array, staging: Staging, placed: Placed) -> None:
    """A soft shadow at the feet, and their reflection where the floor is wet."""
    camera = staging.camera
    if staging.shot.size in TIGHT or camera.depth(placed.x, 0.0, placed.z) < 0.3:
        return
    ring = np.linspace(0, 2 * math.pi, 20)
    points = np.stack([placed.x + 0.30 * np.cos(ring), np.full(20, 0.0), placed.z + 0.26 * np.sin(ring)], 1)
    pixels = camera.project(points)
    x0, y0 = np.floor(pixels.min(0)).astype(int) - 30
    x1, y1 = np.ceil(pixels.max(0)).astype(int) + 30
    x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(camera.width, int(x1)), min(camera.height, int(y1))
    if x1 <= x0 or y1 <= y0:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    cv2.fillPoly(mask, [np.round(pixels - [x0, y0]).astype(np.int32)], (1.0,))
    mask = cv2.GaussianBlur(mask, (0, 0), max(1.5, (x1 - x0) / 14))
    light[y0:y1, x0:x1] *= (1 - 0.72 * mask)[..., None]
    wet = max(staging.light.wet, staging.model.wet)
    if wet > 0 and placed.person is not None:
        _mirror(light, staging, placed, wet)


def _mirror(light: Array, staging: Staging, placed: Placed, wet: float) -> None:
    sprite = cut_out(staging, placed, staging.camera)
    if sprite is None:
        return
    foot = staging.camera.project(np.array([[placed.x, 0.0, placed.z]]))[0]
    h = sprite.alpha.shape[0]
    flipped = Sprite(cv2.GaussianBlur(sprite.light[::-1], (0, 0), 1.5, sigmaY=5), cv2.GaussianBlur(sprite.alpha[::-1], (0, 0), 1.5, sigmaY=5), sprite.left, int(2 * foot[1]) - sprite.top - h)
    fade = np.linspace(0.55, 0.0, h, dtype=np.float32) * wet
    ripple = (1 + 0.3 * np.sin(np.arange(h) * 0.45)).astype(np.float32)
    share = (fade * ripple)[:, None]
    finish.paint(light, Sprite(flipped.light * share[..., None] * 0.8, flipped.alpha * share, flipped.left, flipped.top))


__all__ = ["background", "compose", "cut_out", "describe", "description", "draw_frame", "print_frame", "rgb"]
