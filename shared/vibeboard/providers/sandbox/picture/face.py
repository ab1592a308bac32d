"""Heads: from a readable silhouette at a distance to a portrait with eyes, brows, nose, mouth and hair in close-up.

Coordinates: the head's own, 1 unit = chin to crown, origin at its centre, x to the right of the frame.
"""

import math

import numpy as np

from vibeboard.providers.sandbox.picture.colour import Colour, mix, rgb, scale
from vibeboard.providers.sandbox.picture.identity import Person
from vibeboard.providers.sandbox.picture.model import Points
from vibeboard.providers.sandbox.picture.sheet import Pairs, Sheet, oval


class Head:
    """Places head shapes on a sheet: mirrored when the face looks to the left, tilted, scaled."""

    def __init__(
        self,
        sheet: Sheet,
        person: Person,
        centre: tuple[float, float],
        unit: float,
        facing: float,
        tilt: float,
        key_left: bool,
        blink: float,
        mood: str,
    ) -> None:
        self.sheet, self.person, self.centre, self.unit = sheet, person, centre, unit
        self.flip = -1.0 if facing < 0 else 1.0
        self.turn = min(1.0, abs(facing))
        self.tilt = tilt
        self.shadow_side = (1.0 if key_left else -1.0) * self.flip
        self.blink = blink
        self.mood = mood
        self.size = unit * sheet.scale  # pixels per head

    def place(self, points: Pairs) -> Points:
        """Head units to the sheet's metres."""
        p = np.asarray(points, float) * [self.flip * self.unit, self.unit]
        c, s = math.cos(-self.tilt), math.sin(-self.tilt)
        turned = np.stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c], 1)
        out: Points = turned + self.centre
        return out

    def smooth(self, points: Pairs, colour: Colour, rise: float = 150, inside: bool = False) -> None:
        """A smooth shape in head units."""
        from vibeboard.providers.sandbox.picture.sheet import curve

        self.sheet.poly(self.place(curve(points)), colour, rise, inside=inside)

    def soft(self, points: Pairs, colour: Colour, strength: float, blur: float) -> None:
        """A soft wash in head units."""
        self.sheet.soft(self.place(points), colour, strength, blur * self.unit)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, turn: float = 0.0) -> None:
        """A painted ellipse in head units."""
        self.sheet.poly(self.place(oval(x, y, rx, ry, turn)), colour, inside=True)


def draw_head(
    sheet: Sheet,
    person: Person,
    centre: tuple[float, float],
    unit: float,
    facing: float,
    back: bool,
    tilt: float,
    key_left: bool,
    blink: float = 0.0,
    mood: str = "",
) -> None:
    """Draws the head. facing -1..1 turns it from one profile to the other; back shows it from behind."""
    head = Head(sheet, person, centre, unit, facing, tilt, key_left, blink, mood)
    hair = person.hair
    if person.garment == "spacesuit":
        head.smooth(oval(0, 0, 0.62, 0.64)[::4], rgb(214, 216, 214), 150)
    if person.hair_style in ("long", "bob", "curly"):
        _back_hair(head, hair)
    if back:
        _nape(head, hair)
    elif head.turn > 0.8:
        _profile(head)
    else:
        _three_quarter(head)
    if person.hair_style == "bun":
        head.smooth(oval(-0.28 if not back else 0.0, 0.46, 0.17, 0.15)[::4], scale(hair, 0.9), 140)
    if person.hat:
        _hat(head)
    if person.garment == "spacesuit" and not back:
        head.soft(oval(0.1, 0.05, 0.42, 0.40), rgb(120, 170, 200), 0.28, 0.05)
        head.soft(oval(0.26, 0.24, 0.10, 0.16, 0.5), rgb(240, 250, 255), 0.5, 0.03)


