"""The cut: segments as clips of the timeline, and the chains of a film one after the other (SOP step 10)."""

from fractions import Fraction
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.first_assembly import EditTrims, split_edit_plan
from vibeboard.domain.formats import SAMPLE_RATE, exact_rate, frames_of
from vibeboard.domain.ids import digest
from vibeboard.domain.timeline import Clip, Marker, Timeline, assemble, seconds_at, sound_frames
from vibeboard.domain.tracks import Cue
from vibeboard.domain.transitions import style_into
from vibeboard.film import editing
from vibeboard.store import chains, keys
from vibeboard.store.table import Item, Update, table

START_TIMECODE = "01:00:00:00"


def clip_of(chain: Item, segment: Item, *, first: bool = False) -> Clip:
    """The segment as a clip of the timeline; `first`: it opens its chain. Raises Conflict while it has no footage."""
    clip = segment.get("clip")
    if not clip:
        raise Conflict(
            f"{segment['shotName']} has no footage yet", code="FOOTAGE_MISSING", fix="Generate the shot first."
        )
    rate = exact_rate(chain["frameRate"])
    length = float(clip["frames"] / rate)
    sound = clip.get("samples", 0) / SAMPLE_RATE
    return Clip.from_sop(
        {
            "id": segment["id"],
            "name": segment["shotName"],
            "reel": segment["shotName"].replace("_", ""),
            "take": clip["number"],
            "duration": length,
            "trimStart": segment.get("trimStart", 0.0),
            "trimEnd": segment.get("trimEnd", length),
            "audioTrimStart": segment.get("audioTrimStart", 0.0),
            "audioTrimEnd": segment.get("audioTrimEnd", min(length, sound) if sound else length),
            "audioGain": segment.get("audioGain", 1.0),
            "audioFadeIn": segment.get("audioFadeIn", 0.0),
            "audioFadeOut": segment.get("audioFadeOut", 0.0),
            "transition": style_into(chain, segment, first=first),
            "transitionSeconds": segment.get("transitionSeconds"),
            "locked": bool(segment.get("lockedAt")),
            "mediaFrames": clip["frames"],
            "mediaSamples": clip.get("samples", 0),
        }
    )


Rows = list[tuple[Item, list[Item]]]  # chains in order, each with its segments in order


def clips_of(rows: Rows) -> list[Clip]:
    """The clips of chains laid one after the other."""
    return [
        clip_of(chain, segment, first=index == 0) for chain, segments in rows for index, segment in enumerate(segments)
    ]


def cues_of(rows: Rows, cues: list[Item]) -> list[Cue]:
    """Cues of these chains on the record of all of them; one whose sound is still being made is left out."""
    placed = []
    for chain, start in _starts(rows):
        at = float(start / exact_rate(chain["frameRate"]))
        placed += [Cue.from_sop(cue, at) for cue in cues if cue["sceneChainId"] == chain["id"] and "sound" in cue]
    return placed


def markers_of(rows: Rows) -> list[Marker]:
    """Markers of these chains on the record of all of them."""
    return [
        Marker(start + frames_of(row["at"], exact_rate(chain["frameRate"])), row["name"], row["colour"], row["note"])
        for chain, start in _starts(rows)
        for row in chain.get("markers", [])
    ]


def _starts(rows: Rows) -> list[tuple[Item, int]]:
    """Each chain with the record frame it starts at."""
    starts, position = [], 0
    for chain, segments in rows:
        starts.append((chain, position))
        rate = exact_rate(chain["frameRate"])
        for segment in segments:
            if "clip" in segment:
                clip = clip_of(chain, segment)
                position += frames_of(clip.trim_end, rate) - frames_of(clip.trim_start, rate)
    return starts


def film_timeline(rows: Rows, cues: list[Item]) -> Timeline:
    """The cut of these chains. Raises Conflict without footage or at different rates, TrimError."""
    return assemble(clips_of(rows), film_rate(rows), START_TIMECODE, cues=cues_of(rows, cues), markers=markers_of(rows))


def cut_state(rows: Rows, cues: list[Item]) -> list[Any]:
    """All that decides how the cut looks and sounds: the same list is the same cut."""
    clips = [clip.to_sop() for clip in clips_of(rows)]
    takes = [segment["clip"]["takeId"] for _, segments in rows for segment in segments]
    return [clips, takes, [cue.to_sop() for cue in cues_of(rows, cues)]]


def film_rate(rows: Rows) -> Fraction:
    """The one rate of all chains. Raises Conflict when they disagree."""
    rates = {exact_rate(chain["frameRate"]) for chain, _ in rows}
    if len(rates) != 1:
        raise Conflict("The chains run at different frame rates", code="RATES_DIFFER", fix="Use one rate per film.")
    return rates.pop()


def assemble_film(project: Item, rows: Rows, variation: int, by: str = "assembly") -> dict[str, Any]:
    """The first cut of all chains as one film: trims with L- and J-cuts, fitted to the target runtime.

    A cut already made of the same takes and variation is left as it is, with whatever an editor changed since.
    Raises GateRefused on picture lock, Conflict without footage.
    """
    rate = film_rate(rows)
    shots = [(chain, segment) for chain, segments in rows for segment in segments]
    clips = clips_of(rows)
    made_of = digest([variation, [segment["clip"]["takeId"] for _, segment in shots]])
    if project.get("cutDigest") != made_of:
        plan = split_edit_plan(
            [clip.media_frames for clip in clips],
            [sound_frames(clip.media_samples, rate) for clip in clips],
            rate,
            project.get("seed", 0),
            target_frames=frames_of(project["creativeContract"].get("targetRuntime", 0) or 0, rate) or None,
            variation=variation,
        )
        trims = {segment["id"]: trim for (_, segment), trim in zip(shots, plan, strict=True)}
        for chain, segments in rows:
            _write_trims(chain, {segment["id"]: trims[segment["id"]] for segment in segments}, rate, variation, by)
        mark = {"cutDigest": made_of, "cutVariation": variation}
        table().write(Update(keys.project(project["projectId"]), set=mark))
        rows = chains.chains_of(project["projectId"])
    return cut_summary(rows)


def _write_trims(chain: Item, trims: dict[str, EditTrims], rate: Fraction, variation: int, by: str) -> None:
    segments: dict[str, editing.Fields] = {
        name: {
            "trimStart": seconds_at(trim.picture_in, rate),
            "trimEnd": seconds_at(trim.picture_out, rate),
            "audioTrimStart": seconds_at(trim.sound_in, rate),
            "audioTrimEnd": seconds_at(trim.sound_out, rate),
            "audioFadeIn": None,  # a fade of the cut before may not fit into the new trims
            "audioFadeOut": None,
            "cutIn": trim.cut_in,
        }
        for name, trim in trims.items()
    }
    change = editing.Change(f"assemble {variation}", segments)
    editing.edit(chain["projectId"], chain["id"], by, lambda _cut: change)


def cut_summary(rows: Rows) -> dict[str, Any]:
    """The cut in figures: {shots, frames, seconds, lCuts, jCuts}."""
    rate = film_rate(rows)
    timeline = assemble(clips_of(rows), rate)
    cuts = [segment.get("cutIn", "straight") for _, segments in rows for segment in segments]
    return {
        "shots": len(timeline.picture),
        "frames": timeline.frames,
        "seconds": round(float(timeline.frames / rate), 3),
        "lCuts": cuts.count("L"),
        "jCuts": cuts.count("J"),
        "soundLanes": timeline.lanes,
    }
