"""Props as cut-outs: an object a metre high at most, standing on the sheet's origin, in units of its own height."""

import math
import random

import numpy as np

from vibeboard.providers.sandbox.picture.colour import Colour, from_hsv, mix, rgb, scale
from vibeboard.providers.sandbox.picture.sheet import Sheet, limb, oval

STEEL, BRASS, WOOD, DARK, PAPER = (
    rgb(150, 156, 164),
    rgb(196, 150, 88),
    rgb(120, 80, 48),
    rgb(28, 28, 32),
    rgb(228, 220, 202),
)
GLASS, LEATHER, GLOW = rgb(150, 190, 200), rgb(110, 68, 42), rgb(255, 210, 140)

# Real height in metres, and whether a hand carries it.
SIZES: dict[str, tuple[float, bool]] = {
    "door_handle": (0.16, False),
    "door_lever": (0.17, False),
    "washing_machine": (1.0, False),
    "neon_sign": (0.7, False),
    "gun": (0.16, True),
    "phone": (0.15, True),
    "letter": (0.2, True),
    "cup": (0.12, True),
    "bottle": (0.3, True),
    "suitcase": (0.5, True),
    "knife": (0.2, True),
    "lantern": (0.32, True),
    "lamp": (0.55, False),
    "car": (1.5, False),
    "clock": (0.3, False),
    "book": (0.22, True),
    "key": (0.09, True),
    "camera": (0.16, True),
    "flower": (0.4, True),
    "chair": (0.95, False),
    "table": (0.78, False),
    "door": (2.1, False),
    "umbrella": (0.9, True),
    "bicycle": (1.05, False),
    "boat": (2.4, False),
    "robot": (1.5, False),
    "ring": (0.03, True),
    "locket": (0.05, True),
    "coin": (0.03, True),
    "mirror": (1.0, False),
    "television": (0.6, False),
    "computer": (0.45, False),
    "candle": (0.25, True),
    "hat": (0.2, True),
    "shoe": (0.14, False),
    "cigarette": (0.08, True),
    "guitar": (1.0, False),
    "hand": (0.2, False),
    "eye": (0.1, False),
    "lips": (0.1, False),
    "object": (0.5, False),
}


def draw_prop(
    sheet: Sheet,
    kind: str,
    name: str,
    height: float,
    phase: float,
    accent: Colour,
    second: Colour,
    skin: Colour,
    standing: bool = False,
) -> None:
    """Draws a prop of that height (metres). name seeds what has no motif of its own; phase (seconds) moves it.

    standing puts it on a table top that fills the frame below it (inserts).
    """
    pen = _Pen(sheet, height, phase, accent, second, skin, name)
    if standing:
        _surface(pen)
    draw = _MOTIFS.get(kind)
    if draw is None:
        _object(pen)
    else:
        draw(pen)


class _Pen:
    def __init__(
        self, sheet: Sheet, height: float, phase: float, accent: Colour, second: Colour, skin: Colour, name: str
    ) -> None:
        self.sheet, self.k, self.phase, self.accent, self.second, self.skin, self.name = (
            sheet,
            height,
            phase,
            accent,
            second,
            skin,
            name,
        )

    def poly(self, points: list[tuple[float, float]], colour: Colour, rise: float = 130, inside: bool = False) -> None:
        self.sheet.poly(np.asarray(points, float) * self.k, colour, rise, inside=inside)

    def smooth(
        self, points: list[tuple[float, float]], colour: Colour, rise: float = 130, inside: bool = False
    ) -> None:
        self.sheet.smooth(np.asarray(points, float) * self.k, colour, rise, inside=inside)

    def rect(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour, rise: float = 130, inside: bool = False
    ) -> None:
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, rise, inside)

    def disc(
        self, x: float, y: float, rx: float, colour: Colour, rise: float = 150, ry: float = 0.0, inside: bool = False
    ) -> None:
        self.sheet.poly(oval(x, y, rx, ry or rx) * self.k, colour, rise, inside=inside)

    def rod(
        self, a: tuple[float, float], b: tuple[float, float], ra: float, rb: float, colour: Colour, rise: float = 150
    ) -> None:
        self.sheet.poly(limb(a, b, ra, rb) * self.k, colour, rise)

    def soft(self, points: list[tuple[float, float]], colour: Colour, strength: float, blur: float) -> None:
        self.sheet.soft(np.asarray(points, float) * self.k, colour, strength, blur * self.k)

    def light(self, points: list[tuple[float, float]], colour: Colour, level: float) -> None:
        self.sheet.glow.append((np.asarray(points, float) * self.k, scale(colour, level)))

    def shine(self, x: float, y: float, rx: float, ry: float, strength: float = 0.6) -> None:
        self.sheet.soft(oval(x, y, rx, ry) * self.k, (1.0, 1.0, 1.0), strength, 0.02 * self.k)


def _surface(p: _Pen) -> None:
    top = mix(rgb(92, 68, 54), scale(p.second, 0.35), 0.35)
    p.rect(-9, -9, 9, 0.16, scale(top, 0.62), 40)
    for k in range(12):
        y = 0.16 - 0.02 * k * (1 + 0.35 * k)
        p.soft(
            [(-9, y), (9, y), (9, y - 0.03 - 0.02 * k), (-9, y - 0.03 - 0.02 * k)],
            scale(top, 1.0 + 0.09 * k),
            0.30,
            0.03,
        )
    p.soft([(-0.75, 0.06), (0.75, 0.06), (0.95, -0.10), (-0.8, -0.10)], scale(top, 0.12), 0.85, 0.08)


