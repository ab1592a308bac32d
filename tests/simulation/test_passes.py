"""The render queue raced: no overspend, nothing held or reserved at rest, no pass paid twice; and a proof it looks."""

from collections import Counter

import pytest

from tests.simulation.mutants import Mutant, planted
from tests.simulation.passes import MUTANTS, play
from tests.simulation.world import Violation

SCHEDULES, MUTANT_SEEDS = 400, 400


def test_given_renders_paused_hurried_cancelled_and_retried_at_once_then_the_money_holds() -> None:
    ended: Counter[str] = Counter()
    refused = 0
    for seed in range(SCHEDULES):
        queue = play(seed)
        ended.update(job["status"] for job in queue.jobs())
        refused += sum(1 for _, did, how in queue.world.trace if (did, how) == ("raised", "GateRefused"))
    assert set(ended) == {"SUCCEEDED", "FAILED", "CANCELLED"}
    assert refused > SCHEDULES // 10, "the cap never said no"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_given_a_broken_queue_then_a_schedule_shows_it(mutant: Mutant) -> None:
    with planted(mutant), pytest.raises(Violation, match=mutant.promise):
        _hunt()


def _hunt() -> None:
    for seed in range(MUTANT_SEEDS):
        play(seed)
