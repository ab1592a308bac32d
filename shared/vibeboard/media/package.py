"""The release package (SOP step 12): sidecar, press kit, and a manifest that pins every byte of them."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

MASTER, EDL, SIDECAR, EPK, MANIFEST = "Master.mov", "Master.edl", "Master.json", "EPK.zip", "manifest.json"
EPK_CONTENTS = "contents.json"
EPK_REQUIRED = (
    "poster.jpg",
    "synopsis.md",
    "style-bible.json",
    "cast.json",
    "credits.md",
    "contact-sheet.jpg",
    "trailer.mp4",
    "licences.md",
)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can state: the same content is the same file
_STORED = {".jpg", ".jpeg", ".png", ".mp4", ".mov"}


@dataclass(frozen=True, slots=True)
class PressKit:
    """What goes into the EPK. `stills` by shot name; `credits` as (role, name) lines; `licences` as (work, terms)."""

    title: str
    logline: str
    synopsis: str
    poster: Path
    contact_sheet: Path
    trailer: Path
    stills: Mapping[str, Path]
    style_bible: Mapping[str, Any] = field(default_factory=dict)
    cast: Sequence[Mapping[str, Any]] = ()
    credits: Sequence[tuple[str, str]] = ()
    licences: Sequence[tuple[str, str]] = ()


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


def build_epk(kit: PressKit, out: Path) -> Path:
    """Writes the electronic press kit; the same kit gives the same bytes. `contents.json` in it lists what it holds."""
    members: dict[str, bytes] = {
        "synopsis.md": _markdown(f"# {kit.title}", f"*{kit.logline}*" if kit.logline else "", kit.synopsis),
        "style-bible.json": _json(dict(kit.style_bible)),
        "cast.json": _json([dict(member) for member in kit.cast]),
        "credits.md": _markdown(
            f"# {kit.title}: credits", "\n".join(f"- {role}: {name}" for role, name in kit.credits)
        ),
        "licences.md": _markdown("# Licences", "\n".join(f"- {work}: {terms}" for work, terms in kit.licences)),
        "poster.jpg": kit.poster.read_bytes(),
        "contact-sheet.jpg": kit.contact_sheet.read_bytes(),
        "trailer.mp4": kit.trailer.read_bytes(),
    }
    for shot, path in kit.stills.items():
        members[f"stills/{_file_name(shot)}{path.suffix.lower()}"] = path.read_bytes()
    listing = [{"name": n, "bytes": len(data), "sha256": _sha(data)} for n, data in sorted(members.items())]
    members[EPK_CONTENTS] = _json({"title": kit.title, "logline": kit.logline, "files": listing})
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".{out.name}.part")
    with zipfile.ZipFile(staged, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_STORED if Path(name).suffix in _STORED else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever it is made
            archive.writestr(entry, members[name])
    staged.replace(out)
    return out


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


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in text)[:80] or "still"


def _markdown(*blocks: str) -> bytes:
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _json(body: Any) -> bytes:
    return (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