def hand(pen: _Pen, x: float, y: float, size: float, angle: float, sleeve: Colour) -> None:
    """A gripping hand seen from its back, arm from the lower right."""
    c, s = math.cos(angle), math.sin(angle)

    def at(u: float, v: float) -> tuple[float, float]:
        return x + (u * c - v * s) * size, y + (u * s + v * c) * size

    skin = pen.skin
    pen.rod(at(1.05, -0.75), at(3.2, -2.3), 0.50 * size, 0.62 * size, sleeve, 120)
    pen.rod(at(0.45, -0.3), at(1.2, -0.85), 0.34 * size, 0.30 * size, scale(skin, 0.94), 130)
    pen.smooth(
        [
            at(-0.35, 0.30),
            at(0.1, 0.46),
            at(0.55, 0.25),
            at(0.75, -0.2),
            at(0.45, -0.62),
            at(-0.05, -0.55),
            at(-0.40, -0.2),
        ],
        skin,
        150,
    )
    for k in range(4):
        a = at(-0.30 + 0.13 * k * 0.3, 0.30 - 0.235 * k)
        b = at(-0.74, 0.24 - 0.225 * k)
        tip = at(-0.72 + 0.10, 0.08 - 0.22 * k)
        pen.rod(a, b, 0.125 * size, 0.112 * size, scale(skin, 1.02 - 0.05 * k), 175 - k * 4)
        pen.rod(b, tip, 0.105 * size, 0.085 * size, scale(skin, 0.92 - 0.04 * k), 170 - k * 4)
        pen.sheet.soft(
            oval(b[0], b[1], 0.05 * size, 0.05 * size) * pen.k, mix(skin, (1, 1, 1), 0.4), 0.5, 0.03 * size * pen.k
        )
    pen.rod(at(0.15, 0.38), at(-0.42, 0.62), 0.135 * size, 0.105 * size, scale(skin, 1.04), 185)


def _door_lever(p: _Pen) -> None:
    _lever(p, 0.0)


def _door_handle(p: _Pen) -> None:
    _door_leaf(p)
    _lever(p, 0.87)


def _lever(p: _Pen, x: float) -> None:
    """Plate, lever and the hand that turns it, about x."""
    turn = -0.32 + 0.30 * math.sin(p.phase * 1.1)
    p.smooth(
        [(x - 0.25, -0.72), (x + 0.25, -0.72), (x + 0.29, 0.4), (x + 0.25, 1.52), (x - 0.25, 1.52), (x - 0.29, 0.4)],
        scale(BRASS, 0.7),
        120,
    )
    p.smooth(
        [(x - 0.20, -0.66), (x + 0.20, -0.66), (x + 0.23, 0.4), (x + 0.20, 1.46), (x - 0.20, 1.46), (x - 0.23, 0.4)],
        BRASS,
        130,
        True,
    )
    p.disc(x, -0.30, 0.10, DARK, inside=True)
    p.poly([(x - 0.05, -0.30), (x + 0.05, -0.30), (x + 0.08, -0.56), (x - 0.08, -0.56)], DARK, inside=True)
    for y in (-0.58, 1.36):
        p.disc(x, y, 0.05, scale(BRASS, 0.6), inside=True)
    p.disc(x, 0.72, 0.23, scale(BRASS, 0.9), 170)
    end = (x - 1.55 * math.cos(turn), 0.72 + 1.55 * math.sin(turn))
    p.soft([tuple(q) for q in limb((x, 0.5), (end[0], end[1] - 0.25), 0.16, 0.13)], (0.02, 0.02, 0.03), 0.6, 0.08)
    p.rod((x, 0.72), end, 0.16, 0.13, BRASS, 200)
    p.sheet.soft(
        limb((x - 0.07, 0.78), (end[0] + 0.1, end[1] + 0.06), 0.035, 0.03) * p.k, (1.0, 1.0, 1.0), 0.75, 0.02 * p.k
    )
    p.disc(x, 0.72, 0.12, scale(BRASS, 1.2), 210)
    hand(p, end[0] + 0.62, end[1] - 0.05, 0.78, 0.35 + turn * 0.5, DARK)


def _door_leaf(p: _Pen) -> None:
    """The door itself, where the set has none."""
    wood = rgb(96, 62, 44)
    p.rect(-5, -4, 5, 5, wood, 60)
    for x in np.linspace(-4.6, 4.6, 30):
        p.soft(
            [(x, -4), (x + 0.05, -4), (x + 0.02, 5), (x - 0.03, 5)],
            scale(wood, 0.7 if int(x * 7) % 2 else 1.25),
            0.35,
            0.03,
        )
    p.rect(-4.2, 1.55, -0.75, 4.6, scale(wood, 0.72), 40)
    p.rect(-4.0, 1.75, -0.95, 4.4, scale(wood, 1.08), 55)
    p.rect(1.55, -4, 1.75, 5, scale(wood, 0.25), 20)
    p.rect(1.75, -4, 5.5, 5, scale(wood, 0.5), 50)
    p.soft([(1.5, -4), (1.62, -4), (1.62, 5), (1.5, 5)], mix(p.accent, (1, 1, 1), 0.3), 0.7, 0.05)


