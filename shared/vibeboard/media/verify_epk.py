"""The press kit's part of `package verify`: what the zip lists, what it holds, and its hash list."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

from vibeboard.domain.checks import Check
from vibeboard.media import mhl
from vibeboard.media.epk import CONTENTS, REQUIRED
from vibeboard.media.package import EPK

_MAX_BYTES = 4 << 30  # unpacked; the largest kit of a feature is far below
_MAX_RATIO = 200


class _Bad(ValueError):
    """What is wrong with the kit, in words."""


def epk_checks(folder: Path) -> list[Check]:
    """Never raises for what is in the zip."""
    try:
        with zipfile.ZipFile(folder / EPK) as archive:
            count = _read(archive)
    except _Bad as fault:
        return [Check("epk", False, reason=f"{EPK} {fault}")]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, NotImplementedError, EOFError) as error:
        return [Check("epk", False, reason=f"{EPK} cannot be read: {error}")]
    return [Check("epk", True, f"{count} files")]


def _read(archive: zipfile.ZipFile) -> int:
    members = {entry.filename: entry for entry in archive.infolist()}
    size = sum(entry.file_size for entry in members.values())
    packed = sum(entry.compress_size for entry in members.values())
    if size > _MAX_BYTES or size > _MAX_RATIO * max(packed, 1):
        raise _Bad(f"unpacks to {size} bytes, which is more than is sensible")
    wanted = {entry["name"]: entry["sha256"] for entry in json.loads(archive.read(CONTENTS))["files"]}
    lists = {name for name in members if name.startswith(f"{mhl.FOLDER}/")}
    for name in sorted(wanted.keys() | set(REQUIRED)):
        if name not in members or name not in wanted | dict.fromkeys(lists):
            raise _Bad(f"lacks {name}")
    for name, sha256 in sorted(wanted.items()):
        with archive.open(name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                raise _Bad(f"holds {name}, which was changed")
    if extra := sorted(members.keys() - wanted.keys() - lists - {CONTENTS}):
        raise _Bad(f"holds {extra[0]}, which it does not list")
    if not any(name.startswith("stills/") for name in wanted):
        raise _Bad("holds no stills")
    _hash_list(archive, lists)
    return len(wanted)


def _hash_list(archive: zipfile.ZipFile, lists: set[str]) -> None:
    """The ASC MHL chain names the list, and the list every file, both by C4 identifier."""
    chained = dict(re.findall(r"<path>([^<]+)</path>\s*<c4>(\w+)</c4>", archive.read(mhl.CHAIN).decode()))
    if {f"{mhl.FOLDER}/{name}" for name in chained} != lists - {mhl.CHAIN}:
        raise _Bad(f"holds a hash list that {mhl.CHAIN} does not name")
    for name, identifier in chained.items():
        text = archive.read(f"{mhl.FOLDER}/{name}")
        if mhl.c4(text) != identifier:
            raise _Bad(f"holds {mhl.FOLDER}/{name}, which was changed")
        for path, stated in mhl.entries(text).items():
            if path not in archive.namelist() or mhl.c4(archive.read(path)) != stated:
                raise _Bad(f"holds {path}, which is not what {mhl.FOLDER}/{name} sealed")
