"""The cut: segments as clips of the timeline, and the chains of a film one after the other (SOP step 10)."""

from fractions import Fraction
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.first_assembly import EditTrims, split_edit_plan
from vibeboard.domain.formats import SAMPLE_RATE, exact_rate, frames_of
from vibeboard.domain.ids import digest
from vibeboard.domain.timeline import Clip, assemble, seconds_at, sound_frames
from vibeboard.store import chains, keys
from vibeboard.store.table import EXISTS, Check, Item, TransactionRefused, Update, table

WRITES_PER_TRANSACTION = 90


def clip_of(chain: Item, segment: Item) -> Clip:
    """The segment as a clip of the timeline. Raises Conflict while it has no footage."""
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
            "locked": bool(segment.get("lockedAt")),
            "mediaFrames": clip["frames"],
            "mediaSamples": clip.get("samples", 0),
        }
    )


def film_rate(rows: list[tuple[Item, list[Item]]]) -> Fraction:
    """The one rate of all chains. Raises Conflict when they disagree."""
    rates = {exact_rate(chain["frameRate"]) for chain, _ in rows}
    if len(rates) != 1:
        raise Conflict("The chains run at different frame rates", code="RATES_DIFFER", fix="Use one rate per film.")
    return rates.pop()


def assemble_film(project: Item, rows: list[tuple[Item, list[Item]]], variation: int) -> dict[str, Any]:
    """The first cut of all chains as one film: trims with L- and J-cuts, fitted to the target runtime.

    A cut already made of the same takes and variation is left as it is, with whatever an editor changed since.
    Raises GateRefused on picture lock, Conflict without footage.
    """
    rate = film_rate(rows)
    shots = [(chain, segment) for chain, segments in rows for segment in segments]
    clips = [clip_of(chain, segment) for chain, segment in shots]
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
            _write_trims(chain, segments, trims, rate)
        mark = {"cutDigest": made_of, "cutVariation": variation}
        table().write(Update(keys.project(project["projectId"]), set=mark))
        rows = chains.chains_of(project["projectId"])
    return cut_summary(rows)


def _write_trims(chain: Item, segments: list[Item], trims: dict[str, EditTrims], rate: Fraction) -> None:
    open_picture = Check(keys.chain(chain["projectId"], chain["id"]), EXISTS & chains.PICTURE_OPEN)
    for start in range(0, len(segments), WRITES_PER_TRANSACTION):
        updates = []
        for segment in segments[start : start + WRITES_PER_TRANSACTION]:
            trim = trims[segment["id"]]
            change = {
                "trimStart": seconds_at(trim.picture_in, rate),
                "trimEnd": seconds_at(trim.picture_out, rate),
                "audioTrimStart": seconds_at(trim.sound_in, rate),
                "audioTrimEnd": seconds_at(trim.sound_out, rate),
                "cutIn": trim.cut_in,
            }
            key = keys.segment(chain["projectId"], chain["id"], segment["id"])
            updates.append(Update(key, set=change, add={"rev": 1}, condition=EXISTS))
        try:
            table().transact([open_picture, *updates])
        except TransactionRefused as refused:
            if refused.failed[0]:
                raise chains.picture_refusal(refused.items[0]) from refused
            raise


def cut_summary(rows: list[tuple[Item, list[Item]]]) -> dict[str, Any]:
    """The cut in figures: {shots, frames, seconds, lCuts, jCuts}."""
    rate = film_rate(rows)
    timeline = assemble([clip_of(chain, segment) for chain, segments in rows for segment in segments], rate)
    cuts = [segment.get("cutIn", "straight") for _, segments in rows for segment in segments]
    return {
        "shots": len(timeline.picture),
        "frames": timeline.frames,
        "seconds": round(float(timeline.frames / rate), 3),
        "lCuts": cuts.count("L"),
        "jCuts": cuts.count("J"),
        "soundLanes": timeline.lanes,
    }
