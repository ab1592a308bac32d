"""Figures: bodies in their wardrobe, drawn part by part on a sheet."""

import math

from vibeboard.providers.sandbox.picture.colour import Colour, mix, rgb, scale
from vibeboard.providers.sandbox.picture.face import draw_head
from vibeboard.providers.sandbox.picture.identity import Person
from vibeboard.providers.sandbox.picture.pose import Joint, Pose, pose
from vibeboard.providers.sandbox.picture.sheet import Sheet, limb, oval


def half_shoulders(person: Person, facing: float) -> float:
    """Half the shoulder width as seen, in body heights."""
    return (0.104 if person.female else 0.122) * person.girth * (0.62 + 0.38 * (1 - abs(facing)))


def stance_of(person: Person, action: str, facing: float, phase: float) -> Pose:
    """The person's pose in an action, phase seconds into it."""
    return pose(action, phase, facing, half_shoulders(person, facing) * 0.92, person.seed)


def draw_figure(
    sheet: Sheet,
    person: Person,
    stance: Pose,
    facing: float,
    back: bool,
    *,
    key_left: bool,
    blink: float = 0.0,
    mood: str = "",
    holding: str = "",
) -> None:
    """Draws a person standing on the sheet's origin (feet at 0, 0), height person.height."""
    wide = half_shoulders(person, facing)
    body = _Body(sheet, person, stance, facing, back, wide)
    body.draw()
    head_unit = 0.134 * person.height * (1.22 if person.child else 1.0)
    centre = (stance.head[0] * person.height, stance.head[1] * person.height + (0.02 if person.child else 0.0))
    draw_head(sheet, person, centre, head_unit, facing, back, stance.tilt, key_left, blink, mood)
    body.collar()
    body.arm(near=True)
    if holding:
        body.held(holding)