def _back_hair(head: Head, hair: Colour) -> None:
    t = head.turn
    low = {"long": -0.98, "bob": -0.50, "curly": -0.42}[head.person.hair_style]
    wide = 0.50 if head.person.hair_style != "curly" else 0.60
    head.smooth(
        [
            (-wide - 0.05 * t, 0.12),
            (-wide + 0.05, 0.50),
            (-0.05, 0.66),
            (0.36, 0.52),
            (0.47 - 0.12 * t, 0.05),
            (0.44 - 0.14 * t, low * 0.62),
            (0.34 - 0.2 * t, low),
            (-0.08, low - 0.04),
            (-0.44 - 0.06 * t, low + 0.02),
            (-wide - 0.10 * t, low * 0.5),
        ],
        scale(hair, 0.72),
        105,
    )


def _nape(head: Head, hair: Colour) -> None:
    p = head.person
    head.smooth(
        [(-0.34, -0.05), (-0.36, 0.28), (0, 0.52), (0.36, 0.28), (0.34, -0.05), (0.20, -0.42), (-0.20, -0.42)],
        scale(p.skin, 0.92),
        150,
    )
    if p.hair_style == "bald":
        return
    low = {"long": -1.0, "bob": -0.55, "curly": -0.45}.get(p.hair_style, -0.22)
    wide = 0.50 if low < -0.3 else 0.40
    head.smooth(
        [
            (-wide, 0.0),
            (-wide + 0.04, 0.38),
            (0, 0.60),
            (wide - 0.04, 0.38),
            (wide, 0.0),
            (wide - 0.04, low * 0.8),
            (0.0, low),
            (-wide + 0.04, low * 0.8),
        ],
        hair,
        165,
    )
    if head.size > 40:
        for i in range(9):
            x = -wide + 0.08 + i * (2 * wide - 0.16) / 8
            head.soft(
                [(x * 0.4, 0.56), (x * 0.4 + 0.03, 0.56), (x + 0.035, low * 0.8), (x, low * 0.8)],
                scale(hair, 1.5 if i % 2 else 0.6),
                0.4,
                0.015,
            )


def _profile(head: Head) -> None:
    p = head.person
    skin = p.skin
    outline = [
        (-0.26, -0.30),
        (-0.38, 0.05),
        (-0.36, 0.36),
        (-0.10, 0.53),
        (0.20, 0.48),
        (0.33, 0.30),
        (0.345, 0.16),
        (0.33, 0.10),
        (0.39, 0.0),
        (0.455, -0.10),
        (0.42, -0.145),
        (0.355, -0.16),
        (0.37, -0.21),
        (0.385, -0.245),
        (0.355, -0.272),
        (0.375, -0.31),
        (0.345, -0.355),
        (0.35, -0.42),
        (0.29, -0.49),
        (0.16, -0.47),
        (0.0, -0.36),
        (-0.10, -0.24),
        (-0.16, -0.44),
    ]
    head.smooth(outline, skin, 160)
    head.soft([(-0.2, -0.1), (0.1, -0.36), (0.3, -0.5), (-0.2, -0.5)], scale(skin, 0.55), 0.5, 0.06)
    if head.size > 26:
        head.soft(oval(0.23, 0.09, 0.10, 0.06), scale(skin, 0.5), 0.6, 0.02)
        head.smooth([(0.19, 0.085), (0.25, 0.115), (0.31, 0.09), (0.26, 0.06)], rgb(216, 210, 204), inside=True)
        head.ellipse(0.275, 0.088, 0.026, 0.034, rgb(40, 28, 24))
        head.smooth([(0.16, 0.09), (0.25, 0.135), (0.335, 0.105), (0.25, 0.112)], rgb(24, 18, 18), inside=True)
        head.smooth([(0.15, 0.19), (0.25, 0.235), (0.34, 0.205), (0.25, 0.212)], scale(p.hair, 0.7), inside=True)
        head.smooth([(0.27, -0.23), (0.36, -0.205), (0.39, -0.24), (0.36, -0.278), (0.28, -0.262)], p.lips, inside=True)
        head.smooth([(0.24, -0.24), (0.37, -0.246), (0.24, -0.25)], scale(p.lips, 0.4), inside=True)
        head.soft(oval(0.40, -0.135, 0.025, 0.018), scale(skin, 0.4), 0.7, 0.01)
        head.soft(oval(0.12, -0.12, 0.13, 0.11), mix(skin, rgb(220, 90, 80), 0.4), 0.35, 0.05)
        head.smooth(oval(-0.07, 0.0, 0.055, 0.11, 0.2)[::4], scale(skin, 0.82), inside=True)
    _beard(
        head,
        [
            (-0.08, -0.1),
            (0.1, -0.22),
            (0.26, -0.18),
            (0.37, -0.2),
            (0.34, -0.29),
            (0.37, -0.36),
            (0.33, -0.54),
            (0.12, -0.52),
            (-0.06, -0.34),
        ],
    )
    _cap(
        head,
        [
            (-0.30, -0.28),
            (-0.44, 0.05),
            (-0.40, 0.42),
            (-0.10, 0.62),
            (0.22, 0.56),
            (0.345, 0.36),
            (0.31, 0.29),
            (0.16, 0.36),
            (0.06, 0.20),
            (0.02, 0.0),
            (-0.12, -0.06),
            (-0.16, -0.30),
        ],
    )


