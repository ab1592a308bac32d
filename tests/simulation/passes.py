"""The render queue under races: two renders of one chain, paused, hurried, cancelled, promoted and tried again at once.

The code is the product's (the render queue's use cases, the jobs, the ledger); the table is the simulator's. After
every step the money adds up; in the end nothing is open, held or reserved, and what was billed is what the jobs say.
"""

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any
from unittest.mock import patch

from render_queue import service
from tests.simulation.locks import CHAIN, PROJECT, USER, Race, editor, installed, shot
from tests.simulation.mutants import Mutant
from tests.simulation.world import Violation
from vibeboard.domain.errors import ProviderFailed
from vibeboard.http.deciding import Decision
from vibeboard.jobs import clock, inbox, queues, reconcile
from vibeboard.store import keys, objects
from vibeboard.store.table import Put

PASS = 300_000  # two seconds at review quality
AFFORDS = 7  # passes, of the six to twelve that are ordered
ROUNDS = 12


class Queue(Race):
    """A chain of three shots, a cap that does not afford every order, and our own bench that makes the passes."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        chance = self.world.chance
        cap = AFFORDS * PASS
        budget = self.backend.peek(("PROJECT#" + PROJECT, "BUDGET"))
        self.backend.write(Put(budget | {"cap": cap, "available": cap}))
        self.backend.write(Put({**keys.member(PROJECT, USER), "role": "editor"}))
        for index in range(3):
            recipe = {"prompt": "p", "seed": index, "rate": [24, 1], "frames": 48, "shotName": f"SC01_SH{index:02}"}
            made = {"operation": "clip.generate", "target": {}, "input": recipe, "status": "SUCCEEDED"}
            self.backend.write(Put({**keys.job(PROJECT, f"job_{index}"), **made, "jobId": f"job_{index}"}))
            clip = shot(index)["clip"] | {"jobId": f"job_{index}"}
            self.backend.write(Put({**keys.segment(PROJECT, CHAIN, f"seg_{index}"), **shot(index), "clip": clip}))
        self.fails = {f"seg_{index}" for index in range(3) if chance.random() < 0.3}
        self.world.check = self.always

    def send(self, queue: str, messages: list[dict[str, Any]]) -> None:
        self.world.send(queue, messages, self.consume)

    def consume(self, queue: str, body: dict[str, Any]) -> None:
        match queue:
            case queues.SUBMIT:
                inbox.to_submit(body)
            case queues.MEDIA:
                inbox.to_make(body, self.make)
            case queues.SETTLE:
                inbox.to_settle(body)

    def make(self, job: dict[str, Any]) -> dict[str, Any]:
        if "held" in job:
            raise Violation(f"{job['jobId']} is made while it is held")
        if job["attempt"] == 1 and job["target"]["segmentId"] in self.fails:
            raise ProviderFailed("The pass broke off")
        made = f"{job['jobId']}.mp4"
        return {"picture": made, "frames": 48, "width": 1920, "height": 1080, "model": "m"}

    def always(self) -> None:
        budget = self.backend.peek(("PROJECT#" + PROJECT, "BUDGET"))
        parts = budget["available"], budget["reserved"], budget["committed"]
        if min(parts) < 0 or sum(parts) != budget["cap"]:
            raise Violation(f"available, reserved, committed {parts} do not make {budget['cap']}")
        if budget["reserved"] != self.backend.holds("PROJECT#" + PROJECT):
            raise Violation("the counter and the jobs do not agree about what is reserved")

    def jobs(self) -> list[dict[str, Any]]:
        return [job for job in self.backend.query(f"PROJECT#{PROJECT}", "JOB#") if job["operation"] == "clip.render"]

    def at_rest(self) -> None:
        budget = self.backend.peek(("PROJECT#" + PROJECT, "BUDGET"))
        open_still = [job for job in self.jobs() if "GSI1PK" in job or "held" in job]
        left = [(job["jobId"], job["status"], job.get("held")) for job in open_still]
        if left or budget["reserved"]:
            raise Violation(f"still open or held: {left}, reserved {budget['reserved']}")
        spent = sum(job["actual"] for job in self.jobs())
        if spent != budget["committed"]:
            raise Violation(f"jobs cost {spent}, the counter says {budget['committed']}")
        standing = [
            (job["target"]["renderId"], job["target"]["segmentId"], job["input"]["quality"])
            for job in self.jobs()
            if job["status"] == "SUCCEEDED"
        ]
        if len(standing) != len(set(standing)):
            raise Violation(f"a pass was made and paid twice: {standing}")


@contextlib.contextmanager
def wired(queue: Queue) -> Iterator[None]:
    """The queues deliver, the bucket keeps, and the clock is the schedule's."""
    now, bucket = queue.world.now, queue.bucket
    with contextlib.ExitStack() as stack:
        for module, name, value in (
            (queues, "send", queue.send),
            (objects, "read_json", lambda key: bucket[key]),
            (clock, "seconds", now),
            (clock, "stamp", lambda: f"{now():.3f}"),
            (clock, "age", lambda at: now() - float(at)),
            (service, "new_id", lambda prefix: f"{prefix}_{queue.stamp()}"),
            (inbox.logger, "warning", lambda *_, **__: None),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield


def play(seed: int) -> Queue:
    """One schedule. Raises Violation with the seed and who did what in which order."""
    queue = Queue(seed)
    with installed(queue), wired(queue):
        try:
            _cast(queue)
            queue.world.run()
            _peace(queue)
            queue.at_rest()
        except Violation as broken:
            steps = "\n  ".join(" ".join(step) for step in queue.world.trace[-60:])
            raise Violation(f"seed {seed}: {broken}\n  {steps}") from broken
        finally:
            queue.world.close()
    return queue


def _cast(queue: Queue) -> None:
    """Two renders are ordered, and people change their minds about them."""
    chance = queue.world.chance
    order: dict[str, Any] = {
        "sceneChainId": CHAIN, "qualities": ["review"], "burnInMetadata": False, "burnInMaster": False,
        "watermark": "", "priority": "normal",
    }  # fmt: skip

    def on(act: Any) -> Any:
        """Something done to a render that there is by then."""

        def do() -> None:
            renders = queue.backend.query(f"PROJECT#{PROJECT}", "RENDER#")
            ids = sorted({row["renderId"] for row in renders if "segmentId" not in row})
            if ids:
                act(ids[int(chance.random() * len(ids))])

        return do

    for priority in ("normal", "high"):
        for _ in range(1 + (chance.random() < 0.3)):
            queue.add("order", partial(service.create, editor(), order | {"priority": priority}))
    for name, act in (
        ("pause", lambda r: service.change(editor(), r, True, None)),
        ("go on", lambda r: service.change(editor(), r, False, None)),
        ("hurry", lambda r: service.change(editor(), r, None, "high")),
        ("cancel", lambda r: service.cancel(editor(), r)),
        ("retry", lambda r: service.retry(Decision(editor(), "retry", None, {}), r)),
        ("promote", lambda r: service.promote_all(Decision(editor(), "promote", None, {}), r, "review")),
    ):
        if chance.random() < 0.4:
            queue.add(name, on(act))
    queue.world.add("reconciler", reconcile.reconcile, 60.0)


def _peace(queue: Queue) -> None:
    """What is paused goes on, and the reconciler comes by until nothing is open."""
    world = queue.world
    for _ in range(ROUNDS):
        left = queue.backend.query_index(keys.OPEN_JOBS)
        if not left:
            return
        for render_id in {job["target"]["renderId"] for job in left if job.get("held") == "paused"}:
            world.add("go on", partial(service.change, editor(), render_id, False, None))
        world.wait(1000.0)
        world.add("reconciler", reconcile.reconcile, 60.0)
        world.run()


MUTANTS = (
    Mutant(
        "the bench does not see that a job is held",
        "vibeboard.jobs.inbox",
        ((' or "held" in job:', ":"),),
        "made while it is held",
    ),
    Mutant(
        "what is at rest can be held",
        "vibeboard.jobs.holding",
        (('condition=waiting & Attr("hold").eq("RESERVED"),', 'condition=Attr("PK").exists(),'),),
        "still open or held",
    ),
    Mutant(
        "a pass that is under way is ordered again",
        "vibeboard.film.passes",
        (('        and job["status"] in ("FAILED", "CANCELLED")\n', ""),),
        "paid twice",
    ),
)
