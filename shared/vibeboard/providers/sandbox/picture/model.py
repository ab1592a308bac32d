"""A set as geometry: flat panels in metres, lamps, sky. Places and props build it, the renderer looks at it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vibeboard.providers.sandbox.picture.colour import Colour, scale

Points = NDArray[np.float64]
BACKDROP, GROUND, WALL, OBJECT = range(4)
UP = np.array([0.0, 1.0, 0.0])


@dataclass(slots=True)
class Face:
    """One flat polygon. emit > 0 shines by itself; gloss reflects; grain is how strong its texture is."""

    points: Points
    normal: Points
    colour: Colour
    emit: float = 0.0
    gloss: float = 0.0
    grain: float = 0.3
    cull: bool = True


@dataclass(slots=True)
class Group:
    """Faces drawn together, in order; groups of one layer are drawn from far to near."""

    layer: int
    centre: Points
    faces: list[Face] = field(default_factory=list)
    solid: bool = True  # may stand in the way of the lens and is then taken away
    shadow: bool = True


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light in the set. cone > 0: pool of light straight down with that spread, with a visible shaft."""

    x: float
    y: float
    z: float
    colour: Colour
    power: float
    reach: float = 2.5
    cone: float = 0.0


@dataclass(slots=True)
class SetModel:
    """Everything that stands in a place, independent of any camera."""

    groups: list[Group] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    interior: bool = True
    width: float = 8.0
    depth: float = 12.0
    height: float = 3.2
    mark: tuple[float, float] = (0.0, 5.5)  # where the main figure stands
    haze: float = 0.02  # per metre
    wet: float = 0.0
    water: bool = False
    sun: tuple[float, float] = (0.7, 0.6)  # azimuth, elevation, radians
    clouds: float = 0.5
    shafts: list[tuple[Points, float]] = field(default_factory=list)  # window quads light falls through, strength
    azimuths: tuple[float, ...] = (-0.5, -0.22, 0.0, 0.22, 0.5)  # camera directions that show the place well
    door: tuple[float, float, float] | None = None  # the entrance's handle, in the front wall
    soup: Any = None  # its faces as flat arrays (raster.Soup), made at the first look

    def group(self, x: float, y: float, z: float, layer: int = OBJECT, solid: bool = True) -> Group:
        """A new, empty group with its sorting centre."""
        made = Group(layer, np.array([x, y, z], float), solid=solid)
        self.groups.append(made)
        return made


class Panel:
    """A flat surface with its own metric axes (u, v) on which shapes are painted."""

    def __init__(
        self, group: Group, origin: Sequence[float] | Points, u: Sequence[float] | Points, v: Sequence[float] | Points
    ) -> None:
        self.group = group
        self.origin = np.asarray(origin, float)
        self.u = np.asarray(u, float)
        self.v = np.asarray(v, float)
        (a, b, c), (d, e, f) = self.v.tolist(), self.u.tolist()
        normal = np.array([b * f - c * e, c * d - a * f, a * e - b * d])
        self.normal = normal / max(1e-9, math.sqrt(float(normal @ normal)))

    def at(self, uv: Sequence[tuple[float, float]] | Points) -> Points:
        """World points of panel coordinates."""
        pairs = np.asarray(uv, float)
        out: Points = self.origin + pairs[:, :1] * self.u + pairs[:, 1:] * self.v
        return out

    def poly(
        self,
        uv: Sequence[tuple[float, float]] | Points,
        colour: Colour,
        emit: float = 0.0,
        *,
        gloss: float = 0.0,
        grain: float = 0.3,
        cull: bool = True,
    ) -> None:
        """A polygon in panel coordinates."""
        self.group.faces.append(Face(self.at(uv), self.normal, colour, emit, gloss, grain, cull))

    def rect(
        self,
        u0: float,
        v0: float,
        u1: float,
        v1: float,
        colour: Colour,
        emit: float = 0.0,
        *,
        gloss: float = 0.0,
        grain: float = 0.3,
        cull: bool = True,
    ) -> None:
        """An upright rectangle from (u0, v0) to (u1, v1)."""
        self.poly([(u0, v0), (u1, v0), (u1, v1), (u0, v1)], colour, emit, gloss=gloss, grain=grain, cull=cull)

    def disc(
        self,
        u: float,
        v: float,
        ru: float,
        colour: Colour,
        emit: float = 0.0,
        *,
        rv: float = 0.0,
        gloss: float = 0.0,
        grain: float = 0.2,
        start: float = 0.0,
        stop: float = 2 * math.pi,
    ) -> None:
        """A disc, or the segment of it between two angles."""
        angles = np.linspace(start, stop, 26)
        self.poly(
            np.stack([u + ru * np.cos(angles), v + (rv or ru) * np.sin(angles)], 1),
            colour,
            emit,
            gloss=gloss,
            grain=grain,
        )

    def line(
        self, points: Sequence[tuple[float, float]], width: float, colour: Colour, emit: float = 0.0, cull: bool = True
    ) -> None:
        """A polyline of that width (metres)."""
        pairs = np.asarray(points, float)
        for a, b in pairwise(pairs):
            along = b - a
            length = float(np.hypot(*along)) or 1e-9
            side = np.array([-along[1], along[0]]) / length * width / 2
            cap = along / length * width * 0.4
            self.poly(
                np.stack([a - cap + side, b + cap + side, b + cap - side, a - cap - side]), colour, emit, cull=cull
            )

    def text(self, words: str, u: float, v: float, height: float, colour: Colour, emit: float = 0.0) -> None:
        """Letters, centred on u, standing on v."""
        for outline, hole in _letters(words):
            self.poly(outline * height + [u, v], scale(colour, 0.06) if hole else colour, 0.0 if hole else emit)


