"""Does time run evenly? Held frames, missing frames and cuts, from motion and change in cells.

A measure of time needs something that moves: cells in which nothing does have no say, and a frame missing from a
still picture is not missed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import Measures
from vibeboard.media.series import Fault, around, reached_by, widened

Array = NDArray[Any]

_CUT_PALETTE = 0.42  # half L1 distance of colour histograms of neighbouring frames
_CUT_LIKENESS = 0.9  # correlation with the frame before, after flow
_CUT_RESIDUAL = 4.0  # times what is usual around
_STIRRED = 0.3  # levels of change from which on a cell says something
_LONGEST_HOLD = 48  # frames: longer ones are a still picture
_HELD = (0.45, 0.60)  # share of the change that is gone: from here it looks held, here it surely is
_STILL = (0.12, 0.3)  # flow pixels of median motion of a pair: up to here it may be held, from here it is not
_USUAL = 12  # pairs: half a second, of which the median says what motion is usual
_NEAR = 48  # pairs: two seconds of film
_SLOW = 0.1  # flow pixels of mean motion below which nothing moves


def cut_pairs(measures: Measures) -> Array:
    """Pairs that show two different pictures: colours and contents change beyond what motion does around them."""
    palette, residual = np.array(measures.palette), np.array(measures.residual)
    usual_palette, usual = around(palette, 8), around(residual, 8)
    by_colour = (palette > _CUT_PALETTE) & (palette > 2.5 * usual_palette)
    by_content = (residual > _CUT_RESIDUAL * usual + 3) & (palette > 2 * usual_palette + 0.06)
    # A lamp that goes on changes every colour, and leaves the picture what it was.
    return np.asarray((by_colour | by_content) & (np.array(measures.likeness) < _CUT_LIKENESS))


def held_frames(measures: Measures) -> Array:
    """For each pair how surely its second frame repeats the first, 0..1.

    A held frame stops dead, everywhere at once, between two pairs of motion: four fifths of the cells that move before
    and after lose most of their change. (Not all: encoders go on refining.) What eases to a stop is not held.
    """
    stir = _cells(measures.stir)
    change = np.array(measures.change)
    count = len(stir)
    speed = _speeds(measures)
    usual = [float(np.median(change[max(0, i - _USUAL) : i])) if i else 0.0 for i in range(count)]
    held = np.zeros(count)
    for start in range(1, count):
        if change[start] > 0.85 * change[start - 1]:
            continue
        for end in range(start + 1, min(count, start + _LONGEST_HOLD) + 1):
            if change[end - 1] > 0.85 * change[start - 1]:
                break  # no longer a hold, at any length
            # The run ends with motion; or with the clip: then it must be longer than a breath, after usual motion.
            if end < count:
                other, before = end, np.minimum(stir[start - 1], stir[end])
            elif end - start >= 4 and start >= 2 and change[start - 1] > 0.5 * usual[start]:
                other, before = start - 2, np.median(stir[max(0, start - _USUAL) : start], axis=0)
            else:
                continue
            if change[start:end].max() > 0.85 * change[other]:
                continue
            says = before > max(_STIRRED, 0.25 * float(before.max()))  # not the noise of what stands still
            if says.sum() < 3:
                continue
            left = stir[start:end].max(axis=0)[says] / before[says]
            sure = float(np.interp(1 - np.percentile(left, 80), _HELD, (0.0, 1.0)))
            # A camera that is shaken may stand for one frame by chance: nearly, and not as still as a repeated frame.
            sure *= float(np.interp(speed[start:end].max(), _STILL, (1.0, 0.0)))
            held[start:end] = np.maximum(held[start:end], sure)
    return held


def _speeds(measures: Measures) -> Array:
    """Median length of motion for each pair, over its textured cells."""
    motion = np.array(measures.motion, np.float32).reshape(len(measures.motion), -1, 2)
    length = np.hypot(motion[..., 0], motion[..., 1])
    textured = _cells(measures.texture)[1:] > 1
    return np.array(
        [float(np.median(row[says])) if says.any() else 0.0 for row, says in zip(length, textured, strict=True)]
    )


def frozen(measures: Measures, held: Array) -> Fault:
    """Held frames, as many as surely are, within two seconds. A shot without any motion is held from its second on."""
    if np.percentile(measures.speed, 95) < _SLOW / 2 and np.median(measures.change) < _STIRRED / 4:
        return Fault(float(len(held)), 1)
    if not held.any():
        return Fault(0.0, 0)
    together = np.convolve(held, np.ones(_NEAR))
    return Fault(float(together.max()), _longest(held) + 1)


def _longest(held: Array) -> int:
    """Where the longest, surest run of held pairs starts."""
    best, at, total, start = 0.0, 0, 0.0, 0
    for index, sure in enumerate(held):
        if sure == 0:
            total = 0.0
            continue
        start = index if total == 0 else start
        total += float(sure)
        if total > best:
            best, at = total, start
    return at


def skip(measures: Measures, held: Array, cuts: Array) -> Fault:
    """By how many frames' worth the picture moved on too far, at the worst pair; less where that is usual around it."""
    leap = leaps(measures)
    leap[widened(held > 0, 2) | widened(cuts, 1)] = 0.0
    out = np.zeros(len(leap))
    for at in np.argsort(leap)[::-1][:8]:
        beside = np.concatenate([leap[max(0, at - _NEAR) : max(0, at - 2)], leap[at + 3 : at + 3 + _NEAR]])
        out[at] = leap[at] - (np.sort(beside)[-3:].mean() if len(beside) >= 3 else 0.0)
    at = int(out.argmax())
    return Fault(max(0.0, float(out[at])), at + 1)


