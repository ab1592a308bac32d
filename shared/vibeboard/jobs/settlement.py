"""Bringing a job to rest: its result, its money and its effect on the film change in one transaction, once.

Late, duplicate and out-of-order reports find the job at rest and change nothing.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from vibeboard.jobs.outcomes import OUTCOMES, on_failure
from vibeboard.store import keys, ledger
from vibeboard.store.audit import log_failure, now
from vibeboard.store.table import Action, Item, Put, TransactionRefused, Update, table

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

AT_REST = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_TOKEN_GONE = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


def succeed(job: Item, result: dict[str, Any], cost: int | None = None) -> Item:
    """Settle at `cost` micro-dollars (the amount held, if the provider named none) and apply the result.

    A bill above the hold is settled at the hold, and an `overrun` entry records the rest.
    """
    billed = job["amount"] if cost is None else cost
    actual = min(billed, job["amount"])
    extra: list[Action] = []
    if billed > actual:
        extra.append(
            ledger.entry_action(
                job["projectId"], "overrun", billed - actual, actor=job["provider"], jobs=[job["jobId"]]
            )
        )
    apply = OUTCOMES[job["operation"]]
    return _resolve(job, "SUCCEEDED", actual, {"result": result}, lambda: [*extra, *apply(job, result)])


def fail(job: Item, error: dict[str, Any], *, cost: int = 0, status: str = "FAILED") -> Item:
    """Bring a job to rest without a result; what was not spent becomes available again. error: {code, message, fix}."""
    rested = _resolve(job, status, min(cost, job["amount"]), {"error": error}, lambda: on_failure(job))
    if rested["status"] == status == "FAILED":
        log_failure(
            job["projectId"],
            trace_id=job.get("traceId", ""),
            service=job["provider"],
            error=error.get("message", "failed"),
            segment_id=job["target"].get("segmentId", ""),
            retry_count=job["attempt"] - 1,
            jobId=job["jobId"],
            code=error.get("code", ""),
        )
    return rested


def _resolve(job: Item, status: str, actual: int, facts: dict[str, Any], effects: Callable[[], list[Action]]) -> Item:
    if job["status"] in AT_REST:
        announce(job)
        return job
    kind = "settle" if status == "SUCCEEDED" else "void"
    rest = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"status": status, "hold": "COMMITTED" if actual else "VOID", "actual": actual, "updatedAt": now()}
        | ({"progress": 100} if status == "SUCCEEDED" else {})
        | facts,
        remove=["GSI1PK", "GSI1SK", "leaseUntil"],
        condition=Attr("hold").eq("RESERVED") & Attr("amount").eq(job["amount"]),
    )
    money: list[Action] = []
    if job["amount"]:
        money = ledger.resolve_actions(job["projectId"], job["user"], job["amount"], actual)
        money.append(
            ledger.entry_action(
                job["projectId"],
                kind,
                actual,
                actor=job["provider"],
                trace_id=job.get("traceId", ""),
                jobs=[job["jobId"]],
                held=job["amount"],
                operation=job["operation"],
                model=job.get("model", ""),
                segmentId=job["target"].get("segmentId", ""),
            )
        )
    try:
        table().transact([rest, *money, *effects()])
    except TransactionRefused as refused:
        if refused.failed[0] and refused.items[0]:  # somebody settled it first
            announce(refused.items[0])
            return refused.items[0]
        if any(refused.failed[1 + len(money) :]):  # the film moved on (a lock): keep the take, do not make it current
            table().transact([rest, *money, *[a for a in effects() if isinstance(a, Put)]])
        else:
            raise
    rested = job | {"status": status, "actual": actual} | facts
    announce(rested)
    return rested


def announce(job: Item) -> None:
    """Tell the waiting state machine, if one waits. A token that is gone was answered before."""
    token = job.get("taskToken")
    if not token or job["status"] not in AT_REST:
        return
    output = {"jobId": job["jobId"], "status": job["status"], "projectId": job["projectId"], "target": job["target"]}
    if job["status"] != "SUCCEEDED":
        output["error"] = {k: str(v)[:300] for k, v in job.get("error", {}).items()}
    try:
        _step_functions().send_task_success(taskToken=token, output=json.dumps(output))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOKEN_GONE:
            raise


def _step_functions() -> "SFNClient":
    return boto3.client("stepfunctions")
