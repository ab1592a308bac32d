"""The release package (SOP step 12): master, lists, sidecar, press kit, credentials and manifest, from the plan."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from media.operations.cutting import sources_of, timeline_of, write_lists
from media.operations.press import press_kit
from media.work import Work
from vibeboard.credentials import c2pa
from vibeboard.credentials.identity import Identity, identity
from vibeboard.domain import qc
from vibeboard.domain.timeline import PictureEvent, Timeline
from vibeboard.media.conform import ClipSource, Master, MasterSpec, conform
from vibeboard.media.errors import MediaError
from vibeboard.media.fingerprint import likenesses
from vibeboard.media.package import EPK, MASTER, SIDECAR, sha256_of, sidecar, write_manifest
from vibeboard.media.qc import as_measured, as_ordered, screen
from vibeboard.store import objects

TRUST = "credentials.pem"  # the root that verifiers are given; beside the package, never in it


@dataclass(frozen=True, slots=True)
class Film:
    """The cut at the bench: its plan, timeline and media, and the master as it was made, still unsigned."""

    plan: dict[str, Any]
    timeline: Timeline
    sources: dict[str, ClipSource]
    made: Master
    checks: list[dict[str, Any]]
    trailer: Path


def master(work: Work) -> dict[str, Any]:
    """{files: {name: key}, master, qc, trust}. Credentials come last but for the manifest, which covers what was made.

    Raises MediaError MASTER_QC_FAILED when the finished master fails a check that blocks.
    """
    signer = identity()
    film = _film(work)
    folder = work.out("package")
    folder.mkdir(parents=True)
    if film.plan["include"]["edl"]:
        write_lists(film.plan, film.timeline, folder)
    if film.plan["include"]["sidecar"]:
        (folder / SIDECAR).write_bytes(_sidecar(film, signer))
    press_kit(work, film.plan, film.timeline, film.sources, film.made.info, film.trailer, signer, folder / EPK)
    work.progress(0.92)
    _sign_master(film, signer, folder)
    write_manifest(
        folder,
        frames=film.timeline.frames,
        samples=film.timeline.samples,
        rate=film.timeline.rate,
        start_timecode=film.timeline.start_timecode,
        seconds=round(float(film.timeline.frames / film.timeline.rate), 6),
        exportId=film.plan["exportId"],
        title=film.plan["title"],
        signer={"kind": signer.kind, "serial": signer.serial},
    )
    files = {
        path.name: objects.upload(path, work.input["prefix"] + path.name)
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    trust = work.out(TRUST)
    trust.write_text(signer.root, encoding="utf-8")
    return {
        "files": files,
        "web": objects.upload(work.out("signed") / "trailer.mp4", work.input["prefix"] + "web.mp4"),
        "trust": objects.upload(trust, work.input["prefix"] + TRUST),
        "master": _measured(film.made, film.timeline),
        "qc": film.checks,
        "model": "ffmpeg/conform",
    }


def _film(work: Work) -> Film:
    """Conform the cut and look at the result once: the trailer and every measurement come of that one decode."""
    plan = objects.read_json(work.input["plan"])
    rate = Fraction(*plan["rate"])
    timeline, sources = timeline_of(plan), sources_of(work, plan)
    width, height = plan["size"]
    target = plan["loudness"] if timeline.sound else None
    spec = MasterSpec(width, height, plan["codec"], loudness=target, title=plan["title"])
    made = conform(timeline, sources, spec, work.out("unsigned") / MASTER, progress=work.share(0.0, 0.55))
    trailer = work.out("trailer.mp4")
    seen = screen(made.info, trailer, progress=work.share(0.55, 0.85))
    wanted = as_ordered(
        plan["codec"], (width, height), timeline.frames, timeline.samples, rate, timeline.start_timecode, target
    )
    checks = qc.judge(as_measured(made.info), wanted, seen)
    if faults := qc.blocking(checks):
        told = "; ".join(f"{fault['name']}: {fault['value']}, not {fault['expected']}" for fault in faults)
        raise MediaError("MASTER_QC_FAILED", "The finished master does not pass", told, "Mend the cause, export again.")
    return Film(plan, timeline, sources, made, checks, trailer)


def _sign_master(film: Film, signer: Identity, folder: Path) -> None:
    """The signed master names every other file of the package by its hash: change one, and the master denies it."""
    others = [{"name": path.name, "sha256": sha256_of(path)} for path in sorted(folder.iterdir()) if path.is_file()]
    attribution = film.plan["sidecar"]["vibeboardAttribution"]
    claim = c2pa.Claim(
        title=MASTER,
        models=attribution["modelsUsed"],
        edited=f"{len(film.timeline.picture)} shots cut together",
        assertions={
            c2pa.PACKAGE: {"exportId": film.plan["exportId"], "files": others},
            c2pa.PROVENANCE: {
                "projectId": film.plan["sidecar"]["projectId"],
                "title": film.plan["title"],
                "ownership": film.plan["sidecar"]["ownership"],
                "frames": film.timeline.frames,
            },
        },
    )
    c2pa.sign(film.made.info.path, folder / MASTER, claim, signer)
    film.made.info.path.unlink()  # two masters of a long film would not fit into a function


def _measured(made: Master, timeline: Timeline) -> dict[str, Any]:
    info = made.info
    return {
        "frames": info.frames,
        "samples": info.samples,
        "rate": str(info.rate),
        "startTimecode": timeline.start_timecode,
        "width": info.width,
        "height": info.height,
        "codec": info.codec,
        "profile": info.profile,
        "sampleRate": info.sample_rate,
        "quantiser": made.quantiser,
        "gainDb": round(made.gain_db, 2),
        "limited": made.limited,
        "encodes": made.parts,
    }


def _sidecar(film: Film, signer: Identity) -> bytes:
    plan, timeline = film.plan, film.timeline
    body = dict(plan["sidecar"])
    events = {event.clip_id: event for event in timeline.picture}
    edges = [frame for event in timeline.picture for frame in (event.record_in, event.record_out - 1)]
    prints = likenesses(film.made.info.path, edges, timeline.rate)
    seen = {event.clip_id: prints[2 * index : 2 * index + 2] for index, event in enumerate(timeline.picture)}
    clips = [_clip(row, events[row["clip"]["id"]], timeline, seen[row["clip"]["id"]]) for row in plan["clips"]]
    document = sidecar(
        project_id=body.pop("projectId"),
        export_id=body.pop("exportId"),
        ownership=body.pop("ownership"),
        attribution=body.pop("vibeboardAttribution"),
        clips=clips,
        master=_measured(film.made, timeline),
        title=plan["title"],
        finalQC=film.checks,
        contentCredentials={"standard": "C2PA", "signer": signer.kind, "serial": signer.serial},
        **body,
    )
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def _clip(row: dict[str, Any], event: PictureEvent, timeline: Timeline, edges: list[str]) -> dict[str, Any]:
    """One clip of the sidecar: where it lies, what it looks like there, and everything that made it."""
    clip = {name: value for name, value in row["clip"].items() if name not in ("videoUrl", "audioUrl")}
    rest = {name: value for name, value in row.items() if name not in ("clip", "picture", "sound")}
    made_by = row["provenance"]["clip"]
    return (
        clip
        | rest
        | {
            "frames": event.frames,
            "sourceIn": event.source_in,
            "recordIn": timeline.timecode(event.record_in),
            "recordOut": timeline.timecode(event.record_out),
            "likeness": {"first": edges[0], "last": edges[1]},
            "seed": made_by["seed"],
            "model": made_by["model"],
            "timestamp": made_by["at"],
        }
    )
