"""Words as paid work: ordered like any job, then written at the desk by exactly one call.

A sandbox job is written at once, by whoever ordered it. A vendor's may take minutes: a request hands it to the submit
queue, which brings it to the desk; a state machine's task has the time and writes it itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Busy, Conflict, VibeBoardError
from vibeboard.domain.pricing import MIN_BYTES_PER_TOKEN, TEXT_MODELS, tokens_of
from vibeboard.jobs import clock, engines, queues, settlement
from vibeboard.jobs.admission import JobDraft, Proof, admit
from vibeboard.jobs.outcomes import OUTCOMES
from vibeboard.providers import settings
from vibeboard.providers.words import Ask, WordsFailed
from vibeboard.store import keys
from vibeboard.store.table import ConditionFailed, Item, TransactionRefused, Update, table

MODEL_SETTING = {"story.outline": "WRITER_MODEL", "story.breakdown": "BREAKDOWN_MODEL"}
GIVEN_UP = ("FAILED", "CANCELLED")  # such a job is not asked again; the same order is another attempt
KEEP_ATTEMPTS = 5  # two outlines finished at once each get a version of their own

Make = Callable[[Item], tuple[dict[str, Any], int]]


def model_of(operation: str) -> str:
    """The text model an operation is ordered from. Raises Conflict MODEL_UNPRICED for one without a price."""
    model = settings.get(MODEL_SETTING[operation])
    if model not in TEXT_MODELS:
        raise Conflict(
            f"{model} has no price, so no money can be held for it",
            code="MODEL_UNPRICED",
            fix=f"Set {MODEL_SETTING[operation]} to one of {', '.join(TEXT_MODELS)}.",
        )
    return model


def order(
    project_id: str,
    payer: str,
    operation: str,
    asks: Sequence[Ask],
    what: dict[str, Any],
    trace_id: str = "",
    proof: Proof | None = None,
) -> Item:
    """Reserve the most the answer may cost and create the job. The same order again is the same job, unless it failed.
    proof: as in `admit`.

    Raises GateRefused (contract, cap, quota), Conflict ENGINE_MISSING or MODEL_UNPRICED.
    """
    held = {
        "sent": sum(tokens_of(ask.text, MIN_BYTES_PER_TOKEN) for ask in asks),
        "written": sum(ask.max_tokens for ask in asks),
    }
    for attempt in range(1, 1_000):
        draft = JobDraft(operation, {"step": asks[0].name}, what, held, attempt, model_of(operation))
        alive = (lambda jobs: () if jobs[0]["status"] in GIVEN_UP else proof(jobs)) if proof else None
        job = admit(project_id, payer, [draft], proof=alive, trace_id=trace_id, hand_out=False)[0]
        if job["status"] not in GIVEN_UP:
            return job
    raise Busy("This has failed a thousand times", fix="Change what you ask for.")


def is_quick(job: Item) -> bool:
    """True when nobody has to be waited for."""
    return job["provider"] == engines.OWN or job["status"] in settlement.AT_REST


def send(job: Item) -> Item:
    """Hand an order on; the answer comes with the job."""
    queues.send(queues.SUBMIT, [{"projectId": job["projectId"], "jobId": job["jobId"]}])
    return job


def carry_out(job: Item, make: Make) -> Item:
    """Write, settle and take the work in, in one transaction. What was paid before is taken in again for nothing.

    make: (result with its `model`, cost in micro-dollars). Raises what `make` raised, after the job has settled.
    """
    if job["status"] == "SUCCEEDED":
        return _take_in(lambda: _again(job))
    if job["provider"] != engines.OWN:
        job = _called(job)
    if job["status"] in settlement.AT_REST:
        return job
    try:
        result, cost = make(job)
    except Busy:
        raise
    except VibeBoardError as fault:
        unknown = isinstance(fault, WordsFailed) and fault.unknown
        usage = fault.usage if isinstance(fault, WordsFailed) else None
        cost = job["amount"] if unknown else usage.cost(job["model"]) if usage else 0
        error = {"code": fault.code, "message": fault.detail, "fix": fault.fix}
        settlement.fail(job, error, cost=cost, assumed=unknown)
        raise
    return _take_in(lambda: settlement.succeed(job, result, cost))


def _again(job: Item) -> Item:
    """What a settled job made, put into the film once more."""
    table().transact(OUTCOMES[job["operation"]](job, job["result"]))
    return job


def _take_in(write: Callable[[], Item]) -> Item:
    for _ in range(KEEP_ATTEMPTS):
        try:
            return write()
        except TransactionRefused:
            continue
    raise Busy("Several people are writing at once", fix="Try again.")


def _called(job: Item) -> Item:
    """The fence: only who sets `calledAt` may call the vendor. Raises Busy while another call is under way."""
    fence = Update(
        keys.job(job["projectId"], job["jobId"]),
        set={"status": "SUBMITTED", "calledAt": clock.stamp(), "updatedAt": clock.stamp()},
        remove=["leaseUntil"],
        condition=Attr("hold").eq("RESERVED") & Attr("calledAt").not_exists(),
    )
    try:
        return table().write(fence)
    except ConditionFailed as taken:
        standing = taken.item or job
        if standing["status"] in settlement.AT_REST:
            return standing
        raise Busy("This is being written right now", fix="Look at the job again in a minute.") from taken