def _washing_machine(p: _Pen) -> None:
    shell = rgb(214, 214, 210)
    p.rect(-0.36, 0, 0.36, 1, shell)
    p.rect(-0.34, 0.84, 0.34, 0.98, scale(shell, 0.6), inside=True)
    p.rect(-0.3, 0.87, -0.08, 0.95, scale(p.second, 0.9), inside=True)
    p.disc(0.24, 0.91, 0.045, STEEL, 160)
    p.disc(0, 0.42, 0.29, scale(STEEL, 0.6), 150)
    p.disc(0, 0.42, 0.26, scale(STEEL, 1.2), 170)
    p.disc(0, 0.42, 0.215, rgb(22, 30, 44), 120)
    for k in range(5):
        a = p.phase * 2.2 + k * 1.25
        p.disc(
            0.11 * math.cos(a),
            0.38 + 0.10 * math.sin(a),
            0.085,
            mix(p.accent, rgb(200, 200, 210), 0.25 * k),
            inside=True,
        )
    p.soft([(-0.18, 0.42), (-0.05, 0.62), (0.06, 0.62), (-0.14, 0.36)], (1, 1, 1), 0.5, 0.02)


def _neon_sign(p: _Pen) -> None:
    p.rect(-0.75, 0, 0.75, 1, scale(DARK, 0.8))
    for r, tint in ((0.36, p.accent), (0.24, p.second)):
        ring = oval(0, 0.5, r, r)
        inner = oval(0, 0.5, r - 0.035, r - 0.035)
        for a, b, c, d in zip(ring, np.roll(ring, -1, 0), np.roll(inner, -1, 0), inner, strict=True):
            p.light([tuple(a), tuple(b), tuple(c), tuple(d)], tint, 2.6)
    for side in (-1, 1):
        p.light(
            [
                (side * 0.45, 0.28),
                (side * 0.5, 0.28),
                (side * 0.68, 0.5),
                (side * 0.5, 0.72),
                (side * 0.45, 0.72),
                (side * 0.62, 0.5),
            ],
            p.accent,
            2.6,
        )


def _gun(p: _Pen) -> None:
    p.poly([(-0.9, 0.98), (0.55, 0.98), (0.58, 0.70), (-0.9, 0.70)], scale(STEEL, 0.42), 160)
    p.poly([(-0.88, 0.72), (0.5, 0.72), (0.48, 0.58), (-0.3, 0.56), (-0.85, 0.60)], DARK, 140)
    p.poly([(0.12, 0.62), (0.56, 0.66), (0.76, 0.0), (0.36, -0.06)], rgb(70, 46, 34), 150)
    p.smooth(
        [(0.12, 0.6), (-0.2, 0.58), (-0.22, 0.34), (0.16, 0.30), (0.2, 0.36), (-0.14, 0.38), (-0.14, 0.54)], DARK, 130
    )
    for k in range(5):
        p.rect(0.28 + k * 0.05, 0.74, 0.30 + k * 0.05, 0.95, DARK, inside=True)
    p.soft([(-0.88, 0.93), (0.5, 0.93), (0.5, 0.96), (-0.88, 0.96)], (1, 1, 1), 0.55, 0.012)


def _phone(p: _Pen) -> None:
    if "tele" in p.name or "receiver" in p.name or "booth" in p.name:
        p.smooth([(-0.7, 0), (0.7, 0), (0.5, 0.55), (-0.5, 0.55)], DARK)
        p.disc(0, 0.3, 0.22, STEEL)
        p.disc(0, 0.3, 0.12, PAPER, inside=True)
        p.smooth(
            [(-0.85, 0.55), (-0.75, 0.8), (0, 0.9), (0.75, 0.8), (0.85, 0.55), (0.5, 0.62), (0, 0.72), (-0.5, 0.62)],
            scale(DARK, 1.6),
            180,
        )
        return
    p.smooth([(-0.27, 0.02), (0.27, 0.02), (0.27, 0.98), (-0.27, 0.98)], DARK)
    p.light([(-0.22, 0.1), (0.22, 0.1), (0.22, 0.9), (-0.22, 0.9)], scale(p.second, 0.55), 1.0)
    for k in range(4):
        p.light(
            [
                (-0.16, 0.72 - k * 0.13),
                (0.02 + 0.04 * k, 0.72 - k * 0.13),
                (0.02 + 0.04 * k, 0.77 - k * 0.13),
                (-0.16, 0.77 - k * 0.13),
            ],
            PAPER,
            1.2,
        )


def _letter(p: _Pen) -> None:
    p.poly([(-0.62, 0.02), (0.58, -0.03), (0.66, 0.93), (-0.56, 1.0)], PAPER)
    for k in range(8):
        y = 0.84 - k * 0.095
        p.poly(
            [
                (-0.46, y),
                (0.46 - 0.2 * (k % 3 == 2), y - 0.035),
                (0.46 - 0.2 * (k % 3 == 2), y - 0.052),
                (-0.46, y - 0.018),
            ],
            rgb(60, 56, 70),
            inside=True,
        )
    p.soft([(-0.6, 0.48), (0.62, 0.43), (0.62, 0.46), (-0.6, 0.51)], scale(PAPER, 0.5), 0.5, 0.012)
    p.disc(0.36, 0.13, 0.08, rgb(160, 28, 36), 170)
    hand(p, 0.72, 0.10, 0.30, 0.5, DARK)


def _cup(p: _Pen) -> None:
    p.smooth(
        [(0.36, 0.72), (0.66, 0.7), (0.66, 0.36), (0.34, 0.3), (0.34, 0.38), (0.56, 0.42), (0.56, 0.62), (0.36, 0.62)],
        rgb(206, 200, 190),
        110,
    )
    p.smooth([(-0.4, 0.9), (-0.36, 0.2), (-0.2, 0.02), (0.2, 0.02), (0.36, 0.2), (0.4, 0.9)], rgb(222, 216, 206))
    p.disc(0, 0.9, 0.4, scale(PAPER, 0.85), 150, 0.09)
    p.disc(0, 0.885, 0.34, rgb(52, 30, 22), 100, 0.07)
    p.soft([(-0.28, 0.8), (-0.22, 0.8), (-0.18, 0.2), (-0.24, 0.2)], (1, 1, 1), 0.6, 0.02)


