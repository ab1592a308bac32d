"""A depth map as a height field: one vertex per grid point, two triangles per cell."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.providers.sandbox.deconstruct.maps import Map

COLUMNS = 256  # grid points along the longer side
WIDTH = 1.6  # units (metres in glTF) along x
RELIEF = 0.3  # units between the farthest and the nearest point, along z


@dataclass(frozen=True, slots=True)
class Mesh:
    """Right-handed, y up, facing +z. `indices`: 3 per triangle, counter-clockwise."""

    columns: int
    rows: int
    positions: NDArray[np.float32]
    normals: NDArray[np.float32]
    tangents: NDArray[np.float32]  # (n, 4): along +u, w = +1
    uv: NDArray[np.float32]  # origin at the upper left
    indices: NDArray[np.uint32]


def build(depth: Map) -> Mesh:
    """The relief of a depth map (0..1, 1 nearest), centred on the origin."""
    height, width = depth.shape
    scale = COLUMNS / max(height, width)
    columns, rows = max(2, round(width * scale)), max(2, round(height * scale))
    tall = WIDTH * height / width
    z = cv2.resize(depth, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float64)
    low, high = float(z.min()), float(z.max())
    z = (z - low) / (high - low or 1.0) * RELIEF

    u, v = np.meshgrid(np.linspace(0.0, 1.0, columns), np.linspace(0.0, 1.0, rows))
    x, y = (u - 0.5) * WIDTH, (0.5 - v) * tall
    down, across = np.gradient(z, tall / (rows - 1), WIDTH / (columns - 1))
    flat = np.zeros_like(z)
    normals = _unit(np.dstack([-across, down, flat + 1.0]))  # rows run down, y runs up
    tangents = _unit(np.dstack([flat + 1.0, flat, across]))
    return Mesh(
        columns,
        rows,
        positions=_rows(np.dstack([x, y, z - RELIEF / 2])),
        normals=_rows(normals),
        tangents=_rows(np.dstack([tangents, flat + 1.0])),
        uv=_rows(np.dstack([u, v])),
        indices=_triangles(columns, rows),
    )


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True), np.float64)


def _rows(grid: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(grid.reshape(-1, grid.shape[2]), np.float32)


def _triangles(columns: int, rows: int) -> NDArray[np.uint32]:
    grid = np.arange(columns * rows, dtype=np.uint32).reshape(rows, columns)
    upper_left, upper_right, lower_left, lower_right = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    corners = [upper_left, lower_left, upper_right, upper_right, lower_left, lower_right]
    return np.ascontiguousarray(np.dstack(corners).reshape(-1), np.uint32)
