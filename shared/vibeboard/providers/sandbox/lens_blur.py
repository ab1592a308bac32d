"""Sandbox stand-in for GenFocus (SOP step 5): a picture focused anew, blurred by a lens whose opening has a shape.

Depth is a guess from one picture (or a given map), so the blur is a sketch of a look; its size is real optics.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.domain.gear import BOKEH_SHAPES
from vibeboard.domain.optics import LensCharacter, blur_disc
from vibeboard.providers.sandbox import pictures
from vibeboard.providers.sandbox.deconstruct import maps
from vibeboard.providers.sandbox.pictures import Picture

MODEL = "sandbox/lens-blur"
LEVELS = 10  # blurs between none and the strongest
SUBJECT = 0.12  # of the picture's depth
NEAREST, FARTHEST = 1.0, 12.0  # metres that the nearest and the farthest place of the picture are taken to be at
LARGEST_RADIUS = 0.04  # of the picture's longer side: beyond it a frame is no picture any more
K_WIDEST, WIDEST_AT_K = 60.0, 0.06  # GenFocus' widest k, and its radius there at a depth difference of 1, of the height
HIGHLIGHT = 0.85  # of full white; what is brighter spreads as a lamp does, and shows the shape of the opening
GAIN = 6.0

Plane = NDArray[np.float32]
_SIDES = {"triangular": 3, "pentagonal": 5, "hexagonal": 6, "octagonal": 8}


def refocus(
    image: Path,
    out: Path,
    *,
    lens: LensCharacter,
    sensor_width: float,
    focus: tuple[float, float],
    strength: float = 1.0,
    depth: Path | None = None,
) -> dict[str, float]:
    """Write `image` focused at `focus` (shares of width and height) to `out` as PNG.

    sensor_width in mm makes the blur disc a share of the picture; strength multiplies it. Returns {focusMetres,
    sharpShare, largestRadius (pixels)}. Raises Invalid for a file that is no picture.
    """
    picture = pictures.read(image, 4096)
    height, width = picture.shape[:2]
    metres = _metres(picture, depth, focus)
    at = metres[min(height - 1, int(focus[1] * height)), min(width - 1, int(focus[0] * width))]
    radius = _radii(metres, float(at), lens, sensor_width, width, strength)
    cv2.imwrite(str(out), blurred(picture, radius, lens))
    return {
        "focusMetres": round(float(at), 3),
        "sharpShare": round(float((radius < 0.75).mean()), 4),
        "largestRadius": round(float(radius.max()), 2),
    }


def opened(picture: Picture, focus: tuple[float, float], k: float, shape: str = "round") -> Picture:
    """A BGR picture with the lens opened by GenFocus' k (0 to 60): blur by difference of depth from the focus."""
    depth = maps.surface(picture).depth
    height, width = depth.shape
    row, column = min(height - 1, int(focus[1] * height)), min(width - 1, int(focus[0] * width))
    at = float(np.median(depth[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5]))
    radius = np.abs(depth - at) * (k / K_WIDEST) * WIDEST_AT_K * height
    lens = LensCharacter(2.8, 50, bokeh_shape=shape if shape in BOKEH_SHAPES else "round")
    return blurred(picture, np.asarray(radius, np.float32), lens)


