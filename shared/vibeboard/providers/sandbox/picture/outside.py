"""Exteriors: ground, horizon and landmarks of each kind of place."""

import math
from collections.abc import Callable

import numpy as np

from vibeboard.providers.sandbox.picture.colour import from_hsv, mix, rgb, scale
from vibeboard.providers.sandbox.picture.grow import (
    DARK,
    METAL,
    PAPER,
    WOOD,
    Grow,
    building,
    doorway,
    neon,
    ridge_line,
    rock,
    streetlamp,
    tree,
)
from vibeboard.providers.sandbox.picture.model import Lamp, SetModel, box, card, cylinder, ground_plane

WARM = rgb(255, 206, 140)


def street(m: SetModel, g: Grow) -> None:
    """A canyon of façades with shop fronts, lamps, fire escapes and neon."""
    m.mark, m.clouds = (0.4, 9.0), 0.6
    narrow = "alley" in g.words
    half = 3.2 if narrow else 6.5
    m.wet = 0.35 if g.time == "night" else 0.0
    ground = ground_plane(m, g.tint(rgb(74, 74, 78)), gloss=0.2)
    origin = 900.0
    for side in (-1, 1):
        a, b = sorted((side * half + origin, side * (half - 1.6) + origin))
        ground.rect(a, 840, b, 1000, g.tint(rgb(110, 108, 106)), cull=False)
    if not narrow:
        for i in range(16):
            ground.rect(origin - 0.08, 886 + i * 5, origin + 0.08, 889 + i * 5, rgb(200, 190, 150), cull=False)
    tints = (rgb(110, 66, 52), rgb(96, 92, 90), rgb(126, 108, 84), rgb(70, 74, 84), rgb(92, 58, 60))
    for side in (-1, 1):
        z = -14.0
        while z < 90:
            wide, high = g.rng.uniform(6, 11), g.rng.uniform(9, 22)
            tint = g.tint(g.pick(*tints))
            x = side * (half + 4)
            panels = building(m, g, x, z + wide / 2, 8, high, wide - 0.15, tint, 0.32)
            shop = panels["right" if side < 0 else "left"]
            shop.rect(0.5, 0.5, wide * 0.62, 2.7, scale(tint, 0.3))
            lit = g.night and g.rng.random() < 0.7
            glow = g.pick(WARM, g.scheme.second, g.scheme.accent)
            shop.rect(
                0.65,
                0.6,
                wide * 0.60,
                2.55,
                glow if lit else scale(g.scheme.sky_low, 0.4),
                0.75 if lit else 0.0,
                gloss=0.6,
            )
            if lit:
                m.lamps.append(Lamp(side * (half - 0.9), 1.6, z + wide / 2, glow, 1.1, 2.4))
            shop.rect(0.4, 2.75, wide * 0.66, 3.35, g.pick(rgb(120, 34, 36), rgb(36, 76, 70), rgb(50, 50, 90)))
            doorway(m, g, shop, wide * 0.72, colour=scale(tint, 0.5))
            if g.neon or (g.night and g.rng.random() < 0.45):
                word = g.rng.choice(("HOTEL", "BAR", "LIQUOR", "DINER", "PAWN", "CLUB"))
                neon(m, g, shop, wide * 0.45, 3.9, word, g.pick(g.scheme.accent, g.scheme.second), 1.5)
            for k in range(2, int(high / 3.4)):
                if k % 2 == 0:
                    shop.rect(wide * 0.4, k * 3.2 + 0.4, wide * 0.85, k * 3.2 + 0.5, DARK)
                    shop.line([(wide * 0.4, k * 3.2 + 0.5), (wide * 0.8, k * 3.2 + 3.4)], 0.08, DARK)
            z += wide
        for i in range(5):
            streetlamp(m, side * (half - 1.2), 3 + i * 13 + (6 if side > 0 else 0), -side, g.night)
    ridge_line(m, g, 160, 22, 58, scale(g.scheme.sky_low, 0.35), flat=True)
    m.azimuths = (-0.3, -0.12, 0.1, 0.28)
    m.haze = 0.012


