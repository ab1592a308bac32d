"""Sandbox stand-in for GenFocus (SOP step 5): a lens opened over a sharp picture, by a guess of its depth.

Each distance from the focused plane has its disc of blur; discs are summed in linear light, so that highlights open
into the aperture's shape as they do behind glass. Depth is guessed as in `deconstruct`: a guess, and said so.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.providers.sandbox.deconstruct import maps
from vibeboard.providers.sandbox.pictures import Picture

Array = NDArray[Any]

GAMMA = 2.2
LEVELS = 7  # discs between sharp and widest
WIDEST = 0.03  # of the picture's height: the largest disc's radius
K_WIDEST = 60.0  # GenFocus' k that opens the lens that far at a depth difference of 1
_BLADES = {"hexagonal": 6, "pentagonal": 5, "octagonal": 8}


def lens_blur(picture: Picture, focus: tuple[float, float], k: float, shape: str = "round") -> Picture:
    """A BGR picture in focus at the depth of `focus` (0..1 across and down); k (0..60) is how far the lens is open.

    shape: round, oval (an anamorphic's), or hexagonal, pentagonal, octagonal; any other word draws round.
    """
    height, width = picture.shape[:2]
    depth = maps.surface(picture).depth
    row, column = min(height - 1, int(focus[1] * height)), min(width - 1, int(focus[0] * width))
    near = depth[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5]
    away = np.abs(depth - float(np.median(near)))
    radius = away * (k / K_WIDEST) * WIDEST * height * 2
    widest = float(radius.max())
    if widest < 0.5:
        return picture.copy()
    light = (picture.astype(np.float32) / 255) ** GAMMA
    steps = np.linspace(0, widest, LEVELS)
    made = np.zeros_like(light)
    for index, step in enumerate(steps):
        share = np.clip(1 - np.abs(radius - step) / (steps[1] or 1), 0, 1)[..., None]
        if share.any():
            blurred = light if index == 0 else cv2.filter2D(light, -1, _aperture(step, shape))
            made += blurred * share.astype(np.float32)
    return np.asarray(np.rint(np.clip(made, 0, 1) ** (1 / GAMMA) * 255).astype(np.uint8))


def _aperture(radius: float, shape: str) -> Array:
    """The disc of one point of light, its sum 1."""
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    if shape in ("oval", "anamorphic"):
        far = np.hypot(x * 1.6, y)
    elif shape in _BLADES:
        blade = np.pi / _BLADES[shape]
        angle = np.mod(np.arctan2(y, x), 2 * blade) - blade
        far = np.hypot(x, y) * np.cos(angle) / np.cos(blade)
    else:
        far = np.hypot(x, y)
    disc = np.clip(radius + 0.5 - far, 0, 1)
    return np.asarray(disc / disc.sum(), np.float32)
