"""The messages of the three queues, one at a time: what each asks for, and what is done about it."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger

from vibeboard.domain.errors import NotFound, VibeBoardError
from vibeboard.jobs import answers, batches, cancelling, engines, queues, reconcile, settlement, submission
from vibeboard.jobs.waiting import read_job
from vibeboard.store import objects
from vibeboard.store.table import Item

logger = Logger(service="vibeboard")


def to_submit(body: dict[str, Any]) -> None:
    """{projectId, jobId}: send it out. {jobIds} or {batchId}: spread it out first.

    With `cancelBy`: give it up for that person. With `cancel`: ask the vendor for it back.
    """
    if "batchId" in body:
        batches.fan_out(body["projectId"], body["batchId"])
        return
    if "jobIds" in body:
        rest = {name: value for name, value in body.items() if name != "jobIds"}
        queues.send(queues.SUBMIT, [{**rest, "jobId": job_id} for job_id in body["jobIds"]])
        return
    if "cancelBy" in body:
        job = read_job(body["projectId"], body["jobId"])
        if job["status"] not in settlement.AT_REST:
            cancelling.cancel(job, body["cancelBy"])
        return
    if body.get("cancel"):
        cancelling.carry_out(read_job(body["projectId"], body["jobId"]))
        return
    submission.submit(body["projectId"], body["jobId"])


def to_make(body: dict[str, Any], make: Callable[[Item], dict[str, Any]]) -> None:
    """{projectId, jobId}: do it (or fetch it), leave the result in S3, report. A finished result is only reported."""
    job = read_job(body["projectId"], body["jobId"])
    if job["status"] in settlement.AT_REST or "held" in job:
        return
    report: dict[str, Any] = {}
    if not objects.exists(reconcile.result_key(job)):
        try:
            objects.write_json(reconcile.result_key(job), {"result": make(job)})
        except engines.Unfinished:
            engines.to_bench(job)
            return
        except VibeBoardError as refused:  # the engine says why; it would say so again
            logger.warning("job failed", jobId=job["jobId"], code=refused.code, detail=refused.detail)
            report["error"] = {"code": refused.code, "message": refused.detail, "fix": refused.fix}
    engines.to_settlement(job, **report)


def to_settle(body: dict[str, Any]) -> None:
    """{projectId, jobId}: settle what the media function left. With `delivery`: take in a stored webhook."""
    job = read_job(body["projectId"], body["jobId"])
    if "delivery" in body:
        _delivery(job, body)
        return
    if "error" in body:
        settlement.fail(job, body["error"], cost=job.get("billed", 0))
        return
    try:
        outcome = objects.read_json(reconcile.result_key(job))
    except NotFound:
        logger.warning("settle without a result", jobId=job["jobId"])
        return
    settlement.succeed(job, outcome["result"], job.get("billed"))


def _delivery(job: Item, body: dict[str, Any]) -> None:
    if not answers.belongs(job, body["attempt"], body["reference"]):
        logger.warning("webhook of another submission", jobId=job["jobId"], reference=body["reference"])
        return
    provider = engines.vendor(job["provider"])
    answers.take(job, provider.read(job, objects.read_json(body["delivery"])))
