"""Interiors: every builder furnishes one kind of room, with choices that belong to the place's own name."""

import math
from collections.abc import Callable

from vibeboard.providers.sandbox.picture.colour import Colour, from_hsv, mix, rgb, scale
from vibeboard.providers.sandbox.picture.grow import (
    DARK,
    METAL,
    PAPER,
    WARM,
    WOOD,
    Grow,
    chair,
    doorway,
    neon,
    pendant,
    rock,
    shelf,
    table,
    tube_light,
    window,
)
from vibeboard.providers.sandbox.picture.model import Lamp, SetModel, box, cylinder, room
from vibeboard.providers.sandbox.picture.tower import tower

COLD = rgb(214, 232, 240)


def washer(m: SetModel, g: Grow, x: float, z: float, turn: float, shell: Colour, lit: bool) -> None:
    """A front loader with its round door."""
    group = m.group(x, 0.6, z)
    panels = box(group, x, 0, z, 0.78, 1.12, 0.72, shell, turn=turn, gloss=0.4)
    for side in ("left", "right"):
        panels[side].rect(0.05, 0.06, 0.67, 1.02, scale(shell, 0.82))
        for k in range(5):
            panels[side].rect(0.2, 0.2 + k * 0.06, 0.52, 0.225 + k * 0.06, scale(shell, 0.4))
    front = panels["front"]
    front.rect(0.02, 0.93, 0.76, 1.10, scale(shell, 0.55))
    front.rect(0.08, 0.97, 0.34, 1.06, g.scheme.second if lit else DARK, 1.2 if lit else 0.0)
    front.disc(0.66, 1.015, 0.045, scale(METAL, 1.1))
    front.disc(0.39, 0.50, 0.31, scale(METAL, 0.62))
    front.disc(0.39, 0.50, 0.275, scale(METAL, 1.25), gloss=0.8)
    front.disc(0.39, 0.50, 0.235, rgb(20, 24, 34))
    front.disc(0.37, 0.47, 0.20, mix(rgb(30, 40, 58), g.scheme.ambient, 0.25))
    if lit:
        front.disc(
            0.39,
            0.43,
            0.17,
            g.pick(g.scheme.ambient, rgb(150, 156, 170), g.scheme.accent),
            start=math.pi,
            stop=2 * math.pi,
        )
    front.disc(0.31, 0.60, 0.055, rgb(210, 224, 236), rv=0.09)
    front.rect(0.66, 0.44, 0.72, 0.58, scale(METAL, 0.8))


def laundromat(m: SetModel, g: Grow) -> None:
    """Washers along both walls, dryers at the back, a folding table, neon in the window."""
    m.width, m.depth, m.height, m.mark = 6.6, 12.0, 3.1, (0.0, 5.6)
    m.wet = 0.25
    wall = g.tint(g.pick(rgb(126, 142, 138), rgb(140, 132, 120), rgb(118, 132, 150)))
    walls = room(m, wall, g.tint(rgb(96, 100, 104)), scale(wall, 0.55), dado=g.tint(rgb(62, 92, 98)), gloss=0.5)
    for i in range(13):
        walls["floor"].rect(0, i * 0.96, 6.6, i * 0.96 + 0.02, DARK)
        if i < 7:
            walls["floor"].rect(i * 1.0, 0, i * 1.0 + 0.02, 12, DARK)
    shell = g.tint(rgb(206, 208, 206), 0.1)
    for i in range(11):
        washer(m, g, -2.9, 1.2 + i * 0.92, -math.pi / 2, shell, g.rng.random() < 0.4)
        if i not in (0, 1):
            washer(m, g, 2.9, 1.2 + i * 0.92, math.pi / 2, shell, g.rng.random() < 0.4)
    for i in range(6):
        washer(m, g, -2.2 + i * 0.88, 11.6, 0, scale(shell, 0.85), g.rng.random() < 0.6)
        back = walls["back"]
        back.disc(1.1 + i * 0.88, 1.65, 0.30, scale(METAL, 1.1), gloss=0.6)
        back.disc(1.1 + i * 0.88, 1.65, 0.24, mix(rgb(24, 26, 34), g.scheme.accent, 0.15), 0.0)
    neon(m, g, walls["back"], 3.3, 2.28, "LAUNDRY", g.scheme.accent, 1.15)
    neon(m, g, walls["left"], 5.2, 2.0, "OPEN", g.scheme.second, 0.75)
    neon(m, g, walls["right"], 4.2, 2.05, "24 HRS", g.scheme.accent, 0.8)
    window(m, g, walls["front"], 0.5, 0.8, 2.3, 1.7, power=0.9)
    window(m, g, walls["front"], 4.5, 0.8, 1.7, 1.7, power=0.6)
    doorway(m, g, walls["front"], 3.15, glass=True, colour=scale(METAL, 0.45), lit=1.1)
    for z in (3.2, 6.6, 9.8):
        tube_light(m, 0, z, 1.6, COLD, 0.6 if g.night else 0.4, across=True)
    group = table(m, 0.9, 8.6, 0.9, 1.9, g.tint(rgb(150, 140, 126)))
    box(group, 0.8, 0.76, 8.4, 0.5, 0.22, 0.35, rgb(196, 192, 184))


