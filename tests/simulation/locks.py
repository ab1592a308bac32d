"""Locks under races: two people act at once, and every order of their calls to the table is one schedule of a seed.

The code is the product's; the table is the simulator's. After each schedule what must never be is looked for: a locked
shot with another take than the one that was locked, a locked picture with another cut than the one that was locked, an
open picture that a running export reads.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from delivery.service import order_export
from storyboard.service import change_segment, reorder
from tests.simulation.memory import MemoryTable
from tests.simulation.world import Violation, World
from vibeboard.film.locks import TRIMS, set_picture_lock, set_shot_lock
from vibeboard.http.access import Caller
from vibeboard.jobs import admission, drafts, queues, settlement
from vibeboard.store import audit, chains, keys, ledger, objects
from vibeboard.store import table as table_module
from vibeboard.store.table import Item, Put

PROJECT, USER, CHAIN = "prj_locks", "user_editor", "chn_one"
SHOTS = 3
CAP = 1_000_000_000


class Steps:
    """The table as the world lets it be used: each call may wait for somebody else's."""

    def __init__(self, world: World, backend: MemoryTable) -> None:
        self.world, self.backend = world, backend

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self.backend, name)
        kind: Any = name if name in ("write", "transact") else "read"
        return lambda *args, **more: self.world.effect(kind, name, lambda: call(*args, **more))