def _three_quarter(head: Head) -> None:
    p, t = head.person, head.turn
    skin = p.skin
    s = 0.16 * t  # how far the features have turned
    jaw = 0.175 if p.female else 0.235
    head.smooth(
        [
            (-0.37, 0.12),
            (-0.34, 0.40),
            (-0.10, 0.53),
            (0.16, 0.52),
            (0.345, 0.36),
            (0.365 - 0.02 * t, 0.14),
            (0.355 - 0.03 * t, 0.02),
            (0.36 - 0.03 * t, -0.10),
            (0.31 - 0.02 * t, -0.27),
            (jaw - 0.02 + s * 0.3, -0.41),
            (0.09 + s * 0.7, -0.50),
            (-0.05 + s * 0.7, -0.495),
            (-jaw + 0.02 + s * 0.4, -0.40),
            (-0.335 + s * 0.1, -0.20),
        ],
        skin,
        165,
    )
    if head.size < 22:
        head.soft(
            [(0.0, -0.45), (0.0, 0.3), (0.4 * head.shadow_side, 0.3), (0.36 * head.shadow_side, -0.4)],
            scale(skin, 0.5),
            0.5,
            0.06,
        )
        head.soft(oval(s, 0.06, 0.27, 0.05), scale(skin, 0.4), 0.6, 0.03)
        head.soft(oval(0.02 + s, -0.27, 0.10, 0.03), p.lips, 0.8, 0.02)
        _hairline(head)
        return
    shade = head.shadow_side
    dark = mix(scale(skin, 0.52), (skin[0] * 0.40, skin[1] * 0.32, skin[2] * 0.46), 0.5)
    head.soft(
        [
            (0.16 * shade + s, 0.5),
            (0.20 * shade + s, 0.10),
            (0.14 * shade + s, -0.12),
            (0.20 * shade + s, -0.30),
            (0.08 * shade + s, -0.52),
            (0.46 * shade, -0.45),
            (0.46 * shade, 0.4),
        ],
        dark,
        0.34,
        0.07,
    )
    head.soft([(-0.3, -0.40), (0.34, -0.40), (0.2 + s, -0.53), (-0.2 + s, -0.53)], dark, 0.5, 0.04)
    for side in (-1, 1):
        head.soft(oval(side * 0.23 + s * 0.7, -0.09, 0.10, 0.08), mix(skin, rgb(216, 84, 76), 0.45), 0.30, 0.05)
    gap, narrow = 0.158, 1 - 0.25 * t
    for side in (-1, 1):
        far = side > 0  # the side that turns away narrows
        ex = side * gap * (narrow if far else 1.0) + s
        _eye(head, ex, 0.055, 0.088 * (narrow if far else 1.0), far, dark)
    _nose(head, s, t, dark)
    _mouth(head, s, dark)
    if p.elder:
        for side in (-1, 1):
            head.soft(
                [
                    (side * 0.13 + s, -0.12),
                    (side * 0.19 + s, -0.25),
                    (side * 0.205 + s, -0.25),
                    (side * 0.15 + s, -0.12),
                ],
                dark,
                0.6,
                0.008,
            )
        for v in (0.25, 0.30):
            head.soft(
                [(-0.18 + s, v), (0.18 + s, v + 0.01), (0.18 + s, v + 0.018), (-0.18 + s, v + 0.008)], dark, 0.45, 0.006
            )
    _beard(
        head,
        [
            (-0.33, -0.08),
            (-0.22 + s, -0.18),
            (-0.10 + s, -0.17),
            (0.02 + s, -0.185),
            (0.14 + s, -0.17),
            (0.25, -0.18),
            (0.33, -0.1),
            (0.28, -0.32),
            (0.12 + s, -0.54),
            (-0.06 + s, -0.54),
            (-0.26, -0.36),
        ],
    )
    if p.beard:
        _mouth(head, s, dark)
    if p.glasses:
        for side in (-1, 1):
            ring = oval(side * gap + s, 0.05, 0.115, 0.09)
            inner = oval(side * gap + s, 0.05, 0.10, 0.077)
            head.sheet.poly(
                head.place(np.concatenate([ring, ring[:1], inner[:1], inner[::-1]])), rgb(22, 20, 20), inside=True
            )
    if t < 0.5 or head.person.hair_style in ("short", "cropped", "bald", "bun"):
        head.smooth(oval(-0.375, 0.0, 0.05, 0.11)[::4], scale(skin, 0.86), 150)
    _hairline(head)