@lru_cache(maxsize=64)
def _letters(words: str) -> tuple[tuple[Points, bool], ...]:
    """Outlines of a line of text, 1 unit high, centred on 0, baseline at 0; True marks the counters of letters."""
    font = ImageFont.load_default(64)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (8, 8))).textbbox((0, 0), words, font=font)
    mask = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(mask).text((4 - left, 4 - top), words, font=font, fill=255)
    contours, tree = cv2.findContours(
        (np.asarray(mask) > 110).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1
    )
    if tree is None:
        return ()
    size = np.array([mask.width, mask.height], float)
    shapes = []
    for contour, link in zip(contours, tree[0], strict=True):
        points = contour[:, 0].astype(float)
        if len(points) >= 3:
            flipped = np.stack([points[:, 0] - size[0] / 2, size[1] - points[:, 1]], 1) / size[1]
            shapes.append((flipped, bool(link[3] >= 0)))
    return tuple(sorted(shapes, key=lambda s: s[1]))


def box(
    group: Group,
    x: float,
    y: float,
    z: float,
    w: float,
    h: float,
    d: float,
    colour: Colour,
    *,
    turn: float = 0.0,
    gloss: float = 0.0,
    grain: float = 0.3,
    emit: float = 0.0,
    top: Colour | None = None,
) -> dict[str, Panel]:
    """A box standing at (x, y, z) on its base centre, front towards -z before it is turned (radians about y).

    Returns its panels: front, back, left, right, top; u runs right and v up as seen from outside, from a corner.
    """
    c, s = math.cos(turn), math.sin(turn)

    def world(a: float, b: float, e: float) -> Points:
        return np.array([x + a * c + e * s, y + b, z - a * s + e * c])

    ax, ez = np.array([c, 0.0, -s]), np.array([s, 0.0, c])
    hw, hd = w / 2, d / 2
    panels = {
        "back": Panel(group, world(hw, 0, hd), -ax, UP),
        "left": Panel(group, world(-hw, 0, hd), -ez, UP),
        "right": Panel(group, world(hw, 0, -hd), ez, UP),
        "front": Panel(group, world(-hw, 0, -hd), ax, UP),
        "top": Panel(group, world(-hw, h, -hd), ax, ez),
        "bottom": Panel(group, world(-hw, 0, hd), ax, -ez),
    }
    spans = {"back": (w, h), "left": (d, h), "right": (d, h), "front": (w, h), "top": (w, d), "bottom": (w, d)}
    for name, panel in panels.items():
        tint = top if name == "top" and top is not None else colour
        panel.rect(0, 0, *spans[name], tint, emit, gloss=gloss, grain=grain)
    return panels


