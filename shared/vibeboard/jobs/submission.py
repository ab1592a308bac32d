"""Sending a job out, at most once per attempt: a conditional write (the fence), then one call, never retried."""

from boto3.dynamodb.conditions import Attr, ConditionBase

from vibeboard.domain.errors import VibeBoardError
from vibeboard.jobs import clock, engines, settlement
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, Update, table

FUNCTION_SECONDS = 60  # the submit function's hard timeout (template.yaml)
LEASE_SECONDS = 180  # while it lasts the worker may still be alive; longer than its timeout and any two clocks apart
MAX_REFUSALS = 60  # times a provider may say "later" before the job is given up


def held_by(job: Item) -> ConditionBase:
    """True while this very submission attempt is under way: nobody fenced, settled or adopted it since."""
    return Attr("status").eq("SUBMITTING") & Attr("fence").eq(job["fence"]) & Attr("hold").eq("RESERVED")


def submit(project_id: str, job_id: str) -> Item | None:
    """Send one job. Returns it, or None when it is held or somebody else has sent it already."""
    key = keys.job(project_id, job_id)
    fence = Update(
        key,
        set={
            "status": "SUBMITTING",
            "leaseUntil": round(clock.seconds() + LEASE_SECONDS, 3),
            "updatedAt": clock.stamp(),
        },
        add={"fence": 1},
        condition=Attr("status").eq("RESERVED") & Attr("hold").eq("RESERVED") & Attr("held").not_exists(),
    )
    try:
        job = table().write(fence)
    except ConditionFailed:
        return None
    if job["provider"] == engines.OWN:
        engines.to_bench(job)
        return sent(job, engines.Receipt(f"media:{job['jobId']}"))
    try:
        receipt = engines.vendor(job["provider"]).post(job)
    except engines.NotAccepted as later:
        return _not_now(job, later)
    except engines.OutcomeUnknown:
        return job  # stays SUBMITTING: the webhook or the reconciler finds out; nothing is sent again
    except VibeBoardError as refused:  # before or by the provider, and nothing was taken
        error = {"code": refused.code, "message": refused.detail, "fix": refused.fix}
        return settlement.fail(job, error, only_if=held_by(job))
    return sent(job, receipt)


def sent(job: Item, receipt: engines.Receipt) -> Item:
    """Note what the provider answered. An answer that overtook us is left as it is. Returns what stands there."""
    note = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={
            "status": "SUBMITTED",
            "providerRef": receipt.reference,
            "providerLinks": receipt.links,
            "submittedAt": clock.stamp(),
            "updatedAt": clock.stamp(),
        },
        remove=["leaseUntil"],
        condition=held_by(job),
    )
    try:
        return table().write(note)
    except ConditionFailed as moved_on:
        return moved_on.item or job


def _not_now(job: Item, later: engines.NotAccepted) -> Item:
    """Back to the start of the queue; the next submission is an attempt with a webhook address of its own."""
    if job["fence"] > MAX_REFUSALS:
        error = {"code": later.code, "message": later.detail, "fix": "Order it again later."}
        return settlement.fail(job, error, only_if=held_by(job))
    back = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={
            "status": "RESERVED",
            "notBefore": round(clock.seconds() + later.retry_after, 3),
            "updatedAt": clock.stamp(),
        },
        remove=["leaseUntil"],
        condition=held_by(job),
    )
    try:
        return table().write(back)
    except ConditionFailed as moved_on:
        return moved_on.item or job
