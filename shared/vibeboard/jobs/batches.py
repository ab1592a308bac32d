"""Batches of any size up to BATCH_JOBS: the money of all is decided once, the jobs are written behind the answer.

What fits one transaction is admitted there (`admission.admit`). More is one batch item with the whole hold, in one
small transaction; its drafts lie in S3, and the submit queue's consumer turns them into jobs, chunk by chunk. A chunk
is a transaction that moves its share of the hold from the batch into the jobs, so at any moment reserved = holds of
jobs + holds of open batches (docs/decisions/0035).
"""

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import NotFound
from vibeboard.domain.ids import child_id, digest
from vibeboard.jobs import clock, queues
from vibeboard.jobs.admission import (
    JOBS_PER_TRANSACTION,
    Guard,
    JobDraft,
    Proof,
    admit,
    explained,
    job_item,
    raise_first,
    reservation,
    too_many,
)
from vibeboard.store import keys, ledger, objects
from vibeboard.store.audit import failure_action
from vibeboard.store.table import NEW, Action, Item, Put, TransactionRefused, Update, table

BATCH_JOBS = 1000  # jobs one request may order
OPEN, DONE, VOID = "OPEN", "DONE", "VOID"
_OWN_OF_ADMISSION = ("createdAt", "updatedAt", "GSI1SK", "traceId")  # differ from one try of the same order to the next


def admit_batch(
    project_id: str,
    user: str,
    drafts: Sequence[JobDraft],
    *,
    guards: Sequence[Guard] = (),
    proof: Proof | None = None,
    trace_id: str = "",
) -> list[Item]:
    """As `admit`, for up to BATCH_JOBS drafts: all or none, and the same order twice is the same batch.

    The jobs of a large batch carry its `batchId` and may not be in the table yet when this returns.
    """
    if len(drafts) <= JOBS_PER_TRANSACTION:
        return admit(project_id, user, drafts, guards=guards, proof=proof, trace_id=trace_id)
    too_many(drafts, BATCH_JOBS)
    items = list({item["jobId"]: item for item in (job_item(project_id, user, d, trace_id) for d in drafts)}.values())
    batch_id = child_id("bat", project_id, digest([item["jobId"] for item in items], 24))
    items = [item | {"batchId": batch_id} for item in items]
    timeless = [{name: value for name, value in item.items() if name not in _OWN_OF_ADMISSION} for item in items]
    drafted = keys.batch_object(project_id, batch_id, f"{digest(timeless, 24)}.json")
    objects.write_json(drafted, timeless)
    total = sum(item["amount"] for item in items)
    at = items[0]["createdAt"]
    batch: Item = {
        **keys.batch(project_id, batch_id),
        "GSI1PK": keys.OPEN_BATCHES,
        "GSI1SK": at,
        "batchId": batch_id,
        "projectId": project_id,
        "state": OPEN,
        "drafts": drafted,
        "count": len(items),
        "written": 0,
        "amount": total,
        "hold": total,
        "user": user,
        "traceId": trace_id,
        "createdAt": at,
        "updatedAt": at,
    }
    first = list(proof(items)) if proof else []
    every = [*first, *guards]
    money = reservation(project_id, user, total, items, trace_id, batchId=batch_id, jobCount=len(items))
    create = Put(batch, NEW | Attr("state").eq(VOID))
    try:
        table().transact([*(guard.action for guard in every), *money, create])
    except TransactionRefused as refused:
        raise_first(first, refused)
        if refused.failed[-1]:
            return items  # this very order was admitted before
        raise explained(every, refused, total) from refused
    queues.send(queues.SUBMIT, [{"projectId": project_id, "batchId": batch_id}])
    return items


def fan_out(project_id: str, batch_id: str) -> None:
    """Write the jobs of an open batch that are still to write, and hand them on. Any number may do this at once."""
    batch = table().get(keys.batch(project_id, batch_id))
    if batch is None or batch["state"] != OPEN:
        return
    try:
        drafts = objects.read_json(batch["drafts"])
    except NotFound:
        _release(batch)
        return
    while batch["state"] == OPEN:
        batch = _write_some(batch, drafts[batch["written"] : batch["written"] + JOBS_PER_TRANSACTION])


def _write_some(batch: Item, drafts: list[Item]) -> Item:
    """One chunk: its share of the hold leaves the batch and arrives in the jobs; what was a job before is given back.

    Returns the batch as it stands afterwards, whoever moved it.
    """
    at = clock.stamp()
    own = {"createdAt": batch["createdAt"], "updatedAt": at, "GSI1SK": at, "traceId": batch["traceId"]}
    jobs = [draft | own for draft in drafts]
    written = batch["written"] + len(jobs)
    state = DONE if written >= batch["count"] else OPEN
    share = sum(job["amount"] for job in jobs)
    move = Update(
        keys.batch(batch["projectId"], batch["batchId"]),
        set={"written": written, "state": state, "updatedAt": at},
        add={"hold": -share},
        remove=["GSI1PK", "GSI1SK"] if state == DONE else [],
        condition=Attr("state").eq(OPEN) & Attr("written").eq(batch["written"]) & Attr("hold").gte(share),
    )
    known: set[str] = set()
    while True:
        fresh = [job for job in jobs if job["jobId"] not in known]
        back = share - sum(job["amount"] for job in fresh)
        actions = [move, *(Put(job, NEW) for job in fresh), *_give_back(batch, back)]
        try:
            table().transact(actions)
            break
        except TransactionRefused as refused:
            if refused.failed[0]:
                return refused.items[0] or batch | {"state": VOID}
            twice = {job["jobId"] for job, failed in zip(fresh, refused.failed[1:], strict=False) if failed}
            if not twice:
                raise
            known |= twice
    queues.send(queues.SUBMIT, [{"projectId": batch["projectId"], "jobId": job["jobId"]} for job in fresh])
    return batch | {"written": written, "state": state, "hold": batch["hold"] - share}


def _give_back(batch: Item, amount: int) -> list[Action]:
    if not amount:
        return []
    facts: dict[str, Any] = {"batchId": batch["batchId"], "held": amount}
    entry = ledger.entry_action(batch["projectId"], "void", 0, actor=batch["user"], trace_id=batch["traceId"], **facts)
    return [*ledger.resolve_actions(batch["projectId"], batch["user"], amount, 0), entry]


def _release(batch: Item) -> None:
    """Nobody knows any more what was to be made: what is still held is free again, and the log says so."""
    gone = Update(
        keys.batch(batch["projectId"], batch["batchId"]),
        set={"state": VOID, "hold": 0, "updatedAt": clock.stamp()},
        remove=["GSI1PK", "GSI1SK"],
        condition=Attr("state").eq(OPEN) & Attr("written").eq(batch["written"]),
    )
    lost = failure_action(
        batch["projectId"],
        trace_id=batch["traceId"],
        service="batch",
        error=f"The drafts of {batch['batchId']} are gone; {batch['count'] - batch['written']} jobs were not made",
    )
    try:
        table().transact([gone, lost, *_give_back(batch, batch["hold"])])
    except TransactionRefused as refused:
        if not refused.failed[0]:
            raise  # else somebody moved it on
