"""Functions in one process: each with its own environment, context and errors."""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import stack
from local.aws import AlreadyRunning, EmbeddedAws
from local.context import Actor, acting
from local.gateway import Response
from local.stack import StackError

FIXTURE = Path(__file__).parent / "fixtures" / "template.yaml"


def environment(aws: EmbeddedAws) -> dict[str, str]:
    told: dict[str, str] = aws.http("GET", "/open").json()["environment"]
    return told


def test_a_function_sees_the_templates_values(aws: EmbeddedAws) -> None:
    seen = environment(aws)

    assert seen["TABLE_NAME"] == aws.resources["CrewTable"]
    assert seen["BANNER"] == f"dev/us-east-1/{aws.outputs['TableArn']}"
    assert seen["MODE"] == "rehearsal"
    assert seen["DAILY_ARN"] == aws.outputs["DailyArn"]
    assert seen["PUBLIC_URL"] == aws.url
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == aws.resources["CrewFunction"]
    assert seen["AWS_REGION"] == "us-east-1"


def test_a_function_sees_nothing_else_of_the_machine(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_KEY", "not for functions")

    assert "VENDOR_KEY" not in environment(aws)
    assert os.environ["VENDOR_KEY"] == "not for functions"
    assert "TABLE_NAME" not in os.environ


def test_threads_of_a_handler_see_its_environment(do: Callable[..., Response]) -> None:
    assert do("threads", '{"count": 4}').json() == {"words": ["globals"] * 5}


def test_a_function_inherits_nothing_that_its_caller_remembers(aws: EmbeddedAws) -> None:
    from fixturelib import memory

    memory.set("what the caller read")
    event = {"pathParameters": {"action": "recall"}, "body": "{}"}
    with acting(Actor("SceneMachine")):  # threads inherit where somebody acts
        outcome = aws.functions.invoke(aws.resources["CrewFunction"], event)

    assert "nothing" in outcome.payload.decode()


def test_a_functions_own_value_wins_and_functions_do_not_mix(aws: EmbeddedAws) -> None:
    own = {f.logical_id: f.environment["SHARED_WORD"] for f in aws.functions.functions.values()}

    assert own["SlowFunction"] == "own"
    assert {word for name, word in own.items() if name != "SlowFunction"} == {"globals"}


def test_the_context_counts_down(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    told = do("remaining").json()

    assert 9000 < told["second"] < told["first"] <= 10000
    assert told["memory"] == "256"
    assert told["arn"] == aws.arn("CrewFunction")
    assert uuid.UUID(told["request"])


def test_a_failure_is_told_in_lambdas_words(aws: EmbeddedAws) -> None:
    answer = aws.client("lambda").invoke(FunctionName=aws.arn("TaskFunction"), Payload=b'{"do": "fail"}')
    payload = json.loads(answer["Payload"].read())

    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("BudgetCapExceeded", "cap is 20.0")
    assert "raise BudgetCapExceeded" in payload["stackTrace"][-1]


def test_an_image_function_runs_its_command(aws: EmbeddedAws) -> None:
    answer = aws.client("lambda").invoke(FunctionName=aws.arn("ImageFunction"), Payload=b'{"do": "square", "n": 7}')

    assert json.loads(answer["Payload"].read()) == 49


def test_an_unknown_function_is_not_found(aws: EmbeddedAws) -> None:
    client = aws.client("lambda")

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="nobody", Payload=b"{}")


def test_an_asynchronous_failure_is_tried_three_times_and_noted(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.functions, "_retry_delay", 0.05)
    key = uuid.uuid4().hex
    before = len(aws.failures)
    event = {"do": "third_time_never", "id": key}

    answer = aws.client("lambda").invoke(
        FunctionName=aws.arn("TaskFunction"), InvocationType="Event", Payload=json.dumps(event)
    )

    assert answer["StatusCode"] == 202
    for _ in range(200):
        if len(aws.failures) > before:
            break
        time.sleep(0.02)
    failure = aws.failures[-1]
    assert (failure.function, failure.attempts, failure.event) == ("TaskFunction", 3, event)
    assert failure.error["errorType"] == "ValueError"


def test_prints_go_to_the_log_and_not_to_the_terminal(aws: EmbeddedAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.logs.clear()
    aws.client("lambda").invoke(FunctionName=aws.arn("TaskFunction"), Payload=b'{"do": "fail"}')

    assert any("BudgetCapExceeded" in line for name, line in aws.logs if name == "TaskFunction")
    assert capsys.readouterr().out == ""


def test_calls_are_counted_per_function(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    before = aws.calls["CrewFunction", "dynamodb", "PutItem"]

    do("put", '{"id": "counted"}')

    assert aws.calls["CrewFunction", "dynamodb", "PutItem"] == before + 1


def test_only_one_runs_at_a_time(aws: EmbeddedAws) -> None:
    with pytest.raises(AlreadyRunning):
        EmbeddedAws(FIXTURE).start()


def test_a_data_folder_is_held_by_one(tmp_path: Path) -> None:
    first, second = EmbeddedAws(FIXTURE, tmp_path), EmbeddedAws(FIXTURE, tmp_path)
    first._folder()

    with pytest.raises(AlreadyRunning, match="in use by another process"):
        second._folder()
    first._resources.close()


def test_a_condition_parameter_changes_the_environment() -> None:
    loaded = stack.load(FIXTURE, {"Stage": "prod"})
    variables = loaded.resources["CrewFunction"]["Properties"]["Environment"]["Variables"]

    assert loaded.resolver.resolve(variables["MODE"]) == "live"


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(StackError, match="no parameter Nonsense"):
        stack.load(FIXTURE, {"Nonsense": "1"})


def test_a_missing_substitution_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "m.asl.yaml").write_text('{StartAt: A, States: {A: {Type: Pass, Result: "${Gone}", End: true}}}')
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n"
        "  M:\n"
        "    Type: AWS::Serverless::StateMachine\n"
        "    Properties: {DefinitionUri: m.asl.yaml, Role: arn:aws:iam::1:role/r}\n"
    )

    with pytest.raises(StackError, match=r"M: no DefinitionSubstitutions for \$\{Gone\}"):
        stack.load(tmp_path / "template.yaml", {})


def test_a_type_nobody_serves_is_noticed(aws: EmbeddedAws) -> None:
    loaded = stack.load(FIXTURE, {})
    loaded.resources["Odd"] = {"Type": "AWS::QuantumLedger::Thing", "Properties": {}}

    with pytest.raises(StackError, match=r"Odd \(AWS::QuantumLedger::Thing\)"):
        stack.create(loaded)


def test_names_and_arns_agree_with_what_was_made(aws: EmbeddedAws) -> None:
    assert (
        aws.client("dynamodb").describe_table(TableName=aws.outputs["TableName"])["Table"]["TableArn"]
        == (aws.outputs["TableArn"])
    )
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=aws.outputs["QueueUrl"], AttributeNames=["QueueArn"])
    assert attributes["Attributes"]["QueueArn"] == aws.outputs["QueueArn"]
    machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert aws.outputs["DailyArn"] in {m["stateMachineArn"] for m in machines}
    functions = aws.client("lambda").list_functions()["Functions"]
    assert aws.outputs["TaskArn"] in {f["FunctionArn"] for f in functions}


def test_clients_can_be_made_in_many_threads(aws: EmbeddedAws) -> None:
    barrier = threading.Barrier(8)

    def make(_: int) -> bool:
        barrier.wait()
        return bool(aws.client("dynamodb").list_tables()["TableNames"])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(make, range(8)))
