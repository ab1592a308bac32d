"""The reconciler: finds what got stuck between two steps and moves it on. Runs each minute; safe to run any time.

It never acts while the worker may be alive (the lease), never frees money whose fate is unknown, and asks each vendor
what became of what was sent. One job that cannot be looked at holds up no other.
"""

from aws_lambda_powertools import Logger
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import BotoCoreError, ClientError

from vibeboard.domain.errors import VibeBoardError
from vibeboard.jobs import answers, cancelling, clock, engines, holding, queues, settlement, submission
from vibeboard.store import keys, objects
from vibeboard.store.table import ConditionFailed, Item, Update, table

RESEND_AFTER_SECONDS = 60  # a job still RESERVED after this lost its submit message
REDO_AFTER_SECONDS = 900  # a job our media function was given this long ago, without a result, is given again
POLL_AFTER_SECONDS = 45  # a vendor is asked about a job at most this often
SKEW_SECONDS = 60  # how far two clocks of ours may be apart
OPEN_JOBS_PER_RUN = 2000
VENDOR_QUESTIONS_PER_RUN = 100

logger = Logger(service="vibeboard")

LOST = {
    "code": "SUBMISSION_LOST",
    "message": "The provider does not know the job: it was never taken",
    "fix": "Order it again.",
}
ASSUMED = {
    "code": "OUTCOME_UNKNOWN",
    "message": "The provider never answered and cannot be asked; the job counts as billed",
    "fix": "Order it again. The amount is corrected if the provider reports after all.",
}


def result_key(job: Item) -> str:
    """Where our media function leaves what it made or fetched, before it reports."""
    return keys.job_object(job["projectId"], job["jobId"], "result.json")


def reconcile(*, resend_after: float = RESEND_AFTER_SECONDS, redo_after: float = REDO_AFTER_SECONDS) -> dict[str, int]:
    """Look at every open batch, then every open job, the longest unlooked-at first. Returns how many moved, by how."""
    moved = dict.fromkeys(("resent", "adopted", "redone", "asked", "assumed", "released", "waiting", "failed"), 0)
    listed = table().query_index(keys.OPEN_JOBS, limit=OPEN_JOBS_PER_RUN)
    for batch in table().query_index(keys.OPEN_BATCHES, limit=OPEN_JOBS_PER_RUN):
        if clock.age(batch["updatedAt"]) >= resend_after:  # its message was lost, or its writer died
            queues.send(queues.SUBMIT, [{"projectId": batch["projectId"], "batchId": batch["batchId"]}])
            moved["resent"] += 1
    deaf: set[str] = set()  # vendors that did not answer once are left in peace until the next run
    _let_go(listed)
    for row in sorted(listed, key=lambda job: str(job.get("polledAt") or job["createdAt"])):
        may_ask = moved["asked"] < VENDOR_QUESTIONS_PER_RUN and row["provider"] not in deaf
        try:
            moved[look_at(row, resend_after, redo_after, may_ask=may_ask)] += 1
        except engines.Unreachable as trouble:
            logger.warning("vendor does not answer", jobId=row["jobId"], error=str(trouble))
            deaf.add(row["provider"])
            moved["failed"] += 1
        except (VibeBoardError, ClientError, BotoCoreError, LookupError) as trouble:
            logger.warning("not reconciled", jobId=row["jobId"], error=str(trouble))
            moved["failed"] += 1
    return moved


def _let_go(listed: list[Item]) -> None:
    """Passes that stepped behind a render go on once nothing of that render is open."""
    first = {job["target"].get("renderId") for job in listed if "held" not in job}
    for job in listed:
        held = str(job.get("held", ""))
        if held.startswith(holding.BEHIND) and held.removeprefix(holding.BEHIND) not in first:
            holding.release([job], held)


def look_at(listed: Item, resend_after: float, redo_after: float, *, may_ask: bool = True) -> str:
    """Move one job on; returns what was done. `listed` may be stale: the job is read again."""
    job = table().get(keys.job(listed["projectId"], listed["jobId"]))
    if job is None:
        return "waiting"
    if job["status"] in settlement.AT_REST:
        settlement.announce(job)
        return "waiting"
    settlement.heartbeat(job)
    if "held" in job:
        return "waiting"
    if job["status"] == "RESERVED":
        return _resend(job, resend_after)
    if job["provider"] == engines.OWN or "answer" in job:
        return _recover_at_bench(job, redo_after)
    if not may_ask:
        return "waiting"
    if job["status"] == "SUBMITTING":
        return _resolve_unknown(job)
    if job.get("cancelAsked"):
        cancelling.carry_out(job)
    return _ask(job)


def _resend(job: Item, resend_after: float) -> str:
    if clock.seconds() < job.get("notBefore", 0) or clock.age(job["updatedAt"]) < resend_after:
        return "waiting"
    queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
    return "resent"


def _lease_is_over(job: Item) -> bool:
    return bool(clock.seconds() > job["leaseUntil"] + SKEW_SECONDS)


def _recover_at_bench(job: Item, redo_after: float) -> str:
    """Our own work costs nothing twice: a finished result is adopted, a lost one is made again."""
    if objects.exists(result_key(job)):
        engines.to_settlement(job)
        return "adopted"
    lost_on_the_way = job["status"] == "SUBMITTING" and _lease_is_over(job)
    if clock.age(job["updatedAt"]) < redo_after and not lost_on_the_way:
        return "waiting"
    free = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"status": "SUBMITTED", "updatedAt": clock.stamp()},
        condition=Attr("status").is_in(["SUBMITTING", "SUBMITTED"]),
    )
    try:
        table().write(free)
    except ConditionFailed:
        return "waiting"
    engines.to_bench(job)
    return "redone"


def _resolve_unknown(job: Item) -> str:
    """The worker went away without saying whether the provider took the job."""
    if not _lease_is_over(job):
        return "waiting"
    provider = engines.vendor(job["provider"])
    if provider.lists and (receipt := provider.find(job)):
        submission.sent(job, receipt)
        return "adopted"
    if clock.seconds() < job["leaseUntil"] + SKEW_SECONDS + provider.horizon:
        return "waiting"
    if provider.lists:
        settlement.fail(job, LOST, only_if=submission.held_by(job))
        return "released"
    settlement.fail(job, ASSUMED, cost=job["amount"], assumed=True, only_if=submission.held_by(job))
    return "assumed"


def _ask(job: Item) -> str:
    if clock.age(job.get("polledAt") or job["updatedAt"]) < POLL_AFTER_SECONDS:
        return "waiting"
    answers.take(job, engines.vendor(job["provider"]).look(job))
    return "asked"
