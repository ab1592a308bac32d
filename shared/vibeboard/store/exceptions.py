"""The Continuity Exceptions Log (SOP step 8.5): one entry a shot and issue, with a life.

open -> accepted (a reviewer lives with it) -> open again; open or accepted -> fixed, by the take that no longer has
it; fixed -> open, by a take that has it again.
"""

from collections.abc import Sequence
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.store import keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, Action, Item, TransactionRefused, Update, table

Decision = Literal["open", "accepted"]

_DECIDED = ("decidedBy", "decidedAt", "reason")
_FIXED = ("fixedByTake", "fixedByNumber", "fixedAt")


def of_project(project_id: str, chain_id: str = "") -> list[Item]:
    """Entries of a project, or of one of its chains, by shot and issue."""
    rows = table().query(f"PROJECT#{project_id}", "EXCEPTION#")
    return [row for row in rows if not chain_id or row["sceneChainId"] == chain_id]


def measured(
    project_id: str, target: dict[str, str], take_id: str, number: int, issues: Sequence[dict[str, Any]]
) -> list[Action]:
    """What a new take's measurement changes in the log: its issues are open, entries it no longer has are fixed."""
    segment_id = target["segmentId"]
    standing = {row["issue"]: row for row in table().query(f"PROJECT#{project_id}", f"EXCEPTION#{segment_id}#")}
    found = {issue["name"]: issue for issue in issues}
    changes: list[Action] = []
    for name, issue in found.items():
        before = standing.get(name, {})
        changes.append(
            Update(
                keys.exception(project_id, segment_id, name),
                set={
                    "segmentId": segment_id,
                    "sceneChainId": target["chainId"],
                    "issue": name,
                    "severity": issue["severity"],
                    "frame": issue.get("frame", 0),
                    "value": issue.get("value", 0),
                    "takeId": take_id,
                    "take": number,
                    "takes": before.get("takes", 0) + 1,
                    "firstTake": before.get("firstTake", number),
                    "state": "open",
                    "at": now(),
                },
                remove=[*_DECIDED, *_FIXED],
            )
        )
    for name, row in standing.items():
        if name not in found and row["state"] != "fixed":
            fixed = {"state": "fixed", "fixedByTake": take_id, "fixedByNumber": number, "fixedAt": now()}
            changes.append(Update(keys.exception(project_id, segment_id, name), set=fixed, condition=EXISTS))
    return changes


def decide(project_id: str, segment: Item, issue: str, state: Decision, *, by: str, reason: str) -> Item:
    """Accept an exception, or open it again. Raises NotFound, and Conflict for one that a take has fixed."""
    key = keys.exception(project_id, segment["id"], issue)
    entry = table().get(key)
    if entry is None or entry["sceneChainId"] != segment["sceneChainId"]:
        raise NotFound(f"{segment['shotName']} has no exception {issue}", fix="List the chain's exceptions.")
    change = {"state": state, "decidedBy": by, "decidedAt": now(), "reason": reason}
    same = Attr("takeId").eq(entry["takeId"]) & Attr("state").is_in(["open", "accepted"])
    audit = audit_action(
        project_id,
        actor=by,
        act=f"exception.{state}",
        segmentId=segment["id"],
        shotName=segment["shotName"],
        issue=issue,
        takeId=entry["takeId"],
        reason=reason,
    )
    try:
        table().transact([Update(key, set=change, condition=EXISTS & same), audit])
    except TransactionRefused as refused:
        raise Conflict(
            f"{issue} of {segment['shotName']} is fixed, or of a newer take now",
            code="EXCEPTION_CHANGED",
            fix="Read the exceptions log again.",
        ) from refused
    return entry | change