def _eye(head: Head, x: float, y: float, w: float, far: bool, dark: Colour) -> None:
    p = head.person
    fine = head.size > 70
    head.soft(oval(x, y + 0.035, w * 1.25, 0.070), dark, 0.55, 0.025)
    if p.female:
        head.soft(oval(x, y + 0.045, w * 1.05, 0.035), mix(dark, rgb(60, 36, 50), 0.5), 0.5, 0.016)
    open_ = 0.040 * (1 - 0.9 * head.blink) * (0.82 if head.mood == "tense" else 1.0)
    upper = [
        (x - w, y - 0.006),
        (x - w * 0.45, y + open_ * 0.85),
        (x + w * 0.1, y + open_),
        (x + w * 0.65, y + open_ * 0.72),
        (x + w, y + 0.006),
    ]
    lower = [(x + w * 0.5, y - open_ * 0.55), (x - w * 0.2, y - open_ * 0.65), (x - w * 0.7, y - open_ * 0.35)]
    if head.blink < 0.85:
        head.smooth([*upper, *lower], rgb(206, 200, 196), inside=True)
        gaze = x + 0.018 * head.turn
        iris = (rgb(70, 96, 120), rgb(84, 60, 36), rgb(66, 92, 66), rgb(52, 36, 28))[p.seed % 4]
        r = min(0.042, open_ * 1.05)
        head.ellipse(gaze, y + 0.004, r, r * 1.04, scale(iris, 0.55))
        if fine:
            head.ellipse(gaze, y, r * 0.82, r * 0.80, iris)
        head.ellipse(gaze, y + 0.004, r * 0.48, r * 0.50, rgb(10, 8, 10))
        if fine:
            head.ellipse(gaze - 0.012 * head.shadow_side, y + 0.016, 0.0095, 0.0095, rgb(255, 255, 255))
            head.soft(
                [
                    (x - w, y + open_ * 0.9),
                    (x + w, y + open_ * 0.9),
                    (x + w, y + open_ * 0.3),
                    (x - w, y + open_ * 0.3),
                ],
                dark,
                0.35,
                0.012,
            )
    lash = 0.017 if p.female else 0.010
    head.smooth(
        [
            (x - w * 1.08, y - 0.008),
            (x - w * 0.45, y + open_ * 0.85 + lash * 0.6),
            (x + w * 0.1, y + open_ + lash),
            (x + w * 0.7, y + open_ * 0.72 + lash),
            (x + w * (1.22 if p.female else 1.05), y + 0.022),
            (x + w * 0.65, y + open_ * 0.70),
            (x + w * 0.1, y + open_ * 0.96),
            (x - w * 0.45, y + open_ * 0.78),
        ],
        rgb(20, 14, 16),
        inside=True,
    )
    if fine:
        head.soft(
            [
                (x - w, y + open_ + 0.028),
                (x + w, y + open_ + 0.026),
                (x + w, y + open_ + 0.036),
                (x - w, y + open_ + 0.036),
            ],
            dark,
            0.5,
            0.006,
        )
    arch = 0.155 if p.female else 0.135
    thick = 0.020 if p.female else 0.032
    inner, outer = (x - w * 1.1, x + w * 1.3) if far or x > 0 else (x + w * 1.1, x - w * 1.3)
    drop = 0.018 if head.mood == "tense" else 0.0
    brow = [
        (inner, y + arch - 0.03 - drop),
        ((inner + outer) / 2, y + arch),
        (outer, y + arch - 0.025),
        ((inner + outer) / 2, y + arch - thick),
        (inner, y + arch - 0.03 - drop - thick * 1.1),
    ]
    head.smooth(brow, scale(p.hair, 0.62) if sum(p.hair) < 1.6 else scale(p.hair, 0.55), inside=True)