def _bottle(p: _Pen) -> None:
    p.smooth(
        [
            (-0.17, 0.01),
            (0.17, 0.01),
            (0.18, 0.5),
            (0.13, 0.62),
            (0.055, 0.7),
            (0.05, 0.97),
            (-0.05, 0.97),
            (-0.055, 0.7),
            (-0.13, 0.62),
            (-0.18, 0.5),
        ],
        rgb(38, 74, 50),
    )
    p.rect(-0.17, 0.16, 0.17, 0.44, PAPER, inside=True)
    p.rect(-0.12, 0.3, 0.12, 0.36, scale(p.accent, 0.7), inside=True)
    p.rect(-0.055, 0.84, 0.055, 0.99, scale(p.accent, 0.6), 150)
    p.soft([(-0.12, 0.1), (-0.09, 0.1), (-0.09, 0.6), (-0.12, 0.6)], (1, 1, 1), 0.6, 0.012)


def _suitcase(p: _Pen) -> None:
    p.smooth(
        [
            (-0.18, 0.84),
            (-0.16, 1.0),
            (0.16, 1.0),
            (0.18, 0.84),
            (0.12, 0.84),
            (0.11, 0.94),
            (-0.11, 0.94),
            (-0.12, 0.84),
        ],
        DARK,
    )
    p.poly([(-0.66, 0.02), (0.66, 0.02), (0.68, 0.85), (-0.68, 0.85)], LEATHER)
    p.rect(-0.67, 0.44, 0.67, 0.49, scale(LEATHER, 0.5), inside=True)
    for x in (-0.42, 0.42):
        p.rect(x - 0.05, 0.02, x + 0.05, 0.85, scale(LEATHER, 0.65), inside=True)
        p.rect(x - 0.06, 0.50, x + 0.06, 0.60, BRASS, 170, inside=True)


def _knife(p: _Pen) -> None:
    p.poly([(-1.5, 0.5), (0.3, 0.34), (0.3, 0.68), (-1.0, 0.72)], scale(STEEL, 1.25), 150)
    p.soft([(-1.4, 0.53), (0.3, 0.46), (0.3, 0.5), (-1.2, 0.6)], (1, 1, 1), 0.7, 0.02)
    p.rect(0.28, 0.26, 0.36, 0.78, BRASS, 170)
    p.smooth([(0.36, 0.38), (1.2, 0.34), (1.28, 0.52), (1.2, 0.68), (0.36, 0.66)], rgb(64, 40, 28), 160)


def _lamp(p: _Pen) -> None:
    p.smooth([(-0.26, 0), (0.26, 0), (0.1, 0.07), (-0.1, 0.07)], BRASS)
    p.rod((0, 0.05), (0, 0.6), 0.03, 0.025, BRASS)
    p.poly([(-0.34, 0.55), (0.34, 0.55), (0.18, 1.0), (-0.18, 1.0)], GLOW)
    p.light([(-0.33, 0.56), (0.33, 0.56), (0.18, 0.99), (-0.18, 0.99)], GLOW, 1.5)


def _lantern(p: _Pen) -> None:
    p.smooth([(-0.3, 0), (0.3, 0), (0.24, 0.16), (-0.24, 0.16)], DARK)
    p.poly([(-0.2, 0.14), (0.2, 0.14), (0.24, 0.4), (0.17, 0.66), (-0.17, 0.66), (-0.24, 0.4)], GLOW, 150)
    flame = [(-0.06, 0.24), (-0.04, 0.4), (0, 0.54), (0.05, 0.4), (0.06, 0.24)]
    p.light(flame, GLOW, 2.8)
    p.smooth([(-0.22, 0.64), (0.22, 0.64), (0.08, 0.82), (-0.08, 0.82)], DARK)
    for side in (-1, 1):
        p.rod((0.22 * side, 0.15), (0.18 * side, 0.66), 0.02, 0.02, DARK)
        p.rod((0.2 * side, 0.66), (0.0, 1.0), 0.015, 0.015, DARK)


def _car(p: _Pen) -> None:
    paint = scale(from_hsv(sum(map(ord, p.name)) % 17 / 17, 0.6, 0.5), 1.0)
    p.smooth(
        [
            (-1.5, 0.26),
            (-1.52, 0.52),
            (-1.1, 0.62),
            (-0.72, 0.94),
            (-0.2, 1.0),
            (0.4, 0.98),
            (0.85, 0.66),
            (1.42, 0.58),
            (1.5, 0.3),
            (1.4, 0.2),
            (-1.4, 0.2),
        ],
        paint,
    )
    p.poly([(-0.92, 0.64), (-0.64, 0.90), (-0.12, 0.93), (-0.12, 0.64)], rgb(60, 80, 96), 90, True)
    p.poly([(-0.05, 0.64), (-0.05, 0.93), (0.36, 0.92), (0.66, 0.64)], rgb(60, 80, 96), 90, True)
    for x in (-0.92, 0.92):
        p.disc(x, 0.22, 0.24, DARK, 170)
        p.disc(x, 0.22, 0.12, STEEL, 180)
    p.light([(-1.52, 0.44), (-1.40, 0.44), (-1.40, 0.54), (-1.52, 0.54)], GLOW, 2.5)
    p.light([(1.42, 0.44), (1.5, 0.44), (1.5, 0.52), (1.42, 0.52)], rgb(255, 40, 30), 1.8)
    p.soft([(-1.3, 0.56), (1.3, 0.54), (1.3, 0.57), (-1.3, 0.60)], (1, 1, 1), 0.5, 0.02)


