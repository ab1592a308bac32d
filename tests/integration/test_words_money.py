"""Words are paid work: hold, settlement and the outline or breakdown are one transaction, and stop at the cap."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.messages import FakeMessages, Reply
from tests.fakes.server import Response
from tests.integration.studio import SOP_CONCEPT, LambdaContext, Studio
from tests.integration.test_writers import OUTLINE, scene
from vibeboard.domain.pricing import price_text
from vibeboard.jobs import inbox, reconcile
from vibeboard.store import ledger

Project = dict[str, Any]
WORK = ("story.outline", "story.breakdown")


def path(project: Project, tail: str) -> str:
    return f"/api/projects/{project['projectId']}/story-editor/{tail}"


def books(studio: Studio, project: Project) -> dict[str, int]:
    """Counter, ledger entries and jobs, each summed on its own; raises when they disagree."""
    pid = project["projectId"]
    budget, entries, jobs = ledger.read(pid), studio.items(pid, "ENTRY#"), studio.items(pid, "JOB#")
    by_kind = {k: sum(e["amount"] for e in entries if e["kind"] == k) for k in ("reserve", "settle", "void", "overrun")}
    held = sum(job["amount"] for job in jobs if job["hold"] == "RESERVED")
    spent = sum(job.get("actual", 0) for job in jobs)
    assert by_kind["settle"] + by_kind["void"] == spent == budget["committed"]
    assert held == budget["reserved"]
    assert by_kind["reserve"] == sum(job["amount"] for job in jobs)
    assert budget["available"] + budget["reserved"] + budget["committed"] == budget["cap"] + budget["overrides"]
    return {"committed": budget["committed"], "reserved": budget["reserved"], "jobs": len(jobs)}


def test_given_sandbox_words_when_written_then_the_list_price_of_the_model_that_would_have_run_is_committed(
    studio: Studio,
) -> None:
    project = studio.project()
    studio.call("POST", path(project, "outline"), SOP_CONCEPT, user="editor")
    after_outline = books(studio, project)
    studio.call("POST", path(project, "breakdown"), user="editor")
    after_breakdown = books(studio, project)

    jobs = {job["operation"]: job for job in studio.items(project["projectId"], "JOB#")}
    assert set(jobs) == set(WORK)
    assert (jobs["story.outline"]["model"], jobs["story.breakdown"]["model"]) == ("claude-sonnet-5-5", "MiniMax-M2.1")
    for job in jobs.values():
        usage = job["result"]["usage"]
        assert job["actual"] == price_text(job["model"], usage["sent"], usage["written"])
        assert 0 < job["actual"] < job["amount"]
        assert (job["status"], job["provider"], job["result"]["model"][:8]) == ("SUCCEEDED", "sandbox", "sandbox/")
    written = json.dumps(studio.call("GET", path(project, "outline")).json["outline"], separators=(",", ":"))
    assert abs(jobs["story.outline"]["result"]["usage"]["written"] - len(written.encode()) / 4) < 20
    assert 0 < after_outline["committed"] < after_breakdown["committed"]
    statement = studio.call("GET", f"/api/projects/{project['projectId']}").json["budget"]
    assert statement["committed"] == after_breakdown["committed"] / 1_000_000
    quota = studio.call("GET", f"/api/projects/{project['projectId']}/jobs").json
    assert quota["counts"] == {"complete": 2}


@pytest.mark.parametrize("tail", ["outline", "breakdown"])
def test_given_a_cap_that_words_would_exceed_when_ordered_then_the_hard_block_and_nothing_changes(
    studio: Studio, tail: str
) -> None:
    project = studio.project()
    studio.call("POST", path(project, "outline"), SOP_CONCEPT)
    spent = books(studio, project)["committed"]
    cap = {"creativeContract": {"budgetCap": -(-spent // 10_000) / 100}}
    assert studio.call("PUT", f"/api/projects/{project['projectId']}", cap).status == 200
    before = studio.everything()

    answer = studio.call("POST", path(project, tail), {}, user="editor")

    assert (answer.status, answer.code) == (409, "BUDGET_CAP_EXCEEDED")
    assert answer.json["detail"] == "Budget Cap exceeded. Admin override required."
    assert studio.everything() == before


def test_given_the_production_when_it_writes_then_the_owners_quota_pays_and_a_cap_stops_it(studio: Studio) -> None:
    project = studio.project()
    pid = project["projectId"]
    studio.task("story_editor", "write_outline", projectId=pid)
    studio.task("story_editor", "write_breakdown", projectId=pid)

    assert books(studio, project)["jobs"] == 2
    assert {job["user"] for job in studio.items(pid, "JOB#")} == {"user_owner"}
    assert {row["createdBy"] for row in studio.items(pid, "OUTLINE#")} == {"production"}
    poor = studio.project(budgetCap=0.01)
    with pytest.raises(Exception, match="Budget Cap exceeded") as stopped:
        studio.task("story_editor", "write_outline", projectId=poor["projectId"])
    assert type(stopped.value).__name__ == "BudgetCapExceeded"


def test_given_the_same_order_twice_when_written_then_it_is_paid_once(studio: Studio) -> None:
    project = studio.project()
    first = studio.call("POST", path(project, "outline"), SOP_CONCEPT | {"variation": 0}).json
    paid = books(studio, project)
    again = studio.call("POST", path(project, "outline"), SOP_CONCEPT | {"variation": 0}).json

    assert (again["version"], again["outline"], again["jobId"]) == (2, first["outline"], first["jobId"])
    assert books(studio, project) == paid


# ------------------------------------------------------------------ live: vendors write


@pytest.fixture(scope="module")
def _vendor() -> Iterator[FakeMessages]:
    with FakeMessages() as fake:
        yield fake


@pytest.fixture
def live(_vendor: FakeMessages, monkeypatch: pytest.MonkeyPatch, studio: Studio) -> FakeMessages:
    """A studio that pays vendors; `studio` is asked for first so that its own billing is overridden."""
    _vendor.log.clear()
    _vendor.replies.clear()
    _vendor.spoiled.clear()
    for name, value in _vendor.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("vibeboard.providers.words.messages.time.sleep", lambda _: None)
    return _vendor


def deliver(studio: Studio) -> None:
    """What the queues do: submit, then the desk."""
    from story_editor import worker

    for message in studio.queued():
        inbox.to_submit(message)
    for message in studio.queued("WORDS_QUEUE_URL"):
        record = {"messageId": "1", "receiptHandle": "r", "body": json.dumps(message), "eventSource": "aws:sqs"}
        assert worker.handler({"Records": [record]}, LambdaContext()) == {"batchItemFailures": []}


def test_given_live_billing_without_a_key_when_ordered_then_the_missing_engine_is_named(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING", "live")
    project = studio.project()
    before = studio.everything()

    answer = studio.call("POST", path(project, "outline"), SOP_CONCEPT)

    assert (answer.status, answer.code) == (409, "ENGINE_MISSING")
    assert answer.json["fix"] == "Set ANTHROPIC_API_KEY."
    assert studio.everything() == before


def test_given_live_billing_when_ordered_then_a_job_is_answered_and_the_desk_writes_and_settles_at_the_usage(
    studio: Studio, live: FakeMessages
) -> None:
    project = studio.project()
    live.replies.append(Reply(OUTLINE, sent=2_000, written=900, cache_read=1_000))
    ordered = studio.call("POST", path(project, "outline"), SOP_CONCEPT, user="editor")
    assert (ordered.status, ordered.json["status"]) == (202, "queued")
    assert ordered.headers["location"] == f"/api/jobs/{ordered.json['jobId']}"
    assert books(studio, project)["reserved"] > 0
    deliver(studio)

    shown = studio.call("GET", path(project, "outline")).json
    assert shown["outline"]["logline"] == OUTLINE["logline"]
    assert (shown["engine"], len(shown["outline"]["references"])) == ("claude-sonnet-5-5", 5)
    job = studio.call("GET", ordered.headers["location"]).json
    assert (job["status"], job["cost"]) == ("complete", (2_000 * 2 + 900 * 10 + 1_000 * 0.1) / 1_000_000)
    assert books(studio, project)["reserved"] == 0
    body = live.bodies[0]["messages"][0]["content"][0]["text"]
    assert all(row["title"] in body for row in shown["references"])

    live.replies.append(Reply({"scenes": [scene(3) for _ in range(4)]}, sent=3_000, written=4_000))
    assert studio.call("POST", path(project, "breakdown")).status == 202
    deliver(studio)
    breakdown = studio.call("GET", path(project, "breakdown")).json
    assert (breakdown["shots"], breakdown["seconds"], breakdown["engine"]) == (12, 60, "MiniMax-M2.1")
    assert {row["identifier"] for row in studio.items(project["projectId"], "ASSET#")} == {
        "femme_fatale", "laundromat_interior", "washing_machine",
    }  # fmt: skip
    assert studio.call("POST", path(project, "breakdown")).json == breakdown
    assert len(live.log) == 2


@pytest.mark.parametrize(
    ("reply", "code", "cost"),
    [
        (Reply("no", stop_reason="refusal", sent=100, written=10), "WRITER_REFUSED", 300),
        (Reply("{", stop_reason="max_tokens", sent=100, written=6_000), "ANSWER_TRUNCATED", 60_200),
        (Reply(OUTLINE | {"projectId": "prj_x"}, sent=100, written=100), "ANSWER_UNUSABLE", 1_200),
    ],
)
def test_given_a_writer_that_fails_when_delivered_then_the_job_fails_at_what_it_cost_and_the_next_order_is_another(
    studio: Studio, live: FakeMessages, reply: Reply, code: str, cost: int
) -> None:
    project = studio.project()
    live.replies.append(reply)
    ordered = studio.call("POST", path(project, "outline"), SOP_CONCEPT)
    deliver(studio)

    job = studio.call("GET", ordered.headers["location"]).json
    assert (job["status"], job["error"]["code"], job["cost"]) == ("failed", code, cost / 1_000_000)
    assert books(studio, project)["committed"] == cost
    assert studio.call("GET", path(project, "outline")).status == 404
    log = studio.call("GET", f"/api/projects/{project['projectId']}/operations-log").json["items"]
    assert [(row["service"], row["code"]) for row in log] == [("anthropic", code)]
    again = studio.call("POST", path(project, "outline"), SOP_CONCEPT).json
    assert (again["jobId"] != ordered.json["jobId"], again["attempt"]) == (True, 2)


def test_given_an_answer_lost_on_the_way_when_delivered_then_the_hold_counts_as_billed(
    studio: Studio, live: FakeMessages
) -> None:
    project = studio.project()
    live.replies.append(Reply(OUTLINE))
    live.spoil("after", Response(0, cut="close"))
    ordered = studio.call("POST", path(project, "outline"), SOP_CONCEPT).json
    deliver(studio)

    job = studio.items(project["projectId"], "JOB#")[0]
    assert (job["status"], job["assumed"], job["actual"]) == ("FAILED", True, job["amount"])
    assert books(studio, project)["committed"] == round(ordered["estimatedCost"] * 1_000_000)


def test_given_a_desk_that_died_in_its_call_when_reconciled_then_never_called_again_and_counted_as_billed(
    studio: Studio, live: FakeMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = studio.project()
    studio.call("POST", path(project, "outline"), SOP_CONCEPT)
    live.replies.append(Reply(OUTLINE))
    with monkeypatch.context() as dying:
        dying.setattr("vibeboard.jobs.settlement.succeed", _die)
        with pytest.raises(SystemExit):
            deliver(studio)
    message = {"projectId": project["projectId"], "jobId": studio.items(project["projectId"], "JOB#")[0]["jobId"]}
    from vibeboard.jobs import queues

    queues.send(queues.WORDS, [message])
    deliver(studio)
    assert len(live.log) == 1

    import time

    real = time.time()
    monkeypatch.setattr("vibeboard.jobs.clock.seconds", lambda: real + 100)
    reconcile.reconcile()
    assert books(studio, project)["reserved"] > 0
    monkeypatch.setattr("vibeboard.jobs.clock.seconds", lambda: real + 400)
    reconcile.reconcile()
    job = studio.items(project["projectId"], "JOB#")[0]
    assert (job["status"], job["assumed"], len(live.log)) == ("FAILED", True, 1)
    assert books(studio, project)["reserved"] == 0


def _die(*_: Any) -> None:
    raise SystemExit


def test_given_a_sandbox_writer_that_died_when_reconciled_then_the_desk_writes_it_and_the_money_settles(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = studio.project()
    with monkeypatch.context() as dying:
        dying.setattr("vibeboard.jobs.settlement.succeed", _die)
        with pytest.raises(SystemExit):
            studio.task("story_editor", "write_outline", projectId=project["projectId"])
    assert books(studio, project)["reserved"] > 0

    reconcile.reconcile(resend_after=0)
    deliver(studio)

    assert books(studio, project)["reserved"] == 0
    assert studio.call("GET", path(project, "outline")).json["version"] == 1
