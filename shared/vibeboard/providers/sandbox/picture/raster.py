"""Which faces of a set a lens sees, and where in its frame: reckoned for all at once, filled one by one."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.providers.sandbox.picture.colour import Array, Bytes
from vibeboard.providers.sandbox.picture.model import BACKDROP, OBJECT, Face, Points, SetModel
from vibeboard.providers.sandbox.picture.optics import NEAR, Camera, clip_frame, clip_near

Blocked = tuple[float, tuple[float, float, float, float]]
"""(depth in metres, screen box in pixels): objects nearer than that inside the box are taken away."""

_FINE = 16  # sub-pixels to a pixel, in OpenCV's fixed-point polygons
_REACH = 2500.0  # pixels outside the frame to which a polygon may go without being cut
_MIRROR_SHARE = 4  # the reflection's raster is this much smaller
_MIRROR_REACH = 9000.0  # pixels


class Soup:
    """A set's faces as flat arrays, in the order in which they were built."""

    def __init__(self, model: SetModel) -> None:
        self.groups = [group for group in model.groups if group.faces]
        self.faces: list[Face] = [face for group in self.groups for face in group.faces]
        sizes = np.array([len(face.points) for face in self.faces])
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.ends = self.starts + sizes
        self.points: Points = np.concatenate([face.points for face in self.faces])
        self.normals: Points = np.array([face.normal for face in self.faces])
        self.cull = np.array([face.cull for face in self.faces])
        self.colours = [tuple(min(255.0, c * 255) for c in face.colour) for face in self.faces]
        self.surfaces = np.array([(face.emit, face.gloss, face.grain, face.normal[1]) for face in self.faces])
        self.bounds = np.cumsum([0, *(len(group.faces) for group in self.groups)])

    @cached_property
    def mirrored(self) -> Points:
        """The points as a wet floor shows them."""
        return np.asarray(self.points * [1.0, -1.0, 1.0])

    def least(self, values: Points) -> Points:
        """Per face the least of its points' values."""
        return np.asarray(np.minimum.reduceat(values, self.starts))

    def most(self, values: Points) -> Points:
        """Per face the greatest of its points' values."""
        return np.asarray(np.maximum.reduceat(values, self.starts))


def soup_of(model: SetModel) -> Soup:
    """The model's faces, flattened once: a set does not change after it is built."""
    if model.soup is None:
        model.soup = Soup(model)
    found: Soup = model.soup
    return found


@dataclass(slots=True)
class Raster:
    """A look at a set before it is lit. Row ids[y, x] of `planes` is what is seen there; row 0 is the sky.

    albedo (H, W, 3) 8 bit; ids (H/2, W/2); planes (N, 8): normal in camera axes, its plane's distance, emit, gloss,
    grain, and how far it faces up.
    """

    albedo: Bytes
    ids: NDArray[np.int32]
    planes: Array


