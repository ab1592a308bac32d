"""Temporal coherence, measured: one decode pass, optical flow on a reduced frame, one record for each frame.

Everything kept is a few thousand bytes a frame, never a picture: memory does not grow with the picture, only
(slightly) with length. What the numbers mean for a shot is decided in `faults.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ahead import ahead
from vibeboard.media.faces import FaceSeries
from vibeboard.media.ffmpeg import raw_frames
from vibeboard.media.identity import SubjectTracker
from vibeboard.media.planes import (
    cell_mean,
    cell_sums,
    edge_sharpness,
    histogram,
    kept_pixels,
    likeness,
    reduced,
    steepness,
    texture,
)
from vibeboard.media.probe import MediaInfo

Array = NDArray[Any]

FLOW_WIDTH = 480  # pixels: flow is measured here; displacements are in pixels of this width
DETAIL_WIDTH = 1280  # pixels: sharpness is measured at up to this width
EDGES_EVERY = 8  # frames: sharpness as such is told, not judged; losses of it are followed in `focus`
_TEXTURE_EVERY = 4  # frames: where there is texture changes slowly
CELLS = (6, 4)
GRID = (16, 9)
FIELD = (32, 18)
_DARK = 32  # levels of luma, black is 16: nothing lit is below
_LIT = 0.6  # share of the picture from which on its worst pixels are not the only ones that are lit
_CALM = 1.0  # levels of unexplained change that are noise
_SLOW = 0.75  # flow pixels of motion that are no motion to speak of
_SECOND, _MOSTLY = 24, 0.6  # pairs on each side in which, and share of them for which, it must hold
_EXPLAINED = 0.6  # share of the change that may stay unexplained where flow is believed
FLAT = 0.005  # mean cubed slope (eighths of a level) below which a block holds noise and no edge


@dataclass(slots=True)
class Measures:
    """Series over the clip. Frame series have one entry a frame; pair series one for each frame after the first.

    Pair entry i is about frame i + 1 against frame i. Luma and chroma in 8-bit levels, displacement in flow pixels.
    """

    luma: list[float] = field(default_factory=list)  # frame: mean
    edges: list[Array] = field(default_factory=list)  # every 8th frame: 0.5 soft .. 1 sharp, in 6x4 cells
    subject: list[Array] = field(default_factory=list)  # frame: appearance feature of the subject box
    texture: list[Array] = field(default_factory=list)  # frame: root of the mean squared slope in 32x18 cells
    change: list[float] = field(default_factory=list)  # pair: mean absolute difference, light apart
    stir: list[Array] = field(default_factory=list)  # pair: the same in 16x9 cells
    torn: list[Array] = field(default_factory=list)  # pair: what flow does not explain, in 16x9 cells
    residual: list[float] = field(default_factory=list)  # pair: what flow does not explain, worst 5 % left out
    gain: list[float] = field(default_factory=list)  # pair: log of brightness over the warped frame before
    cells: list[Array] = field(default_factory=list)  # pair: the same in 6x4 cells
    chroma: list[Array] = field(default_factory=list)  # pair: mean (U, V) difference over the warped frame before
    shades: list[Array] = field(default_factory=list)  # pair: the same in 6x4 cells
    turn: list[Array] = field(default_factory=list)  # pair: hue turned against the warped frame before, radians, 6x4
    colour: list[Array] = field(default_factory=list)  # pair: root of the mean squared chroma, 6x4 cells
    focus: list[Array] = field(default_factory=list)  # pair: log steepness of edges over before, 16x9 cells, or nan
    shift: list[Array] = field(default_factory=list)  # pair: median displacement (x, y): the camera
    speed: list[float] = field(default_factory=list)  # pair: mean displacement
    motion: list[Array] = field(default_factory=list)  # pair: displacement in 32x18 cells
    palette: list[float] = field(default_factory=list)  # pair: distance of colour histograms, 0..1
    likeness: list[float] = field(default_factory=list)  # pair: correlation with the warped frame before, light apart

    def part(self, start: int, end: int) -> "Measures":
        """The frames from `start` to before `end`, as a clip of their own."""
        kept = Measures()
        for name in self.__slots__:
            series = getattr(self, name)
            if name == "edges":
                taken = series[-(-start // EDGES_EVERY) : -(-end // EDGES_EVERY)]
            else:
                taken = series[start : end if len(series) == len(self.luma) else end - 1]
            setattr(kept, name, taken)
        return kept

    def trusted(self) -> Array:
        """Pairs x 16x9 cells whose motion can be believed: nearly always within a second each way, flow explains most
        of the change there, or there is hardly any change or motion.

        Rain, water and noise change without going anywhere; what is followed along the flow must not follow them.
        """
        stir, torn = (np.array(series, np.float32).reshape(len(series), -1) for series in (self.stir, self.torn))
        motion = np.array(self.motion, np.float32).reshape(-1, GRID[1], 2, GRID[0], 2, 2).mean(axis=(2, 4))
        slow = np.hypot(motion[..., 0], motion[..., 1]).reshape(len(stir), -1) < _SLOW
        now = ((torn < _CALM) | (torn < _EXPLAINED * stir) | slow).astype(np.float32)
        around = cv2.blur(now, (1, 2 * _SECOND + 1), borderType=cv2.BORDER_REFLECT)
        return np.asarray((now > 0) & (around > _MOSTLY))

    def motion_trusted(self) -> Array:
        """The same for the cells of `motion`, which are half as large."""
        flags = self.trusted().reshape(-1, GRID[1], GRID[0])
        return np.repeat(np.repeat(flags, 2, axis=1), 2, axis=2).reshape(len(flags), -1)


def measure(
    info: MediaInfo, *, faces: FaceSeries | None = None, progress: Callable[[float], None] | None = None
) -> Measures:
    """Measures a clip of any length; `faces` sees the frames it wants. Raises MediaError when it cannot be decoded."""
    measures = Measures()
    before: _Frame | None = None
    tracker = SubjectTracker()
    for number, (frame, flow) in enumerate(ahead(_flows(ahead(_frames(info))))):
        measures.luma.append(float(cv2.mean(frame.grey)[0]))
        if number % EDGES_EVERY == 0:
            measures.edges.append(edge_sharpness(frame.detail, frame.steepness, CELLS, FLAT))
        fresh = number % _TEXTURE_EVERY == 0
        measures.texture.append(texture(frame.grey, FIELD) if fresh else measures.texture[-1])
        shift = np.zeros(2)
        if before is not None and flow is not None:
            shift = _pair(measures, flow, before, frame)
        measures.subject.append(tracker.feature(frame.grey, frame.u, frame.v, shift))
        if faces is not None and faces.wants(number):
            faces.add(number, frame.rgb())
        before = frame
        if progress is not None and number % 8 == 0:
            progress(min(1.0, number / info.frames))
    return measures


@dataclass(slots=True)
class _Frame:
    detail: Array  # luma, up to 1280 wide
    grey: Array  # luma at flow size
    u: Array  # chroma at half the flow size
    v: Array
    steepness: Array  # mean cubed slope of the detail, in blocks
    small: Array  # luma, 64x36
    palette: Array  # colour histogram
    data: Array  # as decoded

    def rgb(self) -> Array:
        height, width = self.detail.shape
        return np.asarray(cv2.cvtColor(self.data.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420))


def _frames(info: MediaInfo) -> Iterator[_Frame]:
    width = min(DETAIL_WIDTH, info.width) // 4 * 4
    height = max(4, round(info.height * width / info.width / 4) * 4)
    size = (min(FLOW_WIDTH, width), max(4, round(height * min(FLOW_WIDTH, width) / width)))
    half = (max(2, size[0] // 2), max(2, size[1] // 2))
    luma, chroma = width * height, width * height // 4
    filters = f"scale={width}:{height}:flags=area" if (width, height) != (info.width, info.height) else "null"
    for raw in raw_frames(info.path, filters, luma * 3 // 2, "yuv420p"):
        data = np.frombuffer(raw, np.uint8)
        detail = data[:luma].reshape(height, width)
        u = data[luma : luma + chroma].reshape(height // 2, width // 2)
        v = data[luma + chroma :].reshape(height // 2, width // 2)
        grey, u, v = reduced(detail, size), reduced(u, half), reduced(v, half)
        small = reduced(grey, (64, 36))
        yield _Frame(detail, grey, u, v, steepness(detail), small, histogram(small, u, v), data)


def _flows(frames: Iterator[_Frame]) -> Iterator[tuple[_Frame, Array | None]]:
    """Each frame with the flow that leads from it back to the one before; the first has none."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    before: _Frame | None = None
    for frame in frames:
        yield frame, None if before is None else dis.calc(frame.grey, before.grey, None)
        before = frame


