"""Final QC (SOP step 12): five checks, each with what was measured, before anything leaves the house."""

from typing import Any

from vibeboard.domain.formats import SAMPLE_RATE, Quality, exact_rate, frame_size
from vibeboard.domain.timeline import TrimError, assemble, check_trims
from vibeboard.film.cut import clip_of
from vibeboard.film.passes import pictures
from vibeboard.store.table import Item


def final_qc(project_id: str, rows: list[tuple[Item, list[Item]]], quality: Quality) -> dict[str, Any]:
    """Facts of the finalQC gate: {check: {ok, value, expected}}; values come from the media as probed."""
    shots = [(chain, segment) for chain, segments in rows for segment in segments]
    found = pictures(project_id, quality, rows)
    aspects = {chain["aspectRatio"] for chain, _ in rows}
    rates = sorted({str(exact_rate(chain["frameRate"])) for chain, _ in rows})
    expected = sorted({"x".join(map(str, frame_size(aspect, quality))) for aspect in aspects})
    sizes = sorted({f"{p['width']}x{p['height']}" for p in found.values()})
    missing = [segment["shotName"] for _, segment in shots if segment["id"] not in found]
    unlocked = [segment["shotName"] for _, segment in shots if not segment.get("lockedAt")]
    open_edits = [chain["name"] for chain, _ in rows if not chain.get("pictureLockedAt")]
    sync = _sound(shots)
    return {
        "resolutionConsistent": {
            "ok": bool(shots) and not missing and sizes == expected and len(expected) == 1,
            "value": sizes,
            "expected": expected,
            "missing": missing,
        },
        "frameRateConsistent": {
            "ok": len(rates) == 1 and not _wrong_lengths(shots, found),
            "value": rates,
            "expected": rates[:1],
            "wrongLength": _wrong_lengths(shots, found),
        },
        "audioSyncValid": sync,
        "allShotsLocked": {
            "ok": bool(shots) and not unlocked,
            "value": len(shots) - len(unlocked),
            "expected": len(shots),
            "open": unlocked,
        },
        "pictureLockedConfirmed": {
            "ok": bool(rows) and not open_edits,
            "value": len(rows) - len(open_edits),
            "expected": len(rows),
            "open": open_edits,
        },
    }


def _wrong_lengths(shots: list[tuple[Item, Item]], found: dict[str, Any]) -> list[str]:
    """Shots whose picture at this quality has another frame count than the take that was cut."""
    return [
        segment["shotName"]
        for _, segment in shots
        if segment["id"] in found and found[segment["id"]]["frames"] != segment["clip"]["frames"]
    ]


def _sound(shots: list[tuple[Item, Item]]) -> dict[str, Any]:
    """Every trim inside measured media, and the sound of the cut as long as its picture to the sample."""
    faults: list[str] = []
    clips = []
    for chain, segment in shots:
        if not segment.get("clip"):
            faults.append(f"{segment['shotName']}: no footage")
            continue
        clip = clip_of(chain, segment)
        clips.append(clip)
        try:
            check_trims(clip, exact_rate(chain["frameRate"]))
        except TrimError as error:
            faults.append(f"{segment['shotName']}: {error.detail}")
    if faults or not clips:
        return {"ok": False, "value": faults[:10] or "no clips", "expected": "every trim inside its media"}
    rate = exact_rate(shots[0][0]["frameRate"])
    cut = assemble(clips, rate)
    slip = cut.samples - round(cut.frames * SAMPLE_RATE / rate)
    return {"ok": slip == 0, "value": f"{slip} samples", "expected": "0 samples"}
