"""SOP steps 6 to 9.5 over HTTP: frames in order, footage within the cap, dailies, VFX, shot lock."""

from typing import Any

import pytest

from shot_studio import tasks
from tests.integration.shoot import FRAME, Shoot, clip_result
from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store import keys, ledger
from vibeboard.store.table import Update, table

Project = dict[str, Any]


def test_given_no_style_context_when_a_frame_is_ordered_then_the_master_cinematic_gate_refuses(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, style="")
    answer = studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"})
    assert (answer.status, answer.code) == (409, "MASTER_CINEMATIC_REQUIRED")
    assert studio.queued() == []


def test_given_two_references_when_anything_is_generated_then_the_contract_gate_refuses_in_the_write(
    studio: Studio,
) -> None:
    project = studio.project(referencePack=["a.jpg", "b.jpg"])
    shoot = Shoot(studio, project)
    answer = studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"})
    assert (answer.status, answer.code) == (409, "CONTRACT_INCOMPLETE")
    assert answer.json["detail"] == "Complete Project Brief before generating"


def test_given_shots_in_order_when_frames_are_drawn_then_each_is_edited_from_the_one_before(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    chain = studio.call("GET", shoot.base).json
    first, second = chain["segments"]
    assert first["firstFrame"]["requestedModel"] == "fal-ai/flux/dev"
    assert first["lastFrame"]["sourceTakeId"] == first["firstFrame"]["takeId"]
    assert second["firstFrame"]["requestedModel"] == "fal-ai/qwen-image-edit-2511"
    assert second["firstFrame"]["sourceTakeId"] == first["lastFrame"]["takeId"]
    assert shoot.budget()["committed"] == pytest.approx(0.05 + 3 * 0.06)


def test_given_a_missing_last_frame_when_the_next_shot_is_ordered_then_it_waits_its_turn(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project)
    answer = studio.call("POST", shoot.path(1, "/generate-frame"), {"which": "first"})
    assert (answer.status, answer.code) == (409, "FRAME_MISSING")


def test_given_a_cap_that_affords_one_shot_when_two_are_ordered_at_once_then_neither_is(studio: Studio) -> None:
    project = studio.project(budgetCap=0.7)
    shoot = Shoot(studio, project).frames()
    before = shoot.budget()
    answer = studio.call("POST", f"{shoot.base}/generate", {"quality": "draft"}, user="editor")
    assert (answer.status, answer.code) == (409, "BUDGET_CAP_EXCEEDED")
    assert answer.json["detail"] == "Budget Cap exceeded. Admin override required."
    assert shoot.budget() == before

    studio.call("POST", f"/api/projects/{shoot.project_id}/budget/overrides", {"amount": 1, "reason": "x"}, "admin")
    assert studio.call("POST", f"{shoot.base}/generate", {"quality": "draft"}, user="editor").status == 202
    assert shoot.budget()["reserved"] == 0.5


def test_given_a_small_quota_when_footage_is_ordered_then_the_soft_block_says_so(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    table().write(Update(keys.quota("user_editor"), set={"available": 100_000}))
    answer = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor")
    assert (answer.status, answer.code) == (402, "QUOTA_INSUFFICIENT")
    assert answer.json["detail"] == "Insufficient quota. Add credits or reduce shots"


def test_given_the_same_order_twice_when_admitted_then_it_is_one_job_and_one_hold(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    first = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json
    second = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json
    assert first["jobId"] == second["jobId"]
    assert shoot.budget()["reserved"] == 0.25
    assert len([row for row in studio.queued() if row["jobId"] == first["jobId"]]) == 1


def test_given_three_takes_of_a_shot_when_ordered_then_each_has_its_seed_and_the_money_is_held_for_all(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=2).frames()
    ordered = studio.call("POST", shoot.path(0, "/generate"), {"takes": 3}, user="editor").json
    assert (len(ordered["takes"]), shoot.budget()["reserved"]) == (3, 0.75)
    jobs = [read_job(shoot.project_id, line["jobId"]) for line in ordered["takes"]]
    assert [job["attempt"] for job in jobs] == [1, 2, 3]
    assert len({job["input"]["seed"] for job in jobs}) == 3
    cancelled = studio.call("POST", f"/api/jobs/{jobs[1]['jobId']}/cancel", user="editor").json
    assert (cancelled["status"], shoot.budget()["reserved"]) == ("cancelled", 0.5)
    shoot.settle(jobs[2]["jobId"], clip_result())
    shoot.settle(jobs[0]["jobId"], clip_result())
    assert studio.call("GET", shoot.path(0)).json["take"] == 3
    batch = studio.call("POST", f"{shoot.base}/generate", {"takes": 2, "segmentIds": [shoot.segments[1]] * 2}).json
    assert (batch["shotCount"], batch["takes"], len(batch["jobs"]), batch["estimatedCost"]) == (1, 2, 2, 0.5)


def test_given_the_sops_own_input_when_a_shot_is_ordered_then_its_words_and_model_are_meant(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=1).frames()
    sop = {
        "mode": "image_to_video",
        "imageUrl": "segment.firstFrameUrl",
        "prompt": "segment.prompt + masterStyleContext",
        "duration": 5,
        "elementReferences": ["character.primaryImageUrl"],
        "falModel": "runpod/stable-video-infinity",
    }
    answer = studio.call("POST", shoot.path(0, "/generate"), sop, user="editor")
    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert read_job(shoot.project_id, answer.json["jobId"])["input"]["prompt"] == "Femme fatale, moment 0. 85mm lens"
    shoot.settle(answer.json["jobId"], clip_result())
    done = studio.call("GET", f"/api/jobs/{answer.json['jobId']}").json
    assert done["status"] == "complete"
    assert "clip.mp4" in done["outputUrl"]
    wrong = studio.call("POST", shoot.path(0, "/generate"), {"falModel": "fal-ai/other"}, user="editor")
    assert (wrong.status, wrong.code) == (422, "VALIDATION_FAILED")


def test_given_an_idempotency_key_when_sent_again_then_the_first_answer_comes_back(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    headers = {"Idempotency-Key": "take-one"}
    first = studio.call("POST", shoot.path(0, "/generate"), {"quality": "draft"}, "editor", headers)
    shoot.settle(first.json["jobId"], clip_result())
    again = studio.call("POST", shoot.path(0, "/generate"), {"quality": "draft"}, "editor", headers)
    other = studio.call("POST", shoot.path(0, "/generate"), {"quality": "review"}, "editor", headers)
    assert again.json == first.json
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_given_a_finished_job_when_reported_again_then_nothing_changes(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project).frames()
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    shoot.settle(job_id, clip_result())
    before = (shoot.budget(), studio.items(shoot.project_id, "ENTRY#"), studio.items(shoot.project_id, "TAKE#"))
    settlement.succeed(read_job(shoot.project_id, job_id), clip_result(score=0.1))
    settlement.fail(read_job(shoot.project_id, job_id), {"code": "LATE", "message": "late"})
    assert before == (shoot.budget(), studio.items(shoot.project_id, "ENTRY#"), studio.items(shoot.project_id, "TAKE#"))


def test_given_a_stale_view_of_a_job_when_settled_twice_at_once_then_the_money_moves_once(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    seen = read_job(shoot.project_id, job_id)
    settlement.succeed(dict(seen), clip_result())
    settlement.succeed(dict(seen), clip_result())
    budget = shoot.budget()
    assert (budget["reserved"], budget["available"]) == (0, pytest.approx(20 - budget["committed"]))


def test_given_a_failed_job_then_its_hold_is_free_and_the_operations_log_has_the_sops_shape(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames()
    spent = shoot.budget()["committed"]
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    settlement.fail(read_job(shoot.project_id, job_id), {"code": "GPU", "message": "GPU timeout", "fix": ""})
    assert shoot.budget() | {"available": 0} == shoot.budget() | {"available": 0, "reserved": 0, "committed": spent}
    row = studio.call("GET", f"/api/projects/{shoot.project_id}/operations-log").json["items"][0]
    assert {"traceId", "timestamp", "service", "error", "segmentId", "retryCount"} <= set(row)
    assert row["error"] == "GPU timeout"
    again = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json
    assert (again["jobId"] != job_id, again["attempt"]) == (True, 2)


def test_given_a_cancelled_job_then_what_it_held_is_free(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project).frames()
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    assert studio.call("POST", f"/api/jobs/{job_id}/cancel", user="editor").json["status"] == "cancelled"
    assert shoot.budget()["reserved"] == 0
    assert studio.call("POST", f"/api/jobs/{job_id}/cancel", user="editor").code == "JOB_AT_REST"


def test_given_a_weak_take_when_dailies_are_read_then_the_shot_is_flagged_with_its_issue(
    studio: Studio, project: Project
) -> None:
    issue = {"name": "identity_drift", "severity": "high", "frame": 61, "value": 0.4}
    shoot = Shoot(studio, project).frames().footage(score=0.61, issues=[issue])
    report = studio.call("GET", f"{shoot.base}/continuity-report", user="viewer").json
    assert set(report) >= {"continuityHeatmap", "temporalCoherence", "exceptionsLog"}
    row = report["continuityHeatmap"]["SC01_SH01"]
    assert (row["score"], row["status"], row["issues"]) == (0.61, "flagged", ["identity_drift"])
    assert report["exceptionsLog"][0]["shotId"] == "SC01_SH01"
    assert report["temporalCoherence"] == {"flickerScore": 0.02, "motionConsistency": 0.91}


def test_given_no_review_when_vfx_or_lock_is_asked_then_the_dailies_gate_refuses(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames().footage()
    shot = {"projectId": shoot.project_id, "sceneChainId": shoot.chain, "segmentId": shoot.segments[0]}
    assert studio.call("POST", "/api/vfx/motion-fix", shot, user="editor").code == "DAILIES_NOT_APPROVED"
    assert studio.call("PUT", shoot.path(0, "/lock"), {"locked": True}, user="admin").code == "DAILIES_NOT_APPROVED"


def test_given_a_locked_shot_then_every_way_to_change_its_picture_is_refused(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project).frames().footage().approved().locked()
    shot = {"projectId": shoot.project_id, "sceneChainId": shoot.chain, "segmentId": shoot.segments[0]}
    refused = [
        studio.call("POST", shoot.path(0, "/generate"), {}),
        studio.call("POST", shoot.path(0, "/generate-frame"), {"which": "first"}),
        studio.call("POST", f"{shoot.base}/generate", {"segmentIds": [shoot.segments[0]]}),
        studio.call("PUT", shoot.path(0), {"prompt": "Something else"}),
        studio.call("POST", "/api/vfx/reshoot", shot),
        studio.call("POST", "/api/process/magic-eraser", shot | {"x": 0, "y": 0, "width": 0.1, "height": 0.1}),
    ]
    assert [(answer.status, answer.code) for answer in refused] == [(423, "SHOT_LOCKED")] * 6
    assert studio.call("PUT", shoot.path(0), {"trimStart": 0.5, "audioTrimStart": 0.0}).status == 200


def test_given_a_locked_shot_when_unlocked_then_it_takes_an_admin_and_a_reason_and_leaves_a_trace(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames().footage().approved().locked()
    unlock = {"locked": False}
    assert studio.call("PUT", shoot.path(0, "/lock"), unlock, user="editor").status == 403
    assert studio.call("PUT", shoot.path(0, "/lock"), unlock, user="admin").status == 422
    answer = studio.call("PUT", shoot.path(0, "/lock"), unlock | {"reason": "wrong coat"}, user="admin")
    assert (answer.status, answer.json["locked"]) == (200, False)
    acts = [row["act"] for row in studio.call("GET", f"/api/projects/{shoot.project_id}/audit").json["items"]]
    assert acts[0] == "shot.unlock"


def test_given_a_job_under_way_when_the_shot_is_locked_then_the_late_take_is_kept_but_not_current(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project).frames().footage().approved()
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    studio.call("PUT", shoot.path(0, "/lock"), {"locked": True}, user="admin")
    shoot.settle(job_id, clip_result())
    segment = studio.call("GET", shoot.path(0)).json
    assert (segment["locked"], segment["take"]) == (True, 1)
    takes = studio.call("GET", shoot.path(0, "/takes")).json["takes"]
    assert [take["number"] for take in takes if take["kind"] == "clip"] == [1, 2]
    assert shoot.budget()["reserved"] == 0


def test_given_a_new_take_then_an_old_approval_does_not_cover_it(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project).frames().footage().approved()
    job_id = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    shoot.settle(job_id, clip_result())
    assert studio.call("PUT", shoot.path(0, "/lock"), {"locked": True}, user="admin").code == "DAILIES_NOT_APPROVED"


def test_the_books_agree_whatever_happened(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project, shots=3).frames().footage()
    job_id = studio.call("POST", shoot.path(2, "/generate"), {"quality": "master"}).json["jobId"]
    settlement.fail(read_job(shoot.project_id, job_id), {"code": "X", "message": "x"}, cost=40_000)
    budget = ledger.read(shoot.project_id)
    jobs = studio.items(shoot.project_id, "JOB#")
    assert budget["committed"] == sum(job.get("actual", 0) for job in jobs)
    assert budget["available"] + budget["reserved"] + budget["committed"] == budget["cap"] + budget["overrides"]
    assert FRAME["model"] in {take["model"] for take in studio.items(shoot.project_id, "TAKE#")}


@pytest.mark.parametrize(("score", "current"), [(0.9, 2), (0.5, 1)])
def test_given_a_repair_by_the_production_then_only_a_better_take_becomes_the_shots(
    studio: Studio, project: Project, score: float, current: int
) -> None:
    blur = {"name": "blur", "severity": "medium", "frame": 3, "value": 0.3}
    shoot = Shoot(studio, project, shots=1).frames().footage(score=0.75, issues=[blur]).approved()
    ordered = studio.task("shot_studio", "vfx_fixes", projectId=shoot.project_id, run=1)["jobs"]
    shoot.settle(ordered[0], clip_result(score=score))
    assert studio.call("GET", shoot.path(0)).json["take"] == current
    assert len(studio.call("GET", shoot.path(0, "/takes")).json["takes"]) == 4
    assert studio.task("shot_studio", "vfx_fixes", projectId=shoot.project_id, run=1)["jobs"] == []


def test_given_footage_on_order_when_the_producer_gate_looks_again_then_its_money_is_asked_for_once(
    studio: Studio,
) -> None:
    shoot = Shoot(studio, studio.project(budgetCap=0.9)).frames()
    event = {"projectId": shoot.project_id, "run": 1, "traceId": "t"}
    before = tasks.producer_gate(event)
    tasks.generate_shots(event)
    again = tasks.producer_gate(event)
    assert (before["decision"], before["shots"]) == (again["decision"], again["shots"]) == ("GO", 2)
    assert before["estimatedMicros"] > 0
    assert again["estimatedMicros"] == again["shortMicros"] == 0
    assert shoot.budget()["reserved"] == pytest.approx(before["estimatedCost"])
