"""Staleness and takes over HTTP (SOP step 7): what a change makes stale, to the frame, and what a re-run costs."""

import copy
import json
from typing import Any

import pytest

from tests.integration.conftest import ACCOUNT
from tests.integration.shoot import FRAME, Shoot, clip_result
from tests.integration.studio import REGION, TABLE, Studio, client
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store import chains, keys
from vibeboard.store.table import Update, table

Project = dict[str, Any]
EDIT, DRAW, CLIP = 0.06, 0.05, 0.25  # an edit and a drawing of 1920 x 822, five seconds at draft


def all_of(*shots: int) -> set[str]:
    return {f"{shot} {part}" for shot in shots for part in ("first", "last", "clip")}


def stale(shoot: Shoot) -> set[str]:
    """What the chain shows as stale: "2 first" is the first frame of the second shot in the order of their making."""
    found = set()
    for segment in shoot.studio.call("GET", shoot.base).json["segments"]:
        number = shoot.segments.index(segment["id"]) + 1
        found |= {f"{number} {which}" for which in ("first", "last") if segment.get(f"{which}Frame", {}).get("stale")}
        found |= {f"{number} clip"} if segment["stale"] else set()
    return found


def listed(shoot: Shoot, staleness: dict[str, Any]) -> list[str]:
    return [f"{shoot.segments.index(row['segmentId']) + 1} {row['part']}" for row in staleness["stale"]]


def new_frame(shoot: Shoot, index: int, which: str) -> str:
    """One more take of a frame; answers its id."""
    job = shoot.studio.call("POST", shoot.path(index, "/generate-frame"), {"which": which}, user="editor").json
    shoot.settle(job["jobId"], FRAME)
    return str(shoot.studio.call("GET", shoot.path(index)).json[f"{which}Frame"]["takeId"])


@pytest.fixture(scope="module")
def finished() -> dict[str, Any]:
    """What the first test leaves for the rest: the table of a finished chain."""
    return {}


@pytest.fixture
def shoot(studio: Studio, finished: dict[str, Any]) -> Shoot:
    """Four shots with frames and footage, made once over HTTP; every test begins with the table as it was then."""
    from moto.dynamodb.models import dynamodb_backends

    held = dynamodb_backends[ACCOUNT][REGION].tables[TABLE]
    if not finished:
        finished["shoot"] = Shoot(studio, studio.project(), shots=4).frames().footage()
        finished["items"] = copy.deepcopy(held.items)
    held.items = copy.deepcopy(finished["items"])
    studio.queued()
    made: Shoot = copy.copy(finished["shoot"])
    made.studio, made.segments = studio, list(made.segments)
    return made


def test_given_a_finished_chain_then_nothing_is_stale(shoot: Shoot) -> None:
    staleness = shoot.studio.call("GET", shoot.base).json["staleness"]
    assert stale(shoot) == set()
    assert staleness == {"stale": [], "missing": [], "frames": 0, "clips": 0, "rerunCost": 0.0, "missingCost": 0.0}


def test_given_another_prompt_of_shot_2_then_exactly_its_frames_and_all_that_follow_from_them_are_stale(
    shoot: Shoot,
) -> None:
    answer = shoot.studio.call("PUT", shoot.path(1), {"prompt": "Another moment"}, user="editor").json
    assert stale(shoot) == all_of(2, 3, 4)
    told = answer["staleness"]
    assert listed(shoot, told) == [f"{n} {part}" for n in (2, 3, 4) for part in ("first", "last", "clip")]
    assert [row["reasons"] for row in told["stale"][:4]] == [
        ["words"],
        ["words", "upstream"],
        ["words", "upstream"],
        ["upstream"],
    ]
    assert (told["frames"], told["clips"]) == (6, 3)
    assert told["rerunCost"] == pytest.approx(6 * EDIT + 3 * CLIP)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lastFramePrompt": "She is gone"}, {"2 last", "2 clip"} | all_of(3, 4)),
        ({"firstFramePrompt": "A hand"}, all_of(2, 3, 4)),
        ({"negativePrompt": "(cars:1.3)"}, all_of(2, 3, 4)),
        ({"characters": ["femme_fatale"]}, all_of(2, 3, 4)),
        ({"duration": 4}, {"2 clip"}),
        ({"audioGain": 0.5}, set()),
        ({"prompt": "Femme fatale, moment 1"}, set()),
    ],
)
def test_given_a_change_of_one_field_then_exactly_what_was_made_of_it_is_stale(
    shoot: Shoot, change: dict[str, Any], expected: set[str]
) -> None:
    assert shoot.studio.call("PUT", shoot.path(1), change, user="editor").status == 200
    assert stale(shoot) == expected


