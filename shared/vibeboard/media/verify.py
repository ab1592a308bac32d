"""`package verify`: does a release package hold what it says, and do its parts agree with each other?"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vibeboard.domain.checks import Check
from vibeboard.domain.edl import Edl, EdlError, read_edl
from vibeboard.domain.timecode import to_timecode
from vibeboard.domain.timeline import sample_at
from vibeboard.media.errors import MediaError
from vibeboard.media.package import (
    EDL,
    EPK,
    MANIFEST,
    MASTER,
    SIDECAR,
    manifest_bytes,
    manifest_digest,
    sha256_of,
)
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.verify_credentials import credential_checks
from vibeboard.media.verify_cut import cut_checks
from vibeboard.media.verify_epk import epk_checks

_SIDECAR_MEMBERS: dict[str, tuple[str, ...]] = {
    "ownership": ("creator", "organization", "rights"),
    "vibeboardAttribution": ("version", "generatedAt", "modelsUsed", "totalCost"),
    "master": ("frames", "samples", "rate", "startTimecode"),
}


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a package: valid when every check holds."""

    valid: bool
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"valid": self.valid, "checks": [asdict(check) for check in self.checks]}


def verify_package(folder: Path, anchors: str = "") -> Verification:
    """Checks every file against the manifest and the master's credentials, and the parts against each other.

    `anchors` are PEM roots: with them, a signature that ends at no one of them is foreign. Never raises for what is in
    the folder: whatever cannot be read is a failed check that names the file.
    """
    manifest, checks = _manifest(folder)
    hashes, found = _files(folder, manifest)
    checks += found
    info, check = _master(folder)
    checks.append(check)
    rate = info.rate if info else _rate(manifest.get("rate"))
    edl, check = _edl(folder, rate)
    checks.append(check)
    body, check = _sidecar(folder)
    checks.append(check)
    checks += _agreement(manifest, info, edl, body, rate)
    checks += cut_checks(folder, edl, body, info)
    checks += epk_checks(folder)
    checks += credential_checks(folder, manifest, hashes, anchors)
    return Verification(all(check.ok for check in checks), tuple(checks))


def _manifest(folder: Path) -> tuple[dict[str, Any], list[Check]]:
    body, problem = _read_object(folder / MANIFEST)
    if problem:
        return {}, [Check("manifest", False, reason=problem)]
    files = body.get("files")
    well_formed = isinstance(files, list) and all(
        isinstance(f, dict) and isinstance(f.get("name"), str) and isinstance(f.get("sha256"), str) for f in files
    )
    if not well_formed:
        return {}, [Check("manifest", False, reason=f"{MANIFEST}: the list of files is missing or malformed")]
    if body.get("digest") != manifest_digest(body) or manifest_bytes(body) != (folder / MANIFEST).read_bytes():
        return body, [Check("manifest", False, reason=f"{MANIFEST} was changed after it was written")]
    return body, [Check("manifest", True, f"{len(body['files'])} files listed")]


def _files(folder: Path, manifest: Mapping[str, Any]) -> tuple[dict[str, str], list[Check]]:
    """The hash of every listed file as it is now, and a check of each; whatever kind of file it is."""
    checks, listed, hashes = [], {MANIFEST}, {}
    for entry in manifest.get("files", []):
        name = entry["name"]
        listed.add(name)
        check = _file(folder, name, entry["sha256"], entry.get("bytes"))
        checks.append(check)
        if check.value:
            hashes[name] = check.value
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink()}
    extra = sorted(found - listed)
    missing = sorted({MASTER, EDL, SIDECAR, EPK} - listed)
    reasons = [f"{name} is not listed in {MANIFEST}" for name in extra]
    reasons += [f"{name} is missing from {MANIFEST}" for name in missing]
    return hashes, [*checks, Check("contents", not reasons, f"{len(found)} files", "; ".join(reasons))]


def _file(folder: Path, name: str, sha256: str, size: object) -> Check:
    path = folder / name
    label = f"file {name}"
    if not path.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
        return Check(label, False, reason=f"{name} points outside the package")
    if not path.is_file():
        return Check(label, False, reason=f"{name} is missing")
    actual = sha256_of(path)
    if path.stat().st_size != size:
        told = f"{name} was changed: it holds {path.stat().st_size} bytes, the manifest says {size}"
        return Check(label, False, actual, told)
    if actual != sha256:
        return Check(label, False, actual, f"{name} was changed: its SHA-256 is not the manifest's")
    return Check(label, True, actual)


