"""Dailies (SOP step 8.5): the report over a chain, reviews and notes. A review belongs to the take that was watched."""

from collections.abc import Sequence
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.gates import DAILIES_THRESHOLD
from vibeboard.domain.markers import Marker, Reel
from vibeboard.store import chains, keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.chains import UNLOCKED
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table

Verdict = Literal["approved", "revise"]


def flagged(segment: Item) -> bool:
    return "score" in segment and segment["score"] < DAILIES_THRESHOLD


def report(chain: Item, segments: list[Item], exceptions: Sequence[Item]) -> dict[str, Any]:
    """The SOP's continuity report, keyed by shot name (SC01_SH02), with id, issues and worst frames beside.

    `exceptions` are the chain's entries in the exceptions log; those that a later take fixed are left out.
    """
    measured = [segment for segment in segments if "report" in segment]
    heatmap: dict[str, Any] = {}
    for segment in measured:
        found = segment["report"]
        row: dict[str, Any] = {
            "score": found["score"],
            "status": found["status"],
            "segmentId": segment["id"],
            "review": segment.get("review", "pending"),
            "takeId": segment["clip"]["takeId"],
            "take": segment["clip"]["number"],
            "worstFrames": found.get("worstFrames", {}),
        }
        if found["issues"]:
            row["issues"] = [issue["name"] for issue in found["issues"]]
            row["frames"] = {issue["name"]: issue.get("frame", 0) for issue in found["issues"]}
        heatmap[segment["shotName"]] = row
    return {
        "sceneChainId": chain["id"],
        "threshold": DAILIES_THRESHOLD,
        "continuityHeatmap": heatmap,
        "temporalCoherence": {
            "flickerScore": _mean([s["report"]["metrics"].get("flickerScore", 0.0) for s in measured]),
            "motionConsistency": _mean([s["report"]["metrics"].get("motionConsistency", 0.0) for s in measured]),
        },
        "exceptionsLog": [row for row in log(segments, exceptions) if row["state"] != "fixed"],
        "missing": [segment["shotName"] for segment in segments if "report" not in segment],
    }


def log(segments: list[Item], exceptions: Sequence[Item]) -> list[dict[str, Any]]:
    """Entries of the Continuity Exceptions Log in the SOP's shape, in the order of the shots, worst first."""
    order = {segment["id"]: index for index, segment in enumerate(segments)}
    names = {segment["id"]: segment["shotName"] for segment in segments}
    rows = [row for row in exceptions if row["segmentId"] in order]
    rows.sort(key=lambda row: (order[row["segmentId"]], row["severity"] != "high", row["issue"]))
    hidden = ("PK", "SK", "sceneChainId")
    return [
        {"shotId": names[row["segmentId"]], **{name: value for name, value in row.items() if name not in hidden}}
        for row in rows
    ]


def reels(segments: list[Item], exceptions: Sequence[Item]) -> list[Reel]:
    """The chain's takes with the notes of their reviews and what is still open of their exceptions, for export."""
    found: dict[str, list[Marker]] = {}
    for row in exceptions:
        if row["state"] == "open":
            text = f"{row['severity']}, measured {row['value']}"
            marker = Marker(row["frame"], row["frame"], "exception", text, "dailies", row["at"], row["issue"])
            found.setdefault(row["segmentId"], []).append(marker)
    shots = []
    for segment in segments:
        clip = segment.get("clip")
        if not clip:
            continue
        kind, by, at = segment.get("review", "pending"), segment.get("reviewedBy", ""), segment.get("reviewedAt", "")
        markers = found.get(segment["id"], [])
        if segment.get("reviewReason"):
            markers.append(Marker(0, clip["frames"] - 1, kind, segment["reviewReason"], by, at))
        for note in segment.get("reviewNotes", []):
            end = note.get("endFrame", note["frame"])
            drawn = len(note.get("drawings", []))
            markers.append(Marker(note["frame"], end, kind, note["text"], by, at, drawings=drawn))
        shots.append(Reel(segment["shotName"], clip["number"], clip["frames"], tuple(markers)))
    return shots


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def check_notes(segment: Item, notes: Sequence[dict[str, Any]]) -> None:
    """Every note lies inside the take it is about. Raises Invalid with the note's field."""
    frames = segment.get("clip", {}).get("frames", 0)
    for index, note in enumerate(notes):
        for name in ("frame", "endFrame"):
            if note.get(name, 0) >= frames:
                raise Invalid(
                    f"{segment['shotName']} ends with frame {frames - 1}", field=f"notes.{index}.{name}",
                    fix="Count frames of the take from 0.",
                )  # fmt: skip
        if note.get("endFrame", note["frame"]) < note["frame"]:
            raise Invalid(
                "A range ends before it begins",
                field=f"notes.{index}.endFrame",
                fix="Give the last frame of the range.",
            )


def review(
    chain: Item, segment: Item, verdict: Verdict, *, by: str, reason: str = "", notes: list[Any] | None = None
) -> None:
    """Approve a take or send it back. Raises Conflict without footage or when another take came in meanwhile."""
    if not segment.get("clip"):
        raise Conflict(f"{segment['shotName']} has no footage to review", code="FOOTAGE_MISSING", fix="Generate it.")
    clip = segment["clip"]
    said = {
        "review": verdict,
        "reviewedBy": by,
        "reviewedAt": now(),
        "reviewReason": reason,
        "reviewNotes": notes or [],
    }
    write = Update(
        keys.segment(segment["projectId"], chain["id"], segment["id"]),
        set=said,
        add={"rev": 1},
        condition=EXISTS & UNLOCKED & Attr("clip.takeId").eq(clip["takeId"]),
    )
    # The take keeps what was said about it when a newer one takes its place.
    take = keys.take(segment["projectId"], segment["id"], "clip", clip["number"], clip["jobId"])
    kept = Update(take, set=said, condition=EXISTS)
    audit = audit_action(
        segment["projectId"],
        actor=by,
        act=f"dailies.{verdict}",
        segmentId=segment["id"],
        shotName=segment["shotName"],
        takeId=clip["takeId"],
        score=segment.get("score"),
        reason=reason,
    )
    try:
        table().transact([write, kept, audit])
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing is None or standing.get("lockedAt"):
            raise chains.segment_refusal(standing) from refused
        raise Conflict(
            f"{segment['shotName']} has a newer take now", code="TAKE_CHANGED", fix="Watch the new take and review it."
        ) from refused