def test_given_a_prompt_put_back_then_nothing_is_stale_any_more(shoot: Shoot) -> None:
    shoot.studio.call("PUT", shoot.path(1), {"prompt": "Another moment"})
    shoot.studio.call("PUT", shoot.path(1), {"prompt": "Femme fatale, moment 1"})
    assert stale(shoot) == set()


def test_given_a_new_take_of_one_frame_then_what_was_edited_from_the_old_one_is_stale_and_choosing_it_back_heals(
    shoot: Shoot,
) -> None:
    takes = shoot.studio.call("GET", shoot.path(1, "/takes")).json["takes"]
    old = next(take["takeId"] for take in takes if take["kind"] == "last")
    new = new_frame(shoot, 1, "last")
    after = {"2 clip"} | all_of(3, 4)
    assert (new != old, stale(shoot)) == (True, after)

    back = shoot.studio.call("PUT", shoot.path(1, f"/takes/{old}/choose"), user="editor")
    assert (back.status, stale(shoot)) == (200, set())
    forth = shoot.studio.call("PUT", shoot.path(1, f"/takes/{new}/choose"), user="editor").json
    assert stale(shoot) == after
    assert forth["staleness"]["rerunCost"] == pytest.approx(4 * EDIT + 3 * CLIP)
    assert forth["lastFrame"]["takeId"] == new


def test_given_another_order_then_what_continues_from_another_shot_now_is_stale(shoot: Shoot) -> None:
    one, two, three, four = shoot.segments
    shoot.studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": [one, three, two, four]})
    assert stale(shoot) == all_of(2, 3, 4)
    shoot.studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": [one, two, three, four]})
    assert stale(shoot) == set()
    shoot.studio.call("PUT", f"{shoot.base}/segments/order", {"segmentIds": [two, one, three, four]})
    assert stale(shoot) == all_of(1, 2, 3, 4)


def test_given_a_shot_inserted_or_deleted_then_what_followed_it_is_stale(shoot: Shoot) -> None:
    made = shoot.studio.call("POST", f"{shoot.base}/segments", {"prompt": "A cat", "orderIndex": 3}).json
    assert (made["orderIndex"], made["shotName"]) == (3, "SC01_SH05")
    shoot.segments.append(made["id"])
    assert stale(shoot) == all_of(4)
    shoot.studio.call("DELETE", shoot.path(4))
    assert stale(shoot) == set()
    shoot.studio.call("DELETE", shoot.path(2))
    assert stale(shoot) == all_of(4)


def test_given_another_style_then_everything_is_stale(shoot: Shoot) -> None:
    """The route refuses (Style Lock); the rule holds whoever changes it."""
    refused = shoot.studio.call("PUT", shoot.base, {"masterStyleContext": "35mm, daylight"})
    assert (refused.status, refused.code) == (423, "STYLE_LOCKED")
    key = keys.chain(shoot.project_id, shoot.chain)
    table().write(Update(key, set={"masterStyleContext": "35mm, daylight"}))
    assert stale(shoot) == all_of(1, 2, 3, 4)


def test_given_a_locked_shot_then_it_is_frozen_and_what_follows_goes_on_from_it(shoot: Shoot) -> None:
    shoot.studio.call("PUT", shoot.path(1, "/review"), {"review": "approved"})
    shoot.studio.call("PUT", shoot.path(1, "/lock"), {"locked": True}, user="admin")
    shoot.studio.call("PUT", shoot.path(0), {"prompt": "Another opening"})
    assert stale(shoot) == all_of(1)


