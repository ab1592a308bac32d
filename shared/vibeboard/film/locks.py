"""Shot lock and picture lock (SOP steps 9.5 and 10.5): decided inside the write, with who, when and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Invalid, VibeBoardError
from vibeboard.domain.gates import GateRefused, enforce, evaluate
from vibeboard.film import editing
from vibeboard.jobs.settlement import AT_REST
from vibeboard.store import chains, keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.chains import PICTURE_OPEN, UNLOCKED
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table

TRIMS = ("trimStart", "trimEnd", "audioTrimStart", "audioTrimEnd")
EXPORT_STARTS_SECONDS = 120  # between an export's row and its job; after that a row without a job is a failed start


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
        # The take that was read, and no other: its approval is another's.
        condition = condition & Attr("review").eq("approved") & Attr("clip").eq(segment["clip"])
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
        raise _not_lockable(standing) from refused


def _not_lockable(standing: Item | None) -> VibeBoardError:
    if standing is None:
        return chains.segment_refusal(standing)
    decision = evaluate("dailies", {"review": standing.get("review"), "score": standing.get("score")})
    if not decision.allowed:
        return GateRefused(decision)
    return Conflict("Another take came in at this very moment", code="LOCKS_CHANGED", fix="Look at it, then lock it.")


def set_picture_lock(
    chain: Item, segments: list[Item], *, locked: bool, by: str, reason: str = "", trace_id: str = ""
) -> None:
    """Freeze the edit of a chain whose shots are all locked, or open it again with a reason.

    The lock holds for exactly the cut and shots that were read: an edit, a new shot or a lock in between refuses it.
    Raises Conflict naming the shots that are not locked, or the export that still reads the cut; Invalid for an unlock
    without a reason.
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
    if "cutting" in chain:
        editing.finish(chain)
        raise _changed()  # what was read was half an edit
    at = now()
    condition = _frozen_as_read(chain) if locked else _opened_as_read(chain)
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
        cutRevision=chain.get("cutRev", 0),
        cut=[{"id": segment["id"]} | {name: segment.get(name) for name in TRIMS} for segment in segments],
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing and bool(standing.get("pictureLockedAt")) == locked:
            return  # already as asked
        raise _changed() from refused


def _changed() -> Conflict:
    return Conflict(
        "A shot or the cut was changed, or an export was started, at this very moment",
        code="LOCKS_CHANGED",
        fix="Read the chain again and repeat.",
    )


def _frozen_as_read(chain: Item) -> Any:
    unmoved = Attr("lockRev").eq(chain.get("lockRev", 0)) & as_read(chain, "cutRev") & Attr("cutting").not_exists()
    return EXISTS & PICTURE_OPEN & unmoved


def _opened_as_read(chain: Item) -> Any:
    """Raises Conflict while an export reads the cut; else the condition that none was started since."""
    export = _running_export(chain)
    if export:
        raise Conflict(
            f"Export {export['exportId']} is being made of this cut",
            code="EXPORT_RUNNING",
            fix="Wait for it, or cancel its job; then unlock.",
            exportId=export["exportId"],
        )
    return EXISTS & Attr("pictureLockedAt").exists() & as_read(chain, "lastExport")


def as_read(chain: Item, name: str) -> Any:
    """The condition that a field still is what it was when the chain was read."""
    return Attr(name).eq(chain[name]) if name in chain else Attr(name).not_exists()


def export_guard(chain: Item, export_id: str) -> Update:
    """The write that ties an export to a locked cut: refused when the picture was opened, or the cut changed, since."""
    locked = Attr("pictureLockedAt").exists() & Attr("lockRev").eq(chain.get("lockRev", 0)) & as_read(chain, "cutRev")
    return Update(keys.chain(chain["projectId"], chain["id"]), set={"lastExport": export_id}, condition=EXISTS & locked)


def _running_export(chain: Item) -> Item | None:
    """The export that still reads this chain's cut; one whose job has come to rest, or never came to be, does not."""
    if "lastExport" not in chain:
        return None
    export = table().get(keys.export(chain["projectId"], chain["lastExport"]))
    if export is None or export["status"] != "running":
        return None
    jobs = [
        job
        for job in table().query(f"PROJECT#{chain['projectId']}", "JOB#")
        if job["target"].get("exportId") == export["exportId"]
    ]
    if jobs:
        return export if any(job["status"] not in AT_REST for job in jobs) else None
    age = datetime.now(UTC) - datetime.fromisoformat(export["createdAt"])
    return export if age < timedelta(seconds=EXPORT_STARTS_SECONDS) else None
