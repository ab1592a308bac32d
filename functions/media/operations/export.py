"""The release package (SOP step 12): master, EDL, sidecar, press kit and manifest from the export plan."""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

from media.work import Work
from vibeboard.domain.edl import write_edl
from vibeboard.domain.fcpxml import MediaNames, write_fcpxml
from vibeboard.domain.formats import ASPECT_RATIOS
from vibeboard.domain.timeline import Clip, Marker, PictureEvent, Timeline, assemble, sound_frames
from vibeboard.domain.tracks import Cue
from vibeboard.media.conform import ClipSource, Master, MasterSpec, conform
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.interchange import write_aaf, write_otio
from vibeboard.media.package import PressKit, build_epk, sidecar, write_manifest
from vibeboard.media.proxies import trailer
from vibeboard.media.stills import SheetEntry, contact_sheet, poster, still
from vibeboard.store import objects

STILL_WIDTH = 1920
PREVIEW_QUANTISER = 26  # of H.264: small, for judging a cut
MASTER_LUFS = -23.0  # EBU R 128
LICENCES = (("Film", "All rights reserved by its owner"), ("Sandbox engines", "Part of VibeBoard; no vendor model ran"))


def master(work: Work) -> dict[str, Any]:
    """{files: {name: key}, master: what was measured}. The manifest is written last, over what was really made."""
    plan = objects.read_json(work.input["plan"])
    rate = Fraction(*plan["rate"])
    timeline, sources = timeline_of(plan), sources_of(work, plan)
    folder = work.out("package")
    folder.mkdir(parents=True)
    width, height = plan["size"]
    spec = MasterSpec(width, height, plan["codec"], loudness=MASTER_LUFS, title=plan["title"])
    made = conform(timeline, sources, spec, folder / "Master.mov", progress=work.share(0.0, 0.6))
    if plan["include"]["edl"]:
        (folder / "Master.edl").write_text(write_edl(timeline, plan["title"]), encoding="utf-8")
        _interchange(plan, timeline, folder)
    if plan["include"]["sidecar"]:
        (folder / "Master.json").write_bytes(_sidecar(plan, timeline, made))
    _press_kit(work, plan, timeline, sources, folder)
    work.progress(0.9)
    seconds = round(float(timeline.frames / rate), 6)
    write_manifest(
        folder,
        frames=timeline.frames,
        samples=timeline.samples,
        rate=rate,
        start_timecode=timeline.start_timecode,
        seconds=seconds,
        exportId=plan["exportId"],
        title=plan["title"],
    )
    files = {
        path.name: objects.upload(path, work.input["prefix"] + path.name)
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    return {"files": files, "master": _measured(made, timeline), "model": "ffmpeg/conform"}


def preview(work: Work) -> dict[str, Any]:
    """{preview}: the cut as one small H.264 film with AAC sound, from the shots' proxies (SOP step 10)."""
    plan = objects.read_json(work.input["plan"])
    timeline, sources = timeline_of(plan), sources_of(work, plan)
    shape = ASPECT_RATIOS[plan["aspectRatio"]]
    short = plan["lines"]
    width, height = (short * shape, short) if shape >= 1 else (short, short / shape)
    spec = MasterSpec(2 * round(width / 2), 2 * round(height / 2), "h264", fit="letterbox", quantiser=PREVIEW_QUANTISER)
    film = work.out("film.mov")
    conform(timeline, sources, spec, film, progress=work.share(0.0, 0.9))
    small = work.out("preview.mp4")
    run([*input_args(film), "-map", "0:v:0", "-map", "0:a:0", "-c:v", "copy", "-c:a", "aac", "-b:a", "160k",
         "-movflags", "+faststart", str(small)])  # fmt: skip
    return {"preview": work.keep(small), "model": "ffmpeg/conform"}


def timeline_of(plan: dict[str, Any]) -> Timeline:
    """The cut of a plan: its clips in record order, cues and markers."""
    rate = Fraction(*plan["rate"])
    cues = [Cue.from_sop(row["cue"]) for row in plan.get("cues", [])]
    markers = [Marker(**row) for row in plan.get("markers", [])]
    clips = [Clip.from_sop(row["clip"]) for row in plan["clips"]]
    return assemble(clips, rate, plan["startTimecode"], drop_frame=plan["dropFrame"], cues=cues, markers=markers)


def sources_of(work: Work, plan: dict[str, Any]) -> dict[str, ClipSource]:
    """The media of a plan's clips and cues, fetched into the job's folder under the names the lists state."""
    names = media_names(plan)
    sources = {
        row["clip"]["id"]: ClipSource(
            work.fetch(row["picture"], names[row["clip"]["id"]].picture),
            work.fetch(row["sound"], names[row["clip"]["id"]].sound) if row.get("sound") else None,
        )
        for row in plan["clips"]
    }
    cues = plan.get("cues", [])
    return sources | {
        row["cue"]["id"]: ClipSource(sound=work.fetch(row["sound"], names[row["cue"]["id"]].sound)) for row in cues
    }


def media_names(plan: dict[str, Any]) -> dict[str, MediaNames]:
    """File names and lengths in frames by clip and cue id: what an editor relinks by."""
    rate = Fraction(*plan["rate"])
    names = {}
    for row in plan["clips"]:
        clip = row["clip"]
        heard = sound_frames(clip["mediaSamples"], rate)
        names[clip["id"]] = MediaNames(f"{row['shotName']}.mp4", clip["mediaFrames"], f"{row['shotName']}.wav", heard)
    for row in plan.get("cues", []):
        file = f"{row['cue']['id']}{Path(row['sound']).suffix}"
        names[row["cue"]["id"]] = MediaNames(sound=file, sound_frames=sound_frames(row["cue"]["samples"], rate))
    return names


def _interchange(plan: dict[str, Any], timeline: Timeline, folder: Path) -> None:
    names, title = media_names(plan), plan["title"]
    (folder / "Master.otio").write_text(write_otio(timeline, title, names), encoding="utf-8")
    width, height = plan["size"]
    (folder / "Master.fcpxml").write_text(write_fcpxml(timeline, title, names, (width, height)), encoding="utf-8")
    write_aaf(timeline, title, names, folder / "Master.aaf")


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
        "encodes": made.parts,
    }