def rooftop(m: SetModel, g: Grow) -> None:
    """A roof with parapet, water tank and vents before a skyline."""
    m.mark, m.clouds = (0.0, 6.0), 0.5
    ground_plane(m, g.tint(rgb(70, 68, 72)))
    for _ in range(70):
        angle = g.rng.uniform(0, 2 * math.pi)
        far = g.rng.uniform(60, 190)
        building(
            m,
            g,
            math.sin(angle) * far,
            math.cos(angle) * far,
            g.rng.uniform(10, 22),
            g.rng.uniform(12, 75) * (0.5 + far / 200),
            g.rng.uniform(10, 18),
            g.tint(g.pick(rgb(84, 88, 98), rgb(98, 86, 80), rgb(60, 66, 80)), 0.35),
            0.4,
            storey=4.5,
        )
    ridge_line(m, g, 300, 40, 120, scale(mix(g.scheme.sky_low, g.scheme.shadow, 0.4), 0.7), flat=True)
    for x, z, w, d in (
        (0.0, 13.0, 22.0, 0.35),
        (-11.0, 5.0, 0.35, 17.0),
        (11.0, 5.0, 0.35, 17.0),
        (0.0, -3.0, 22.0, 0.35),
    ):
        wall = m.group(x, 0.5, z, solid=False)
        box(wall, x, 0, z, w, 1.0, d, g.tint(rgb(112, 92, 80)))
    tank = m.group(-6, 3, 10)
    for a, b in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        box(tank, -6.5 + a, 0, 10 + b, 0.15, 2.4, 0.15, DARK)
    cylinder(tank, -6.5, 2.4, 10, 1.5, 2.6, scale(WOOD, 0.8), sides=14)
    cylinder(tank, -6.5, 5.0, 10, 1.6, 1.0, scale(WOOD, 0.5), top_radius=0.01, sides=14)
    for x, z in ((5.0, 9.5), (7.5, 7), (3.6, 11.4)):
        vent = m.group(x, 0.7, z)
        box(vent, x, 0, z, 1.4, 1.1, 1.1, scale(METAL, 0.7))
    hut = m.group(7, 1.3, 11)
    panels = box(hut, 8, 0, 11, 3, 2.7, 2.4, g.tint(rgb(120, 84, 66)))
    doorway(m, g, panels["front"], 1.0, lit=1.0)
    neon(m, g, panels["left"], 1.2, 1.7, "ROOF", g.scheme.accent, 0.8)
    m.lamps.append(Lamp(6.4, 2.3, 8.6, WARM, 1.4 if g.night else 0.0, 2.6))
    m.lamps.append(Lamp(-3, 3.0, 14, g.scheme.accent, 1.0 if g.night else 0.0, 4.0))
    m.haze = 0.004


def forest(m: SetModel, g: Grow) -> None:
    """Trunks in depth, fern, light through the canopy."""
    m.mark, m.clouds, m.haze = (0.0, 8.0), 0.7, 0.028
    leaf = g.pick(rgb(62, 88, 44), rgb(74, 84, 40), rgb(44, 80, 60))
    ground_plane(m, g.tint(rgb(70, 66, 42)), grain=1.0)
    conifer = g.rng.random() < 0.5
    for ring in range(150):
        angle, far = g.rng.uniform(0, 2 * math.pi), 3.6 + 30 * g.rng.random() ** 0.8
        x, z = math.sin(angle) * far, 8 + math.cos(angle) * far
        high = g.rng.uniform(9, 17)
        if conifer and ring % 2:
            tree(m, g, x, z, high * 0.8, leaf, conifer=True)
            continue
        group = m.group(x, 4, z)
        w = high * 0.018 + 0.08
        card(
            group,
            x,
            0,
            z,
            np.array([(-w * 1.7, 0), (-w, 0.6), (-w * 0.8, high), (w * 0.7, high), (w, 0.6), (w * 1.8, 0)]),
            scale(rgb(78, 60, 46), g.near(0.8, 0.25)),
            grain=1.0,
        )
        for _ in range(3):
            a, r = g.near(0, 2.2), g.rng.uniform(0.9, 2.2)
            spikes = np.linspace(0, 6.28, 13)[:-1]
            radii = np.array([r * g.rng.uniform(0.6, 1.1) for _ in spikes])
            card(
                group,
                x,
                0,
                z,
                np.stack([a + radii * np.cos(spikes), high * 0.62 + g.near(0, 2) + radii * 0.6 * np.sin(spikes)], 1),
                scale(leaf, g.near(0.7, 0.3)),
                grain=0.9,
            )
    for _ in range(60):
        angle, far = g.rng.uniform(0, 2 * math.pi), g.rng.uniform(2.4, 16)
        x, z = math.sin(angle) * far, 8 + math.cos(angle) * far
        fern = m.group(x, 0.2, z, solid=False)
        for k in range(7):
            lean = (k - 3) * 0.16
            card(
                fern,
                x,
                0,
                z,
                np.array([(lean * 0.2 - 0.03, 0), (lean * 0.2 + 0.03, 0), (lean * 2.0, g.rng.uniform(0.3, 0.6))]),
                scale(leaf, g.near(0.9, 0.3)),
            )
    ridge_line(m, g, 60, 9, 16, scale(leaf, 0.55), jag=0.9)
    for i in range(4):
        x = -5 + i * 3.2
        m.shafts.append((np.array([[x, 8.0, 13.0], [x + 0.9, 8.0, 13.0], [x + 0.9, 8.0, 15.0], [x, 8.0, 15.0]]), 0.7))


