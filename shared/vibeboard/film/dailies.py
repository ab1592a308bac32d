"""Dailies (SOP step 8.5): the report over a chain, and reviews. A review belongs to the take that was watched."""

from typing import Any, Literal

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict
from vibeboard.domain.gates import DAILIES_THRESHOLD
from vibeboard.store import chains, keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.chains import UNLOCKED
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table

Verdict = Literal["approved", "revise"]


def flagged(segment: Item) -> bool:
    return "score" in segment and segment["score"] < DAILIES_THRESHOLD


def report(chain: Item, segments: list[Item]) -> dict[str, Any]:
    """The SOP's continuity report, keyed by shot name (SC01_SH02), with id, issues and worst frames beside."""
    measured = [segment for segment in segments if "report" in segment]
    heatmap: dict[str, Any] = {}
    log: list[dict[str, Any]] = []
    for segment in measured:
        found = segment["report"]
        row: dict[str, Any] = {
            "score": found["score"],
            "status": found["status"],
            "segmentId": segment["id"],
            "review": segment.get("review", "pending"),
            "takeId": segment["clip"]["takeId"],
        }
        if found["issues"]:
            row["issues"] = [issue["name"] for issue in found["issues"]]
            row["frames"] = {issue["name"]: issue.get("frame", 0) for issue in found["issues"]}
        heatmap[segment["shotName"]] = row
        log += [
            {
                "shotId": segment["shotName"],
                "segmentId": segment["id"],
                "issue": issue["name"],
                "severity": issue["severity"],
                "frame": issue.get("frame", 0),
                "value": issue.get("value", 0),
            }
            for issue in found["issues"]
        ]
    return {
        "sceneChainId": chain["id"],
        "threshold": DAILIES_THRESHOLD,
        "continuityHeatmap": heatmap,
        "temporalCoherence": {
            "flickerScore": _mean([s["report"]["metrics"].get("flickerScore", 0.0) for s in measured]),
            "motionConsistency": _mean([s["report"]["metrics"].get("motionConsistency", 0.0) for s in measured]),
        },
        "exceptionsLog": log,
        "missing": [segment["shotName"] for segment in segments if "report" not in segment],
    }


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def review(
    chain: Item, segment: Item, verdict: Verdict, *, by: str, reason: str = "", notes: list[Any] | None = None
) -> None:
    """Approve a take or send it back. Raises Conflict without footage or when another take came in meanwhile."""
    if not segment.get("clip"):
        raise Conflict(f"{segment['shotName']} has no footage to review", code="FOOTAGE_MISSING", fix="Generate it.")
    write = Update(
        keys.segment(segment["projectId"], chain["id"], segment["id"]),
        set={
            "review": verdict,
            "reviewedBy": by,
            "reviewedAt": now(),
            "reviewReason": reason,
            "reviewNotes": notes or [],
        },
        add={"rev": 1},
        condition=EXISTS & UNLOCKED & Attr("clip.takeId").eq(segment["clip"]["takeId"]),
    )
    audit = audit_action(
        segment["projectId"],
        actor=by,
        act=f"dailies.{verdict}",
        segmentId=segment["id"],
        shotName=segment["shotName"],
        takeId=segment["clip"]["takeId"],
        score=segment.get("score"),
        reason=reason,
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing is None or standing.get("lockedAt"):
            raise chains.segment_refusal(standing) from refused
        raise Conflict(
            f"{segment['shotName']} has a newer take now", code="TAKE_CHANGED", fix="Watch the new take and review it."
        ) from refused
