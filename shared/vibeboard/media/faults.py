"""From series to faults: how strong each fault of a shot is, and at which frame it is strongest.

One measure for each fault, chosen so that the other faults do not move it. Values are physical (pixels, levels, log
units, frames); `dailies.py` holds the scale that turns them into scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import Measures

Array = NDArray[Any]

_CUT_PALETTE = 0.42  # half L1 distance of colour histograms of neighbouring frames
_CUT_LIKENESS = 0.9  # correlation with the frame before, after flow
_CUT_RESIDUAL = 4.0  # times what is usual around
_STILL = 0.25  # levels of change below which nothing happens
_SLOW = 0.1  # flow pixels of mean motion below which nothing moves


@dataclass(frozen=True, slots=True)
class Fault:
    """Strength of one fault and the frame (0 is the first) where it is worst."""

    value: float
    frame: int


def find_faults(measures: Measures, *, references: Sequence[Array] = (), seams: Sequence[int] = ()) -> dict[str, Fault]:
    """Every fault with its strength, 0 where there is none. `seams`: frames at which a clip was continued."""
    pairs = len(measures.change)
    if pairs < 2:
        return {}
    held = held_frames(measures)
    cuts = cut_pairs(measures)
    quiet = ~(_widened(held, 1) | _widened(cuts, 1))  # pairs that say something about light and motion
    faults = {
        "flicker": _flicker(measures, quiet),
        "motion_jump": _motion_jump(measures, held, cuts),
        "frozen": _frozen(measures, held),
        "blur": _blur(measures),
        "colour_shift": _colour_shift(measures, cuts),
        "identity_drift": _identity_drift(measures, references, cuts),
    }
    if seams:
        faults["seam"] = _seam(measures, seams)
    return faults


def held_frames(measures: Measures) -> Array:
    """Pairs whose second frame repeats the first, in a shot that moves before or after.

    A held frame stops dead: no motion at all between two frames of full motion. (It need not be the same to the last
    level: encoders go on refining it.) A camera that eases to a stop slows down by degrees, and is not held.
    """
    speed, change = np.array(measures.speed), np.array(measures.change)
    usual_speed, usual_change = _when_moving(speed, _SLOW), _when_moving(change, _STILL)
    by_motion = (usual_speed > 0) & (speed < 0.12 * usual_speed + 0.01) & (change < 0.6 * usual_change)
    by_change = (usual_speed == 0) & (usual_change > 0) & (change < 0.12 * usual_change)
    held = np.zeros(len(change), bool)
    for still, series, usual in ((by_motion, speed, usual_speed), (by_change, change, usual_change)):
        for start, end in _runs(still):
            before = series[start - 1] / usual[start] if start else 0.0
            after = series[end] / usual[end - 1] if end < len(series) else 0.0
            held[start:end] |= max(before, after) > 0.5
    return held


def cut_pairs(measures: Measures) -> Array:
    """Pairs that show two different pictures: colours and contents change beyond what motion does around them."""
    palette, residual = np.array(measures.palette), np.array(measures.residual)
    usual_palette, usual = _around(palette, 8), _around(residual, 8)
    by_colour = (palette > _CUT_PALETTE) & (palette > 2.5 * usual_palette)
    by_content = (residual > _CUT_RESIDUAL * usual + 3) & (palette > 2 * usual_palette + 0.06)
    # A lamp that goes on changes every colour, and leaves the picture what it was.
    return np.asarray((by_colour | by_content) & (np.array(measures.likeness) < _CUT_LIKENESS))


def motion_consistency(measures: Measures) -> float:
    """1 for motion that carries on from frame to frame, towards 0 as jerk and unexplained change grow."""
    held, cuts = held_frames(measures), cut_pairs(measures)
    quiet = ~(_widened(held, 1) | _widened(cuts, 1))
    unexplained = np.array(measures.residual) / (np.array(measures.change) + 1.0)
    torn = float(np.median(unexplained[quiet])) if quiet.any() else 1.0
    broken = float((held | cuts).mean())
    return float(np.exp(-(0.25 * torn + 0.35 * _jitter(measures, quiet).value + 2 * broken)))


def camera_jitter(measures: Measures) -> float:
    """How restlessly the camera moves: its acceleration in flow pixels, less what goes with its speed."""
    return _jitter(measures, ~(_widened(held_frames(measures), 1) | _widened(cut_pairs(measures), 1))).value


def _flicker(measures: Measures, quiet: Array) -> Fault:
    """Mean change of the brightness gain from pair to pair, global or in the worst third of 6x4 cells.

    A slow fade has a steady gain, so its change is nil. Cells are noisier where motion is; they count at half.
    """
    overall = _changes(np.array(measures.gain), quiet)
    cells = _changes(np.array(measures.cells).reshape(len(measures.gain), -1), quiet)
    if not overall.size:
        return Fault(0.0, 0)
    # The few largest changes are events (a lamp, a splash); flicker goes on throughout.
    steady = _trimmed_mean(np.abs(overall[:, 0]))
    local = np.array([_trimmed_mean(column) for column in np.abs(cells).T])
    restless = float(np.sort(local)[-max(1, local.size // 3) :].mean())
    value = max(steady, restless / 2)
    return Fault(value, _worst(np.abs(_in_place(np.array(measures.gain), quiet)[:, 0])))


def _jitter(measures: Measures, quiet: Array) -> Fault:
    """Median acceleration of the camera, in flow pixels, less what goes with its speed."""
    shift = np.array(measures.shift)
    known = _changes(shift, quiet)
    if not known.size:
        return Fault(0.0, 0)
    speed = float(np.median(np.hypot(shift[:, 0], shift[:, 1])))
    value = float(np.median(np.hypot(known[:, 0], known[:, 1]))) / (1 + 0.15 * speed)
    return Fault(value, _worst(np.hypot(*_in_place(shift, quiet).T)))


def _motion_jump(measures: Measures, held: Array, cuts: Array) -> Fault:
    """Cuts count in full. Else the worst single-frame leap of motion, or steady shaking, whichever is stronger."""
    if cuts.any():
        return Fault(3.0, int((np.array(measures.palette) * cuts).argmax()) + 1)
    leap = _leaps(measures, held)
    at = int(leap.argmax())
    shake = _jitter(measures, ~_widened(held, 1))
    # A steady shake of one pixel is as bad as a missing frame.
    return Fault(float(leap[at]), at + 1) if leap[at] >= 0.7 * shake.value else Fault(0.7 * shake.value, shake.frame)


def _leaps(measures: Measures, held: Array) -> Array:
    """For each pair, by how many frames' worth the motion is ahead of the motion before and after it.

    One missing frame doubles the way from one frame to the next everywhere at once: 1.0. The share of the picture that
    agrees decides, so that one thing that starts or turns is no leap.
    """
    motion = np.array(measures.motion).reshape(len(measures.motion), -1, 2)
    leap = np.zeros(len(motion))
    for i in range(1, len(motion) - 1):
        # Against both neighbours: what starts or stops at once is ahead of one of them only.
        leap[i] = min(_ahead(motion[i], motion[i - 1]), _ahead(motion[i], motion[i + 1]))
    # Where motion is restless anyway (a hand-held camera), a single leap says less.
    restless = _around(np.abs(leap - _around(leap, 6)), 6)
    return np.where(_widened(held, 2), 0.0, leap / (1 + 4 * restless))


def _ahead(motion: Array, usual: Array) -> float:
    """Motion in times of the usual, less 1, that two thirds of the moving cells reach; 0 when little moves."""
    squared = (usual**2).sum(axis=1)
    moving = squared > 0.4**2
    if moving.mean() < 0.15:
        return 0.0
    return float(np.percentile((motion * usual).sum(axis=1)[moving] / squared[moving] - 1, 35))


def _frozen(measures: Measures, held: Array) -> Fault:
    """Held frames. A whole shot without any motion is held from its second frame on."""
    if np.percentile(measures.speed, 95) < _SLOW / 2 and np.median(measures.change) < _STILL / 4:
        return Fault(float(len(held)), 1)
    runs = _runs(held)
    if not runs:
        return Fault(0.0, 0)
    longest = max(runs, key=lambda run: run[1] - run[0])
    return Fault(float(held.sum()), longest[0] + 1)


def _blur(measures: Measures) -> Fault:
    """How far edges stay below their own sharp level for six frames or more: median over the cells, in parts of 1.

    Frames in fast motion are blurred by right and do not count. The median over cells keeps a thing that crosses the
    picture, and its edges, out of it.
    """
    edges = np.array(measures.edges)
    speed = np.array([measures.speed[0], *measures.speed])
    calm = speed <= max(6.0, 1.5 * float(np.median(speed)))
    lasting = 6
    if calm.sum() < 4 or len(edges) < lasting:
        return Fault(0.0, 0)
    sharp = np.percentile(edges[calm], 85, axis=0)
    lost = _around(np.median(1 - edges / sharp, axis=1), 2)
    lost[~calm] = 0.0
    kept_up = np.array([lost[i : i + lasting].min() for i in range(len(lost) - lasting + 1)])
    value = max(0.0, float(kept_up.max()))
    # Named where it sets in, not where it happens to peak.
    return Fault(value, int(np.argmax(kept_up >= 0.7 * value)) if value > 0 else 0)


def _colour_shift(measures: Measures, cuts: Array) -> Fault:
    """Colour or exposure that changes without motion explaining it, in levels of chroma.

    A step that stays counts in full, for colour and (as a share of brightness) for exposure. Slow change counts for
    colour only, at half: light may fade, a grade may not wander.
    """
    chroma = np.array(measures.chroma)
    gain = np.array(measures.gain)
    chroma[cuts], gain[cuts] = 0.0, 0.0
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
    drift = np.hypot(*(path - path[0]).T) / 2
    total = np.maximum(step, drift)
    at = int(total.argmax())
    return Fault(float(total[at]), at + 1)


def _identity_drift(measures: Measures, references: Sequence[Array], cuts: Array) -> Fault:
    """Likeness (cosine) of the subject to how the shot begins, lost at its sharpest within four frames, or in all.

    With references: likeness to the nearest of them, lost since the beginning, counts as well.
    """
    features = np.array(measures.subject)
    if len(features) < 10:
        return Fault(0.0, 0)
    start = np.median(features[:5], axis=0)
    start /= max(float(np.linalg.norm(start)), 1e-9)
    likeness = features @ start
    leap = 1 - (features[4:] * features[:-4]).sum(axis=1)
    sharpest = leap - _around(leap, 12)
    sharpest[np.convolve(cuts, np.ones(9), "same")[: len(sharpest)] > 0] = 0  # a cut is named by itself
    lost = _smoothed(1 - likeness, 5) / 3
    candidates = [(float(sharpest.max()), int(sharpest.argmax()) + 2), (float(lost.max()), int(lost.argmax()))]
    if references:
        nearest = _smoothed((features @ np.array(references).T).max(axis=1), 5)
        away = (float(np.median(nearest[:5])) - nearest) / 2
        candidates.append((float(away.max()), int(away.argmax())))
    value, frame = max(candidates)
    return Fault(max(0.0, value), frame)


def _seam(measures: Measures, seams: Sequence[int]) -> Fault:
    """Unexplained change at continuation points, in times of what is usual around them, above 1."""
    residual, gain = np.array(measures.residual), np.abs(np.array(measures.gain))
    usual, usual_gain = _around(residual, 8) + 0.3, _around(gain, 8) + 0.004
    best = Fault(0.0, 0)
    for frame in seams:
        if 1 <= frame <= len(residual):
            here = max(residual[frame - 1] / usual[frame - 1], gain[frame - 1] / usual_gain[frame - 1] / 2) - 1
            if here > best.value:
                best = Fault(float(here), frame)
    return best


def _changes(series: Array, valid: Array) -> Array:
    """Differences of neighbouring pair values, where both are valid."""
    table = series.reshape(len(series), -1)
    return np.asarray(np.diff(table, axis=0)[valid[1:] & valid[:-1]])


def _in_place(series: Array, valid: Array) -> Array:
    """The same at the place of the later pair, 0 where either is not valid."""
    table = series.reshape(len(series), -1)
    change = np.zeros(table.shape)
    change[1:] = np.diff(table, axis=0) * (valid[1:] & valid[:-1])[:, None]
    return change


def _trimmed_mean(values: Array) -> float:
    kept = np.sort(values)[: max(1, int(0.95 * values.size))]
    return float(kept.mean())


def _around(series: Array, reach: int) -> Array:
    """Running median over `reach` entries on each side."""
    return np.array([np.median(series[max(0, i - reach) : i + reach + 1]) for i in range(len(series))])


def _when_moving(series: Array, floor: float) -> Array:
    """Median of what lies above `floor` within twelve pairs on each side; 0 where nothing does."""
    usual = np.zeros(len(series))
    for i in range(len(series)):
        near = series[max(0, i - 12) : i + 13]
        if (near > floor).any():
            usual[i] = np.median(near[near > floor])
    return usual


def _smoothed(series: Array, width: int) -> Array:
    padded = np.pad(series, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, "valid")


def _widened(flags: Array, reach: int) -> Array:
    # numpy's "same" takes the longer of the two: short clips would grow.
    return np.asarray(np.convolve(flags, np.ones(2 * reach + 1))[reach : reach + len(flags)] > 0)


def _runs(flags: Array) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _worst(amount: Array) -> int:
    """Frame of the largest entry of a pair series of differences."""
    return int(amount.argmax()) + 1