def bar(m: SetModel, g: Grow) -> None:
    """A counter with stools, back bar of bottles, pendant lamps and booths."""
    m.width, m.depth, m.height, m.mark = 7.5, 10.5, 3.2, (0.1, 5.0)
    wall = g.tint(g.pick(rgb(82, 44, 38), rgb(48, 62, 58), rgb(74, 56, 44)))
    walls = room(m, wall, rgb(62, 44, 34), scale(wall, 0.4), dado=scale(WOOD, 0.5), gloss=0.4)
    group = m.group(-1.9, 0.5, 6.0)
    counter = box(group, -1.9, 0, 6.0, 0.7, 1.06, 7.0, scale(WOOD, 0.65), top=scale(WOOD, 1.25), gloss=0.6)
    for i in range(7):
        counter["right"].rect(i + 0.1, 0.15, i + 0.9, 0.9, scale(WOOD, 0.4))
    left = walls["left"]
    for row in range(3):
        v = 1.25 + row * 0.52
        left.rect(2.6, v - 0.04, 9.4, v, scale(WOOD, 0.9))
        left.rect(2.6, v, 9.4, v + 0.47, mix(scale(wall, 0.3), g.scheme.accent, 0.12), 0.22)
        for i in range(32):
            u = 2.75 + i * 0.205
            glass = from_hsv(g.rng.choice((0.08, 0.11, 0.3, 0.05, 0.55)), 0.6, g.near(0.6, 0.2))
            left.rect(u, v, u + 0.09, v + g.near(0.22, 0.04), glass, 0.4)
            left.rect(u + 0.03, v + 0.2, u + 0.06, v + 0.34, glass, 0.3)
    for i in range(6):
        stool = m.group(-1.1, 0.4, 3.4 + i * 1.0)
        cylinder(stool, -1.15, 0, 3.4 + i, 0.03, 0.7, METAL, sides=6)
        cylinder(stool, -1.15, 0.7, 3.4 + i, 0.19, 0.09, g.tint(rgb(150, 34, 36)), sides=10)
    for i in range(3):
        z = 3.0 + i * 2.4
        seat = m.group(2.9, 0.5, z)
        for dz in (-0.75, 0.75):
            box(seat, 2.95, 0, z + dz, 1.5, 1.15, 0.28, g.tint(rgb(120, 30, 36)))
        box(seat, 2.95, 0.72, z, 1.3, 0.05, 0.7, scale(WOOD, 1.1), gloss=0.5)
        pendant(m, 2.7, z, 1.75, WARM, 0.9)
        pendant(m, -1.8, z + 0.3, 2.0, WARM, 1.0)
    neon(m, g, walls["back"], 4.4, 1.75, "BAR", g.scheme.accent, 1.0)
    neon(m, g, walls["right"], 5.4, 2.1, "COCKTAILS", g.scheme.second, 0.9)
    window(m, g, walls["front"], 0.6, 1.0, 2.4, 1.4, blinds=True)
    doorway(m, g, walls["front"], 4.4, glass=True)
    doorway(m, g, walls["back"], 6.2)


