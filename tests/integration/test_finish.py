"""SOP steps 10 to 12 over HTTP: the cut, picture lock, render passes, final QC, export."""

from typing import Any

import pytest

from tests.integration.shoot import Shoot, clip_result
from tests.integration.studio import Studio
from vibeboard.domain.ids import project_of
from vibeboard.store import chains, objects

Project = dict[str, Any]


@pytest.fixture
def shoot(studio: Studio, project: Project) -> Shoot:
    """Two approved, locked shots of 5 s with 6 s of sound each."""
    return Shoot(studio, project).frames().footage().approved().locked()


def test_given_footage_when_the_timeline_is_read_then_it_has_the_sops_clips(studio: Studio, shoot: Shoot) -> None:
    timeline = studio.call("GET", f"/api/projects/{shoot.project_id}/sequencer/timeline/{shoot.chain}").json
    sop = {
        "id",
        "videoUrl",
        "duration",
        "trimStart",
        "trimEnd",
        "audioTrimStart",
        "audioTrimEnd",
        "audioGain",
        "locked",
    }
    assert sop <= set(timeline["clips"][0])
    assert timeline["clips"][1]["recordIn"] == "01:00:05:00"
    assert timeline["frames"] == 240


def test_given_the_sops_l_cut_when_saved_then_sound_outlives_the_picture(studio: Studio, shoot: Shoot) -> None:
    trims = {"trimStart": 0, "trimEnd": 4.5, "audioTrimStart": 0, "audioTrimEnd": 5.5, "audioGain": 0.8}
    assert studio.call("PUT", shoot.path(0), trims, user="editor").status == 200
    clip = studio.call("GET", f"/api/projects/{shoot.project_id}/sequencer/timeline/{shoot.chain}").json["clips"][0]
    assert {name: clip[name] for name in trims} == trims


def test_given_a_trim_beyond_the_media_then_the_usable_range_is_told(studio: Studio, shoot: Shoot) -> None:
    answer = studio.call("PUT", shoot.path(0), {"trimEnd": 7.0}, user="editor")
    assert (answer.status, answer.code) == (422, "TRIM_OUT_OF_RANGE")
    assert answer.json["usable"] == {"from": 0.0, "to": 5.0}


def test_given_takes_when_assembled_then_the_cut_has_an_l_and_a_j(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project, shots=5).frames().footage()
    path = f"/api/projects/{shoot.project_id}/sequencer/timeline/{shoot.chain}/assemble"
    cuts = [clip["cutIn"] for clip in studio.call("POST", path, {}, user="editor").json["clips"]]
    assert {"L", "J"} <= set(cuts)


def test_given_an_unlocked_shot_when_the_picture_is_locked_then_it_is_refused(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project).frames().footage().approved()
    answer = studio.call("PUT", f"{shoot.base}/picture-lock", {"pictureLocked": True}, user="admin")
    assert (answer.status, answer.code) == (409, "SHOTS_NOT_LOCKED")
    assert answer.json["shots"] == ["SC01_SH01", "SC01_SH02"]


def test_given_picture_lock_then_only_audio_gain_moves(studio: Studio, shoot: Shoot) -> None:
    shoot.picture_locked()
    refused = [
        studio.call("PUT", shoot.path(0), {"trimEnd": 4.0}),
        studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": shoot.segments[::-1]}),
        studio.call("PUT", shoot.path(0, "/lock"), {"locked": False, "reason": "one more take"}, user="admin"),
        studio.call("POST", f"/api/projects/{shoot.project_id}/sequencer/timeline/{shoot.chain}/assemble", {}),
        studio.call("POST", f"{shoot.base}/segments", {"prompt": "One more shot"}),
    ]
    assert [(answer.status, answer.code) for answer in refused] == [(423, "PICTURE_LOCKED")] * len(refused)
    assert studio.call("PUT", shoot.path(0), {"audioGain": 0.5}, user="editor").status == 200


def test_given_picture_lock_when_opened_then_it_takes_an_admin_and_a_reason(studio: Studio, shoot: Shoot) -> None:
    shoot.picture_locked()
    path, open_it = f"{shoot.base}/picture-lock", {"pictureLocked": False, "reason": "client note"}
    assert studio.call("PUT", path, open_it, user="editor").status == 403
    assert studio.call("PUT", path, {"pictureLocked": False}, user="admin").status == 422
    assert studio.call("PUT", path, open_it, user="admin").json["pictureLocked"] is False
    acts = [row["act"] for row in studio.call("GET", f"/api/projects/{shoot.project_id}/audit").json["items"]]
    assert acts[0] == "picture.unlock"


