"""How alike two pictures are, for continuity across a cut: 1 for the same picture, about 0 for strangers.

Half of it is the layout (correlation of lightness and colour at 64 pixels across, so that grain and small moves do
not count), half the palette (overlap of the colour histograms, so that a closer view of the same set still counts).
"""

from typing import Any

import cv2
import numpy as np

ACROSS = 64
BINS = (12, 8, 8)  # lightness, green to red, blue to yellow


def likeness(one: bytes, other: bytes) -> float:
    """Of two encoded images of any sizes, -0.5 .. 1. Raises ValueError for bytes that are no image."""
    a, b = _lab(one), _lab(other)
    return round(0.5 * _layout(a, b) + 0.5 * _palette(a, b), 4)


def _lab(data: bytes) -> Any:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("no image")
    height = max(8, round(ACROSS * picture.shape[0] / picture.shape[1]))
    small = cv2.resize(picture, (ACROSS, height), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.2), cv2.COLOR_BGR2LAB)


def _layout(a: Any, b: Any) -> float:
    if a.shape != b.shape:
        b = cv2.resize(b, (a.shape[1], a.shape[0]), interpolation=cv2.INTER_AREA)
    x, y = (p.astype(np.float32).reshape(-1, 3) for p in (a, b))
    x, y = x - x.mean(0), y - y.mean(0)
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / scale if scale > 1e-6 else float(np.allclose(a, b, atol=2))


def _palette(a: Any, b: Any) -> float:
    counts = []
    for picture in (a, b):
        found = cv2.calcHist([picture], [0, 1, 2], None, list(BINS), [0, 256, 96, 160, 96, 160])
        counts.append(found / max(1.0, float(found.sum())))
    return float(np.minimum(*counts).sum())
