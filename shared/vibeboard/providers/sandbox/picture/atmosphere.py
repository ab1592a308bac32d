"""Air: rain, snow, steam, smoke and drifting haze over a frame, moving with time."""

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture import texture
from vibeboard.providers.sandbox.picture.colour import Array, as_array
from vibeboard.providers.sandbox.picture.staging import Staging


def overlay(light: Array, staging: Staging, seconds: float) -> None:
    """Adds the shot's weather to light, in place."""
    shot, scheme = staging.shot, staging.light.scheme
    h, w = light.shape[:2]
    level = {"night": 0.30, "dusk": 0.55, "dawn": 0.55}.get(shot.time, 0.8)
    tint = np.array(scheme.ambient, np.float32) * 0.7 + np.array(scheme.key, np.float32) * 0.3
    if shot.fog > 0 or shot.steam:
        veil = wisps(w, h, seconds, staging.seed)
        rise = np.linspace(0.25, 1.0, h, dtype=np.float32)[:, None]
        amount = veil * rise * (0.10 * max(shot.fog, 0.4) + (0.30 if shot.steam else 0.0)) * level
        light += amount[..., None] * tint
    if shot.rain and not staging.model.interior:
        light += (rain(w, h, seconds, staging.seed) * 0.30 * level)[..., None] * tint
    if shot.snow and not staging.model.interior:
        flakes = snow(w, h, seconds, staging.seed)[..., None]
        light += (np.float32(0.9 * level + 0.2) - light) * flakes * 0.85


def wisps(width: int, height: int, seconds: float, seed: int) -> Array:
    """Soft drifting cloud (H, W), 0..1, rising slowly."""
    small_w, small_h = max(2, width // 8), max(2, height // 8)
    noise = texture.tile(31, 3, 5)
    x = np.arange(small_w, dtype=np.float32)[None] * (300 / small_w) + seed % 300
    y = np.arange(small_h, dtype=np.float32)[:, None] * (220 / small_w)
    u = np.broadcast_to(x + seconds * 6, (small_h, small_w))
    v = np.broadcast_to(y + seconds * 14, (small_h, small_w))
    first = texture.sample(noise, u, v)
    second = texture.sample(noise, u * 1.7 - seconds * 9, v * 1.4 + seconds * 8 + 90)
    cloud = np.clip(0.30 + 0.32 * first + 0.26 * second, 0, 1)
    out: Array = cv2.resize(cloud.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return out


def rain(width: int, height: int, seconds: float, seed: int) -> Array:
    """Streaks (H, W) 0..1 at two distances, falling."""
    rng = np.random.default_rng(seed + 5)
    out = np.zeros((height, width), np.uint8)
    for count, length, speed, tone in ((260, 0.05, 1.9, 110), (90, 0.11, 2.9, 190)):
        xs, ys = rng.random(count), rng.random(count)
        fall = (ys + seconds * speed * (0.9 + 0.2 * xs)) % 1.2 - 0.1
        slant = 0.05
        for x, y in zip(xs, fall, strict=True):
            a = (int((x + slant * (1 - y)) * width * 16), int(y * height * 16))
            b = (int((x + slant * (1 - y) - slant * length) * width * 16), int((y + length) * height * 16))
            cv2.line(out, a, b, (tone,), max(1, width // 1400), cv2.LINE_AA, 4)
    return as_array(out / np.float32(255))


def snow(width: int, height: int, seconds: float, seed: int) -> Array:
    """Flakes (H, W) 0..1 drifting down."""
    rng = np.random.default_rng(seed + 9)
    out = np.zeros((height, width), np.uint8)
    unit = max(width, height) / 1000
    for count, radius, speed, tone in ((240, 1.1, 0.07, 150), (90, 2.2, 0.12, 200), (26, 4.5, 0.2, 140)):
        xs, ys, ph = rng.random(count), rng.random(count), rng.random(count) * 6.28
        y = (ys + seconds * speed) % 1.1 - 0.05
        x = (xs + 0.015 * np.sin(seconds * 0.8 + ph) + seconds * 0.012) % 1.05
        for a, b in zip(x, y, strict=True):
            cv2.circle(
                out, (int(a * width * 16), int(b * height * 16)), int(radius * unit * 16), (tone,), -1, cv2.LINE_AA, 4
            )
    return as_array(cv2.GaussianBlur(out, (0, 0), 0.8 * unit) / np.float32(255))
