"""From series to faults: how strong each fault of a shot is, and at which frame it is strongest.

One measure for each fault, chosen so that the other faults do not move it. Values are physical (pixels, levels, log
units, frames); `dailies.py` holds the scale that turns them into scores; `pace.py`, `steadiness.py` and `drift.py`
hold the measures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import Measures
from vibeboard.media.drift import blur, colour_shift, hue, identity_drift, seam
from vibeboard.media.pace import cut_pairs, frozen, held_frames, skip
from vibeboard.media.series import Fault, widened
from vibeboard.media.steadiness import boil, flicker, shake

Array = NDArray[Any]

PART = 96  # pairs: four seconds of film


@dataclass(frozen=True, slots=True)
class Breaks:
    """Where motion breaks off: pair series. `held` is how surely the frame before is shown again, 0..1."""

    held: Array
    cuts: Array

    @property
    def quiet(self) -> Array:
        """Pairs that say something about light and motion."""
        return np.asarray(~(widened(self.held > 0.5, 1) | widened(self.cuts, 1)))


def find_breaks(measures: Measures) -> Breaks:
    pairs = len(measures.change)
    if pairs < 2:  # nothing to compare with
        return Breaks(np.zeros(pairs), np.zeros(pairs, bool))
    return Breaks(held_frames(measures), cut_pairs(measures))


def find_faults(
    measures: Measures, breaks: Breaks, *, references: Sequence[Array] = (), seams: Sequence[int] = ()
) -> dict[str, Fault]:
    """Every measure with its strength, 0 where there is no fault. `seams`: frames at which a clip was continued."""
    if len(measures.change) < 2:
        return {}
    held, cuts, quiet = breaks.held, breaks.cuts, breaks.quiet
    faults = {
        "flicker": _worst_part(flicker, measures, quiet),
        "boil": _worst_part(boil, measures, quiet),
        "shake": _worst_part(shake, measures, quiet),
        "skip": skip(measures, held, cuts),
        "cut": Fault(float(cuts.sum()), int((np.array(measures.palette) * cuts).argmax()) + 1),
        "frozen": frozen(measures, held),
        "blur": blur(measures, cuts),
        "colour_shift": colour_shift(measures, cuts),
        "hue": hue(measures, cuts),
        "identity_drift": identity_drift(measures, references, cuts),
    }
    if seams:
        faults["seam"] = seam(measures, seams)
    return faults


def _worst_part(measure: Callable[[Measures, Array], Fault], measures: Measures, quiet: Array) -> Fault:
    """The strongest of a fault that goes on throughout, in parts of four seconds: it need not last the whole shot."""
    worst = Fault(0.0, 0)
    for start in range(0, max(1, len(quiet) - PART // 2), PART // 2):
        # What is left over at the end is no part of its own.
        end = len(quiet) if len(quiet) - start < PART * 3 // 2 else start + PART
        found = measure(measures.part(start, end + 1), quiet[start:end])
        if found.value > worst.value:
            worst = Fault(found.value, found.frame + start)
        if end == len(quiet):
            break
    return worst


def motion_consistency(measures: Measures, breaks: Breaks, shaken: float) -> float:
    """1 for motion that carries on from frame to frame, towards 0 as shake and unexplained change grow."""
    unexplained = np.array(measures.residual) / (np.array(measures.change) + 1.0)
    torn = float(np.median(unexplained[breaks.quiet])) if breaks.quiet.any() else 1.0
    broken = float(((breaks.held > 0.5) | breaks.cuts).mean())
    return float(np.exp(-(0.25 * torn + 0.35 * shaken + 2 * broken)))


def camera_jitter(measures: Measures) -> float:
    """How restlessly the camera moves: its acceleration in flow pixels, less what goes with its speed."""
    return shake(measures, find_breaks(measures).quiet).value
