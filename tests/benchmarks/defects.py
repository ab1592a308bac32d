"""Twelve defects, each at three strengths, put into clean windows. Lengths are in pixels of a picture 480 wide.

A defect that leaves no trace is none: a frame missing where nothing moves, a hue turned in a grey picture. `visible`
decides that by one rule for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Frames = NDArray[np.uint8]
STRENGTHS = ("weak", "medium", "strong")
TRACE_LEVELS = 4.0  # levels of luma or chroma ...
GAP_SHOWS = 1.5  # change over a gap, in times of the usual change from frame to frame: less and nothing is missed
TRACE_SHARE = 0.01  # ... in this share of 8x8 blocks of some frame: less is no defect


@dataclass(frozen=True, slots=True)
class Damaged:
    frames: Frames
    at: int | None  # the frame at which it must be named, None when it goes on throughout
    clean: Frames  # what the frames should have been, to see the trace


@dataclass(frozen=True, slots=True)
class Defect:
    name: str
    unit: str
    amounts: tuple[float, float, float]
    names: frozenset[str]  # the issues by which dailies may call it
    put: Callable[[Frames, float, np.random.Generator, Frames], Damaged]


def visible(damaged: Damaged) -> bool:
    """Whether some frame differs enough from what it should have been."""
    count = min(len(damaged.frames), len(damaged.clean))
    for one, two in zip(damaged.frames[:count], damaged.clean[:count], strict=True):
        if one is two:
            continue
        away = np.abs(cv2.cvtColor(one, cv2.COLOR_BGR2YUV).astype(np.float32) - cv2.cvtColor(two, cv2.COLOR_BGR2YUV))
        size = (one.shape[1] // 8, one.shape[0] // 8)
        blocks = cv2.resize(away, size, interpolation=cv2.INTER_AREA).max(axis=2)
        if np.percentile(blocks, 100 * (1 - TRACE_SHARE)) >= TRACE_LEVELS:
            return True
    return False


def _moving(frames: Frames, rng: np.random.Generator, room: int) -> int:
    """A frame in the middle half, `room` frames from its end, before which there is motion (for this window)."""
    first, last = len(frames) // 4, 3 * len(frames) // 4 - room
    change = [float(cv2.absdiff(frames[i], frames[i - 1]).mean()) for i in range(first, last)]
    usable = np.flatnonzero(np.array(change) >= np.median(change)) + first
    return int(rng.choice(usable))


def _flicker(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    gains = 1 + amount * rng.normal(size=len(frames))
    return Damaged(_clip(f * g for f, g in zip(frames, gains, strict=True)), None, frames)


def _local_flicker(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    height, width = frames.shape[1:3]
    grids = rng.normal(size=(len(frames), 4, 6)).astype(np.float32)
    fields = (cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)[..., None] for grid in grids)
    return Damaged(_clip(f * (1 + amount * g) for f, g in zip(frames, fields, strict=True)), None, frames)


def _dropped(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    missing = int(amount)
    at = _moving(frames, rng, missing)
    # What shows is the leap over the gap: where it is hardly longer than the steps around it, nothing is missed.
    steps = [float(cv2.absdiff(frames[i], frames[i - 1]).mean()) for i in range(at - 4, at + missing + 5)]
    leap = float(cv2.absdiff(frames[at + missing], frames[at - 1]).mean())
    clean = frames if leap >= GAP_SHOWS * np.median(steps) else None
    damaged = np.concatenate([frames[:at], frames[at + missing :]])
    return Damaged(damaged, at, damaged if clean is None else clean)


def _duplicated(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    """Single frames shown twice, each in place of the next one; never two in a row."""
    order, places = [], []
    first, last = len(frames) // 5, 4 * len(frames) // 5
    change = np.array([float(cv2.absdiff(frames[i], frames[i - 1]).mean()) for i in range(first, last)])
    order = [int(i) + first for i in rng.permutation(np.flatnonzero(change >= np.median(change)))]
    for place in order:
        if len(places) < int(amount) and all(abs(place - other) >= 3 for other in places):
            places.append(place)
    damaged = frames.copy()
    for place in places:
        damaged[place] = frames[place - 1]
    return Damaged(damaged, places[0] if len(places) == 1 else None, frames)


def _freeze(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    count = int(amount)
    at = min(_moving(frames, rng, 0), len(frames) - count - 4)
    damaged = frames.copy()
    damaged[at : at + count] = frames[at - 1]
    return Damaged(damaged, at, frames)


def _jitter(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    height, width = frames.shape[1:3]
    away = rng.normal(0, amount * width / 480, (len(frames), 2))
    moved = [
        cv2.warpAffine(f, np.array([[1, 0, x], [0, 1, y]]), (width, height), flags=cv2.INTER_CUBIC, borderMode=_EDGE)
        for f, (x, y) in zip(frames, away, strict=True)
    ]
    return Damaged(np.array(moved, np.uint8), None, frames)


def _boil(frames: Frames, amount: float, rng: np.random.Generator, _: Frames) -> Damaged:
    height, width = frames.shape[1:3]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = []
    for frame in frames:
        away = rng.normal(0, amount * width / 480, (9, 16, 2)).astype(np.float32)
        field = cv2.resize(away, (width, height), interpolation=cv2.INTER_CUBIC)
        moved.append(cv2.remap(frame, x + field[..., 0], y + field[..., 1], cv2.INTER_CUBIC, borderMode=_EDGE))
    return Damaged(np.array(moved, np.uint8), None, frames)


def _blur(frames: Frames, amount: float, _: np.random.Generator, __: Frames) -> Damaged:
    """Focus is lost within three frames at the middle and stays lost."""
    middle, sigma = len(frames) // 2, amount * frames.shape[2] / 480
    soft = [cv2.GaussianBlur(f, (0, 0), sigma * min(1.0, (i + 1) / 3)) for i, f in enumerate(frames[middle:])]
    return Damaged(np.concatenate([frames[:middle], np.array(soft, np.uint8)]), middle, frames)


def _hue_drift(frames: Frames, amount: float, _: np.random.Generator, __: Frames) -> Damaged:
    """Hue in a soft ellipse in the middle turns by `amount` units of two degrees over the shot."""
    mask = _ellipse(frames, 5, 3)
    damaged = []
    for index, frame in enumerate(frames):
        hsv = cv2.cvtColor(frame, cv2.COLOR_BGR2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + amount * index / (len(frames) - 1)) % 180
        turned = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
        damaged.append(frame * (1 - mask) + turned * mask)
    return Damaged(_clip(damaged), len(frames) - 1, frames)


def _colour_shift(frames: Frames, amount: float, _: np.random.Generator, __: Frames) -> Damaged:
    """From the middle on red is up and blue down by `amount` levels."""
    middle = len(frames) // 2
    tint = np.array([-amount, 0, amount], np.float32)
    return Damaged(_clip([*frames[:middle], *(f + tint for f in frames[middle:])]), middle, frames)


def _swap(frames: Frames, amount: float, _: np.random.Generator, other: Frames) -> Damaged:
    """A soft ellipse in the middle shows `amount` of another shot from the middle on, within three frames."""
    middle, mask = len(frames) // 2, _ellipse(frames, 7, 4)
    second = _fitted(other, frames)
    shares = [amount * float(np.clip((i - middle + 1) / 3, 0, 1)) for i in range(len(frames))]
    mixed = (f * (1 - mask * s) + o * mask * s for f, o, s in zip(frames, second, shares, strict=True))
    return Damaged(_clip(mixed), middle, frames)


def _cut(frames: Frames, amount: float, _: np.random.Generator, other: Frames) -> Damaged:
    """Another shot from the middle on: with this shot's light and colours (1), half of them (2), its own (3)."""
    middle = len(frames) // 2
    second = _fitted(other, frames)[middle:].astype(np.float32)
    own = frames[:middle].astype(np.float32)
    axes = (0, 1, 2)
    matched = (second - second.mean(axes)) / (second.std(axes) + 1) * (own.std(axes) + 1) + own.mean(axes)
    share = {1: 1.0, 2: 0.5, 3: 0.0}[int(amount)]
    return Damaged(_clip([*own, *(share * matched + (1 - share) * second)]), middle, frames)