def apartment(m: SetModel, g: Grow) -> None:
    """A lived-in room: window with blinds, sofa, bed, lamp, pictures, rug."""
    m.width, m.depth, m.height, m.mark = 6.4, 7.6, 2.9, (0.2, 4.0)
    wall = g.tint(g.pick(rgb(150, 128, 104), rgb(112, 128, 120), rgb(134, 114, 122), rgb(160, 150, 132)))
    walls = room(m, wall, g.tint(scale(WOOD, 0.9)), scale(wall, 0.8))
    window(m, g, walls["back"], 1.0, 0.9, 1.9, 1.5, blinds=True, power=1.2)
    window(m, g, walls["left"], 2.6, 0.9, 1.6, 1.5, power=0.8)
    doorway(m, g, walls["front"], 2.6)
    doorway(m, g, walls["right"], 5.6)
    fabric = g.pick(rgb(96, 40, 44), rgb(46, 72, 84), rgb(104, 90, 62), rgb(70, 60, 90))
    sofa = m.group(1.6, 0.4, 6.7)
    box(sofa, 1.6, 0, 6.75, 2.3, 0.44, 0.85, fabric)
    box(sofa, 1.6, 0.44, 7.05, 2.3, 0.5, 0.25, scale(fabric, 0.85))
    for side in (-1, 1):
        box(sofa, 1.6 + side * 1.1, 0, 6.75, 0.22, 0.62, 0.85, scale(fabric, 0.75))
    walls["floor"].rect(2.2, 2.6, 5.4, 5.6, g.tint(rgb(122, 60, 52)))
    walls["floor"].rect(2.4, 2.8, 5.2, 5.4, g.tint(rgb(150, 108, 76)))
    bed = m.group(-2.1, 0.4, 2.4)
    box(bed, -2.2, 0, 2.4, 1.8, 0.5, 2.1, rgb(196, 188, 176))
    box(bed, -2.2, 0.5, 3.2, 1.5, 0.14, 0.4, rgb(224, 218, 206))
    lamp = m.group(-0.2, 0.8, 7.1, solid=False)
    cylinder(lamp, -0.1, 0, 7.1, 0.03, 1.35, DARK, sides=6)
    cylinder(lamp, -0.1, 1.35, 7.1, 0.24, 0.32, WARM, emit=1.9 if g.night else 0.9, top_radius=0.15)
    m.lamps.append(Lamp(-0.1, 1.4, 6.9, WARM, 1.5 if g.night else 0.4, 2.2))
    shelf(m, g, 3.0, 3.2, 1.6, 2.1, math.pi / 2, (fabric, PAPER, rgb(60, 80, 70), rgb(150, 110, 60)))
    for i, u in enumerate((3.7, 4.6, 5.4)):
        back = walls["back"]
        back.rect(u, 1.5 - 0.1 * i, u + 0.6, 2.2, scale(WOOD, 0.5))
        back.rect(u + 0.05, 1.55 - 0.1 * i, u + 0.55, 2.15, g.pick(fabric, g.scheme.ambient, PAPER))
    end_table = table(m, 2.4, 4.8, 0.9, 0.6, WOOD, 0.5)
    cylinder(end_table, 2.4, 0.5, 4.8, 0.09, 0.24, g.pick(rgb(60, 110, 120), rgb(180, 90, 60)), top_radius=0.05)


def office(m: SetModel, g: Grow) -> None:
    """Desks with lamps and screens, blinds, filing cabinets, a glazed door."""
    m.width, m.depth, m.height, m.mark = 8.0, 9.5, 3.0, (0.0, 4.6)
    wall = g.tint(g.pick(rgb(120, 124, 118), rgb(132, 118, 100), rgb(104, 116, 128)))
    walls = room(m, wall, rgb(82, 76, 70), scale(wall, 0.75), dado=scale(WOOD, 0.7))
    for u in (0.7, 3.1, 5.5):
        window(m, g, walls["back"], u, 1.0, 1.8, 1.5, blinds=True, power=0.9)
    for x, z in ((-2.4, 7.4), (1.9, 7.6), (2.6, 4.2), (-2.8, 3.6)):
        desk = table(m, x, z, 1.6, 0.8, WOOD)
        screen = box(desk, x - 0.3, 0.80, z, 0.55, 0.38, 0.05, DARK)
        screen["front"].rect(0.03, 0.03, 0.52, 0.35, g.scheme.second, 0.9)
        box(desk, x + 0.4, 0.76, z, 0.3, 0.06, 0.4, PAPER)
        cylinder(desk, x + 0.65, 0.76, z + 0.2, 0.015, 0.4, DARK, sides=5)
        cylinder(desk, x + 0.65, 1.12, z + 0.2, 0.13, 0.1, rgb(40, 104, 70), emit=1.2, top_radius=0.06)
        m.lamps.append(Lamp(x + 0.65, 1.1, z + 0.2, WARM, 0.8 if g.night else 0.25, 1.4))
        chair(m, x, z + 0.8, DARK)
    for i in range(5):
        cabinet = m.group(-3.7, 0.6, 4.6 + i * 0.52)
        front = box(cabinet, -3.7, 0, 4.6 + i * 0.52, 0.5, 1.35, 0.55, rgb(96, 104, 100), turn=-math.pi / 2)["front"]
        for k in range(4):
            front.rect(0.03, 0.05 + k * 0.33, 0.47, 0.34 + k * 0.33, rgb(116, 124, 118))
            front.rect(0.18, 0.2 + k * 0.33, 0.32, 0.23 + k * 0.33, METAL)
    doorway(m, g, walls["front"], 3.2, glass=True)
    doorway(m, g, walls["right"], 6.2, glass=True, lit=0.8)
    tube_light(m, 0, 5.0, 1.8, COLD, 0.6, across=True)
    shelf(m, g, 3.7, 6.4, 1.4, 2.2, math.pi / 2, (rgb(120, 40, 36), PAPER, rgb(50, 70, 90), rgb(90, 90, 60)))


