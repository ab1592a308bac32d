"""Sandbox stand-in for LoRA training (SOP step 4): no weights, a measured profile of how a character looks.

The profile holds colour and form statistics of the reference pictures. It tells how like the references another
picture is; it does not teach a model to draw the character, and profile.json says so.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox import pictures
from vibeboard.providers.sandbox.pictures import Picture

MODEL = "sandbox/feature-profile"
SAMPLE_SIDE = 512  # pixels, longer side of the samples
MEASURE_SIDE = 128  # pixels, the square that is measured
GRID = 6  # cells across and down in which gradient directions are counted
COLOURS = 5
COLOUR_WEIGHT = 0.6  # wardrobe and hair tell people apart sooner than their outline does

VIEWS = (
    "close-up portrait, facing the camera",
    "medium close-up, 3/4 view",
    "medium shot, profile",
    "full body wide shot",
)

Features = NDArray[np.float64]  # unit length, no negative entries


def train(look: CharacterLook, references: Sequence[Path], out: Path, *, seed: int) -> dict[str, Any]:
    """Measure the character and write `profile.json` and `sample_<n>.png` (the pictures measured) into `out`.

    Without references the sandbox draws four views of the character from its attributes and wardrobe and measures
    those. Returns {"loraId", "triggerWord", "model", "files": [{"name", "path": Path}], "profile": {references,
    drawn, palette, consistency}}; the same look, pictures and seed give the same `loraId` and bytes. Raises Invalid
    PICTURE_UNREADABLE for a reference that is no picture.
    """
    drawn = not references
    taught = [pictures.read(path, SAMPLE_SIDE) for path in references] if references else _draw(look, seed)
    features = [measure(picture) for picture in taught]
    identity = _identity(look, taught, seed)
    trigger = look.trigger_word or _trigger(look.name, identity)
    summary = {
        "references": len(taught),
        "drawn": drawn,
        "palette": _palette(taught, seed),
        "consistency": _consistency(features),
    }

    out.mkdir(parents=True, exist_ok=True)
    sheet = out / "profile.json"
    files = [{"name": sheet.name, "path": sheet}]
    for number, picture in enumerate(taught, 1):
        path = out / f"sample_{number}.png"
        cv2.imwrite(str(path), picture)
        files.append({"name": path.name, "path": path})
    profile = {
        "loraId": f"lora_{identity}",
        "triggerWord": trigger,
        "character": look.name,
        "model": MODEL,
        "seed": seed,
        "note": "Statistics of the reference pictures, not trained weights: it recognises a look, it cannot draw one.",
        **summary,
        "features": [round(float(value), 6) for value in _mean(features)],
    }
    sheet.write_text(json.dumps(profile, indent=2) + "\n", "utf-8")
    return {
        "loraId": profile["loraId"],
        "triggerWord": trigger,
        "model": MODEL,
        "files": files,
        "profile": summary,
    }


def resemblance(profile: dict[str, Any], picture: Picture) -> float:
    """How like the profile's references a BGR picture is: 0 nothing in common, 1 the same statistics."""
    return float(np.dot(_unit(np.asarray(profile["features"], np.float64)), measure(picture)))