def raster(model: SetModel, camera: Camera, blocked: Blocked | None, far: float) -> Raster:
    """Fills every face that the lens sees, from far to near within its layer."""
    soup = soup_of(model)
    height, width = camera.height, camera.width
    albedo: Bytes = np.zeros((height, width, 3), np.uint8)
    ids = np.zeros(((height + 1) // 2, (width + 1) // 2), np.int32)
    local = camera.local(soup.points)
    pixels = camera.screen(local)
    whole = np.rint(pixels * _FINE).astype(np.int32)
    half = np.rint((pixels / 2 - 0.25) * _FINE).astype(np.int32)
    near, low, high = _extent(soup, local, pixels)
    seen = _on_frame(soup, camera, near, low, high) & (soup.most(local[:, 2]) > NEAR)
    plain = (near > NEAR) & (low.min(1) > -_REACH) & (high[:, 0] < width + _REACH) & (high[:, 1] < height + _REACH)
    for index in _sorted(soup, camera, seen, blocked):
        start, end = soup.starts[index], soup.ends[index]
        one, two = whole[start:end], half[start:end]
        if not plain[index]:
            cut = _cut(local[start:end], camera)
            if len(cut) < 3:
                continue
            one = np.rint(cut * _FINE).astype(np.int32)
            two = np.rint((cut / 2 - 0.25) * _FINE).astype(np.int32)
        cv2.fillPoly(albedo, [one], soup.colours[index], cv2.LINE_AA, 4)
        cv2.fillPoly(ids, [two], (int(index) + 1,), cv2.LINE_8, 4)
    return Raster(albedo, ids, _planes(soup, camera, local, far))


def reflected(
    model: SetModel, camera: Camera, blocked: Blocked | None, lit: float, tint: tuple[float, float, float]
) -> Array:
    """What a wet floor mirrors, as light (H/4, W/4, 3). lit, tint: level and colour of what does not shine itself."""
    soup = soup_of(model)
    size = (camera.height + _MIRROR_SHARE - 1) // _MIRROR_SHARE, (camera.width + _MIRROR_SHARE - 1) // _MIRROR_SHARE
    out: Array = np.zeros((*size, 3), np.float32)
    local = camera.local(soup.mirrored)
    pixels = np.clip(camera.screen(local) / _MIRROR_SHARE, -_MIRROR_REACH, _MIRROR_REACH)
    near, low, high = _extent(soup, local, pixels)
    upright = soup.normals[:, 1] < 0.9
    inside = (high[:, 1] >= 0) & (high[:, 0] >= 0) & (low[:, 0] <= camera.width / _MIRROR_SHARE)
    wanted = upright & _towards(soup, camera) & (inside | (near <= NEAR)) & (soup.most(local[:, 2]) > NEAR)
    whole = np.rint(pixels * _FINE).astype(np.int32)
    for index in _sorted(soup, camera, wanted, blocked):
        start, end = soup.starts[index], soup.ends[index]
        shape = whole[start:end]
        if near[index] <= NEAR:
            cut = clip_near(local[start:end])
            if len(cut) < 3:
                continue
            shape = np.rint(np.clip(camera.screen(cut) / _MIRROR_SHARE, -_MIRROR_REACH, _MIRROR_REACH) * _FINE).astype(
                np.int32
            )
        face = soup.faces[index]
        level, hue = (face.emit, (1.0, 1.0, 1.0)) if face.emit > 0 else (lit, tint)
        colour = tuple(min(6.0, c * c * level * t) for c, t in zip(face.colour, hue, strict=True))
        cv2.fillPoly(out, [shape], colour, cv2.LINE_8, 4)
    return out


def _extent(soup: Soup, local: Points, pixels: Points) -> tuple[Points, Points, Points]:
    """Per face: its nearest depth (F,), and its box on screen (F, 2) low and high."""
    low = np.stack([soup.least(pixels[:, 0]), soup.least(pixels[:, 1])], 1)
    high = np.stack([soup.most(pixels[:, 0]), soup.most(pixels[:, 1])], 1)
    return soup.least(local[:, 2]), low, high


def _towards(soup: Soup, camera: Camera) -> NDArray[np.bool_]:
    """Faces that are not turned away from the lens."""
    facing = ((camera.position - soup.points[soup.starts]) * soup.normals).sum(1) > 0
    return np.asarray(facing | ~soup.cull)


def _on_frame(soup: Soup, camera: Camera, near: Points, low: Points, high: Points) -> NDArray[np.bool_]:
    """Faces in the frame that are large enough to be seen; those that pass the lens are looked at one by one."""
    inside = (high >= 0).all(1) & (low[:, 0] <= camera.width) & (low[:, 1] <= camera.height)
    return np.asarray(_towards(soup, camera) & ((inside & ((high - low).max(1) >= 0.4)) | (near <= NEAR)))


def _sorted(soup: Soup, camera: Camera, wanted: NDArray[np.bool_], blocked: Blocked | None) -> NDArray[np.intp]:
    """Faces to fill, by layer, and from far to near where a layer's things stand free."""
    order = []
    depths = camera.local(np.array([group.centre for group in soup.groups]))[:, 2]
    for index, (group, depth) in enumerate(zip(soup.groups, depths.tolist(), strict=True)):
        if group.layer == OBJECT and blocked is not None and group.solid:
            first, last = soup.bounds[index], soup.bounds[index + 1] - 1
            if _in_the_way(camera.local(soup.points[soup.starts[first] : soup.ends[last]]), camera, blocked):
                continue
        order.append((group.layer, -depth if group.layer in (OBJECT, BACKDROP) else 0.0, index))
    runs = [np.arange(soup.bounds[index], soup.bounds[index + 1]) for *_, index in sorted(order)]
    every = np.concatenate(runs) if runs else np.zeros(0, np.intp)
    return np.asarray(every[wanted[every]])


def _in_the_way(local: Points, camera: Camera, blocked: Blocked) -> bool:
    limit, (x0, y0, x1, y1) = blocked
    near = local[local[:, 2] < limit]
    if not len(near):
        return False
    if float(local[:, 2].max()) < 0.3:
        return True
    seen = camera.screen(near)
    hit = (
        float(seen[:, 0].max()) > x0
        and float(seen[:, 0].min()) < x1
        and float(seen[:, 1].max()) > y0
        and float(seen[:, 1].min()) < y1
    )
    looms = float(near[:, 2].min()) < 0.45 * limit and float(near[:, 2].max()) < limit * 1.02
    return hit or looms


def _cut(local: Points, camera: Camera) -> Points:
    """A face that passes the lens or reaches far out of the frame, cut to what can be filled (N, 2)."""
    cut = clip_near(local)
    if len(cut) < 3:
        return cut[:, :2]
    pixels = camera.screen(cut)
    low, high = pixels.min(0), pixels.max(0)
    away = high[0] < 0 or high[1] < 0 or low[0] > camera.width or low[1] > camera.height
    if away or (high - low).max() < 0.4:
        return pixels[:0]
    return clip_frame(pixels, camera.width, camera.height)


def _planes(soup: Soup, camera: Camera, local: Points, far: float) -> Array:
    normals = soup.normals @ camera.axes.T
    distance = (normals * local[soup.starts]).sum(1)
    away = ~soup.cull & (distance > 0)
    normals[away] *= -1
    distance[away] *= -1
    rows = np.column_stack([normals, distance, soup.surfaces])
    sky = [[0.0, 0.0, 1.0, far, 0.0, 0.0, 0.0, 0.0]]
    return np.concatenate([sky, rows]).astype(np.float32)