def _clock(p: _Pen) -> None:
    p.disc(0, 0.5, 0.5, BRASS)
    p.disc(0, 0.5, 0.44, PAPER, 110)
    for k in range(12):
        a = k * math.pi / 6
        p.rod(
            (0.36 * math.sin(a), 0.5 + 0.36 * math.cos(a)),
            (0.41 * math.sin(a), 0.5 + 0.41 * math.cos(a)),
            0.012,
            0.012,
            DARK,
        )
    for turn, length, width in (
        (5.2 + p.phase * 0.01, 0.24, 0.022),
        (0.4 + p.phase * 0.05, 0.34, 0.015),
        (p.phase * 0.5, 0.36, 0.006),
    ):
        p.rod(
            (0, 0.5),
            (length * math.sin(turn), 0.5 + length * math.cos(turn)),
            width,
            width * 0.5,
            DARK if width > 0.01 else rgb(190, 30, 30),
        )
    p.disc(0, 0.5, 0.03, BRASS, 180)


def _book(p: _Pen) -> None:
    cover = from_hsv(sum(map(ord, p.name)) % 13 / 13, 0.55, 0.42)
    p.poly([(-0.75, 0.1), (0.0, 0.0), (0.0, 0.9), (-0.72, 1.0)], cover)
    p.poly([(0.75, 0.1), (0.0, 0.0), (0.0, 0.9), (0.72, 1.0)], scale(cover, 0.8))
    for side in (-1, 1):
        p.smooth(
            [(0, 0.05), (side * 0.36, 0.13), (side * 0.7, 0.12), (side * 0.68, 0.96), (side * 0.36, 0.98), (0, 0.90)],
            PAPER,
            160,
        )
        for k in range(8):
            p.rect(
                min(side * 0.12, side * 0.58),
                0.24 + k * 0.085,
                max(side * 0.12, side * 0.58),
                0.255 + k * 0.085,
                rgb(110, 104, 104),
                inside=True,
            )


def _key(p: _Pen) -> None:
    p.disc(-0.75, 0.5, 0.42, BRASS, 150)
    p.disc(-0.75, 0.5, 0.20, DARK, 40, inside=True)
    p.rod((-0.35, 0.5), (1.3, 0.5), 0.10, 0.09, BRASS, 160)
    for x, h in ((0.85, 0.34), (1.05, 0.22), (1.25, 0.36)):
        p.rect(x - 0.07, 0.5 - h, x + 0.07, 0.5, BRASS, 160)
    p.soft([(-0.3, 0.55), (1.2, 0.54), (1.2, 0.57), (-0.3, 0.58)], (1, 1, 1), 0.7, 0.02)


def _camera(p: _Pen) -> None:
    p.smooth(
        [
            (-0.75, 0.02),
            (0.75, 0.02),
            (0.75, 0.75),
            (0.35, 0.78),
            (0.25, 0.98),
            (-0.25, 0.98),
            (-0.35, 0.78),
            (-0.75, 0.75),
        ],
        DARK,
    )
    p.rect(-0.74, 0.5, 0.74, 0.62, scale(STEEL, 0.8), inside=True)
    for r, tint in ((0.36, scale(STEEL, 0.5)), (0.29, DARK), (0.20, rgb(36, 46, 86)), (0.10, rgb(12, 12, 22))):
        p.disc(0, 0.4, r, tint, 180)
    p.shine(-0.08, 0.5, 0.05, 0.04, 0.9)


def _flower(p: _Pen) -> None:
    p.rod((0.0, 0.0), (0.02, 0.68), 0.02, 0.016, rgb(50, 92, 48))
    p.smooth([(0.02, 0.3), (0.2, 0.42), (0.3, 0.36), (0.16, 0.28)], rgb(60, 104, 54))
    p.smooth([(0.0, 0.2), (-0.2, 0.34), (-0.28, 0.26), (-0.14, 0.18)], rgb(50, 92, 48))
    for k in range(11):
        a, r = k * 2.4, 0.17 - k * 0.013
        p.disc(
            0.02 + r * math.cos(a),
            0.80 + r * math.sin(a) * 0.8,
            0.12 - 0.006 * k,
            mix(scale(p.accent, 0.55 + 0.05 * k), rgb(180, 20, 50), 0.5),
            130 + 5 * k,
            0.10,
        )


def _chair(p: _Pen) -> None:
    for x in (-0.24, 0.22):
        p.rod((x, 0.45), (x * 1.1, 0.0), 0.025, 0.02, scale(WOOD, 0.7))
    p.rod((-0.26, 0.45), (-0.30, 1.0), 0.026, 0.022, WOOD)
    p.rod((0.08, 0.48), (0.04, 1.0), 0.026, 0.022, WOOD)
    for y in (0.66, 0.8, 0.94):
        p.rod((-0.28, y), (0.05, y), 0.03, 0.03, WOOD)
    p.poly([(-0.3, 0.42), (0.26, 0.42), (0.3, 0.5), (-0.26, 0.5)], scale(WOOD, 1.2), 170)


def _table(p: _Pen) -> None:
    for x in (-0.7, 0.62):
        p.rect(x, 0, x + 0.08, 0.92, scale(WOOD, 0.6))
    p.poly([(-0.85, 0.88), (0.85, 0.88), (0.85, 0.96), (-0.85, 0.96)], WOOD, 160)
    p.poly([(-0.85, 0.96), (0.85, 0.96), (0.7, 1.02), (-0.7, 1.02)], scale(WOOD, 1.35), 170)


