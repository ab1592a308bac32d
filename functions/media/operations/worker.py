"""What our GPU worker made, taken in: every file is compared with the hash it came with and judged by its content."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from media.operations.assets import kept, parent, recorded
from media.work import Work
from vibeboard.domain.errors import ProviderFailed
from vibeboard.media import glb
from vibeboard.media.probe import probe
from vibeboard.providers import ssrf
from vibeboard.providers.ssrf import MEGABYTE
from vibeboard.providers.worker_ops import OPERATIONS
from vibeboard.store import objects

MOST_BYTES = {".glb": 512 * MEGABYTE, ".ply": 512 * MEGABYTE, ".png": 80 * MEGABYTE, ".json": 8 * MEGABYTE,
              ".mp4": 512 * MEGABYTE}  # fmt: skip
IMAGE_PIXELS = 80_000_000
AGAIN = "Order it again."


def run(work: Work) -> dict[str, Any]:
    """The result of one of the worker's operations. Raises ProviderFailed for a file that is not what it must be."""
    answer, operation = work.job["answer"], OPERATIONS[work.job["operation"]]
    found = {label: _bring(work, row, operation.outputs[label]) for label, row in answer["files"].items()}
    return TAKEN[work.job["operation"]](work, found, answer)


def _bring(work: Work, row: dict[str, Any], name: str) -> Path:
    path, suffix = work.out(name), Path(name).suffix
    most = MOST_BYTES[suffix]
    if "key" in row:
        if objects.size(row["key"]) > most:
            raise ProviderFailed(f"{name} is larger than {most // MEGABYTE} MB", fix=AGAIN)
        objects.download(row["key"], path)
    else:
        ssrf.fetch(row["url"], path, max_bytes=most, types=("", "application/octet-stream"))
    body = path.read_bytes()
    if len(body) != row["bytes"] or hashlib.sha256(body).hexdigest() != row["sha256"]:
        raise ProviderFailed(f"{name} is not the file the worker reported", fix=AGAIN)
    try:
        _JUDGE[suffix](path)
    except ValueError as fault:
        raise ProviderFailed(f"{name} cannot be used: {fault}", fix=AGAIN) from fault
    return path


def _picture(path: Path) -> None:
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as opened:
            if opened.width * opened.height > IMAGE_PIXELS:
                raise ValueError(f"{opened.width} x {opened.height} pixels")
            opened.load()
    except (OSError, SyntaxError, Image.DecompressionBombError) as fault:
        raise ValueError("it is no PNG that can be read") from fault


def _cloud(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.startswith(b"ply") or b"end_header" not in head or b"element vertex" not in head:
        raise ValueError("it is no PLY")


def _json(path: Path) -> None:
    try:
        json.loads(path.read_bytes())
    except RecursionError as fault:
        raise ValueError("it is nested too deep") from fault


_JUDGE: dict[str, Callable[[Path], Any]] = {
    ".glb": glb.describe,
    ".ply": _cloud,
    ".png": _picture,
    ".json": _json,
    ".mp4": probe,
}


def _asset(work: Work, found: dict[str, Path], answer: dict[str, Any]) -> dict[str, Any]:
    """Files of a set, named after the asset."""
    name = work.input["params"]["name"]
    files = []
    for label, path in found.items():
        whole = {"scene": f"{name}.glb", "points": f"{name}.ply"}.get(label, f"{name}_{path.name}")
        kind = {"scene": "geometry", "points": "pointcloud", "cameras": "cameras"}.get(label, "texture")
        files.append(kept(work, path.rename(path.with_name(whole)), kind))
    if work.job["operation"] == "asset.materials":
        files.append(kept(work, _sheet(work, files, answer), "pbr"))
    return {"files": files, "provenance": _record(work, files, answer)}


def _record(work: Work, files: list[dict[str, Any]], answer: dict[str, Any]) -> dict[str, Any]:
    licence = answer["worker"].get("licence") or OPERATIONS[work.job["operation"]].licence
    parents = [parent(work, name) for name in work.input["assets"]]
    return recorded(work, files, model=answer["model"], licence=licence, parents=parents, worker=answer["worker"])


def _sheet(work: Work, files: list[dict[str, Any]], answer: dict[str, Any]) -> Path:
    """materials.json: which map is which, and who made them."""
    labels, name = OPERATIONS["asset.materials"].outputs, work.input["params"]["name"]
    maps = {
        label: {"file": f"{name}_{file}", "colourSpace": "sRGB" if label == "albedo" else "linear"}
        for label, file in labels.items()
    }
    sheet = {"name": name, "engine": answer["model"], "maps": maps, "files": {r["name"]: r["sha256"] for r in files}}
    path = work.out("materials.json")
    path.write_text(json.dumps(sheet, indent=2), "utf-8")
    return path


def _acting(work: Work, found: dict[str, Path], answer: dict[str, Any]) -> dict[str, Any]:
    ((name, path),) = found.items()
    file = kept(work, path, "video" if name == "picture" else name)
    facts = {"model": answer["model"], "metrics": answer["worker"]["metrics"]}
    return {name: file["key"], "provenance": _record(work, [file], answer), **facts}


def _frame(work: Work, found: dict[str, Path], answer: dict[str, Any]) -> dict[str, Any]:
    file = kept(work, found["picture"], "image")
    facts = {"model": answer["model"], "metrics": answer["worker"]["metrics"]}
    return {"frame": file["key"], "provenance": _record(work, [file], answer), **facts}


# Those whose answers are files as they stand; footage is taken in as clips are.
TAKEN: dict[str, Callable[[Work, dict[str, Path], dict[str, Any]], dict[str, Any]]] = {
    "asset.deconstruct": _asset,
    "asset.materials": _asset,
    "character.perform": _acting,
    "character.contacts": _acting,
    "optics.refocus": _frame,
}