def open_land(m: SetModel, g: Grow, kind: str) -> None:
    """Field, desert or snow: ground, horizon lines and what grows there."""
    m.mark, m.clouds = (0.0, 8.0), {"field": 0.65, "desert": 0.25, "snowfield": 0.7}[kind]
    earth = {"field": rgb(108, 122, 58), "desert": rgb(198, 148, 94), "snowfield": rgb(222, 228, 236)}[kind]
    far = {"field": rgb(84, 104, 76), "desert": rgb(168, 104, 70), "snowfield": rgb(176, 190, 208)}[kind]
    ground_plane(m, g.tint(earth, 0.08), grain=1.0)
    sky = g.scheme.sky_low
    if kind == "desert":
        ridge_line(m, g, 420, 14, 60, mix(far, sky, 0.55), flat=True)
        ridge_line(m, g, 260, 4, 26, mix(far, sky, 0.28), jag=0.4)
        for _ in range(7):
            angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(90, 180)
            mesa = m.group(math.sin(angle) * away, 8, math.cos(angle) * away, 0, solid=False)
            w, h = g.rng.uniform(16, 40), g.rng.uniform(14, 34)
            top = np.array(
                [(-w, 0), (-w * 0.62, h * 0.45), (-w * 0.55, h), (w * 0.5, h * 0.96), (w * 0.6, h * 0.42), (w, 0)]
            )
            card(mesa, mesa.centre[0], 0, mesa.centre[2], top, mix(far, sky, 0.15), facing=angle, grain=1.0)
            card(
                mesa,
                mesa.centre[0],
                0,
                mesa.centre[2],
                top * [0.5, 1.0] + [w * 0.22, 0],
                scale(mix(far, sky, 0.1), 0.78),
                facing=angle,
                grain=1.0,
            )
        for _ in range(26):
            angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(5, 45)
            x, z = math.sin(angle) * away, 8 + math.cos(angle) * away
            if g.rng.random() < 0.45:
                cactus = m.group(x, 1, z)
                h = g.rng.uniform(1.4, 3.2)
                green = rgb(76, 96, 62)
                cylinder(cactus, x, 0, z, 0.17, h, green, sides=8)
                for side in (-1, 1):
                    box(cactus, x + side * 0.36, h * 0.45, z, 0.5, 0.18, 0.2, green)
                    cylinder(cactus, x + side * 0.55, h * 0.45, z, 0.11, h * 0.32, green, sides=7)
            else:
                rock(m, g, x, z, g.rng.uniform(0.5, 2.4), g.rng.uniform(0.3, 1.4), scale(far, 1.1))
    elif kind == "snowfield":
        ridge_line(m, g, 420, 30, 120, mix(far, sky, 0.45), jag=0.5)
        ridge_line(m, g, 240, 6, 34, mix(far, sky, 0.2), jag=0.5)
        for _ in range(46):
            angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(9, 80)
            tree(
                m,
                g,
                math.sin(angle) * away,
                8 + math.cos(angle) * away,
                g.rng.uniform(3, 7),
                rgb(74, 92, 92),
                conifer=True,
            )
    else:
        ridge_line(m, g, 380, 14, 60, mix(far, sky, 0.55), jag=0.3)
        ridge_line(m, g, 190, 5, 24, mix(far, sky, 0.25), jag=0.3)
        for _ in range(26):
            angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(14, 110)
            tree(m, g, math.sin(angle) * away, 8 + math.cos(angle) * away, g.rng.uniform(5, 10), rgb(76, 100, 48))
        for _ in range(150):
            angle, away = g.rng.uniform(0, 6.28), 1.6 + 20 * g.rng.random() ** 1.5
            x, z = math.sin(angle) * away, 8 + math.cos(angle) * away
            tuft = m.group(x, 0.2, z, solid=False)
            tuft.shadow = False
            for k in range(5):
                card(
                    tuft,
                    x,
                    0,
                    z,
                    np.array([(k * 0.05 - 0.14, 0), (k * 0.05 - 0.10, 0), (k * 0.09 - 0.2, g.rng.uniform(0.2, 0.55))]),
                    scale(earth, g.near(1.0, 0.35)),
                )
        if g.rng.random() < 0.6 or "cemetery" in g.words or "graveyard" in g.words:
            fence = m.group(0, 0.6, 15, solid=False)
            for i in range(28):
                box(fence, -21 + i * 1.5, 0, 15, 0.09, 1.0, 0.09, rgb(120, 100, 80))
            for v in (0.4, 0.75):
                box(fence, 0, v, 15, 42, 0.08, 0.05, rgb(130, 110, 88))
    m.haze = 0.003


