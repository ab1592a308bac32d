"""The port to whoever does the work, vendor or our own house, and what each of its calls may mean.

A submission has three ends: accepted (a receipt), surely not accepted (`NotAccepted`, `Rejected`), or unknown
(`OutcomeUnknown`). Only the second kind frees money; the third waits for a webhook, a listing, or its horizon.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from vibeboard.domain.errors import VibeBoardError
from vibeboard.domain.pricing import TEXT_OPERATIONS
from vibeboard.jobs import queues
from vibeboard.store.table import Item

OWN = "sandbox"  # our media function: the sandbox engines and FFmpeg


@dataclass(frozen=True, slots=True)
class Receipt:
    """A submission was accepted. reference: the provider's id. links: where to ask and cancel, as the provider says."""

    reference: str
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says about a job.

    output: what to fetch (names, URLs, our keys), small enough for the job's item. billed: micro-dollars; None when
    the provider did not say, which counts as the whole hold. error: {code, message, fix}.
    """

    state: Literal["running", "succeeded", "failed", "gone"]
    reference: str = ""
    output: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    billed: int | None = None
    progress: int | None = None


class Unfinished(Exception):
    """Our own engine ran out of its function's time half-way: the job goes back to its queue and on from there."""


class NotAccepted(VibeBoardError):
    """The provider surely did not take it (nothing was sent, or it said "later"): the same job may be sent again."""

    status, code, title = 503, "PROVIDER_BUSY", "The provider takes nothing more right now"

    def __init__(self, detail: str, *, retry_after: float = 30.0) -> None:
        super().__init__(detail, fix="It is sent again by itself.")
        self.retry_after = retry_after


class Rejected(VibeBoardError):
    """The provider refused the request for good, and bills nothing for it."""

    status, code, title = 502, "PROVIDER_REJECTED", "The provider refused the request"


class OutcomeUnknown(VibeBoardError):
    """The call ended without an answer: the provider may or may not have taken the job."""

    status, code, title = 502, "OUTCOME_UNKNOWN", "The provider did not answer"


class Unreachable(VibeBoardError):
    """A question (never a submission) went unanswered: ask again later."""

    status, code, title = 503, "PROVIDER_UNREACHABLE", "The provider does not answer"


class JobProvider(Protocol):
    """A vendor. `post` makes exactly one call and retries nothing.

    lists: it can be asked for a submission whose answer was lost. horizon: seconds after the lease in which an unknown
    submission may still come to light.
    """

    lists: bool
    horizon: float

    def post(self, job: Item) -> Receipt:
        """Raises NotAccepted, Rejected or OutcomeUnknown."""
        ...

    def look(self, job: Item) -> Answer:
        """Raises Unreachable."""
        ...

    def find(self, job: Item) -> Receipt | None:
        """The submission of this job, if the provider knows one. Raises Unreachable."""
        ...

    def cancel(self, job: Item) -> bool:
        """True when it was removed before it ran. Raises Unreachable."""
        ...

    def read(self, job: Item, delivery: dict[str, Any]) -> Answer:
        """What a webhook's body says. Raises Unreachable when it must be confirmed and cannot be."""
        ...


def _fal() -> JobProvider:
    from vibeboard.providers.fal import Fal

    return Fal()


def _runpod() -> JobProvider:
    from vibeboard.providers.runpod import RunPod

    return RunPod()


def _writer() -> JobProvider:
    from vibeboard.jobs.writers import Writer

    return Writer()


VENDORS: dict[str, Callable[[], JobProvider]] = {
    "fal": _fal,
    "runpod": _runpod,
    "anthropic": _writer,
    "minimax": _writer,
}


def vendor(name: str) -> JobProvider:
    """Raises KeyError for a name that is no vendor."""
    return VENDORS[name]()


def to_bench(job: Item) -> None:
    """Hand a job to our media function, or words to the desk; the queue redelivers, and twice makes the same."""
    queue = queues.WORDS if job["operation"] in TEXT_OPERATIONS else queues.MEDIA
    queues.send(queue, [{"projectId": job["projectId"], "jobId": job["jobId"]}])


def to_settlement(job: Item, **facts: Any) -> None:
    queues.send(queues.SETTLE, [{"projectId": job["projectId"], "jobId": job["jobId"], **facts}])