def _nose(head: Head, s: float, t: float, dark: Colour) -> None:
    skin = head.person.skin
    side = head.shadow_side
    tip = 0.035 * t + s * 1.15
    head.soft(
        [(s + 0.02 * side, 0.12), (s + 0.05 * side, 0.10), (tip + 0.07 * side, -0.10), (tip + 0.01 * side, -0.13)],
        dark,
        0.50,
        0.014,
    )
    head.soft(
        [(s - 0.012 * side, 0.10), (s + 0.008 * side, 0.10), (tip + 0.012 * side, -0.09), (tip - 0.02 * side, -0.09)],
        mix(skin, (1, 1, 1), 0.5),
        0.42,
        0.010,
    )
    head.soft(oval(tip - 0.008 * side, -0.095, 0.022, 0.018), mix(skin, (1, 1, 1), 0.6), 0.40, 0.010)
    for x in (-0.037, 0.037):
        head.ellipse(tip + x * (1 - 0.2 * t), -0.142, 0.017, 0.009, scale(dark, 0.6), 0.3 * (1 if x > 0 else -1))
    head.soft([(tip - 0.07, -0.15), (tip + 0.07, -0.15), (tip + 0.04, -0.185), (tip - 0.04, -0.185)], dark, 0.45, 0.012)


