"""The magic eraser: what is inside a mask is replaced by what other frames saw there, else painted in from around.

Neighbouring frames are aligned by the background's motion (corners outside the mask, RANSAC, chained), settled by what
lies right around the mask; the median of what the best of them show fills it. A median over time does not swim as
frame-wise painting does.
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

_FEATURES, _CORNERS, _MATCHES = 1000, 600, 12
_NEAREST = 7  # frames the median is taken of: what moves behind the hole has not moved far in them
_MARGIN = 40  # pixels around the hole in which frames are compared and settled
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
    """Homography that carries points of `one` to `two`, its neighbour: corners outside the masks, followed there and
    back. The plainest motion that explains them is taken, since errors add up along the chain; none means no motion."""
    grey_one, grey_two = (cv2.cvtColor(seen.picture, cv2.COLOR_BGR2GRAY) for seen in (one, two))
    start, end = _followed(grey_one, grey_two, _outside(one.hole), _outside(two.hole))
    return _plainest(start, end)


def _far_motion(one: _Seen, two: _Seen) -> Array:
    """The same between frames that lie far apart, by features that need no neighbourhood (ORB)."""
    orb = cv2.ORB.create(_FEATURES)
    found = [
        orb.detectAndCompute(cv2.cvtColor(seen.picture, cv2.COLOR_BGR2GRAY), _outside(seen.hole)) for seen in (one, two)
    ]
    (points_one, marks_one), (points_two, marks_two) = found
    if marks_one is None or marks_two is None:
        return np.eye(3)
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks_one, marks_two)
    start = np.array([points_one[m.queryIdx].pt for m in matches], np.float32).reshape(-1, 2)
    end = np.array([points_two[m.trainIdx].pt for m in matches], np.float32).reshape(-1, 2)
    return _plainest(start, end)


def _outside(hole: Array) -> Array:
    """Where features may be looked for: 255 outside the hole and its surroundings."""
    return np.where(cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0, 0, 255).astype(np.uint8)


def _followed(one: Array, two: Array, usable_one: Array, usable_two: Array) -> tuple[Array, Array]:
    """Corners of `one` and where they are in `two`, each found from the other within half a pixel: (n, 2) twice."""
    nothing = np.zeros((0, 2), np.float32)
    corners = cv2.goodFeaturesToTrack(one, _CORNERS, 0.005, 6, mask=usable_one)
    if corners is None:
        return nothing, nothing
    there, known, _ = cv2.calcOpticalFlowPyrLK(one, two, corners, None, winSize=(15, 15), maxLevel=4)
    back, again, _ = cv2.calcOpticalFlowPyrLK(two, one, there, None, winSize=(15, 15), maxLevel=4)
    start, end, home = (points.reshape(-1, 2) for points in (corners, there, back))
    places = np.clip(np.rint(end).astype(int), 0, np.array(two.shape[::-1]) - 1)
    sound = (known.ravel() == 1) & (again.ravel() == 1) & (np.abs(home - start).max(axis=1) < 0.5)
    sound &= usable_two[places[:, 1], places[:, 0]] > 0
    return start[sound], end[sound]


def _plainest(start: Array, end: Array) -> Array:
    """A shift, turn and zoom where that explains the points as well as a homography does; else the homography."""
    if len(start) < _MATCHES:
        return np.eye(3)
    similar, fits = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=1.0)
    whole, fits_whole = cv2.findHomography(start, end, cv2.RANSAC, 1.0)
    if whole is not None and (similar is None or fits_whole.sum() > 1.2 * fits.sum()):
        return np.asarray(whole)
    return np.eye(3) if similar is None else np.vstack([similar, [0, 0, 1]])


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
        to_frame = _far_motion(self._from, frame)
        picture = cv2.warpPerspective(self._plate, to_frame, (width, height), flags=cv2.INTER_CUBIC)
        whole = np.full((height, width), 255, np.uint8)
        return picture, cv2.warpPerspective(whole, to_frame, (width, height), flags=cv2.INTER_NEAREST) == 255


def _filled(held: list[_Seen], index: int, behind: _Behind | None) -> tuple[Array, float]:
    """The frame with its hole filled, and the share of the hole that no frame showed."""
    frame = held[index]
    if not frame.hole.any():
        return frame.picture, 0.0
    part = _around(frame.hole)
    here, inside = frame.picture[part], frame.hole[part]
    offset = np.array([[1, 0, -part[1].start], [0, 1, -part[0].start], [0, 0, 1]], float)
    from_last = np.linalg.inv(frame.to_last)
    seen: list[tuple[float, Array]] = []
    known_by = np.zeros(inside.shape, np.int16)
    for other in sorted(held, key=lambda each: abs(each.number - frame.number)):
        if other is frame:
            continue
        shown = _shown(other, offset @ from_last @ other.to_last, here, inside)
        if shown is not None:
            seen.append(shown)
            known_by += ~np.isnan(shown[1][..., 0])
            if known_by[inside].min() >= _NEAREST + 2:  # two to spare, should some fit badly
                break
    known, values = _median(_best(seen), inside)
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


def _around(hole: Array) -> tuple[slice, slice]:
    """The hole's rectangle with a margin in which the background is compared."""
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    height, width = hole.shape
    return (
        slice(max(0, int(rows[0]) - _MARGIN), min(height, int(rows[-1]) + 1 + _MARGIN)),
        slice(max(0, int(columns[0]) - _MARGIN), min(width, int(columns[-1]) + 1 + _MARGIN)),
    )