def leaps(measures: Measures) -> Array:
    """For each pair how far motion and change are ahead of the pairs beside it, and how sudden that is.

    The mean (geometric) of two: by how much motion, or change, of the moving cells exceeds that of both neighbours, in
    times of theirs (what starts or stops at once exceeds one only); and their acceleration in times of what is usual.
    """
    motion = np.array(measures.motion, np.float32).reshape(len(measures.motion), -1, 2)
    stir = _cells(measures.stir)
    texture = _cells(measures.texture)[1:]
    out = np.zeros(len(stir))
    if len(stir) < 3:
        return out
    speed = np.sqrt((motion**2).sum(axis=2))
    second = motion[1:-1] - (motion[:-2] + motion[2:]) / 2
    uneven = np.sqrt((second**2).sum(axis=2))
    usual_stir, usual_uneven = around(stir, 6), np.maximum(around(uneven, 6), np.median(uneven, axis=0))
    noise = np.median(uneven**2, axis=0)
    for i in range(1, len(stir) - 1):
        fastest = np.maximum(np.maximum(speed[i - 1], speed[i]), speed[i + 1])
        sudden = uneven[i - 1] / (usual_uneven[i - 1] + 0.15 + 0.05 * fastest)
        surprise = _reached(sudden, fastest, (fastest > 0.4) & (texture[i] > 1), least=6)
        if surprise <= 0:
            continue
        beside = np.maximum(stir[i - 1], stir[i + 1])
        more = max(0.0, _reached((stir[i] - beside) / (beside + _STIRRED), usual_stir[i], usual_stir[i] > 0.8, least=2))
        # Against both neighbours: what starts or stops at once is ahead of one of them only.
        ahead = _ahead(motion[i], motion[i - 1], noise, texture[i])
        if ahead > 0:
            ahead = min(ahead, _ahead(motion[i], motion[i + 1], noise, texture[i]))
        out[i] = np.sqrt((max(0.0, ahead) + more) * surprise)
    return out


def _reached(values: Array, weights: Array, says: Array, *, least: int) -> float:
    """What all but a third of the cells that have a say reach; 0 when fewer than `least` have."""
    return reached_by(values[says], weights[says], 0.35) if says.sum() >= least else 0.0


def _ahead(motion: Array, usual: Array, noise: Array, texture: Array) -> float:
    """Motion in times of the usual, less 1."""
    energy = (usual**2).sum(axis=1)
    ratio = (motion * usual).sum(axis=1) / np.maximum(energy, 1e-6) - 1
    return _reached(ratio, np.sqrt(energy), (energy > 0.09 + 4 * noise) & (texture > 1), least=4)


def _cells(series: list[Array]) -> Array:
    return np.array(series, np.float32).reshape(len(series), -1)