def _metres(picture: Picture, depth: Path | None, focus: tuple[float, float]) -> Plane:
    """Distance of every pixel: evenly in 1/distance between the nearest and the farthest place, as depth maps are.

    What lies within SUBJECT of the place in focus counts as the same subject: a guess cannot tell chin from brow.
    """
    if depth is None:
        near = maps.surface(picture).depth
    else:
        grey = cv2.cvtColor(pictures.read(depth, 4096), cv2.COLOR_BGR2GRAY)
        near = cv2.resize(grey, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    low, high = float(near.min()), float(near.max())
    share = (near - low) / (high - low or 1.0)
    height, width = share.shape
    at = share[min(height - 1, int(focus[1] * height)), min(width - 1, int(focus[0] * width))]
    away = share - at
    share = np.clip(at + np.sign(away) * np.maximum(np.abs(away) - SUBJECT, 0), 0, 1)
    return np.asarray(1.0 / (share / NEAREST + (1 - share) / FARTHEST), np.float32)


def _radii(metres: Plane, focus: float, lens: LensCharacter, sensor_width: float, width: int, strength: float) -> Plane:
    """Radius in pixels of every place's blur disc."""
    steps = np.linspace(NEAREST, FARTHEST, 256)
    discs = np.array([blur_disc(lens, focus, float(step)) for step in steps])
    pixels = np.interp(metres, steps, discs) / (sensor_width * lens.squeeze) * width / 2 * strength
    return np.asarray(np.minimum(pixels, LARGEST_RADIUS * max(metres.shape)), np.float32)


def blurred(picture: Picture, radius: Plane, lens: LensCharacter) -> Picture:
    """Each place blurred by its own radius, in linear light, with the opening's shape."""
    linear = (picture.astype(np.float32) / 255) ** 2.2
    lamps = np.clip((linear.max(axis=2) - HIGHLIGHT**2.2) / (1 - HIGHLIGHT**2.2), 0, 1)
    linear *= (1 + GAIN * lamps * np.clip(radius / 6, 0, 1))[..., None]  # a lamp in focus stays what it is
    largest = float(radius.max())
    levels = np.linspace(0.0, largest, LEVELS) if largest >= 0.75 else np.zeros(1)
    total = np.zeros_like(linear)
    weight = np.zeros(radius.shape, np.float32)
    spacing = float(levels[1]) if len(levels) > 1 else 1.0
    for level in levels:
        share = np.clip(1 - np.abs(radius - level) / spacing, 0, 1).astype(np.float32)
        if not share.any():
            continue
        # What is sharp must not bleed into the blur behind it: only places of this level are spread, then divided.
        spread, layer = _spread(np.dstack([share, linear * share[..., None]]), float(level), lens)
        cover = np.minimum(spread, 1.0)
        total = total * (1 - cover)[..., None] + layer
        weight = weight * (1 - cover) + spread
    mixed = total / np.maximum(weight, 1e-4)[..., None]
    return np.clip(np.rint(np.clip(mixed, 0, 1) ** (1 / 2.2) * 255), 0, 255).astype(np.uint8)


def _spread(planes: Plane, radius: float, lens: LensCharacter) -> tuple[Plane, Plane]:
    """(share, colour) spread over the opening's shape; wide blurs on a smaller raster, where nothing fine is left."""
    height, width = planes.shape[:2]
    scale = 1 if radius < 8 else 2 if radius < 16 else 4
    if scale > 1:
        planes = cv2.resize(planes, (-(-width // scale), -(-height // scale)), interpolation=cv2.INTER_AREA)
    done = cv2.filter2D(planes, -1, aperture(radius / scale, lens), borderType=cv2.BORDER_REFLECT)
    if scale > 1:
        done = cv2.resize(done, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(done[..., 0], np.float32), np.asarray(done[..., 1:], np.float32)


def aperture(radius: float, lens: LensCharacter) -> Plane:
    """The opening's shape as a kernel of sum 1; a squeezed lens draws it tall and narrow."""
    if radius < 0.5:
        return np.ones((1, 1), np.float32)
    size = int(np.ceil(radius)) * 2 + 3
    fine, half = 4, size / 2
    y, x = (np.mgrid[0 : size * fine, 0 : size * fine] + 0.5) / fine - half
    if lens.squeeze > 1 or lens.bokeh_shape == "oval":
        x = x * max(lens.squeeze, 1.6)
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    sides = _SIDES.get(lens.bokeh_shape)
    if sides:
        sector = np.mod(angle + np.pi / 2, 2 * np.pi / sides) - np.pi / sides
        inside = r * np.cos(sector) <= radius * np.cos(np.pi / sides)
    elif lens.bokeh_shape == "cat-eye":
        inside = (r <= radius) & (np.hypot(x - 0.5 * radius, y) <= radius)
    else:
        inside = r <= radius
    shape = inside.astype(np.float32)
    if lens.bokeh_shape == "bubble":
        shape *= np.where(r > 0.8 * radius, 2.5, 1.0).astype(np.float32)
    if lens.bokeh_shape == "swirl":
        shape *= (1 + 0.8 * np.sin(3 * angle + 4 * r / radius)).astype(np.float32)
    kernel = cv2.resize(shape, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), np.float32)
