"""Frames by fal over real HTTP: one submission, the answer by webhook or by poll, the picture in our bucket."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from tests.fakes.fal import FakeFal, Queued
from tests.fakes.server import Response
from tests.integration.line import SETTINGS, Line, job_of, money
from tests.integration.shoot import Shoot
from tests.integration.studio import Studio
from vibeboard.jobs import clock, reconcile
from vibeboard.store import objects

FRAME_HOLD = 50_000  # flux/dev, two megapixels
Picture = Callable[..., bytes]


@pytest.fixture
def fal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFal]:
    with FakeFal() as fake:
        trusted = {"TRUSTED_OUTPUT_ORIGINS": fake.url}
        for name, value in (SETTINGS | fake.environment | trusted).items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def shoot(studio: Studio, fal: FakeFal) -> Shoot:
    return Shoot(studio, studio.project(), shots=1)


def order(shoot: Shoot, **body: Any) -> str:
    answer = shoot.studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first", **body}, user="editor")
    assert answer.status == 202, answer.text
    return str(answer.json["jobId"])


def sent(shoot: Shoot, fal: FakeFal) -> tuple[str, Queued]:
    """Order a frame and submit it; the job's id and what fal has."""
    job_id = order(shoot)
    Line(shoot.studio).until_quiet()
    (request,) = fal.requests.values()
    return job_id, request


def after(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real = clock.seconds()
    monkeypatch.setattr(clock, "seconds", lambda: real + seconds)


def test_given_a_key_when_a_frame_is_ordered_then_fal_draws_it_and_it_lies_in_our_bucket(
    shoot: Shoot, fal: FakeFal, picture: Picture
) -> None:
    job_id, request = sent(shoot, fal)
    assert request.input["image_size"] == {"width": 1920, "height": 822}
    assert "negative_prompt" not in request.input
    assert "free of crowd" in request.input["prompt"]
    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)

    line = Line(shoot.studio)
    assert line.deliver(fal.webhook(request.id)).status == 202
    line.until_quiet()

    segment = shoot.studio.call("GET", shoot.path(0)).json
    assert segment["firstFrame"]["model"] == "fal-ai/flux/dev"
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["provider"], job["actual"]) == ("SUCCEEDED", "fal", 25_000)  # billed by its own size
    with Image.open(io.BytesIO(objects.read(job["result"]["frame"]))) as frame:
        assert (frame.format, frame.size) == ("PNG", (1920, 822))
    assert money(shoot.project_id) == {"available": 20_000_000 - 25_000, "reserved": 0, "committed": 25_000}
    assert fal.count("POST", "fal-ai/flux/dev") == 1


def test_given_a_lost_webhook_when_reconciled_then_the_result_is_polled(
    shoot: Shoot, fal: FakeFal, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, request = sent(shoot, fal)
    after(monkeypatch, 60)
    assert reconcile.reconcile()["asked"] == 1
    assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTED"

    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)
    after(monkeypatch, 120)
    reconcile.reconcile()
    Line(shoot.studio).until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_given_an_answer_lost_after_acceptance_then_nothing_is_sent_again_and_the_webhook_is_matched(
    shoot: Shoot, fal: FakeFal, picture: Picture, cut: str
) -> None:
    fal.spoil("after", Response(0, cut=cut))
    job_id, request = sent(shoot, fal)
    assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTING"
    assert money(shoot.project_id)["reserved"] == FRAME_HOLD

    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)
    line = Line(shoot.studio)
    assert line.deliver(fal.webhook(request.id)).status == 202
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"
    assert fal.count("POST", "flux") == 1


def test_given_a_lost_answer_and_a_lost_webhook_then_the_submission_is_found_in_fals_list(
    shoot: Shoot, fal: FakeFal, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.spoil("after")
    job_id, request = sent(shoot, fal)
    for index in range(3):  # other work of ours, over more than one page
        other = fal.requests[f"other{index}"] = Queued(
            f"other{index}", request.endpoint, request.input | {"seed": index}, ""
        )
        other.status = "COMPLETED"
    assert reconcile.reconcile()["waiting"] == 1  # the worker may be alive

    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)
    after(monkeypatch, 300)
    assert reconcile.reconcile()["adopted"] == 1
    assert job_of(shoot.project_id, job_id)["providerRef"] == request.id
    after(monkeypatch, 400)
    reconcile.reconcile()
    Line(shoot.studio).until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"
    assert fal.count("POST", "flux") == 1


