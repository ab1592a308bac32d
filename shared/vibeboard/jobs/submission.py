"""Sending a job out, at most once per attempt: a conditional write (the fence), then one call, never retried."""

import time
from typing import Protocol

from boto3.dynamodb.conditions import Attr

from vibeboard.jobs import queues
from vibeboard.store import keys
from vibeboard.store.audit import now
from vibeboard.store.table import ConditionFailed, Item, Update, table

LEASE_SECONDS = 120  # longer than the submit function's timeout: while it lasts, the worker may still be alive


class JobProvider(Protocol):
    """Where jobs go. `submit` makes exactly one call and returns the provider's own id."""

    def submit(self, job: Item) -> str: ...


class OwnEngines:
    """Our media function runs the sandbox engines and FFmpeg; its queue redelivers, and the work is idempotent."""

    def submit(self, job: Item) -> str:
        queues.send(queues.MEDIA, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
        return f"media:{job['jobId']}"


PROVIDERS: dict[str, JobProvider] = {"sandbox": OwnEngines()}


def submit(project_id: str, job_id: str) -> Item | None:
    """Send one job. Returns it, or None when somebody else has sent it already."""
    key = keys.job(project_id, job_id)
    fence = Update(
        key,
        set={"status": "SUBMITTING", "leaseUntil": int(time.time()) + LEASE_SECONDS, "updatedAt": now()},
        condition=Attr("status").eq("RESERVED"),
    )
    try:
        job = table().write(fence)
    except ConditionFailed:
        return None
    reference = PROVIDERS[job["provider"]].submit(job)
    sent = Update(
        key,
        set={"status": "SUBMITTED", "providerRef": reference, "submittedAt": now(), "updatedAt": now()},
        remove=["leaseUntil"],
        condition=Attr("status").eq("SUBMITTING"),
    )
    try:
        return table().write(sent)
    except ConditionFailed as finished:  # the answer overtook us: the job is already at rest
        return finished.item