def field(m: SetModel, g: Grow) -> None:
    """Grass, hills and trees."""
    open_land(m, g, "field")


def desert(m: SetModel, g: Grow) -> None:
    """Sand, mesas and cactus."""
    open_land(m, g, "desert")


def snowfield(m: SetModel, g: Grow) -> None:
    """Snow, firs and white ranges."""
    open_land(m, g, "snowfield")


def shore(m: SetModel, g: Grow, kind: str) -> None:
    """Water to the horizon, seen from sand, a pier, a quay or a cliff."""
    m.mark, m.clouds, m.wet = (0.0, 7.0), 0.5, 0.5 if kind == "harbour" else 0.0
    water = mix(scale(g.scheme.sky_top, 0.75), rgb(34, 92, 104), 0.5)
    ground_plane(m, water, grain=0.9, gloss=0.6)
    m.water = True
    land = m.group(0, 0.02, 3, 1, solid=False)
    from vibeboard.providers.sandbox.picture.model import UP, Panel

    panel = Panel(land, (-300, 0.03, -200), (1, 0, 0), (0, 0, 1))
    earth = {
        "beach": rgb(214, 184, 138),
        "sea": rgb(130, 96, 66),
        "harbour": rgb(108, 104, 100),
        "lighthouse": rgb(96, 112, 66),
    }[kind]
    edge = 212.0 if kind == "beach" else 213.0
    if kind == "sea":
        for i in range(14):
            panel.rect(297.2 + i * 0.4, 196, 297.56 + i * 0.4, 216, scale(earth, g.near(1.0, 0.12)))
    else:
        waves = [(u * 10.0, edge + 1.4 * math.sin(u * 1.9) + g.near(0, 0.5)) for u in range(61)]
        panel.poly([(0, 0), *waves, (600, 0)], mix(earth, water, 0.35), grain=0.4)
        panel.poly([(0, 0), *[(u, v - 1.3) for u, v in waves], (600, 0)], earth, grain=0.8)
        for shift, level in ((0.15, 0.9), (1.6, 0.7), (3.6, 0.5), (7.0, 0.35)):
            panel.poly(
                [*[(u, v + shift) for u, v in waves], *[(u, v + shift + 0.28) for u, v in reversed(waves)]],
                mix(water, (0.96, 0.96, 0.93), level),
                grain=0.2,
            )
    for face in land.faces:
        face.normal = UP
    ridge_line(m, g, 520, 2, 26, mix(scale(g.scheme.sky_low, 0.75), rgb(60, 84, 90), 0.4), jag=0.35)
    if kind == "beach":
        for x, z in ((-6.5, 8.5), (-9, 4), (8, 3.5), (11, 9), (-13, 10)):
            palm = m.group(x, 3, z)
            h, bend = g.rng.uniform(5, 7.5), g.near(0, 1.0)
            trunk = [(-0.16 + bend * t * t, h * t) for t in np.linspace(0, 1, 8)] + [
                (0.1 + bend * t * t, h * t) for t in np.linspace(1, 0, 8)
            ]
            card(palm, x, 0, z, np.array(trunk), rgb(110, 84, 60))
            for k in range(9):
                a = k / 9 * 2 * math.pi + 0.3
                tip = (bend + math.cos(a) * 2.3, h + math.sin(a) * 0.7 - 0.7)
                mid = (bend + math.cos(a) * 1.3, h + 0.45 + math.sin(a) * 0.6)
                card(
                    palm,
                    x,
                    0,
                    z - 0.01,
                    np.array([(bend, h), (mid[0], mid[1] + 0.16), tip, (mid[0], mid[1] - 0.14)]),
                    scale(rgb(60, 96, 52), g.near(0.9, 0.25)),
                )
        for _ in range(8):
            rock(
                m,
                g,
                g.rng.uniform(-16, 16),
                g.rng.uniform(9.5, 15),
                g.rng.uniform(0.6, 2.2),
                g.rng.uniform(0.3, 1.0),
                rgb(96, 88, 84),
            )
    elif kind == "harbour":
        for i in range(9):
            bollard = m.group(-12 + i * 3, 0.4, 12.4)
            cylinder(bollard, -12 + i * 3, 0, 12.4, 0.2, 0.7, DARK, sides=8)
        for x, z, w in ((-9, 20, 9), (7, 24, 12), (18, 34, 14)):
            boat(m, g, x, z, w)
        for x in (-22, 24):
            crane = m.group(x, 8, 40, solid=False)
            for side in (-2, 2):
                box(crane, x + side, 0, 40, 0.5, 16, 0.5, rgb(160, 84, 44))
            box(crane, x, 15, 40, 22, 0.8, 0.8, rgb(160, 84, 44))
        for i in range(7):
            stack = m.group(-9, 1, 2 + i)
            box(
                stack,
                g.rng.choice((-7.5, 7.5)) + g.near(0, 1),
                0,
                1 + i * 1.5,
                2.4,
                g.rng.choice((1.2, 2.4)),
                1.3,
                g.pick(rgb(150, 58, 44), rgb(44, 86, 110), rgb(160, 130, 60)),
            )
        streetlamp(m, -3.6, 11, 1, g.night)
        streetlamp(m, 6, 11, -1, g.night)
    elif kind == "sea":
        rail = m.group(0, 0.6, 15.6, solid=False)
        for i in range(13):
            box(rail, -3 + i * 0.5, 0, 15.6, 0.06, 1.0, 0.06, PAPER)
        box(rail, 0, 1.0, 15.6, 6.2, 0.07, 0.1, WOOD)
        boat(m, g, -26, 70, 14)
    else:
        cliff = m.group(6, 6, 30, solid=False)
        card(
            cliff,
            12,
            0,
            34,
            np.array([(-14, 0), (-10, 4), (-7, 5.6), (6, 7.5), (30, 8), (30, 0)]),
            rgb(92, 90, 84),
            grain=1.2,
        )
        house = m.group(14, 12, 33, solid=False)
        for i in range(6):
            cylinder(
                house,
                14,
                7 + i * 2.4,
                33,
                1.7 - i * 0.13,
                2.4,
                PAPER if i % 2 else rgb(170, 44, 40),
                top_radius=1.57 - i * 0.13,
                sides=14,
            )
        cylinder(house, 14, 21.4, 33, 1.0, 1.5, WARM, emit=3.4, sides=12)
        cylinder(house, 14, 22.9, 33, 1.2, 1.2, rgb(120, 30, 30), top_radius=0.02, sides=12)
        m.lamps.append(Lamp(14, 22, 31, WARM, 6.0 if g.night else 0.6, 9.0))
        for _ in range(14):
            rock(
                m,
                g,
                g.rng.uniform(-16, 16),
                g.rng.uniform(10, 17),
                g.rng.uniform(0.8, 3.2),
                g.rng.uniform(0.4, 1.7),
                rgb(84, 84, 82),
            )
    m.lamps.append(Lamp(0, 3, 60, g.scheme.key, 0.6, 12))
    m.haze = 0.0025
    m.azimuths = (-0.45, -0.2, 0.0, 0.2, 0.45)


