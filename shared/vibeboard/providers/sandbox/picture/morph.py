"""From one picture to another along their optical flow, under a slow camera move: for frames without a scene."""

from typing import Any

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture.colour import Array, Bytes, as_bytes
from vibeboard.providers.sandbox.picture.motion import ease, move_of, swell


class Morph:
    """Two pictures and the dense flow (DIS, both ways) between them."""

    def __init__(self, first: Bytes, last: Bytes, prompt: str, seed: int) -> None:
        self.first, self.last = first, last
        self.height, self.width = first.shape[:2]
        self.move = move_of(prompt)
        self.seed = seed
        scale = min(1.0, 480 / self.width)
        size = (max(16, round(self.width * scale)), max(16, round(self.height * scale)))
        grey = [
            cv2.cvtColor(cv2.resize(p, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY) for p in (first, last)
        ]
        finder: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        sigma = size[0] / 60
        self.there = self._calm(finder.calc(grey[0], grey[1], None), sigma)
        self.back = self._calm(finder.calc(grey[1], grey[0], None), sigma)
        self.unit = self.width / size[0]
        x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
        self.x, self.y = x, y

    @staticmethod
    def _calm(flow: Array, sigma: float) -> Array:
        """Flow without tears: smoothed, and no longer than an eighth of the picture."""
        soft = cv2.GaussianBlur(flow, (0, 0), sigma)
        limit = soft.shape[1] / 8
        length = np.sqrt((soft**2).sum(2, keepdims=True))
        out: Array = (soft * np.minimum(1, limit / np.maximum(length, 1e-3))).astype(np.float32)
        return out

    def _warped(self, picture: Bytes, flow: Array, amount: float, move: Array) -> Bytes:
        x = self.x - flow[..., 0] * amount
        y = self.y - flow[..., 1] * amount
        x, y = move[0, 0] * x + move[0, 1] * y + move[0, 2], move[1, 0] * x + move[1, 1] * y + move[1, 2]
        size = (self.width, self.height)
        mx = cv2.resize(((x + 0.5) * self.unit - 0.5).astype(np.float32), size)
        my = cv2.resize(((y + 0.5) * self.unit - 0.5).astype(np.float32), size)
        return as_bytes(cv2.remap(picture, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))

    def _camera(self, t: float) -> Array:
        """Grid coordinates of the moved view: a bump that is nothing at both ends."""
        e = swell(t)
        zoom = 1 - {"pull": -0.0, "static": 0.012, "drift": 0.03}.get(self.move, 0.06) * e
        dx = {"pan": 0.035, "track": 0.03}.get(self.move, 0.006) * e * self.x.shape[1] * (1 if self.seed % 2 else -1)
        dy = {"tilt": 0.03, "crane": 0.035}.get(self.move, 0.003) * e * self.x.shape[0]
        if self.move == "handheld":
            dx += 0.006 * self.x.shape[1] * e * np.sin(t * 11)
            dy += 0.006 * self.x.shape[0] * e * np.cos(t * 9)
        cx, cy = self.x.shape[1] / 2, self.x.shape[0] / 2
        return np.array([[zoom, 0, cx * (1 - zoom) + dx], [0, zoom, cy * (1 - zoom) + dy]], np.float32)

    def frame(self, t: float, _seconds: float, _length: float) -> Bytes:
        """The picture at t (0..1)."""
        share = ease(t)
        move = self._camera(t)
        if share <= 0 or share >= 1:
            return (self.first if share <= 0 else self.last).copy()
        # The middle changes faster than the ends, so that both pictures are seen pure for most of the way.
        weight = share * share * share * (share * (share * 6 - 15) + 10)
        a = self._warped(self.first, self.there, share, move)
        b = self._warped(self.last, self.back, 1 - share, move)
        return as_bytes(cv2.addWeighted(a, 1 - weight, b, weight, 0))