def cylinder(
    group: Group,
    x: float,
    y: float,
    z: float,
    radius: float,
    h: float,
    colour: Colour,
    *,
    sides: int = 10,
    emit: float = 0.0,
    gloss: float = 0.0,
    top_radius: float | None = None,
    grain: float = 0.3,
) -> None:
    """An upright round body; top_radius makes it a cone."""
    upper = radius if top_radius is None else top_radius
    angles = np.linspace(0, 2 * math.pi, sides + 1)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    for a, b in pairwise(ring):
        middle = (a + b) / 2
        points = np.array(
            [
                [x + a[0] * radius, y, z + a[1] * radius],
                [x + b[0] * radius, y, z + b[1] * radius],
                [x + b[0] * upper, y + h, z + b[1] * upper],
                [x + a[0] * upper, y + h, z + a[1] * upper],
            ]
        )
        group.faces.append(Face(points, np.array([middle[0], 0.0, middle[1]]), colour, emit, gloss, grain))
    if upper > 0.001:
        lid = np.stack([x + ring[:-1, 0] * upper, np.full(sides, y + h), z + ring[:-1, 1] * upper], 1)
        group.faces.append(Face(lid, UP, colour, emit, gloss, grain))


def card(
    group: Group,
    x: float,
    y: float,
    z: float,
    outline: Points,
    colour: Colour,
    *,
    emit: float = 0.0,
    grain: float = 0.3,
    facing: float = 0.0,
) -> None:
    """A cut-out standing at (x, y, z): outline (N, 2) in metres, seen from both sides."""
    c, s = math.cos(facing), math.sin(facing)
    points = np.stack([x + outline[:, 0] * c, y + outline[:, 1], z - outline[:, 0] * s], 1)
    group.faces.append(Face(points, np.array([-s, 0.0, -c]), colour, emit, 0.0, grain, False))


def room(
    model: SetModel, wall: Colour, floor: Colour, ceiling: Colour, *, dado: Colour | None = None, gloss: float = 0.1
) -> dict[str, Panel]:
    """Floor, ceiling and four walls of the model's size. Walls seen from outside are not drawn (wild walls)."""
    w, d, h = model.width, model.depth, model.height
    hw = w / 2
    ground = model.group(0, 0, d / 2, GROUND, solid=False)
    base = Panel(ground, (-hw, 0, 0), (1, 0, 0), (0, 0, 1))
    base.rect(0, 0, w, d, floor, gloss=gloss, grain=0.35)
    base.normal = UP
    ground.faces[-1].normal = UP
    above = Panel(model.group(0, h, d / 2, WALL, solid=False), (-hw, h, d), (1, 0, 0), (0, 0, -1))
    above.rect(0, 0, w, d, ceiling)
    panels = {
        "back": Panel(model.group(0, 0, d, WALL, solid=False), (-hw, 0, d), (1, 0, 0), UP),
        "left": Panel(model.group(-hw, 0, d / 2, WALL, solid=False), (-hw, 0, 0), (0, 0, 1), UP),
        "right": Panel(model.group(hw, 0, d / 2, WALL, solid=False), (hw, 0, d), (0, 0, -1), UP),
        "front": Panel(model.group(0, 0, 0, WALL, solid=False), (hw, 0, 0), (-1, 0, 0), UP),
    }
    for name, panel in panels.items():
        length = w if name in ("back", "front") else d
        panel.rect(0, 0, length, h, wall)
        if dado is not None:
            panel.rect(0, 0, length, 1.05, dado, gloss=0.15)
        panel.rect(0, 0, length, 0.12, scale(wall, 0.45))
    return panels | {"floor": base, "ceiling": above}


def ground_plane(model: SetModel, colour: Colour, *, grain: float = 0.6, gloss: float = 0.0) -> Panel:
    """An outdoor floor to the horizon."""
    group = model.group(0, 0, 0, GROUND, solid=False)
    reach = 900.0
    panel = Panel(group, (-reach, 0, -reach), (1, 0, 0), (0, 0, 1))
    panel.rect(0, 0, 2 * reach, 2 * reach, colour, grain=grain, gloss=gloss, cull=False)
    group.faces[-1].normal = UP
    panel.normal = UP
    return panel
