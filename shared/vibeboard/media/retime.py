"""Speed changes: frames between frames along the motion, sound stretched without its pitch.

Between two frames A and B at time t, with the flow f from A to B and g back, the picture is
(1-t)·A(x - t·f) + t·B(x - (1-t)·g), each weighted down where the two flows disagree.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.domain.formats import SAMPLE_RATE
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import probe

Array = NDArray[Any]

SLOWEST, FASTEST = Fraction(1, 4), Fraction(4)
_FLOW_SIDE = 640  # pixels of the longer side the flow is measured at
_ON_A_FRAME = 0.02  # of a frame: nearer than this to a frame is that frame
_CUT = 0.35  # share of the pictures' own contrast that may stay unexplained by motion; more is a cut


def check_speed(factor: Fraction) -> None:
    """Raises MediaError outside 1/4 to 4."""
    if not SLOWEST <= factor <= FASTEST:
        raise MediaError("SPEED_OUT_OF_RANGE", f"A speed of {float(factor):g} is too far", "usable are 0.25 to 4")


def retimed_frames(frames: int, factor: Fraction) -> int:
    """How many frames a shot has when it plays `factor` times as fast."""
    return max(1, round(frames / factor))


def retime(source: Path, out: Path, *, factor: Fraction, progress: Callable[[float], None] | None = None) -> int:
    """Plays the picture `factor` times as fast at the same rate: exactly retimed_frames() of them, which is returned.

    The first frame falls on the first, the last on the last, all others where they should, made from their two
    neighbours. Raises MediaError.
    """
    check_speed(factor)
    info = probe(source)
    count = retimed_frames(info.frames, factor)
    step = Fraction(info.frames - 1, count - 1) if count > 1 else Fraction(0)

    def made() -> Iterator[Array]:
        stream = bgr_frames(info)
        index, one = 0, next(stream)
        two = next(stream, one)
        between: _Between | None = None
        for number in range(count):
            place = number * step
            while index < place.numerator // place.denominator:
                index, one, two, between = index + 1, two, next(stream, two), None
            part = float(place - index)
            if part < _ON_A_FRAME or part > 1 - _ON_A_FRAME:
                yield one if part < 0.5 else two
                continue
            between = between or _Between(one, two)
            yield between.at(part)
            if progress is not None:
                progress(number / count)

    write_bgr(made(), (info.width, info.height), info.rate, out)
    return count


class _Between:
    """Two frames and the motion between them, both ways."""

    def __init__(self, one: Array, two: Array) -> None:
        self._one, self._two = one, two
        height, width = one.shape[:2]
        scale = min(1.0, _FLOW_SIDE / max(width, height))
        size = (max(16, round(width * scale)), max(16, round(height * scale)))
        small = [
            cv2.cvtColor(cv2.resize(f, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY) for f in (one, two)
        ]
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        ahead, back = flow.calc(small[0], small[1], None), flow.calc(small[1], small[0], None)
        self._grid = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
        self.cut = _unexplained(small[0], small[1], back) > _CUT
        grow = np.array([width / size[0], height / size[1]], np.float32)
        self._ahead = cv2.resize(ahead, (width, height), interpolation=cv2.INTER_LINEAR) * grow
        self._back = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR) * grow
        self._trust = _agreement(self._ahead, self._back, self._grid), _agreement(self._back, self._ahead, self._grid)

    def at(self, part: float) -> Array:
        """The picture at `part` (0..1) of the way. Across a cut, the nearer frame."""
        if self.cut:
            return self._one if part < 0.5 else self._two
        first, first_trust = self._moved(self._one, self._trust[0], self._ahead, part)
        second, second_trust = self._moved(self._two, self._trust[1], self._back, 1 - part)
        weight = ((1 - part) * first_trust + 1e-3) / ((1 - part) * first_trust + part * second_trust + 2e-3)
        mixed = second + (first.astype(np.float32) - second) * weight[..., None]
        return np.asarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))

    def _moved(self, frame: Array, trust: Array, flow: Array, part: float) -> tuple[Array, Array]:
        at = self._grid - flow * np.float32(part)
        picture = cv2.remap(frame, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return picture, cv2.remap(trust, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _agreement(flow: Array, other: Array, grid: Array) -> Array:
    """1 where following the flow there and the other one back leads home; towards 0 where something is covered."""
    home = cv2.remap(other, grid + flow, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) + flow
    return np.asarray(np.exp(-np.sum(home**2, axis=2) / 8.0), np.float32)


def _unexplained(one: Array, two: Array, back: Array) -> float:
    """What motion leaves of the difference between two frames, in parts of the difference of unrelated ones."""
    height, width = one.shape
    grid = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
    carried = cv2.remap(one, grid + back, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    contrast = float(one.std() + two.std()) or 1.0
    return float(np.abs(carried.astype(np.float32) - two).mean()) / contrast


def stretch_sound(source: Path, out: Path, *, factor: Fraction, samples: int) -> None:
    """Plays sound `factor` times as fast at its own pitch (WSOLA), as 24-bit WAV at 48 kHz of exactly `samples`."""
    check_speed(factor)
    # atempo takes 0.5 to 100; slower goes in two steps.
    steps = [factor] if factor >= Fraction(1, 2) else [Fraction(1, 2), factor * 2]
    tempo = ",".join(f"atempo={float(step):.9f}" for step in steps)
    exact = f"apad=whole_len={samples},atrim=end_sample={samples}"
    chain = f"aresample={SAMPLE_RATE},{tempo},{exact},asetpts=N/SR/TB"
    out.parent.mkdir(parents=True, exist_ok=True)
    sound = ["-c:a", "pcm_s24le", "-ar", str(SAMPLE_RATE), "-ac", "2"]
    run([*input_args(source), "-map", "0:a:0", "-vn", "-af", chain, *sound, str(out)])
