"""Every fault at every call of a fixed order, and a kill at every pair of calls: the smallest counterexample first."""

from collections.abc import Iterator

from tests.simulation.schedule import run
from tests.simulation.world import FAULTS, READS, Plan, World

BATCH = "batch"  # a large batch besides a single order, for our own media function
HELD = "held"  # somebody puts another render first, pauses what waits, and lets it go on
PROVIDERS = ("fal", "runpod", "sandbox", BATCH, HELD)
# pairs of kills while the batch is admitted and written, or the job is held; what follows are jobs like any other
PAIRS_UNTIL = {BATCH: 26, HELD: 26}


def enumerate_all(provider: str) -> int:
    """Play nothing, each fault at each call, then a second kill at each call of each run with one kill.

    Returns how many were played. Raises Violation at the first that breaks a promise.
    """
    quiet, count = _play(provider, {}), 1
    for index, kind in enumerate(quiet.kinds):
        for fault in FAULTS[kind]:
            _play(provider, {index: fault})
            count += 1
    last = PAIRS_UNTIL.get(provider)
    for first, kill in _deaths(quiet, 0, last):
        for second, again in _deaths(_play(provider, {first: kill}), first + 1, last):
            _play(provider, {first: kill, second: again})
            count += 1
    return count


def _play(provider: str, faults: dict[int, str]) -> World:
    vendor = {BATCH: "sandbox", HELD: "fal"}.get(provider, provider)
    return run(0, Plan(faults, vendor, provider == BATCH, provider == HELD), jobs=1).world


def _deaths(world: World, start: int, end: int | None) -> Iterator[tuple[int, str]]:
    """Where a run can be cut: before each call, and after each actor's last change. After any other call is before
    the same actor's next one."""
    lasts = {actor: index for index, actor in enumerate(world.callers)}
    for index in range(start, min(world.calls, end or world.calls)):
        yield index, "kill-before"
        if lasts[world.callers[index]] == index and world.kinds[index] not in READS:
            yield index, "kill-after"
