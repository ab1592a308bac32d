"""What every set builder is given: seeded choices, the scheme's colours, and furniture that many places share."""

import math
import random
from dataclasses import dataclass

import numpy as np

from vibeboard.providers.sandbox.picture.colour import Colour, Scheme, from_hsv, hsv, mix, rgb, scale
from vibeboard.providers.sandbox.picture.model import Group, Lamp, Panel, SetModel, box, card, cylinder

METAL = rgb(150, 154, 160)
WOOD = rgb(112, 76, 48)
DARK = rgb(30, 30, 34)
PAPER = rgb(226, 218, 200)
WARM = rgb(255, 206, 140)
GREEN = rgb(58, 84, 46)


@dataclass(slots=True)
class Grow:
    """Seeded by the place's name only, so that a set is the same in every shot of it."""

    rng: random.Random
    scheme: Scheme
    time: str
    neon: bool
    letters: bool  # signs may carry words
    words: str

    @property
    def night(self) -> bool:
        """Practicals are on."""
        return self.time != "day"

    def pick(self, *options: Colour) -> Colour:
        """One of the colours, this place's own."""
        return self.rng.choice(options)

    def tint(self, base: Colour, share: float = 0.18) -> Colour:
        """A paint colour leaning to the film's palette."""
        hue, saturation, _ = hsv(self.scheme.ambient)
        return mix(base, from_hsv(hue, saturation * 0.8, hsv(base)[2]), share)

    def near(self, value: float, spread: float) -> float:
        """A number about a value."""
        return value + self.rng.uniform(-spread, spread)


def neon(m: SetModel, g: Grow, panel: Panel, u: float, v: float, kind: str, colour: Colour, size: float = 1.0) -> None:
    """A neon sign on a wall: words, or a tube drawing when words are not wanted, with the light it throws."""
    panel.rect(u - size * 0.95, v - size * 0.12, u + size * 0.95, v + size * 0.62, scale(DARK, 0.6))
    if g.letters and kind:
        panel.text(kind, u, v + size * 0.08, size * 0.36, colour, 3.2)
        panel.line([(u - size * 0.8, v), (u + size * 0.8, v)], 0.03 * size, g.scheme.second, 2.6)
    else:
        for radius, tint in ((0.26, colour), (0.17, g.scheme.second)):
            ring = [
                (u + size * radius * math.cos(a), v + size * (0.26 + radius * math.sin(a)))
                for a in np.linspace(0, 6.28, 22)
            ]
            panel.line(ring, 0.028 * size, tint, 3.0)
        for side in (-1, 1):
            panel.line(
                [
                    (u + side * size * 0.4, v + 0.1 * size),
                    (u + side * size * 0.85, v + 0.26 * size),
                    (u + side * size * 0.4, v + 0.42 * size),
                ],
                0.028 * size,
                colour,
                3.0,
            )
    spot = panel.at([(u, v + size * 0.25)])[0] + panel.normal * 0.35
    m.lamps.append(Lamp(float(spot[0]), float(spot[1]), float(spot[2]), colour, 1.15 * size, 1.7))


def window(
    m: SetModel,
    g: Grow,
    panel: Panel,
    u: float,
    v: float,
    w: float,
    h: float,
    *,
    blinds: bool = False,
    power: float = 1.0,
    bars: int = 2,
) -> None:
    """A window with the hour behind it; by day light falls in, by night the street's neon does."""
    panel.rect(u - 0.07, v - 0.07, u + w + 0.07, v + h + 0.07, scale(WOOD, 0.4))
    day = g.time == "day"
    pane = mix(g.scheme.sky_low, (1, 1, 1), 0.3) if day else mix(g.scheme.sky_low, g.scheme.ambient, 0.4)
    panel.rect(u, v, u + w, v + h, pane, 1.9 if day else 1.0 if g.time != "night" else 0.5)
    if not day:
        panel.poly(
            [
                (u, v),
                (u + w, v),
                (u + w, v + h * 0.3),
                (u + w * 0.7, v + h * 0.34),
                (u + w * 0.66, v + h * 0.55),
                (u + w * 0.4, v + h * 0.52),
                (u + w * 0.36, v + h * 0.25),
                (u, v + h * 0.4),
            ],
            scale(g.scheme.shadow, 0.7),
            0.25,
        )
        for _ in range(26):
            a, b = g.rng.uniform(0.03, 0.95) * w, g.rng.uniform(0.04, 0.5) * h
            panel.rect(
                u + a,
                v + b,
                u + a + 0.016,
                v + b + g.rng.uniform(0.016, 0.05),
                g.pick(g.scheme.accent, g.scheme.second, rgb(255, 206, 140), rgb(255, 206, 140)),
                g.rng.uniform(0.5, 1.8),
            )
    if blinds:
        for i in range(int(h / 0.09)):
            panel.rect(u, v + i * 0.09, u + w, v + i * 0.09 + 0.045, scale(WOOD, 0.35))
    for i in range(1, bars):
        panel.rect(u + w * i / bars - 0.025, v, u + w * i / bars + 0.025, v + h, scale(WOOD, 0.4))
    panel.rect(u, v + h * 0.5 - 0.02, u + w, v + h * 0.5 + 0.02, scale(WOOD, 0.4))
    quad = panel.at([(u, v), (u + w, v), (u + w, v + h), (u, v + h)])
    m.shafts.append((quad, power * (1.0 if day else 0.55)))
    spot = quad.mean(0) + panel.normal * 0.5
    colour = g.scheme.key if g.time != "night" else mix(g.scheme.ambient, g.scheme.second, 0.4)
    m.lamps.append(Lamp(float(spot[0]), float(spot[1]), float(spot[2]), colour, (1.3 if day else 0.8) * power, 2.8))


