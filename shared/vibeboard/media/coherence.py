"""Temporal coherence, measured: one decode pass, optical flow on a reduced frame, one record for each frame.

Everything kept is a few hundred numbers a frame, so memory does not grow with the picture, only (slightly) with length.
What the numbers mean for a shot is decided in `faults.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ffmpeg import raw_frames
from vibeboard.media.identity import SubjectTracker
from vibeboard.media.probe import MediaInfo

Array = NDArray[Any]

FLOW_WIDTH = 480  # pixels: flow is measured here; displacements are in pixels of this width
DETAIL_WIDTH = 1280  # pixels: sharpness is measured at up to this width
_CELLS = (6, 4)
_FIELD = (32, 18)
_CUBES = ((np.arange(256) / 8) ** 3).astype(np.float32)


@dataclass(slots=True)
class Measures:
    """Series over the clip. Frame series have one entry a frame; pair series one for each frame after the first.

    Pair entry i is about frame i + 1 against frame i. Luma and chroma in 8-bit levels, displacement in flow pixels.
    """

    luma: list[float] = field(default_factory=list)  # frame: mean
    edges: list[Array] = field(default_factory=list)  # frame: 0.5 soft .. 1 sharp, in 6x4 cells
    subject: list[Array] = field(default_factory=list)  # frame: appearance feature of the subject box
    change: list[float] = field(default_factory=list)  # pair: mean absolute difference
    residual: list[float] = field(default_factory=list)  # pair: what flow does not explain, worst 5 % left out
    gain: list[float] = field(default_factory=list)  # pair: log of brightness over the warped frame before
    cells: list[Array] = field(default_factory=list)  # pair: the same in 6x4 cells
    chroma: list[Array] = field(default_factory=list)  # pair: mean (U, V) difference over the warped frame before
    shift: list[Array] = field(default_factory=list)  # pair: median displacement (x, y): the camera
    speed: list[float] = field(default_factory=list)  # pair: mean displacement
    motion: list[Array] = field(default_factory=list)  # pair: displacement in 32x18 cells
    palette: list[float] = field(default_factory=list)  # pair: distance of colour histograms, 0..1
    likeness: list[float] = field(default_factory=list)  # pair: correlation with the warped frame before, light apart


def measure(info: MediaInfo, *, progress: Callable[[float], None] | None = None) -> Measures:
    """Measures a clip of any length. Raises MediaError when it cannot be decoded."""
    measures = Measures()
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    before: _Frame | None = None
    tracker = SubjectTracker()
    for number, frame in enumerate(_frames(info)):
        measures.luma.append(float(frame.grey.mean()))
        # Sharpness changes slowly: every second frame is enough.
        measures.edges.append(_edge_sharpness(frame.detail) if number % 2 == 0 else measures.edges[-1])
        shift = np.zeros(2)
        if before is not None:
            shift = _pair(measures, flow, before, frame)
        measures.subject.append(tracker.feature(frame.grey, frame.u, frame.v, shift))
        before = frame
        if progress is not None and number % 8 == 0:
            progress(min(1.0, number / info.frames))
    return measures


@dataclass(slots=True)
class _Frame:
    detail: Array  # luma, up to 1280 wide
    grey: Array  # luma at flow size
    u: Array  # chroma at flow size
    v: Array


def _frames(info: MediaInfo) -> Iterator[_Frame]:
    width = min(DETAIL_WIDTH, info.width) // 4 * 4
    height = max(4, round(info.height * width / info.width / 4) * 4)
    small = (min(FLOW_WIDTH, width), max(4, round(height * min(FLOW_WIDTH, width) / width)))
    luma, half = width * height, width * height // 4
    filters = f"scale={width}:{height}:flags=area" if (width, height) != (info.width, info.height) else "null"
    for raw in raw_frames(info.path, filters, luma * 3 // 2, "yuv420p"):
        data = np.frombuffer(raw, np.uint8)
        detail = data[:luma].reshape(height, width)
        u = data[luma : luma + half].reshape(height // 2, width // 2)
        v = data[luma + half :].reshape(height // 2, width // 2)
        grey, u, v = (cv2.resize(plane, small, interpolation=cv2.INTER_AREA) for plane in (detail, u, v))
        yield _Frame(detail, grey, u, v)


def _pair(measures: Measures, flow: Any, before: _Frame, after: _Frame) -> Array:
    """Adds the measures of one pair of frames and returns the camera's displacement."""
    field_ = flow.calc(after.grey, before.grey, None)
    height, width = after.grey.shape
    x = field_[..., 0] + np.arange(width, dtype=np.float32)
    y = field_[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    warped, warped_u, warped_v = (
        cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in (before.grey, before.u, before.v)
    )
    error = cv2.absdiff(warped, after.grey)
    kept = _kept(error, inside)
    count = max(1, int(kept.sum()))
    weight = kept.astype(np.float32)
    mean_after, mean_warped = (float((plane * weight).sum()) / count for plane in (after.grey, warped))
    measures.change.append(float(cv2.absdiff(before.grey, after.grey).mean()))
    measures.residual.append(float((error * weight).sum()) / count)
    measures.gain.append(float(np.log((mean_after + 8) / (mean_warped + 8))))
    measures.cells.append(_cell_gain(after.grey, warped, weight))
    # A fade takes colour along with brightness: that much is expected.
    brighter = float(np.exp(measures.gain[-1]))
    shades = [
        float(((one.astype(np.float32) - 128 - (two.astype(np.float32) - 128) * brighter) * weight).sum()) / count
        for one, two in ((after.u, warped_u), (after.v, warped_v))
    ]
    measures.chroma.append(np.array(shades))
    coarse = cv2.resize(field_, _FIELD, interpolation=cv2.INTER_AREA)
    shift = -np.median(field_[::4, ::4].reshape(-1, 2), axis=0)
    measures.shift.append(shift)
    measures.speed.append(float(np.hypot(coarse[..., 0], coarse[..., 1]).mean()))
    measures.motion.append(coarse.astype(np.float32))
    measures.palette.append(_palette_distance(before, after))
    measures.likeness.append(_likeness(warped, after.grey))
    return np.asarray(shift)


def _kept(error: Array, inside: Array) -> Array:
    """Pixels that were in the picture before, without the worst 5 %: those were covered or uncovered."""
    counts = np.bincount(error[inside], minlength=256) if inside.any() else np.ones(256)
    limit = int(np.searchsorted(np.cumsum(counts), 0.95 * counts.sum()))
    return np.asarray(inside & (error <= limit))


def _likeness(one: Array, two: Array) -> float:
    """Correlation of two pictures in 64x36: 1 for the same picture at any brightness, near 0 for another picture."""
    a, b = (cv2.resize(plane, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32) for plane in (one, two))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b) + 64 * 36))