def test_given_a_connection_cut_before_acceptance_then_the_hold_is_freed_only_when_fal_cannot_have_it(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.spoil("before")
    job_id = order(shoot)
    Line(shoot.studio).until_quiet()
    after(monkeypatch, 600)
    assert reconcile.reconcile()["waiting"] == 1
    assert money(shoot.project_id)["reserved"] == FRAME_HOLD
    after(monkeypatch, 4000)
    assert reconcile.reconcile()["released"] == 1
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["error"]["code"], job["actual"]) == ("FAILED", "SUBMISSION_LOST", 0)
    assert money(shoot.project_id)["reserved"] == 0
    assert fal.count("POST", "flux") == 1


def test_given_too_many_requests_then_the_job_waits_as_told_and_goes_out_again(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.spoil("before", Response(429, {"detail": "queue full"}, {"Retry-After": "120"}))
    job_id = order(shoot)
    line = Line(shoot.studio)
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "RESERVED"
    after(monkeypatch, 100)
    assert reconcile.reconcile()["waiting"] == 1
    after(monkeypatch, 200)
    assert reconcile.reconcile()["resent"] == 1
    line.until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["fence"]) == ("SUBMITTED", 2)
    (request,) = fal.requests.values()
    assert "/2/" in request.webhook


def test_given_nobody_listening_then_the_job_surely_never_left_and_goes_back_to_the_queue(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_QUEUE_URL", "http://127.0.0.1:9")
    job_id = order(shoot)
    Line(shoot.studio).until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["hold"]) == ("RESERVED", "RESERVED")


def test_given_a_server_error_on_submit_then_the_outcome_is_unknown_not_free(shoot: Shoot, fal: FakeFal) -> None:
    fal.spoil("before", Response(503, {"detail": "unavailable"}))
    job_id = order(shoot)
    Line(shoot.studio).until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTING"
    assert money(shoot.project_id)["reserved"] == FRAME_HOLD


def test_given_a_refused_request_then_it_fails_at_no_cost_with_fals_reason(shoot: Shoot, fal: FakeFal) -> None:
    fal.spoil("before", Response(422, {"detail": [{"loc": ["body"], "msg": "Prompt too long", "type": "value_error"}]}))
    job_id = order(shoot)
    Line(shoot.studio).until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["actual"]) == ("FAILED", 0)
    assert "Prompt too long" in job["error"]["message"]


def test_given_an_unsafe_picture_then_it_is_a_failed_take_at_its_real_cost(
    shoot: Shoot, fal: FakeFal, picture: Picture
) -> None:
    job_id, request = sent(shoot, fal)
    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540, unsafe=True)
    line = Line(shoot.studio)
    line.deliver(fal.webhook(request.id))
    line.until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["error"]["code"], job["actual"]) == ("FAILED", "CONTENT_REFUSED", 25_000)
    (take,) = shoot.studio.items(shoot.project_id, "TAKE#")
    assert (take["status"], take["cost"], take["error"]["code"]) == ("failed", 25_000, "CONTENT_REFUSED")
    assert "firstFrame" not in shoot.studio.call("GET", shoot.path(0)).json
    assert money(shoot.project_id)["committed"] == 25_000
    assert fal.count("GET", "files/") == 0


@pytest.mark.parametrize(
    ("kind", "status", "cost", "code"),
    [("runner_disconnected", 503, 0, "PROVIDER_FAILED"), ("content_policy_violation", 422, 50_000, "CONTENT_REFUSED")],
)
def test_given_completed_with_an_error_then_it_is_a_failure(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch, kind: str, status: int, cost: int, code: str
) -> None:
    job_id, request = sent(shoot, fal)
    fal.break_down(request.id, "it broke", kind, status)
    after(monkeypatch, 60)
    reconcile.reconcile()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["error"]["code"], job["actual"]) == ("FAILED", code, cost)