def test_given_a_hero_frame_drawn_anew_then_it_starts_the_chain_afresh(shoot: Shoot) -> None:
    order = {"which": "first", "intent": "hero"}
    job = shoot.studio.call("POST", shoot.path(2, "/generate-frame"), order, user="editor").json
    assert (job["model"], job["operation"]) == ("fal-ai/nano-banana-pro", "frame.draw")
    shoot.settle(job["jobId"], FRAME)
    assert stale(shoot) == {"3 last", "3 clip"} | all_of(4)
    shoot.studio.call("PUT", shoot.path(0), {"prompt": "Another opening"})
    assert stale(shoot) == all_of(1, 2) | {"3 last", "3 clip"} | all_of(4)


def test_given_a_repair_of_the_footage_then_it_is_as_stale_as_the_take_it_stands_on(shoot: Shoot) -> None:
    shoot.studio.call("PUT", shoot.path(3, "/review"), {"review": "approved"})
    shot = {"projectId": shoot.project_id, "sceneChainId": shoot.chain, "segmentId": shoot.segments[3]}
    job = shoot.studio.call("POST", "/api/vfx/motion-fix", shot, user="editor").json
    shoot.settle(job["jobId"], clip_result())
    assert stale(shoot) == set()
    shoot.studio.call("PUT", shoot.path(3), {"lastFramePrompt": "She is gone"})
    assert stale(shoot) == {"4 last", "4 clip"}


# ---- a re-run


