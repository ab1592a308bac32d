"""The electronic press kit (SOP step 12): a zip with a page to open, everything the page shows, and a hash list."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vibeboard.media import mhl
from vibeboard.media.epk_page import index_page

CONTENTS = "contents.json"
REQUIRED = (
    "index.html",
    "poster.jpg",
    "logline.txt",
    "synopsis.md",
    "style-bible.json",
    "cast.json",
    "credits.md",
    "contact-sheet.jpg",
    "trailer.mp4",
    "licences.md",
    mhl.CHAIN,
)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can state: the same content is the same file
_STORED = {".jpg", ".jpeg", ".png", ".mp4", ".mov"}


@dataclass(frozen=True, slots=True)
class PressKit:
    """What goes into the EPK. `stills` by shot name; `credits` as (role, name) lines; `licences` as (work, terms).

    `facts` are (name, value) lines about the film (length, format, rate); `at` is the time of making, ISO 8601.
    """

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
    facts: Sequence[tuple[str, str]] = ()
    at: str = "1980-01-01T00:00:00Z"


def build_epk(kit: PressKit, out: Path) -> Path:
    """Writes the kit; the same kit gives the same bytes. `contents.json` in it lists what it holds."""
    stills = {f"stills/{file_name(shot)}{path.suffix.lower()}": path for shot, path in kit.stills.items()}
    members: dict[str, bytes] = {
        "index.html": index_page(kit, dict(zip(kit.stills, stills, strict=True))).encode(),
        "logline.txt": f"{kit.logline}\n".encode(),
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
        **{name: path.read_bytes() for name, path in stills.items()},
    }
    listing = [{"name": n, "bytes": len(data), "sha256": _sha(data)} for n, data in sorted(members.items())]
    members[CONTENTS] = _json({"title": kit.title, "logline": kit.logline, "files": listing})
    members |= mhl.seal(members, file_name(kit.title), kit.at)
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


def file_name(text: str) -> str:
    """A name that is safe in any file system and in a link."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[:80] or "still"


def _markdown(*blocks: str) -> bytes:
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _json(body: Any) -> bytes:
    return (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