def doorway(
    m: SetModel, g: Grow, panel: Panel, u: float, *, colour: Colour | None = None, glass: bool = False, lit: float = 0.0
) -> None:
    """A door in a wall; lit > 0 stands open on light."""
    tint = colour or g.tint(scale(WOOD, 0.8))
    panel.rect(u - 0.1, 0, u + 1.1, 2.25, scale(tint, 0.45))
    panel.rect(u, 0, u + 1.0, 2.15, tint, gloss=0.2)
    if glass or lit > 0:
        pane = g.scheme.sky_low if g.time == "day" else mix(g.scheme.accent, g.scheme.ambient, 0.5)
        level = max(lit, 0.9 if g.time == "day" else 0.7)
        low = pane if g.time == "day" else g.scheme.ambient
        panel.rect(u + 0.14, 0.2, u + 0.86, 0.72, scale(tint, 0.7))
        panel.rect(u + 0.18, 0.24, u + 0.82, 0.68, scale(tint, 1.15))
        for k in range(16):
            panel.rect(
                u + 0.16, 1.2 + k * 0.05, u + 0.84, 1.25 + k * 0.05, mix(low, pane, k / 15), level * (0.40 + 0.04 * k)
            )
        panel.rect(u + 0.47, 1.2, u + 0.53, 2.0, scale(tint, 0.5))
    else:
        for v0, v1 in ((0.2, 0.95), (1.1, 1.95)):
            panel.rect(u + 0.15, v0, u + 0.85, v1, scale(tint, 0.7))
            panel.rect(u + 0.19, v0 + 0.04, u + 0.81, v1 - 0.04, scale(tint, 1.1))
    panel.disc(u + 0.9, 1.02, 0.04, rgb(214, 178, 96), gloss=0.8)
    if panel.normal[2] > 0.9:  # the front wall's door is the entrance
        x, y, z = map(float, panel.at([(u + 0.9, 1.02)])[0])
        m.door = (x, y, z)


def pendant(
    m: SetModel, x: float, z: float, drop: float, colour: Colour, power: float = 1.4, cone: float = 0.65
) -> None:
    """A hanging lamp with its pool of light."""
    group = m.group(x, drop, z, solid=False)
    group.shadow = False
    cylinder(group, x, drop + 0.2, z, 0.012, max(0.1, m.height - drop - 0.2), DARK, sides=4)
    cylinder(group, x, drop, z, 0.26, 0.2, scale(DARK, 0.8), top_radius=0.06, sides=10)
    cylinder(group, x, drop - 0.04, z, 0.11, 0.05, colour, emit=3.0, sides=8)
    m.lamps.append(Lamp(x, drop, z, colour, power, 2.6, cone))


def tube_light(
    m: SetModel, x: float, z: float, length: float, colour: Colour, power: float = 1.0, across: bool = False
) -> None:
    """A fluorescent ceiling fitting."""
    group = m.group(x, m.height, z, solid=False)
    group.shadow = False
    w, d = (length, 0.14) if across else (0.14, length)
    box(group, x, m.height - 0.10, z, w + 0.1, 0.06, d + 0.1, METAL)
    box(group, x, m.height - 0.14, z, w, 0.04, d, colour, emit=2.6)
    m.lamps.append(Lamp(x, m.height - 0.35, z, colour, power, 2.6))