def _sidecar(plan: dict[str, Any], timeline: Timeline, made: Master) -> bytes:
    body = dict(plan["sidecar"])
    events = {event.clip_id: event for event in timeline.picture}
    clips = [_clip(row, events[row["clip"]["id"]], timeline) for row in plan["clips"]]
    document = sidecar(
        project_id=body.pop("projectId"),
        export_id=body.pop("exportId"),
        ownership=body.pop("ownership"),
        attribution=body.pop("vibeboardAttribution"),
        clips=clips,
        master=_measured(made, timeline),
        title=plan["title"],
        **body,
    )
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def _clip(row: dict[str, Any], event: PictureEvent, timeline: Timeline) -> dict[str, Any]:
    """One clip of the sidecar: where it lies, and everything that made it."""
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
            "seed": made_by["seed"],
            "model": made_by["model"],
            "timestamp": made_by["at"],
        }
    )


def _press_kit(
    work: Work, plan: dict[str, Any], timeline: Timeline, sources: dict[str, ClipSource], folder: Path
) -> None:
    shots = {row["clip"]["id"]: row for row in plan["clips"]}
    entries, stills = [], {}
    for event in timeline.picture:
        row, picture = shots[event.clip_id], sources[event.clip_id].picture
        if picture is None:
            continue
        middle = event.source_in + event.frames // 2
        entries.append(
            SheetEntry(
                picture,
                middle,
                row["shotName"],
                row["clip"]["take"],
                timeline.timecode(event.record_in + event.frames // 2),
                plan["quality"],
                f"score {row['score']:.2f}" if row.get("score") is not None else "",
            )
        )
        stills[row["shotName"]] = still(picture, middle, work.out(f"stills/{row['shotName']}.jpg"), width=STILL_WIDTH)
    work.progress(0.7)
    best = _poster_event(timeline, shots)
    epk, outline = plan["epk"], plan["epk"].get("outline") or {}
    concept = epk.get("concept", {})
    film = folder / "Master.mov"
    kit = PressKit(
        title=plan["title"],
        logline=outline.get("logline", concept.get("concept", "")),
        synopsis=outline.get("synopsis", outline.get("logline", "")),
        poster=poster(film, work.out("poster.jpg"), frame=best),
        contact_sheet=contact_sheet(entries, work.out("contact-sheet.jpg"), title=plan["title"]),
        trailer=_trailer(work, film),
        stills=stills,
        style_bible=epk.get("styleBible") or {},
        cast=epk.get("cast", []),
        credits=_credits(plan),
        licences=LICENCES,
    )
    build_epk(kit, folder / "EPK.zip")


def _trailer(work: Work, film: Path) -> Path:
    return trailer(film, work.out("trailer.mp4"), progress=work.share(0.7, 0.9)).path


def _poster_event(timeline: Timeline, shots: dict[str, dict[str, Any]]) -> int:
    """Record frame of the poster: the middle of the best-scored shot with the film's lead in it."""
    people = Counter(name for row in shots.values() for name in row["characters"])
    lead = people.most_common(1)[0][0] if people else ""

    def rank(event: PictureEvent) -> tuple[bool, float]:
        row = shots[event.clip_id]
        return lead in row["characters"], row.get("score") or 0.0

    best = max(timeline.picture, key=rank)
    return best.record_in + best.frames // 2


def _credits(plan: dict[str, Any]) -> list[tuple[str, str]]:
    ownership = plan["sidecar"]["ownership"]
    lines = [("Producer", ownership.get("creatorName") or ownership["creator"])]
    if ownership.get("organization"):
        lines.append(("Studio", ownership["organization"]))
    lines += [(row["role"], row["name"]) for row in plan["epk"]["credits"]]
    lines += [("Cast", str(row.get("name", ""))) for row in plan["epk"]["cast"]]
    lines.append(("Engines", ", ".join(plan["sidecar"]["vibeboardAttribution"]["modelsUsed"])))
    return lines
