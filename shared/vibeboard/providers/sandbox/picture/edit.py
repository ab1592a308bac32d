"""Image to image: the next picture computed from the previous one's pixels and from the new prompt (SOP step 7).

A frame this engine drew knows its scene, so its pixels are compared with what that scene would give; the
difference (a tint, a grade, anything painted in) is carried over through the change of view, point by point in
the set. Any other image becomes the backdrop itself: reframed, relit and graded, the cast drawn into it.
"""

from dataclasses import replace

import cv2
import numpy as np

from vibeboard.providers.ports import FrameRequest
from vibeboard.providers.sandbox.picture import describe, draw, finish, png, stage
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, as_array, as_bytes
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.read import TIGHT, read
from vibeboard.providers.sandbox.picture.staging import Staging, stage_request


def edit_frame(previous: bytes, request: FrameRequest) -> bytes:
    """The new frame as PNG, request.width x request.height. Raises ValueError when `previous` is no image."""
    cv2.setNumThreads(1)
    pixels = png.pixels(previous, request.width, request.height)
    told = describe.description(previous, request.width, request.height)
    if told is None:
        return _from_picture(pixels, request)
    before_request, before = told
    same_rules = before_request.negative == request.negative and before_request.banned == request.banned
    same_place = before.shot.place_key == read(request).place_key
    line = before.line if same_place else None
    after = stage_request(request, line, describe.continued(before.shot, request, same_rules))
    plate = stage.render(after.model, after.camera, after.light, draw.blocked_by(after))
    light = finish.bloom(finish.defocus(plate.light, plate.depth, after.focus, after.blur))
    picture = draw.print_frame(after, draw.compose(after, light))
    residue = _residue(pixels, before)
    carried = (
        _carried(residue, plate.depth, before.camera, after.camera)
        if same_place
        else _flat(residue, request.width, request.height)
    )
    out = cv2.multiply(picture, carried, dtype=cv2.CV_8U)
    return png.pack(as_bytes(out), describe.describe(request, after))


def _residue(pixels: Bytes, before: Staging) -> Array:
    """log ratio (h, w, 3) of the given pixels to what their scene describes, at a quarter of the size, smoothed."""
    share = min(0.5, 640 / max(before.camera.width, before.camera.height))
    small = before.camera.sized(round(before.camera.width * share), round(before.camera.height * share))
    quick = replace(before, camera=small, blur=before.blur * share)
    expected = draw.print_frame(quick, draw.compose(quick, draw.background(quick)))
    size = (max(2, pixels.shape[1] // 4), max(2, pixels.shape[0] // 4))
    sigma = max(1.0, size[0] / 110)

    def tone(picture: Bytes) -> Array:
        out: Array = cv2.GaussianBlur(
            cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), sigma
        )
        return out

    ratio = np.log((tone(pixels) + 10) / (tone(expected) + 10))
    # What re-drawing at half the size alone makes different is no difference: a chain of edits must not drift.
    real = np.sign(ratio) * np.maximum(np.abs(ratio) - 0.09, 0)
    return as_array(np.clip(real, -1.6, 1.6))


def _flat(residue: Array, width: int, height: int) -> Array:
    """The residue's overall tone as a gain."""
    gain = np.exp(np.median(residue, axis=(0, 1))).astype(np.float32)
    out: Array = np.full((height, width, 3), gain, np.float32)
    return out


def _carried(residue: Array, depth: Array, before: Camera, after: Camera) -> Array:
    """The residue as a gain, seen from the new camera; what the old one did not see takes the overall tone."""
    h, w = depth.shape
    grid = cv2.resize(depth, (w // 2, h // 2), interpolation=cv2.INTER_NEAREST)
    gh, gw = grid.shape
    cx, cy = after.centre
    step_x, step_y = after.width / gw, after.height / gh
    rx = ((np.arange(gw) + 0.5) * step_x - cx) / after.focal
    ry = (cy - (np.arange(gh) + 0.5) * step_y) / after.focal
    rays = np.stack([*np.meshgrid(rx, ry), np.ones((gh, gw))], -1) * np.minimum(grid, 500.0)[..., None]
    world = rays.reshape(-1, 3) @ after.axes + after.position
    local = before.local(world)
    seen = before.screen(local)
    mx = (seen[:, 0] / before.width * residue.shape[1]).reshape(gh, gw).astype(np.float32)
    my = (seen[:, 1] / before.height * residue.shape[0]).reshape(gh, gw).astype(np.float32)
    overall = np.median(residue, axis=(0, 1))
    inside = (
        (local[:, 2].reshape(gh, gw) > 0.1)
        & (mx > 0)
        & (my > 0)
        & (mx < residue.shape[1] - 1)
        & (my < residue.shape[0] - 1)
    )
    found = cv2.remap(residue, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), gw / 40)[..., None]
    small = np.exp(found * mask + overall * (1 - mask)).astype(np.float32)
    out: Array = cv2.resize(small, (after.width, after.height), interpolation=cv2.INTER_LINEAR)
    return out


def _from_picture(pixels: Bytes, request: FrameRequest) -> bytes:
    staging = stage_request(request)
    backdrop = _reframed(pixels, staging)
    gain = draw.exposure(staging)
    light = finish.undevelop(backdrop, gain)
    if staging.shot.size in TIGHT or staging.shot.size == "ms":
        depth = np.full((light.shape[0] // 2, light.shape[1] // 2), staging.focus * 3, np.float32)
        light = finish.defocus(light, depth, staging.focus, max(staging.blur, request.width / 240))
    if staging.shot.time == "night":
        level = float(np.median(light @ np.array([0.07, 0.72, 0.21], np.float32)))
        if level > 0.12:
            light *= max(0.25, 0.12 / level)
        light *= np.array(staging.light.scheme.ambient, np.float32) * 0.9 + 0.62
    picture = draw.print_frame(staging, draw.compose(staging, light))
    return png.pack_plain(picture)


def _reframed(pixels: Bytes, staging: Staging) -> Bytes:
    """Crops to the shot size about what draws the eye."""
    share = {
        "ews": 1.0,
        "ws": 0.96,
        "fs": 0.86,
        "mws": 0.78,
        "ms": 0.66,
        "mcu": 0.54,
        "cu": 0.46,
        "ecu": 0.3,
        "insert": 0.4,
    }[staging.shot.size]
    h, w = pixels.shape[:2]
    small = cv2.resize(pixels, (96, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    busy = np.abs(small - cv2.GaussianBlur(small, (0, 0), 6)).sum(2)
    y, x = np.mgrid[0:64, 0:96]
    weight = busy**2 * np.exp(-(((x - 48) / 40) ** 2 + ((y - 32) / 26) ** 2)) + 1e-3
    fx, fy = float((x * weight).sum() / weight.sum() / 96), float((y * weight).sum() / weight.sum() / 64)
    cw, ch = w * share, h * share
    left, top = min(max(0.0, fx * w - cw / 2), w - cw), min(max(0.0, fy * h - ch / 2), h - ch)
    move = np.array([[w / cw, 0, -left * w / cw], [0, h / ch, -top * h / ch]])
    out = cv2.warpAffine(pixels, move, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return as_bytes(out)
