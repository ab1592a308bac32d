"""The scheduler: every actor is the real code in a greenlet that stops before each call to the outside.

The hub decides, from one seeded source of chance or from a plan, who goes on and what becomes of the call. A killed
actor is one that is never resumed, so no `finally` of it runs.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from greenlet import GreenletExit, getcurrent, greenlet

from vibeboard.domain.errors import Busy, VibeBoardError
from vibeboard.jobs.engines import NotAccepted, OutcomeUnknown, Unreachable

Kind = Literal["read", "write", "transact", "send", "ask", "post", "cancel"]
FAULTS: dict[Kind, tuple[str, ...]] = {
    "read": ("kill-before", "throttle"),
    "write": ("kill-before", "kill-after", "lost", "throttle", "echo"),
    "transact": ("kill-before", "kill-after", "lost", "conflict"),
    "send": ("kill-before", "kill-after", "lost", "throttle"),
    "ask": ("kill-before", "kill-after", "unreachable"),
    "post": ("kill-before", "kill-after", "lost", "vanish", "busy"),
    "cancel": ("kill-before", "kill-after", "lost"),
}
FAULT_RATE = 0.12
START_RATE = 0.25
MOST_STEPS = 3000
MOST_RECEIVES = 5
SKEW_SECONDS = 25.0
NEVER = float("inf")
READS = ("read", "ask")
VISIBILITY = {"SUBMIT_QUEUE_URL": 720.0, "MEDIA_QUEUE_URL": 5400.0, "SETTLE_QUEUE_URL": 720.0}
EXPECTED = (VibeBoardError, ClientError, BotoCoreError)


class Violation(AssertionError):
    """The protocol broke a promise; the seed and the trace say how."""


@dataclass(eq=False, slots=True)
class Actor:
    name: str
    run: Callable[[], Any]
    timeout: float
    skew: float
    started: float
    failed: Callable[[], None] | None = None
    number: int = 0
    green: Any = None
    kind: Kind = "read"
    call: str = ""


@dataclass
class Plan:
    """Which faults happen at which call, in enumeration; nothing is left to chance then."""

    faults: Mapping[int, str] = field(default_factory=dict)
    provider: str = "fal"
    batch: bool = False
    held: bool = False

    def over(self, calls: int) -> bool:
        """Both deaths of a pair have been. Runs with fewer go on step by step, for pairs are made from them."""
        return len(self.faults) == 2 and calls > max(self.faults)


class World:
    """One schedule. `plan` None: chance by `seed`; else a fixed order with faults at the planned calls."""

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        self.seed, self.plan = seed, plan
        self.chance = random.Random(seed)
        self.time = 1_800_000_000.0
        self.calls = 0
        self.steps = 0
        self.actors = 0
        self.calm = False  # nothing fails; the order is still anybody's
        self.peace = False  # and one after another
        self.dead = False
        self.parked: list[Actor] = []
        self.killed: list[Actor] = []
        self.todo: list[tuple[str, Callable[[], Any], float, Callable[[], None] | None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.due = NEVER  # when the first of them comes
        self.trace: list[tuple[str, str, str]] = []
        self.kinds: list[Kind] = []
        self.callers: list[int] = []
        self.check: Callable[[], None] = lambda: None
        self.hub = getcurrent()
        self.acting: Actor | None = None
        self.alone: Actor | None = None  # who runs undisturbed, in peace

    # ---- what the code under test sees

    def now(self) -> float:
        return self.time + (self.acting.skew if self.acting else 0.0)

    def effect(self, kind: Kind, call: str, apply: Callable[..., Any], *args: Any) -> Any:
        """One call to the outside. Runs when the hub says so, and ends as the hub says."""
        me = self.acting
        if self.alone:
            self.calls += 1
            self.trace.append((self.alone.name, call, "ok"))
            return apply(*args)
        if me is None:
            if self.dead:
                raise GreenletExit
            return apply(*args)
        me.kind, me.call = kind, call
        end = self.hub.switch(me)
        if end == "ok":
            return apply(*args)
        match end:
            case "echo":  # the answer was lost and the SDK sent the same write again
                apply(*args)
                return apply(*args)
            case "kill-after":
                apply(*args)
                self.hub.switch(None)
            case "lost":
                apply(*args)
                if kind in ("post", "ask", "cancel"):
                    raise OutcomeUnknown("lost") if kind == "post" else Unreachable("lost")
                raise ReadTimeoutError(endpoint_url="simulated")
            case "vanish":
                raise OutcomeUnknown("never arrived")
            case "busy":
                raise NotAccepted("later", retry_after=30)
            case "unreachable":
                raise Unreachable("no answer")
            case "conflict":
                raise Busy("conflicts until the retries ran out")
            case "throttle":
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "simulated"}}, call)
        raise AssertionError(end)

    def send(self, queue: str, bodies: list[dict[str, Any]], consume: Callable[[str, dict[str, Any]], None]) -> None:
        """Put messages into a queue that delivers at least once, in any order."""
        for body in bodies:
            copies = 2 if not self.calm and self.plan is None and self.chance.random() < 0.1 else 1
            for _ in range(copies):
                self._visible(queue, body, consume, 1)

    def _visible(self, queue: str, body: dict[str, Any], consume: Any, receives: int) -> None:
        def back() -> None:  # not deleted: visible again after a while, until the dead-letter queue takes it
            if receives < MOST_RECEIVES:
                again = self.time + VISIBILITY[queue]
                self.at(again, lambda: self._visible(queue, body, consume, receives + 1))

        timeout = {"SUBMIT_QUEUE_URL": 60.0, "SETTLE_QUEUE_URL": 120.0, "MEDIA_QUEUE_URL": 900.0}[queue]
        self.todo.append((queue[:6].lower(), lambda: consume(queue, body), timeout, back))

    def add(self, name: str, run: Callable[[], Any], timeout: float = 30.0) -> None:
        self.todo.append((name, run, timeout, None))

    def at(self, moment: float, show: Callable[[], None]) -> None:
        """Something that happens when time has come that far."""
        self.later.append((moment, show))
        self.due = min(self.due, moment)

    # ---- the hub

    def run(self) -> None:
        """Until nothing is left to start or resume. Raises Violation."""
        todo, parked, dice = self.todo, self.parked, None if self.plan else self.chance.random
        while parked or todo:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Violation(f"livelock: {len(parked)} parked, {len(todo)} to start")
            self._pass_time()
            if todo and (not parked or (dice and dice() < START_RATE)):
                self._start(todo.pop(int(dice() * len(todo)) if dice else 0))
            else:
                actor = parked.pop(int(dice() * len(parked)) if dice else 0)
                kind = actor.kind
                self._resume(actor)
                if kind not in READS:
                    self.check()

    def _pass_time(self) -> None:
        if self.plan is not None:
            self.time += 0.1
        else:
            some = self.chance.random()
            self.time += some * 2.0
            if some < 0.02 and not self.calm:
                self.time += self.chance.choice((50.0, 130.0, 400.0, 1500.0))
        if self.time >= self.due:
            due = [entry for entry in self.later if entry[0] <= self.time]
            self.later = [entry for entry in self.later if entry[0] > self.time]
            self.due = min((moment for moment, _ in self.later), default=NEVER)
            for _, show in due:
                show()

    def wait(self, seconds: float) -> None:
        """Let time go by with nothing running."""
        self.time += seconds
        self._pass_time()

    def _start(self, entry: tuple[str, Callable[[], Any], float, Callable[[], None] | None]) -> None:
        name, run, timeout, failed = entry
        skew = 0.0 if self.plan is not None else self.chance.uniform(-SKEW_SECONDS, SKEW_SECONDS)
        self.actors += 1
        actor = Actor(name, run, timeout, skew, self.time, failed, self.actors)
        if self.peace and (self.plan is None or self.plan.over(self.calls)):
            self.acting = self.alone = actor
            self._body(actor)
            self.acting = self.alone = None
            self.check()
            return
        actor.green = greenlet(self._body, self.hub)
        self._go(actor, actor)

    def _body(self, actor: Actor) -> Any:
        try:
            actor.run()
        except EXPECTED as error:
            self.trace.append((actor.name, "raised", type(error).__name__))
            if actor.failed:
                actor.failed()
        return "done"

    def _resume(self, actor: Actor) -> None:
        if self.time - actor.started > actor.timeout:  # the platform's hard kill
            self._kill(actor, "timeout")
            return
        end = self._end(actor)
        self.trace.append((actor.name, actor.call, end))
        if end == "kill-before":
            self._kill(actor, "")
        else:
            self._go(actor, end)

    def _end(self, actor: Actor) -> str:
        index, self.calls = self.calls, self.calls + 1
        if self.plan is not None:
            self.kinds.append(actor.kind)
            self.callers.append(actor.number)
            wanted = self.plan.faults.get(index, "ok")
            return wanted if wanted in FAULTS[actor.kind] else "ok"
        if self.calm or self.chance.random() >= FAULT_RATE:
            return "ok"
        return self.chance.choice(FAULTS[actor.kind])

    def _go(self, actor: Actor, value: Any) -> None:
        self.acting = actor
        said = actor.green.switch(value)
        self.acting = None
        if said is actor:
            self.parked.append(actor)
        elif said is None:
            self._kill(actor, "")

    def _kill(self, actor: Actor, why: str) -> None:
        if why:
            self.trace.append((actor.name, actor.call, why))
        self.killed.append(actor)  # kept: a collected greenlet would unwind
        if actor.failed:
            actor.failed()

    def close(self) -> None:
        """Let the killed go; whatever they still try is cut off."""
        self.dead = True
        for actor in (*self.killed, *self.parked):
            if not actor.green.dead:
                actor.green.throw(GreenletExit)  # its frames hold it in a cycle that nothing else would break
            actor.green = None
        for held in (self.killed, self.parked, self.todo, self.later):
            held.clear()  # no cycle is left, and the schedule goes away without a collection
        self.check = lambda: None