def corridor(m: SetModel, g: Grow) -> None:
    """A long passage of doors under a row of lights."""
    m.width, m.depth, m.height, m.mark = 2.8, 22.0, 2.8, (0.0, 8.0)
    wall = g.tint(g.pick(rgb(116, 108, 92), rgb(96, 112, 110), rgb(120, 96, 90)))
    walls = room(m, wall, g.tint(rgb(84, 60, 52)), scale(wall, 0.7), dado=g.tint(scale(WOOD, 0.7)), gloss=0.4)
    for i in range(6):
        doorway(m, g, walls["left"], 1.5 + i * 3.4)
        doorway(m, g, walls["right"], 1.9 + i * 3.4)
        tube_light(m, 0, 2.0 + i * 3.6, 0.9, g.pick(COLD, WARM), 0.75)
    doorway(m, g, walls["front"], 0.9)
    window(m, g, walls["back"], 0.75, 0.9, 1.3, 1.5, power=1.5)
    neon(m, g, walls["left"], 9.2, 2.2, "EXIT", g.scheme.accent, 0.4)
    m.azimuths = (-0.12, 0.0, 0.12)


def warehouse(m: SetModel, g: Grow) -> None:
    """A high hall with trusses, crates, drums and tall windows."""
    m.width, m.depth, m.height, m.mark = 18.0, 26.0, 8.0, (0.0, 9.0)
    wall = g.tint(g.pick(rgb(104, 88, 76), rgb(92, 98, 104), rgb(112, 74, 58)))
    walls = room(m, wall, rgb(86, 84, 80), scale(wall, 0.35), gloss=0.3)
    for i in range(5):
        window(m, g, walls["left"], 2.0 + i * 5, 3.2, 3.0, 3.0, bars=4, power=1.3)
        window(m, g, walls["right"], 2.0 + i * 5, 3.2, 3.0, 3.0, bars=4, power=0.5)
    window(m, g, walls["back"], 6.0, 3.6, 6.0, 3.0, bars=6, power=0.8)
    for i in range(6):
        beam = m.group(0, 7, 2 + i * 4.6, solid=False)
        beam.shadow = False
        box(beam, 0, 6.7, 2 + i * 4.6, 18, 0.3, 0.3, rgb(58, 54, 54))
        for side in (-1, 1):
            post = m.group(side * 6.6, 4, 2 + i * 4.6)
            box(post, side * 6.6, 0, 2 + i * 4.6, 0.35, 6.8, 0.35, rgb(74, 62, 56))
    for _ in range(17):
        x, z = g.rng.choice((-1, 1)) * g.rng.uniform(3.6, 8.0), g.rng.uniform(4, 24)
        crate = m.group(x, 0.6, z)
        if g.rng.random() < 0.35:
            cylinder(crate, x, 0, z, 0.32, 0.95, g.pick(rgb(46, 76, 104), rgb(150, 60, 34), rgb(74, 86, 70)), sides=12)
        else:
            edge = g.rng.uniform(0.9, 1.5)
            turn = g.rng.uniform(-0.4, 0.4)
            for k in range(g.rng.randint(1, 2)):
                front = box(crate, x, k * edge, z, edge, edge, edge, g.tint(rgb(142, 106, 66)), turn=turn)["front"]
                front.line([(0.05, 0.05), (edge - 0.05, edge - 0.05)], 0.1, rgb(100, 72, 44))
    for z in (6.0, 11.0, 17.0):
        pendant(m, g.near(0, 1.5), z, 4.4, WARM, 2.4, 0.7)
    doorway(m, g, walls["front"], 8.4, lit=1.0)


def church(m: SetModel, g: Grow) -> None:
    """Nave with pews, columns, stained glass and an altar with candles."""
    m.width, m.depth, m.height, m.mark = 11.0, 24.0, 9.0, (0.0, 8.0)
    stone = g.tint(g.pick(rgb(136, 128, 114), rgb(112, 114, 118)))
    walls = room(m, stone, rgb(96, 90, 84), scale(stone, 0.4))
    for i in range(6):
        for name in ("left", "right"):
            panel = walls[name]
            u = 2.2 + i * 3.6
            for k in range(5):
                tint = from_hsv(g.rng.choice((0.0, 0.6, 0.12, 0.33, 0.55)), 0.75, 1.0)
                panel.rect(u, 2.2 + k * 0.7, u + 1.1, 2.86 + k * 0.7, tint, 1.0 if g.time == "day" else 0.45)
            panel.disc(u + 0.55, 5.7, 0.55, g.scheme.accent, 0.9)
            m.shafts.append((panel.at([(u, 2.2), (u + 1.1, 2.2), (u + 1.1, 5.8), (u, 5.8)]), 1.0))
        for side in (-1, 1):
            column = m.group(side * 3.8, 4, 2 + i * 3.6)
            cylinder(column, side * 3.8, 0, 2 + i * 3.6, 0.36, 8.6, scale(stone, 0.95), sides=12)
            if i < 5:
                pew = m.group(side * 2.2, 0.5, 7.6 + i * 1.7)
                box(pew, side * 2.3, 0, 7.6 + i * 1.7, 2.2, 0.46, 0.45, scale(WOOD, 0.6))
                box(pew, side * 2.3, 0.46, 7.8 + i * 1.7, 2.2, 0.5, 0.07, scale(WOOD, 0.75))
    back = walls["back"]
    back.disc(5.5, 5.9, 1.7, scale(stone, 0.5))
    for k in range(10):
        a = k * 0.6283
        back.disc(5.5 + math.cos(a) * 1.05, 5.9 + math.sin(a) * 1.05, 0.42, from_hsv(k / 10, 0.7, 1.0), 1.1)
    back.disc(5.5, 5.9, 0.55, g.scheme.accent, 1.4)
    altar = m.group(0, 0.6, 21.5)
    box(altar, 0, 0, 21.5, 2.6, 1.0, 0.9, scale(stone, 1.2))
    for i in range(7):
        cylinder(altar, -1.0 + i * 0.33, 1.0, 21.4, 0.03, 0.3 + 0.1 * (i % 3), PAPER, sides=6)
        cylinder(
            altar, -1.0 + i * 0.33, 1.32 + 0.1 * (i % 3), 21.4, 0.03, 0.09, WARM, emit=3.5, top_radius=0.002, sides=5
        )
    m.lamps.append(Lamp(0, 1.8, 21.0, WARM, 2.4, 3.0))
    doorway(m, g, walls["front"], 5.0, lit=1.0)


