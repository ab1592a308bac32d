"""Does the subject stay the same? Appearance features of a box that follows the middle of the picture.

No person is recognised here: colour and outline of whatever stands in the box are compared over time, and with
reference pictures only in the sense that likeness must not get lost on the way. Models that know faces run on the
GPU worker.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_SIDE = 64
_HOG = cv2.HOGDescriptor((_SIDE, _SIDE), (32, 32), (16, 16), (16, 16), 9)


class SubjectTracker:
    """A box of 36 % by 56 % that starts in the centre and moves with the camera's displacement."""

    def __init__(self) -> None:
        self._centre = np.array([0.5, 0.5])

    def feature(self, grey: Array, u: Array, v: Array, shift: Array) -> Array:
        """Unit feature of the box in this frame; `shift`: how `grey` moved since the last, in pixels."""
        height, width = grey.shape
        self._centre = np.clip(self._centre + shift / (width, height), 0.25, 0.75)
        return appearance(*(self._box(plane) for plane in (grey, u, v)))

    def _box(self, plane: Array) -> Array:
        height, width = plane.shape
        x, y = self._centre * (width, height)
        left, right = int(x - 0.18 * width), max(int(x - 0.18 * width) + 2, int(x + 0.18 * width))
        top, bottom = int(y - 0.28 * height), max(int(y - 0.28 * height) + 2, int(y + 0.28 * height))
        return plane[max(0, top) : bottom, max(0, left) : right]


def appearance(grey: Array, u: Array, v: Array) -> Array:
    """Unit vector of a picture part: square roots of luma (evened) and chroma histograms, and oriented gradients."""
    planes = [cv2.resize(plane, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for plane in (grey, u, v)]
    # Light and dark within the part, whatever light falls on it: a fade makes nobody another.
    mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(planes[0]))
    even = cv2.convertScaleAbs(planes[0], alpha=40 / max(spread, 8.0), beta=128 - mean * 40 / max(spread, 8.0))
    light = cv2.calcHist([even], [0], None, [8], [0, 256]).ravel()
    colour = cv2.calcHist(planes[1:], [0, 1], None, [16, 16], [64, 192, 64, 192])
    # Neighbouring bins share: a colour on the edge of two bins must not jump.
    colour = cv2.GaussianBlur(colour, (3, 3), 0).ravel()
    tones = np.sqrt(np.concatenate([light, colour]) + 1e-9)
    outline = np.asarray(_HOG.compute(planes[0])).ravel() + 1e-6
    parts = [tones / np.linalg.norm(tones), outline / np.linalg.norm(outline)]
    return np.concatenate(parts).astype(np.float32) / np.float32(np.sqrt(2))


def reference_features(images: Sequence[Array]) -> list[Array]:
    """Features of reference pictures (BGR), of their middle like the subject's box."""
    features = []
    for image in images:
        yuv = cv2.cvtColor(image, cv2.COLOR_BGR2YUV)
        height, width = yuv.shape[:2]
        part = yuv[int(0.22 * height) : int(0.78 * height), int(0.32 * width) : int(0.68 * width)]
        features.append(appearance(part[..., 0], part[..., 1], part[..., 2]))
    return features
