"""The state machine interpreter with in-process functions: what the product's machines rely on."""

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import EmbeddedAws


def run(aws: EmbeddedAws, plan: str, **more: Any) -> str:
    states = aws.client("stepfunctions")
    name = f"{plan}-{uuid.uuid4().hex[:8]}"
    return str(
        states.start_execution(
            stateMachineArn=aws.outputs["DailyArn"], name=name, input=json.dumps({"plan": plan, **more})
        )["executionArn"]
    )


def ended(aws: EmbeddedAws, execution: str, seconds: float = 15) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        told: dict[str, Any] = states.describe_execution(executionArn=execution)
        if told["status"] != "RUNNING":
            return told
        time.sleep(0.02)
    raise AssertionError(f"{execution} still runs after {seconds} s")


def result(aws: EmbeddedAws, execution: str) -> Any:
    told = ended(aws, execution)
    assert told["status"] == "SUCCEEDED", told
    return json.loads(told["output"])


def token_of(aws: EmbeddedAws, key: str) -> str:
    for _ in range(500):
        item = aws.client("dynamodb").get_item(
            TableName=aws.outputs["TableName"], Key={"PK": {"S": key}, "SK": {"S": "TOKEN"}}
        )
        if "Item" in item:
            return str(item["Item"]["token"]["S"])
        time.sleep(0.02)
    raise AssertionError(f"no token for {key}")


def test_a_nested_execution_gives_its_output_back_as_json(aws: EmbeddedAws) -> None:
    output = result(aws, run(aws, "nested", word="slate"))

    assert output == {"scene": {"word": "slate", "label": "daily-dev", "shared": "globals"}, "status": "SUCCEEDED"}


def test_a_map_keeps_the_order_of_its_items(aws: EmbeddedAws) -> None:
    assert result(aws, run(aws, "map", shots=list(range(12))))["squares"] == [n**2 for n in range(12)]


@pytest.mark.parametrize(("decision", "end"), [("APPROVED", "approved"), ("REJECTED", "rejected")])
def test_a_token_wait_goes_on_with_the_decision(aws: EmbeddedAws, decision: str, end: str) -> None:
    key = uuid.uuid4().hex
    execution = run(aws, "token", id=key, patience=30)
    token = token_of(aws, key)

    aws.client("stepfunctions").send_task_success(taskToken=token, output=json.dumps({"decision": decision}))

    assert result(aws, execution)["end"] == end
    with pytest.raises(ClientError):
        aws.client("stepfunctions").send_task_success(taskToken=token, output="{}")


def test_a_failed_token_carries_error_and_cause(aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    execution = run(aws, "token", id=key, patience=30)

    aws.client("stepfunctions").send_task_failure(taskToken=token_of(aws, key), error="Refused", cause="no slate")

    assert result(aws, execution)["error"] == {"Error": "Refused", "Cause": "no slate"}


def test_a_token_is_good_once_while_its_machine_still_runs(aws: EmbeddedAws) -> None:
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    execution = run(aws, "tokens", ids=[first, second])
    states = aws.client("stepfunctions")
    token, other = token_of(aws, first), token_of(aws, second)
    states.send_task_success(taskToken=token, output='"a"')
    refused = False
    for _ in range(100):  # the answered state ends in its own time
        states.send_task_heartbeat(taskToken=other)
        try:
            states.send_task_success(taskToken=token, output='"a"')
        except ClientError as error:
            refused = error.response["Error"]["Code"] in ("TaskDoesNotExist", "InvalidToken", "TaskTimedOut")
            break
        time.sleep(0.05)
    states.send_task_success(taskToken=other, output='"c"')

    assert refused
    assert result(aws, execution) == ["a", "c"]


def test_heartbeats_keep_a_token_wait_alive(aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    execution = run(aws, "tokens", ids=[key])
    states = aws.client("stepfunctions")
    token = token_of(aws, key)
    for _ in range(3):  # 4.5 s in all, against a heartbeat of 4 s
        time.sleep(1.5)
        states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='"done"')

    assert result(aws, execution) == ["done"]


def test_a_missed_heartbeat_ends_the_wait(aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    told = ended(aws, run(aws, "tokens", ids=[key]))

    assert (told["status"], told["error"]) == ("FAILED", "States.Timeout")


def test_a_token_wait_times_out(aws: EmbeddedAws) -> None:
    assert result(aws, run(aws, "token", id=uuid.uuid4().hex, patience=1))["end"] == "expired"


def test_an_error_is_caught_by_its_name(aws: EmbeddedAws) -> None:
    output = result(aws, run(aws, "caught"))

    assert output["end"] == "mended"
    assert output["error"]["Error"] == "BudgetCapExceeded"
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "cap is 20.0"


def test_retries_run_until_the_task_holds(aws: EmbeddedAws) -> None:
    assert result(aws, run(aws, "retry", id=uuid.uuid4().hex)) == {"attempts": 3}


def test_a_task_past_its_timeout_takes_the_branch(aws: EmbeddedAws) -> None:
    started = time.monotonic()

    assert result(aws, run(aws, "slow"))["end"] == "expired"
    assert time.monotonic() - started < 2.5


def test_a_wait_state_waits(aws: EmbeddedAws) -> None:
    started = time.monotonic()

    assert result(aws, run(aws, "wait"))["end"] == "approved"
    assert time.monotonic() - started >= 1


def test_an_unknown_branch_fails_with_the_machines_error(aws: EmbeddedAws) -> None:
    told = ended(aws, run(aws, "no such plan"))

    assert (told["status"], told["error"]) == ("FAILED", "UnknownPlan")


def test_a_machines_own_calls_are_counted_as_its_own(aws: EmbeddedAws) -> None:
    result(aws, run(aws, "table", id=uuid.uuid4().hex))
    result(aws, run(aws, "nested", word="x"))

    assert aws.calls["DailyMachine", "dynamodb", "PutItem"] >= 1
    assert aws.calls["DailyMachine", "states", "StartExecution"] >= 1
    assert aws.calls["SceneMachine", "lambda", "Invoke"] >= 1


def test_many_executions_wait_for_tokens_at_once(aws: EmbeddedAws) -> None:
    keys = [uuid.uuid4().hex for _ in range(12)]
    executions = [run(aws, "token", id=key, patience=30) for key in keys]
    states = aws.client("stepfunctions")

    def approve(key: str) -> None:
        states.send_task_success(taskToken=token_of(aws, key), output='{"decision": "APPROVED"}')

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(approve, keys))

    assert [result(aws, execution)["end"] for execution in executions] == ["approved"] * 12
    assert threading.active_count() < 200
