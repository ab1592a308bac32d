"""Colour: the light of a scene from the Style Bible palette, all as float BGR 0..1 (OpenCV order)."""

import colorsys
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Array = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]


def as_bytes(picture: Any) -> Bytes:
    """What OpenCV returned, as the 8-bit picture that it is."""
    out: Bytes = np.asarray(picture, np.uint8)
    return out


def as_array(values: Any) -> Array:
    """What OpenCV or numpy returned, as float32."""
    out: Array = np.asarray(values, np.float32)
    return out


def bands(height: int, width: int) -> Iterator[slice]:
    """Rows of a float picture a cache's worth at a time: long chains of arithmetic run some times faster so."""
    step = max(8, 24_000 // max(1, width))
    for top in range(0, height, step):
        yield slice(top, min(height, top + step))


def rgb(red: float, green: float, blue: float) -> Colour:
    """RGB 0..255 to the engine's BGR 0..1."""
    return blue / 255, green / 255, red / 255


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Linear mix; share 0 is a, 1 is b."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def scale(a: Colour, by: float) -> Colour:
    """Brighter or darker, unclipped."""
    return a[0] * by, a[1] * by, a[2] * by


def luma(a: Colour) -> float:
    """Rec. 709 luma."""
    return 0.0722 * a[0] + 0.7152 * a[1] + 0.2126 * a[2]


def hsv(a: Colour) -> tuple[float, float, float]:
    """Hue, saturation, value, each 0..1."""
    return colorsys.rgb_to_hsv(a[2], a[1], a[0])


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """Inverse of hsv."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), value)
    return blue, green, red


def parse_hex(text: str) -> Colour | None:
    """'#e94560' or 'e94' to a colour; None when it is no hex colour."""
    digits = text.strip().lstrip("#")
    if re.fullmatch(r"[0-9a-fA-F]{3}", digits):
        digits = "".join(c * 2 for c in digits)
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        return None
    return rgb(int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours a frame is lit with."""

    shadow: Colour  # tint of the deepest tones
    ambient: Colour  # fill light and haze
    key: Colour  # main light
    accent: Colour  # practicals: neon, lamps, rim
    second: Colour  # a second practical, opposed in hue
    sky_top: Colour
    sky_low: Colour


GENRE_PALETTES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("noir", "thriller", "crime", "mystery"), ("#14162a", "#e04a5f", "#1d4468")),
    (("horror",), ("#0d1414", "#9c2a22", "#2f4a40")),
    (("sci-fi", "science fiction", "scifi", "cyberpunk"), ("#0b1626", "#35d0e0", "#2a4a78")),
    (("romance", "romantic"), ("#4a2c3a", "#ff9d6c", "#8db4c8")),
    (("western",), ("#3b2416", "#e39a3b", "#7fa0ae")),
    (("comedy",), ("#33405e", "#ffb52e", "#5fb2b8")),
    (("fantasy", "adventure"), ("#1c2b2a", "#e8b64c", "#4d7f86")),
    (("action", "war"), ("#151c22", "#f08030", "#3a5f70")),
)


def palette_of(colours: Sequence[str], words: str) -> list[Colour]:
    """The palette as colours; a genre's own when the Style Bible names none that can be read."""
    parsed = [c for c in map(parse_hex, colours) if c is not None]
    if parsed:
        return parsed
    for names, palette in GENRE_PALETTES:
        if any(name in words for name in names):
            return [c for c in map(parse_hex, palette) if c is not None]
    return [rgb(36, 44, 60), rgb(232, 164, 92), rgb(92, 134, 158)]


def scheme_of(colours: Sequence[str], words: str, time: str) -> Scheme:
    """Distributes the palette: darkest to shadow, most vivid to accent, the coolest of the rest to ambient."""
    palette = palette_of(colours, words)
    shadow = min(palette, key=luma)
    rest = [c for c in palette if c is not shadow] or [shadow]
    if luma(shadow) > 0.35:  # a pastel palette has no dark of its own: none of its colours is spent on the shadows
        rest, shadow = palette, scale(min(palette, key=lambda c: c[2] - c[0]), 0.16)
    accent = max(rest, key=lambda c: hsv(c)[1] * hsv(c)[2] + 0.001 * luma(c))
    others = [c for c in rest if c is not accent] or [shadow]
    ambient_base = max(others, key=lambda c: c[0] - c[2] + 0.2 * hsv(c)[1])
    hue, saturation, _ = hsv(ambient_base)
    accent_hue, accent_sat, _ = hsv(accent)
    accent = from_hsv(accent_hue, max(0.5, accent_sat), 1.0)
    second_base = next((c for c in others if c is not ambient_base and hsv(c)[1] > 0.3), ambient_base)
    second_hue = hsv(second_base)[0]
    if abs((second_hue - accent_hue + 0.5) % 1.0 - 0.5) < 0.05:
        second_hue = accent_hue + 0.14
    second = from_hsv(second_hue, 0.62, 1.0)
    if luma(shadow) > 0.14:
        shadow = scale(shadow, 0.14 / luma(shadow))
    night = from_hsv(hue, min(0.8, max(0.45, saturation)), 1.0)
    if time == "night":
        return Scheme(
            shadow,
            scale(night, 0.42),
            mix(night, (1, 1, 1), 0.35),
            accent,
            second,
            mix(scale(shadow, 0.55), scale(night, 0.08), 0.5),
            mix(scale(night, 0.30), scale(accent, 0.22), 0.35),
        )
    if time in ("dusk", "dawn"):
        warm = mix(max(palette, key=lambda c: c[2] - c[0]), rgb(255, 138, 72), 0.6)
        return Scheme(
            shadow,
            mix(scale(night, 0.55), (0.46, 0.42, 0.44), 0.4),
            scale(warm, 1.15),
            accent,
            second,
            mix(from_hsv(hue, 0.5, 0.45), shadow, 0.25),
            mix(warm, (0.75, 0.85, 1.0), 0.12),
        )
    day = mix(from_hsv(hue, 0.28, 0.85), rgb(178, 204, 226), 0.45)
    sun = mix(rgb(255, 240, 214), accent, 0.10)
    return Scheme(
        shadow,
        scale(day, 0.72),
        sun,
        accent,
        second,
        mix(rgb(86, 142, 206), from_hsv(hue, 0.55, 0.78), 0.3),
        mix(rgb(216, 226, 232), accent, 0.14),
    )