def _mouth(head: Head, s: float, dark: Colour) -> None:
    p = head.person
    w, cx, y = (0.118 if p.female else 0.128), s * 1.1, -0.272
    smile = 0.018 if head.mood == "warm" else -0.006 if head.mood == "tense" else 0.002
    full = 0.040 if p.female else 0.026
    head.smooth(
        [
            (cx - w, y + smile),
            (cx - w * 0.4, y + full * 0.78),
            (cx, y + full * 0.55),
            (cx + w * 0.4, y + full * 0.78),
            (cx + w, y + smile),
            (cx + w * 0.3, y - 0.003),
            (cx - w * 0.3, y - 0.003),
        ],
        scale(p.lips, 0.82),
        inside=True,
    )
    head.smooth(
        [
            (cx - w * 0.92, y + smile * 0.8),
            (cx, y - 0.004),
            (cx + w * 0.92, y + smile * 0.8),
            (cx + w * 0.5, y - full * 0.95),
            (cx, y - full * 1.18),
            (cx - w * 0.5, y - full * 0.95),
        ],
        p.lips,
        inside=True,
    )
    head.smooth(
        [(cx - w, y + smile), (cx, y + 0.003), (cx + w, y + smile), (cx, y - 0.007)], scale(p.lips, 0.30), inside=True
    )
    if p.female:
        head.soft(
            oval(cx - 0.02 * head.shadow_side, y - full * 0.62, 0.035, 0.009), mix(p.lips, (1, 1, 1), 0.6), 0.5, 0.008
        )
    head.soft(
        [(cx - w * 0.6, y - 0.06), (cx + w * 0.6, y - 0.06), (cx + w * 0.4, y - 0.088), (cx - w * 0.4, y - 0.088)],
        dark,
        0.45,
        0.012,
    )


def _beard(head: Head, shape: Pairs) -> None:
    if head.person.beard:
        head.soft(shape, scale(head.person.hair, 0.8), 0.85, 0.018)


def _strands(head: Head, paths: list[tuple[Pairs, float]]) -> None:
    if head.size < 60:
        return
    for path, tone in paths:
        p = np.asarray(path, float)
        head.soft(np.concatenate([p, p[::-1] + np.array([0.016, 0.008])]), scale(head.person.hair, tone), 0.45, 0.010)


def _cap(head: Head, shape: Pairs) -> None:
    if head.person.hair_style != "bald":
        head.smooth(shape, head.person.hair, 185)
        _strands(
            head,
            [
                (
                    [(0.25 - i * 0.07, 0.50), (-0.05 - i * 0.06, 0.42 - i * 0.05), (-0.28, 0.1 - i * 0.06)],
                    1.6 if i % 2 else 0.6,
                )
                for i in range(5)
            ],
        )


