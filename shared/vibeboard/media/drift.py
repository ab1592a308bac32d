"""Does what was there stay as it was? Focus, colour and exposure, the subject, and seams, followed along the flow."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import CELLS, GRID, Measures
from vibeboard.media.series import Fault, around, smoothed

Array = NDArray[Any]

_LASTING = 6  # frames for which focus must stay lost
_SPAN = 48  # pairs, two seconds of film: over longer times errors of flow add up
_EVENT = 8  # pairs, a third of a second
_BELIEVED = 4  # pairs on each side that say whether a cell can be followed at all
_COLOURFUL = 4.0  # levels of chroma from which on there is a hue to speak of
_BEFORE = 8  # frames that say how sharp things were


def blur(measures: Measures, cuts: Array) -> Fault:
    """How much steepness the same edges lose and do not get back, in parts of 1.

    Edges are followed along the flow, so what enters or leaves the picture does not count. Frames in fast motion are
    blurred by right: they are passed over, and what comes after them is held against what was before.
    """
    cells = np.array(measures.focus, np.float32).reshape(len(measures.focus), -1)
    edges = np.isfinite(cells).sum(axis=1)
    # What loses its focus at once is not what flow explains: a cell is believed for its neighbours in time.
    believed = around(measures.trusted().astype(np.float32), _BELIEVED) > 0.5
    cells[~believed] = np.nan
    # Where most edges cannot be followed there is no saying.
    known = np.isfinite(cells).sum(axis=1) >= np.maximum(4, edges / 2)
    steps = np.zeros(len(cells))
    steps[known] = np.nanmedian(cells[known], axis=1)
    steps[cuts] = 0.0
    speed = np.array(measures.speed)
    calm = speed <= max(6.0, 1.5 * float(np.median(speed)))
    path, places = np.concatenate([[0.0], np.cumsum(steps)]), np.concatenate([[True], calm])
    path, frames = path[places], np.flatnonzero(places)
    if len(path) < _LASTING + 3:
        return Fault(0.0, 0)
    best = Fault(0.0, 0)
    for i in range(2, len(path) - _LASTING):
        before = float(np.median(path[max(0, i - _BEFORE) : i]))
        # Three frames may pass until it is lost; most of the frames after must stay below.
        lost = before - float(np.percentile(path[i + 1 : i + 3 + _LASTING], 75))
        if lost > best.value:
            best = Fault(lost, int(frames[i]))
    return Fault(1 - float(np.exp(-best.value)), _onset(path, frames, best.frame))


def _onset(path: Array, frames: Array, near: int) -> int:
    """The frame at which the steepest loss around `near` begins."""
    at = int(np.searchsorted(frames, near))
    first, last = max(1, at - 4), min(len(path), at + 5)
    return int(frames[first + int(np.argmin(np.diff(path[first - 1 : last])))]) if last > first else near


def colour_shift(measures: Measures, cuts: Array) -> Fault:
    """Colour or exposure that changes without motion explaining it, in levels of chroma.

    A step that stays counts in full, for colour and (as a share of brightness) for exposure. Slow change counts for
    colour only, over the whole picture, at 0.6; in parts of it `hue` looks for it.
    """
    chroma, gain = np.array(measures.chroma), np.array(measures.gain)
    shades = np.array(measures.shades, np.float32).reshape(len(gain), 2, -1)
    followed = _share_trusted(measures) > 0.5
    shades *= followed[:, None]
    count = followed.sum(axis=1)
    whole = np.where(count[:, None] >= 6, shades.sum(axis=2) / np.maximum(count, 1)[:, None], 0.0)
    chroma[cuts], gain[cuts], whole[cuts] = 0.0, 0.0, 0.0
    path, light = np.cumsum(chroma, axis=0), np.cumsum(gain)
    step = np.zeros(len(gain))
    reach = 4
    for i in range(1, len(gain) - 1):
        before, after = slice(max(0, i - reach), i), slice(i, i + reach)
        colour = np.hypot(*(path[after].mean(axis=0) - path[before].mean(axis=0)))
        exposure = abs(float(light[after].mean() - light[before].mean())) * 50
        # Only what happens at this very pair is a step; a drift goes on before and after it.
        here = float(np.hypot(*chroma[i])) + abs(gain[i]) * 50
        step[i] = min(max(colour, exposure), here)
    drift = _wandered(np.cumsum(whole, axis=0)[:, :, None], 0) * 0.6
    total = np.maximum(step, drift)
    at = int(total.argmax())
    return Fault(float(total[at]), at + 1)


def hue(measures: Measures, cuts: Array) -> Fault:
    """How far the hue of things turned by degrees within two seconds, in degrees: of the third most turning cell.

    Light makes colour brighter or darker, motion brings another colour at once; hue that turns on and on is a fault,
    and in a picture with little colour it moves few levels. Grey cells have no hue.
    """
    turn, colour = (np.array(one, np.float32).reshape(len(one), -1) for one in (measures.turn, measures.colour))
    steps = np.where((colour >= _COLOURFUL) & (_share_trusted(measures) > 0.5), turn, 0.0)
    steps[cuts] = 0.0
    path = np.cumsum(steps, axis=0)[:, None]
    away = np.degrees(_wandered(np.concatenate([path, np.zeros_like(path)], axis=1), 2))
    return Fault(float(away.max()), int(away.argmax()) + 1)


def _share_trusted(measures: Measures) -> Array:
    """How much of each of the 6x4 cells can be believed, pair by pair."""
    flags = measures.trusted().reshape(-1, GRID[1], GRID[0]).astype(np.float32)
    return np.array([cv2.resize(one, CELLS, interpolation=cv2.INTER_AREA).ravel() for one in flags])


def _wandered(path: Array, others: int) -> Array:
    """How far colour came within two seconds by degrees, in the cell that follows `others`; path: pairs x 2 x cells.

    What came within a third of a second is an event (something else is there now), and taken off.
    """
    settled = np.array([smoothed(one, 5) for one in path.reshape(len(path), -1).T]).T.reshape(path.shape)
    quick = np.array([_length(settled[i] - settled[max(0, i - _EVENT)]) for i in range(len(path))])
    away = np.zeros(len(path))
    for i in range(len(path)):
        start = max(0, i - _SPAN)
        gradual = _length(settled[i] - settled[start]) - quick[start : i + 1].max(axis=0)
        away[i] = np.sort(gradual)[-1 - others]
    return np.maximum(away, 0.0)


def _length(colour: Array) -> Array:
    return np.asarray(np.hypot(colour[0], colour[1]))


def identity_drift(measures: Measures, references: Sequence[Array], cuts: Array) -> Fault:
    """Likeness (cosine) of the subject to how the shot begins, lost at its sharpest within four frames, or in all.

    With references: likeness to the nearest of them, lost since the beginning, counts as well.
    """
    features = np.array(measures.subject, np.float32)
    if len(features) < 10:
        return Fault(0.0, 0)
    start = np.median(features[:5], axis=0)
    start /= max(float(np.linalg.norm(start)), 1e-9)
    likeness = features @ start
    leap = 1 - (features[4:] * features[:-4]).sum(axis=1)
    sharpest = leap - around(leap, 12)
    sharpest[np.convolve(cuts, np.ones(9), "same")[: len(sharpest)] > 0] = 0  # a cut is named by itself
    lost = smoothed(1 - likeness, 5) / 4
    candidates = [(float(lost.max()), int(lost.argmax()))]
    for at in np.argsort(sharpest)[-12:]:
        # What passes through the box is something else for a moment, a swap lasts: what comes back counts at half.
        amount = float(sharpest[at])
        candidates.append((max(amount / 2, min(amount, _lost(features, int(at)))), int(at) + 2))
    if references:
        nearest = smoothed((features @ np.array(references).T).max(axis=1), 5)
        away = (float(np.median(nearest[:5])) - nearest) / 2
        candidates.append((float(away.max()), int(away.argmax())))
    value, frame = max(candidates)
    return Fault(max(0.0, value), frame)


def _lost(features: Array, at: int) -> float:
    """Likeness to the second before pair `at` that no quarter of a second of the next two brings back."""
    before = np.median(features[max(0, at - 23) : at + 1], axis=0)
    before /= max(float(np.linalg.norm(before)), 1e-9)
    later = features[at + 4 : at + 4 + _SPAN]
    parts = [np.median(later[i : i + 6], axis=0) for i in range(0, max(1, len(later) - 5), 6)]
    return 1 - max(float(part @ before) / max(float(np.linalg.norm(part)), 1e-9) for part in parts)


def seam(measures: Measures, seams: Sequence[int]) -> Fault:
    """Unexplained change at continuation points, in times of what is usual around them, above 1."""
    residual, gain = np.array(measures.residual), np.abs(np.array(measures.gain))
    usual, usual_gain = around(residual, 8) + 0.3, around(gain, 8) + 0.004
    best = Fault(0.0, 0)
    for frame in seams:
        if 1 <= frame <= len(residual):
            here = max(residual[frame - 1] / usual[frame - 1], gain[frame - 1] / usual_gain[frame - 1] / 2) - 1
            if here > best.value:
                best = Fault(float(here), frame)
    return best
