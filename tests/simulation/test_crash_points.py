"""Every fault at every call, every pair of deaths, and the proof that a broken protocol is found."""

import pytest

from tests.simulation.crashes import PROVIDERS, enumerate_all
from tests.simulation.house import installed
from tests.simulation.mutants import MUTANTS, Mutant, planted
from tests.simulation.schedule import run
from tests.simulation.world import Violation

MUTANT_SEEDS = 1500


@pytest.mark.parametrize("provider", PROVIDERS)
def test_given_a_fault_at_every_call_and_a_kill_at_every_pair_then_every_promise_holds(provider: str) -> None:
    with installed():
        assert enumerate_all(provider) > 700


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_given_a_broken_protocol_then_a_schedule_shows_it(mutant: Mutant) -> None:
    with planted(mutant), installed(), pytest.raises(Violation, match=mutant.promise):
        _play(range(MUTANT_SEEDS))


def _play(seeds: range) -> None:
    for seed in seeds:
        run(seed)
