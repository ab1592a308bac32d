"""Our house in the simulation: the real protocol code over a table, a bucket and queues whose every call is a step."""

import contextlib
import functools
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from tests.simulation.memory import MemoryTable
from tests.simulation.vendors import Taken, Vendor
from tests.simulation.world import Plan, World
from vibeboard.domain.errors import NotFound, ProviderFailed
from vibeboard.jobs import (
    admission,
    answers,
    batches,
    cancelling,
    clock,
    engines,
    holding,
    inbox,
    outcomes,
    queues,
    reconcile,
    settlement,
    submission,
    waiting,
)
from vibeboard.store import audit, keys, ledger, objects
from vibeboard.store import table as table_module

PROJECT = "prj_00000000000000000000000000"
USER = "user_editor"
HOLD = 50_000  # a frame by flux/dev of two megapixels, or the pass of one second at draft quality
# loaded, so that `installed` finds their table
MODULES = (
    admission,
    answers,
    batches,
    cancelling,
    holding,
    settlement,
    submission,
    reconcile,
    waiting,
    ledger,
    audit,
    inbox,
)
CHUNK = 2  # jobs a batch's writer writes at once here
BATCH_RATE = 0.2  # schedules with a large batch besides the single orders
_house: "House | None" = None


class Order(admission.JobDraft):
    """A draft of the simulation's project, whose id and price are worked out once for all schedules."""

    @functools.cached_property
    def _id(self) -> str:
        return super().job_id(PROJECT)

    @functools.cached_property
    def amount(self) -> int:
        return super().amount

    def job_id(self, project_id: str) -> str:
        assert project_id == PROJECT
        return self._id


@functools.cache
def _order(index: int, provider: str) -> Order:
    operation = "frame.draw" if index % 2 else "clip.render"  # the same price; a frame's shot may be locked meanwhile
    return Order(
        operation=operation,
        target={"chainId": "chain", "segmentId": f"seg{index}", "which": "first", "renderId": render_of(index)},
        input={"prompt": f"shot {index}", "seed": index, "quality": "draft", "clipTakeId": "take"},
        price_facts={"width": 1920, "height": 822, "quality": "draft", "seconds": 1},
        model="fal-ai/flux/dev",
        provider=provider,
    )


def render_of(index: int) -> str:
    """The render job a shot's pass belongs to."""
    return f"rnd{index % 2}"


class StepTable:
    """`store.table.Table`, each call a step of the schedule."""

    def __init__(self, world: World, backend: Any) -> None:
        self.world, self.backend = world, backend

    def get(self, key: Any) -> Any:
        return self.world.effect("read", f"get {key['SK']}", self.backend.get, key)

    def query_index(self, partition: str, prefix: str = "", *, limit: int | None = None) -> Any:
        return self.world.effect("read", "query", lambda: self.backend.query_index(partition, prefix, limit=limit))

    def write(self, action: Any) -> Any:
        return self.world.effect("write", "write", self.backend.write, action)

    def write_each(self, actions: Any) -> Any:
        return table_module.Table.write_each(self, actions)  # type: ignore[arg-type]

    def transact(self, actions: Any) -> None:
        self.world.effect("transact", "transact", self.backend.transact, actions)