class _Body:
    def __init__(self, sheet: Sheet, person: Person, stance: Pose, facing: float, back: bool, wide: float) -> None:
        self.sheet, self.p, self.s, self.facing, self.back, self.wide = sheet, person, stance, facing, back, wide
        self.h = person.height
        self.detail = sheet.scale * self.h > 150
        self.sleeve = person.cloth if person.garment != "dress" else person.skin

    def at(self, *points: Joint) -> list[Joint]:
        """Body units to metres."""
        return [(x * self.h, y * self.h) for x, y in points]

    def smooth(self, points: list[Joint], colour: Colour, rise: float, inside: bool = False) -> None:
        self.sheet.smooth(self.at(*points), colour, rise, inside=inside)

    def limb(self, a: Joint, b: Joint, ra: float, rb: float, colour: Colour, rise: float) -> None:
        h = self.h
        self.sheet.poly(limb((a[0] * h, a[1] * h), (b[0] * h, b[1] * h), ra * h, rb * h), colour, rise)

    def draw(self) -> None:
        """Far arm, legs, skirts, torso, neck, in that order."""
        self.arm(near=False)
        self.leg(self.s.knee_f, self.s.foot_f, -0.045, 60)
        self.leg(self.s.knee_n, self.s.foot_n, 0.045, 85)
        neck, head = self.s.neck, self.s.head
        g = self.p.girth
        self.limb(
            (neck[0], neck[1] - 0.03), (head[0], head[1] - 0.03), 0.034 * g, 0.029 * g, scale(self.p.skin, 0.82), 130
        )
        self.torso()
        if self.detail:
            self._seams()

    def _seams(self) -> None:
        """Where the body turns away under the arms."""
        (nx, ny), (hx, hy), w, h = self.s.neck, self.s.hip, self.wide, self.h
        for side in (-1, 1):
            line = self.at(
                (nx + side * w * 0.86, ny - 0.07),
                (nx + side * w * 0.74, ny - 0.13),
                (hx + side * 0.082, hy + 0.09),
                (hx + side * 0.104, hy + 0.02),
                (hx + side * 0.13, hy + 0.02),
                (nx + side * w * 1.05, ny - 0.10),
            )
            self.sheet.soft(line, scale(self.p.cloth, 0.25), 0.6, 0.008 * h)

    def leg(self, knee: Joint, foot: Joint, offset: float, rise: float) -> None:
        p, s = self.p, self.s
        bare = p.garment == "dress"
        colour = p.skin if bare else p.legs
        hip = (s.hip[0] + offset, s.hip[1] - 0.01)
        g = p.girth * (0.86 if bare else 1.0)
        ankle = (foot[0], foot[1] + 0.03)
        self.limb(hip, knee, 0.062 * g, 0.042 * g, colour, rise)
        self.limb(knee, ankle, 0.042 * g, (0.024 if bare else 0.036) * g, scale(colour, 0.92), rise)
        d = 1.0 if self.facing >= 0 else -1.0
        reach = 0.030 + 0.045 * abs(self.facing)
        toe = (foot[0] + d * reach, foot[1] - 0.020)
        self.limb((foot[0] - d * 0.01, foot[1] + 0.002), toe, 0.026, 0.018, p.shoes, rise + 5)
        if p.female and self.detail:
            self.limb(
                (foot[0] - d * 0.028, foot[1]), (foot[0] - d * 0.030, foot[1] - 0.034), 0.008, 0.005, p.shoes, rise
            )

    def torso(self) -> None:
        p, (nx, ny), (hx, hy) = self.p, self.s.neck, self.s.hip
        w, g = self.wide, self.p.girth
        waist = (0.066 if p.female else 0.088) * g
        hips = (0.092 if p.female else 0.086) * g
        mid = ((nx + hx) / 2, (ny + hy) / 2)
        waist_y = hy + (ny - hy) * 0.34
        wx = hx + (nx - hx) * 0.34
        base = [
            (nx - 0.035, ny + 0.012),
            (nx + 0.035, ny + 0.012),
            (nx + w * 0.62, ny - 0.006),
            (nx + w * 0.98, ny - 0.030),
            (nx + w * 1.0, ny - 0.07),
            (mid[0] + w * 0.80, mid[1] + 0.06),
            (wx + waist, waist_y),
            (hx + hips, hy - 0.01),
            (hx + hips * 0.8, hy - 0.06),
            (hx - hips * 0.8, hy - 0.06),
            (hx - hips, hy - 0.01),
            (wx - waist, waist_y),
            (mid[0] - w * 0.80, mid[1] + 0.06),
            (nx - w * 1.0, ny - 0.07),
            (nx - w * 0.98, ny - 0.030),
            (nx - w * 0.62, ny - 0.006),
        ]
        cloth = p.cloth
        if p.garment == "coat":
            self.smooth(base, scale(cloth, 0.92), 120)
            self._skirt(hy + 0.10, max(0.14, hy - 0.30), hips * 1.02, hips * 1.36, cloth)
        elif p.garment == "dress":
            self.smooth(base, cloth, 120)
            self._skirt(waist_y, max(0.16, hy - 0.25), waist, hips * 1.9, cloth)
        elif p.garment == "spacesuit":
            self.smooth([(x * 1.18, y) for x, y in base], cloth, 130)
            self.sheet.poly(
                self.at(
                    (nx - 0.05, mid[1]), (nx + 0.05, mid[1]), (nx + 0.05, mid[1] + 0.07), (nx - 0.05, mid[1] + 0.07)
                ),
                scale(p.accent, 0.9),
                inside=True,
            )
        else:
            self.smooth(base, cloth, 120)
        self._front(nx, ny, wx, waist_y, hx, hy, waist, w)

    def _skirt(self, top: float, hem: float, upper: float, lower: float, cloth: Colour) -> None:
        hx = self.s.hip[0]
        kn, kf = self.s.knee_n[0], self.s.knee_f[0]
        left, right = min(hx - lower, kf - 0.05, kn - 0.05), max(hx + lower, kf + 0.05, kn + 0.05)
        if self.s.hip[1] < 0.4:  # seated: the cloth lies over the thighs
            left, right, hem = min(left, hx - 0.1), max(right, hx + 0.1), 0.17
        self.smooth(
            [
                (hx - upper, top),
                (hx + upper, top),
                (right * 0.72 + hx * 0.28, (top + hem) / 2),
                (right, hem + 0.01),
                (hx, hem - 0.012),
                (left, hem + 0.01),
                (left * 0.72 + hx * 0.28, (top + hem) / 2),
            ],
            cloth,
            115,
        )
        if self.detail:
            for share in (0.22, 0.5, 0.76):
                x = left + (right - left) * share
                self.sheet.soft(
                    self.at(
                        (hx + (x - hx) * 0.4, top - 0.02),
                        (hx + (x - hx) * 0.4 + 0.008, top - 0.02),
                        (x + 0.02, hem + 0.02),
                        (x - 0.006, hem + 0.02),
                    ),
                    scale(self.p.cloth, 0.45),
                    0.55,
                    0.008 * self.h,
                )

    def _front(self, nx: float, ny: float, wx: float, wy: float, hx: float, hy: float, waist: float, w: float) -> None:
        p = self.p
        sheet, detail = self.sheet, self.detail
        shift = self.facing * 0.035
        if self.back:
            if detail:
                sheet.soft(
                    self.at(
                        (nx - 0.004, ny - 0.02), (nx + 0.004, ny - 0.02), (hx + 0.004, hy - 0.1), (hx - 0.004, hy - 0.1)
                    ),
                    scale(p.cloth, 0.4),
                    0.6,
                    0.006,
                )
        elif p.garment == "suit":
            self._v(nx + shift, ny, wx + shift, wy + 0.03, p.under, 0.046)
            sheet.poly(
                self.at(
                    (nx + shift - 0.010, ny - 0.015),
                    (nx + shift + 0.010, ny - 0.015),
                    (wx + shift + 0.014, wy + 0.07),
                    (wx + shift, wy + 0.05),
                    (wx + shift - 0.014, wy + 0.07),
                ),
                p.accent,
                inside=True,
            )
            self._lapels(nx + shift, ny, wx + shift, wy, scale(p.cloth, 0.72))
        elif p.garment == "coat":
            self._v(nx + shift, ny, wx + shift, ny - 0.11, scale(p.skin, 0.94) if p.female else p.under, 0.036)
            self._lapels(nx + shift, ny, wx + shift, wy, mix(scale(p.cloth, 1.5), rgb(70, 70, 80), 0.18))
        elif p.garment == "dress":
            self._v(nx + shift, ny, nx + shift, ny - 0.085, p.skin, 0.048)
        elif p.garment == "jacket":
            self._v(nx + shift, ny, hx + shift, hy - 0.02, p.under, 0.030)
        elif p.garment == "shirt":
            self._v(nx + shift, ny, nx + shift, ny - 0.045, scale(p.skin, 0.9), 0.026)
            sheet.poly(
                self.at(
                    (nx + shift - 0.003, ny - 0.045),
                    (nx + shift + 0.003, ny - 0.045),
                    (hx + shift + 0.003, hy - 0.05),
                    (hx + shift - 0.003, hy - 0.05),
                ),
                scale(p.cloth, 0.6),
                inside=True,
            )
        if p.garment in ("coat", "dress", "jacket", "shirt"):
            width = waist * 1.06
            belt = (
                scale(p.cloth, 0.55)
                if p.garment == "coat"
                else p.accent
                if p.garment == "dress"
                else scale(p.legs, 0.5)
            )
            y = wy if p.garment in ("coat", "dress") else hy - 0.045
            if p.garment not in ("coat", "dress"):
                width = 0.085 * p.girth
            sheet.poly(
                self.at(
                    (wx - width, y - 0.012), (wx + width, y - 0.012), (wx + width, y + 0.012), (wx - width, y + 0.012)
                ),
                belt,
                128,
                inside=p.garment not in ("coat", "dress"),
            )
            if p.garment == "coat" and detail and not self.back:
                sheet.poly(
                    self.at(
                        (wx + shift - 0.014, y - 0.015),
                        (wx + shift + 0.014, y - 0.015),
                        (wx + shift + 0.014, y + 0.015),
                        (wx + shift - 0.014, y + 0.015),
                    ),
                    rgb(170, 150, 110),
                    inside=True,
                )
                for side in (-1, 1):
                    for k in range(2):
                        cx, cy = wx + shift + side * 0.036, wy + 0.06 + 0.055 * k
                        sheet.poly(
                            [(u, v) for u, v in oval(cx * self.h, cy * self.h, 0.007 * self.h, 0.007 * self.h)],
                            scale(p.cloth, 2.2),
                            inside=True,
                        )
        if detail:  # folds at the waist and under the arms
            for side in (-1, 1):
                sheet.soft(
                    self.at(
                        (wx + side * waist * 0.9, wy + 0.01),
                        (wx + side * 0.02, wy + 0.05),
                        (wx + side * 0.02, wy + 0.06),
                        (wx + side * waist, wy + 0.035),
                    ),
                    scale(p.cloth, 0.4),
                    0.5,
                    0.006 * self.h,
                )
                sheet.soft(
                    self.at(
                        (nx + side * w * 0.8, ny - 0.10),
                        (nx + side * w * 0.45, ny - 0.14),
                        (nx + side * w * 0.5, ny - 0.15),
                        (nx + side * w * 0.85, ny - 0.13),
                    ),
                    scale(p.cloth, 0.4),
                    0.5,
                    0.006 * self.h,
                )

    def _v(self, nx: float, ny: float, bx: float, by: float, colour: Colour, half: float) -> None:
        self.sheet.poly(
            self.at((nx - half, ny + 0.01), (nx + half, ny + 0.01), (bx + half * 0.25, by), (bx - half * 0.25, by)),
            colour,
            inside=True,
        )

    def _lapels(self, nx: float, ny: float, bx: float, by: float, colour: Colour) -> None:
        for side in (-1, 1):
            self.sheet.poly(
                self.at(
                    (nx + side * 0.030, ny + 0.022),
                    (nx + side * 0.062, ny - 0.008),
                    (nx + side * 0.066, ny - 0.055),
                    (nx + side * 0.048, ny - 0.062),
                    (nx + side * 0.056, ny - 0.078),
                    (bx + side * 0.006, by + 0.02),
                ),
                colour,
                135,
                inside=True,
            )

    def collar(self) -> None:
        """A raised collar in front of jaw and hair."""
        if self.p.garment not in ("coat", "jacket", "spacesuit"):
            return
        nx, ny = self.s.neck
        tint = scale(self.p.cloth, 1.12)
        shift = self.facing * 0.02
        for side in (-1, 1):
            gap = 0.016 if not self.back else -0.004
            self.sheet.poly(
                self.at(
                    *[
                        (nx + side * gap + shift, ny - 0.018),
                        (nx + side * 0.026 + shift, ny + 0.010),
                        (nx + side * 0.040, ny + 0.034),
                        (nx + side * 0.054, ny + 0.022),
                        (nx + side * 0.062, ny - 0.014),
                        (nx + side * 0.034 + shift, ny - 0.042),
                    ]
                ),
                tint,
                160,
            )

    def arm(self, near: bool) -> None:
        """Upper arm, forearm, hand."""
        s, p, g = self.s, self.p, self.p.girth
        side = 1.0 if near else -1.0
        shoulder = (s.neck[0] + side * self.wide * 0.80, s.neck[1] - 0.042)
        elbow, hand = (s.elbow_n, s.hand_n) if near else (s.elbow_f, s.hand_f)
        rise = 138 if near else 60
        thick = 1.10 if p.garment in ("coat", "suit", "jacket") else 1.6 if p.garment == "spacesuit" else 0.92
        tint = scale(self.sleeve, 1.06 if near else 0.85)
        if near and self.detail:  # the arm's own shadow on the body, else sleeve and coat run together
            h = self.h
            self.sheet.soft(
                limb((shoulder[0] * h, shoulder[1] * h), (elbow[0] * h, elbow[1] * h), 0.044 * h, 0.036 * h),
                scale(self.sleeve, 0.25),
                0.75,
                0.007 * h,
            )
            self.sheet.soft(
                limb((elbow[0] * h, elbow[1] * h), (hand[0] * h, hand[1] * h), 0.034 * h, 0.026 * h),
                scale(self.sleeve, 0.25),
                0.75,
                0.007 * h,
            )
        self.limb(shoulder, elbow, 0.034 * g * thick, 0.027 * g * thick, tint, rise)
        wrist = (elbow[0] + (hand[0] - elbow[0]) * 0.86, elbow[1] + (hand[1] - elbow[1]) * 0.86)
        self.limb(elbow, wrist, 0.027 * g * thick, 0.021 * g * thick, tint, rise)
        self._hand(elbow, hand, rise)

    def _hand(self, elbow: Joint, hand: Joint, rise: float) -> None:
        skin = scale(self.p.skin, 0.95)
        dx, dy = hand[0] - elbow[0], hand[1] - elbow[1]
        length = math.hypot(dx, dy) or 1.0
        ux, uy = dx / length, dy / length
        self.limb(hand, (hand[0] + ux * 0.022, hand[1] + uy * 0.022), 0.019, 0.016, skin, rise)
        if self.sheet.scale * self.h < 420:
            self.limb(
                (hand[0] + ux * 0.02, hand[1] + uy * 0.02),
                (hand[0] + ux * 0.045, hand[1] + uy * 0.045),
                0.015,
                0.008,
                skin,
                rise,
            )
            return
        for k in range(4):
            off = (k - 1.5) * 0.0085
            a = (hand[0] + ux * 0.03 - uy * off, hand[1] + uy * 0.03 + ux * off)
            b = (
                a[0] + ux * (0.034 - 0.004 * abs(k - 1.4)) - uy * off * 0.3,
                a[1] + uy * (0.034 - 0.004 * abs(k - 1.4)) + ux * off * 0.3,
            )
            self.limb(a, b, 0.0056, 0.0046, scale(skin, 1.0 - 0.05 * (k % 2)), rise + 10)
        thumb = (hand[0] + ux * 0.008 + uy * 0.02, hand[1] + uy * 0.008 - ux * 0.02)
        self.limb(
            thumb,
            (thumb[0] + ux * 0.026 + uy * 0.006, thumb[1] + uy * 0.026 - ux * 0.006),
            0.007,
            0.005,
            skin,
            rise + 14,
        )

    def held(self, kind: str) -> None:
        """What the near hand holds."""
        x, y = self.s.hand_n
        d = 1.0 if self.facing >= 0 else -1.0
        steel, dark = rgb(120, 124, 130), rgb(26, 26, 30)
        if kind == "gun":
            self.sheet.poly(
                self.at(
                    (x, y + 0.03),
                    (x + d * 0.12, y + 0.032),
                    (x + d * 0.12, y + 0.012),
                    (x + d * 0.03, y + 0.008),
                    (x + d * 0.012, y - 0.035),
                    (x - d * 0.016, y - 0.03),
                ),
                dark,
                190,
            )
        elif kind == "knife":
            self.sheet.poly(
                self.at((x, y), (x + d * 0.02, y + 0.02), (x + d * 0.13, y + 0.04), (x + d * 0.03, y - 0.002)),
                steel,
                190,
            )
        elif kind in ("suitcase",):
            self.sheet.poly(
                self.at((x - 0.09, y - 0.02), (x + 0.09, y - 0.02), (x + 0.09, y - 0.15), (x - 0.09, y - 0.15)),
                rgb(104, 66, 40),
                180,
            )
        elif kind == "umbrella":
            self.limb((x, y), (x, y + 0.42), 0.004, 0.004, dark, 190)
            self.smooth(
                [
                    (x - 0.26, y + 0.36),
                    (x - 0.15, y + 0.45),
                    (x, y + 0.48),
                    (x + 0.15, y + 0.45),
                    (x + 0.26, y + 0.36),
                    (x, y + 0.40),
                ],
                self.p.accent,
                210,
            )
        elif kind in (
            "phone",
            "letter",
            "book",
            "cup",
            "bottle",
            "key",
            "flower",
            "camera",
            "cigarette",
            "candle",
            "coin",
        ):
            tint = {
                "letter": rgb(226, 218, 200),
                "book": rgb(120, 44, 40),
                "cup": rgb(214, 208, 198),
                "bottle": rgb(44, 84, 56),
                "flower": rgb(190, 40, 60),
            }.get(kind, dark)
            half = 0.008 if kind in ("cigarette", "key") else 0.026
            self.sheet.poly(
                self.at((x - half, y + 0.0), (x + half, y + 0.0), (x + half, y + 0.085), (x - half, y + 0.085)),
                tint,
                200,
            )
