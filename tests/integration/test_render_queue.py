"""The render queue over HTTP: promotion, burn-in, A/B compare, retry, pause, priority, cancel (SOP step 11)."""

from typing import Any

import pytest

from tests.integration.shoot import Shoot, clip_result
from tests.integration.studio import Studio
from vibeboard.jobs import inbox, settlement, submission
from vibeboard.jobs.reconcile import reconcile
from vibeboard.jobs.waiting import read_job

Project = dict[str, Any]
REVIEW = clip_result() | {"picture": "projects/p/review.mp4", "width": 1920, "height": 822}


@pytest.fixture
def shoot(studio: Studio, project: Project) -> Shoot:
    """Two approved, locked shots of 5 s."""
    return Shoot(studio, project).frames().footage().approved().locked()


def order(shoot: Shoot, *qualities: str, **options: Any) -> tuple[str, dict[str, Any]]:
    body = {"sceneChainId": shoot.chain, "qualities": list(qualities), **options}
    answer = shoot.studio.call("POST", f"/api/projects/{shoot.project_id}/render-queue/jobs", body, user="editor")
    assert answer.status == 202, answer.text
    return f"/api/projects/{shoot.project_id}/render-queue/jobs/{answer.json['jobId']}", answer.json


def jobs_in(render: dict[str, Any], quality: str) -> list[str]:
    return [shot["passes"][quality]["jobId"] for shot in render["shots"]]


def states(render: dict[str, Any], quality: str) -> list[str]:
    return [shot["passes"][quality]["status"] for shot in render["shots"]]


def test_given_burn_in_then_masters_stay_clean_unless_asked(studio: Studio, shoot: Shoot) -> None:
    _, clean = order(shoot, "review", "master", burnInMetadata=True, watermark="Screener 7")
    inputs = {q: read_job(shoot.project_id, jobs_in(clean, q)[0])["input"] for q in ("review", "master")}
    assert inputs["review"]["burnIn"] is True
    assert inputs["review"]["burnInText"]["watermark"] == "Screener 7"
    assert len(inputs["review"]["burnInText"]["date"]) == 10
    assert inputs["master"]["burnIn"] is False
    _, burned = order(shoot, "master", burnInMetadata=True, burnInMaster=True)
    assert read_job(shoot.project_id, jobs_in(burned, "master")[0])["input"]["burnIn"] is True


def test_given_a_promotion_then_recipe_and_seed_are_the_takes_and_only_new_passes_are_ordered(
    studio: Studio, shoot: Shoot
) -> None:
    path, render = order(shoot, "draft")
    assert render["status"] == "completed"
    one = studio.call("POST", f"{path}/shots/{shoot.segments[0]}/promote", {"quality": "review"}, user="editor").json
    every = studio.call("POST", f"{path}/promote", {"quality": "review"}, user="editor").json
    assert (every["ordered"], every["estimatedCost"]) == (1, 0.75)
    again = studio.call("POST", f"{path}/promote", {"quality": "review"}, user="editor").json
    assert again["ordered"] == 0
    take = render["shots"][0]["passes"]["draft"]["recipe"]
    job = read_job(shoot.project_id, one["jobId"])
    assert (job["input"]["seed"], job["input"]["clipTakeId"]) == (take["seed"], take["takeId"])
    for job_id in jobs_in(every, "review"):
        shoot.settle(job_id, REVIEW)
    done = studio.call("GET", path).json
    assert states(done, "review") == ["completed"] * 2
    assert done["shots"][0]["passes"]["review"]["recipe"]["seed"] == take["seed"]


def test_given_two_passes_when_compared_then_they_are_measured_once_and_the_figures_come(
    studio: Studio, shoot: Shoot
) -> None:
    path, render = order(shoot, "draft", "review")
    for job_id in jobs_in(render, "review"):
        shoot.settle(job_id, REVIEW)
    shot = f"{path}/shots/{shoot.segments[0]}/compare"
    sop = studio.call("GET", shot, {"qualityA": "draft", "qualityB": "review"}, user="viewer").json
    turned = studio.call("GET", shot, query={"qualityA": "review", "qualityB": "draft"}, user="viewer").json
    assert sop["comparison"]["jobId"] == turned["comparison"]["jobId"]
    assert (sop["a"]["quality"], turned["a"]["quality"]) == ("draft", "review")
    job = submission.submit(shoot.project_id, sop["comparison"]["jobId"])
    assert job is not None
    assert job["input"]["names"] == ["draft", "review"]  # the better one is the reference, whichever side it is on
    assert job["amount"] == 0
    figures = {"vmaf": 91.5, "ssim": 0.98, "worstFrame": 7, "frames": 120}
    settlement.succeed(job, {"figures": figures, "wipe": "projects/p/wipe.mp4", "model": "ffmpeg/libvmaf"})
    found = studio.call("GET", shot, query={"qualityA": "draft", "qualityB": "review"}).json["comparison"]
    assert found["status"] == "completed"
    assert found | figures == found
    assert "wipe.mp4" in found["links"]["wipe"]
    same = studio.call("GET", shot, query={"qualityA": "draft", "qualityB": "draft"})
    assert (same.status, same.code) == (422, "VALIDATION_FAILED")
    missing = studio.call("GET", shot, query={"qualityA": "draft", "qualityB": "master"})
    assert (missing.status, missing.code) == (409, "PASS_MISSING")


