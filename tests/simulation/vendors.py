"""Vendors that may be slow, deaf and forgetful, but keep honest books: what they took, ran and charged."""

from dataclasses import dataclass
from typing import Any

from tests.simulation.world import World
from vibeboard.jobs.engines import Answer, Receipt
from vibeboard.store.table import Item

KEPT_SECONDS = 3600.0  # how long a result can be asked for
START_SECONDS = 1800.0  # a request that waits longer than this to start is dropped, unbilled


@dataclass
class Taken:
    """One submission the vendor accepted."""

    job_id: str
    project_id: str
    attempt: int
    reference: str
    at: float
    outcome: str  # succeeded | failed
    price: int
    state: str = "queued"  # queued | done | dropped
    done_at: float = 0.0

    @property
    def billed(self) -> int:
        return self.price if self.state == "done" else 0


class Vendor:
    """`lists`: it can be asked what it took (finished requests only, as fal's listing sorts by end time)."""

    def __init__(self, name: str, lists: bool, world: World, prices: dict[str, tuple[str, int]]) -> None:
        self.name, self.lists, self.world, self.prices = name, lists, world, prices
        self.horizon = START_SECONDS + 900.0
        self.taken: list[Taken] = []
        self.bill = 0
        self.twice = ""  # a job that was submitted a second time
        self.held = ""  # a job that was submitted though it was held

    def post(self, job: Item) -> Receipt:
        return self.world.effect("post", f"{self.name}.post", lambda: self._take(job))  # type: ignore[no-any-return]

    def _take(self, job: Item) -> Receipt:
        outcome, price = self.prices[job["jobId"]]
        reference = f"{self.name}-{len(self.taken)}"
        request = Taken(job["jobId"], job["projectId"], job["fence"], reference, self.world.time, outcome, price)
        if "held" in job:
            self.held = request.job_id
        if any(taken.job_id == request.job_id for taken in self.taken):  # a job has one vendor
            self.twice = request.job_id
        self.taken.append(request)
        run = (f"{self.name} runs", lambda: self._finish(request))
        if self.world.plan is None and self.world.chance.random() < 0.25:  # a long queue
            self.world.at(self.world.time + self.world.chance.uniform(60, 2500), lambda: self.world.add(*run))
        else:
            self.world.add(*run)
        return Receipt(reference)

    def _finish(self, request: Taken) -> None:
        """The vendor's own doing, which no fault of ours touches: run, charge, report by webhook zero to two times."""
        if request.state != "queued":
            return
        if self.world.time - request.at > START_SECONDS:
            request.state = "dropped"
        else:
            request.state = "done"
            self.bill += request.billed
        request.done_at = self.world.time
        chance = self.world.chance
        count = 1 if self.world.plan is not None else chance.choice((0, 1, 1, 2))
        for _ in range(count):
            self.world.add("webhook", lambda: self.report(request))

    def report(self, request: Taken) -> None:
        raise NotImplementedError("the house says where webhooks go")

    def answer(self, request: Taken) -> Answer:
        if request.state == "queued":
            return Answer("running", request.reference, progress=50)
        if request.state == "dropped":
            return Answer("failed", request.reference, error={"code": "X", "message": "dropped"}, billed=0)
        if request.outcome == "succeeded":
            return Answer("succeeded", request.reference, output={"picture": {"key": "k"}}, billed=request.price)
        return Answer("failed", request.reference, error={"code": "X", "message": "failed"}, billed=request.price)

    def look(self, job: Item) -> Answer:
        def ask() -> Answer:
            for request in self.taken:
                if request.reference == job["providerRef"]:
                    forgotten = request.state != "queued" and self.world.time - request.done_at > KEPT_SECONDS
                    return Answer("gone", request.reference) if forgotten else self.answer(request)
            return Answer("gone", job["providerRef"])

        return self.world.effect("ask", f"{self.name}.look", ask)  # type: ignore[no-any-return]

    def find(self, job: Item) -> Receipt | None:
        def ask() -> Receipt | None:
            known = [t for t in self.taken if t.job_id == job["jobId"] and t.state != "queued"]
            return Receipt(known[0].reference) if known else None

        return self.world.effect("ask", f"{self.name}.find", ask)  # type: ignore[no-any-return]

    def cancel(self, job: Item) -> bool:
        def stop() -> bool:
            for request in self.taken:
                if request.reference == job["providerRef"] and request.state == "queued":
                    request.state, request.done_at = "dropped", self.world.time
                    return True
            return False

        return self.world.effect("cancel", f"{self.name}.cancel", stop)  # type: ignore[no-any-return]

    def read(self, job: Item, delivery: dict[str, Any]) -> Answer:
        """A signed report is believed; an unsigned one is asked for again."""
        if not self.lists:
            return self.look(job | {"providerRef": delivery["reference"]})
        if delivery.get("running"):
            return Answer("running", delivery["reference"])
        return self.answer(next(t for t in self.taken if t.reference == delivery["reference"]))