def _master(folder: Path) -> tuple[MediaInfo | None, Check]:
    try:
        info = probe(folder / MASTER)
    except MediaError as error:
        return None, Check("master", False, reason=error.detail)
    text = f"{info.codec} {info.profile}, {info.width}x{info.height}, {info.frames} frames at {float(info.rate):.6g}"
    if not info.frames or not info.has_audio:
        return info, Check("master", False, text, f"{MASTER} has no picture or no sound")
    return info, Check("master", True, text)


def _edl(folder: Path, rate: Fraction) -> tuple[Edl | None, Check]:
    try:
        edl = read_edl((folder / EDL).read_text(encoding="utf-8"), rate)
    except (OSError, UnicodeDecodeError, EdlError) as error:
        return None, Check("edl", False, reason=f"{EDL} cannot be read: {error}")
    position = edl.picture[0].record_in if edl.picture else 0
    for event in edl.picture:
        if event.record_in != position:
            return edl, Check(
                "edl", False, reason=f"{EDL}: event {event.number:03} leaves a gap or overlaps in the record"
            )
        position = event.record_out
    return edl, Check(
        "edl", bool(edl.picture), f"{len(edl.events)} events", "" if edl.picture else f"{EDL}: no picture"
    )


def _sidecar(folder: Path) -> tuple[dict[str, Any], Check]:
    body, problem = _read_object(folder / SIDECAR)
    if problem:
        return {}, Check("sidecar", False, reason=problem)
    wrong = [name for name in ("projectId", "exportId") if not isinstance(body.get(name), str)]
    for name, members in _SIDECAR_MEMBERS.items():
        part = body.get(name)
        wrong += [f"{name}.{member}" for member in members if not isinstance(part, dict) or member not in part]
    clips = body.get("clips")
    if not isinstance(clips, list) or not all(isinstance(c, dict) and type(c.get("frames")) is int for c in clips):
        wrong.append("clips[].frames")
    if wrong:
        return body, Check("sidecar", False, reason=f"{SIDECAR} lacks {', '.join(wrong)}")
    return body, Check("sidecar", True, f"{len(body['clips'])} clips")


def _agreement(
    manifest: Mapping[str, Any], info: MediaInfo | None, edl: Edl | None, sidecar: Mapping[str, Any], rate: Fraction
) -> list[Check]:
    """Frames, sound, rate and start timecode, as each part of the package states them."""
    if info is None or edl is None or not edl.picture:
        return [Check("frames", False, reason="cannot be compared while the master or the EDL cannot be read")]
    master = sidecar.get("master")
    stated = master if isinstance(master, dict) else {}
    clips = sidecar.get("clips")
    total = sum(c["frames"] for c in clips if isinstance(c, dict) and type(c.get("frames")) is int) if clips else None
    frames = {MASTER: info.frames, EDL: edl.frames, SIDECAR: stated.get("frames")}
    frames |= {f"{SIDECAR} clips": total, MANIFEST: manifest.get("frames")}
    sound = {MASTER: info.samples, "picture": sample_at(info.frames, rate), SIDECAR: stated.get("samples")}
    rates = {MASTER: str(info.rate), SIDECAR: stated.get("rate"), MANIFEST: manifest.get("rate")}
    start = to_timecode(edl.picture[0].record_in, rate, drop_frame=edl.drop_frame)
    starts = {MASTER: info.start_timecode, EDL: start, SIDECAR: stated.get("startTimecode")}
    return [
        _equal("frames", frames),
        _equal("audio samples", sound | {MANIFEST: manifest.get("samples")}),
        _equal("rate", rates),
        _equal("start timecode", starts | {MANIFEST: manifest.get("startTimecode")}),
    ]


def _equal(name: str, values: Mapping[str, object]) -> Check:
    first = next(iter(values.values()))
    if all(value == first for value in values.values()):
        return Check(name, True, str(first))
    told = ", ".join(f"{where}: {value}" for where, value in values.items())
    return Check(name, False, str(first), f"they disagree ({told})")


def _read_object(path: Path) -> tuple[dict[str, Any], str]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"{path.name} cannot be read: {error}"
    return (body, "") if isinstance(body, dict) else ({}, f"{path.name} holds no object")


def _rate(text: object) -> Fraction:
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return Fraction(24)