def hospital(m: SetModel, g: Grow) -> None:
    """A ward: beds, curtains, monitors, cold light."""
    m.width, m.depth, m.height, m.mark = 7.0, 12.0, 2.9, (0.0, 5.0)
    wall = g.tint(rgb(176, 192, 188))
    walls = room(m, wall, rgb(140, 148, 146), rgb(186, 190, 188), dado=g.tint(rgb(110, 152, 148)), gloss=0.5)
    for i in range(4):
        for side in (-1, 1):
            z = 3.0 + i * 2.5
            bed = m.group(side * 2.4, 0.5, z)
            box(bed, side * 2.4, 0.35, z, 1.9, 0.25, 0.95, rgb(216, 222, 222))
            box(bed, side * 3.1, 0.6, z, 0.45, 0.12, 0.6, rgb(236, 236, 232))
            box(bed, side * 2.4, 0, z, 1.7, 0.35, 0.08, METAL)
            curtain = m.group(side * 2.6, 1.2, z + 1.2)
            box(curtain, side * 2.7, 0.3, z + 1.2, 1.5, 1.9, 0.05, g.tint(rgb(128, 172, 168)))
            screen = walls["left" if side < 0 else "right"]
            u = z if side < 0 else m.depth - z
            screen.rect(u - 0.3, 1.5, u + 0.3, 1.9, DARK)
            screen.line(
                [(u - 0.25, 1.7), (u - 0.08, 1.7), (u - 0.02, 1.85), (u + 0.05, 1.58), (u + 0.1, 1.7), (u + 0.25, 1.7)],
                0.02,
                rgb(90, 255, 150),
                2.4,
            )
    for z in (2.5, 6.0, 9.5):
        tube_light(m, 0, z, 1.8, COLD, 0.8, across=True)
    window(m, g, walls["back"], 2.2, 0.9, 2.6, 1.5)
    doorway(m, g, walls["front"], 3.0, glass=True)


def school(m: SetModel, g: Grow) -> None:
    """Rows of desks, a board, a wall of windows, shelves."""
    m.width, m.depth, m.height, m.mark = 8.0, 9.5, 3.1, (0.0, 5.4)
    wall = g.tint(g.pick(rgb(186, 170, 130), rgb(150, 168, 158)))
    walls = room(m, wall, scale(WOOD, 1.1), rgb(190, 186, 176), dado=g.tint(rgb(104, 132, 112)))
    back = walls["back"]
    back.rect(1.8, 0.95, 6.2, 2.35, WOOD)
    back.rect(1.9, 1.02, 6.1, 2.28, rgb(36, 66, 54))
    for row in range(4):
        for k in range(5):
            u = 2.2 + k * 0.75
            back.line(
                [(u, 2.05 - row * 0.26), (u + g.rng.uniform(0.2, 0.6), 2.05 - row * 0.26 + g.near(0, 0.02))],
                0.022,
                PAPER,
            )
    for i in range(3):
        window(m, g, walls["left"], 1.0 + i * 2.8, 1.0, 2.0, 1.6, power=1.2)
    for row in range(3):
        for k in range(4):
            x, z = -2.7 + k * 1.75 + (0.3 if k > 1 else 0), 6.6 + row * -1.9
            if abs(x) < 0.6 and row == 1:
                continue
            table(m, x, z, 0.8, 0.5, rgb(188, 146, 92), 0.7)
            chair(m, x, z - 0.5, rgb(64, 90, 110), math.pi)
    doorway(m, g, walls["right"], 1.4)
    shelf(m, g, 3.6, 4.6, 2.2, 1.9, math.pi / 2, (rgb(160, 60, 50), rgb(60, 110, 130), rgb(210, 170, 80), PAPER))
    doorway(m, g, walls["front"], 3.4, glass=True)
    tube_light(m, 0, 5, 2, COLD, 0.35, across=True)


