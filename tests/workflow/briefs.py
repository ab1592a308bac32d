"""Very small films: two shots of a second, upright at 404x720, from a brief written for the test."""

import json
from pathlib import Path
from typing import Any

from PIL import Image


def write_brief(folder: Path, *, references: int = 3, **changes: Any) -> Path:
    """A brief and its reference images in `folder`. `changes` replace members of the brief or of its contract."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for index in range(references):
        path = folder / f"ref{index + 1}.jpg"
        Image.linear_gradient("L").rotate(90 * index).convert("RGB").resize((320, 180)).save(path)
        names.append(path.name)
    contract: dict[str, Any] = {
        "targetFormat": "teaser",
        "targetRuntime": 2,
        "aspectRatio": "9:16",
        "frameRate": 24,
        "referencePack": names,
        "budgetCap": 5.0,
        "styleNotes": "Quiet, warm light",
    }
    contract |= {name: changes.pop(name) for name in list(changes) if name in contract}
    brief = {
        "title": "The Baker's Key",
        "creativeContract": contract,
        "concept": {"concept": "A baker finds a key in the dough", "genre": "comedy", "tone": "warm"},
        "shots": 2,
        "seed": 5,
        "quality": "draft",
    } | changes
    path = folder / "brief.json"
    path.write_text(json.dumps(brief), encoding="utf-8")
    return path