def boat(m: SetModel, g: Grow, x: float, z: float, w: float) -> None:
    """A fishing boat in profile."""
    group = m.group(x, 2, z, solid=False)
    hull = g.pick(rgb(52, 84, 104), rgb(140, 52, 44), rgb(208, 200, 184))
    card(group, x, 0, z, np.array([(-w / 2, w * 0.16), (w / 2, w * 0.2), (w * 0.38, 0), (-w * 0.42, 0)]), hull)
    card(
        group,
        x,
        0,
        z,
        np.array([(-w * 0.3, w * 0.16), (w * 0.02, w * 0.16), (w * 0.02, w * 0.34), (-w * 0.3, w * 0.34)]),
        PAPER,
    )
    card(
        group,
        x,
        0,
        z,
        np.array([(-w * 0.26, w * 0.24), (-0.02 * w, w * 0.24), (-0.02 * w, w * 0.31), (-w * 0.26, w * 0.31)]),
        WARM,
        emit=1.4 if g.night else 0.2,
    )
    card(group, x, 0, z, np.array([(w * 0.1, w * 0.16), (w * 0.12, w * 0.16), (w * 0.11, w * 0.72)]), WOOD)


def beach(m: SetModel, g: Grow) -> None:
    """Sand, palms and surf."""
    shore(m, g, "beach")


