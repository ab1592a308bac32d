"""A batch of a thousand shots: one request, its money decided once, its jobs written behind the answer."""

from typing import Any

import pytest

from tests.integration.line import Line, money
from tests.integration.shoot import Shoot
from tests.integration.studio import BUCKET, Studio, client
from vibeboard.jobs import batches, queues, reconcile
from vibeboard.store import chains, keys
from vibeboard.store.table import Put, Update, table

SHOT = 250_000  # 5 s at draft
CHUNK = 10  # jobs one transaction takes here; the thousand is written as it ships
MANY = 15
FRAME = {"key": "projects/p/frame.png", "takeId": "take_1"}


def filled(studio: Studio, shots: int, cap: float) -> Shoot:
    """A chain of shots that all have frames."""
    shoot = Shoot(studio, studio.project(budgetCap=cap), shots=0)
    much = {"granted": 10**9, "available": 10**9, "reserved": 0, "committed": 0}
    table().write(Put({**keys.quota("user_editor"), **much}))
    segments: list[dict[str, Any]] = [
        {"id": f"seg_{n:04d}", "shotName": f"SC01_SH{n:02d}", "prompt": f"Shot {n}", "duration": 5, "orderIndex": n}
        | {"firstFrame": FRAME, "lastFrame": FRAME}
        for n in range(shots)
    ]
    chains.put_segments(shoot.project_id, shoot.chain, segments)
    shoot.segments = [segment["id"] for segment in segments]
    return shoot


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "JOBS_PER_TRANSACTION", CHUNK)