def _cell_gain(after: Array, warped: Array, weight: Array) -> Array:
    """Log brightness over the warped frame before in 6x4 cells, of the kept pixels; 0 where hardly any are kept."""
    share = cv2.resize(weight, _CELLS, interpolation=cv2.INTER_AREA)
    one, two = (cv2.resize(plane * weight, _CELLS, interpolation=cv2.INTER_AREA) for plane in (after, warped))
    usable = np.maximum(share, 0.05)
    return np.asarray(np.where(share > 0.2, np.log((one / usable + 16) / (two / usable + 16)), 0.0))


def _palette_distance(before: _Frame, after: _Frame) -> float:
    one, two = (_histogram(frame) for frame in (before, after))
    return float(np.abs(one - two).sum() / 2)


def _histogram(frame: _Frame) -> Array:
    planes = [cv2.resize(plane, (64, 36), interpolation=cv2.INTER_AREA) for plane in (frame.grey, frame.u, frame.v)]
    counts = cv2.calcHist(planes, [0, 1, 2], None, [8, 16, 16], [0, 256, 64, 192, 64, 192])
    return np.asarray(counts).ravel() / (64 * 36)


def _edge_sharpness(detail: Array) -> Array:
    """How steep edges are against the same picture at half size, in 6x4 cells: about 1 sharp, 0.5 soft.

    A step keeps its height from pixel to pixel at any size; a soft ramp doubles its slope when size is halved. The
    third power lets edges speak, not flat areas and their noise.
    """
    half = cv2.resize(detail, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    floor = 0.005  # slopes of a level and less are noise: where there is nothing else, 0.5 comes out
    return np.asarray(np.cbrt((_slopes(detail) + floor / 8) / (_slopes(half) + floor))).ravel()


def _slopes(plane: Array) -> Array:
    """Mean third power of the slope (in eight levels a pixel) in each cell."""
    across = cv2.absdiff(plane[:, 1:], plane[:, :-1])[1:]
    down = cv2.absdiff(plane[1:], plane[:-1])[:, 1:]
    return np.asarray(cv2.resize(_CUBES[cv2.max(across, down)], _CELLS, interpolation=cv2.INTER_AREA))
