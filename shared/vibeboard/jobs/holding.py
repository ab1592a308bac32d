"""Keeping a job that has not begun from beginning, and letting it go again: pausing, and what goes first.

A held job keeps its money and its place. Messages that are already under way find it held and do nothing; letting it
go sends a new one.
"""

from collections.abc import Sequence

from boto3.dynamodb.conditions import Attr, ConditionBase

from vibeboard.jobs import clock, engines, queues
from vibeboard.store import keys
from vibeboard.store.table import Item, Update, table

PAUSED = "paused"
BEHIND = "behind "  # and the id of the render that goes first


def hold(jobs: Sequence[Item], why: str) -> int:
    """How many of them are held now. What has begun, or lies with a vendor, goes on."""
    changes = []
    for job in jobs:
        waiting: ConditionBase = Attr("status").eq("RESERVED")
        if job["provider"] == engines.OWN:
            waiting |= Attr("status").eq("SUBMITTED") & Attr("progress").eq(0)
        changes.append(
            Update(
                keys.job(job["projectId"], job["jobId"]),
                set={"held": why, "updatedAt": clock.stamp()},
                condition=waiting & Attr("hold").eq("RESERVED"),
            )
        )
    return len(table().write_each(changes))


def release(jobs: Sequence[Item], why: str = "") -> int:
    """Let them go again and send them on their way; with `why` only those that are held for that."""
    condition = Attr("held").eq(why) if why else Attr("held").exists()
    changes = {
        job["jobId"]: Update(
            keys.job(job["projectId"], job["jobId"]),
            set={"updatedAt": clock.stamp()},
            remove=["held"],
            condition=condition,
        )
        for job in jobs
    }
    written = table().write_each(list(changes.values()))
    free = [job for job in jobs if any(change is changes[job["jobId"]] for change in written)]
    unsent = [job for job in free if job["status"] == "RESERVED"]
    queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"]} for job in unsent])
    for job in free:
        if job["status"] != "RESERVED":
            engines.to_bench(job)
    return len(free)