def _pair(measures: Measures, field_: Array, before: _Frame, after: _Frame) -> Array:
    """Adds the measures of one pair of frames and returns the camera's displacement."""
    height, width = after.grey.shape
    places = cv2.add(field_, _grid(width, height))
    warped = cv2.remap(before.grey, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    error = cv2.absdiff(warped, after.grey)
    inside = cv2.inRange(places, (0, 0), (width - 1, height - 1))
    kept = kept_pixels(error, inside)
    # Where there is no light it cannot flicker; and on a black ground the worst pixels would be those that are lit.
    lit = cv2.inRange(cv2.max(after.grey, warped), _DARK, 255)
    mostly = cv2.countNonZero(lit) > _LIT * lit.size
    lit = cv2.bitwise_and(kept, lit) if mostly else kept_pixels(error, cv2.bitwise_and(inside, lit))
    warped_small = reduced(warped, (64, 36))
    contrast, light = _light(after.small, warped_small, cv2.resize(kept, (64, 36), interpolation=cv2.INTER_NEAREST))
    difference = cell_mean(_change(before.grey, after.grey, contrast, light), GRID)
    measures.change.append(float(difference.mean()))
    measures.stir.append(difference.astype(np.float16))
    measures.torn.append(cell_mean(error, GRID).astype(np.float16))
    measures.residual.append(float(cv2.mean(error, kept)[0]))
    count, *sums = cell_sums((after.grey, warped), lit, CELLS)
    mean_after, mean_warped = (float(total.sum() / max(1.0, count.sum())) for total in sums)
    measures.gain.append(float(np.log((mean_after + 8) / (mean_warped + 8))))
    share = count / (width * height / (CELLS[0] * CELLS[1]))
    one, two = (total / np.maximum(count, 1) for total in sums)
    measures.cells.append(np.where(share > 0.2, np.log((one + 16) / (two + 16)), 0.0).astype(np.float16))
    coarse = cv2.resize(field_, after.u.shape[::-1], interpolation=cv2.INTER_AREA)  # one reduction serves the smaller
    _colours(measures, before, after, coarse, kept, contrast)
    measures.focus.append(
        _focus(before.steepness, after.steepness, coarse, width, height) - np.float16(np.log(contrast))
    )
    motion = cv2.resize(coarse, FIELD, interpolation=cv2.INTER_AREA)
    shift = -np.median(field_[::6, ::6].reshape(-1, 2), axis=0)
    measures.shift.append(shift)
    measures.speed.append(float(np.hypot(motion[..., 0], motion[..., 1]).mean()))
    measures.motion.append(motion.astype(np.float16))
    measures.palette.append(float(np.abs(before.palette - after.palette).sum() / 2))
    measures.likeness.append(likeness(warped_small, after.small))
    return np.asarray(shift)


def _light(after: Array, warped: Array, kept: Array) -> tuple[float, float]:
    """How light changed: after = contrast x before + light. From small pictures: warping softens, and would add up."""
    (mean, spread), (mean_before, spread_before) = (
        (float(value[0, 0]) for value in cv2.meanStdDev(plane, mask=kept)) for plane in (after, warped)
    )
    contrast = (spread + 1) / (spread_before + 1)
    return contrast, mean - contrast * mean_before


def _change(before: Array, after: Array, contrast: float, light: float) -> Array:
    """Absolute difference, light apart: a lamp that flickers moves nothing."""
    if abs(contrast - 1) > 0.004 or abs(light) > 0.4:  # below that, nothing but rounding would come of it
        before = cv2.convertScaleAbs(before, alpha=contrast, beta=light)
    return np.asarray(cv2.absdiff(before, after))


def _colours(measures: Measures, before: _Frame, after: _Frame, coarse: Array, kept: Array, contrast: float) -> None:
    """Chroma over the warped frame before, at half size, of the whole picture and in cells."""
    height, width = after.u.shape
    places = cv2.add(coarse * 0.5, _grid(width, height))
    planes = [after.u, after.v]
    planes += [
        cv2.remap(plane, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in (before.u, before.v)
    ]
    mask = cv2.resize(kept, (width, height), interpolation=cv2.INTER_NEAREST)
    count, *sums = cell_sums(planes, mask, CELLS)
    # A fade takes colour along with contrast: that much is expected.
    colour = [one - 128 * count for one in sums]
    shifts = np.stack([colour[0] - colour[2] * contrast, colour[1] - colour[3] * contrast])
    measures.chroma.append(shifts.sum(axis=(1, 2)) / max(1.0, float(count.sum())))
    shades = shifts / np.maximum(count, 1)
    enough = count > 0.2 * width * height / (CELLS[0] * CELLS[1])
    measures.shades.append(np.where(enough, shades, 0.0).astype(np.float16))
    _hues(measures, planes, mask)


def _hues(measures: Measures, planes: Sequence[Array], mask: Array) -> None:
    """How far hue turned, in cells: of each pixel against itself one frame before, the colourful ones most."""
    kept = mask[::2, ::2] > 0  # every fourth pixel says enough
    u, v, u_before, v_before = (np.where(kept, plane[::2, ::2].astype(np.float32) - 128, 0) for plane in planes)
    products = (u * u_before + v * v_before, v * u_before - u * v_before)
    same, turned = (cell_mean(product, CELLS) for product in products)
    measures.turn.append(np.arctan2(turned, same).astype(np.float16))
    measures.colour.append(np.sqrt(np.hypot(same, turned)).astype(np.float16))


def _focus(before: Array, after: Array, coarse: Array, width: int, height: int) -> Array:
    """Log of how steep edges are against where they were one frame before, in 16x9 cells; nan where there are none."""
    rows, columns = before.shape
    scale = np.array([columns / width, rows / height], np.float32)
    places = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_AREA) * scale + _grid(columns, rows)
    moved = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.inRange(places, (0, 0), (columns - 1, rows - 1))
    # Sums, not single blocks: moving a map by parts of a block softens it, and would look like focus lost.
    one, two = (cv2.resize(cv2.copyTo(plane, inside), GRID, interpolation=cv2.INTER_AREA) for plane in (after, moved))
    known = one + two >= 2 * FLAT
    return np.where(known, np.log((one + FLAT) / (two + FLAT)) / 3, np.nan).astype(np.float16)


@cache
def _grid(width: int, height: int) -> Array:
    """Each pixel's own place (x, y)."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