def chair(m: SetModel, x: float, z: float, colour: Colour, turn: float = 0.0) -> None:
    """A plain chair."""
    group = m.group(x, 0.4, z)
    c, s = math.cos(turn), math.sin(turn)
    for a, b in ((-0.18, -0.18), (0.18, -0.18), (-0.18, 0.18), (0.18, 0.18)):
        box(group, x + a * c + b * s, 0, z - a * s + b * c, 0.04, 0.45, 0.04, scale(colour, 0.5))
    box(group, x, 0.45, z, 0.44, 0.05, 0.44, colour, turn=turn)
    box(group, x + 0.2 * s, 0.5, z + 0.2 * c, 0.44, 0.45, 0.05, colour, turn=turn)


def table(m: SetModel, x: float, z: float, w: float, d: float, colour: Colour, h: float = 0.76) -> Group:
    """A table; returns its group so that things can be put on it."""
    group = m.group(x, h / 2, z)
    for a in (-1, 1):
        for b in (-1, 1):
            box(group, x + a * (w / 2 - 0.06), 0, z + b * (d / 2 - 0.06), 0.06, h - 0.05, 0.06, scale(colour, 0.5))
    box(group, x, h - 0.05, z, w, 0.05, d, colour, gloss=0.3)
    return group


def shelf(
    m: SetModel, g: Grow, x: float, z: float, w: float, h: float, turn: float, tints: tuple[Colour, ...], rows: int = 4
) -> None:
    """Shelves full of things in the given colours."""
    group = m.group(x, h / 2, z)
    front = box(group, x, 0, z, w, h, 0.35, scale(WOOD, 0.45), turn=turn)["front"]
    step = (h - 0.1) / rows
    for row in range(rows):
        base = 0.08 + row * step
        front.rect(0.05, base, w - 0.05, base + step - 0.07, scale(WOOD, 0.18))
        at = 0.08
        while at < w - 0.18:
            wide = g.rng.uniform(0.05, 0.14)
            front.rect(
                at,
                base,
                at + wide * 0.9,
                base + (step - 0.1) * g.rng.uniform(0.55, 0.95),
                scale(g.pick(*tints), g.near(0.8, 0.3)),
            )
            at += wide + (0.12 if g.rng.random() < 0.12 else 0.005)


def tree(
    m: SetModel, g: Grow, x: float, z: float, h: float, leaf: Colour, bare: bool = False, conifer: bool = False
) -> None:
    """A tree of overlapping masses, darker below."""
    group = m.group(x, h / 2, z)
    trunk = rgb(60, 46, 38)
    width = h * 0.035
    sway = g.near(0, h * 0.03)
    card(
        group,
        x,
        0,
        z,
        np.array([(-width, 0), (width, 0), (width * 0.5 + sway, h * 0.8), (-width * 0.5 + sway, h * 0.8)]),
        trunk,
    )
    if conifer:
        for i in range(7):
            base, reach = h * (0.16 + 0.12 * i), h * 0.21 * (1 - i / 8.2)
            jag = [
                (-reach * (1 - k / 6) * g.near(1, 0.12), base + h * 0.17 * k / 6 - (0.03 * h if k % 2 else 0))
                for k in range(7)
            ]
            other = [
                (reach * (1 - k / 6) * g.near(1, 0.12), base + h * 0.17 * k / 6 - (0.03 * h if k % 2 else 0))
                for k in range(6, -1, -1)
            ]
            card(group, x, 0, z - 0.01 * i, np.array(jag + other), scale(leaf, 0.55 + 0.07 * i))
        return
    for i in range(9 if bare else 5):
        side = (-1) ** i * g.rng.uniform(0.12, 0.32)
        low = h * g.rng.uniform(0.35, 0.7)
        card(group, x, 0, z, np.array([(-width * 0.3, low), (width * 0.3, low), (side * h, low + h * 0.28)]), trunk)
    if bare:
        return
    for i in range(13):
        a, r = g.rng.uniform(0, 6.28), h * g.rng.uniform(0.11, 0.2)
        cx, cy = sway + math.cos(a) * h * 0.2, h * 0.72 + math.sin(a) * h * 0.17
        spikes = np.linspace(0, 2 * math.pi, 15)[:-1]
        radii = np.array([r * g.rng.uniform(0.72, 1.15) for _ in spikes])
        card(
            group,
            x,
            0,
            z - 0.02 * i,
            np.stack([cx + radii * np.cos(spikes), cy + radii * np.sin(spikes) * 0.8], 1),
            scale(leaf, 0.55 + 0.5 * (cy / h - 0.4) + g.rng.uniform(-0.08, 0.08)),
            grain=0.7,
        )


