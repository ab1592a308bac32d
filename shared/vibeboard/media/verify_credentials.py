"""The signatures' part of `package verify`: who signed master and pictures, and what the master vouches for."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vibeboard.credentials import c2pa
from vibeboard.domain.checks import Check
from vibeboard.media.package import EPK, MANIFEST, MASTER

_SIGNED = (".jpg", ".mp4")
_PLAIN = {"contact-sheet.jpg"}  # a proof for the house, made of stills that are signed themselves
_MEMBER_BYTES = 2 << 30


def credential_checks(
    folder: Path, manifest: Mapping[str, Any], hashes: Mapping[str, str], anchors: str
) -> list[Check]:
    """One check for the master, one for what it vouches for, one for the press kit's media. Never raises."""
    master = c2pa.read(folder / MASTER, MASTER, anchors)
    signer = manifest.get("signer")
    expected = str(signer.get("serial", "")) if isinstance(signer, dict) else ""
    return [
        _one("credentials", MASTER, master, expected, anchors),
        _vouched(master, manifest, hashes),
        _press(folder, expected or master.serial, anchors),
    ]


def _one(check: str, name: str, found: c2pa.Credentials, serial: str, anchors: str) -> Check:
    if found.state in ("missing", "invalid"):
        return Check(check, False, found.state, found.reason)
    if anchors and found.state != "trusted":
        who = found.signer or "somebody"
        return Check(check, False, found.state, f"{name} has a foreign signature: {who} is not of this studio")
    if serial and found.serial != serial:
        told = f"{name} has a foreign signature: certificate {found.serial}, the package was signed by {serial}"
        return Check(check, False, found.state, told)
    known = "" if anchors else ", origin not checked: no trust anchor given"
    return Check(check, True, f"{found.state}: {found.signer}, until {found.expires[:10]}{known}")


def _vouched(master: c2pa.Credentials, manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> Check:
    """Every other file is the one the master was signed with, whatever the manifest says by now."""
    name = "signed contents"
    found = master.assertions.get(c2pa.PACKAGE)
    stated: dict[str, Any] = found if isinstance(found, dict) else {}
    files = stated.get("files")
    if master.state not in ("trusted", "valid") or not isinstance(files, list):
        return Check(name, False, reason=f"{MASTER} vouches for no file: {master.reason or 'it names none'}")
    signed = {str(row.get("name")): str(row.get("sha256")) for row in files if isinstance(row, dict)}
    faults = [f"{file} is missing" for file in signed if file not in hashes]
    faults += [
        f"{file} is not the one {MASTER} was signed with"
        for file, sha in signed.items()
        if hashes.get(file, sha) != sha
    ]
    faults += [
        f"{file} was added after {MASTER} was signed" for file in hashes if file not in signed and file != MASTER
    ]
    if stated.get("exportId") != manifest.get("exportId"):
        faults.append(f"{MANIFEST} is of export {manifest.get('exportId')}, {MASTER} of {stated.get('exportId')}")
    return Check(name, not faults, f"{len(signed)} files", "; ".join(sorted(faults)))


def _press(folder: Path, serial: str, anchors: str) -> Check:
    name, looked, faults = "press credentials", 0, []
    try:
        with zipfile.ZipFile(folder / EPK) as archive:
            for entry in archive.infolist():
                if not entry.filename.endswith(_SIGNED) or entry.filename in _PLAIN:
                    continue
                if entry.file_size > _MEMBER_BYTES:
                    return Check(name, False, reason=f"{EPK}: {entry.filename} is larger than is sensible")
                label = f"{EPK}: {entry.filename}"
                check = _one(name, label, c2pa.read(archive.read(entry), entry.filename, anchors), serial, anchors)
                looked += 1
                faults += [check.reason if EPK in check.reason else f"{EPK}: {check.reason}"] if not check.ok else []
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, json.JSONDecodeError) as error:
        return Check(name, False, reason=f"{EPK} cannot be read: {error}")
    if not looked:
        faults.append(f"{EPK} holds no signed picture")
    return Check(name, not faults, f"{looked} files", "; ".join(faults[:5]))
