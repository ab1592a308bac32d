"""Letting paid work in: one transaction holds the money, proves the gates and creates the jobs, or changes nothing.

A job's id is derived from project, target, operation, attempt and input, so the same request twice is the same job.
The hold lives in the job's item: 58 shots are 58 jobs, 2 counters, 1 entry and 1 lock check, 62 of 100 actions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.domain.ids import child_id, digest
from vibeboard.domain.pricing import price
from vibeboard.jobs import clock, queues
from vibeboard.providers import matrix
from vibeboard.store import keys, ledger
from vibeboard.store.table import NEW, Action, Item, Put, TransactionRefused, table

JOBS_PER_TRANSACTION = 90  # of DynamoDB's 100 actions; the rest are counters, entry and guards


@dataclass(frozen=True)
class JobDraft:
    """One piece of work to admit.

    target: what it changes, e.g. {chainId, segmentId, which}. input: what the engine needs (JSON, S3 keys, no media).
    price_facts: what `pricing.price` needs. attempt counts takes of the same target. provider: who does it; by default
    whom the settings name for the operation (`providers.matrix`).
    """

    operation: str
    target: dict[str, Any]
    input: dict[str, Any]
    price_facts: dict[str, Any] = field(default_factory=dict)
    attempt: int = 1
    model: str = ""
    provider: str = ""

    def job_id(self, project_id: str) -> str:
        return child_id(
            "job", project_id, digest([self.target, self.operation, self.attempt, self.input, self.model], 24)
        )

    @property
    def amount(self) -> int:
        """Micro-dollars to hold: the most this can cost."""
        return price(self.operation, {"model": self.model, **self.price_facts})


@dataclass(frozen=True)
class Guard:
    """A write that must be possible in the same transaction; `refuse` makes the error from what stood there instead."""

    action: Action
    refuse: Callable[[Item | None], Exception]


Proof = Callable[
    [list[Item]], Sequence[Guard]
]  # guards that depend on the jobs: who asked, and the answer that is kept


def admit(
    project_id: str,
    user: str,
    drafts: Sequence[JobDraft],
    *,
    guards: Sequence[Guard] = (),
    proof: Proof | None = None,
    trace_id: str = "",
    hand_out: bool = True,
) -> list[Item]:
    """Reserve the total of all drafts and create their jobs, all or none; then hand them to the submit queue, unless
    whoever orders them carries them out at once (`hand_out`).

    Returns the jobs in the drafts' order; a draft that was admitted before comes back as the job it became. `proof`
    goes before everything else: when it fails, nobody learns what else would have.
    Raises the proof's error, a guard's own error, GateRefused (contract 409, cap 409, quota 402), Invalid for more
    than JOBS_PER_TRANSACTION drafts.
    """
    too_many(drafts, JOBS_PER_TRANSACTION)
    items = [job_item(project_id, user, draft, trace_id) for draft in drafts]
    known: dict[str, Item] = {}
    while True:
        jobs = [known.get(item["jobId"], item) for item in items]
        fresh = [item for item in items if item["jobId"] not in known]
        first = list(proof(jobs)) if proof else []
        every = [*first, *guards]
        total = sum(item["amount"] for item in fresh)
        money = reservation(project_id, user, total, fresh, trace_id) if fresh else []
        actions = [*(guard.action for guard in every), *money, *(Put(item, NEW) for item in fresh)]
        if not actions:
            return jobs
        try:
            table().transact(actions)
            break
        except TransactionRefused as refused:
            raise_first(first, refused)
            at = len(every) + len(money)
            replayed = [refused.items[at + i] for i in range(len(fresh)) if refused.failed[at + i]]
            if replayed:
                known |= {item["jobId"]: item for item in replayed if item}
                continue
            raise explained(every, refused, total) from refused
    if hand_out:
        dispatch(project_id, [item["jobId"] for item in fresh])
    return jobs


def too_many(drafts: Sequence[JobDraft], limit: int) -> None:
    """Raises Invalid above the limit."""
    if len(drafts) > limit:
        raise Invalid(
            f"{len(drafts)} jobs in one request; the limit is {limit}",
            field="segments",
            fix=f"Send at most {limit} shots at once.",
        )


def reservation(
    project_id: str, user: str, total: int, items: Sequence[Item], trace_id: str, **facts: Any
) -> list[Action]:
    """Two counters and the entry that says why; `explained` reads a refusal by this order."""
    facts = facts or {"jobs": [item["jobId"] for item in items]}
    entry = ledger.entry_action(
        project_id, "reserve", total, actor=user, trace_id=trace_id, operation=items[0]["operation"], **facts
    )
    return [*ledger.reserve_actions(project_id, user, total, matrix.billing()), entry]


def raise_first(guards: Sequence[Guard], refused: TransactionRefused) -> None:
    """The error of the first guard that failed, if one did."""
    for position, guard in enumerate(guards):
        if refused.failed[position]:
            raise guard.refuse(refused.items[position]) from refused


def explained(guards: Sequence[Guard], refused: TransactionRefused, total: int) -> Exception:
    """Why a transaction of guards, then `reservation`, was refused."""
    raise_first(guards, refused)
    at = len(guards)
    return ledger.refusal(refused.failed[at:], refused.items[at:], total, matrix.billing()) or refused


def dispatch(project_id: str, job_ids: Sequence[str]) -> None:
    """Tell the submit queue in one call; more than SQS takes at once go as one message, which the queue's consumer
    spreads out after the answer."""
    if len(job_ids) > queues.MESSAGES_PER_CALL:
        queues.send(queues.SUBMIT, [{"projectId": project_id, "jobIds": list(job_ids)}])
    else:
        queues.send(queues.SUBMIT, [{"projectId": project_id, "jobId": job_id} for job_id in job_ids])


def job_item(project_id: str, user: str, draft: JobDraft, trace_id: str) -> Item:
    """A new job with its hold, in the index of open jobs."""
    job_id, at = draft.job_id(project_id), clock.stamp()
    provider = draft.provider or matrix.provider_of(draft.operation)
    return {
        **keys.job(project_id, job_id),
        "GSI1PK": keys.OPEN_JOBS,
        "GSI1SK": at,
        "jobId": job_id,
        "projectId": project_id,
        "operation": draft.operation,
        "provider": provider,
        "model": draft.model,
        "target": draft.target,
        "input": draft.input,
        "attempt": draft.attempt,
        "amount": 0 if matrix.is_free(provider) else draft.amount,
        "fence": 0,
        "hold": "RESERVED",
        "status": "RESERVED",
        "progress": 0,
        "user": user,
        "traceId": trace_id,
        "createdAt": at,
        "updatedAt": at,
    }