def sea(m: SetModel, g: Grow) -> None:
    """A deck on open water."""
    shore(m, g, "sea")


def harbour(m: SetModel, g: Grow) -> None:
    """Quay, boats and cranes."""
    shore(m, g, "harbour")


def lighthouse(m: SetModel, g: Grow) -> None:
    """A light on a cliff."""
    shore(m, g, "lighthouse")


def mountain(m: SetModel, g: Grow) -> None:
    """Ranges one behind another, scree and boulders."""
    m.mark, m.clouds = (0.0, 8.0), 0.6
    stone = g.tint(rgb(116, 110, 104))
    ground_plane(m, g.tint(rgb(112, 108, 88)), grain=1.2)
    sky = g.scheme.sky_low
    for far, low, high, share in ((460, 70, 210, 0.62), (320, 40, 130, 0.42), (200, 14, 70, 0.22), (90, 3, 20, 0.05)):
        ridge_line(m, g, far, low, high, mix(stone, sky, share), jag=0.55, steps=110)
    for _ in range(36):
        angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(4.5, 45)
        rock(
            m,
            g,
            math.sin(angle) * away,
            8 + math.cos(angle) * away,
            g.rng.uniform(0.6, 4),
            g.rng.uniform(0.4, 2.4),
            stone,
        )
    m.haze = 0.0025


def station(m: SetModel, g: Grow) -> None:
    """A platform with columns, a tiled wall, benches and a train."""
    m.interior, m.width, m.depth, m.height, m.mark, m.wet = True, 9.0, 34.0, 3.9, (-0.8, 9.0), 0.2
    from vibeboard.providers.sandbox.picture.model import room

    wall = g.tint(g.pick(rgb(176, 180, 170), rgb(150, 158, 150)))
    walls = room(m, wall, rgb(104, 102, 100), rgb(80, 82, 84), dado=g.tint(rgb(60, 92, 90)), gloss=0.5)
    for i in range(9):
        z = 2 + i * 3.6
        column = m.group(-2.6, 2, z)
        box(column, -2.8, 0, z, 0.36, 3.9, 0.36, g.tint(rgb(64, 96, 92)))
        walls["left"].rect(z, 1.5, z + 1.6, 2.3, g.pick(PAPER, g.scheme.accent, g.scheme.second), 0.5)
        from vibeboard.providers.sandbox.picture.grow import tube_light

        tube_light(m, -1.0, z, 1.6, rgb(226, 236, 226), 0.75)
    train = m.group(3.4, 1.5, 16)
    train.solid = False
    side = box(train, 3.4, 0.1, 19, 2.2, 3.1, 28, g.tint(rgb(150, 156, 164)), gloss=0.5)["left"]
    side.rect(0, 0.7, 28, 0.95, g.scheme.accent)
    for i in range(14):
        side.rect(0.4 + i * 2, 1.25, 1.6 + i * 2, 2.4, mix(WARM, (1, 1, 1), 0.3), 1.3 if i % 3 else 0.9)
        if i % 3 == 0:
            side.rect(0.25 + i * 2, 0.2, 0.4 + i * 2, 2.7, DARK)
    m.lamps.append(Lamp(1.8, 1.8, 10, WARM, 1.0, 3))
    m.lamps.append(Lamp(1.8, 1.8, 16, WARM, 1.0, 3))
    walls["floor"].rect(6.15, 0, 6.45, 34, rgb(220, 190, 70))
    bench = m.group(-3.8, 0.4, 12)
    box(bench, -3.8, 0.4, 12, 0.5, 0.07, 2.4, WOOD)
    box(bench, -3.8, 0, 12, 0.4, 0.4, 0.2, DARK)
    doorway(m, g, walls["front"], 3.0, lit=1.0)
    neon(m, g, walls["back"], 3.0, 2.4, "EXIT", g.scheme.accent, 0.7)
    m.azimuths = (-0.16, 0.0, 0.14, 0.24)