def measure(picture: Picture) -> Features:
    """Colour (Lab histograms) and form (gradient directions on a coarse grid) of a BGR picture, as one unit vector."""
    square = cv2.resize(picture, (MEASURE_SIDE, MEASURE_SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(square, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float64)
    lightness, _ = np.histogram(lab[:, 0], 12, (0, 256))
    # Lab a and b lie within a third of their range in most pictures: fine bins in the middle, the rest at the rim.
    chroma, _ = np.histogramdd(np.clip(lab[:, 1:], 72, 183), bins=12, range=[(72, 184), (72, 184)])
    colour = _unit(np.concatenate([_root(lightness), _root(chroma.ravel())]))
    return np.concatenate([np.sqrt(COLOUR_WEIGHT) * colour, np.sqrt(1 - COLOUR_WEIGHT) * _form(square)])


def _form(square: Picture) -> Features:
    grey = cv2.cvtColor(square, cv2.COLOR_BGR2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_64F, dx, dy, ksize=3) for dx, dy in ((1, 0), (0, 1)))
    strength = np.hypot(across, down)
    direction = np.floor(np.mod(np.arctan2(down, across), np.pi) / np.pi * 8).astype(int) % 8
    # Blurred before they are read on the grid, so that a step to the side moves little from cell to cell.
    layers = [cv2.GaussianBlur(strength * (direction == k), (0, 0), MEASURE_SIDE / GRID / 2) for k in range(8)]
    cells = np.stack([cv2.resize(layer, (GRID, GRID), interpolation=cv2.INTER_AREA) for layer in layers])
    return _unit(_root(cells.ravel() + 0.01))  # a picture without any edge still has a form: none


def _root(counts: NDArray[Any]) -> Features:
    """Square roots of shares: their dot product is the Bhattacharyya coefficient."""
    return np.asarray(np.sqrt(counts / counts.sum()), np.float64)


def _unit(vector: NDArray[np.float64]) -> Features:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


def _mean(features: Sequence[Features]) -> Features:
    return _unit(np.mean(features, axis=0))


def _consistency(features: Sequence[Features]) -> dict[str, float] | None:
    """How well the references agree: each against the mean of the others. None for a single one."""
    if len(features) < 2:
        return None
    agreement = [
        float(np.dot(own, _mean([other for j, other in enumerate(features) if j != i])))
        for i, own in enumerate(features)
    ]
    return {"mean": round(float(np.mean(agreement)), 4), "lowest": round(min(agreement), 4)}


def _draw(look: CharacterLook, seed: int) -> list[Picture]:
    # Imported here: the picture engine is large, and a profile of uploaded references does not need it.
    from vibeboard.providers.sandbox.picture import draw_frame

    drawn = []
    for number, view in enumerate(VIEWS):
        # Not by name: a character called Rose is no flower. Who it is stands in `cast`.
        body = draw_frame(FrameRequest(f"{view} of a person", SAMPLE_SIDE, SAMPLE_SIDE, seed + number, cast=(look,)))
        drawn.append(np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR), np.uint8))
    return drawn


def _identity(look: CharacterLook, taught: Sequence[Picture], seed: int) -> str:
    digest = hashlib.sha256(f"{look.name}\0{look.trigger_word}\0{seed}".encode())
    for picture in taught:
        digest.update(repr(picture.shape).encode() + picture.tobytes())
    return digest.hexdigest()[:12]


def _trigger(name: str, identity: str) -> str:
    """A word no model knows: the name without its vowels, and two characters of the profile's own id."""
    letters = "".join(c for c in name.lower() if c.isalnum() and c not in "aeiou")
    return (letters[:4] or "c") + identity[:2]


def _palette(taught: Sequence[Picture], seed: int) -> list[str]:
    """The references' leading colours as #rrggbb, most of the picture first (k-means in Lab)."""
    small = [cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA) for picture in taught]
    points = cv2.cvtColor(np.vstack(small), cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.float64)
    distinct = np.unique(points, axis=0)
    rng = np.random.default_rng(seed)
    centres = distinct[rng.choice(len(distinct), min(COLOURS, len(distinct)), replace=False)]
    for _ in range(20):
        nearest = np.argmin(((points[:, None] - centres[None]) ** 2).sum(axis=2), axis=1)
        moved = [points[nearest == i].mean(axis=0) if (nearest == i).any() else c for i, c in enumerate(centres)]
        centres = np.asarray(moved)
    order = np.argsort(-np.bincount(nearest, minlength=len(centres)), kind="stable")
    lab = np.rint(centres[order]).astype(np.uint8)[None]
    return [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)[0]]
