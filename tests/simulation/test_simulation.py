"""Money and paid jobs under every fault we know of, in ten thousand schedules by chance. `make simulate` plays a
million."""

import pytest

from tests.simulation.house import installed
from tests.simulation.schedule import run

SCHEDULES, PARTS = 10_000, 4


@pytest.mark.parametrize("part", range(PARTS))
def test_given_any_schedule_then_no_overspend_no_double_submission_and_every_bill_is_booked(part: int) -> None:
    with installed():
        _play(range(part, SCHEDULES, PARTS))


def _play(seeds: range) -> None:
    for seed in seeds:
        run(seed)


def test_given_the_same_seed_then_the_same_steps() -> None:
    with installed():
        first, second = (run(77).world for _ in range(2))
    assert first.trace == second.trace
    assert first.trace