_COLOUR = frozenset({"colour_shift", "identity_drift"})
DEFECTS: tuple[Defect, ...] = (
    Defect("global flicker", "of brightness, sigma", (0.01, 0.02, 0.05), frozenset({"flicker"}), _flicker),
    Defect("local flicker", "of brightness, sigma, 6x4", (0.02, 0.04, 0.08), frozenset({"flicker"}), _local_flicker),
    Defect("dropped frames", "missing at one place", (1, 3, 6), frozenset({"motion_jump"}), _dropped),
    Defect("duplicated frames", "single frames shown twice", (1, 2, 4), frozenset({"frozen"}), _duplicated),
    Defect("freeze", "frames held", (2, 4, 10), frozenset({"frozen"}), _freeze),
    Defect("jitter", "px, sigma, each frame", (0.5, 1.0, 2.0), frozenset({"motion_jump"}), _jitter),
    Defect("texture boil", "px, sigma, 16x9, each frame", (0.5, 1.0, 2.0), frozenset({"flicker"}), _boil),
    Defect("blur", "px, sigma, from the middle on", (0.6, 1.2, 2.4), frozenset({"blur"}), _blur),
    Defect("hue drift", "x 2 degrees, in the middle", (20, 40, 80), _COLOUR, _hue_drift),
    Defect("colour shift", "levels of red and blue, a step", (5, 10, 20), frozenset({"colour_shift"}), _colour_shift),
    Defect("identity swap", "of another subject mixed in", (0.5, 0.75, 1.0), frozenset({"identity_drift"}), _swap),
    Defect("hard cut", "1 light and colours matched .. 3 not", (1, 2, 3), frozenset({"motion_jump"}), _cut),
)  # fmt: skip

_EDGE = cv2.BORDER_REFLECT


def _clip(frames: Any) -> Frames:
    return np.array([np.clip(np.rint(frame), 0, 255).astype(np.uint8) for frame in frames])


def _ellipse(frames: Frames, part_x: float, part_y: float) -> Array:
    height, width = frames.shape[1:3]
    y, x = np.mgrid[:height, :width]
    away = np.hypot((x - width / 2) / (width / part_x), (y - height / 2) / (height / part_y))
    return np.asarray(np.clip((1.15 - away) / 0.3, 0, 1)[..., None], np.float32)


def _fitted(other: Frames, frames: Frames) -> Frames:
    size = frames.shape[2], frames.shape[1]
    return np.array([cv2.resize(other[i % len(other)], size, interpolation=cv2.INTER_AREA) for i in range(len(frames))])
