"""Image functions run in processes of their own, and their AWS is this one."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.aws import EmbeddedAws

ROOT = Path(__file__).parents[2]
FIXTURE = Path(__file__).parent / "fixtures" / "template.yaml"

PARENT = """
import json, sys
from pathlib import Path
from local.aws import EmbeddedAws

with EmbeddedAws(Path(sys.argv[1])) as aws:
    event = json.dumps({"do": "hang", "note": sys.argv[2]})
    aws.client("lambda").invoke(FunctionName=aws.arn("ImageFunction"), Payload=event)
"""


def call(aws: EmbeddedAws, do: str, **event: Any) -> Any:
    outcome = aws.functions.invoke(aws.resources["ImageFunction"], {"do": do, **event})
    assert not outcome.failed, outcome.payload
    return outcome.value()


def refused(aws: EmbeddedAws, do: str, **event: Any) -> dict[str, Any]:
    outcome = aws.functions.invoke(aws.resources["ImageFunction"], {"do": do, **event})
    assert outcome.failed
    told: dict[str, Any] = outcome.value()
    return told


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.02)
    return False


def running(pid: int) -> bool:
    """False for a zombie too: it does nothing and holds nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_has_its_own_process_environment_and_context(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_KEY", "not for functions")

    told = call(aws, "who")

    assert told["pid"] != os.getpid()
    assert told["environment"]["SHARED_WORD"] == "globals"
    assert told["environment"]["BUCKET_NAME"] == aws.outputs["BucketName"]
    assert told["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == aws.resources["ImageFunction"]
    assert not {"VENDOR_KEY", "PYTHONPATH"} & set(told["environment"])
    assert told["arn"] == aws.arn("ImageFunction")
    assert 0 < told["left"] <= 5000


def test_two_calls_run_at_the_same_time_in_two_processes(aws: EmbeddedAws) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: call(aws, "meet", id=key), range(2))

    pool_of = aws.functions.containers[aws.resources["ImageFunction"]]
    assert len({first, second}) == 2 == len(pool_of.pids())


def test_its_calls_are_counted_under_its_name(aws: EmbeddedAws) -> None:
    before, key = aws.calls.copy(), uuid.uuid4().hex
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: call(aws, "meet", id=key), range(2)))

    made = aws.calls - before
    assert made["ImageFunction", "dynamodb", "UpdateItem"] == 2
    assert made["ImageFunction", "dynamodb", "GetItem"] >= 2


def test_a_message_it_sends_is_taken_at_once(aws: EmbeddedAws) -> None:
    key = {"PK": {"S": uuid.uuid4().hex}, "SK": {"S": "COUNT"}}
    call(aws, "send", id=key["PK"]["S"])

    def seen() -> bool:
        return "Item" in aws.client("dynamodb").get_item(TableName=aws.outputs["TableName"], Key=key)

    assert until(seen, 3)
    assert aws.calls["ImageFunction", "sqs", "SendMessage"] >= 1


def test_its_queue_feeds_it(aws: EmbeddedAws) -> None:
    keys = [{"PK": {"S": uuid.uuid4().hex}, "SK": {"S": "COUNT"}} for _ in range(5)]
    url = aws.client("sqs").get_queue_url(QueueName=aws.resources["CueQueue"])["QueueUrl"]
    for key in keys:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"id": key["PK"]["S"]}))

    def count(key: dict[str, Any]) -> int:
        found = aws.client("dynamodb").get_item(TableName=aws.outputs["TableName"], Key=key).get("Item")
        return int(found["seen"]["N"]) if found else 0

    assert until(lambda: [count(key) for key in keys] == [1] * 5)


def test_large_objects_go_both_ways_whole_and_its_links_work(aws: EmbeddedAws) -> None:
    body = os.urandom(1 << 20) * 20 + b"end"  # several parts
    source, target = uuid.uuid4().hex, uuid.uuid4().hex
    aws.client("s3").put_object(Bucket=aws.outputs["BucketName"], Key=source, Body=body)

    link = call(aws, "copy", **{"from": source, "to": target})

    assert aws.client("s3").get_object(Bucket=aws.outputs["BucketName"], Key=target)["Body"].read() == body
    with urllib.request.urlopen(link, timeout=20) as answer:
        assert answer.read() == body
    assert aws.calls["ImageFunction", "s3", "UploadPart"] >= 3


def test_an_exception_is_told_in_lambdas_words_and_logged(aws: EmbeddedAws) -> None:
    aws.logs.clear()
    told = refused(aws, "fail")

    assert (told["errorType"], told["errorMessage"]) == ("LookupError", "no such prop")
    assert "in fail" in told["stackTrace"][-1]
    assert ("ImageFunction", "LookupError: no such prop") in aws.logs


@pytest.mark.parametrize(("event", "how"), [({}, "signal: SIGKILL"), ({"status": 3}, "exit status 3")])
def test_a_process_that_dies_fails_its_call_and_is_replaced(aws: EmbeddedAws, event: dict[str, int], how: str) -> None:
    aws.logs.clear()
    containers = aws.functions.containers[aws.resources["ImageFunction"]]
    before = set(containers.pids())

    told = refused(aws, "die", **event)

    assert told["errorType"] == "Runtime.ExitError"
    assert told["errorMessage"].endswith(f"Runtime exited with error: {how}")
    assert ("ImageFunction", "curtain") in aws.logs
    assert until(lambda: len(set(containers.pids()) - before) == 1)
    assert len(containers.pids()) == len(before)
    assert call(aws, "square", n=3) == 9


def test_one_that_died_while_idle_fails_nothing(aws: EmbeddedAws) -> None:
    pids = aws.functions.containers[aws.resources["ImageFunction"]].pids()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: not any(running(pid) for pid in pids))

    assert [call(aws, "square", n=n) for n in range(3)] == [0, 1, 4]


def test_past_its_timeout_it_is_killed_with_what_it_started(aws: EmbeddedAws, tmp_path: Path) -> None:
    told = refused(aws, "hang", note=str(tmp_path / "note"))

    *pids, folder = json.loads((tmp_path / "note").read_text(encoding="utf-8"))
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith("Task timed out after 5.00 seconds")
    assert until(lambda: not any(running(pid) for pid in pids))
    assert until(lambda: not Path(folder).exists())
    assert call(aws, "square", n=4) == 16


def test_it_calls_nobody_but_this_aws(aws: EmbeddedAws) -> None:
    told = refused(aws, "stray")

    assert told["errorType"] == "PermissionError"
    assert "would leave the machine: http://192.0.2.1" in told["errorMessage"]


def test_a_stranger_on_the_machine_is_refused(aws: EmbeddedAws) -> None:
    body = json.dumps({"TableName": aws.outputs["TableName"]}).encode()
    credential = "AWS4-HMAC-SHA256 Credential=AKIASTRANGER/20260101/us-east-1/dynamodb/aws4_request"
    headers = {"authorization": credential, "x-amz-target": "DynamoDB_20120810.Scan"}
    request = urllib.request.Request(aws.s3_url, body, headers, method="POST")

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request, timeout=20)
    with answer.value as response:
        assert response.code == 403


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    noted = tmp_path / "note"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(FIXTURE), str(noted)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert until(noted.exists, 60)
    busy, other, _ = json.loads(noted.read_text(encoding="utf-8"))
    assert running(busy)

    parent.send_signal(how)
    parent.wait(30)

    assert until(lambda: not running(busy), 5)
    if running(other):  # a program without pipes to us outlives a killed process
        os.kill(other, signal.SIGKILL)
