"""From light to print: depth of field, bloom, tone curve, palette grade, and the vignette and grain over all."""

import math
from functools import lru_cache

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture import texture
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, Scheme, as_array, as_bytes, bands
from vibeboard.providers.sandbox.picture.sheet import Sprite

_MOST_CRISP = 2.2  # times the detail that is left: beyond that, noise is all that grows


def defocus(light: Array, depth: Array, focus: float, blur: float) -> Array:
    """Blurs by circle of confusion: blur pixels (radius) at infinity-like distance, none at the focus."""
    if blur < 1.2:
        return light
    h, w = light.shape[:2]
    coc = np.abs(1 - focus / np.maximum(depth, 0.1)) * blur * 2
    coc = cv2.resize(np.minimum(coc, blur * 2.2), (w // 2, h // 2))
    coc = cv2.GaussianBlur(coc, (0, 0), 2.0)
    half = cv2.resize(light, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    levels = [1.5, max(2.2, blur * 0.7), max(3.2, blur * 1.7)]
    out = light
    for low, radius in zip([0.6, *levels[:-1]], levels, strict=True):
        soft = _disc_blur(half, radius)
        share = np.clip((coc - low) / max(0.5, radius - low), 0, 1)
        soft = cv2.resize(soft, (w, h), interpolation=cv2.INTER_LINEAR)
        amount = cv2.resize(share, (w, h))[..., None]
        out = out + (soft - out) * amount
    return out


def _disc_blur(half: Array, radius: float) -> Array:
    """A round-bokeh blur; radius in full-size pixels, the picture is at half size."""
    r = radius / 2
    shrink = 1
    while r / shrink > 7:
        shrink *= 2
    small = (
        half
        if shrink == 1
        else cv2.resize(half, (half.shape[1] // shrink, half.shape[0] // shrink), interpolation=cv2.INTER_AREA)
    )
    r = max(0.7, r / shrink)
    size = int(np.ceil(r)) * 2 + 1
    y, x = np.mgrid[:size, :size] - size // 2
    kernel = np.clip(r + 0.5 - np.sqrt(x * x + y * y), 0, 1).astype(np.float32)
    out: Array = cv2.filter2D(np.minimum(small, 6.0), -1, kernel / kernel.sum())
    if shrink > 1:
        out = cv2.GaussianBlur(out, (0, 0), 0.8)
        out = cv2.resize(out, (half.shape[1], half.shape[0]), interpolation=cv2.INTER_LINEAR)
    return out


def bloom(light: Array) -> Array:
    """Glow round what is brighter than paper."""
    h, w = light.shape[:2]
    small = cv2.resize(light, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    bright = np.maximum(small - 0.75, 0)
    np.minimum(bright, 3.0, out=bright)
    if float(bright.max()) <= 0.01:
        return light
    glow = cv2.GaussianBlur(bright, (0, 0), max(1.2, w / 480)) * 0.55
    tiny = cv2.resize(bright, (w // 16, h // 16), interpolation=cv2.INTER_AREA)
    glow += cv2.resize(cv2.GaussianBlur(tiny, (0, 0), max(1.2, w / 480)), (w // 4, h // 4)) * 0.75
    out: Array = light + cv2.resize(glow, (w, h))
    return out


_CURVE_SIZE = 1024


@lru_cache(maxsize=8)
def _curve(gain: float) -> Array:
    """Scene light (0..8, square-root spaced) to display 0..255: exposure with a filmic shoulder and a soft toe."""
    x = (np.linspace(0, 1, _CURVE_SIZE) ** 2 * 8 * gain).astype(np.float64)
    y = np.clip((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    y = np.power(y, 1 / 2.05)
    y = y + 0.30 * (y * y * (3 - 2 * y) - y)  # a little more contrast
    out: Array = (y * 255).astype(np.float32)
    return out


def undevelop(picture: Bytes, gain: float) -> Array:
    """An 8-bit picture back to light, so that figures and weather can be lit into it."""
    x = np.linspace(0, 1, _CURVE_SIZE) ** 2 * 8
    table = np.interp(np.arange(256), _curve(gain), x).astype(np.float32)
    out: Array = np.take(table, picture)
    return out


def develop(light: Array, scheme: Scheme, gain: float) -> Bytes:
    """Light (H, W, 3) to a graded 8-bit picture; the same for plates and cut-outs, so that they match."""
    tone = _curve(gain)
    gains, lifts = _grade_tables(scheme)
    out = np.empty(light.shape, np.uint8)
    for rows in bands(*light.shape[:2]):
        index = np.clip(light[rows], 0, 8)
        cv2.sqrt(index, dst=index)
        index *= (_CURVE_SIZE - 1) / math.sqrt(8)
        out[rows] = _graded(as_array(np.take(tone, index.astype(np.intp))), gains, lifts)
    return out


_LUMA = np.array([[0.0722, 0.7152, 0.2126]], np.float32)
SATURATION = 1.24


# Saturation as one matrix: each channel moves away from the luma of its pixel.
_SATURATE = (np.eye(3, dtype=np.float32) * SATURATION - np.repeat(_LUMA, 3, axis=0) * (SATURATION - 1)).astype(
    np.float32
)


def _graded(picture: Array, gains: Array, lifts: Array) -> Bytes:
    """Shadows lean to the palette's darkest colour, middles to its ambient; float32 0..255 in, 8 bit out."""
    level = cv2.merge([np.clip(cv2.transform(picture, _LUMA), 0, 255).astype(np.uint8)] * 3)
    cv2.multiply(picture, cv2.LUT(level, gains), dst=picture)
    cv2.add(picture, cv2.LUT(level, lifts), dst=picture)
    cv2.transform(picture, _SATURATE, dst=picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def _grade_tables(scheme: Scheme) -> tuple[Array, Array]:
    """Per level of luma (256, 1, 3): the gain of the middles and the lift of the shadows."""
    luma = np.arange(256, dtype=np.float32)[:, None]
    shadow = np.array(scheme.shadow, np.float32) * 255
    lift = shadow * 0.34 * np.clip(1 - luma / 90, 0, 1) ** 1.5
    tint = np.array(scheme.ambient, np.float32)
    tint = tint / max(0.2, float(tint.max()))
    gain = 1 + (tint * 1.15 - 0.75) * np.clip(1 - np.abs(luma - 80) / 80, 0, 1) * 0.14
    return as_array(gain)[:, None], as_array(lift)[:, None]


def paint(plate: Array, sprite: Sprite) -> None:
    """Lays a cut-out over light, in place, clipped to the picture."""
    h, w = plate.shape[:2]
    sh, sw = sprite.alpha.shape
    x0, y0, x1, y1 = max(0, sprite.left), max(0, sprite.top), min(w, sprite.left + sw), min(h, sprite.top + sh)
    if x1 <= x0 or y1 <= y0:
        return
    rows, cols = slice(y0 - sprite.top, y1 - sprite.top), slice(x0 - sprite.left, x1 - sprite.left)
    region = plate[y0:y1, x0:x1]
    region *= (1 - sprite.alpha[rows, cols])[..., None]
    region += sprite.light[rows, cols]


def detail(picture: Bytes) -> float:
    """How much fine detail a picture (h, w, 3 or 4) has: the mean slope change of its green, in levels."""
    return float(cv2.mean(cv2.convertScaleAbs(cv2.Laplacian(cv2.extractChannel(picture, 1), cv2.CV_16S)))[0])


def crisp(picture: Bytes, wanted: float) -> Bytes:
    """A picture moved or mixed from others, with the detail they had given back: else it breathes as it plays."""
    has = detail(picture)
    gain = min(_MOST_CRISP, wanted / max(has, 0.05))
    if gain < 1.02:
        return picture
    soft = cv2.GaussianBlur(picture, (3, 3), 0.8)
    return as_bytes(cv2.addWeighted(picture, gain, soft, 1 - gain, 0))


def vignette(width: int, height: int) -> Array:
    """Fall-off to the corners (H, W) float32, 1 in the middle."""
    x = (np.arange(width, dtype=np.float32) / width - 0.5) * 2
    y = (np.arange(height, dtype=np.float32) / height - 0.5) * 2
    out: Array = 1 - 0.30 * np.clip((x[None] ** 2 * 0.62 + y[:, None] ** 2 * 0.55), 0, 1.2) ** 1.3
    return out


def print_frame(picture: Bytes, seed: int, strength: float = 3.2) -> Bytes:
    """Vignette and film grain."""
    h, w = picture.shape[:2]
    out = picture.astype(np.float32) * vignette(w, h)[..., None]
    out += (texture.film_grain(h, w, seed % 7) * strength)[..., None]
    return as_bytes(np.clip(out, 0, 255))