def kitchen(m: SetModel, g: Grow) -> None:
    """Units, stove, window over the sink, hanging lamp over a table."""
    m.width, m.depth, m.height, m.mark = 5.6, 6.8, 2.8, (-0.3, 3.6)
    wall = g.tint(g.pick(rgb(196, 178, 140), rgb(160, 178, 170), rgb(182, 148, 128)))
    walls = room(m, wall, g.tint(rgb(120, 104, 92)), rgb(196, 190, 178), gloss=0.3)
    unit = g.tint(g.pick(rgb(92, 120, 112), rgb(206, 196, 176), rgb(70, 84, 104)))
    line = m.group(0, 0.5, 6.4)
    front = box(line, 0, 0, 6.45, 5.4, 0.92, 0.62, unit, top=rgb(170, 150, 124))["front"]
    for i in range(7):
        front.rect(0.06 + i * 0.77, 0.1, 0.76 + i * 0.77, 0.84, scale(unit, 1.15))
        front.rect(0.6 + i * 0.77, 0.5, 0.64 + i * 0.77, 0.7, METAL)
    for i in range(4):
        cylinder(line, -2.2 + i * 0.28, 0.92, 6.4, 0.1, 0.18, g.pick(METAL, rgb(190, 90, 50), rgb(60, 80, 100)))
    back = walls["back"]
    window(m, g, back, 2.0, 1.15, 1.5, 1.1, power=1.3)
    for u in (0.2, 1.05, 3.8, 4.65):
        back.rect(u, 1.55, u + 0.78, 2.35, scale(unit, 0.6))
        back.rect(u + 0.04, 1.59, u + 0.74, 2.31, unit)
    fridge = m.group(2.4, 0.9, 4.9)
    box(fridge, 2.4, 0, 4.9, 0.7, 1.8, 0.75, rgb(206, 206, 202), gloss=0.4)
    top = table(m, 0.9, 3.9, 1.3, 0.9, WOOD)
    cylinder(top, 0.9, 0.76, 3.9, 0.14, 0.08, g.pick(rgb(190, 90, 50), rgb(90, 130, 150)), top_radius=0.2)
    pendant(m, 0.9, 3.9, 1.65, WARM, 1.2)
    chair(m, 1.8, 3.6, scale(WOOD, 0.8), math.pi / 2)
    doorway(m, g, walls["left"], 2.2)
    doorway(m, g, walls["front"], 2.2, glass=True)


def lab(m: SetModel, g: Grow) -> None:
    """A ship or laboratory: ribs, consoles, strips of light, a wide window on space."""
    m.width, m.depth, m.height, m.mark = 7.6, 13.0, 3.3, (0.0, 5.6)
    hull = g.tint(rgb(132, 142, 152), 0.3)
    walls = room(m, hull, g.tint(rgb(70, 76, 86)), scale(hull, 0.5), gloss=0.8)
    m.wet = 0.4
    for i in range(6):
        z = 1.0 + i * 2.2
        rib = m.group(0, 1.6, z, solid=False)
        rib.shadow = False
        for side in (-1, 1):
            box(rib, side * 3.62, 0, z, 0.34, 3.3, 0.34, scale(hull, 0.55))
            panel = walls["left" if side < 0 else "right"]
            u = (z if side < 0 else m.depth - z) + (0.35 if side < 0 else -0.35 - 1.5)
            panel.rect(u, 0.7, u + 1.5, 2.3, scale(hull, 0.35))
            for _ in range(10):
                a, b = u + 0.1 + g.rng.random() * 1.1, 0.85 + g.rng.random() * 1.2
                panel.rect(
                    a, b, a + g.rng.uniform(0.06, 0.3), b + 0.05, g.pick(g.scheme.accent, g.scheme.second, COLD), 1.8
                )
            panel.rect(u - 0.2, 2.62, u + 1.8, 2.68, g.scheme.second, 2.6)
        box(rib, 0, 3.0, z, 7.6, 0.3, 0.34, scale(hull, 0.55))
        m.lamps.append(Lamp(-3.2, 2.6, z + 1, g.scheme.second, 0.55, 1.9))
        m.lamps.append(Lamp(3.2, 2.6, z + 1, g.scheme.second, 0.55, 1.9))
    back = walls["back"]
    back.poly([(0.9, 0.9), (6.7, 0.9), (6.2, 2.8), (1.4, 2.8)], rgb(6, 9, 18), 0.5)
    for _ in range(60):
        back.disc(g.rng.uniform(1.5, 6.1), g.rng.uniform(1.0, 2.7), g.rng.uniform(0.006, 0.018), COLD, 2.0)
    back.disc(4.9, 1.75, 0.62, g.scheme.accent, 0.8)
    back.disc(4.75, 1.85, 0.54, mix(g.scheme.accent, g.scheme.second, 0.4), 0.9)
    for x in (-2.2, 2.2):
        for z in (8.2, 10.4):
            desk = m.group(x, 0.5, z)
            panels = box(desk, x, 0, z, 1.5, 0.95, 0.7, scale(hull, 0.45))
            panels["top"].rect(0.1, 0.1, 1.4, 0.6, g.scheme.second, 1.2)
            screen = box(desk, x, 1.05, z + 0.3, 1.1, 0.55, 0.04, DARK)["front"]
            screen.rect(0.04, 0.04, 1.06, 0.51, scale(g.scheme.second, 0.4), 0.7)
            for k in range(6):
                screen.rect(0.1 + k * 0.16, 0.1, 0.2 + k * 0.16, 0.1 + g.rng.uniform(0.08, 0.36), g.scheme.accent, 1.7)
    core = m.group(0, 1.5, 9.4)
    cylinder(core, 0, 0, 9.6, 0.55, 0.6, scale(hull, 0.4), sides=14)
    cylinder(core, 0, 0.6, 9.6, 0.38, 1.7, mix(g.scheme.second, (1, 1, 1), 0.2), sides=14, emit=1.1)
    cylinder(core, 0, 2.3, 9.6, 0.55, 1.0, scale(hull, 0.4), sides=14)
    m.lamps.append(Lamp(0, 1.5, 9.0, g.scheme.second, 1.6, 2.4))
    doorway(m, g, walls["front"], 3.3, colour=scale(hull, 0.5), lit=1.0)


