"""The table of AWS calls per request is true, and no route calls more than it may."""

import json
import os
from collections import Counter

import boto3
import pytest

from tests.benchmarks.aws_calls import TABLE, WRITE, Play, most, page, play
from tests.integration.conftest import _aws, studio  # noqa: F401 - fixtures
from tests.integration.studio import Studio


@pytest.fixture
def played(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Play:  # noqa: F811
    """Every route once; the state machine that is started does nothing."""
    step_functions = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/production"
    made = step_functions.create_state_machine(name="production", definition=definition, roleArn=role)
    monkeypatch.setenv("PRODUCTION_MACHINE_ARN", made["stateMachineArn"])
    monkeypatch.setenv("CONTINUITY_MACHINE_ARN", made["stateMachineArn"])
    for name in ("WEBHOOK_SECRET", "YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET", "YOUTUBE_REFRESH_TOKEN"):
        monkeypatch.setenv(name, "a-secret")
    monkeypatch.setenv("FAL_USER_ID", "us")
    return play(studio)


def test_given_every_route_when_called_once_then_none_calls_aws_more_often_than_it_may(played: Play) -> None:
    if os.environ.get(WRITE):
        TABLE.write_text(page(played.found), "utf-8")
    over = {route: dict(calls) for route, calls in played.found.items() if calls.total() > most(route)}
    assert over == {}
    chain = played.found["GET /api/projects/{projectId}/scene-chains/{chainId}"]
    assert chain == Counter({"dynamodb.Query": 1, "dynamodb.BatchGetItem": 1})
    written = TABLE.read_text("utf-8")
    assert [route for route in played.found if f"| {route} |" not in written] == [], "run aws_calls.py"
