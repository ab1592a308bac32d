"""Seeing a set through a camera: visible faces, then light per pixel (deferred), haze, reflection and sky."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture import texture
from vibeboard.providers.sandbox.picture.colour import Array, Scheme, as_array
from vibeboard.providers.sandbox.picture.model import GROUND, OBJECT, WALL, Lamp, Points, SetModel
from vibeboard.providers.sandbox.picture.optics import Camera
from vibeboard.providers.sandbox.picture.raster import Blocked, raster, reflected

FAR = 4000.0
DIM = 0.0008  # light that no eye would miss


@dataclass(frozen=True, slots=True)
class Light:
    """How a set is lit in one shot: levels over the scheme's colours."""

    scheme: Scheme
    time: str
    ambient: float
    key: float  # sun, moon or window light
    lamps: float
    haze: float  # per metre, on top of the set's own
    wet: float
    sun: tuple[float, float]  # azimuth, elevation


@dataclass(slots=True)
class Plate:
    """A rendered set: light (H, W, 3) float BGR, linear, unbounded; depth (H/2, W/2) metres."""

    light: Array
    depth: Array


def sun_vector(sun: tuple[float, float]) -> Points:
    """Unit vector towards the sun."""
    azimuth, elevation = sun
    return np.array(
        [math.sin(azimuth) * math.cos(elevation), math.sin(elevation), math.cos(azimuth) * math.cos(elevation)]
    )


def render(model: SetModel, camera: Camera, light: Light, blocked: Blocked | None) -> Plate:
    """The set as light, without what stands in the way."""
    return _View(model, camera, light, blocked).shade()


