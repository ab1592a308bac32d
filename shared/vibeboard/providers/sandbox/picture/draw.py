"""Storyboard frames: staging, set, figures, weather, print."""

import cv2
import numpy as np

from vibeboard.providers.ports import FrameRequest
from vibeboard.providers.sandbox.picture import atmosphere, finish, stage
from vibeboard.providers.sandbox.picture.colour import Array, Bytes
from vibeboard.providers.sandbox.picture.cutouts import contact, cut_out, mirrored
from vibeboard.providers.sandbox.picture.describe import describe
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.png import pack
from vibeboard.providers.sandbox.picture.staging import Staging, stage_request

GAIN = {"night": 1.12, "dusk": 0.95, "dawn": 0.95, "day": 0.72}


def draw_frame(request: FrameRequest) -> bytes:
    """One storyboard frame as PNG, request.width x request.height (SOP step 7, text to image).

    The same request gives the same bytes. The PNG carries its scene description for edits and clips.
    """
    cv2.setNumThreads(1)
    staging = stage_request(request)
    picture = print_frame(staging, compose(staging, background(staging)))
    return pack(picture, describe(request, staging))


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
        sprite = cut_out(staging, placed, staging.camera)
        shade = contact(staging, placed, staging.camera)
        if shade is not None:
            mask, x, y = shade
            light[y : y + mask.shape[0], x : x + mask.shape[1]] *= (1 - mask)[..., None]
        if sprite is None:
            continue
        if shade is not None and (image := mirrored(staging, placed, staging.camera, sprite)) is not None:
            finish.paint(light, image)
        finish.paint(light, sprite)
    atmosphere.overlay(light, staging, 0.0)
    return light


def exposure(staging: Staging) -> float:
    """The camera's exposure: rooms by day are exposed for the room, not for the window."""
    gain = GAIN.get(staging.shot.time, 1.0)
    return max(gain, 1.15) if staging.model.interior and staging.shot.time != "night" else gain


def print_frame(staging: Staging, light: Array) -> Bytes:
    """Light to the finished picture."""
    picture = finish.develop(light, staging.light.scheme, exposure(staging))
    return finish.print_frame(picture, staging.seed)