def test_given_one_failed_pass_when_retried_then_only_that_one_is_ordered_and_paid(
    studio: Studio, shoot: Shoot
) -> None:
    path, render = order(shoot, "review")
    good, bad = jobs_in(render, "review")
    shoot.settle(good, REVIEW)
    job = submission.submit(shoot.project_id, bad)
    assert job is not None
    settlement.fail(job, {"code": "GPU_TIMEOUT", "message": "late", "fix": ""})
    assert studio.call("GET", path).json["status"] == "failed"
    before = shoot.budget()
    again = studio.call("POST", f"{path}/retry", {}, user="editor").json
    assert (again["ordered"], states(again, "review")) == (1, ["completed", "queued"])
    assert shoot.budget()["reserved"] == pytest.approx(before["reserved"] + 0.75)
    fresh = jobs_in(studio.call("GET", path).json | {"shots": again["shots"][1:]}, "review")[0]
    assert fresh != bad
    shoot.settle(fresh, REVIEW)
    assert studio.call("GET", path).json["status"] == "completed"


def test_given_a_pause_then_nothing_begins_until_it_goes_on(studio: Studio, shoot: Shoot) -> None:
    path, render = order(shoot, "review")
    waiting, at_bench = jobs_in(render, "review")
    submission.submit(shoot.project_id, at_bench)
    paused = studio.call("PUT", path, {"paused": True}, user="editor").json
    assert (paused["status"], states(paused, "review")) == ("paused", ["paused"] * 2)
    assert submission.submit(shoot.project_id, waiting) is None
    made: list[str] = []
    inbox.to_make({"projectId": shoot.project_id, "jobId": at_bench}, lambda job: made.append(job["jobId"]) or {})  # type: ignore[func-returns-value]
    reconcile(resend_after=0, redo_after=0)
    assert made == []
    studio.queued(), studio.queued("MEDIA_QUEUE_URL")
    running = studio.call("PUT", path, {"paused": False}, user="editor").json
    assert states(running, "review") == ["queued", "running"]
    assert [m["jobId"] for m in studio.queued()] == [waiting]
    assert [m["jobId"] for m in studio.queued("MEDIA_QUEUE_URL")] == [at_bench]


def test_given_high_priority_then_what_waits_steps_behind_and_goes_on_afterwards(studio: Studio, shoot: Shoot) -> None:
    slow, first = order(shoot, "master")
    _, urgent = order(shoot, "review", priority="high")
    assert states(studio.call("GET", slow).json, "master") == ["paused"] * 2
    reconcile()
    assert states(studio.call("GET", slow).json, "master") == ["paused"] * 2
    for job_id in jobs_in(urgent, "review"):
        shoot.settle(job_id, REVIEW)
    reconcile()
    assert states(studio.call("GET", slow).json, "master") == ["queued"] * 2
    assert set(jobs_in(first, "master")) <= {m["jobId"] for m in studio.queued()}


def deliver(studio: Studio) -> None:
    """Take in what the submit queue holds, until it is empty."""
    while messages := studio.queued():
        for body in messages:
            if "cancelBy" in body or "jobIds" in body:
                inbox.to_submit(body)


def test_given_a_cancelled_render_when_tried_again_then_its_passes_are_queued_and_not_cancelling(
    studio: Studio, shoot: Shoot
) -> None:
    path, _ = order(shoot, "master")
    studio.call("POST", f"{path}/cancel", {}, user="editor")
    deliver(studio)
    studio.call("POST", f"{path}/retry", {}, user="editor")
    assert states(studio.call("GET", path).json, "master") == ["queued"] * 2


def test_given_a_cancelled_render_then_its_money_is_free_again(studio: Studio, shoot: Shoot) -> None:
    before = shoot.budget()
    path, _ = order(shoot, "review", "master")
    assert shoot.budget()["reserved"] > before["reserved"]
    gone = studio.call("POST", f"{path}/cancel", {}, user="editor").json
    assert (gone["status"], states(gone, "master")) == ("cancelling", ["cancelling"] * 2)
    assert studio.call("GET", path).json["status"] == "cancelling"
    deliver(studio)
    gone = studio.call("GET", path).json
    assert (gone["status"], states(gone, "master")) == ("cancelled", ["cancelled"] * 2)
    after = shoot.budget()
    assert (after["reserved"], after["available"]) == (before["reserved"], before["available"])
    assert studio.call("POST", f"{path}/cancel", {}, user="viewer").status == 403
