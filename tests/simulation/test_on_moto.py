"""The table in memory is the real one's equal: the same seeds over moto take the same steps to the same end."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.simulation.house import PROJECT, USER, installed
from tests.simulation.memory import MemoryTable, held
from tests.simulation.schedule import run
from vibeboard.store.table import Item, Table

MOTO_SCHEDULES = 25


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
