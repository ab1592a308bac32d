"""Cels: drawings of a figure, laid over the set where it stands; between two drawings the in-between is made."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture import draw, finish
from vibeboard.providers.sandbox.picture.colour import Array, Bytes, as_array, as_bytes, bands
from vibeboard.providers.sandbox.picture.sheet import Sprite
from vibeboard.providers.sandbox.picture.staging import Staging

_FLOW_STEP = 3  # pixels of the drawing to one of the flow's

Spot = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Cel:
    """A graded cut-out, 8 bit BGRA premultiplied by its coverage, and its place in the frame it was drawn for."""

    picture: Bytes
    left: int
    top: int
    detail: float


def printed(sprite: Sprite, staging: Staging) -> Cel:
    """A cut-out's light as graded colour, with its coverage."""
    picture = np.empty((*sprite.alpha.shape, 4), np.uint8)
    for rows in bands(*sprite.alpha.shape):
        whole = cv2.merge([np.maximum(sprite.alpha[rows], 0.004)] * 3)
        light = as_array(cv2.divide(sprite.light[rows], whole))
        colour = finish.develop(light, staging.light.scheme, draw.exposure(staging))
        alpha = cv2.convertScaleAbs(sprite.alpha[rows], alpha=255)
        cv2.multiply(colour, cv2.merge([alpha] * 3), dst=colour, scale=1 / 255)
        cv2.merge([*cv2.split(colour), alpha], dst=picture[rows])
    return Cel(picture, sprite.left, sprite.top, finish.detail(picture))


def fixed(x: Array, y: Array) -> tuple[Array, Array]:
    """Where to look (float32), in the fixed-point form that OpenCV reads twice as fast."""
    one, two = cv2.convertMaps(x, y, cv2.CV_16SC2)
    return np.asarray(one), np.asarray(two)


def mixed(values: list[float], share: float) -> float:
    return values[0] * (1 - share) + values[-1] * share


def inbetween(before: Bytes, after: Bytes, share: float) -> Bytes:
    """The drawing between two (h, w, 4): each is carried along the flow to the other, so that lines do not double."""
    height, width = before.shape[:2]
    size = max(16, width // _FLOW_STEP), max(16, height // _FLOW_STEP)
    one, two = (cv2.resize(cv2.extractChannel(s, 1), size, interpolation=cv2.INTER_AREA) for s in (before, after))
    finder: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = cv2.GaussianBlur(finder.calc(one, two, None), (0, 0), 2.0)
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    unit_x, unit_y = width / size[0], height / size[1]

    def carried(sheet: Bytes, amount: float) -> Bytes:
        mx = cv2.resize((x + flow[..., 0] * amount + 0.5) * np.float32(unit_x) - 0.5, (width, height))
        my = cv2.resize((y + flow[..., 1] * amount + 0.5) * np.float32(unit_y) - 0.5, (width, height))
        return as_bytes(cv2.remap(sheet, *fixed(mx, my), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    return as_bytes(cv2.addWeighted(carried(before, -share), 1 - share, carried(after, 1 - share), share, 0))


def lay_between(out: Bytes, cels: list[tuple[Cel, Spot]], spot: Spot, share: float, opacity: float) -> None:
    """Lays one drawing, or the blend of two, over the picture where the figure stands now."""
    if not cels:
        return
    x, y, scale = spot
    moves = []
    corners = []
    for cel, (key_x, key_y, key_scale) in cels:
        k = scale / key_scale
        move = np.array([[k, 0, x - k * (key_x - cel.left)], [0, k, y - k * (key_y - cel.top)]])
        h, w = cel.picture.shape[:2]
        moves.append(move)
        corners += [move @ (0, 0, 1), move @ (w, h, 1)]
    box = np.array(corners)
    left, top = max(0, int(box[:, 0].min())), max(0, int(box[:, 1].min()))
    right, bottom = min(out.shape[1], int(box[:, 0].max()) + 1), min(out.shape[0], int(box[:, 1].max()) + 1)
    if right - left < 2 or bottom - top < 2:
        return
    size = (right - left, bottom - top)
    sheets = []
    for (cel, _), move in zip(cels, moves, strict=True):
        move[:, 2] -= (left, top)
        still = np.abs(move - np.eye(2, 3)).max() < 1e-6 and cel.picture.shape[:2] == size[::-1]
        sheets.append(
            cel.picture
            if still
            else cv2.warpAffine(cel.picture, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
    sheet = inbetween(sheets[0], sheets[1], share) if len(sheets) == 2 else sheets[0]
    sheet = finish.crisp(sheet, mixed([cel.detail for cel, _ in cels], share))
    if opacity < 1:
        sheet = cv2.convertScaleAbs(sheet, alpha=opacity)
    region = out[top:bottom, left:right]
    rest = cv2.bitwise_not(cv2.extractChannel(sheet, 3))
    cv2.multiply(region, cv2.merge([rest] * 3), dst=region, scale=1 / 255)
    cv2.add(region, cv2.cvtColor(sheet, cv2.COLOR_BGRA2BGR), dst=region)