def test_given_a_reordered_chain_then_ids_stay_and_order_changes(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project, shots=3)
    wanted = [shoot.segments[2], shoot.segments[0], shoot.segments[1]]
    chain = studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": wanted}, user="editor").json
    assert [segment["id"] for segment in chain["segments"]] == wanted
    assert studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": wanted[:2]}).status == 422


def test_given_two_editors_when_the_second_saves_an_old_view_then_it_is_told(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project)
    tag = studio.call("GET", shoot.path(0)).headers["etag"]
    assert studio.call("PUT", shoot.path(0), {"prompt": "Hers"}, "editor", {"If-Match": tag}).status == 200
    late = studio.call("PUT", shoot.path(0), {"prompt": "His"}, "editor", {"If-Match": tag})
    assert (late.status, late.code) == (412, "STALE_WRITE")
    assert studio.call("GET", shoot.path(0)).json["prompt"] == "Hers"


def test_given_draft_takes_when_passes_are_ordered_then_draft_is_inherited_and_review_is_paid(
    studio: Studio, shoot: Shoot
) -> None:
    before = shoot.budget()["committed"]
    order = {"sceneChainId": shoot.chain, "qualities": ["draft", "review"], "burnInMetadata": False}
    render = studio.call("POST", f"/api/projects/{shoot.project_id}/render-queue/jobs", order, user="editor").json
    assert render["shots"][0]["passes"]["draft"]["cost"] == 0
    assert shoot.budget()["reserved"] == 2 * 0.75
    for row in render["shots"]:
        made = clip_result() | {"width": 1920, "height": 822}
        shoot.settle(row["passes"]["review"]["jobId"], made)
    path = f"/api/projects/{shoot.project_id}/render-queue/jobs/{render['jobId']}"
    done = studio.call("GET", path).json
    assert (done["status"], done["progress"]) == ("completed", 100)
    shot = f"{path}/shots/{shoot.segments[0]}"
    sides = studio.call("GET", shot + "/compare", query={"qualityA": "draft", "qualityB": "review"}).json
    assert (sides["a"]["width"], sides["b"]["width"], sides["sameSeed"]) == (1280, 1920, True)
    assert sides["comparison"]["status"] == "queued"
    promoted = studio.call("POST", shot + "/promote", {"quality": "master"}, user="editor").json
    assert (promoted["seed"], promoted["estimatedCost"]) == (sides["a"]["seed"], 2.5)
    assert shoot.budget()["committed"] == pytest.approx(before + 1.5)


@pytest.mark.parametrize(
    ("step", "failing"),
    [("open", {"allShotsLocked", "pictureLockedConfirmed"}), ("locked", {"pictureLockedConfirmed"}), ("final", set())],
)
def test_final_qc_names_what_is_open_and_refuses_the_export(
    studio: Studio, project: Project, step: str, failing: set[str]
) -> None:
    shoot = Shoot(studio, project).frames().footage().approved()
    if step != "open":
        shoot.locked()
    if step == "final":
        shoot.picture_locked()
    path = f"/api/projects/{shoot.project_id}/export"
    qc = studio.call("GET", f"{path}/qc", query={"resolution": "720p"}, user="viewer").json
    assert {name for name, check in qc["checks"].items() if not check["ok"]} == failing
    answer = studio.call("POST", f"{path}/master", {"resolution": "720p", "sceneChainId": shoot.chain})
    assert (answer.status, answer.code) == ((409, "FINAL_QC_FAILED") if failing else (202, ""))


def test_given_no_4k_pass_when_4k_is_exported_then_resolution_is_what_fails(studio: Studio, shoot: Shoot) -> None:
    shoot.picture_locked()
    answer = studio.call("POST", f"/api/projects/{shoot.project_id}/export/master", {"resolution": "4k"})
    assert answer.json["gate"]["missing"] == ["resolutionConsistent"]