def _door(p: _Pen) -> None:
    p.rect(-0.27, 0, 0.27, 1.03, scale(WOOD, 0.35))
    p.rect(-0.23, 0, 0.23, 1.0, scale(WOOD, 0.9), 140)
    for y0, y1 in ((0.08, 0.42), (0.52, 0.92)):
        p.rect(-0.16, y0, 0.16, y1, scale(WOOD, 0.6), inside=True)
        p.rect(-0.14, y0 + 0.015, 0.14, y1 - 0.015, scale(WOOD, 1.05), inside=True)
    p.disc(0.18, 0.47, 0.02, BRASS, 180)


def _umbrella(p: _Pen) -> None:
    p.rod((0, 0.05), (0, 0.95), 0.012, 0.012, DARK)
    p.smooth([(0.0, 0.04), (0.03, 0.0), (0.08, 0.03), (0.07, 0.1)], DARK)
    p.smooth(
        [
            (-0.6, 0.58),
            (-0.4, 0.86),
            (0, 1.0),
            (0.4, 0.86),
            (0.6, 0.58),
            (0.4, 0.64),
            (0.2, 0.58),
            (0, 0.64),
            (-0.2, 0.58),
            (-0.4, 0.64),
        ],
        scale(p.accent, 0.6),
        170,
    )
    for x in (-0.3, 0.0, 0.3):
        p.soft([(x * 0.1, 0.98), (x * 0.1 + 0.01, 0.98), (x + 0.02, 0.62), (x, 0.62)], scale(p.accent, 0.2), 0.6, 0.012)


def _bicycle(p: _Pen) -> None:
    for x in (-0.52, 0.52):
        ring, inner = oval(x, 0.33, 0.33, 0.33), oval(x, 0.33, 0.295, 0.295)
        for a, b, c, d in zip(ring, np.roll(ring, -1, 0), np.roll(inner, -1, 0), inner, strict=True):
            p.poly([tuple(a), tuple(b), tuple(c), tuple(d)], DARK)
        for k in range(8):
            a2 = k * math.pi / 4 + p.phase * 0.3
            p.rod((x, 0.33), (x + 0.3 * math.cos(a2), 0.33 + 0.3 * math.sin(a2)), 0.004, 0.004, STEEL)
    paint = scale(p.accent, 0.7)
    for a3, b3 in (
        ((-0.52, 0.33), (-0.12, 0.33)),
        ((-0.12, 0.33), (-0.24, 0.78)),
        ((-0.52, 0.33), (-0.22, 0.70)),
        ((-0.22, 0.70), (0.34, 0.74)),
        ((-0.12, 0.33), (0.36, 0.70)),
        ((0.52, 0.33), (0.33, 0.88)),
    ):
        p.rod(a3, b3, 0.022, 0.022, paint, 160)
    p.rod((0.33, 0.88), (0.5, 0.95), 0.018, 0.018, DARK)
    p.rod((-0.36, 0.82), (-0.14, 0.82), 0.035, 0.025, DARK)


def _boat(p: _Pen) -> None:
    p.smooth([(-1.0, 0.34), (-0.7, 0.0), (0.6, 0.0), (1.1, 0.4), (0.4, 0.28), (-0.5, 0.26)], rgb(120, 74, 48))
    p.soft([(-0.9, 0.26), (0.9, 0.3), (0.9, 0.33), (-0.9, 0.30)], PAPER, 0.8, 0.01)
    p.rod((0.0, 0.2), (0.0, 1.0), 0.018, 0.012, WOOD)
    p.poly([(0.04, 0.98), (0.04, 0.36), (0.72, 0.42)], PAPER, 150)
    p.poly([(-0.03, 0.9), (-0.03, 0.36), (-0.52, 0.40)], scale(PAPER, 0.85), 140)


def _robot(p: _Pen) -> None:
    metal = rgb(150, 162, 172)
    for x in (-0.1, 0.1):
        p.rod((x, 0.38), (x * 1.2, 0.05), 0.05, 0.04, scale(metal, 0.7))
        p.rect(x * 1.2 - 0.07, 0, x * 1.2 + 0.08, 0.05, DARK)
    swing = 0.03 * math.sin(p.phase * 1.5)
    for side in (-1, 1):
        p.rod((side * 0.22, 0.68), (side * 0.28, 0.5), 0.045, 0.035, scale(metal, 0.8))
        p.rod((side * 0.28, 0.5), (side * 0.24, 0.32 + swing * side), 0.035, 0.03, metal)
    p.smooth([(-0.2, 0.7), (-0.16, 0.38), (0.16, 0.38), (0.2, 0.7), (0, 0.74)], metal, 160)
    p.disc(0, 0.58, 0.055, DARK, 120)
    p.light([tuple(q) for q in oval(0, 0.58, 0.04, 0.04)], p.second, 2.2)
    p.smooth([(-0.14, 0.78), (-0.15, 0.95), (0, 1.0), (0.15, 0.95), (0.14, 0.78)], scale(metal, 1.1), 180)
    p.rect(-0.11, 0.84, 0.11, 0.92, DARK, 120)
    for x in (-0.05, 0.05):
        p.light([tuple(q) for q in oval(x, 0.88, 0.022, 0.022)], p.accent, 2.6)


def _ring(p: _Pen) -> None:
    p.disc(0, 0.38, 0.38, BRASS)
    p.disc(0, 0.38, 0.29, rgb(30, 24, 28), 30)
    p.poly([(-0.14, 0.78), (0, 0.66), (0.14, 0.78), (0.08, 0.9), (-0.08, 0.9)], rgb(210, 236, 246), 200)
    p.shine(0.03, 0.82, 0.03, 0.05, 0.9)


