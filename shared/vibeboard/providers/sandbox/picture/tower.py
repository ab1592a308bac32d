"""Inside a lighthouse: bare stone, an iron stair along the wall, and the great lens that turns."""

import math

from vibeboard.providers.sandbox.picture.colour import Colour, mix, rgb, scale
from vibeboard.providers.sandbox.picture.grow import WARM, Grow, doorway, table
from vibeboard.providers.sandbox.picture.model import Lamp, Panel, SetModel, box, cylinder, room

IRON = rgb(46, 50, 54)
_STEPS = 15
_RISE = 0.22  # metres a step
_RINGS = 9  # of prisms


def tower(m: SetModel, g: Grow) -> None:
    """The stairs, or the lamp room when the place's name says so."""
    m.width, m.depth, m.height, m.mark = 6.6, 9.0, 4.6, (0.3, 4.4)
    stone = g.tint(g.pick(rgb(112, 116, 118), rgb(124, 114, 102)))
    walls = room(m, stone, scale(stone, 0.55), scale(stone, 0.4))
    for face in (f for group in m.groups for f in group.faces):
        face.grain = 1.3
    if "lamp" in g.words or "lantern" in g.words:
        for i in range(4):
            _pane(walls["back"], g, 0.35 + i * 1.5, 0.9, 1.4, 3.0)
        _lens(m, 0.4, 7.2)
        table(m, -2.3, 5.6, 1.3, 0.7, rgb(86, 62, 44))
        return
    _stair(m)
    for panel, u in ((walls["back"], 0.9), (walls["left"], 5.2), (walls["right"], 3.2)):
        _pane(panel, g, u, 2.6, 0.6, 1.4)
    doorway(m, g, walls["right"], 6.2, lit=0.5)
    m.lamps.append(Lamp(-2.4, 3.0, 5.6, WARM, 1.5, 2.6))
    m.lamps.append(Lamp(2.4, 4.3, 7.4, mix(WARM, g.scheme.key, 0.5), 1.4, 2.2))


def _pane(panel: Panel, g: Grow, u: float, v: float, w: float, h: float) -> None:
    """A window with nothing behind it but sky."""
    sky = mix(g.scheme.sky_low, g.scheme.sky_top, 0.5)
    panel.rect(u - 0.08, v - 0.08, u + w + 0.08, v + h + 0.08, IRON)
    panel.rect(u, v, u + w, v + h, sky, 0.5 if g.night else 1.5)
    panel.rect(u, v + h / 2 - 0.03, u + w, v + h / 2 + 0.03, IRON)
    if g.night:
        for _ in range(round(6 * w * h / 2)):
            x, y = u + g.rng.uniform(0.05, w - 0.05), v + g.rng.uniform(0.1, h - 0.05)
            panel.rect(x, y, x + 0.015, y + 0.015, rgb(220, 230, 240), 0.9)


def _stair(m: SetModel) -> None:
    """Iron steps that climb along the far wall, with a rail."""
    for i in range(_STEPS):
        x, y = -2.9 + i * 0.4, _RISE * (i + 1)
        step = m.group(x, y, 8.2)
        box(step, x, y - 0.06, 8.2, 0.44, 0.06, 1.2, IRON, grain=0.6)
        cylinder(step, x, y, 7.65, 0.02, 0.95, IRON, sides=6)
        box(step, x, y + 0.93, 7.65, 0.46, 0.04, 0.05, scale(IRON, 1.3))


def _lens(m: SetModel, x: float, z: float) -> None:
    """Rings of prisms round a flame, on an iron stand."""
    cylinder(m.group(x, 0.5, z), x, 0.0, z, 0.62, 0.9, IRON, sides=14, gloss=0.4)
    glass = m.group(x, 1.7, z)
    glow: Colour = mix(WARM, rgb(255, 255, 240), 0.45)
    for i in range(_RINGS):
        share = (i + 0.5) / _RINGS * 2 - 1
        radius = 0.86 * math.sqrt(1 - 0.72 * share * share)
        tint = mix(glow, rgb(120, 190, 200), 0.25 + 0.6 * abs(share))
        cylinder(glass, x, 0.95 + i * 0.2, z, radius, 0.14, tint, sides=18, emit=1.05 - 0.6 * abs(share), gloss=0.9)
        cylinder(glass, x, 1.09 + i * 0.2, z, radius * 0.97, 0.06, scale(tint, 0.4), sides=18, emit=0.3)
    cylinder(m.group(x, 2.9, z), x, 0.95 + _RINGS * 0.2, z, 0.5, 0.3, IRON, sides=14, top_radius=0.08)
    m.lamps.append(Lamp(x, 1.8, z - 1.0, glow, 2.4, 3.4))