@pytest.fixture
def machine(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> str:
    step_functions = client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/continuity"
    arn = step_functions.create_state_machine(name="continuity", definition=definition, roleArn=role)["stateMachineArn"]
    monkeypatch.setenv("CONTINUITY_MACHINE_ARN", arn)
    return str(arn)


def run_loop(shoot: Shoot, given: dict[str, Any]) -> list[str]:
    """What the continuity machine does with that input: one frame after the other; answers what was made."""
    made = []
    while True:
        step = shoot.studio.task("storyboard", "next_frame", **given)
        if step["done"]:
            return [*made, f"{step['clips']} clips"]
        made.append(f"{shoot.segments.index(step['segmentId']) + 1} {step['which']}")
        shoot.settle(step["jobId"], FRAME)


def test_given_stale_frames_when_run_again_then_they_are_made_in_order_at_the_price_that_was_told(
    shoot: Shoot, machine: str
) -> None:
    shoot.studio.call("PUT", shoot.path(2), {"prompt": "Another moment"}, user="editor")
    before = shoot.budget()["committed"]
    ordered = shoot.studio.call("POST", f"{shoot.base}/rerun", {}, user="editor")
    again = shoot.studio.call("POST", f"{shoot.base}/rerun", {}, user="editor")
    assert [ordered.status, again.status] == [202, 202]
    runs = client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert len(runs) == 1, "the same re-run ordered twice is one"
    described = client("stepfunctions").describe_execution(executionArn=runs[0]["executionArn"])
    given = json.loads(described["input"])
    assert (given["user"], given["chainId"], given["footage"]) == ("user_editor", shoot.chain, True)

    assert run_loop(shoot, given) == ["3 first", "3 last", "4 first", "4 last", "2 clips"]
    jobs = shoot.studio.call("GET", f"/api/projects/{shoot.project_id}/jobs?limit=500".split("?")[0]).json["items"]
    for job in jobs:
        if job["status"] != "complete":
            shoot.settle(job["jobId"], clip_result())
    assert stale(shoot) == set()
    assert shoot.budget()["committed"] - before == pytest.approx(ordered.json["estimatedCost"])
    assert ordered.json["estimatedCost"] == pytest.approx(4 * EDIT + 2 * CLIP)
    nothing = shoot.studio.call("POST", f"{shoot.base}/rerun", {}, user="editor")
    assert (nothing.status, nothing.code) == (409, "NOTHING_TO_DO")


def test_given_a_fresh_chain_when_run_then_its_frames_are_drawn_from_the_first_to_the_last(
    studio: Studio, project: Project, machine: str
) -> None:
    shoot = Shoot(studio, project, shots=2)
    ordered = studio.call("POST", f"{shoot.base}/rerun", {}, user="editor").json
    assert ordered["estimatedCost"] == pytest.approx(DRAW + 3 * EDIT)
    given = {"projectId": shoot.project_id, "chainId": shoot.chain, "user": "user_editor", "footage": True}
    assert run_loop(shoot, given) == ["1 first", "1 last", "2 first", "2 last", "0 clips"]
    assert shoot.budget()["committed"] == pytest.approx(ordered["estimatedCost"])


def test_given_a_rerun_above_the_cap_or_the_quota_then_it_is_refused_before_anything_starts(
    studio: Studio, project: Project, machine: str
) -> None:
    shoot = Shoot(studio, project, shots=2)
    table().write(Update(keys.quota("user_editor"), set={"available": 100_000}))
    assert studio.call("POST", f"{shoot.base}/rerun", {}, user="editor").code == "QUOTA_INSUFFICIENT"
    table().write(Update(keys.budget(shoot.project_id), set={"cap": 100_000, "available": 100_000}))
    assert studio.call("POST", f"{shoot.base}/rerun", {}, user="owner").code == "BUDGET_CAP_EXCEEDED"
    assert studio.call("POST", f"{shoot.base}/rerun", {"clips": 1}, user="owner").status == 422


def test_given_a_frame_that_fails_again_and_again_then_the_loop_stops_for_a_person(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=1).frames()
    studio.call("PUT", shoot.path(0), {"prompt": "Something refused"})
    given = {"projectId": shoot.project_id, "chainId": shoot.chain, "user": "user_editor", "footage": False}
    for _ in range(4):
        step = studio.task("storyboard", "next_frame", **given)
        job = read_job(shoot.project_id, step["jobId"])
        settlement.fail(job, {"code": "CONTENT_REFUSED", "message": "unsafe"}, cost=60_000)
    with pytest.raises(Exception, match="failed 4 times"):
        studio.task("storyboard", "next_frame", **given)


# ---- takes


def test_given_two_takes_when_compared_then_what_differs_stands_side_by_side(shoot: Shoot) -> None:
    studio = shoot.studio
    job = studio.call("POST", shoot.path(0, "/generate"), {"quality": "review"}, user="editor").json
    shoot.settle(job["jobId"], clip_result(score=0.81))
    clips = [take for take in studio.call("GET", shoot.path(0, "/takes")).json["takes"] if take["kind"] == "clip"]
    assert [(take["number"], take["chosen"]) for take in clips] == [(1, False), (2, True)]
    query = {"a": clips[0]["takeId"], "b": clips[1]["takeId"]}
    told = studio.call("GET", shoot.path(0, "/takes/compare"), query=query, user="viewer").json
    assert (told["kind"], told["a"]["number"], told["b"]["number"]) == ("clip", 1, 2)
    assert told["differs"]["score"] == [0.95, 0.81]
    assert told["differs"]["cost"] == [CLIP, 3 * CLIP]
    assert told["differs"]["quality"] == ["draft", "review"]
    assert "seed" in told["differs"]
    assert told["a"]["url"].startswith("https://")


def test_given_an_older_take_of_footage_when_chosen_then_the_cut_uses_it_and_it_waits_for_review(shoot: Shoot) -> None:
    studio = shoot.studio
    job = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json
    shoot.settle(job["jobId"], clip_result(score=0.81) | {"picture": "projects/p/second.mp4"})
    studio.call("PUT", shoot.path(0, "/review"), {"review": "approved"})
    takes = studio.call("GET", shoot.path(0, "/takes")).json["takes"]
    first = next(take["takeId"] for take in takes if take["kind"] == "clip" and take["number"] == 1)
    chosen = studio.call("PUT", shoot.path(0, f"/takes/{first}/choose"), user="editor").json
    assert (chosen["take"], chosen["score"], chosen["review"], chosen["stale"]) == (1, 0.95, "pending", False)
    timeline = studio.call("GET", f"/api/projects/{shoot.project_id}/sequencer/timeline/{shoot.chain}").json
    assert "clip.mp4" in timeline["clips"][0]["videoUrl"]
    following = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json
    assert following["attempt"] == 3, "choosing counts no take away"
    acts = [row["act"] for row in studio.call("GET", f"/api/projects/{shoot.project_id}/audit").json["items"]]
    assert acts[0] == "take.choose"


def test_given_a_refused_picture_then_it_is_a_failed_take_with_its_reason_and_cost_and_cannot_be_chosen(
    shoot: Shoot,
) -> None:
    studio = shoot.studio
    standing = studio.call("GET", shoot.path(1)).json["lastFrame"]["takeId"]
    job = studio.call("POST", shoot.path(1, "/generate-frame"), {"which": "last"}, user="editor").json
    error = {"code": "CONTENT_REFUSED", "message": "The model's safety check blocked the picture", "fix": ""}
    settlement.fail(read_job(shoot.project_id, job["jobId"]), error, cost=60_000)
    failed = next(
        take for take in studio.call("GET", shoot.path(1, "/takes")).json["takes"] if take["status"] == "failed"
    )
    assert (failed["kind"], failed["number"], failed["cost"]) == ("last", 2, EDIT)
    assert (failed["error"]["code"], failed["url"], failed["chosen"]) == ("CONTENT_REFUSED", None, False)
    answer = studio.call("PUT", shoot.path(1, f"/takes/{failed['takeId']}/choose"))
    assert (answer.status, answer.code) == (409, "TAKE_FAILED")
    assert studio.call("GET", shoot.path(1)).json["lastFrame"]["takeId"] == standing


def test_given_a_locked_shot_when_a_take_is_chosen_then_it_is_refused(shoot: Shoot) -> None:
    studio = shoot.studio
    takes = studio.call("GET", shoot.path(0, "/takes")).json["takes"]
    studio.call("PUT", shoot.path(0, "/review"), {"review": "approved"})
    studio.call("PUT", shoot.path(0, "/lock"), {"locked": True}, user="admin")
    answer = studio.call("PUT", shoot.path(0, f"/takes/{takes[0]['takeId']}/choose"))
    assert (answer.status, answer.code) == (423, "SHOT_LOCKED")


def test_given_takes_of_two_things_or_of_another_shot_then_they_are_not_compared(shoot: Shoot) -> None:
    studio = shoot.studio
    mine = {take["kind"]: take["takeId"] for take in studio.call("GET", shoot.path(0, "/takes")).json["takes"]}
    other = studio.call("GET", shoot.path(1, "/takes")).json["takes"][0]["takeId"]
    path = shoot.path(0, "/takes/compare")
    assert studio.call("GET", path, query={"a": mine["first"], "b": mine["clip"]}).code == "TAKES_DIFFER"
    assert studio.call("GET", path, query={"a": mine["first"], "b": other}).status == 404
    assert studio.call("GET", path, query={"a": mine["first"]}).status == 422
    assert studio.call("PUT", shoot.path(0, f"/takes/{other}/choose")).status == 404


def test_given_two_takes_under_way_when_the_older_comes_last_then_it_is_kept_and_does_not_displace_the_newer(
    shoot: Shoot,
) -> None:
    studio = shoot.studio
    older = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    key = keys.segment(shoot.project_id, shoot.chain, shoot.segments[0])
    table().write(Update(key, set={"clipTakes": 2}))
    newer = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    shoot.settle(newer, clip_result())
    shoot.settle(older, clip_result(score=0.8))
    assert studio.call("GET", shoot.path(0)).json["take"] == 3
    kept = [take["number"] for take in studio.call("GET", shoot.path(0, "/takes")).json["takes"]]
    assert sorted(kept[:3]) == [1, 2, 3]
    assert studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["attempt"] == 4


# ---- shots


def test_given_a_duplicate_then_it_stands_right_behind_with_the_same_words_and_no_takes(shoot: Shoot) -> None:
    made = shoot.studio.call("POST", shoot.path(1, "/duplicate"), user="editor")
    assert made.status == 201
    copy = made.json
    assert (copy["orderIndex"], copy["prompt"], copy["shotName"]) == (2, "Femme fatale, moment 1", "SC01_SH05")
    assert (copy["firstFrameUrl"], copy["outputUrl"], copy["status"]) == (None, None, "empty")
    order = [segment["id"] for segment in shoot.studio.call("GET", shoot.base).json["segments"]]
    assert order == [*shoot.segments[:2], copy["id"], *shoot.segments[2:]]


def test_given_a_deleted_shot_then_its_number_is_never_given_again_and_its_bills_stay(shoot: Shoot) -> None:
    spent = shoot.budget()["committed"]
    assert shoot.studio.call("DELETE", shoot.path(3), user="editor").status == 200
    made = shoot.studio.call("POST", f"{shoot.base}/segments", {"prompt": "A cat"}).json
    assert (made["shotName"], made["orderIndex"]) == ("SC01_SH05", 3)
    assert shoot.budget()["committed"] == spent
    assert shoot.studio.call("GET", shoot.path(3)).status == 404
    assert len(chains.takes_of(shoot.project_id, shoot.segments[3])) == 3


def test_given_a_locked_shot_or_picture_when_deleted_or_moved_then_it_is_refused(shoot: Shoot) -> None:
    studio = shoot.approved().locked().studio
    assert studio.call("DELETE", shoot.path(0)).code == "SHOT_LOCKED"
    shoot.picture_locked()
    order = {"segmentIds": list(reversed(shoot.segments))}
    assert studio.call("PUT", f"{shoot.base}/segments/order", order).code == "PICTURE_LOCKED"
    assert studio.call("POST", shoot.path(0, "/duplicate")).code == "PICTURE_LOCKED"
    assert studio.call("POST", f"{shoot.base}/segments", {"prompt": "A cat"}).code == "PICTURE_LOCKED"


def test_given_a_stale_view_of_the_chain_when_changed_then_412_names_the_revision_that_stands(shoot: Shoot) -> None:
    studio = shoot.studio
    seen = studio.call("GET", shoot.base).headers["etag"]
    order = {"segmentIds": list(reversed(shoot.segments))}
    first = studio.call("PUT", f"{shoot.base}/segments/order", order, headers={"If-Match": seen})
    second = studio.call("PUT", f"{shoot.base}/segments/order", order, headers={"If-Match": seen})
    renamed = studio.call("PUT", shoot.base, {"name": "Scene one"}, headers={"If-Match": seen})
    assert (first.status, second.status, renamed.status) == (200, 412, 412)
    assert f'"{second.json["currentRevision"]}"' == f'"{renamed.json["currentRevision"]}"' == first.headers["etag"]
    shot = studio.call("GET", shoot.path(0))
    studio.call("PUT", shoot.path(0), {"audioGain": 0.5}, headers={"If-Match": shot.headers["etag"]})
    late = studio.call("PUT", shoot.path(0), {"prompt": "x"}, headers={"If-Match": shot.headers["etag"]})
    assert (late.status, late.json["currentRevision"]) == (412, int(shot.headers["etag"].strip('"')) + 1)
    gone = studio.call("DELETE", shoot.path(0), headers={"If-Match": shot.headers["etag"]})
    assert gone.status == 412


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("PUT", "", {"negativePrompt": "(crowd:9)"}),
        ("PUT", "", {"duration": 0}),
        ("PUT", "", {"intent": "poster"}),
        ("PUT", "", {"prompt": ""}),
        ("PUT", "", {"seed": 4}),
        ("POST", "/generate-frame", {"which": "middle"}),
        ("POST", "/generate-frame", {"intent": "poster"}),
        ("PUT", "/lock", {}),
    ],
)
def test_given_bad_input_then_422_and_nothing_is_stored(
    studio: Studio, project: Project, method: str, tail: str, body: dict[str, Any]
) -> None:
    shoot = Shoot(studio, project)
    before = studio.everything()
    answer = studio.call(method, shoot.path(0, tail), body)
    assert answer.status == 422
    assert answer.code in ("VALIDATION_FAILED", "INVALID")
    assert studio.everything() == before
