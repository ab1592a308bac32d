"""The magic eraser: what is inside a mask is replaced by what other frames saw there, else painted in from around.

Neighbouring frames are aligned by the background's motion (ORB features outside the mask, RANSAC homographies,
chained); the median of what they show fills the mask. A median over time does not swim as frame-wise painting does.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.errors import MediaError
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import MediaInfo, probe

Array = NDArray[Any]
Point = tuple[float, float]

_FEATURES, _MATCHES = 1000, 12
_SOFT = 5  # pixels over which the filling fades into the picture around it


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in parts of the picture (0..1), so that it means the same at every quality."""

    left: float
    top: float
    right: float
    bottom: float

    def outline(self) -> list[Point]:
        return [(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]


@dataclass(frozen=True, slots=True)
class Mask:
    """What is to go: polygons in parts of the picture. path: {frame: (x, y)}, how far they have moved by then from
    where they are drawn; between two frames in a straight line."""

    polygons: Sequence[Sequence[Point]]
    path: dict[int, Point] = field(default_factory=dict)

    def at(self, frame: int, width: int, height: int) -> Array:
        """The mask at a frame: (height, width) of 0 and 255."""
        x, y = self._moved(frame)
        mask = np.zeros((height, width), np.uint8)
        for polygon in self.polygons:
            points = [((px + x) * width, (py + y) * height) for px, py in polygon]
            # Rounded outwards: a pixel that is touched is covered.
            corners = np.array([[round(px * 16), round(py * 16)] for px, py in points], np.int32)
            cv2.fillPoly(mask, [corners], 255, shift=4)
        return mask

    def _moved(self, frame: int) -> Point:
        if not self.path:
            return 0.0, 0.0
        frames = sorted(self.path)
        values = [self.path[number] for number in frames]
        return (
            float(np.interp(frame, frames, [v[0] for v in values])),
            float(np.interp(frame, frames, [v[1] for v in values])),
        )


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture of what is behind: one frame of the shot with the thing painted out, at any size."""

    frame: int
    picture: Array


@dataclass
class _Seen:
    number: int
    picture: Array
    hole: Array  # bool, the mask widened
    to_last: Array = field(default_factory=lambda: np.eye(3))  # carries its points to the newest frame in the window


def erase(
    source: Path,
    out: Path,
    *,
    box: Box | None = None,
    mask: Mask | None = None,
    plate: Plate | None = None,
    window: int = 24,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Empties the box or mask in every frame; `window` frames each way are looked at, no more are held.

    What no frame shows is taken from `plate` where there is one, else painted in from around.

    Returns {"operation", "frames", "before", "after"} with how much the picture changed inside and outside, in levels,
    and the share of the mask that no frame ever showed. Raises MediaError MASK_EMPTY.
    """
    info = probe(source)
    wanted = mask or Mask([(box or Box(0, 0, 0, 0)).outline()])
    shown = [wanted.at(number, info.width, info.height) for number in (0, info.frames // 2, info.frames - 1)]
    if not any(part.any() for part in shown) or all(part.all() for part in shown):
        raise MediaError("MASK_EMPTY", "The mask holds nothing, or the whole picture", "nothing could be filled in")
    facts = _Facts()
    behind = None if plate is None else _Behind(info, wanted, plate)

    def cleaned() -> Iterator[Array]:
        for held, index in _windows(info, wanted, window):
            seen = held[index]
            result, unknown = _filled(held, index, behind)
            facts.note(seen.picture, result, seen.hole, unknown)
            yield result
            if progress is not None:
                progress(seen.number / info.frames)

    write_bgr(cleaned(), (info.width, info.height), info.rate, out)
    return {"operation": "erase", "frames": info.frames, **facts.told()}


def _windows(info: MediaInfo, mask: Mask, reach: int) -> Iterator[tuple[list[_Seen], int]]:
    """For every frame: the frames within reach of it, and its place among them."""
    held: deque[_Seen] = deque(maxlen=2 * reach + 1)
    stream = enumerate(bgr_frames(info))
    spread = np.ones((5, 5), np.uint8)

    def take() -> bool:
        number, picture = next(stream, (-1, None))
        if picture is None:
            return False
        hole = cv2.dilate(mask.at(number, info.width, info.height), spread) > 0
        new = _Seen(number, picture, hole)
        if held:
            step = _background_motion(held[-1], new)
            if len(held) == held.maxlen:
                held.popleft()
            for seen in held:
                seen.to_last = step @ seen.to_last
        held.append(new)
        return True

    for _ in range(reach + 1):
        take()
    for number in range(info.frames):
        index = next((place for place, seen in enumerate(held) if seen.number == number), None)
        if index is None:
            return
        yield list(held), index
        take()


def _background_motion(one: _Seen, two: _Seen) -> Array:
    """Homography that carries points of `one` to `two`, from what is outside the masks; none found means no motion."""
    orb = cv2.ORB.create(_FEATURES)
    found = []
    for seen in (one, two):
        outside = np.where(cv2.dilate(seen.hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0, 0, 255)
        grey = cv2.cvtColor(seen.picture, cv2.COLOR_BGR2GRAY)
        found.append(orb.detectAndCompute(grey, outside.astype(np.uint8)))
    (points_one, marks_one), (points_two, marks_two) = found
    if marks_one is None or marks_two is None:
        return np.eye(3)
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks_one, marks_two)
    if len(matches) < _MATCHES:
        return np.eye(3)
    start = np.array([points_one[m.queryIdx].pt for m in matches], np.float32)
    end = np.array([points_two[m.trainIdx].pt for m in matches], np.float32)
    homography, _ = cv2.findHomography(start, end, cv2.RANSAC, 1.5)
    return np.eye(3) if homography is None else np.asarray(homography)


class _Behind:
    """The plate, brought into line with any frame of the shot."""

    def __init__(self, info: MediaInfo, mask: Mask, plate: Plate) -> None:
        number = max(0, min(info.frames - 1, plate.frame))
        frame = next(picture for index, picture in enumerate(bgr_frames(info)) if index == number)
        hole = cv2.dilate(mask.at(number, info.width, info.height), np.ones((5, 5), np.uint8)) > 0
        self._from = _Seen(number, frame, hole)
        self._plate = cv2.resize(plate.picture, (info.width, info.height), interpolation=cv2.INTER_CUBIC)

    def seen_from(self, frame: _Seen) -> tuple[Array, Array]:
        """(the plate as this frame's camera sees it, where it covers the frame)."""
        height, width = frame.hole.shape
        to_frame = _background_motion(self._from, frame)
        picture = cv2.warpPerspective(self._plate, to_frame, (width, height), flags=cv2.INTER_CUBIC)
        whole = np.full((height, width), 255, np.uint8)
        return picture, cv2.warpPerspective(whole, to_frame, (width, height), flags=cv2.INTER_NEAREST) == 255


def _filled(held: list[_Seen], index: int, behind: _Behind | None) -> tuple[Array, float]:
    """The frame with its hole filled, and the share of the hole that no frame showed."""
    frame = held[index]
    if not frame.hole.any():
        return frame.picture, 0.0
    top, bottom = np.flatnonzero(frame.hole.any(axis=1))[[0, -1]]
    left, right = np.flatnonzero(frame.hole.any(axis=0))[[0, -1]]
    part = (slice(top, bottom + 1), slice(left, right + 1))
    size = (int(right - left + 1), int(bottom - top + 1))
    offset = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], float)
    from_last = np.linalg.inv(frame.to_last)
    seen: list[Array] = []
    for other in held:
        if other is frame or (other.number - frame.number) % 2:  # every second one is plenty for a median
            continue
        to_box = offset @ from_last @ other.to_last
        picture = cv2.warpPerspective(other.picture, to_box, size, flags=cv2.INTER_LINEAR).astype(np.float32)
        visible = np.where(other.hole, 0, 255).astype(np.uint8)
        shown = cv2.warpPerspective(visible, to_box, size, flags=cv2.INTER_LINEAR) == 255
        picture[~shown] = np.nan
        seen.append(picture)
    inside = frame.hole[part]
    known, values = _median(seen, inside)
    result = frame.picture.copy()
    never = np.zeros(frame.hole.shape, np.uint8)
    never[part][inside & ~known] = 255
    patch = result[part]
    patch[known] = np.clip(np.rint(values[known]), 0, 255).astype(np.uint8)
    if never.any() and behind is not None:
        picture, covers = behind.seen_from(frame)
        use = (never > 0) & covers
        result[use] = np.clip(picture[use] + _offset(frame, picture, covers), 0, 255).astype(np.uint8)
        never[use] = 0
    if never.any():
        result = cv2.inpaint(result, never, _SOFT, cv2.INPAINT_TELEA)
    return result, float((inside & ~known).sum() / inside.sum())


def _offset(frame: _Seen, picture: Array, covers: Array) -> Array:
    """How much brighter, by channel, the frame is than the plate just outside the hole: a model shifts its colours."""
    grown = cv2.dilate(frame.hole.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    ring = grown & ~frame.hole & covers
    if not ring.any():
        return np.zeros(3, np.int16)
    return np.asarray(np.median(frame.picture[ring].astype(np.int16) - picture[ring], axis=0), np.int16)


def _median(seen: list[Array], inside: Array) -> tuple[Array, Array]:
    """(where anything was shown inside the hole, the median of it)."""
    values = np.zeros((*inside.shape, 3), np.float32)
    if not seen:
        return np.zeros(inside.shape, bool), values
    stack = np.array(seen)
    known = ~np.isnan(stack[..., 0]).all(axis=0) & inside
    if known.any():
        values[known] = np.nanmedian(stack[:, known], axis=0)
    return known, values


class _Facts:
    """What erasing changed, gathered frame by frame."""

    def __init__(self) -> None:
        self._inside: list[float] = []
        self._outside: list[float] = []
        self._unknown: list[float] = []
        self._restless: tuple[list[float], list[float]] = ([], [])
        self._last: tuple[Array, Array, Array] | None = None

    def note(self, source: Array, made: Array, hole: Array, unknown: float) -> None:
        change = cv2.absdiff(source, made).mean(axis=2)
        if hole.any():
            self._inside.append(float(change[hole].mean()))
        self._outside.append(float(change[~hole].mean()))
        self._unknown.append(unknown)
        greys = cv2.cvtColor(source, cv2.COLOR_BGR2GRAY), cv2.cvtColor(made, cv2.COLOR_BGR2GRAY)
        if self._last is not None and (both := hole & self._last[2]).any():
            for before, after, kept in zip(self._last, greys, self._restless, strict=False):
                kept.append(float(cv2.absdiff(before, after)[both].mean()))
        self._last = (*greys, hole)

    def told(self) -> dict[str, Any]:
        mean = [float(np.mean(rows)) if rows else 0.0 for rows in (*self._restless, self._inside, self._outside)]
        before, after, inside, outside = (round(value, 4) for value in mean)
        return {
            "before": {"restlessInside": before},
            "after": {
                "restlessInside": after,
                "changedInside": inside,
                "changedOutside": outside,
                "neverSeen": round(float(np.mean(self._unknown)), 4),
            },
        }