def test_given_a_picture_that_is_none_then_the_paid_job_fails_at_its_cost(shoot: Shoot, fal: FakeFal) -> None:
    job_id, request = sent(shoot, fal)
    fal.draw(request.id, b"<html>no picture</html>", width=960, height=540)
    line = Line(shoot.studio)
    line.deliver(fal.webhook(request.id))
    line.until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["actual"]) == ("FAILED", 25_000)


def test_given_a_job_in_fals_queue_when_cancelled_then_fal_is_asked_and_the_hold_is_free(
    shoot: Shoot, fal: FakeFal
) -> None:
    job_id, _ = sent(shoot, fal)
    answer = shoot.studio.call("POST", f"/api/jobs/{job_id}/cancel", user="editor")
    assert answer.json["state"] == "SUBMITTED"
    assert money(shoot.project_id)["reserved"] == FRAME_HOLD
    Line(shoot.studio).until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "CANCELLED"
    assert money(shoot.project_id) == {"available": 20_000_000, "reserved": 0, "committed": 0}


def test_given_a_job_that_runs_when_cancelled_then_what_it_made_is_paid(
    shoot: Shoot, fal: FakeFal, picture: Picture
) -> None:
    job_id, request = sent(shoot, fal)
    request.status = "IN_PROGRESS"
    shoot.studio.call("POST", f"/api/jobs/{job_id}/cancel", user="editor")
    line = Line(shoot.studio)
    line.until_quiet()
    assert money(shoot.project_id)["reserved"] == FRAME_HOLD
    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)
    line.deliver(fal.webhook(request.id))
    line.until_quiet()
    assert money(shoot.project_id)["committed"] == 25_000


def test_given_an_answer_that_points_elsewhere_then_our_key_does_not_go_there(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeFal() as elsewhere:
        links = {f"{name}_url": f"{elsewhere.url}/fal-ai/flux/requests/r1" for name in ("status", "response", "cancel")}
        fal.spoil("before", Response(200, {"request_id": "r1", **links}))
        job_id = order(shoot)
        Line(shoot.studio).until_quiet()
        after(monkeypatch, 60)
        assert reconcile.reconcile()["failed"] == 1
        assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTED"
        assert elsewhere.log == []


def test_given_a_project_of_sandbox_money_when_engines_are_paid_for_then_nothing_is_mixed(
    studio: Studio, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING", "sandbox")
    shoot = Shoot(studio, studio.project(), shots=1)
    monkeypatch.setenv("BILLING", "live")
    answer = studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"}, user="editor")
    assert (answer.status, answer.code) == (409, "BILLING_MIXED")


def test_given_live_billing_without_a_vendor_then_the_order_says_what_is_missing(
    shoot: Shoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAL_KEY")
    answer = shoot.studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"}, user="editor")
    assert (answer.status, answer.code) == (409, "ENGINE_MISSING")
    assert "FAL_KEY" in answer.json["fix"]


def test_given_the_key_taken_away_after_the_order_then_the_job_fails_at_no_cost_and_says_why(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = order(shoot)
    monkeypatch.delenv("FAL_KEY")
    Line(shoot.studio).until_quiet()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["error"]["code"], job["actual"]) == ("FAILED", "SETTING_MISSING", 0)
    assert fal.log == []


def test_given_a_vendor_that_does_not_answer_then_it_is_asked_once_a_run(
    studio: Studio, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoots = [Shoot(studio, studio.project(), shots=1) for _ in range(3)]
    for shoot in shoots:
        order(shoot)
    Line(studio).until_quiet()
    monkeypatch.setattr(fal, "answer", lambda _: Response(0, cut="close"))
    after(monkeypatch, 60)
    asked = fal.count("GET", "/status")
    moved = reconcile.reconcile()
    assert (moved["failed"], moved["waiting"], fal.count("GET", "/status") - asked) == (1, 2, 1)
