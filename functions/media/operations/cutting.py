"""A cut at the bench: its timeline from the plan, its media in the job's folder, and the lists that editors open."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from media.work import Work
from vibeboard.domain.edl import write_edl
from vibeboard.domain.fcpxml import MediaNames, write_fcpxml
from vibeboard.domain.formats import ASPECT_RATIOS
from vibeboard.domain.timeline import Clip, Marker, Timeline, assemble, sound_frames
from vibeboard.domain.tracks import Cue
from vibeboard.media.conform import ClipSource, MasterSpec, conform
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.interchange import write_aaf, write_otio
from vibeboard.media.package import EDL
from vibeboard.store import objects

PREVIEW_QUANTISER = 26  # of H.264: small, for judging a cut


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


def write_lists(plan: dict[str, Any], timeline: Timeline, folder: Path) -> None:
    """EDL, OTIO, FCPXML and AAF: what an editor opens elsewhere."""
    (folder / EDL).write_text(write_edl(timeline, plan["title"]), encoding="utf-8")
    names, title = media_names(plan), plan["title"]
    (folder / "Master.otio").write_text(write_otio(timeline, title, names), encoding="utf-8")
    width, height = plan["size"]
    (folder / "Master.fcpxml").write_text(write_fcpxml(timeline, title, names, (width, height)), encoding="utf-8")
    write_aaf(timeline, title, names, folder / "Master.aaf")