def _hairline(head: Head) -> None:
    p, hair = head.person, head.person.hair
    style = p.hair_style
    if style == "bald":
        head.soft(oval(-0.05, 0.42, 0.14, 0.07), mix(p.skin, (1, 1, 1), 0.5), 0.35, 0.04)
        return
    if style in ("long", "bob"):
        low = -0.92 if style == "long" else -0.46
        # A side parting: one wave sweeps over the brow and down, the other falls behind the far cheek.
        near = [
            (0.13, 0.545),
            (-0.02, 0.475),
            (-0.16, 0.37),
            (-0.255, 0.22),
            (-0.305, 0.05),
            (-0.315, -0.12),
            (-0.285, -0.28),
            (-0.33, low * 0.72),
            (-0.27, low * 0.92),
            (-0.36, low * 1.05),
            (-0.47, low),
            (-0.545, low * 0.72),
            (-0.50, low * 0.40),
            (-0.535, -0.02),
            (-0.475, 0.34),
            (-0.30, 0.57),
            (-0.04, 0.665),
            (0.14, 0.64),
        ]
        far = [
            (0.10, 0.56),
            (0.20, 0.49),
            (0.295, 0.36),
            (0.335, 0.18),
            (0.335, 0.0),
            (0.355, -0.17),
            (0.315, low * 0.66),
            (0.37, low * 0.92),
            (0.44, low * 0.80),
            (0.475, low * 0.45),
            (0.45, 0.0),
            (0.455, 0.24),
            (0.37, 0.49),
            (0.20, 0.62),
        ]
        head.smooth(near, hair, 190)
        head.smooth(far, scale(hair, 0.9), 185)
        _strands(
            head,
            [
                (
                    [
                        (0.10, 0.60),
                        (-0.20 - i * 0.03, 0.42 - i * 0.01),
                        (-0.345 - i * 0.026, 0.06),
                        (-0.36 - i * 0.022, low * 0.42),
                        (-0.33 - i * 0.026, low * 0.85),
                    ],
                    (2.3, 0.5, 1.6)[i % 3],
                )
                for i in range(7)
            ],
        )
        _strands(
            head,
            [
                (
                    [(0.14, 0.59), (0.31 + i * 0.02, 0.36), (0.37 + i * 0.02, 0.0), (0.385 + i * 0.018, low * 0.6)],
                    (1.9, 0.5)[i % 2],
                )
                for i in range(4)
            ],
        )
        head.soft(
            [(-0.02, 0.60), (-0.30, 0.46), (-0.43, 0.22), (-0.36, 0.20), (-0.24, 0.42), (0.02, 0.55)],
            mix(hair, (1, 1, 1), 0.45),
            0.35,
            0.03,
        )
        return
    if style == "curly":
        for i in range(13):
            a = math.pi * (0.02 + i / 12 * 1.0)
            head.smooth(
                oval(math.cos(a) * 0.38, 0.22 + math.sin(a) * 0.32, 0.15, 0.14)[::4],
                scale(hair, 0.9 + 0.25 * (i % 2)),
                180,
            )
        return
    part = 0.12 if p.seed % 2 else -0.12
    top = 0.64 if style == "short" else 0.585
    head.smooth(
        [
            (-0.385, -0.02),
            (-0.42, 0.26),
            (-0.32, 0.52),
            (-0.02, top),
            (0.28, 0.56),
            (0.40, 0.30),
            (0.375, 0.02),
            (0.335, 0.20),
            (0.26, 0.335),
            (part, 0.37),
            (-0.22, 0.345),
            (-0.33, 0.18),
        ],
        hair,
        190,
    )
    _strands(
        head,
        [
            ([(part, 0.40), (-0.1 - i * 0.05, 0.55 - i * 0.02), (-0.34, 0.36 - i * 0.06)], 1.7 if i % 2 else 0.6)
            for i in range(4)
        ],
    )
    _strands(
        head,
        [
            ([(part + 0.04, 0.40), (0.16 + i * 0.04, 0.54 - i * 0.03), (0.36, 0.32 - i * 0.06)], 1.6 if i % 2 else 0.6)
            for i in range(4)
        ],
    )


def _hat(head: Head) -> None:
    kind, cloth = head.person.hat, scale(head.person.cloth, 0.75)
    if kind == "cap":
        head.smooth([(-0.42, 0.26), (-0.38, 0.52), (0.0, 0.68), (0.36, 0.54), (0.42, 0.28), (0.0, 0.33)], cloth, 200)
        head.smooth([(0.1, 0.33), (0.42, 0.32), (0.62, 0.22), (0.30, 0.24)], scale(cloth, 0.7), 210)
        return
    brim = 0.86 if kind == "stetson" else 0.66
    tint = rgb(120, 84, 54) if kind == "stetson" else cloth
    curl = 0.12 if kind == "stetson" else 0.03
    head.smooth(
        [(-0.38, 0.30), (-0.33, 0.76), (-0.08, 0.80), (0.02, 0.74), (0.12, 0.80), (0.33, 0.74), (0.40, 0.30)], tint, 190
    )
    head.smooth(
        [(-0.39, 0.29), (-0.385, 0.40), (0.0, 0.38), (0.395, 0.40), (0.40, 0.29), (0.0, 0.26)],
        scale(head.person.accent, 0.6),
        inside=True,
    )
    head.smooth(
        [
            (-brim, 0.30 + curl),
            (-0.45, 0.33),
            (0.0, 0.30),
            (0.45, 0.33),
            (brim, 0.30 + curl),
            (0.5, 0.22),
            (0.0, 0.18),
            (-0.5, 0.22),
        ],
        scale(tint, 0.82),
        215,
    )
    head.soft([(-0.36, 0.20), (0.36, 0.20), (0.36, 0.05), (-0.36, 0.05)], rgb(10, 8, 10), 0.36, 0.05)
