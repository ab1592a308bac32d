"""The camera: a pinhole in a metric world. x right, y up, z away from the front wall; metres and pixels."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
NEAR = 0.06


@lru_cache(maxsize=64)
def _axes(yaw: float, pitch: float, roll: float) -> Points:
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    forward = np.array([sy * cp, sp, cy * cp])
    right = np.array([cy, 0.0, -sy])
    up = np.array([-sp * sy, cp, -sp * cy])
    if roll:
        c, s = math.cos(roll), math.sin(roll)
        right, up = right * c + up * s, up * c - right * s
    return np.stack([right, up, forward])


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the lens is, where it looks, and what it frames (width x height pixels)."""

    x: float
    y: float
    z: float
    yaw: float  # radians, 0 looks along +z
    pitch: float  # radians, positive looks up
    roll: float
    focal: float  # pixels
    width: int
    height: int
    shift_x: float = 0.0  # of the principal point, in frame widths
    shift_y: float = 0.0  # in frame heights

    @property
    def position(self) -> Points:
        """The lens in the world."""
        return np.array([self.x, self.y, self.z])

    @property
    def axes(self) -> Points:
        """Rows: right, up, forward."""
        return _axes(self.yaw, self.pitch, self.roll)

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel of the optical axis."""
        return self.width * (0.5 + self.shift_x), self.height * (0.5 + self.shift_y)

    def local(self, points: Points) -> Points:
        """World points (N, 3) in camera axes."""
        turned: Points = (points - self.position) @ self.axes.T
        return turned

    def screen(self, local: Points) -> Points:
        """Camera-space points (N, 3) to pixels (N, 2); depth is held at NEAR."""
        z = np.maximum(local[:, 2], NEAR)
        cx, cy = self.centre
        return np.stack([cx + self.focal * local[:, 0] / z, cy - self.focal * local[:, 1] / z], axis=1)

    def project(self, points: Points) -> Points:
        """World points (N, 3) to pixels (N, 2)."""
        return self.screen(self.local(points))

    def depth(self, x: float, y: float, z: float) -> float:
        """Distance along the optical axis."""
        return float(self.local(np.array([[x, y, z]]))[0, 2])

    def sized(self, width: int, height: int) -> "Camera":
        """The same view on another raster of the same shape."""
        return Camera(
            self.x,
            self.y,
            self.z,
            self.yaw,
            self.pitch,
            self.roll,
            self.focal * width / self.width,
            width,
            height,
            self.shift_x,
            self.shift_y,
        )


def clip_near(local: Points) -> Points:
    """A camera-space polygon cut at the near plane (Sutherland-Hodgman); may be empty."""
    inside = local[:, 2] > NEAR
    if inside.all():
        return local
    if not inside.any():
        return local[:0]
    kept: list[Points] = []
    count = len(local)
    for i in range(count):
        a, b = local[i], local[(i + 1) % count]
        if inside[i]:
            kept.append(a)
        if inside[i] != inside[(i + 1) % count]:
            share = (NEAR - a[2]) / (b[2] - a[2])
            kept.append(a + (b - a) * share)
    return np.array(kept)


def clip_frame(pixels: Points, width: float, height: float) -> Points:
    """A screen polygon cut to a wide border round the frame, so that the raster never sees huge coordinates."""
    border = 3000.0
    for axis, limit, sign in (
        (0, -border, 1.0),
        (0, width + border, -1.0),
        (1, -border, 1.0),
        (1, height + border, -1.0),
    ):
        if len(pixels) < 3:
            return pixels
        inside = (pixels[:, axis] - limit) * sign >= 0
        if inside.all():
            continue
        kept: list[Points] = []
        for i in range(len(pixels)):
            j = (i + 1) % len(pixels)
            if inside[i]:
                kept.append(pixels[i])
            if inside[i] != inside[j]:
                share = (limit - pixels[i, axis]) / (pixels[j, axis] - pixels[i, axis])
                kept.append(pixels[i] + (pixels[j] - pixels[i]) * share)
        pixels = np.array(kept) if kept else pixels[:0]
    return pixels


def blend(a: Camera, b: Camera, share: float) -> Camera:
    """The view between two views: position and direction linear, scale in log so that a zoom feels even."""

    def lin(u: float, v: float) -> float:
        return u + (v - u) * share

    turn = (b.yaw - a.yaw + math.pi) % (2 * math.pi) - math.pi
    return Camera(
        lin(a.x, b.x),
        lin(a.y, b.y),
        lin(a.z, b.z),
        a.yaw + turn * share,
        lin(a.pitch, b.pitch),
        lin(a.roll, b.roll),
        math.exp(lin(math.log(a.focal), math.log(b.focal))),
        a.width,
        a.height,
        lin(a.shift_x, b.shift_x),
        lin(a.shift_y, b.shift_y),
    )
