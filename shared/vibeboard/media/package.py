"""The release package (SOP step 12): its sidecar, and a manifest that pins every byte of every file in it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

MASTER, EDL, SIDECAR, EPK, MANIFEST = "Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json"


def sidecar(
    *,
    project_id: str,
    export_id: str,
    ownership: Mapping[str, Any],
    attribution: Mapping[str, Any],
    clips: Sequence[Mapping[str, Any]],
    master: Mapping[str, Any],
    **further: Any,
) -> dict[str, Any]:
    """`Master.json` in the SOP's shape.

    `ownership` holds creator, organization, rights; `attribution` version, generatedAt, modelsUsed, totalCost; each
    clip at least id and `frames` (its record duration); `master` frames, samples, rate ("24000/1001"), startTimecode.
    `further` members are added as they are.
    """
    return {
        "projectId": project_id,
        "exportId": export_id,
        "ownership": dict(ownership),
        "vibeboardAttribution": dict(attribution),
        "master": dict(master),
        **further,
        "clips": [dict(clip) for clip in clips],
    }


def write_manifest(
    folder: Path, *, frames: int, samples: int, rate: Fraction, start_timecode: str, **further: Any
) -> dict[str, Any]:
    """Hashes every file in the package and writes `manifest.json`; returns it. Call it last.

    `digest` covers the manifest's own content; the file is written in one canonical form, so no byte of it is free.
    """
    names = sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())
    body: dict[str, Any] = {
        "format": "vibeboard-package/1",
        "frames": frames,
        "samples": samples,
        "rate": str(rate),
        "startTimecode": start_timecode,
        **further,
        "files": [_file_entry(folder, name) for name in names if name != MANIFEST],
    }
    body["digest"] = manifest_digest(body)
    staged = folder / f".{MANIFEST}.part"
    staged.write_bytes(manifest_bytes(body))
    staged.replace(folder / MANIFEST)
    return body


def manifest_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest without its digest, keys sorted, no spaces."""
    bare = {key: value for key, value in body.items() if key != "digest"}
    return _sha(json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def manifest_bytes(body: Mapping[str, Any]) -> bytes:
    """The one way a manifest is written."""
    return _json(body)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_entry(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return {"name": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _json(body: Any) -> bytes:
    return (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
