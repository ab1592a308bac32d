"""Blur that is taken back: how blurred a picture is, and a deconvolution that restores what the blur left.

The blur of an edge is read from how much a second blur of known size flattens it (Zhuo and Sim, "Defocus map
estimation from a single image", 2011): a step blurred by s has a slope in proportion to 1/s.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.errors import MediaError

Array = NDArray[Any]

MAX_BLUR = 12.0  # pixels; beyond it too little is left to restore
MIN_BLUR = 0.6  # pixels: what sampling and coding cost a picture that is in focus
_PROBE = 1.2  # pixels, the known second blur
_EDGES = 0.97  # only the strongest slopes are edges
_SHARPEST = 0.25  # quantile of the edges' blur: the blur all of them share, not that of what lies out of the plane


def measured_blur(frames: Iterable[Array]) -> float:
    """Sigma in pixels of the blur that all edges of BGR (or grey) pictures share; 0.0 where nothing has an edge."""
    found = [sigma for frame in frames if (sigma := _edge_blur(frame)) is not None]
    return float(np.median(found)) if found else 0.0


def _edge_blur(frame: Array) -> float | None:
    grey = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame).astype(np.float32)
    slope = _slope(grey)
    strong = slope > max(4.0, float(np.quantile(slope, _EDGES)))
    # The crest of an edge only: on its flanks the two slopes say nothing of its width.
    crest = strong & (slope >= cv2.dilate(slope, np.ones((3, 3), np.uint8)) - 1e-3)
    if crest.sum() < 30:
        return None
    ratio = slope[crest] / np.maximum(1e-3, _slope(cv2.GaussianBlur(grey, (0, 0), _PROBE))[crest])
    sigmas = _PROBE / np.sqrt(np.maximum(1e-3, ratio**2 - 1))
    return min(MAX_BLUR, float(np.quantile(sigmas, _SHARPEST)))


def _slope(grey: Array) -> Array:
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(np.hypot(across, down))


def noise_ratio(sigma: float) -> float:
    """Noise-to-signal of coded footage for a blur of `sigma`: the stronger the blur, the less of it is in the way."""
    return float(np.clip(0.02 / sigma**2, 0.002, 0.03))


def deconvolved(frame: Array, sigma: float, noise: float | None = None) -> Array:
    """A BGR picture with a Gaussian blur of `sigma` pixels taken back on luma (Wiener filter).

    Nothing is invented: flat areas keep their level. Raises MediaError for a blur outside 0 to 12 pixels.
    """
    luma, *chroma = cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2YCrCb))
    height, width = luma.shape
    undo = wiener(width, height, round(sigma, 2), noise if noise is not None else noise_ratio(sigma))
    return np.asarray(cv2.cvtColor(cv2.merge([undo(luma), *chroma]), cv2.COLOR_YCrCb2BGR))


@lru_cache(maxsize=8)
def wiener(width: int, height: int, sigma: float, noise: float) -> "Wiener":
    return Wiener(width, height, sigma, noise)


class Wiener:
    """The inverse of a Gaussian blur, as far as noise lets it be inverted. Made once for all frames of a size."""

    def __init__(self, width: int, height: int, sigma: float, noise: float) -> None:
        if not 0 < sigma <= MAX_BLUR:
            raise MediaError("BLUR_OUT_OF_RANGE", f"A blur of {sigma:g} pixels cannot be undone", "usable are 0 to 12")
        self._pad = max(24, int(4 * sigma))
        rows = cv2.getOptimalDFTSize(height + 2 * self._pad)
        columns = cv2.getOptimalDFTSize(width + 2 * self._pad)
        self._edges = (self._pad, rows - height - self._pad, self._pad, columns - width - self._pad)
        squared = np.fft.fftfreq(rows)[:, None] ** 2 + np.fft.fftfreq(columns)[None] ** 2
        transfer = np.exp(-2 * (np.pi * sigma) ** 2 * squared)
        inverse = transfer / (transfer**2 + noise)
        inverse /= inverse[0, 0]  # flat areas must keep their level
        self._inverse = np.repeat(inverse.astype(np.float32)[..., None], 2, axis=2)

    def __call__(self, luma: Array) -> Array:
        height, width = luma.shape
        padded = cv2.copyMakeBorder(luma.astype(np.float32), *self._edges, cv2.BORDER_REFLECT_101)
        spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT) * self._inverse
        sharp = cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
        inner = sharp[self._pad : self._pad + height, self._pad : self._pad + width]
        return np.asarray(np.clip(np.rint(inner), 0, 255).astype(np.uint8))


def richardson_lucy(luma: Array, sigma: float, rounds: int = 25) -> Array:
    """Luma deblurred by Richardson and Lucy's iteration: no ringing below black, at four times the Wiener's time."""
    seen = np.maximum(1.0, luma.astype(np.float32))
    estimate = seen.copy()
    for _ in range(rounds):
        estimate *= cv2.GaussianBlur(seen / np.maximum(1e-3, cv2.GaussianBlur(estimate, (0, 0), sigma)), (0, 0), sigma)
    return np.asarray(np.clip(np.rint(estimate), 0, 255).astype(np.uint8))
