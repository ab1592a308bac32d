"""What each repair gains on real footage. `python -m tests.benchmarks.bench_vfx` prints the table and fails below its
floors; a short slice of it runs with the suite (tests/media/test_vfx_footage.py)."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tests.media.footage import frames_of, luma, panned, paste, psnr, shake, shaken, ssim
from tests.media.moving import Frame, write
from vibeboard.media.coherence import measure
from vibeboard.media.faults import camera_jitter
from vibeboard.media.frames import bgr_frames
from vibeboard.media.probe import probe
from vibeboard.media.vfx import Mask, change_speed, erase, rescue_focus, stabilise

RATE = Fraction(25)


@dataclass(frozen=True)
class Row:
    repair: str
    shot: str
    measure: str
    before: float
    after: float
    floor: str
    holds: bool


def read(path: Path) -> list[Frame]:
    return [np.asarray(frame, np.uint8) for frame in bgr_frames(probe(path))]


def stabilising(folder: Path, name: str, strength: float, count: int | None = None) -> Iterator[Row]:
    """Jitter at least halved, by the analyser's measure and by one that knows nothing of it."""
    source = write(folder / "shaken.mp4", shaken(frames_of(name, count), strength), RATE)
    stabilise(source, folder / "steady.mp4")
    jitter = [camera_jitter(measure(probe(path))) for path in (source, folder / "steady.mp4")]
    shakes = [shake(read(path)) for path in (source, folder / "steady.mp4")]
    for words, (before, after) in (("jitter", jitter), ("shake, px", shakes)):
        yield Row("stabilise", f"{name}, {strength:g} px", words, before, after, "halved", after <= 0.5 * before)


def focusing(folder: Path, name: str, sigma: float, count: int = 6) -> Iterator[Row]:
    """Similarity to the sharp original, the blur found by the repair itself."""
    sharp = frames_of(name, count)
    blurred = [np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8) for frame in sharp]
    source = write(folder / "soft.mp4", blurred, RATE)
    rescue_focus(source, folder / "rescued.mp4")
    soft, rescued = (
        float(np.mean([ssim(luma(a), luma(b)) for a, b in zip(read(path), sharp, strict=False)]))
        for path in (source, folder / "rescued.mp4")
    )
    yield Row("rescue focus", f"{name}, sigma {sigma:g}", "SSIM", soft, rescued, "higher", rescued > soft)


def erasing(folder: Path, name: str, clean: list[Frame], place: Callable[[int], tuple[int, int]], radius: int,
            mask: Mask, limit: float = 0.10) -> Iterator[Row]:  # fmt: skip
    """Difference to the clean plate where the ball was, against what coding alone costs there."""
    source = write(folder / "spoilt.mp4", paste(clean, place, radius), RATE)
    coded = write(folder / "coded.mp4", clean, RATE)
    erase(source, folder / "erased.mp4", mask=mask)
    dirty, erased, bare = ([] for _ in range(3))
    for index, (a, b, c, truth) in enumerate(
        zip(read(source), read(folder / "erased.mp4"), read(coded), clean, strict=True)
    ):
        ball = np.zeros(truth.shape[:2], np.uint8)
        cv2.circle(ball, place(index), radius, 255, -1)
        for rows, picture in ((dirty, a), (erased, b), (bare, c)):
            rows.append(float(np.abs(luma(picture) - luma(truth))[ball > 0].mean()))
    before, after, coding = (float(np.mean(rows)) for rows in (dirty, erased, bare))
    floor = f"under {limit:g} (coding {coding / before:.3f})"
    yield Row("erase", name, "trace left, of the ball's", 1.0, after / before, floor, after < limit * before)