def test_given_a_take_of_another_length_than_the_pass_then_frame_rate_consistency_fails(
    studio: Studio, shoot: Shoot
) -> None:
    order = {"sceneChainId": shoot.chain, "qualities": ["review"]}
    render = studio.call("POST", f"/api/projects/{shoot.project_id}/render-queue/jobs", order).json
    for row in render["shots"]:
        shoot.settle(row["passes"]["review"]["jobId"], clip_result(frames=119) | {"width": 1920, "height": 822})
    qc = studio.call("GET", f"/api/projects/{shoot.project_id}/export/qc", query={"resolution": "1080p"}).json
    assert qc["checks"]["frameRateConsistent"]["wrongLength"] == ["SC01_SH01", "SC01_SH02"]


def test_given_a_locked_film_when_exported_then_owner_only_one_job_and_a_whole_plan(
    studio: Studio, shoot: Shoot
) -> None:
    shoot.picture_locked()
    path, order = f"/api/projects/{shoot.project_id}/export/master", {"resolution": "720p"}
    assert studio.call("POST", path, order, user="admin").status == 403
    first, second = studio.call("POST", path, order).json, studio.call("POST", path, order).json
    assert first == second
    assert project_of(first["exportId"]) == shoot.project_id
    plan = objects.read_json(next(key for key in studio.objects() if key.endswith("plan.json")))
    assert [row["shotName"] for row in plan["clips"]] == ["SC01_SH01", "SC01_SH02"]
    assert plan["sidecar"]["vibeboardAttribution"]["modelsUsed"] == ["sandbox/animatic", "sandbox/storyboard"]
    row = plan["clips"][0]
    assert row["lockedBy"] == "user_admin"
    assert (row["picture"], row["rendered"]["upscaled"]) == ("projects/p/clip.mp4", False)
    assert [(lock["what"], lock["act"], lock["by"]) for lock in row["locks"]] == [
        ("shot", "lock", "user_admin"), ("picture", "lock", "user_admin"),
    ]  # fmt: skip
    assert [take["kind"] for take in row["takes"] if take["chosen"]] == ["clip", "first", "last"]
    assert {take["model"] for take in row["takes"]} == {"sandbox/animatic", "sandbox/storyboard"}
    assert row["costs"]["total"] == pytest.approx(sum(take["cost"] for take in row["takes"]))
    poll = studio.call("GET", f"/api/exports/jobs/{first['jobId']}", user="viewer").json
    assert (poll["status"], poll["progress"]) == ("queued", 0)
    early = studio.call("GET", f"/api/exports/{first['exportId']}/video")
    assert (early.status, early.code) == (409, "EXPORT_NOT_READY")


def test_given_a_finished_export_then_each_file_is_a_short_lived_link_with_its_name(
    studio: Studio, shoot: Shoot
) -> None:
    shoot.picture_locked()
    path = f"/api/projects/{shoot.project_id}/export/master"
    order = studio.call("POST", path, {"resolution": "720p", "includeEDL": False}).json
    shoot.settle(order["jobId"], {"files": {"Master.mov": "projects/p/Master.mov"}, "master": {"frames": 240}})
    answer = studio.call("GET", f"/api/exports/{order['exportId']}/video", user="viewer")
    assert answer.status == 302
    assert "Master.mov" in answer.headers["location"]
    assert studio.call("GET", f"/api/exports/{order['exportId']}/edl").status == 404
    assert studio.call("GET", f"/api/exports/{order['exportId']}/video", user="outsider").status == 404


def test_a_batch_never_slips_past_a_lock_that_came_in_between(studio: Studio, project: Project) -> None:
    from vibeboard.domain.errors import Conflict
    from vibeboard.jobs.admission import admit
    from vibeboard.jobs.drafts import clip_draft, unlocked_guard

    shoot = Shoot(studio, project).frames().footage().approved()
    chain, segments = chains.read_chain(shoot.project_id, shoot.chain)
    guard = unlocked_guard(chain, segments)
    studio.call("PUT", shoot.path(1, "/lock"), {"locked": True}, user="admin")
    drafts = [clip_draft(chain, segment) for segment in segments]
    with pytest.raises(Conflict) as refused:
        admit(shoot.project_id, "user_owner", drafts, guards=[guard])
    assert refused.value.code == "LOCKS_CHANGED"
    assert shoot.budget()["reserved"] == 0
