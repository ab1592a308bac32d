"""Shot lock and picture lock (SOP steps 9.5 and 10.5): decided inside the write, with who, when and why."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.gates import GateRefused, enforce, evaluate
from vibeboard.store import chains, keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.chains import PICTURE_OPEN, UNLOCKED
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table

TRIMS = ("trimStart", "trimEnd", "audioTrimStart", "audioTrimEnd")


def set_shot_lock(chain: Item, segment: Item, *, locked: bool, by: str, reason: str = "", trace_id: str = "") -> None:
    """Write the lock with its audit row, and bump the chain's lockRev so that no batch slips past it.

    Raises Conflict without footage, GateRefused when not approved, Invalid for an unlock without a reason.
    """
    if not locked and not reason.strip():
        raise Invalid("Unlocking needs a reason", field="reason", fix="Say why the shot is opened again.")
    if locked and not segment.get("clip"):
        raise Conflict(
            f"{segment['shotName']} has no footage to lock", code="FOOTAGE_MISSING", fix="Generate it first."
        )
    if locked:
        enforce("dailies", {"review": segment.get("review"), "score": segment.get("score")})
    project_id = segment["projectId"]
    condition: Any = EXISTS & (UNLOCKED if locked else Attr("lockedAt").exists())
    if locked:
        condition = condition & Attr("review").eq("approved")
    at = now()
    write = Update(
        keys.segment(project_id, chain["id"], segment["id"]),
        set={"lockedAt": at, "lockedBy": by} if locked else {"unlockedAt": at, "unlockedBy": by},
        remove=[] if locked else ["lockedAt", "lockedBy"],
        add={"rev": 1},
        condition=condition,
    )
    # A locked shot with a picture-locked chain stays: unlocking the shot would change a frozen edit.
    chain_rule = EXISTS if locked else EXISTS & PICTURE_OPEN
    bump = Update(keys.chain(project_id, chain["id"]), add={"lockRev": 1}, condition=chain_rule)
    audit = audit_action(
        project_id,
        actor=by,
        act="shot.lock" if locked else "shot.unlock",
        trace_id=trace_id,
        segmentId=segment["id"],
        shotName=segment["shotName"],
        takeId=segment.get("clip", {}).get("takeId"),
        reason=reason,
    )
    try:
        table().transact([write, bump, audit])
    except TransactionRefused as refused:
        standing = refused.items[0]
        if refused.failed[1]:
            raise chains.picture_refusal(refused.items[1]) from refused
        if standing and bool(standing.get("lockedAt")) == locked:
            return  # already as asked
        raise chains.segment_refusal(standing) if standing is None else _not_approved(standing) from refused


def _not_approved(standing: Item) -> GateRefused:
    return GateRefused(evaluate("dailies", {"review": standing.get("review"), "score": standing.get("score")}))


def set_picture_lock(
    chain: Item, segments: list[Item], *, locked: bool, by: str, reason: str = "", trace_id: str = ""
) -> None:
    """Freeze the edit of a chain whose shots are all locked, or open it again with a reason.

    Raises Conflict naming the shots that are not locked, Invalid for an unlock without a reason.
    """
    if not locked and not reason.strip():
        raise Invalid("Unlocking needs a reason", field="reason", fix="Say why the edit is opened again.")
    loose = [segment["shotName"] for segment in segments if not segment.get("lockedAt")]
    if locked and (loose or not segments):
        raise Conflict(
            f"Not every shot is locked: {', '.join(loose[:10])}" if loose else "The chain has no shots",
            code="SHOTS_NOT_LOCKED",
            fix="Lock the shots first.",
            shots=loose,
        )
    at = now()
    condition: Any = EXISTS & (PICTURE_OPEN if locked else Attr("pictureLockedAt").exists())
    if locked:
        condition = condition & Attr("lockRev").eq(chain.get("lockRev", 0))
    write = Update(
        keys.chain(chain["projectId"], chain["id"]),
        set={"pictureLockedAt": at, "pictureLockedBy": by} if locked else {"pictureUnlockedAt": at},
        remove=[] if locked else ["pictureLockedAt", "pictureLockedBy"],
        add={"rev": 1},
        condition=condition,
    )
    audit = audit_action(
        chain["projectId"],
        actor=by,
        act="picture.lock" if locked else "picture.unlock",
        trace_id=trace_id,
        chainId=chain["id"],
        reason=reason,
        cut=[{"id": segment["id"]} | {name: segment.get(name) for name in TRIMS} for segment in segments],
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing and bool(standing.get("pictureLockedAt")) == locked:
            return  # already as asked
        raise Conflict(
            "A shot was locked or unlocked at this very moment",
            code="LOCKS_CHANGED",
            fix="Read the chain again and repeat.",
        ) from refused
