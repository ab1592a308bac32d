"""Queues, schedules and event rules start functions as they do in AWS."""

import json
import time
import uuid
from collections.abc import Callable

from local.aws import EmbeddedAws
from local.gateway import Response


def count(aws: EmbeddedAws, key: str, field: str = "seen") -> int:
    item = aws.client("dynamodb").get_item(
        TableName=aws.outputs["TableName"], Key={"PK": {"S": key}, "SK": {"S": "COUNT"}}, ConsistentRead=True
    )
    return int(item["Item"][field]["N"]) if "Item" in item else 0


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.02)
    return False


def left(aws: EmbeddedAws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    given = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(given[name]) for name in names)


def test_each_message_reaches_the_function_once(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    keys = [uuid.uuid4().hex for _ in range(23)]

    do("enqueue", json.dumps({"messages": [{"id": key} for key in keys]}))

    assert until(lambda: all(count(aws, key) for key in keys))
    assert until(lambda: left(aws, aws.outputs["QueueUrl"]) == 0)
    assert [count(aws, key) for key in keys] == [1] * 23


def test_a_message_is_taken_at_once(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    started = time.monotonic()

    do("enqueue", json.dumps({"messages": [{"id": key}]}))

    assert until(lambda: count(aws, key) == 1)
    assert time.monotonic() - started < 0.8


def test_only_what_failed_comes_again_and_ends_in_the_dead_letters(
    do: Callable[..., Response], aws: EmbeddedAws
) -> None:
    good, bad = uuid.uuid4().hex, uuid.uuid4().hex
    dead = aws.client("sqs").get_queue_url(QueueName=aws.resources["CallSheetDeadLetters"])["QueueUrl"]
    before = left(aws, dead)

    do("enqueue", json.dumps({"messages": [{"id": good}, {"id": bad, "poison": True}]}))

    assert until(lambda: left(aws, dead) == before + 1)
    assert count(aws, good) == 1
    assert count(aws, bad) == 2  # maxReceiveCount


def test_schedules_fire(aws: EmbeddedAws) -> None:
    before = count(aws, "clock", "n")

    assert until(lambda: count(aws, "clock", "n") >= before + 2, 5)


def test_a_rule_hands_its_event_to_a_function(aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    events = aws.client("events")
    events.put_rule(Name="echo", EventPattern=json.dumps({"source": ["crew"]}))
    target = {
        "Id": "task",
        "Arn": aws.arn("TaskFunction"),
        "InputTransformer": {
            "InputPathsMap": {"id": "$.detail.id"},
            "InputTemplate": '{"do": "third_time", "id": "<id>"}',
        },
    }
    events.put_targets(Rule="echo", Targets=[target])

    events.put_events(Entries=[{"Source": "crew", "DetailType": "Call", "Detail": json.dumps({"id": key})}])

    assert until(lambda: count(aws, key, "n") >= 1)


def test_idle_pumps_cost_little(aws: EmbeddedAws) -> None:
    started = time.process_time()
    time.sleep(1)

    assert time.process_time() - started < 0.2  # most of it the fixture's clock, five times a second