class Race:
    """One schedule: what `cast` sends in, played to its end by the chance of a seed."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.world.calm = True  # faults belong to the protocol's own simulation; here the orders matter
        self.backend = MemoryTable()
        self.table = Steps(self.world, self.backend)
        self.count = 0
        self.done: list[str] = []
        self.bucket: dict[str, Any] = {}
        self._furnish()

    def stamp(self) -> str:
        self.count += 1
        return f"{self.count:026d}"

    def add(self, name: str, act: Callable[[], Any]) -> None:
        def run() -> None:
            act()
            self.done.append(name)

        self.world.add(name, run)

    def _furnish(self) -> None:
        write = self.backend.write
        contract = {"targetRuntime": 6, "budgetCap": 1000, "referencePack": ["a", "b", "c"], "aspectRatio": "16:9"}
        write(Put({**keys.project(PROJECT), "projectId": PROJECT, "title": "Race", "creativeContract": contract}))
        write(Put(ledger.budget_item(PROJECT, CAP, 3, "sandbox")))
        write(Put({**keys.quota(USER), "granted": CAP, "available": CAP, "reserved": 0, "committed": 0}))
        chain = {"id": CHAIN, "name": "One", "orderIndex": 0, "frameRate": 24, "aspectRatio": "16:9"}
        write(Put({**keys.chain(PROJECT, CHAIN), **chain, "projectId": PROJECT, "rev": 1, "lockRev": 0}))
        for index in range(SHOTS):
            write(Put({**keys.segment(PROJECT, CHAIN, f"seg_{index}"), **shot(index)}))

    def chain(self) -> Item:
        return self.backend.peek(("PROJECT#" + PROJECT, f"CHAIN#{CHAIN}"))

    def segments(self) -> list[Item]:
        return chains.in_order(self.chain(), self.backend.query(f"PROJECT#{PROJECT}", f"CHAIN#{CHAIN}#SEG#"))

    def acts(self, act: str) -> list[Item]:
        rows = self.backend.query(f"PROJECT#{PROJECT}", "AUDIT#")
        return [row for row in rows if row["act"] == act]


def shot(index: int) -> Item:
    clip = {
        "takeId": f"take_{index}_1", "number": 1, "jobId": f"job_{index}", "outputKey": f"p{index}.mp4",
        "audioKey": f"s{index}.wav", "proxyKey": f"x{index}.mp4", "posterKey": f"t{index}.jpg",
        "frames": 48, "samples": 96000, "width": 1280, "height": 720, "quality": "draft", "model": "m", "seed": 1,
        "operation": "clip.generate", "at": "2027-01-01T00:00:00.000Z",
    }  # fmt: skip
    return {
        "id": f"seg_{index}", "projectId": PROJECT, "sceneChainId": CHAIN, "rev": 1, "orderIndex": index,
        "shotName": f"SC01_SH{index:02}", "prompt": "p", "duration": 2, "clip": clip, "clipTakes": 1,
        "review": "approved", "score": 0.9, "trimStart": 0.0, "trimEnd": 2.0, "audioTrimStart": 0.0,
        "audioTrimEnd": 2.0,
    }  # fmt: skip


def editor() -> Caller:
    return Caller(USER, USER, "", "edit", "trace", PROJECT, "editor")


def lock_shot(locked: bool, reason: str = "") -> None:
    chain, segments = chains.read_chain(PROJECT, CHAIN)
    set_shot_lock(chain, segments[0], locked=locked, by="admin", reason=reason)


def lock_picture(locked: bool, reason: str = "") -> None:
    chain, segments = chains.read_chain(PROJECT, CHAIN)
    set_picture_lock(chain, segments, locked=locked, by="admin", reason=reason)


def regenerate() -> None:
    """Order a new take of the first shot, and take it in when it comes."""
    chain, segments = chains.read_chain(PROJECT, CHAIN)
    body = {"prompt": "again", "quality": "draft", "seed": 2}
    draft = admission.JobDraft(
        "clip.generate", {"chainId": CHAIN, "segmentId": segments[0]["id"]}, body,
        {"quality": "draft", "seconds": 2}, attempt=2, model="m", provider="sandbox",
    )  # fmt: skip
    job = admission.admit(PROJECT, USER, [draft], guards=[drafts.unlocked_guard(chain, segments[:1])])[0]
    report = {"score": 0.95, "status": "pass", "issues": []}
    made = {"picture": "p2", "sound": "s2", "frames": 24, "samples": 48000, "width": 1280, "height": 720}
    settlement.succeed(job, made | {"report": report, "model": "m"})


def approve() -> None:
    """A reviewer approves whatever take stands."""
    _, segments = chains.read_chain(PROJECT, CHAIN)
    chains.update_segment(segments[0], {"review": "approved"}, needs="shot")


def export() -> None:
    order = {"format": "prores", "frameRate": None, "resolution": "720p", "audioCodec": "pcm", "includeEDL": True,
             "includeSidecar": True, "sceneChainId": None}  # fmt: skip
    order_export(PROJECT, USER, USER, "", order, "trace")


# ---- the three races


def lock_against_regenerate(race: Race) -> None:
    race.add("regenerate", regenerate)
    race.add("approve", approve)
    race.add("lock", lambda: lock_shot(True))
    race.world.run()
    segment = race.segments()[0]
    locks = race.acts("shot.lock")
    if segment.get("lockedAt") and segment["clip"]["takeId"] != locks[-1]["facts"]["takeId"]:
        raise Violation(f"locked {locks[-1]['facts']['takeId']}, but {segment['clip']['takeId']} stands")


def picture_lock_against_trim(race: Race) -> None:
    _all_shots_locked(race)
    race.add("trim", lambda: change_segment(editor(), CHAIN, "seg_1", {"trimStart": 0.5}, None))
    race.add("order", lambda: reorder(editor(), CHAIN, ["seg_2", "seg_0", "seg_1"], None))
    race.add("add", lambda: chains.put_segments(PROJECT, CHAIN, [{"id": "seg_9", "shotName": "X", "prompt": "p"}]))
    race.add("lock", lambda: lock_picture(True))
    race.world.run()
    if race.chain().get("pictureLockedAt"):
        frozen = race.acts("picture.lock")[-1]["facts"]["cut"]
        stands = [{"id": s["id"]} | {name: s[name] for name in TRIMS if name in s} for s in race.segments()]
        if frozen != stands:
            raise Violation(f"locked {frozen}, but {stands} stands")


def unlock_against_export(race: Race) -> None:
    _all_shots_locked(race)
    chain = race.chain()
    race.backend.write(Put({**chain, "pictureLockedAt": "2027", "pictureLockedBy": "admin"}))

    def never_both() -> None:
        rows = race.backend.query(f"PROJECT#{PROJECT}", "EXPORT#")
        if any(row["status"] == "running" for row in rows) and not race.chain().get("pictureLockedAt"):
            raise Violation("a running export reads an open picture")

    race.world.check = never_both
    looks = int(race.world.chance.random() * 24)  # an export reads much before its one write

    def unlock() -> None:
        for _ in range(looks):
            chains.read_chain(PROJECT, CHAIN)
        lock_picture(False, "one more trim")

    race.add("export", export)
    race.add("unlock", unlock)
    race.add("trim", lambda: change_segment(editor(), CHAIN, "seg_1", {"trimStart": 0.5}, None))
    race.world.run()
    never_both()


RACES: dict[str, Callable[[Race], None]] = {
    "lock against regenerate": lock_against_regenerate,
    "picture lock against trim": picture_lock_against_trim,
    "unlock against export": unlock_against_export,
}


def _all_shots_locked(race: Race) -> None:
    for segment in race.segments():
        race.backend.write(Put(segment | {"lockedAt": "2027", "lockedBy": "admin"}))


def play(name: str, seed: int) -> Race:
    """One schedule of a race. Raises Violation with the seed and who did what in which order."""
    race = Race(seed)
    with installed(race):
        try:
            RACES[name](race)
        except Violation as broken:
            steps = "\n  ".join(" ".join(step) for step in race.world.trace)
            raise Violation(f"{name}, seed {seed}: {broken}\n  {steps}") from broken
        finally:
            race.world.close()
    return race


@contextlib.contextmanager
def installed(race: Race) -> Iterator[None]:
    """The race's table, bucket and ids under every module of the product that is loaded."""
    real = table_module.table
    packages = ("vibeboard.", "delivery.", "producer.", "render_queue.", "storyboard.", "timeline.")
    with contextlib.ExitStack() as stack:
        for module in (m for name, m in list(sys.modules.items()) if name.startswith(packages)):
            if module is not table_module and getattr(module, "table", None) is real:
                stack.enter_context(patch.object(module, "table", lambda: race.table))
        for module, name, value in (
            (queues, "send", lambda _queue, _messages: None),
            (objects, "exists", lambda key: key in race.bucket),
            (objects, "write_json", lambda key, body: race.bucket.__setitem__(key, body)),
            (objects, "link", lambda key, **_: key),
            (audit, "ulid", race.stamp),
            (ledger, "ulid", race.stamp),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield


def campaign(schedules: int, first: int = 0) -> dict[str, dict[str, int]]:
    """How often who won, by race. Raises Violation, and anything a product's refusal is not."""
    counts: dict[str, dict[str, int]] = {}
    for name in RACES:
        won = counts.setdefault(name, {})
        for seed in range(first, first + schedules):
            key = "+".join(sorted(play(name, seed).done)) or "nobody"
            won[key] = won.get(key, 0) + 1
    return counts


if __name__ == "__main__":
    import json

    schedules = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    sys.stdout.write(json.dumps(campaign(schedules), indent=2) + "\n")
