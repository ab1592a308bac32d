"""A slice of the races over locks, and the proof that they find a lock that is decided by a read. The whole thousand:
`python -m tests.simulation.locks 1000`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.locks import RACES, campaign, play
from tests.simulation.world import Violation
from vibeboard.film import locks
from vibeboard.store.table import EXISTS


@pytest.fixture(autouse=True)
def sandbox_billing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING", "sandbox")


def test_given_two_people_at_once_when_any_order_is_played_then_never_both() -> None:
    counts = campaign(60)
    for name, won in counts.items():
        assert len(won) > 2, f"{name}: the orders make no difference"
    assert "export+unlock" not in counts["unlock against export"]


MUTANTS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "a lock that does not hold the cut it read": ("picture lock against trim", "as_read", lambda *_: EXISTS),
    "an unlock that does not see the export": ("unlock against export", "_running_export", lambda _chain: None),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_given_a_weaker_lock_when_raced_then_the_races_find_it(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    race, name, weaker = MUTANTS[mutant]
    assert race in RACES
    monkeypatch.setattr(locks, name, weaker)
    with pytest.raises(Violation):
        _hunt(race)


def _hunt(race: str) -> None:
    for seed in range(300):
        play(race, seed)
