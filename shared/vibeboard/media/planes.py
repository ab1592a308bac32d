"""Arithmetic on single planes (8-bit luma or chroma), made for speed: sums in cells by integral images."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCKS = 160  # blocks to the width in which the steepness of edges is kept
_CUBES = ((np.arange(256) / 8) ** 3).astype(np.float32)


def cell_sums(planes: Sequence[Array], mask: Array, cells: tuple[int, int]) -> list[Array]:
    """How many pixels of each cell the mask keeps, and for each plane the sum of them; rows x columns."""
    count = _sums(mask, cells) / 255
    return [count, *(_sums(cv2.bitwise_and(plane, mask), cells) for plane in planes)]


def cell_mean(plane: Array, cells: tuple[int, int]) -> Array:
    """Mean of a plane in each cell, to parts of a level."""
    rows, columns = _bounds(plane.shape, cells)
    return np.asarray(_sums(plane, cells) / np.outer(np.diff(rows), np.diff(columns)))


def kept_pixels(error: Array, inside: Array) -> Array:
    """Mask of the pixels that were in the picture before, without the worst 5 %: those were covered or uncovered."""
    counts = cv2.calcHist([error], [0], inside, [256], [0, 256]).ravel()
    limit = int(np.searchsorted(np.cumsum(counts), 0.95 * counts.sum()))
    return np.asarray(cv2.bitwise_and(cv2.inRange(error, 0, limit), inside))


def reduced(plane: Array, size: tuple[int, int]) -> Array:
    """A plane at another size (width, height), by area; halved first as often as that goes, which costs a tenth."""
    while plane.shape[1] >= 2 * size[0] and plane.shape[0] >= 2 * size[1]:
        plane = cv2.resize(plane, (plane.shape[1] // 2, plane.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if plane.shape[::-1] == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def likeness(one: Array, two: Array) -> float:
    """Correlation of two pictures: 1 for the same picture at any brightness, near 0 for another picture."""
    a, b = (plane.astype(np.float32) for plane in (one, two))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b) + a.size))


def histogram(small: Array, u: Array, v: Array) -> Array:
    """Shares of 8x16x16 colours in a picture whose chroma planes may have another size than `small`."""
    size = small.shape[1], small.shape[0]
    planes = [small, *(cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (u, v))]
    counts = cv2.calcHist(planes, [0, 1, 2], None, [8, 16, 16], [0, 256, 64, 192, 64, 192])
    return np.asarray(counts).ravel() / small.size


def texture(grey: Array, cells: tuple[int, int]) -> Array:
    """Root of the mean squared slope, in levels a pixel, in each cell."""
    across = cv2.subtract(grey[1:, 1:], grey[1:, :-1], dtype=cv2.CV_32F)
    down = cv2.subtract(grey[1:, 1:], grey[:-1, 1:], dtype=cv2.CV_32F)
    squares = cv2.add(cv2.multiply(across, across), cv2.multiply(down, down))
    return np.asarray(np.sqrt(cv2.resize(squares, cells, interpolation=cv2.INTER_AREA)), np.float16)


def edge_sharpness(detail: Array, steep: Array, cells: tuple[int, int], floor: float) -> Array:
    """How steep edges are (`steep`) against the same picture at half size, in each cell: about 1 sharp, 0.5 soft.

    A step keeps its height from pixel to pixel at any size; a soft ramp doubles its slope when size is halved. The
    third power lets edges speak, not flat areas and their noise. `floor`: where there is nothing else, 0.5 comes out.
    """
    half = cv2.resize(detail, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    one, two = (cv2.resize(plane, cells, interpolation=cv2.INTER_AREA) for plane in (steep, steepness(half)))
    return np.asarray(np.cbrt((one + floor / 8) / (two + floor))).ravel()


def steepness(detail: Array) -> Array:
    """Mean third power of the slope (in eight levels a pixel) in square blocks, about 160 to the width."""
    across = cv2.absdiff(detail[1:, 1:], detail[1:, :-1])
    down = cv2.absdiff(detail[1:, 1:], detail[:-1, 1:])
    side = max(1, round(detail.shape[1] / BLOCKS))
    columns, rows = across.shape[1] // side, across.shape[0] // side
    # Whole blocks only: reducing by a whole number is many times as fast.
    slopes = cv2.LUT(cv2.max(across, down)[: max(1, rows * side), : max(1, columns * side)], _CUBES)
    return np.asarray(cv2.resize(slopes, (max(1, columns), max(1, rows)), interpolation=cv2.INTER_AREA))


def _sums(plane: Array, cells: tuple[int, int]) -> Array:
    rows, columns = _bounds(plane.shape, cells)
    corners = cv2.integral(plane)[np.ix_(rows, columns)].astype(np.float64)
    return np.asarray(np.diff(np.diff(corners, axis=0), axis=1))


@cache
def _bounds(shape: tuple[int, int], cells: tuple[int, int]) -> tuple[Array, Array]:
    """Row and column borders of the cells in pixels; a picture smaller than its cells has empty ones of one pixel."""
    height, width = shape
    rows = np.linspace(0, height, cells[1] + 1).round().astype(int)
    columns = np.linspace(0, width, cells[0] + 1).round().astype(int)
    return rows, columns
