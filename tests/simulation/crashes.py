"""Every fault at every call of a fixed order, and every pair of kills: the smallest counterexample comes first."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from tests.simulation.schedule import run
from tests.simulation.world import FAULTS, Plan

BEYOND = 12  # calls past the undisturbed run's last: faults cause more of them
KILLS = ("kill-before", "kill-after")
BATCH = "batch"  # a large batch besides a single order, for our own media function
PROVIDERS = ("fal", "runpod", "sandbox", BATCH)
BATCH_CALLS = 26  # pairs of kills while the batch is admitted and written; what follows are jobs like any other


def plans(provider: str) -> Iterator[Plan]:
    """Nothing, each fault at each call, then each pair of kills (before or after the effect) at two calls."""
    batch = provider == BATCH
    provider = "sandbox" if batch else provider
    quiet = run(0, Plan({}, provider, batch), jobs=1).world
    yield Plan({}, provider, batch)
    length = quiet.calls + BEYOND
    for index in range(length):
        kinds = (quiet.kinds[index],) if index < quiet.calls else tuple(FAULTS)
        for fault in dict.fromkeys(fault for kind in kinds for fault in FAULTS[kind]):
            yield Plan({index: fault}, provider, batch)
    for first, second in combinations(range(BATCH_CALLS if batch else length), 2):
        for pair in product(KILLS, repeat=2):
            if not _same(quiet.kinds, first, pair[0]) and not _same(quiet.kinds, second, pair[1]):
                yield Plan({first: pair[0], second: pair[1]}, provider, batch)


def _same(kinds: Sequence[str], index: int, kill: str) -> bool:
    """Dying after a read is dying before the next call."""
    return kill == "kill-after" and index < len(kinds) and kinds[index] == "read"


def enumerate_all(provider: str) -> int:
    """Play every plan; returns how many. Raises Violation at the first that breaks a promise."""
    count = 0
    for plan in plans(provider):
        run(0, plan, jobs=1)
        count += 1
    return count