def cave(m: SetModel, g: Grow) -> None:
    """Rock on all sides, light from the mouth and from a fire."""
    m.width, m.depth, m.height, m.mark = 11.0, 18.0, 6.0, (0.0, 6.5)
    stone = g.tint(g.pick(rgb(98, 84, 72), rgb(78, 86, 94)))
    walls = room(m, scale(stone, 0.6), scale(stone, 0.8), scale(stone, 0.3))
    for face in (f for group in m.groups for f in group.faces):
        face.grain = 1.6
    walls["back"].poly(
        [(3.4, 0), (7.6, 0), (7.0, 3.4), (5.6, 4.3), (4.0, 3.2)], g.scheme.sky_low, 1.7 if g.time == "day" else 0.8
    )
    m.shafts.append((walls["back"].at([(3.6, 0.4), (7.4, 0.4), (6.8, 3.6), (4.2, 3.6)]), 1.4))
    m.lamps.append(Lamp(0, 2.2, 17.0, g.scheme.key, 2.2, 4.5))
    for i in range(26):
        side = (-1) ** i
        rock(
            m,
            g,
            side * g.rng.uniform(3.0, 5.4),
            g.rng.uniform(2, 17.4),
            g.rng.uniform(1.5, 3.4),
            g.rng.uniform(0.8, 4.6),
            stone,
        )
    for _ in range(22):
        x, z, drop = g.rng.uniform(-5, 5), g.rng.uniform(3, 17), g.rng.uniform(0.6, 2.0)
        spike = m.group(x, 5, z, solid=False)
        cylinder(spike, x, 6.0 - drop, z, 0.02, drop, scale(stone, 0.7), top_radius=drop * 0.25, sides=7, grain=1.0)
    m.lamps.append(Lamp(-1.6, 0.6, 8.4, WARM, 1.7, 2.4))
    fire = m.group(-1.8, 0.3, 8.8)
    for _ in range(5):
        cylinder(
            fire,
            -1.8 + g.near(0, 0.15),
            0.05,
            8.8 + g.near(0, 0.1),
            0.1,
            g.rng.uniform(0.25, 0.55),
            mix(WARM, rgb(255, 110, 30), 0.5),
            emit=2.6,
            top_radius=0.003,
            sides=6,
        )