def _shown(other: _Seen, to_part: Array, here: Array, inside: Array) -> tuple[float, Array] | None:
    """(how far off it is around the hole, in levels; what the other frame shows of this part, NaN where it does not).

    The chain's estimate is settled by the background right around the hole, which is what must fit.
    """
    size = here.shape[1::-1]
    whole = np.where(other.hole, 0, 255).astype(np.uint8)
    warped = cv2.warpPerspective(other.picture, to_part, size)
    visible = cv2.warpPerspective(whole, to_part, size) == 255
    usable = np.where(visible & ~inside, 255, 0).astype(np.uint8)
    grey, grey_here = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (warped, here))
    start, end = _followed(grey, grey_here, usable, usable)
    if len(start) >= _MATCHES // 2:
        shift = np.median(end - start, axis=0)
        to_part = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ to_part
        warped = cv2.warpPerspective(other.picture, to_part, size, flags=cv2.INTER_CUBIC)
        visible = cv2.warpPerspective(whole, to_part, size) == 255
    ring = visible & ~inside
    if not (visible & inside).any() or ring.sum() < _MATCHES:
        return None
    off = float(np.abs(warped[ring].astype(np.int16) - here[ring]).mean())
    picture = warped.astype(np.float32)
    picture[~visible] = np.nan
    return off, picture


def _best(seen: list[tuple[float, Array]]) -> list[Array]:
    """Those frames that fit around the hole about as well as the best of them do."""
    if not seen:
        return []
    limit = 1.5 * min(off for off, _ in seen) + 2.0
    return [picture for off, picture in seen if off <= limit]


def _offset(frame: _Seen, picture: Array, covers: Array) -> Array:
    """How much brighter, by channel, the frame is than the plate just outside the hole: a model shifts its colours."""
    grown = cv2.dilate(frame.hole.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    ring = grown & ~frame.hole & covers
    if not ring.any():
        return np.zeros(3, np.int16)
    return np.asarray(np.median(frame.picture[ring].astype(np.int16) - picture[ring], axis=0), np.int16)


def _median(seen: list[Array], inside: Array) -> tuple[Array, Array]:
    """(where anything was shown inside the hole, the median of the nearest in time that show it)."""
    values = np.zeros((*inside.shape, 3), np.float32)
    if not seen:
        return np.zeros(inside.shape, bool), values
    stack = np.array([picture[inside] for picture in seen])  # frames, places, channels
    shown = ~np.isnan(stack[..., 0])
    stack[shown.cumsum(axis=0) > _NEAREST] = np.nan
    known = np.zeros(inside.shape, bool)
    known[inside] = shown.any(axis=0)
    if known.any():
        values[known] = np.nanmedian(stack[:, shown.any(axis=0)], axis=0)
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
