"""Programme loudness in two passes: measure the mix, set one gain, and limit true peaks only where they would clip.

A fixed gain leaves the mix as it was mixed. The limiter works at four times the sample rate, because peaks lie
between samples, and gives back its look-ahead, so that no sample moves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from vibeboard.domain.qc import TRUE_PEAK_DBTP

BROADCAST_LUFS = -23.0  # EBU R 128
WEB_LUFS = -14.0  # what streaming services play at
_HEADROOM = 0.3  # dB under the ceiling, for what resampling back adds
_CLOSE = 0.1  # LU
_LIMIT = 10 ** ((TRUE_PEAK_DBTP - _HEADROOM) / 20)
LIMITER = (
    f"aresample=192000,alimiter=limit={_LIMIT:.5f}:attack=5:release=60:level=0:latency=1:asc=1,aresample=48000,"
    "aformat=sample_fmts=flt"
)


@dataclass(frozen=True, slots=True)
class Levels:
    """What the mix gets: a gain in dB, and the limiter when the gain would bring a true peak over the ceiling."""

    gain_db: float = 0.0
    limited: bool = False

    @property
    def filters(self) -> str:
        """To be put behind the mix; empty when nothing is to be done."""
        gain = f"volume={self.gain_db:.3f}dB:precision=float" if self.gain_db else ""
        return ",".join(part for part in (gain, LIMITER if self.limited else "") if part)


@dataclass(frozen=True, slots=True)
class Loudness:
    integrated: float  # LUFS
    true_peak: float  # dBTP


def find_levels(measure: Callable[[Levels], Loudness | None], target: float | None) -> Levels:
    """The levels that bring a mix to `target` LUFS. `measure` plays it at given levels; None means silence."""
    if target is None:
        return Levels()
    heard = measure(Levels())
    if heard is None:
        return Levels()
    gain = target - heard.integrated
    if heard.true_peak + gain <= TRUE_PEAK_DBTP:
        return Levels(gain)
    levels = Levels(gain, limited=True)
    limited = measure(levels)  # the limiter takes some loudness away: give it back once
    if limited is not None and abs(target - limited.integrated) > _CLOSE:
        levels = Levels(gain + target - limited.integrated, limited=True)
    return levels


def read_meter(log: str) -> Loudness | None:
    """The summary of FFmpeg's ebur128 filter; None for silence, which has no loudness to raise."""
    summary = log[log.rfind("Summary:") :]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    if loudness is None or peak is None or float(loudness[1]) <= -70:
        return None
    return Loudness(float(loudness[1]), float(peak[1]))