def behind_a_pan(folder: Path, count: int = 48) -> Iterator[Row]:
    """Dirt on the lens of a camera that pans: what is behind it is seen in other frames."""
    clean = panned(frames_of("meadow", count), 640, 360, 200, left=430)
    box = [(0.5 - 30 / 640, 0.5 - 30 / 360), (0.5 + 30 / 640, 0.5 - 30 / 360),
           (0.5 + 30 / 640, 0.5 + 30 / 360), (0.5 - 30 / 640, 0.5 + 30 / 360)]  # fmt: skip
    yield from erasing(folder, "meadow, pan, lens dirt", clean, lambda _: (320, 180), 26, Mask([box]))


def across_the_shot(folder: Path, name: str, count: int, limit: float = 0.10) -> Iterator[Row]:
    """A ball that flies through a still shot, its mask moved along. limit: wider where something moves behind it, of
    which no frame shows that moment."""
    clean = frames_of(name, count)
    height, width = clean[0].shape[:2]
    step = (width - 200) // count

    def place(index: int) -> tuple[int, int]:
        return 100 + step * index, height // 2

    radius = 24
    box = [((100 + x * 29) / width, (height // 2 + y * 29) / height) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mask = Mask([box], {0: (0.0, 0.0), count - 1: (step * (count - 1) / width, 0.0)})
    yield from erasing(folder, f"{name}, flying ball", clean, place, radius, mask, limit)


def pacing(folder: Path, name: str, factor: Fraction, count: int = 36) -> Iterator[Row]:
    frames = frames_of(name, count)
    source = write(folder / "a.mp4", frames, RATE)
    change_speed(source, folder / "b.mp4", factor=factor)
    made, wanted = probe(folder / "b.mp4").frames, round(len(frames) / factor)
    yield Row("speed", f"{name}, x {factor}", "frames", wanted, made, "exact", made == wanted)


def between(folder: Path, name: str, count: int = 25) -> Iterator[Row]:
    """Every second frame taken away and made again, against the nearer neighbour shown twice."""
    frames = frames_of(name, count)[: count // 2 * 2 + 1]
    source = write(folder / "half.mp4", frames[::2], RATE)
    change_speed(source, folder / "whole.mp4", factor=Fraction(len(frames[::2]), len(frames)))
    made = read(folder / "whole.mp4")
    again = float(np.mean([psnr(luma(made[i]), luma(frames[i])) for i in range(1, len(frames), 2)]))
    held = float(np.mean([psnr(luma(frames[i - 1]), luma(frames[i])) for i in range(1, len(frames), 2)]))
    yield Row("speed", f"{name}, frames between", "PSNR, dB", held, again, "higher than held", again > held)


def table() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-vfx-") as name:
        folder = Path(name)
        for shot, strength in (("meadow", 4.0), ("street", 3.0), ("bicycle", 3.0), ("face", 1.5)):
            yield from stabilising(folder, shot, strength)
        for shot in ("meadow", "street", "bicycle", "face"):
            for sigma in (1.0, 1.5, 2.0, 3.0):
                yield from focusing(folder, shot, sigma)
        yield from behind_a_pan(folder)
        yield from across_the_shot(folder, "wall", 27)
        yield from across_the_shot(folder, "bicycle", 40, limit=0.3)
        yield from across_the_shot(folder, "street", 40, limit=0.3)
        for factor in (Fraction(1, 4), Fraction(1, 2), Fraction(24, 25), Fraction(4, 3), Fraction(2), Fraction(4)):
            yield from pacing(folder, "street", factor)
        for shot in ("meadow", "street", "bicycle", "face"):
            yield from between(folder, shot)


def main() -> int:
    failed, say = 0, sys.stdout.write
    say(f"{'repair':14}{'shot':30}{'measure':28}{'before':>10}{'after':>10}  floor\n")
    for row in table():
        failed += not row.holds
        say(f"{row.repair:14}{row.shot:30}{row.measure:28}{row.before:10.4f}{row.after:10.4f}  "
            f"{row.floor}{'' if row.holds else '   BELOW'}\n")  # fmt: skip
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
