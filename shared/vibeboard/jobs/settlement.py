"""Bringing a job to rest: its result, its money and its effect on the film change in one transaction, once.

Late, duplicate and out-of-order reports find the job at rest and change nothing.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from vibeboard.jobs import clock
from vibeboard.jobs.outcomes import OUTCOMES, on_failure
from vibeboard.store import keys, ledger
from vibeboard.store.audit import failure_action
from vibeboard.store.table import Action, ConditionFailed, Item, Put, TransactionRefused, Update, table

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

AT_REST = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_TOKEN_GONE = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_IN_OPEN_INDEX = ("GSI1PK", "GSI1SK")


def succeed(job: Item, result: dict[str, Any], cost: int | None = None) -> Item:
    """Settle at `cost` micro-dollars (the amount held, if the provider named none) and apply the result.

    A bill above the hold is settled at the hold, and an `overrun` entry records the rest.
    """
    apply = OUTCOMES[job["operation"]]
    billed = job["amount"] if cost is None else cost
    return _resolve(job, "SUCCEEDED", billed, {"result": result}, lambda: apply(job, result))


def fail(
    job: Item,
    error: dict[str, Any],
    *,
    cost: int = 0,
    status: str = "FAILED",
    assumed: bool = False,
    only_if: ConditionBase | None = None,
) -> Item:
    """Bring a job to rest without a result, at what it cost; the rest becomes available. error: {code, message, fix}.

    assumed: nobody said what it cost, so `cost` stands until somebody does (`true_up`). only_if: a further condition
    on the job; when it does not hold, nothing changes and the job as it stands is returned.
    """
    facts: dict[str, Any] = {"error": error} | ({"assumed": True} if assumed else {})

    def effects() -> list[Action]:
        return [*on_failure(job, error, min(cost, job["amount"])), *(_logged(job, error) if status == "FAILED" else ())]

    return _resolve(job, status, cost, facts, effects, only_if)


def _logged(job: Item, error: dict[str, Any]) -> list[Action]:
    """The operations log's row, written with the failure or not at all."""
    row = failure_action(
        job["projectId"],
        trace_id=job.get("traceId", ""),
        service=job["provider"],
        error=error.get("message", "failed"),
        segment_id=job["target"].get("segmentId", ""),
        retry_count=job["attempt"] - 1,
        jobId=job["jobId"],
        code=error.get("code", ""),
    )
    return [row]


def true_up(job: Item, billed: int) -> Item:
    """The real bill of a job that was assumed billed: what was recorded too much becomes available again, once."""
    actual = min(billed, job["actual"])
    back = job["actual"] - actual
    settled = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"actual": actual, "updatedAt": clock.stamp()},
        remove=["assumed"],
        condition=Attr("assumed").eq(True),
    )
    entry = _entry(job, "true-up", -back)
    try:
        table().transact([settled, *ledger.give_back_actions(job["projectId"], job["user"], back), entry])
    except TransactionRefused as refused:
        if not refused.failed[0]:
            raise
        return refused.items[0] or job
    return job | {"actual": actual}


def _resolve(
    job: Item,
    status: str,
    billed: int,
    facts: dict[str, Any],
    effects: Callable[[], list[Action]],
    only_if: ConditionBase | None = None,
) -> Item:
    while job["status"] not in AT_REST:
        actual = min(billed, job["amount"])
        waiting = job.get("taskToken")
        unmoved = Attr("hold").eq("RESERVED") & Attr("amount").eq(job["amount"])
        unmoved &= Attr("taskToken").eq(waiting) if waiting else Attr("taskToken").not_exists()
        rest = Update(
            keys.job(job["projectId"], job["jobId"]),
            set={
                "status": status,
                "hold": "COMMITTED" if actual else "VOID",
                "actual": actual,
                "updatedAt": clock.stamp(),
            }
            | ({"progress": 100} if status == "SUCCEEDED" else {})
            | facts,
            # while a state machine waits, the job stays in the index of open jobs until it has been told
            remove=["leaseUntil", "held", *(() if waiting else _IN_OPEN_INDEX)],
            condition=unmoved & only_if if only_if else unmoved,
        )
        money = _money(job, "settle" if status == "SUCCEEDED" else "void", actual, billed)
        changes = effects()
        try:
            table().transact([rest, *money, *changes])
        except TransactionRefused as refused:
            standing = refused.items[0]
            if refused.failed[0] and standing:
                token_came = standing["hold"] == "RESERVED" and standing.get("taskToken") != waiting
                job = standing
                if token_came or job["status"] in AT_REST:
                    continue
                return job  # `only_if` did not hold
            if not any(refused.failed[1 + len(money) :]):
                raise
            # the film moved on (a lock): keep the take, do not make it current
            try:
                table().transact([rest, *money, *[change for change in changes if isinstance(change, Put)]])
            except TransactionRefused as again:
                if not (again.failed[0] and again.items[0]):
                    raise
                job = again.items[0]
                continue
        rested = job | {"status": status, "actual": actual} | facts
        announce(rested)
        return rested
    announce(job)
    return job


def _money(job: Item, kind: str, actual: int, billed: int) -> list[Action]:
    if not job["amount"]:
        return []
    actions = ledger.resolve_actions(job["projectId"], job["user"], job["amount"], actual)
    actions.append(_entry(job, kind, actual))
    if billed > actual:
        actions.append(_entry(job, "overrun", billed - actual))
    return actions


def _entry(job: Item, kind: str, amount: int) -> Put:
    return ledger.entry_action(
        job["projectId"],
        kind,
        amount,
        actor=job["provider"],
        trace_id=job.get("traceId", ""),
        jobs=[job["jobId"]],
        held=job["amount"],
        operation=job["operation"],
        model=job.get("model", ""),
        segmentId=job["target"].get("segmentId", ""),
    )


def announce(job: Item) -> None:
    """Tell the waiting state machine, if one waits, then leave the open index. A token that is gone was answered."""
    token = job.get("taskToken")
    if not token or job["status"] not in AT_REST:
        return
    output = {"jobId": job["jobId"], "status": job["status"], "projectId": job["projectId"], "target": job["target"]}
    if job["status"] != "SUCCEEDED":
        output["error"] = {k: str(v)[:300] for k, v in job.get("error", {}).items()}
    _send(lambda: _step_functions().send_task_success(taskToken=token, output=json.dumps(output)))
    if "GSI1PK" in job:
        told = Update(
            keys.job(job["projectId"], job["jobId"]), remove=_IN_OPEN_INDEX, condition=Attr("taskToken").eq(token)
        )
        try:
            table().write(told)
        except ConditionFailed:
            return  # a newer token came meanwhile, and whoever brought it tells it


def heartbeat(job: Item) -> None:
    """Tell the waiting state machine that the job is alive (a wait may set HeartbeatSeconds)."""
    token = job.get("taskToken")
    if token:
        _send(lambda: _step_functions().send_task_heartbeat(taskToken=token))


def _send(call: Callable[[], Any]) -> None:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOKEN_GONE:
            raise


def _step_functions() -> "SFNClient":
    return boto3.client("stepfunctions")
