"""What comes back from a vendor, by webhook or by poll, in any order and any number of times."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.jobs import clock, engines, settlement
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, Update, table

LOST = {
    "code": "RESULT_LOST",
    "message": "The provider no longer knows the job; it counts as billed",
    "fix": "Order it again. Compare the statement with the provider's bill.",
}


def belongs(job: Item, attempt: int, reference: str) -> bool:
    """Whether a report names this job's submission. One whose answer was lost is known by its attempt alone."""
    if not reference or attempt != job.get("fence"):
        return False
    return bool(job.get("providerRef", reference) == reference)


def take(job: Item, answer: engines.Answer) -> Item:
    """Take an answer in. A result goes to the media function, which copies it; a failure settles at its cost."""
    if job["status"] in settlement.AT_REST:
        return _after_rest(job, answer)
    if answer.state == "running":
        return _note_progress(job, answer)
    billed = job["amount"] if answer.billed is None else answer.billed
    if answer.state == "gone":
        return settlement.fail(job, LOST, cost=billed, assumed=True)
    if answer.state == "failed":
        status = "CANCELLED" if job.get("cancelAsked") else "FAILED"
        return settlement.fail(job, answer.error or {}, cost=billed, status=status)
    return _keep(job, answer, billed)


def _keep(job: Item, answer: engines.Answer, billed: int) -> Item:
    facts: dict[str, Any] = {"answer": answer.output or {}, "billed": billed, "answeredAt": clock.stamp()}
    if answer.reference:
        facts["providerRef"] = answer.reference
    keep = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"status": "SUBMITTED", "updatedAt": clock.stamp(), **facts},
        remove=["leaseUntil"],
        condition=Attr("hold").eq("RESERVED") & Attr("fence").eq(job["fence"]) & Attr("answer").not_exists(),
    )
    try:
        job = table().write(keep)
    except ConditionFailed as known:
        if known.item is None or "answer" not in known.item or known.item["status"] in settlement.AT_REST:
            return known.item or job
        job = known.item
    engines.to_bench(job)
    return job


def _after_rest(job: Item, answer: engines.Answer) -> Item:
    if job.get("assumed") and answer.state in ("succeeded", "failed") and answer.billed is not None:
        return settlement.true_up(job, answer.billed)
    settlement.announce(job)
    return job


def _note_progress(job: Item, answer: engines.Answer) -> Item:
    """Progress only: a late "in progress" never touches a job that is done."""
    note = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"polledAt": clock.stamp()} | ({} if answer.progress is None else {"progress": answer.progress}),
        condition=Attr("status").eq("SUBMITTED") & Attr("answer").not_exists(),
    )
    try:
        return table().write(note)
    except ConditionFailed as moved_on:
        return moved_on.item or job