def town(m: SetModel, g: Grow) -> None:
    """A frontier street: false fronts, porches, a water tower."""
    m.mark, m.clouds = (0.0, 10.0), 0.3
    ground_plane(m, g.tint(rgb(190, 146, 98), 0.06), grain=1.0)
    ridge_line(m, g, 420, 20, 70, mix(rgb(168, 104, 70), g.scheme.sky_low, 0.5), flat=True)
    ridge_line(m, g, 240, 3, 20, mix(rgb(168, 104, 70), g.scheme.sky_low, 0.2), jag=0.4)
    names = ["SALOON", "HOTEL", "BANK", "SHERIFF", "STORE", "BARBER"]
    g.rng.shuffle(names)
    for side in (-1, 1):
        for i in range(6):
            z, wide, high = 3 + i * 7.4, 7.0, g.rng.uniform(4.6, 7.2)
            tint = g.pick(rgb(150, 116, 82), rgb(124, 92, 70), rgb(166, 140, 108), rgb(112, 96, 84))
            group = m.group(side * 9.5, 2, z)
            face = box(group, side * 10, 0, z, 5, high, wide - 0.3, tint, grain=0.8)["right" if side < 0 else "left"]
            for k in range(int(high / 0.3)):
                face.rect(0, k * 0.3, wide - 0.3, k * 0.3 + 0.03, scale(tint, 0.7))
            face.rect(wide * 0.42, 0, wide * 0.58, 2.2, scale(tint, 0.25))
            for u in (0.16, 0.70):
                face.rect(
                    wide * u, 1.0, wide * u + 1.0, 2.3, WARM if g.night else scale(tint, 0.35), 0.9 if g.night else 0.0
                )
            face.rect(wide * 0.15, high - 1.3, wide * 0.8, high - 0.5, scale(tint, 0.55))
            if g.letters:
                face.text(names[i], wide * 0.47, high - 1.1, 0.5, PAPER)
            porch = m.group(side * 6.6, 1.5, z)
            box(porch, side * 6.6, 2.7, z, 1.9, 0.12, wide - 0.3, scale(tint, 0.7))
            for dz in (-3, 0, 3):
                box(porch, side * 5.8, 0, z + dz, 0.14, 2.7, 0.14, scale(tint, 0.75))
            if g.night:
                m.lamps.append(Lamp(side * 6.2, 2.2, z, WARM, 0.9, 2.4))
    tower = m.group(4, 6, 54, solid=False)
    for a in (-1, 1):
        box(tower, 2 + a * 1.4, 0, 54, 0.25, 7, 0.25, scale(WOOD, 0.7))
    cylinder(tower, 2, 7, 54, 2.2, 3.2, scale(WOOD, 0.9), sides=14)
    cylinder(tower, 2, 10.2, 54, 2.4, 1.4, scale(WOOD, 0.6), top_radius=0.02, sides=14)
    m.azimuths = (-0.2, -0.08, 0.08, 0.2)
    m.haze = 0.005


def market(m: SetModel, g: Grow) -> None:
    """Two rows of stalls under coloured awnings, strings of lamps."""
    m.mark, m.clouds = (0.0, 8.0), 0.5
    ground_plane(m, g.tint(rgb(140, 120, 98)), grain=0.8)
    for side in (-1, 1):
        for i in range(8):
            z = 2.5 + i * 3.0
            tint = from_hsv(g.rng.random(), 0.55, 0.8)
            stall = m.group(side * 3.6, 1, z)
            front = box(stall, side * 3.8, 0, z, 1.4, 0.9, 2.4, scale(WOOD, 0.7))["right" if side < 0 else "left"]
            front.rect(0, 0.1, 2.4, 0.8, scale(tint, 0.5))
            for _ in range(14):
                a, b = g.rng.uniform(-0.5, 0.5), g.rng.uniform(-1.1, 1.1)
                cylinder(
                    stall,
                    side * 3.8 + a,
                    0.9,
                    z + b,
                    0.11,
                    0.14,
                    from_hsv(g.rng.choice((0.0, 0.08, 0.13, 0.3, 0.85)), 0.7, 0.85),
                    top_radius=0.06,
                    sides=7,
                )
            for dz in (-1.15, 1.15):
                box(stall, side * 3.1, 0, z + dz, 0.07, 2.3, 0.07, WOOD)
            roof = m.group(side * 3.7, 2.4, z, solid=False)
            for k in range(6):
                box(roof, side * 3.7, 2.3 + 0.01 * k, z - 1.25 + 0.5 * k, 2.0, 0.06, 0.48, tint if k % 2 else PAPER)
            if g.night or i % 2 == 0:
                m.lamps.append(Lamp(side * 3.0, 1.9, z, WARM, 0.9 if g.night else 0.2, 1.8))
                cylinder(stall, side * 3.0, 1.95, z, 0.07, 0.12, WARM, emit=2.8, sides=7)
    for side in (-1, 1):
        for i in range(6):
            building(
                m,
                g,
                side * 11,
                2 + i * 8,
                8,
                g.rng.uniform(6, 11),
                7.8,
                g.tint(g.pick(rgb(190, 150, 104), rgb(168, 120, 90), rgb(150, 140, 124))),
                0.3,
            )
    ridge_line(m, g, 200, 12, 40, scale(g.scheme.sky_low, 0.5), flat=True)
    m.azimuths = (-0.2, -0.08, 0.08, 0.2)
    m.haze = 0.008


