"""Moving pictures with known motion, and faults to put into them."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ffmpeg import write_frames

Frame = NDArray[np.uint8]
WIDTH, HEIGHT, COUNT, RATE = 480, 270, 40, Fraction(24)
MIDDLE = COUNT // 2


def scenery(seed: int, width: int = 1100, height: int = 640) -> Frame:
    """A large picture with soft and hard detail at all sizes."""
    rng = np.random.default_rng(seed)
    base = np.zeros((height, width, 3), np.float32)
    for octave in range(6):
        grid = rng.random((4 * 2**octave + 2, 6 * 2**octave + 2, 3)).astype(np.float32)
        base += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 1.6**octave
    base = (base - base.min()) / np.ptp(base) * 200 + 20
    for _ in range(40):
        x, y, w, h = rng.integers(0, [width, height, 120, 160])
        cv2.rectangle(base, (int(x), int(y)), (int(x + w + 12), int(y + h + 12)), rng.integers(20, 235, 3).tolist(), -1)
    # No lens draws a step from one pixel to the next.
    return np.asarray(cv2.GaussianBlur(np.clip(base, 0, 255).astype(np.uint8), (0, 0), 0.7), np.uint8)


def shot(seed: int, move: str = "pan", count: int = COUNT) -> list[Frame]:
    """A camera over scenery: pan (steady), push (eased zoom), or still with one thing that crosses."""
    picture, frames = scenery(seed), []
    for index in range(count):
        part = index / (COUNT - 1)
        eased = part * part * (3 - 2 * part)
        zoom, x = {"pan": (1.0, 60 * part), "push": (1 + 0.2 * eased, 40 * eased), "cross": (1.0, 0.0)}[move]
        matrix = np.array([[zoom, 0, -80 - x], [0, zoom, -60 - x / 4]], np.float32)
        frame = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        if move == "cross":
            cv2.circle(frame, (120 + round(400 * part), 180), 50, (40, 60, 220), -1, cv2.LINE_AA)
            cv2.circle(frame, (105 + round(400 * part), 170), 18, (230, 230, 210), -1, cv2.LINE_AA)
        frames.append(np.asarray(frame, np.uint8))
    return frames


def grain(frames: list[Frame], seed: int = 0) -> list[Frame]:
    """Film grain of one level, new in each frame."""
    rng = np.random.default_rng(seed)
    return [clipped(frame + rng.normal(0, 1, frame.shape[:2])[..., None]) for frame in frames]


def clipped(frame: NDArray[np.floating]) -> Frame:
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def write(path: Path, frames: list[Frame], rate: Fraction = RATE) -> Path:
    """H.264 of good quality: faults are to come from us, not from the encoder."""
    height, width = frames[0].shape[:2]
    colours = "scale=flags=bicubic+accurate_rnd:out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709"
    video = ["-vf", colours, "-c:v", "libx264", "-preset", "fast", "-crf", "16", "-pix_fmt", "yuv420p", "-bf", "0"]
    write_frames((frame.data for frame in frames), (width, height), rate, "bgr24", [*video, str(path)])
    return path


def _gain(frames: list[Frame], strength: float) -> list[Frame]:
    rng = np.random.default_rng(1)
    return [clipped(frame * (1 + strength * rng.normal())) for frame in frames]


def _local_gain(frames: list[Frame]) -> list[Frame]:
    rng = np.random.default_rng(2)
    grids = [rng.normal(size=(4, 6)).astype(np.float32) for _ in frames]
    fields = [cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None] for grid in grids]
    return [clipped(frame * (1 + 0.05 * field)) for frame, field in zip(frames, fields, strict=True)]


def _held(frames: list[Frame], count: int) -> list[Frame]:
    return [*frames[:MIDDLE], *[frames[MIDDLE - 1]] * count, *frames[MIDDLE + count :]]


def _shaken(frames: list[Frame]) -> list[Frame]:
    rng = np.random.default_rng(3)
    offsets = rng.normal(0, 1.0 * WIDTH / 480, (len(frames), 2))
    matrices = [np.array([[1, 0, x], [0, 1, y]], np.float32) for x, y in offsets]
    size, border = (WIDTH, HEIGHT), cv2.BORDER_REFLECT
    moved = [cv2.warpAffine(f, m, size, borderMode=border) for f, m in zip(frames, matrices, strict=True)]
    return [np.asarray(frame, np.uint8) for frame in moved]


def _late(change: Callable[[Frame], Frame]) -> Callable[[list[Frame]], list[Frame]]:
    return lambda frames: [*frames[:MIDDLE], *(change(frame) for frame in frames[MIDDLE:])]


def _swapped(frames: list[Frame]) -> list[Frame]:
    other = scenery(99)[:HEIGHT, :WIDTH].astype(np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot((x - WIDTH / 2) / (WIDTH / 6), (y - HEIGHT / 2) / (HEIGHT / 3.5))
    mask = np.clip(1.5 - away, 0, 1)[..., None]
    amounts = [mask * np.clip((i - MIDDLE) / 3, 0, 1) for i in range(len(frames))]
    return [clipped(f * (1 - a) + other * a) for f, a in zip(frames, amounts, strict=True)]


def _wandering(frames: list[Frame]) -> list[Frame]:
    tint = np.array([24.0, 0.0, -24.0])
    return [clipped(frame + tint * index / len(frames)) for index, frame in enumerate(frames)]


# name -> (how to put it in, the issue that must be named, the frame that must be named or None for all along)
FAULTS: dict[str, tuple[Callable[[list[Frame]], list[Frame]], str, int | None]] = {
    "flicker of 3 %": (lambda frames: _gain(frames, 0.03), "flicker", None),
    "local flicker": (_local_gain, "flicker", None),
    "one held frame": (lambda frames: _held(frames, 1), "frozen", MIDDLE),
    "freeze": (lambda frames: _held(frames, 8), "frozen", MIDDLE),
    "one missing frame": (lambda frames: frames[:MIDDLE] + frames[MIDDLE + 1 :], "motion_jump", MIDDLE),
    "two missing frames": (lambda frames: frames[:MIDDLE] + frames[MIDDLE + 2 :], "motion_jump", MIDDLE),
    "jitter": (_shaken, "motion_jump", None),
    "blur": (_late(lambda f: np.asarray(cv2.GaussianBlur(f, (0, 0), 2.2), np.uint8)), "blur", MIDDLE),
    "cut": (lambda frames: frames[:MIDDLE] + shot(77)[MIDDLE:], "motion_jump", MIDDLE),
    "tint": (_late(lambda f: clipped(f + np.array([14.0, 0.0, -14.0]))), "colour_shift", MIDDLE),
    "exposure": (_late(lambda f: clipped(f * 1.18)), "colour_shift", MIDDLE),
    "wandering colour": (_wandering, "colour_shift", COUNT - 1),
    "another subject": (_swapped, "identity_drift", MIDDLE + 2),
}
