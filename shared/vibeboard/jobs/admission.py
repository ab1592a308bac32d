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
from vibeboard.store.table import NEW, Action, Check, Item, Put, TransactionRefused, Update, table

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
    """A condition that must hold in the same transaction; `refuse` makes the error from what stood there instead."""

    action: Check | Update
    refuse: Callable[[Item | None], Exception]


def admit(
    project_id: str,
    user: str,
    drafts: Sequence[JobDraft],
    *,
    guards: Sequence[Guard] = (),
    trace_id: str = "",
    dispatch: bool = True,
) -> list[Item]:
    """Reserve the total of all drafts and create their jobs, all or none; then hand them to the submit queue.

    Returns the jobs in the drafts' order; a draft that was admitted before comes back as the job it became.
    Raises GateRefused (contract 409, cap 409, quota 402), a guard's own error, Invalid for more than
    JOBS_PER_TRANSACTION drafts.
    """
    if len(drafts) > JOBS_PER_TRANSACTION:
        raise Invalid(
            f"{len(drafts)} jobs in one request; the limit is {JOBS_PER_TRANSACTION}",
            field="segments",
            fix=f"Send at most {JOBS_PER_TRANSACTION} shots at once.",
        )
    items = [_job_item(project_id, user, draft, trace_id) for draft in drafts]
    known: dict[str, Item] = {}
    while True:
        fresh = [item for item in items if item["jobId"] not in known]
        if not fresh:
            break
        total = sum(item["amount"] for item in fresh)
        actions: list[Action] = [
            *ledger.reserve_actions(project_id, user, total, matrix.billing()),
            ledger.entry_action(
                project_id,
                "reserve",
                total,
                actor=user,
                trace_id=trace_id,
                jobs=[item["jobId"] for item in fresh],
                operation=fresh[0]["operation"],
            ),
            *(guard.action for guard in guards),
            *(Put(item, NEW) for item in fresh),
        ]
        try:
            table().transact(actions)
            break
        except TransactionRefused as refused:
            first_job = len(actions) - len(fresh)
            replayed = [refused.items[first_job + i] for i in range(len(fresh)) if refused.failed[first_job + i]]
            if replayed:
                known |= {item["jobId"]: item for item in replayed if item}
                continue
            for position, guard in enumerate(guards, start=3):
                if refused.failed[position]:
                    raise guard.refuse(refused.items[position]) from refused
            raise (ledger.refusal(refused.failed, refused.items, total, matrix.billing()) or refused) from refused
    created = [item for item in items if item["jobId"] not in known]
    if created and dispatch:
        queues.send(queues.SUBMIT, [{"projectId": project_id, "jobId": item["jobId"]} for item in created])
    return [known.get(item["jobId"], item) for item in items]


def _job_item(project_id: str, user: str, draft: JobDraft, trace_id: str) -> Item:
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