def order(shoot: Shoot, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return shoot.studio.call("POST", f"{shoot.base}/generate", body, "editor", headers)


def batch_of(shoot: Shoot) -> dict[str, Any]:
    (batch,) = shoot.studio.items(shoot.project_id, "BATCH#")
    return batch


def test_given_a_thousand_shots_when_ordered_then_one_request_admits_them_and_the_consumer_writes_their_jobs(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot = filled(studio, 1000, cap=250.0)
    answer = order(shoot, key="all-of-it")
    assert answer.status == 202, answer.text
    assert (answer.json["shotCount"], answer.json["estimatedCost"]) == (1000, 250.0)
    assert len({job["jobId"] for job in answer.json["jobs"]}) == 1000
    assert money(shoot.project_id) == {"available": 0, "reserved": 1000 * SHOT, "committed": 0}
    assert batch_of(shoot)["hold"] == 1000 * SHOT
    assert order(shoot, key="all-of-it").json == answer.json

    (message,) = studio.queued(queues.SUBMIT)
    sent: list[str] = []
    monkeypatch.setattr(queues, "send", lambda _queue, messages: sent.extend(m["jobId"] for m in messages))
    batches.fan_out(message["projectId"], message["batchId"])
    jobs = studio.items(shoot.project_id, "JOB#")
    assert {job["jobId"] for job in jobs} == {job["jobId"] for job in answer.json["jobs"]}
    assert sum(job["amount"] for job in jobs) == 1000 * SHOT
    assert (batch_of(shoot)["hold"], batch_of(shoot)["state"]) == (0, "DONE")
    assert money(shoot.project_id)["reserved"] == 1000 * SHOT
    batches.fan_out(message["projectId"], message["batchId"])  # the message comes twice
    assert sorted(sent) == sorted(job["jobId"] for job in jobs)


@pytest.mark.usefixtures("small")
def test_given_a_cap_one_shot_too_small_when_a_batch_is_ordered_then_nothing_of_it_is_held(studio: Studio) -> None:
    shoot = filled(studio, MANY, cap=(MANY - 1) * 0.25)
    assert (order(shoot).status, order(shoot).code) == (409, "BUDGET_CAP_EXCEEDED")
    assert studio.items(shoot.project_id, "BATCH#") == studio.queued(queues.SUBMIT) == []
    assert money(shoot.project_id)["reserved"] == 0


@pytest.mark.usefixtures("small")
def test_given_a_shot_ordered_alone_before_when_the_batch_is_written_then_it_is_held_once(studio: Studio) -> None:
    shoot = filled(studio, MANY, cap=100.0)
    alone = studio.call("POST", shoot.path(12, "/generate"), {}, "editor").json["jobId"]
    order(shoot)
    assert money(shoot.project_id)["reserved"] == (MANY + 1) * SHOT
    line = Line(studio)
    assert line.carry(queues.SUBMIT) == 2
    jobs = studio.items(shoot.project_id, "JOB#")
    assert alone in {job["jobId"] for job in jobs}
    assert len(jobs) == MANY
    assert money(shoot.project_id)["reserved"] == sum(job["amount"] for job in jobs) == MANY * SHOT


@pytest.mark.usefixtures("small")
def test_given_a_lost_message_when_the_reconciler_comes_by_then_the_batch_is_written(studio: Studio) -> None:
    shoot = filled(studio, MANY, cap=100.0)
    order(shoot)
    studio.queued(queues.SUBMIT)  # lost
    assert reconcile.reconcile()["resent"] == 0  # its writer may be at work
    assert reconcile.reconcile(resend_after=0)["resent"] == 1
    assert Line(studio).carry(queues.SUBMIT) == 1
    assert len(studio.items(shoot.project_id, "JOB#")) == MANY
    assert batch_of(shoot)["state"] == "DONE"


@pytest.mark.usefixtures("small")
def test_given_drafts_that_are_gone_when_the_batch_is_written_then_its_money_is_free_and_the_log_says_so(
    studio: Studio,
) -> None:
    shoot = filled(studio, MANY, cap=100.0)
    order(shoot)
    client("s3").delete_object(Bucket=BUCKET, Key=batch_of(shoot)["drafts"])
    Line(studio).carry(queues.SUBMIT)
    assert (batch_of(shoot)["state"], money(shoot.project_id)["reserved"]) == ("VOID", 0)
    log = studio.call("GET", f"/api/projects/{shoot.project_id}/operations-log").json["items"]
    assert "15 jobs were not made" in log[0]["error"]
    assert order(shoot).status == 202  # and the same order may come again
    Line(studio).carry(queues.SUBMIT)
    assert len(studio.items(shoot.project_id, "JOB#")) == MANY


@pytest.mark.usefixtures("small")
def test_given_the_same_order_twice_without_a_key_then_it_is_one_batch(studio: Studio) -> None:
    shoot = filled(studio, MANY, cap=100.0)
    first, second = order(shoot), order(shoot)
    assert first.json["batchId"] == second.json["batchId"]
    assert money(shoot.project_id)["reserved"] == MANY * SHOT


@pytest.mark.parametrize(("user", "status"), [("outsider", 404), ("viewer", 403)])
def test_given_nobody_who_may_when_anything_is_wrong_besides_then_the_role_is_what_they_hear(
    studio: Studio, user: str, status: int
) -> None:
    """The membership is proved in the write, and told before any other reason."""
    shoot = filled(studio, 2, cap=0.1)  # nothing is affordable either
    key = {"Idempotency-Key": "k"}
    calls = [
        ("POST", f"{shoot.base}/generate", {}, {}),
        ("POST", shoot.path(0, "/generate"), {}, key),
        ("POST", shoot.path(0, "/generate-frame"), {}, key),
        ("POST", f"{shoot.base}x/generate", {}, {}),  # no such chain
        ("POST", shoot.path(1, "/generate-frame").replace("0001", "9999"), {}, key),
    ]
    before = studio.everything()
    answers = [studio.call(method, path, body, user, headers) for method, path, body, headers in calls]
    assert {answer.status for answer in answers} == {status}
    assert studio.everything() == before


def test_given_a_role_taken_away_between_reading_and_writing_then_nothing_is_ordered(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot = filled(studio, 2, cap=20.0)
    read = chains.read_chain

    def and_then(project_id: str, chain_id: str) -> Any:
        found = read(project_id, chain_id)
        table().write(Update({"PK": f"PROJECT#{project_id}", "SK": "MEMBER#user_editor"}, set={"role": "viewer"}))
        return found

    monkeypatch.setattr(chains, "read_chain", and_then)
    assert studio.call("POST", shoot.path(0, "/generate"), {}, "editor").code == "ROLE_INSUFFICIENT"
    assert studio.items(shoot.project_id, "JOB#") == []