def car(m: SetModel, g: Grow) -> None:
    """Inside a car at the windscreen: seats, pillars, the road's lights outside."""
    m.width, m.depth, m.height, m.mark = 1.9, 3.0, 1.45, (-0.1, 1.55)
    m.haze = 0.0
    lining = g.tint(rgb(54, 48, 46))
    walls = room(m, lining, rgb(34, 32, 32), rgb(64, 58, 54))
    for name, u0, u1 in (
        ("back", 0.12, 1.78),
        ("left", 0.35, 1.35),
        ("left", 1.5, 2.6),
        ("right", 0.4, 1.5),
        ("right", 1.65, 2.65),
        ("front", 0.2, 1.7),
    ):
        panel = walls[name]
        panel.rect(u0, 0.78, u1, 1.34, g.scheme.sky_low, 1.2 if g.time == "day" else 0.4)
        for _ in range(8 if g.night else 4):
            u, v = g.rng.uniform(u0 + 0.1, u1 - 0.1), g.rng.uniform(0.85, 1.2)
            panel.disc(
                u,
                v,
                g.rng.uniform(0.012, 0.045),
                g.pick(g.scheme.accent, WARM, g.scheme.second),
                1.8 if g.night else 0.5,
            )
        panel.poly(
            [(u0, 0.78), (u1, 0.78), (u1, 0.9), ((u0 + u1) / 2, 0.97), (u0, 0.88)], scale(g.scheme.ambient, 0.25)
        )
        m.shafts.append((panel.at([(u0, 0.8), (u1, 0.8), (u1, 1.3), (u0, 1.3)]), 0.4))
    for x in (-0.45, 0.45):
        seat = m.group(x, 0.6, 1.9)
        box(seat, x, 0.1, 2.0, 0.55, 0.75, 0.16, g.tint(rgb(96, 64, 44)))
        box(seat, x, 0.88, 2.02, 0.28, 0.2, 0.1, g.tint(rgb(96, 64, 44)))
    m.lamps.append(Lamp(-0.2, 0.9, 0.6, g.scheme.accent if g.night else g.scheme.key, 0.8, 0.9))
    m.lamps.append(Lamp(0.8, 1.1, 1.4, g.scheme.second if g.night else g.scheme.key, 0.6, 0.8))
    m.azimuths = (-0.35, -0.15, 0.2, 0.4)


def generic_interior(m: SetModel, g: Grow) -> None:
    """A room nobody has words for: its shape, furniture and light come from its name."""
    m.width, m.depth, m.height = g.near(8, 2.5), g.near(11, 3), g.near(3.6, 0.9)
    m.mark = (0.0, m.depth * 0.48)
    hue = g.rng.random()
    wall = g.tint(from_hsv(hue, g.rng.uniform(0.12, 0.4), g.rng.uniform(0.45, 0.7)))
    walls = room(
        m,
        wall,
        g.tint(from_hsv(hue + 0.4, 0.25, 0.4)),
        scale(wall, 0.6),
        dado=scale(wall, 0.7) if g.rng.random() < 0.5 else None,
        gloss=0.3,
    )
    for i in range(g.rng.randint(1, 3)):
        window(m, g, walls[g.rng.choice(("back", "left"))], 1.0 + i * 2.3, 1.0, 1.5, m.height - 1.7, power=0.9)
    doorway(m, g, walls["front"], m.width / 2 - 0.5, lit=0.8)
    doorway(m, g, walls["right"], m.depth * 0.3)
    for _ in range(g.rng.randint(6, 11)):
        x = g.rng.choice((-1, 1)) * g.rng.uniform(0.28, 0.44) * m.width
        z = g.rng.uniform(0.35, 0.95) * m.depth
        tint = from_hsv(hue + g.rng.uniform(0.2, 0.6), 0.35, g.rng.uniform(0.3, 0.6))
        kind = g.rng.randrange(4)
        if kind == 0:
            shelf(m, g, x, z, 1.3, g.near(1.9, 0.3), math.copysign(math.pi / 2, x), (tint, PAPER, scale(tint, 0.6)))
        elif kind == 1:
            thing = table(m, x, z, 1.2, 0.7, scale(WOOD, g.near(0.9, 0.3)))
            cylinder(thing, x, 0.76, z, 0.1, 0.3, tint, top_radius=0.06)
        elif kind == 2:
            block = m.group(x, 0.6, z)
            box(block, x, 0, z, g.near(0.9, 0.3), g.near(1.2, 0.5), g.near(0.8, 0.2), tint)
        else:
            column = m.group(x, m.height / 2, z)
            cylinder(column, x, 0, z, 0.2, m.height, scale(wall, 0.8), sides=10)
    for z in (0.35, 0.7):
        if g.rng.random() < 0.5:
            pendant(m, g.near(0, 1), z * m.depth, m.height - 1.0, WARM, 1.4)
        else:
            tube_light(m, 0, z * m.depth, 1.4, g.pick(COLD, WARM), 0.9, across=True)
    picture_width = g.rng.uniform(1.0, 2.2)
    walls["back"].rect(m.width / 2 - picture_width, 1.3, m.width / 2 + 0.2, 2.3, scale(WOOD, 0.5))
    walls["back"].rect(
        m.width / 2 - picture_width + 0.08, 1.38, m.width / 2 + 0.12, 2.22, g.tint(scale(g.scheme.accent, 0.7), 0.4)
    )


INTERIORS: dict[str, Callable[[SetModel, Grow], None]] = {
    "laundromat": laundromat,
    "bar": bar,
    "apartment": apartment,
    "office": office,
    "corridor": corridor,
    "warehouse": warehouse,
    "church": church,
    "hospital": hospital,
    "school": school,
    "kitchen": kitchen,
    "lab": lab,
    "cave": cave,
    "car": car,
    "tower": tower,
    "generic_interior": generic_interior,
}
