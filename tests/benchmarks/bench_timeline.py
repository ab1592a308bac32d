"""`make bench-timeline`: a chain of SHOTS (600) shots stays interactive: calls to AWS and our own CPU by operation.

The table is the simulator's, in memory, so what is counted is our code's own time and the calls it makes; each call to
DynamoDB would add some 5 to 15 ms of waiting. The first opening signs every link; later ones hand them out again. No
operation may take more than BUDGET_MS of CPU once links are signed.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from delivery.service import qc
from producer import service as producer
from producer.models import Estimate
from storyboard.service import change_segment, reorder
from tests.simulation.locks import CHAIN, PROJECT, Race, editor, installed, lock_picture, shot
from timeline import service as timeline
from vibeboard.film import editing
from vibeboard.film.cut import assemble_film
from vibeboard.store import chains, keys, objects, projects, table
from vibeboard.store.table import Item, Put

BUDGET_MS = 500.0
REPEATS = 3


class Counted:
    """The race's table as the real one costs: every call counted, and every item read from DynamoDB's own form.

    Putting items into that form stands for DynamoDB's work: its time is kept, to be taken off.
    """

    def __init__(self, steps: Any) -> None:
        self.steps, self.calls, self.not_ours = steps, Counter[str](), 0.0

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.steps, name)

    def get(self, key: Any) -> Any:
        self.calls["get"] += 1
        found = self.steps.get(key)
        return None if found is None else self._read([found])[0]

    def query(self, *args: Any, **more: Any) -> Any:
        self.calls["query"] += 1
        return self._read(self.steps.query(*args, **more))

    def _read(self, items: list[Item]) -> list[Item]:
        started = time.process_time()
        raw = [table._dump(item) for item in items]
        self.not_ours += time.process_time() - started
        return [table._load(item) for item in raw]


def main() -> int:
    count = int(os.environ.get("SHOTS", "600"))
    race = Race(0)
    race.table = counted = Counted(race.table)  # type: ignore[assignment]
    sign = objects.link
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "MEDIA_BUCKET"):
        os.environ.setdefault(name, "us-east-1")
    with installed(race):
        objects.link = sign
        for index in range(3, count):
            race.backend.write(Put({**keys.segment(PROJECT, CHAIN, f"seg_{index}"), **shot(index)}))
        slow = [name for name, act in operations(race, count).items() if not fits(name, act, counted)]
    for name in slow:
        sys.stdout.write(f"FAILED {name} takes more than {BUDGET_MS:g} ms\n")
    return 1 if slow else 0


def operations(race: Race, count: int) -> dict[str, Callable[[], Any]]:
    names = [f"seg_{n}" for n in range(count)]
    turn = iter(range(1, 1000))

    def moved() -> None:
        step = next(turn)
        reorder(editor(), CHAIN, names[step:] + names[:step], None)

    def trimmed() -> None:
        change_segment(editor(), CHAIN, f"seg_{next(turn)}", {"trimStart": 0.25 + next(turn) / 24 % 1}, None)

    def first_cut() -> None:
        project = projects.read(PROJECT) | {"cutDigest": "", "seed": next(turn)}
        assemble_film(project, chains.chains_of(PROJECT), next(turn) % 4)

    def frozen() -> None:
        for segment in chains.read_chain(PROJECT, CHAIN)[1]:
            race.backend.write(Put(segment | {"lockedAt": "2027", "lockedBy": "admin"}))

    return {
        "open": lambda: timeline.timeline(PROJECT, CHAIN),
        "trim": trimmed,
        "reorder": moved,
        "assemble": first_cut,
        "undo": lambda: editing.restore(PROJECT, CHAIN, editing.read_cut(PROJECT, CHAIN).chain["cutRev"] - 1, "editor"),
        "estimate": lambda: producer.estimate(editor(), Estimate(sceneChainId=CHAIN, quality="draft")),
        "QC": lambda: qc(PROJECT, CHAIN, "draft"),
        "lock every shot (setup)": frozen,
        "picture lock": lambda: lock_picture(True),
    }


def fits(name: str, act: Callable[[], Any], counted: Counted) -> bool:
    times = []
    for _ in range(REPEATS):
        counted.calls.clear()
        counted.not_ours = 0.0
        started = time.process_time()
        act()
        times.append((time.process_time() - started - counted.not_ours) * 1000)
    calls = ", ".join(f"{n} {call}" for call, n in sorted(counted.calls.items()))
    sys.stdout.write(f"{name:26} first {times[0]:7.1f}, then {min(times):7.1f} ms CPU   {calls}\n")
    return "(setup)" in name or min(times) <= BUDGET_MS


if __name__ == "__main__":
    sys.exit(main())
