"""Sandbox stand-in for CARI4D (SOP step 4, grip logic): when somebody holds an object, from motion in the picture.

The object's box is followed by the picture's own flow; it is held where it moves together with what is around it and
apart from the background. Says nothing of depth or of which finger.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vibeboard.media.frames import bgr_frames
from vibeboard.media.probe import probe

MODEL = "sandbox/contacts"
HEIGHT = 360  # pixels at which motion is measured
MOVES = 0.35  # pixels a frame below which nothing is said to move
TOGETHER = 0.6  # share of its own motion by which the surroundings may differ

Box = tuple[float, float, float, float]  # x, y, width, height in shares of the picture


def contacts(
    video: Path, out: Path, *, object_name: str, box: Box, progress: Callable[[float], None]
) -> dict[str, float | int | str | bool | None]:
    """Write {object, frames, contacts, boxes, engine, note} as JSON; answers {frames, contactFrames}."""
    info = probe(video)
    scale = HEIGHT / max(HEIGHT, info.height)
    left, top, across, down = box
    start = np.array([left * info.width, top * info.height, across * info.width, down * info.height]) * scale
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    boxes, moves = [start.copy()], []
    greys = (
        cv2.cvtColor(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        for frame in bgr_frames(info)
    )
    for number, (one, two) in enumerate(pairwise(greys)):
        progress(0.05 + 0.9 * number / info.frames)
        field = flow.calc(one, two, np.zeros((*one.shape, 2), np.float32))
        x, y, w, h = (round(value) for value in boxes[-1])
        inside = _part(field, x, y, w, h)
        ring = _ring(field, x, y, w, h)
        rest = np.median(field.reshape(-1, 2), axis=0)
        moved = np.median(inside.reshape(-1, 2), axis=0) if inside.size else rest
        beside = np.median(ring, axis=0) if ring.size else rest
        moves.append((moved - rest, beside - rest))
        boxes.append(np.array([*(boxes[-1][:2] + moved), *boxes[-1][2:]]))
    together = [
        bool(np.hypot(*own) > MOVES and np.hypot(*(own - near)) < TOGETHER * np.hypot(*own)) for own, near in moves
    ]
    touching = _steady([*together[:1], *together])
    whole = np.array([info.width, info.height, info.width, info.height]) * scale
    facts = {
        "engine": MODEL,
        "note": "From motion in the picture; no depth, no fingers.",
        "boxes": [[round(float(value), 4) for value in place / whole] for place in boxes],
    }
    out.write_text(json.dumps(report(object_name, touching, facts), indent=2), "utf-8")
    return {"frames": len(touching), "contactFrames": sum(touching)}


def report(object_name: str, touching: list[bool], facts: dict[str, Any]) -> dict[str, Any]:
    """{object, frames, contacts: [{first, last}], …}: frames from 0, last included."""
    spans: list[dict[str, int]] = []
    for index, held in enumerate(touching):
        if held and spans and spans[-1]["last"] == index - 1:
            spans[-1]["last"] = index
        elif held:
            spans.append({"first": index, "last": index})
    return {"object": object_name, "frames": len(touching), "contacts": spans, **facts}


def _part(field: Any, x: int, y: int, w: int, h: int) -> Any:
    return field[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)]


def _ring(field: Any, x: int, y: int, w: int, h: int) -> Any:
    """Motion just outside the box, a quarter of its size wide."""
    wide, high = max(2, w // 4), max(2, h // 4)
    around = np.zeros(field.shape[:2], bool)
    around[max(0, y - high) : max(0, y + h + high), max(0, x - wide) : max(0, x + w + wide)] = True
    around[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = False
    return field[around]


def _steady(flags: list[bool], reach: int = 2) -> list[bool]:
    """By majority over a few frames: a hand does not let go for one frame."""
    return [
        2 * sum(part) > len(part)
        for index in range(len(flags))
        if (part := flags[max(0, index - reach) : index + reach + 1])
    ]