def farm(m: SetModel, g: Grow) -> None:
    """A barn, a silo, bales and fences in a field."""
    field(m, g)
    red = g.pick(rgb(142, 44, 36), rgb(120, 96, 78), rgb(168, 160, 146))
    barn = m.group(-8, 3, 25)
    panels = box(barn, -8, 0, 27, 10, 5, 12, red, grain=0.8)
    front = panels["front"]
    front.poly([(0, 5), (10, 5), (7.6, 7.8), (5, 9), (2.4, 7.8)], scale(red, 0.9))
    front.rect(3.6, 0, 6.4, 3.4, scale(red, 0.25))
    front.line([(3.6, 0), (6.4, 3.4)], 0.16, PAPER)
    front.line([(6.4, 0), (3.6, 3.4)], 0.16, PAPER)
    front.rect(4.4, 5.4, 5.6, 6.8, WARM if g.night else scale(red, 0.3), 1.0 if g.night else 0.0)
    silo = m.group(2, 5, 29)
    cylinder(silo, 1, 0, 30, 1.8, 9, rgb(168, 166, 160), sides=14)
    cylinder(silo, 1, 9, 30, 1.8, 1.4, scale(METAL, 0.8), top_radius=0.1, sides=14)
    for _ in range(9):
        x, z = g.rng.uniform(-14, 15), g.rng.uniform(11, 24)
        bale = m.group(x, 0.5, z)
        cylinder(bale, x, 0, z, 0.75, 1.1, rgb(200, 166, 88), sides=12, grain=1.0)


def generic_exterior(m: SetModel, g: Grow) -> None:
    """A landscape nobody has words for: its land, ranges and landmarks come from its name."""
    m.mark, m.clouds = (0.0, 8.0), g.rng.uniform(0.3, 0.8)
    hue = g.rng.random()
    earth = from_hsv(hue, g.rng.uniform(0.2, 0.45), g.rng.uniform(0.35, 0.6))
    ground_plane(m, g.tint(earth), grain=0.9)
    for far, low, high, share in ((400, 20, g.rng.uniform(40, 140), 0.55), (210, 4, g.rng.uniform(12, 50), 0.25)):
        ridge_line(
            m,
            g,
            far,
            low,
            high,
            mix(scale(earth, 0.8), g.scheme.sky_low, share),
            jag=g.rng.uniform(0.3, 0.8),
            flat=g.rng.random() < 0.3,
        )
    kind = g.rng.randrange(3)
    for _ in range(34):
        angle, away = g.rng.uniform(0, 6.28), g.rng.uniform(5, 60)
        x, z = math.sin(angle) * away, 8 + math.cos(angle) * away
        if kind == 0:
            tree(m, g, x, z, g.rng.uniform(3, 9), from_hsv(hue + 0.1, 0.4, 0.5), bare=g.rng.random() < 0.4)
        elif kind == 1:
            rock(m, g, x, z, g.rng.uniform(0.8, 4), g.rng.uniform(0.6, 5), from_hsv(hue + 0.5, 0.2, 0.5))
        else:
            building(
                m,
                g,
                x * 1.5,
                12 + abs(z),
                g.rng.uniform(4, 7),
                g.rng.uniform(3, 9),
                6,
                from_hsv(hue + g.near(0.4, 0.1), 0.25, 0.6),
                0.4,
            )
    m.haze = 0.004


EXTERIORS: dict[str, Callable[[SetModel, Grow], None]] = {
    "street": street,
    "rooftop": rooftop,
    "forest": forest,
    "field": field,
    "desert": desert,
    "snowfield": snowfield,
    "beach": beach,
    "sea": sea,
    "harbour": harbour,
    "lighthouse": lighthouse,
    "mountain": mountain,
    "station": station,
    "town": town,
    "market": market,
    "farm": farm,
    "generic_exterior": generic_exterior,
}
