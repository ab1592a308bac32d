"""A transparent sheet that a figure or prop is cut out on: colour, relief and coverage, then lit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture import texture
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, Colour, as_array, as_bytes, bands
from vibeboard.providers.sandbox.picture.model import Points

Pairs = Sequence[tuple[float, float]] | Points


def curve(points: Pairs, steps: int = 6) -> Points:
    """A closed smooth line through the points (Catmull-Rom)."""
    p = np.asarray(points, float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    parts = 0.5 * (
        2 * b[:, None]
        + (c - a)[:, None] * t
        + (2 * a - 5 * b + 4 * c - d)[:, None] * t**2
        + (3 * b - a - 3 * c + d)[:, None] * t**3
    )
    out: Points = parts.reshape(-1, 2)
    return out


def limb(a: tuple[float, float], b: tuple[float, float], ra: float, rb: float) -> Points:
    """A tapered capsule from a (radius ra) to b (radius rb)."""
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    first = np.linspace(angle + math.pi / 2, angle + 3 * math.pi / 2, 14)
    second = np.linspace(angle - math.pi / 2, angle + math.pi / 2, 14)
    return np.concatenate(
        [
            np.stack([a[0] + ra * np.cos(first), a[1] + ra * np.sin(first)], 1),
            np.stack([b[0] + rb * np.cos(second), b[1] + rb * np.sin(second)], 1),
        ]
    )


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    """An ellipse as a polygon."""
    t = np.linspace(0, 2 * math.pi, 29)[:-1]
    u, v = rx * np.cos(t), ry * np.sin(t)
    c, s = math.cos(turn), math.sin(turn)
    return np.stack([x + u * c - v * s, y + u * s + v * c], 1)


@dataclass(frozen=True, slots=True)
class Sprite:
    """A lit cut-out: light premultiplied by coverage (h, w, 3) and coverage (h, w), placed at (left, top)."""

    light: Array
    alpha: Array
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class FigureLight:
    """Light on a cut-out: colours as float BGR light, directions as (x right, y up)."""

    ambient: Colour
    key: Colour
    key_from: tuple[float, float]
    rim: Colour
    rim_from: tuple[float, float]
    haze: Colour
    veil: float  # 0..1, how much haze lies over it
    seed: int = 0


class Sheet:
    """Shapes in metres about an origin; rise is how far a part stands out (0..255)."""

    def __init__(self, width: int, height: int, origin: tuple[float, float], scale: float) -> None:
        self.size = (height, width)
        self.origin, self.scale = origin, scale
        self.albedo: Bytes = np.zeros((height, width, 3), np.uint8)
        self.alpha: Bytes = np.zeros((height, width), np.uint8)
        self.relief: Bytes = np.zeros((height, width), np.uint8)
        self.glow: list[tuple[Points, Colour]] = []

    def pixels(self, points: Pairs) -> Points:
        """Metres to sheet pixels."""
        p = np.asarray(points, float)
        return np.stack([self.origin[0] + p[:, 0] * self.scale, self.origin[1] - p[:, 1] * self.scale], 1)

    def poly(self, points: Pairs, colour: Colour, rise: float = 120, *, inside: bool = False) -> None:
        """A filled shape; inside=True paints only, without adding to the outline or relief."""
        fixed = [np.round(np.clip(self.pixels(points), -30000, 30000) * 16).astype(np.int32)]
        cv2.fillPoly(self.albedo, fixed, tuple(min(255.0, c * 255) for c in colour), cv2.LINE_AA, 4)
        if not inside:
            cv2.fillPoly(self.alpha, fixed, (255,), cv2.LINE_AA, 4)
            cv2.fillPoly(self.relief, fixed, (rise,), cv2.LINE_AA, 4)

    def smooth(self, points: Pairs, colour: Colour, rise: float = 120, *, inside: bool = False) -> None:
        """A filled shape with a smooth outline through the points."""
        self.poly(curve(points), colour, rise, inside=inside)

    def soft(self, points: Pairs, colour: Colour, strength: float, blur: float) -> None:
        """A soft-edged wash of colour over what is there (cheeks, shadows); blur in metres."""
        px = self.pixels(points)
        sigma = max(0.6, blur * self.scale)
        pad = int(3 * sigma) + 2
        x0, y0 = np.floor(px.min(0)).astype(int) - pad
        x1, y1 = np.ceil(px.max(0)).astype(int) + pad
        x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(self.size[1], int(x1)), min(self.size[0], int(y1))
        if x1 <= x0 or y1 <= y0:
            return
        # A wide blur of a mask is as good at a fraction of the size.
        shrink = 1 if sigma <= 5 else 4 if sigma <= 14 else 8
        small = (max(1, -(-(x1 - x0) // shrink)), max(1, -(-(y1 - y0) // shrink)))
        mask = np.zeros(small[::-1], np.uint8)
        step = np.array([small[0] / (x1 - x0), small[1] / (y1 - y0)])
        fixed = ((px - [x0, y0]) * step - (1 - step) / 2) * 16
        cv2.fillPoly(mask, [np.round(fixed).astype(np.int32)], (255,), cv2.LINE_AA, 4)
        mask = as_bytes(cv2.GaussianBlur(mask, (0, 0), sigma / shrink))
        if shrink > 1:
            mask = as_bytes(cv2.resize(mask, (x1 - x0, y1 - y0)))
        region = self.albedo[y0:y1, x0:x1]
        share = as_array(cv2.multiply(mask, (strength / 255,), dtype=cv2.CV_32F))
        # Albedo is premultiplied: what is covered by half takes half of the colour.
        covered = self.alpha[y0:y1, x0:x1]
        wash = as_bytes(cv2.merge([covered] * 3))
        cv2.multiply(wash, (*colour, 0.0), dst=wash)
        region[:] = cv2.blendLinear(wash, np.ascontiguousarray(region), share, cv2.subtract(1.0, share))

    def _crop(self, left: int, top: int, pad: int) -> tuple[int, int]:
        """Cuts the sheet down to what is covered; returns its new place."""
        x, y, w, h = cv2.boundingRect(self.alpha)
        x0, y0 = max(0, x - pad), max(0, y - pad)
        x1, y1 = min(self.size[1], x + max(1, w) + pad), min(self.size[0], y + max(1, h) + pad)
        self.albedo = np.ascontiguousarray(self.albedo[y0:y1, x0:x1])
        self.alpha = np.ascontiguousarray(self.alpha[y0:y1, x0:x1])
        self.relief = np.ascontiguousarray(self.relief[y0:y1, x0:x1])
        self.origin = (self.origin[0] - x0, self.origin[1] - y0)
        self.size = (y1 - y0, x1 - x0)
        return left + x0, top + y0

    def lit(self, light: FigureLight, form: float, left: int, top: int) -> Sprite:
        """Lights the sheet: form is the size (metres) of the roundness that light reveals."""
        left, top = self._crop(left, top, round(4 * form * self.scale) + 2)
        sigma = max(0.8, form * self.scale)
        shrink = 1.0 if sigma < 4 else 4.0 / sigma
        size = (self.size[1], self.size[0])
        small_size = (max(8, int(size[0] * shrink)), max(8, int(size[1] * shrink)))
        small = cv2.resize(self.relief, small_size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        tone = cv2.resize(
            cv2.cvtColor(self.albedo, cv2.COLOR_BGR2GRAY), small_size, interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        rounded = cv2.GaussianBlur(small + 0.0006 * tone, (0, 0), sigma * shrink)
        rounded += 0.7 * cv2.GaussianBlur(small, (0, 0), sigma * shrink * 2.6)
        gx = -cv2.Sobel(rounded, cv2.CV_32F, 1, 0, ksize=3) * sigma * shrink
        gy = cv2.Sobel(rounded, cv2.CV_32F, 0, 1, ksize=3) * sigma * shrink
        length = np.sqrt(gx * gx + gy * gy + 0.16)
        nx, ny = gx / length, gy / length
        kx, ky = light.key_from
        key = np.clip(0.56 + 0.80 * (nx * kx + ny * ky), 0.10, 1.35)
        rx, ry = light.rim_from
        thin = max(0.7, form * 0.30 * self.scale * shrink)
        mask = cv2.resize(self.alpha, small_size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        edge = cv2.GaussianBlur(mask, (0, 0), thin)
        ex = -cv2.Sobel(edge, cv2.CV_32F, 1, 0, ksize=3) * thin * 0.5
        ey = cv2.Sobel(edge, cv2.CV_32F, 0, 1, ksize=3) * thin * 0.5
        rim = np.clip(ex * rx + ey * ry - 0.05, 0, 1) * 2.4
        under = np.clip(0.80 + 0.20 * ny, 0.5, 1.0)
        level = (
            under[..., None] * np.array(light.ambient, np.float32) + key[..., None] * np.array(light.key, np.float32)
        ).astype(np.float32)
        sheen = (rim[..., None] * np.array(light.rim, np.float32)).astype(np.float32)
        level = as_array(cv2.resize(level, size))
        sheen = as_array(cv2.resize(sheen, size))
        lit = np.zeros((*self.size, 3), np.float32)
        solid = self.alpha.astype(np.float32) / 255
        brush = _brush(size, light.seed)
        for rows in bands(self.size[0], self.size[1]):
            cover = as_array(cv2.merge([solid[rows]] * 3))
            albedo = self.albedo[rows]
            base = as_array(cv2.LUT(cv2.bitwise_and(albedo, albedo, mask=self.alpha[rows]), _SQUARES))
            cv2.multiply(base, level[rows], dst=base)
            cv2.multiply(base, cv2.merge([brush[rows]] * 3), dst=base)
            edge = cv2.sqrt(base)
            cv2.multiply(edge, (0.55,) * 4, dst=edge)
            cv2.add(edge, (0.12,) * 4, dst=edge)
            cv2.multiply(edge, sheen[rows], dst=edge)
            cv2.multiply(edge, cover, dst=edge)
            cv2.add(base, edge, dst=lit[rows])
        for points, colour in self.glow:
            cv2.fillPoly(lit, [np.round(self.pixels(points)).astype(np.int32)], colour, cv2.LINE_8)
        if light.veil > 0:
            for rows in bands(self.size[0], self.size[1]):
                cover = as_array(cv2.merge([solid[rows]] * 3))
                cv2.multiply(cover, (*(light.veil * c for c in light.haze), 0.0), dst=cover)
                cv2.addWeighted(lit[rows], 1 - light.veil, cover, 1.0, 0.0, dst=lit[rows])
        return Sprite(lit, solid, left, top)


_SQUARES = ((np.arange(256, dtype=np.float32) / 255) ** 2).reshape(1, 256)


def _brush(size: tuple[int, int], seed: int) -> Array:
    """Strokes (h, w) about 1: the same tile for every sheet, moved about by the seed."""
    tile = texture.brush()
    roll = seed % 400
    side = texture.SIDE
    down, right = max(0, roll + size[1] - side), max(0, roll + size[0] - side)
    wide = cv2.copyMakeBorder(tile, 0, down, 0, right, cv2.BORDER_WRAP)
    return as_array(wide[roll : roll + size[1], roll : roll + size[0]])
