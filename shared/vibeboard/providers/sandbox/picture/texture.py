"""Noise the world and the paper are made of: seamless tiles, made once per process."""

from functools import lru_cache

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture.colour import Array, as_array

SIDE = 512


@lru_cache(maxsize=8)
def tile(seed: int, first: int = 4, octaves: int = 6, fall: float = 0.55) -> Array:
    """Fractal noise (512, 512) float32, mean 0, standard deviation 1, seamless at its edges."""
    rng = np.random.default_rng(seed)
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        cells = first << octave
        if cells > SIDE:
            break
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        padded = np.pad(grid, 2, mode="wrap")
        step = SIDE / cells
        big = cv2.resize(padded, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        edge = round(2 * step)
        total += big[edge : edge + SIDE, edge : edge + SIDE] * fall**octave
    total -= total.mean()
    total /= total.std() + 1e-6
    return total


@lru_cache(maxsize=1)
def brush() -> Array:
    """Brush strokes (512, 512) about 1, seamless: what keeps flat colour from looking flat."""
    return as_array(1 + 0.045 * tile(21, 16, 5, 0.6))


def sample(noise: Array, u: Array, v: Array) -> Array:
    """Noise looked up at tile coordinates in pixels, wrapping round."""
    return as_array(
        cv2.remap(
            noise, np.mod(u, SIDE - 1).astype(np.float32), np.mod(v, SIDE - 1).astype(np.float32), cv2.INTER_LINEAR
        )
    )


@lru_cache(maxsize=4)
def film_grain(height: int, width: int, seed: int) -> Array:
    """One frame of soft film grain, float32, standard deviation 1; frames of a clip roll it about."""
    rng = np.random.default_rng(seed)
    small = rng.standard_normal((height // 2 + 2, width // 2 + 2)).astype(np.float32)
    coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    fine = rng.standard_normal((height, width)).astype(np.float32)
    out: Array = coarse * 0.9 + fine * 0.55
    return out