def _locket(p: _Pen) -> None:
    for link in range(34):  # the chain falls from its eye and trails over the table
        x = 0.05 + link * 0.036
        for side in (-1, 1):
            y = 0.84 * math.exp(-3.4 * x) + 0.03 * (1 + math.sin(7 * x + side))
            p.disc(side * x, y, 0.021, scale(BRASS, 0.9 + 0.25 * (link % 2)))
    p.disc(0, 0.84, 0.075, BRASS)
    p.disc(0, 0.84, 0.04, DARK, 40, inside=True)
    p.smooth(
        [(-0.36, 0.4), (-0.2, 0.72), (0, 0.78), (0.2, 0.72), (0.36, 0.4), (0.24, 0.1), (0, 0.0), (-0.24, 0.1)], BRASS
    )
    inner = [(-0.27, 0.4), (-0.15, 0.64), (0, 0.69), (0.15, 0.64), (0.27, 0.4), (0.18, 0.17), (0, 0.09), (-0.18, 0.17)]
    p.smooth(inner, scale(BRASS, 0.78), 170)
    for turn in range(5):
        a = turn * 2 * math.pi / 5
        p.disc(0.085 * math.sin(a), 0.4 + 0.085 * math.cos(a), 0.06, scale(BRASS, 1.2), 190)
    p.disc(0, 0.4, 0.05, rgb(168, 36, 52), 200)
    p.rect(0.33, 0.36, 0.39, 0.46, scale(BRASS, 0.6))
    p.shine(-0.14, 0.58, 0.05, 0.12, 0.7)


def _coin(p: _Pen) -> None:
    p.disc(0, 0.5, 0.5, scale(BRASS, 0.7))
    p.disc(0, 0.5, 0.45, BRASS, 160)
    p.smooth(
        [(-0.12, 0.2), (-0.2, 0.5), (-0.05, 0.78), (0.16, 0.7), (0.14, 0.52), (0.22, 0.46), (0.12, 0.3)],
        scale(BRASS, 1.25),
        190,
    )
    p.shine(-0.2, 0.72, 0.14, 0.06, 0.6)


def _mirror(p: _Pen) -> None:
    p.disc(0, 0.5, 0.36, BRASS, 130, 0.5)
    p.disc(0, 0.5, 0.31, mix(GLASS, p.second, 0.3), 90, 0.45)
    p.soft([(-0.2, 0.3), (-0.08, 0.3), (0.12, 0.8), (0.0, 0.8)], (1, 1, 1), 0.5, 0.03)


def _television(p: _Pen) -> None:
    p.smooth([(-0.62, 0.08), (0.62, 0.08), (0.64, 0.92), (-0.64, 0.92)], rgb(70, 48, 36))
    p.smooth([(-0.5, 0.2), (0.34, 0.2), (0.36, 0.82), (-0.52, 0.82)], DARK, 90, True)
    p.light([(-0.46, 0.24), (0.30, 0.24), (0.31, 0.78), (-0.47, 0.78)], mix(p.second, PAPER, 0.4), 0.9)
    for k in range(4):
        p.light(
            [(-0.44, 0.30 + 0.12 * k), (0.29, 0.30 + 0.12 * k), (0.29, 0.34 + 0.12 * k), (-0.44, 0.34 + 0.12 * k)],
            p.second,
            0.55,
        )
    for y in (0.7, 0.5):
        p.disc(0.5, y, 0.06, BRASS, 170)


def _computer(p: _Pen) -> None:
    p.poly([(-0.7, 0.35), (0.7, 0.35), (0.66, 1.0), (-0.66, 1.0)], DARK)
    p.light([(-0.62, 0.40), (0.62, 0.40), (0.60, 0.95), (-0.60, 0.95)], scale(p.second, 0.4), 0.8)
    for k in range(6):
        p.light(
            [
                (-0.52, 0.86 - k * 0.075),
                (-0.1 + 0.09 * (k * 3 % 5), 0.86 - k * 0.075),
                (-0.1 + 0.09 * (k * 3 % 5), 0.885 - k * 0.075),
                (-0.52, 0.885 - k * 0.075),
            ],
            p.second,
            1.6,
        )
    p.poly([(-0.85, 0.0), (0.85, 0.0), (0.72, 0.3), (-0.72, 0.3)], scale(STEEL, 0.7), 160)
    for k in range(4):
        p.rect(-0.66 + 0.03 * k, 0.05 + k * 0.06, 0.66 - 0.03 * k, 0.09 + k * 0.06, DARK, inside=True)


def _candle(p: _Pen) -> None:
    p.smooth([(-0.36, 0.02), (0.36, 0.02), (0.3, 0.1), (-0.3, 0.1)], BRASS)
    p.rect(-0.11, 0.06, 0.11, 0.68, PAPER, 150)
    bend = 0.03 * math.sin(p.phase * 3.1)
    flame = [(-0.055, 0.74), (-0.03, 0.86), (bend, 1.0), (0.04, 0.86), (0.055, 0.74), (0, 0.69)]
    p.smooth(flame, GLOW, 150)
    p.light(flame, GLOW, 2.6)


def _hat(p: _Pen) -> None:
    p.smooth([(-0.6, 0.25), (-0.5, 0.9), (-0.1, 1.0), (0.1, 0.9), (0.5, 0.9), (0.6, 0.25)], rgb(84, 70, 62), 150)
    p.rect(-0.6, 0.25, 0.6, 0.42, DARK, inside=True)
    p.smooth([(-1.1, 0.2), (0, 0.34), (1.1, 0.2), (0.7, 0.05), (0, 0.0), (-0.7, 0.05)], rgb(70, 58, 52), 180)