class _View:
    """The buffers of one look at the set."""

    def __init__(self, model: SetModel, camera: Camera, light: Light, blocked: Blocked | None) -> None:
        self.model, self.camera, self.light, self.blocked = model, camera, light, blocked
        self.height, self.width = camera.height, camera.width
        self.h2, self.w2 = (self.height + 1) // 2, (self.width + 1) // 2
        found = raster(model, camera, blocked, FAR)
        self.albedo, self.ids, self.planes = found.albedo, found.ids, found.planes
        self.wet = max(light.wet, model.wet)
        self.axes = camera.axes

    def shade(self) -> Plate:
        """Light for every pixel."""
        picked = self.planes[self.ids]
        cx, cy = self.camera.centre
        xs = ((np.arange(self.w2, dtype=np.float32) * 2 + 1) - cx) / self.camera.focal
        ys = (cy - (np.arange(self.h2, dtype=np.float32) * 2 + 1)) / self.camera.focal
        rx, ry = np.meshgrid(xs, ys)
        along = picked[..., 0] * rx + picked[..., 1] * ry + picked[..., 2]
        sky = self.ids == 0
        along = np.where(np.abs(along) < 1e-4, -1e-4, along)
        depth = np.clip(picked[..., 3] / along, 0.05, FAR).astype(np.float32)
        depth[sky] = FAR
        axes = self.axes.astype(np.float32)
        wx = self.camera.x + depth * (rx * axes[0, 0] + ry * axes[1, 0] + axes[2, 0])
        wy = self.camera.y + depth * (rx * axes[0, 1] + ry * axes[1, 1] + axes[2, 1])
        wz = self.camera.z + depth * (rx * axes[0, 2] + ry * axes[1, 2] + axes[2, 2])
        normal = picked[..., :3] @ axes
        up = picked[..., 7]
        level = self._lighting(wx, wy, wz, normal)
        level *= self._grain(wx, wy, wz, up, picked[..., 6], depth)[..., None]
        level *= _creases(depth)[..., None]
        emit = picked[..., 4:5]
        level = np.where(emit > 0, emit, level)
        floor = (up > 0.85) & (wy < 0.08)
        if self.wet > 0 or self.model.water:
            level *= np.where(floor[..., None], np.float32(1 - 0.45 * self.wet), np.float32(1.0))
        full = cv2.resize(level, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        base = self.albedo.astype(np.float32)
        base *= 1 / 255
        base *= base
        base *= full
        extra = np.zeros((self.h2, self.w2, 3), np.float32)
        if self.wet > 0:
            extra += self._reflection(floor, wx, wz, ry)
        if self.model.water:
            extra += self._water(picked[..., 5], floor, rx, ry, wx, wz)
        keep, haze = self._haze(depth, wx, wy, wz)
        background = self._sky(rx, ry) if sky.any() else None
        if background is not None:
            keep = np.where(sky, np.float32(0), keep)
            haze = np.where(sky[..., None], background, haze)
            extra = np.where(sky[..., None], np.float32(0), extra)
        haze += extra * keep[..., None] + self._shafts()
        base *= cv2.resize(keep, (self.width, self.height))[..., None]
        base += cv2.resize(haze, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        return Plate(base, depth)

    def _lighting(self, wx: Array, wy: Array, wz: Array, normal: Array) -> Array:
        scheme, light = self.light.scheme, self.light
        hemi = 0.62 + 0.38 * normal[..., 1]
        level: Array = hemi[..., None] * (np.array(scheme.ambient, np.float32) * light.ambient)
        if light.key > 0:
            sun = sun_vector(light.sun).astype(np.float32)
            facing = np.clip(normal @ sun, 0, 1)
            if self.model.interior:
                facing = facing * 0.25 + 0.10
            else:
                facing = facing * 0.9 + 0.06
                shade = self._sun_shadow()
                if shade is not None:
                    facing *= 1 - 0.78 * shade * (normal[..., 1] > 0.8)
            level += facing[..., None] * (np.array(scheme.key, np.float32) * light.key)
        lamps = [(lamp, np.array(lamp.colour, np.float32)) for lamp in self.model.lamps]
        for tile in _tiles(self.h2, self.w2) if lamps else ():
            x, y, z, facets, lit = wx[tile], wy[tile], wz[tile], normal[tile], level[tile]
            near = [
                (lamp, colour)
                for (lamp, colour), reach in zip(lamps, self._reaches(x, y, z), strict=True)
                if reach > DIM
            ]
            if not near:
                continue
            nx, ny, nz = (np.ascontiguousarray(facets[..., k]) for k in range(3))
            sums = [np.zeros(x.shape, np.float32) for _ in range(3)]
            for lamp, colour in near:
                shine = self._lamp_light(lamp, x, y, z, (nx, ny, nz))
                for total, share in zip(sums, colour, strict=True):
                    total += shine * share
            lit += cv2.merge(sums)
        return level

    def _reaches(self, wx: Array, wy: Array, wz: Array) -> Points:
        """For each lamp the most it can give to any of these points."""
        low = np.array([wx.min(), wy.min(), wz.min()], float)
        high = np.array([wx.max(), wy.max(), wz.max()], float)
        at = np.array([(lamp.x, lamp.y, lamp.z) for lamp in self.model.lamps])
        gap = np.maximum(np.maximum(low - at, at - high), 0)
        most = np.array([lamp.power * self.light.lamps * max(lamp.colour) for lamp in self.model.lamps])
        reach = np.array([lamp.reach for lamp in self.model.lamps])
        level = most / (1 + (gap**2).sum(1) / reach**2)
        out: Points = level * level / (level + 0.08)
        return out

    def _lamp_light(self, lamp: Lamp, wx: Array, wy: Array, wz: Array, normal: tuple[Array, Array, Array]) -> Array:
        """A lamp's light on surfaces, without its colour."""
        dx, dy, dz = lamp.x - wx, lamp.y - wy, lamp.z - wz
        flat = dx * dx + dz * dz
        square = flat + dy * dy
        falloff = (lamp.power * self.light.lamps) / (1 + square * (1 / (lamp.reach * lamp.reach)))
        falloff *= falloff / (falloff + 0.08)
        nx, ny, nz = normal
        facing = (nx * dx + ny * dy + nz * dz) / np.sqrt(square + 0.05)
        shape: Array = 0.10 + 0.90 * np.clip(facing, 0, 1)
        if lamp.cone > 0:
            spread = np.sqrt(flat) / np.maximum(dy, 0.05)
            pool = 1 / (1 + np.exp(np.clip((spread - lamp.cone) * 7, -30, 30)))
            shape *= 0.10 + 0.90 * (pool * (dy > 0))
        shape *= falloff
        return shape

    def _sun_shadow(self) -> Array | None:
        azimuth, elevation = self.light.sun
        if elevation < 0.05:
            return None
        run = 1 / math.tan(max(elevation, 0.18))
        shade = np.zeros((self.h2, self.w2), np.uint8)
        for group in self.model.groups:
            if group.layer != OBJECT or not group.shadow or not group.faces:
                continue
            points = np.concatenate([f.points for f in group.faces])
            if float(points[:, 1].max()) < 0.15:
                continue
            cast = points.copy()
            cast[:, 0] -= points[:, 1] * run * math.sin(azimuth)
            cast[:, 2] -= points[:, 1] * run * math.cos(azimuth)
            cast[:, 1] = 0.0
            local = self.camera.local(cast)
            if (local[:, 2] < 0.3).any():
                continue
            hull = cv2.convexHull(np.clip(self.camera.screen(local) / 2, -9000, 9000).astype(np.float32))
            cv2.fillConvexPoly(shade, np.round(hull).astype(np.int32), (255,))
        return as_array(cv2.GaussianBlur(shade, (0, 0), max(1.0, self.w2 / 500)).astype(np.float32) / 255)

    def _grain(self, wx: Array, wy: Array, wz: Array, up: Array, strength: Array, depth: Array) -> Array:
        noise = texture.tile(11)
        level = np.abs(up) > 0.7
        u = np.where(level, wx, wx * 0.8 + wz * 0.8)
        v = np.where(level, wz, wy)
        broad = texture.sample(noise, u * 40, v * 40)
        fine = texture.sample(texture.tile(12, 16, 5, 0.7), u * 190, v * (190 if not self.model.water else 420))
        close = 1 / (1 + (depth / 9) ** 2)
        middle = 1 / (1 + (depth / 70) ** 2)
        far = texture.sample(noise, u * 2.2, v * 2.2)
        swing: Array = strength * (0.16 * broad * middle + 0.13 * fine * close + 0.14 * far)
        return np.clip(1 + swing, 0.35, 1.8)

    def _reflection(self, floor: Array, wx: Array, wz: Array, ry: Array) -> Array:
        mirror = reflected(
            self.model, self.camera, self.blocked, 0.10 + 0.35 * self.light.ambient, self.light.scheme.ambient
        )
        soft = cv2.GaussianBlur(mirror, (0, 0), sigmaX=max(0.8, self.width / 1400), sigmaY=max(1.5, self.height / 170))
        small = cv2.resize(soft, (self.w2, self.h2), interpolation=cv2.INTER_LINEAR)
        ripple = texture.sample(texture.tile(13), wx * 55, wz * 30)
        pools = texture.sample(texture.tile(14, 3, 4), wx * 34, wz * 34)
        shift = (ripple * 0.012 * self.h2).astype(np.float32)
        ys, xs = np.mgrid[0 : self.h2, 0 : self.w2].astype(np.float32)
        small = cv2.remap(small, xs + shift * 0.35, ys + shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        away = np.clip(1 - np.abs(self.axes[1, 1] * ry + self.axes[2, 1]), 0, 1).astype(np.float32)
        mask = floor * (0.30 + 0.70 * away**3) * np.clip(0.62 + 0.40 * pools, 0.12, 1.0) * self.wet
        out: Array = small * mask[..., None] * np.float32(1.15)
        return out

    def _water(self, gloss: Array, floor: Array, rx: Array, ry: Array, wx: Array, wz: Array) -> Array:
        """Sky and sun on open water: flatter rays see more of the sky, ripples break the sun's path."""
        scheme, light = self.light.scheme, self.light
        axes = self.axes.astype(np.float32)
        dx, dy, dz = (rx * axes[0, k] + ry * axes[1, k] + axes[2, k] for k in range(3))
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        flat = np.clip(1 + dy / length, 0, 1) ** 3
        ripple = (
            texture.sample(texture.tile(18, 8, 6, 0.7), wx * 26, wz * 60) * 0.7
            + texture.sample(texture.tile(18, 8, 6, 0.7), wx * 3.1, wz * 9) * 0.5
        )
        sun = sun_vector(light.sun).astype(np.float32)
        toward = np.clip(
            (dx * sun[0] + dz * sun[2])
            / np.maximum(np.sqrt(dx * dx + dz * dz), 1e-3)
            / max(0.1, float(np.hypot(sun[0], sun[2]))),
            0,
            1,
        )
        glitter = toward**24 * np.clip(ripple - 0.35, 0, 2) * light.key * 1.1
        sky = (np.array(scheme.sky_low, np.float32) * 0.6 + np.array(scheme.sky_top, np.float32) * 0.4) ** 2
        mask = floor * (gloss > 0.5)
        out = (flat * np.clip(0.62 + 0.20 * ripple, 0.1, 1.3))[..., None] * sky + glitter[..., None] * np.array(
            scheme.key, np.float32
        )
        return as_array(out * mask[..., None])

    def _haze(self, depth: Array, wx: Array, wy: Array, wz: Array) -> tuple[Array, Array]:
        scheme, light = self.light.scheme, self.light
        density = self.model.haze + light.haze
        keep = np.exp(-density * np.minimum(depth, 600)).astype(np.float32)
        lift = {"night": 0.30, "dusk": 0.75, "dawn": 0.75}.get(light.time, 0.95)
        colour = np.array(scheme.ambient, np.float32) * (light.ambient * 0.40) * lift
        if not self.model.interior:
            colour = np.array(scheme.sky_low, np.float32) ** 2 * (0.95 if light.time != "night" else 0.8)
        amount = 1 - keep
        haze = amount[..., None] * colour
        drift = texture.sample(texture.tile(15, 3, 5), wx * 22 + wz * 9, wy * 60)
        haze *= np.clip(1 + 0.22 * drift / (1 + (depth / 25) ** 2), 0.3, 1.8)[..., None]
        for lamp in self.model.lamps:
            spot = self.camera.local(np.array([[lamp.x, lamp.y, lamp.z]]))
            if spot[0, 2] < 0.4:
                continue
            px, py = self.camera.screen(spot)[0] / 2
            radius = max(4.0, self.camera.focal / 2 * 0.85 / float(spot[0, 2]))
            if not (-3 * radius < px < self.w2 + 3 * radius and -3 * radius < py < self.h2 + 3 * radius):
                continue
            power = lamp.power * light.lamps * (0.02 + 0.7 * min(density, 0.10))
            wide = radius * math.sqrt(max(0.0, (power * max(lamp.colour) / DIM) ** (1 / 1.6) - 1))
            x0, x1 = max(0, int(px - wide)), min(self.w2, int(px + wide) + 2)
            y0, y1 = max(0, int(py - wide)), min(self.h2, int(py + wide) + 2)
            if x1 <= x0 or y1 <= y0:
                continue
            gx = ((np.arange(x0, x1, dtype=np.float32) - px) / radius) ** 2
            gy = ((np.arange(y0, y1, dtype=np.float32) - py) / radius) ** 2
            glow = (1 + gx[None] + gy[:, None]).astype(np.float32)
            cv2.pow(glow, -1.6, dst=glow)
            glow *= (depth[y0:y1, x0:x1] > spot[0, 2] * 0.5) * np.float32(power)
            haze[y0:y1, x0:x1] += cv2.merge([glow * np.float32(c) for c in lamp.colour])
        return keep, haze

    def _shafts(self) -> Array:
        """Visible beams: from windows along the sun, and under lamps with a cone."""
        out = np.zeros(((self.h2 + 1) // 2, (self.w2 + 1) // 2, 3), np.float32)
        density = min(0.10, self.model.haze + self.light.haze)
        scheme = self.light.scheme
        strength = 0.10 + 3.2 * density
        for lamp in self.model.lamps:
            if lamp.cone <= 0:
                continue
            ring = [
                (lamp.x + lamp.y * lamp.cone * math.cos(a), 0.0, lamp.z + lamp.y * lamp.cone * math.sin(a))
                for a in np.linspace(0, 2 * math.pi, 12)
            ]
            points = np.array([(lamp.x, lamp.y, lamp.z), *ring])
            self._beam(out, points, np.array(lamp.colour) * lamp.power * self.light.lamps * strength * 0.35)
        sun = sun_vector(self.light.sun)
        for quad, power in self.model.shafts:
            drop = -sun * min(9.0, float(quad[:, 1].max()) / max(0.15, float(sun[1])))
            self._beam(
                out, np.concatenate([quad, quad + drop]), np.array(scheme.key) * self.light.key * power * strength
            )
        if not out.any():
            return np.zeros((self.h2, self.w2, 3), np.float32)
        out = cv2.GaussianBlur(out, (0, 0), max(1.5, self.w2 / 110))
        return as_array(cv2.resize(out, (self.w2, self.h2), interpolation=cv2.INTER_LINEAR))

    def _beam(self, out: Array, points: Points, colour: Points) -> None:
        local = self.camera.local(points)
        if (local[:, 2] < 0.25).any():
            return
        hull = cv2.convexHull(np.clip(self.camera.screen(local) / 4, -6000, 6000).astype(np.float32))
        layer = np.zeros(out.shape[:2], np.float32)
        cv2.fillConvexPoly(layer, np.round(hull).astype(np.int32), (1.0,))
        rows = np.linspace(1.0, 0.35, out.shape[0], dtype=np.float32)
        out += (layer * rows[:, None])[..., None] * colour.astype(np.float32)

    def _sky(self, rx: Array, ry: Array) -> Array:
        scheme, light = self.light.scheme, self.light
        axes = self.axes.astype(np.float32)
        dx = rx * axes[0, 0] + ry * axes[1, 0] + axes[2, 0]
        dy = rx * axes[0, 1] + ry * axes[1, 1] + axes[2, 1]
        dz = rx * axes[0, 2] + ry * axes[1, 2] + axes[2, 2]
        length = np.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx / length, dy / length, dz / length
        height = np.clip(dy, 0, 1)[..., None] ** 0.55
        top, low = np.array(scheme.sky_top, np.float32), np.array(scheme.sky_low, np.float32)
        sky: Array = (low * (1 - height) + top * height) ** 2.3
        sun = sun_vector(light.sun)
        near = np.clip(dx * sun[0] + dy * sun[1] + dz * sun[2], 0, 1).astype(np.float32)
        key = np.array(scheme.key, np.float32)
        if self.model.clouds > 0:
            rise = np.maximum(dy, 0.02) + 0.06
            bank = texture.sample(texture.tile(16, 3, 6), dx / rise * 60 + 90, dz / rise * 60)
            cover = np.clip((bank - 0.9 + 1.3 * self.model.clouds) * 0.55, 0, 1) * np.clip(dy * 7 + 0.15, 0, 1)
            lit = {"night": 0.05, "dusk": 0.85, "dawn": 0.85}.get(light.time, 1.0)
            shade = np.clip(0.55 + 0.25 * bank + 0.5 * near**3, 0.2, 1.4)
            cloud = shade[..., None] * (key * 0.75 + low * 0.25) ** 2 * lit
            sky += (cloud - sky) * (cover * 0.75)[..., None]
        glow = {"night": 0.10, "day": 0.25}.get(light.time, 0.7)
        disc = 0.99993 if light.time == "night" else 0.9998
        sky += (glow * near**6 * 0.35 + glow * near**60 + 2.2 * light.key * (near > disc))[..., None] * key
        if light.time == "night":
            stars = texture.sample(texture.tile(17, 256, 2), dx / (dy + 0.4) * 500, dz / (dy + 0.4) * 500)
            sky += (np.clip(stars - 2.6, 0, 1) * np.clip(dy * 3, 0, 1) * (1 - self.model.clouds * 0.7))[..., None]
        return sky


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Pieces of a picture that fit a cache, and that few lamps reach."""
    for top in range(0, height, 48):
        for left in range(0, width, 80):
            yield slice(top, top + 48), slice(left, left + 80)


def _creases(depth: Array) -> Array:
    """Darkening where something stands close behind something else: contact shadow and readable outlines."""
    log = np.log(depth)
    small = cv2.resize(log, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), max(2.0, depth.shape[1] / 160)), (depth.shape[1], depth.shape[0]))
    behind = np.clip((log - soft) * 2.2, 0, 0.55)
    out: Array = (1 - behind).astype(np.float32)
    return out


__all__ = ["GROUND", "WALL", "Light", "Plate", "render", "sun_vector"]
