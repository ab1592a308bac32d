"""A text vendor in the job protocol: submitting brings the order to the desk (`jobs/desk.py`), which makes the call."""

from typing import Any

from vibeboard.jobs import clock, engines
from vibeboard.store.table import Item

CALL_SECONDS = 240  # a call at the desk has ended by now: longer than the functions that make it may run


class Writer:
    """Claude and MiniMax alike: what is asked of them is decided at the desk."""

    lists = False
    horizon = 0.0

    def post(self, job: Item) -> engines.Receipt:
        engines.to_bench(job)
        return engines.Receipt(f"desk:{job['jobId']}")

    def look(self, job: Item) -> engines.Answer:
        """Under way until the call must have ended; then its bill is unknown. Not called yet: it waits."""
        called = job.get("calledAt")
        if called and clock.age(called) > CALL_SECONDS:
            return engines.Answer("gone")
        return engines.Answer("running")

    def find(self, _job: Item) -> engines.Receipt | None:
        return None

    def cancel(self, _job: Item) -> bool:
        return False

    def read(self, _job: Item, _delivery: dict[str, Any]) -> engines.Answer:
        return engines.Answer("running")