def _shoe(p: _Pen) -> None:
    p.smooth(
        [
            (-1.0, 0.05),
            (-1.0, 0.3),
            (-0.5, 0.45),
            (0.2, 0.7),
            (0.5, 1.0),
            (0.85, 0.95),
            (0.9, 0.5),
            (0.85, 0.2),
            (0.3, 0.12),
            (-0.4, 0.02),
        ],
        scale(p.accent, 0.55),
        160,
    )
    p.poly([(0.72, 0.3), (0.9, 0.4), (0.86, 0.0), (0.8, 0.0)], DARK, 140)
    p.soft([(-0.8, 0.3), (-0.3, 0.42), (-0.3, 0.46), (-0.8, 0.36)], (1, 1, 1), 0.7, 0.03)


def _cigarette(p: _Pen) -> None:
    p.rod((-1.2, 0.5), (0.4, 0.5), 0.16, 0.16, PAPER, 150)
    p.rod((0.4, 0.5), (1.1, 0.5), 0.165, 0.165, rgb(190, 130, 70), 150)
    p.light([tuple(q) for q in oval(-1.22, 0.5, 0.12, 0.15)], rgb(255, 110, 40), 2.4)
    hand(p, 1.0, 0.3, 1.1, 0.3, DARK)


def _guitar(p: _Pen) -> None:
    p.rod((0, 0.4), (0, 0.98), 0.022, 0.018, DARK)
    p.smooth(
        [
            (0, 0.0),
            (0.2, 0.04),
            (0.23, 0.18),
            (0.13, 0.28),
            (0.17, 0.40),
            (0.0, 0.48),
            (-0.17, 0.40),
            (-0.13, 0.28),
            (-0.23, 0.18),
            (-0.2, 0.04),
        ],
        rgb(168, 96, 44),
        150,
    )
    p.disc(0, 0.3, 0.06, DARK, 60)
    p.rect(-0.03, 0.93, 0.03, 1.02, WOOD, 160)


def _hand(p: _Pen) -> None:
    hand(p, 0.0, 0.5, 0.62, 0.35, DARK)


def _object(p: _Pen) -> None:
    """No motif of that name: a form grown from the name, always the same for it."""
    rng = random.Random(p.name)
    hue = rng.random()
    tint = from_hsv(hue, 0.5, 0.55)
    kind = rng.randrange(4)
    if kind == 0:
        p.poly([(-0.5, 0.02), (0.4, 0.0), (0.42, 0.8), (-0.48, 0.82)], tint)
        p.poly([(0.4, 0.0), (0.62, 0.12), (0.64, 0.86), (0.42, 0.8)], scale(tint, 0.6), 100)
        p.poly([(-0.48, 0.82), (0.42, 0.8), (0.64, 0.86), (-0.24, 0.9)], scale(tint, 1.3), 150)
        p.rect(-0.3, 0.3, 0.22, 0.52, from_hsv(hue + 0.5, 0.5, 0.7), inside=True)
    elif kind == 1:
        neck, belly = rng.uniform(0.1, 0.2), rng.uniform(0.3, 0.45)
        p.smooth(
            [
                (-0.2, 0.0),
                (-belly, 0.3),
                (-belly * 0.8, 0.6),
                (-neck, 0.8),
                (-neck * 1.3, 1.0),
                (neck * 1.3, 1.0),
                (neck, 0.8),
                (belly * 0.8, 0.6),
                (belly, 0.3),
                (0.2, 0.0),
            ],
            tint,
        )
        p.disc(0, 0.42, belly * 0.5, from_hsv(hue + 0.5, 0.5, 0.7), 150, inside=True)
    elif kind == 2:
        p.disc(0, 0.45, 0.45, tint)
        for k in range(5):
            a = k * 1.2566 + rng.random()
            p.disc(0.26 * math.cos(a), 0.45 + 0.26 * math.sin(a), 0.08, from_hsv(hue + 0.3, 0.6, 0.7), inside=True)
        p.disc(0, 0.45, 0.12, BRASS, 190)
    else:
        p.rect(-0.34, 0.0, 0.34, 0.12, scale(tint, 0.5))
        p.rod((0, 0.1), (0, 0.6), 0.07, 0.05, tint)
        p.smooth(
            [(-0.36, 0.6), (-0.22, 0.92), (0, 1.0), (0.22, 0.92), (0.36, 0.6), (0, 0.52)],
            from_hsv(hue + 0.12, 0.55, 0.65),
            170,
        )
    p.shine(-0.15, 0.66, 0.07, 0.12, 0.5)


_MOTIFS = {
    "door_handle": _door_handle,
    "door_lever": _door_lever,
    "washing_machine": _washing_machine,
    "neon_sign": _neon_sign,
    "gun": _gun,
    "phone": _phone,
    "letter": _letter,
    "cup": _cup,
    "bottle": _bottle,
    "suitcase": _suitcase,
    "knife": _knife,
    "lantern": _lantern,
    "lamp": _lamp,
    "car": _car,
    "clock": _clock,
    "book": _book,
    "key": _key,
    "camera": _camera,
    "flower": _flower,
    "chair": _chair,
    "table": _table,
    "door": _door,
    "umbrella": _umbrella,
    "bicycle": _bicycle,
    "boat": _boat,
    "robot": _robot,
    "ring": _ring,
    "locket": _locket,
    "coin": _coin,
    "mirror": _mirror,
    "television": _television,
    "computer": _computer,
    "candle": _candle,
    "hat": _hat,
    "shoe": _shoe,
    "cigarette": _cigarette,
    "guitar": _guitar,
    "hand": _hand,
}
