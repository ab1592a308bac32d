"""Figures and props of a staging as lit cut-outs, with what they leave on the floor: shadow and reflection."""

import math

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture.colour import Array
from vibeboard.providers.sandbox.picture.figure import draw_figure, stance_of
from vibeboard.providers.sandbox.picture.identity import SKINS, person_of
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.pose import Pose
from vibeboard.providers.sandbox.picture.props import draw_prop
from vibeboard.providers.sandbox.picture.read import TIGHT
from vibeboard.providers.sandbox.picture.sheet import FigureLight, Sheet, Sprite
from vibeboard.providers.sandbox.picture.staging import Placed, Staging, figure_light


def cut_out(
    staging: Staging,
    placed: Placed,
    camera: Camera,
    phase: float = 0.0,
    *,
    stance: Pose | None = None,
    blink: float = 0.0,
    light: FigureLight | None = None,
) -> Sprite | None:
    """A figure or prop as a lit cut-out at its place in the frame; None when it is out of sight."""
    depth = camera.depth(placed.x, placed.y + placed.height * 0.5, placed.z)
    if depth < 0.12:
        return None
    foot, top = camera.project(
        np.array([[placed.x, placed.y, placed.z], [placed.x, placed.y + placed.height, placed.z]])
    )
    scale = float(np.hypot(*(top - foot))) / placed.height
    if scale * placed.height < 3:
        return None
    half = placed.height * (
        0.62 if placed.person is not None else 5.6 if placed.prop.startswith("door_") or placed.standing else 1.9
    )
    high = placed.height * (1.16 if placed.person is not None else 5.6 if placed.prop.startswith("door_") else 1.25)
    low = placed.height * (
        0.06 if placed.person is not None else 4.6 if placed.prop.startswith("door_") or placed.standing else 0.7
    )
    x0, x1 = max(0, int(foot[0] - half * scale)), min(camera.width, int(foot[0] + half * scale) + 1)
    y0, y1 = max(0, int(foot[1] - high * scale)), min(camera.height, int(foot[1] + low * scale) + 1)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    sheet = Sheet(x1 - x0, y1 - y0, (float(foot[0]) - x0, float(foot[1]) - y0), scale)
    light = light or figure_light(staging, placed)
    scheme = staging.light.scheme
    if placed.person is not None:
        stance = stance or stance_of(placed.person, placed.action, placed.facing, phase)
        draw_figure(
            sheet,
            placed.person,
            stance,
            placed.facing,
            placed.back,
            key_left=light.key_from[0] < 0,
            blink=blink,
            mood=staging.mood,
            holding=placed.holding,
        )
        form = placed.height * 0.0125
    else:
        skin = person_of(staging.shot.cast[0]).skin if staging.shot.cast else SKINS[1]
        draw_prop(
            sheet,
            placed.prop,
            placed.prop_name,
            placed.height,
            phase,
            scheme.accent,
            scheme.second,
            skin,
            standing=placed.standing,
        )
        form = placed.height * (0.05 if not placed.prop.startswith("door_") else 0.10)
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
    return Sprite(
        cv2.GaussianBlur(light, (0, 0), sigma),
        cv2.GaussianBlur(open_sides, (0, 0), sigma),
        sprite.left - pad,
        sprite.top - pad,
    )


def contact(staging: Staging, placed: Placed, camera: Camera) -> tuple[Array, int, int] | None:
    """The soft shadow at a figure's feet: how much light it takes (0..1), and its left and top in the frame."""
    tight = staging.shot.size in TIGHT and camera is staging.camera
    if placed.person is None or tight or camera.depth(placed.x, 0.0, placed.z) < 0.3:
        return None
    ring = np.linspace(0, 2 * math.pi, 20)
    points = np.stack([placed.x + 0.30 * np.cos(ring), np.full(20, 0.0), placed.z + 0.26 * np.sin(ring)], 1)
    pixels = camera.project(points)
    pad = max(4, int((pixels[:, 0].max() - pixels[:, 0].min()) / 5))
    x0, y0 = np.floor(pixels.min(0)).astype(int) - pad
    x1, y1 = np.ceil(pixels.max(0)).astype(int) + pad
    x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(camera.width, int(x1)), min(camera.height, int(y1))
    if x1 <= x0 or y1 <= y0:
        return None
    mask = np.zeros((y1 - y0, x1 - x0), np.float32)
    cv2.fillPoly(mask, [np.round(pixels - [x0, y0]).astype(np.int32)], (1.0,))
    return 0.72 * cv2.GaussianBlur(mask, (0, 0), max(1.5, pad / 3)).astype(np.float32), x0, y0


def mirrored(staging: Staging, placed: Placed, camera: Camera, sprite: Sprite) -> Sprite | None:
    """The figure's reflection on a wet floor; None on a dry one."""
    wet = max(staging.light.wet, staging.model.wet)
    if wet <= 0 or placed.person is None or camera.depth(placed.x, 0.0, placed.z) < 0.3:
        return None
    foot = camera.project(np.array([[placed.x, 0.0, placed.z]]))[0]
    room = camera.height - int(foot[1])
    if room < 4:
        return None
    h = sprite.alpha.shape[0]
    top = int(2 * foot[1]) - sprite.top - h
    rows = min(h, camera.height - top)
    if rows < 4:
        return None
    fade = np.linspace(0.55, 0.0, h, dtype=np.float32)[:rows] * wet
    ripple = (1 + 0.3 * np.sin(np.arange(rows) * 0.45)).astype(np.float32)
    share = (fade * ripple)[:, None]
    light = cv2.GaussianBlur(np.ascontiguousarray(sprite.light[::-1][:rows]), (0, 0), 1.5, sigmaY=5)
    alpha = cv2.GaussianBlur(np.ascontiguousarray(sprite.alpha[::-1][:rows]), (0, 0), 1.5, sigmaY=5)
    return Sprite(light * share[..., None] * 0.8, alpha * share, sprite.left, top)
