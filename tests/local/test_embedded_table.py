"""DynamoDB under threads: single writes and transactions are atomic, as in the real one."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import EmbeddedAws

THREADS, TRIES, AMOUNT, CAP = 32, 20, 7, 2243
AFFORDABLE = CAP // AMOUNT  # 320 of 640


class Ledger:
    def __init__(self, aws: EmbeddedAws) -> None:
        self.client, self.table, self.pk = aws.client("dynamodb"), aws.outputs["TableName"], uuid.uuid4().hex
        self.client.put_item(
            TableName=self.table, Item={"PK": {"S": self.pk}, "SK": {"S": "BUDGET"}, "available": {"N": str(CAP)}}
        )

    def take(self) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "Key": {"PK": {"S": self.pk}, "SK": {"S": "BUDGET"}},
            "UpdateExpression": "SET available = available - :a",
            "ConditionExpression": "available >= :a",
            "ExpressionAttributeValues": {":a": {"N": str(AMOUNT)}},
        }

    def alone(self, _: str) -> None:
        self.client.update_item(**self.take())

    def with_row(self, hold: str) -> None:
        row = {
            "TableName": self.table,
            "Item": {"PK": {"S": self.pk}, "SK": {"S": f"HOLD#{hold}"}},
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        self.client.transact_write_items(TransactItems=[{"Update": self.take()}, {"Put": row}])

    def available(self) -> int:
        key = {"PK": {"S": self.pk}, "SK": {"S": "BUDGET"}}
        return int(self.client.get_item(TableName=self.table, Key=key)["Item"]["available"]["N"])

    def holds(self) -> set[str]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :p AND begins_with(SK, :h)",
            ExpressionAttributeValues={":p": {"S": self.pk}, ":h": {"S": "HOLD#"}},
        )
        return {item["SK"]["S"].removeprefix("HOLD#") for page in pages for item in page["Items"]}


def race(act: Callable[[str], None], identity: Callable[[int, int], str], tries: int = TRIES) -> list[str]:
    taken: list[str] = []
    errors: list[BaseException] = []
    barrier = threading.Barrier(THREADS)

    def run(thread: int) -> None:
        barrier.wait()
        for attempt in range(tries):
            name = identity(thread, attempt)
            try:
                act(name)
                taken.append(name)
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                if code not in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                    errors.append(refused)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return taken


def test_conditional_updates_never_overspend(aws: EmbeddedAws) -> None:
    ledger = Ledger(aws)

    taken = race(ledger.alone, lambda thread, attempt: f"{thread}-{attempt}")

    assert len(taken) == AFFORDABLE
    assert ledger.available() == CAP - AFFORDABLE * AMOUNT


def test_transactions_never_overspend_and_every_row_was_acknowledged(aws: EmbeddedAws) -> None:
    ledger = Ledger(aws)

    taken = race(ledger.with_row, lambda thread, attempt: f"{thread}-{attempt}")

    assert len(taken) == AFFORDABLE
    assert ledger.available() == CAP - AFFORDABLE * AMOUNT
    assert ledger.holds() == set(taken)


def test_one_id_is_won_once(aws: EmbeddedAws) -> None:
    ledger = Ledger(aws)

    taken = race(ledger.with_row, lambda _, attempt: f"job-{attempt}", tries=6)

    assert sorted(taken) == sorted(f"job-{n}" for n in range(6))
    assert ledger.available() == CAP - 6 * AMOUNT


def test_a_cancelled_transaction_leaves_what_was_there(aws: EmbeddedAws) -> None:
    ledger = Ledger(aws)
    ledger.with_row("first")

    with pytest.raises(ClientError) as cancelled:
        ledger.with_row("first")

    reasons = [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert ledger.available() == CAP - AMOUNT
    assert ledger.holds() == {"first"}


def test_given_an_item_of_every_type_when_it_is_read_then_each_value_comes_back_as_it_was_put(aws: EmbeddedAws) -> None:
    client, table, pk = aws.client("dynamodb"), aws.outputs["TableName"], uuid.uuid4().hex
    item: dict[str, Any] = {
        "PK": {"S": pk},
        "SK": {"S": "ALL"},
        "text": {"S": 'quoted "é" – 東京'},
        "number": {"N": "12345678901234567890.5"},
        "binary": {"B": b"\x00\xffraw"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "map": {"M": {"inner": {"L": [{"N": "1"}, {"M": {"deep": {"B": b"\x01"}}}]}}},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "binaries": {"BS": [b"\x02", b"\x03"]},
    }
    client.put_item(TableName=table, Item=item)
    read = client.get_item(TableName=table, Key={"PK": {"S": pk}, "SK": {"S": "ALL"}})["Item"]
    (queried,) = client.query(
        TableName=table, KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": pk}}
    )["Items"]
    assert read == queried == item