def rock(m: SetModel, g: Grow, x: float, z: float, w: float, h: float, colour: Colour, solid: bool = True) -> None:
    """A boulder with a lit and a shaded side."""
    group = m.group(x, h / 2, z, solid=solid)
    angles = np.linspace(0, math.pi, 11)
    edge = np.stack([np.cos(angles) * w / 2, np.sin(angles) * h], 1) * np.array(
        [[g.near(1, 0.12), g.near(1, 0.15)] for _ in angles]
    )
    edge[0, 1] = edge[-1, 1] = -0.05
    card(group, x, 0, z, edge, scale(colour, 0.62), grain=0.8)
    ridge = edge[2:9].mean(0)
    for i in range(1, 9, 2):
        card(
            group,
            x,
            0,
            z,
            np.array([edge[i], edge[i + 1], ridge * [0.6, 0.55], edge[max(0, i - 1)] * [0.9, 0.6]]),
            scale(colour, 0.75 + 0.4 * g.rng.random()),
            grain=0.8,
        )


def ridge_line(
    m: SetModel,
    g: Grow,
    distance: float,
    low: float,
    high: float,
    colour: Colour,
    *,
    jag: float = 0.6,
    steps: int = 90,
    flat: bool = False,
) -> None:
    """A far silhouette all round the horizon: hills, mountains, dunes or a tree line."""
    heights = []
    level = g.rng.uniform(low, high)
    for i in range(steps):
        if flat:
            level = level if i % g.rng.randint(2, 5) else g.rng.uniform(low, high)
        else:
            level += (g.rng.uniform(low, high) - level) * jag
        heights.append(level)
    heights.append(heights[0])
    for i in range(steps):
        a, b = 2 * math.pi * i / steps, 2 * math.pi * (i + 1) / steps
        group = m.group(math.sin((a + b) / 2) * distance, 0, math.cos((a + b) / 2) * distance, 0, solid=False)
        card(group, 0, 0, 0, np.zeros((3, 2)), colour)
        group.faces.clear()
        from vibeboard.providers.sandbox.picture.model import Face

        top_a, top_b = heights[i], heights[i] if flat else heights[i + 1]
        points = np.array(
            [
                [math.sin(a - 0.004) * distance, -30.0, math.cos(a - 0.004) * distance],
                [math.sin(b + 0.004) * distance, -30.0, math.cos(b + 0.004) * distance],
                [math.sin(b + 0.004) * distance, top_b, math.cos(b + 0.004) * distance],
                [math.sin(a - 0.004) * distance, top_a, math.cos(a - 0.004) * distance],
            ]
        )
        middle = (a + b) / 2
        group.faces.append(
            Face(points, np.array([-math.sin(middle), 0.25, -math.cos(middle)]), colour, grain=0.12, cull=False)
        )


def building(
    m: SetModel,
    g: Grow,
    x: float,
    z: float,
    w: float,
    h: float,
    d: float,
    colour: Colour,
    lit: float,
    *,
    storey: float = 3.2,
    solid: bool = False,
) -> dict[str, Panel]:
    """A block with a grid of windows, some of them lit."""
    group = m.group(x, 0, z, solid=solid)
    panels = box(group, x, 0, z, w, h, d, colour, grain=0.5)
    warm = rgb(255, 206, 132)
    for name, wide in (("front", w), ("left", d), ("right", d), ("back", w)):
        columns = max(1, min(9, int(wide / 2.0)))
        step = wide / columns
        for row in range(min(14, int((h - 3.6) / storey))):
            for column in range(columns):
                u, v = column * step + step * 0.25, 4.0 + row * storey
                on = g.night and g.rng.random() < lit
                pane = (
                    mix(warm, g.scheme.second, 0.6 * g.rng.random())
                    if on
                    else scale(mix(colour, g.scheme.sky_low, 0.45), 0.6)
                )
                panels[name].rect(u - 0.1, v - 0.12, u + step * 0.5 + 0.1, v - 0.02, scale(colour, 1.25))
                panels[name].rect(
                    u, v, u + step * 0.5, v + storey * 0.52, pane, g.rng.uniform(0.5, 1.3) if on else 0.0, gloss=0.4
                )
    return panels


def streetlamp(m: SetModel, x: float, z: float, toward: float, on: bool) -> None:
    """A street lamp with its cone of light after dark."""
    group = m.group(x, 2, z, solid=False)
    cylinder(group, x, 0, z, 0.07, 4.6, DARK, sides=6)
    box(group, x + toward * 0.5, 4.55, z, 1.1, 0.07, 0.1, DARK)
    tint = rgb(255, 196, 120)
    box(group, x + toward * 0.95, 4.42, z, 0.45, 0.12, 0.24, tint if on else METAL, emit=3.0 if on else 0.0)
    if on:
        m.lamps.append(Lamp(x + toward * 0.95, 4.4, z, tint, 2.2, 3.4, 0.75))
