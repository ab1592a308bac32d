"""What gets stuck is moved on: lost messages, a worker that died, a state machine nobody told, messages given up."""

import json
import os
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.redrive import redrive
from tests.integration.line import Line, job_of
from tests.integration.shoot import FRAME, Shoot
from tests.integration.studio import LambdaContext, Studio, client
from tests.integration.test_fal import after
from vibeboard.domain.errors import Busy
from vibeboard.jobs import queues, reconcile, settlement, submission
from vibeboard.jobs.waiting import wait_for
from vibeboard.store import keys, objects
from vibeboard.store.table import NEW, Put, Table, TransactionRefused, Update, table


class StateMachine:
    """Records what a waiting execution is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.alive: list[str] = []
        self.gone = False

    def send_task_success(self, taskToken: str, output: str) -> None:
        if self.gone:
            raise ClientError({"Error": {"Code": "TaskTimedOut", "Message": "gone"}}, "SendTaskSuccess")
        self.told.append(f"{taskToken} {json.loads(output)['status']}")

    def send_task_heartbeat(self, taskToken: str) -> None:
        self.alive.append(taskToken)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> StateMachine:
    machine = StateMachine()
    monkeypatch.setattr(settlement, "_step_functions", lambda: machine)
    return machine


@pytest.fixture
def shoot(studio: Studio) -> Shoot:
    return Shoot(studio, studio.project(), shots=1)


def ordered(shoot: Shoot) -> str:
    answer = shoot.studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"}, user="editor")
    return str(answer.json["jobId"])


def test_given_a_job_under_way_when_the_reconciler_comes_by_then_its_state_machine_hears_that_it_lives(
    shoot: Shoot, machine: StateMachine
) -> None:
    wait_for(shoot.project_id, ordered(shoot), "token-1")
    reconcile.reconcile()
    assert machine.alive == ["token-1"]
    machine.gone = True
    reconcile.reconcile()


def test_given_a_crash_between_settling_and_telling_then_the_reconciler_tells(
    shoot: Shoot, machine: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ordered(shoot)
    wait_for(shoot.project_id, job_id, "token-1")
    with monkeypatch.context() as crash:
        crash.setattr(settlement, "announce", lambda _: None)
        shoot.settle(job_id, FRAME)
    assert machine.told == []
    reconcile.reconcile()
    assert machine.told == ["token-1 SUCCEEDED"]
    assert table().query_index(keys.OPEN_JOBS) == []
    reconcile.reconcile()
    assert len(machine.told) == 1


def test_given_a_token_that_came_after_the_job_was_read_then_it_is_told_all_the_same(
    shoot: Shoot, machine: StateMachine
) -> None:
    job_id = ordered(shoot)
    seen = submission.submit(shoot.project_id, job_id)
    assert seen is not None
    wait_for(shoot.project_id, job_id, "token-1")
    settlement.succeed(seen, FRAME)
    assert machine.told == ["token-1 SUCCEEDED"]


def test_given_a_lost_submit_message_then_it_is_sent_again_and_only_once_the_job_is_old_enough(
    shoot: Shoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ordered(shoot)
    shoot.studio.queued(queues.SUBMIT)
    assert reconcile.reconcile()["waiting"] == 1
    after(monkeypatch, 61)
    assert reconcile.reconcile()["resent"] == 1
    assert [body["jobId"] for body in shoot.studio.queued(queues.SUBMIT)] == [job_id]


def test_given_a_worker_that_died_behind_the_fence_then_our_own_work_is_started_again_after_its_lease(
    shoot: Shoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ordered(shoot)
    shoot.studio.queued(queues.SUBMIT)
    with monkeypatch.context() as crash:
        crash.setattr(queues, "send", lambda *_: (_ for _ in ()).throw(Busy("the process ends here")))
        with pytest.raises(Busy):
            submission.submit(shoot.project_id, job_id)
    after(monkeypatch, submission.LEASE_SECONDS)
    assert reconcile.reconcile()["waiting"] == 1
    after(monkeypatch, submission.LEASE_SECONDS + reconcile.SKEW_SECONDS + 1)
    assert reconcile.reconcile()["redone"] == 1
    assert [body["jobId"] for body in shoot.studio.queued(queues.MEDIA)] == [job_id]


def test_given_a_result_nobody_reported_then_it_is_adopted_not_made_again(shoot: Shoot) -> None:
    job_id = ordered(shoot)
    shoot.studio.queued(queues.SUBMIT)
    job = submission.submit(shoot.project_id, job_id)
    assert job is not None
    shoot.studio.queued(queues.MEDIA)
    objects.write_json(reconcile.result_key(job), {"result": FRAME})
    assert reconcile.reconcile()["adopted"] == 1
    Line(shoot.studio).until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"


def test_given_one_job_that_cannot_be_looked_at_then_the_others_are(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Shoot(studio, studio.project(), shots=1) for _ in range(2))
    broken, fine = ordered(first), ordered(second)
    table().write(Update(keys.job(first.project_id, broken), set={"provider": "fal", "status": "SUBMITTED"}))
    studio.queued(queues.SUBMIT)
    after(monkeypatch, 61)
    moved = reconcile.reconcile()
    assert (moved["failed"], moved["resent"]) == (1, 1)
    assert [body["jobId"] for body in studio.queued(queues.SUBMIT)] == [fine]


def test_given_one_bad_message_in_a_batch_then_only_that_one_comes_again(shoot: Shoot) -> None:
    from jobs.queue import settle_handler

    job_id = ordered(shoot)
    bodies = [
        {"projectId": shoot.project_id, "jobId": "job_nobody"},
        {"projectId": shoot.project_id, "jobId": job_id, "error": {"code": "X", "message": "x"}},
    ]
    records = [
        {"messageId": f"m{n}", "body": json.dumps(body), "eventSource": "aws:sqs"} for n, body in enumerate(bodies)
    ]
    answer = settle_handler({"Records": records}, LambdaContext())
    assert answer["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    assert job_of(shoot.project_id, job_id)["status"] == "FAILED"


def test_given_messages_given_up_then_redrive_puts_each_back_where_it_belongs(studio: Studio) -> None:
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName="dead", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    urls = {name: os.environ[f"{name.upper()}_QUEUE_URL"] for name in ("submit", "media", "settle")}
    job = {"projectId": "prj_1", "jobId": "job_1"}
    bodies: list[Any] = [job, job | {"error": {}}, job | {"delivery": "k", "attempt": 1}, job | {"cancel": True}]
    for body in bodies:
        sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(body))
    sqs.send_message(QueueUrl=dead, MessageBody="not ours")

    assert redrive(sqs, dead, urls) == {"submit": 2, "settle": 2, "unreadable": 1}
    assert studio.queued(queues.SUBMIT) == [job, job | {"cancel": True}]
    assert studio.queued(queues.SETTLE) == [job | {"error": {}}, job | {"delivery": "k", "attempt": 1}]
    assert redrive(sqs, dead, urls) == {}


class Contended:
    """A client whose transactions conflict a number of times, as DynamoDB's do and no emulator's."""

    def __init__(self, conflicts: int, code: str = "TransactionConflict") -> None:
        self.left, self.calls, self.code = conflicts, 0, code

    def transact_write_items(self, **_: Any) -> None:
        self.calls += 1
        if self.left:
            self.left -= 1
            reasons = [{"Code": "None"}, {"Code": self.code}]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]


@pytest.mark.parametrize(("conflicts", "calls"), [(0, 1), (13, 14)])
def test_given_conflicts_then_the_transaction_is_sent_again_until_it_passes(conflicts: int, calls: int) -> None:
    client: Any = Contended(conflicts)
    Table(client, "t", sleep=lambda _: None).transact([Put({"PK": "a", "SK": "b"}, NEW)])
    assert client.calls == calls


def test_given_conflicts_without_end_then_it_is_busy_and_a_refusal_is_never_repeated() -> None:
    client: Any = Contended(99)
    with pytest.raises(Busy):
        Table(client, "t", sleep=lambda _: None).transact([Put({"PK": "a", "SK": "b"}, NEW)])
    refused: Any = Contended(1, "ConditionalCheckFailed")
    with pytest.raises(TransactionRefused):
        Table(refused, "t", sleep=lambda _: None).transact([Put({"PK": "a", "SK": "b"}, NEW)])
    assert refused.calls == 1


def test_given_a_stack_when_the_command_redrives_it_then_its_dead_letters_go_back_to_their_queues(
    studio: Studio,
) -> None:
    from click.testing import CliRunner

    from local.cli import cli

    logical = ("SubmitQueue", "MediaQueue", "SettleQueue", "JobsDeadLetters")
    body = {"Resources": {name: {"Type": "AWS::SQS::Queue"} for name in logical}}
    client("cloudformation").create_stack(StackName="house", TemplateBody=json.dumps(body))
    made = client("cloudformation").list_stack_resources(StackName="house")["StackResourceSummaries"]
    urls = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in made}
    sqs = client("sqs")
    batch = {"projectId": "prj_1", "batchId": "bat_1"}
    sqs.send_message(QueueUrl=urls["JobsDeadLetters"], MessageBody=json.dumps(batch))

    told = CliRunner().invoke(cli, ["redrive", "--stack", "house", "--json"])
    assert json.loads(told.output) == {"submit": 1}
    (back,) = sqs.receive_message(QueueUrl=urls["SubmitQueue"])["Messages"]
    assert json.loads(back["Body"]) == batch
    nowhere = CliRunner().invoke(cli, ["redrive", "--stack", "elsewhere"])
    assert "cannot be redriven" in str(nowhere.exception)
    assert CliRunner().invoke(cli, ["redrive"]).exit_code == 2
