"""Keeping a job that has not begun from beginning, and letting it go again: pausing, and what goes first.

A held job keeps its money and its place. Messages that are already under way find it held and do nothing; letting it
go sends a new one.
"""

from boto3.dynamodb.conditions import Attr, ConditionBase

from vibeboard.jobs import clock, engines, queues
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, Update, table

PAUSED = "paused"
BEHIND = "behind "  # and the id of the render that goes first


def hold(job: Item, why: str) -> bool:
    """True when it is held now. What has begun, or lies with a vendor, goes on."""
    waiting: ConditionBase = Attr("status").eq("RESERVED")
    if job["provider"] == engines.OWN:
        waiting |= Attr("status").eq("SUBMITTED") & Attr("progress").eq(0)
    change = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"held": why, "updatedAt": clock.stamp()},
        condition=waiting & Attr("hold").eq("RESERVED"),
    )
    return _written(change)


def release(job: Item, why: str = "") -> bool:
    """Let it go again and send it on its way; with `why` only when it is held for that."""
    condition = Attr("held").eq(why) if why else Attr("held").exists()
    key = keys.job(job["projectId"], job["jobId"])
    if not _written(Update(key, set={"updatedAt": clock.stamp()}, remove=["held"], condition=condition)):
        return False
    if job["status"] == "RESERVED":
        queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
    else:
        engines.to_bench(job)
    return True


def _written(change: Update) -> bool:
    try:
        table().write(change)
    except ConditionFailed:
        return False
    return True
