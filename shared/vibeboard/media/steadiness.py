"""Do light, camera and texture stay steady from frame to frame? Flicker, shake and boil.

All three look at second differences: what goes on evenly (a fade, a pan, a push) cancels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import Measures
from vibeboard.media.series import Fault, changes, in_place, trimmed_mean, worst

Array = NDArray[Any]

_TEXTURED = 2.0  # levels of root mean squared slope from which on flow can be believed
_FAST = 0.15  # share of its speed by which motion may be uneven: fast things are


def flicker(measures: Measures, quiet: Array) -> Fault:
    """Mean change of the brightness gain from pair to pair, global or in the worst third of 6x4 cells.

    Cells are noisier where motion is; they count at half.
    """
    overall = changes(np.array(measures.gain), quiet)
    cells = changes(np.array(measures.cells).reshape(len(measures.gain), -1), quiet)
    if not overall.size:
        return Fault(0.0, 0)
    # The few largest changes are events (a lamp, a splash); flicker goes on throughout.
    steady = trimmed_mean(np.abs(overall[:, 0]))
    local = np.array([trimmed_mean(column) for column in np.abs(cells).T])
    restless = float(np.sort(local)[-max(1, local.size // 3) :].mean())
    return Fault(max(steady, restless / 2), worst(np.abs(in_place(np.array(measures.gain), quiet)[:, 0])))


def shake(measures: Measures, quiet: Array) -> Fault:
    """Median acceleration of the camera, in flow pixels, less what goes with its speed."""
    shift = _camera(measures)
    known = changes(shift, quiet)
    if not known.size:
        return Fault(0.0, 0)
    speed = float(np.median(np.hypot(shift[:, 0], shift[:, 1])))
    value = float(np.median(np.hypot(known[:, 0], known[:, 1]))) / (1 + _FAST * speed)
    return Fault(value, worst(np.hypot(*in_place(shift, quiet).T)))


def _camera(measures: Measures) -> Array:
    """Motion of the camera: median of the cells that can be believed; none where those are few."""
    motion = np.array(measures.motion, np.float32).reshape(len(measures.motion), -1, 2)
    usable = measures.motion_trusted() & (_textures(measures) > 1)
    few = usable.sum(axis=1) < 9
    shift = np.zeros((len(motion), 2))
    for i in range(len(motion)):
        shift[i] = 0.0 if few[i] else np.median(motion[i][usable[i]], axis=0)
    return shift


def _textures(measures: Measures) -> Array:
    return np.array(measures.texture, np.float32).reshape(len(measures.texture), -1)[1:]


def boil(measures: Measures, quiet: Array) -> Fault:
    """How far texture wobbles against its own neighbours, in flow pixels: cells out of step with time and picture.

    Each cell's motion less the mean of the pairs beside it, less the median of the picture (that is shake); the median
    over time; reached by sixty of a hundred textured cells, for boil is everywhere and a splash is not.
    """
    motion = np.array(measures.motion, np.float32).reshape(len(measures.motion), -1, 2)
    textured = (_textures(measures) > _TEXTURED) & measures.motion_trusted()
    inner = quiet[1:-1] & quiet[:-2] & quiet[2:]
    often = np.median(textured, axis=0) > 0.5
    if inner.sum() < 3 or often.sum() < 9:
        return Fault(0.0, 0)
    uneven = (motion[1:-1] - (motion[:-2] + motion[2:]) / 2)[inner][:, often]
    uneven -= np.median(uneven, axis=1, keepdims=True)
    speed = np.median(np.hypot(motion[..., 0], motion[..., 1])[:, often], axis=0)
    amount = np.hypot(uneven[..., 0], uneven[..., 1])
    wobble = np.median(amount, axis=0) / (1 + _FAST * speed)
    at = int(np.flatnonzero(inner)[np.median(amount, axis=1).argmax()]) + 2
    return Fault(float(np.percentile(wobble, 40)), at)
