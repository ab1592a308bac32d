"""Money and paid jobs under every fault we know of: 10,000 schedules by chance, all crash points, and the mutants."""

import gc
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.simulation.crashes import PROVIDERS, enumerate_all
from tests.simulation.house import PROJECT, USER, installed
from tests.simulation.memory import MemoryTable, held
from tests.simulation.mutants import MUTANTS, Mutant, planted
from tests.simulation.schedule import run
from tests.simulation.world import Violation
from vibeboard.store.table import Item, Table

SCHEDULES, PARTS = 10_000, 4
MOTO_SCHEDULES = 25
MUTANT_SEEDS = 1500


@pytest.fixture(autouse=True)
def sandbox_billing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Killed greenlets are let go by count, not in the middle of somebody else's step."""
    monkeypatch.setenv("BILLING", "sandbox")
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("part", range(PARTS))
def test_given_any_schedule_then_no_overspend_no_double_submission_and_every_bill_is_booked(part: int) -> None:
    with installed():
        _play(range(part, SCHEDULES, PARTS))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_given_a_fault_at_every_call_and_a_kill_at_every_pair_then_every_promise_holds(provider: str) -> None:
    with installed():
        assert enumerate_all(provider) > 1000


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_given_a_broken_protocol_then_a_schedule_shows_it(mutant: Mutant) -> None:
    with planted(mutant), installed(), pytest.raises(Violation, match=mutant.promise):
        _play(range(MUTANT_SEEDS))


def _play(seeds: range) -> None:
    for seed in seeds:
        run(seed)
        if seed % 400 < seeds.step:
            gc.collect()


def test_given_the_same_seed_then_the_same_steps() -> None:
    with installed():
        first, second = (run(77).world for _ in range(2))
    assert first.trace == second.trace
    assert first.trace


class MotoTable(Table):
    """The real table over moto, with the look the checks take."""

    def peek(self, key: tuple[str, str]) -> Item:
        found = self.get({"PK": key[0], "SK": key[1]})
        assert found is not None
        return found

    def holds(self, partition: str) -> int:
        return held([*self.query(partition, "JOB#"), *self.query(partition, "BATCH#")])


@pytest.fixture(scope="module")
def moto_table() -> Iterator[MotoTable]:
    from tests.integration.conftest import _serialised
    from tests.integration.studio import TABLE, template

    with pytest.MonkeyPatch.context() as patch, mock_aws(), _serialised():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        client = boto3.client("dynamodb", region_name="us-east-1")
        properties = template()["Resources"]["Table"]["Properties"]
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        client.create_table(TableName=TABLE, **{name: properties[name] for name in wanted})
        yield MotoTable(client, TABLE, sleep=lambda _: None)


def test_given_the_same_seeds_then_memory_and_moto_end_the_same(moto_table: MotoTable) -> None:
    from moto.dynamodb.models import dynamodb_backends

    def ended(table: Any) -> list[Item]:
        return [*table.query(f"PROJECT#{PROJECT}"), *table.query(f"USER#{USER}")]

    with installed():
        for seed in range(MOTO_SCHEDULES):
            dynamodb_backends["123456789012"]["us-east-1"].tables[moto_table.name].items.clear()
            memory = MemoryTable()
            in_memory, on_moto = run(seed, backend=memory).world.trace, run(seed, backend=moto_table).world.trace
            assert on_moto == in_memory, f"seed {seed}"
            assert ended(moto_table) == ended(memory), f"seed {seed}"