class House:
    """One schedule's table, bucket, queues, vendors and waiting state machines."""

    def __init__(self, seed: int, plan: Plan | None = None, backend: Any = None, jobs: int = 3) -> None:
        self.world = World(seed, plan)
        self.backend = backend if backend is not None else MemoryTable()
        self.table = StepTable(self.world, self.backend)
        self.bucket: dict[str, Any] = {}
        self.told: set[str] = set()
        self.seen: tuple[Any, Any, int] = (None, None, 0)  # counters and bill that were found right
        self.bad_media: set[str] = set()
        self.outcome_of: dict[str, tuple[str, int]] = {}
        self.vendors = {
            "fal": Vendor("fal", True, self.world, self.outcome_of),
            "runpod": Vendor("runpod", False, self.world, self.outcome_of),
        }
        for vendor in self.vendors.values():
            vendor.report = self._webhook  # type: ignore[method-assign]
        self.drafts = [self._draft(index) for index in range(jobs)]
        self.batch = self._batch(jobs)
        self.counter = 0

    def _batch(self, jobs: int) -> list[admission.JobDraft]:
        """Three orders at once: one of them is also ordered alone, and two chunks write them."""
        wanted = self.world.plan.batch if self.world.plan else self.world.chance.random() < BATCH_RATE
        return [self.drafts[0], *(self._draft(jobs + more) for more in range(CHUNK))] if wanted else []

    def _draft(self, index: int) -> admission.JobDraft:
        chance, planned = self.world.chance, self.world.plan is not None
        provider = self.world.plan.provider if self.world.plan else chance.choice(("fal", "fal", "runpod", "sandbox"))
        draft = _order(index, provider)
        job_id = draft.job_id(PROJECT)
        outcome = "succeeded" if planned else chance.choice(("succeeded",) * 4 + ("failed",))
        cost = 43_750 if outcome == "succeeded" else (43_750 if planned else chance.choice((0, 43_750)))
        self.outcome_of[job_id] = (outcome, cost)
        if not planned and chance.random() < 0.1:
            self.bad_media.add(job_id)
        return draft

    def __enter__(self) -> "House":
        global _house
        _house = self
        return self

    def __exit__(self, *_: object) -> None:
        global _house
        self.world.close()
        for vendor in self.vendors.values():
            del vendor.report
        _house = None

    def stamp(self) -> str:
        self.counter += 1
        return f"{self.counter:026d}"

    # ---- queues, bucket, webhooks

    def send(self, queue: str, messages: list[dict[str, Any]]) -> None:
        self.world.effect("send", f"send {queue}", self.world.send, queue, messages, self.consume)

    def consume(self, queue: str, body: dict[str, Any]) -> None:
        match queue:
            case queues.SUBMIT:
                inbox.to_submit(body)
            case queues.MEDIA:
                inbox.to_make(body, self.make)
            case queues.SETTLE:
                inbox.to_settle(body)

    def make(self, job: Any) -> dict[str, Any]:
        if job["jobId"] in self.bad_media:
            raise ProviderFailed("The picture cannot be read")
        made = f"{job['jobId']}.png"
        return {"frame": made, "picture": made, "frames": 24, "width": 1920, "height": 822, "model": "simulated"}

    def exists(self, key: str) -> bool:
        return bool(self.world.effect("read", "exists", lambda: key in self.bucket))

    def read_json(self, key: str) -> Any:
        def read() -> Any:
            if key not in self.bucket:
                raise NotFound(key)
            return self.bucket[key]

        return self.world.effect("read", "read object", read)

    def write_json(self, key: str, value: Any) -> None:
        self.world.effect("write", "write object", lambda: self.bucket.__setitem__(key, value))

    def _webhook(self, request: Taken) -> None:
        """What the webhooks function does with a proved report: store it, queue it. A late copy may say "running"."""
        chance = self.world.chance
        late = self.world.plan is None and chance.random() < 0.1
        stored = f"webhook/{request.reference}/{late}"
        self.write_json(stored, {"reference": request.reference, "running": late})
        message = {"delivery": stored, "attempt": request.attempt, "reference": request.reference}
        self.send(queues.SETTLE, [{"projectId": request.project_id, "jobId": request.job_id, **message}])

    def send_task_success(self, taskToken: str, output: str) -> None:  # noqa: ARG002
        self.world.effect("send", "task success", lambda: self.told.add(taskToken))

    def send_task_heartbeat(self, taskToken: str) -> None:  # noqa: ARG002
        self.world.effect("send", "heartbeat", lambda: None)


def house() -> House:
    assert _house is not None, "no simulation is running"
    return _house


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Put the simulation under the protocol: every module's table, bucket, queue, clock and id source."""
    with contextlib.ExitStack() as stack:
        real = table_module.table
        for module in (m for name, m in list(sys.modules.items()) if name.startswith("vibeboard.")):
            if module is not table_module and getattr(module, "table", None) is real:
                stack.enter_context(patch.object(module, "table", lambda: house().table))
        for module, name, value in (
            (queues, "send", lambda queue, messages: house().send(queue, messages)),
            (objects, "exists", lambda key: house().exists(key)),
            (objects, "read_json", lambda key: house().read_json(key)),
            (objects, "write_json", lambda key, value: house().write_json(key, value)),
            (settlement, "_step_functions", house),
            (clock, "seconds", lambda: house().world.now()),
            (clock, "stamp", lambda: f"{house().world.now():.3f}"),
            (clock, "age", lambda at: house().world.now() - float(at)),
            (batches, "JOBS_PER_TRANSACTION", CHUNK),
            (ledger, "ulid", lambda: house().stamp()),
            (audit, "ulid", lambda: house().stamp()),
            (outcomes, "now", lambda: "2027-01-01T00:00:00.000Z"),
            (ledger, "now", lambda: "2027-01-01T00:00:00.000Z"),
            (audit, "now", lambda: "2027-01-01T00:00:00.000Z"),
        ):
            stack.enter_context(patch.object(module, name, value))
        vendors = {name: (lambda name=name: house().vendors[name]) for name in ("fal", "runpod")}
        stack.enter_context(patch.object(engines, "VENDORS", vendors))
        for noisy in (inbox.logger, reconcile.logger):
            stack.enter_context(patch.object(noisy, "warning", lambda *_, **__: None))
        yield


def furnish(table: Any, cap: int, shots: int) -> None:
    """The project's counters and segments, before the schedule begins."""
    from vibeboard.store.table import Put

    table.write(Put(ledger.budget_item(PROJECT, cap, 3, "sandbox")))
    table.write(Put({**keys.quota(USER), "granted": 10 * cap, "available": 10 * cap, "reserved": 0, "committed": 0}))
    for index in range(shots):
        table.write(Put({**keys.segment(PROJECT, "chain", f"seg{index}"), "id": f"seg{index}", "rev": 1}))
