"""SOP step 7.5 over HTTP: the estimate, the two producer gates, the override and the statement."""

from typing import Any

import pytest

from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.store import chains, keys, ledger
from vibeboard.store.table import Put, table

Project = dict[str, Any]


def path(project: Project, tail: str) -> str:
    return f"/api/projects/{project['projectId']}{tail}"


def hold(project: Project, amount: int) -> None:
    table().transact(ledger.reserve_actions(project["projectId"], "user_owner", amount))


def test_given_58_shots_at_draft_when_estimated_then_it_is_the_sops_example(studio: Studio, project: Project) -> None:
    hold(project, 5_000_000)  # the SOP's projectSpentToDate, spent by somebody else

    answer = studio.call(
        "POST", path(project, "/render-queue/estimate"), {"quality": "draft", "shotCount": 58}, user="editor"
    )

    assert answer.status == 200
    shown = answer.json
    assert {name: shown[name] for name in list(shown)[:8]} == {
        "sceneChainId": None,
        "quality": "draft",
        "shotCount": 58,
        "estimatedCost": 14.5,
        "userQuota": 50.0,
        "quotaRemaining": 35.5,
        "projectBudgetCap": 20.0,
        "projectSpentToDate": 5.0,
    }
    assert (shown["decision"], shown["blockedBy"]) == ("GO", [])
    assert len(shown["shots"]) == 58


@pytest.mark.parametrize(("quality", "cost"), [("draft", 0.75), ("review", 2.25), ("master", 7.5)])
def test_given_a_chain_when_estimated_then_its_own_segments_are_priced(
    studio: Studio, project: Project, quality: str, cost: float
) -> None:
    pid = project["projectId"]
    chains.put_chain(pid, {"id": "chn_a", "orderIndex": 0}, "user_owner")
    chains.put_segments(
        pid, "chn_a", [{"id": f"seg_{n}", "orderIndex": n, "duration": d} for n, d in enumerate((5, 2.5, 7.5))]
    )

    one = studio.call(
        "POST", path(project, "/render-queue/estimate"), {"sceneChainId": "chn_a", "quality": quality}, user="viewer"
    ).json
    film = studio.call("POST", path(project, "/render-queue/estimate"), {"quality": quality, "takes": 2}).json
    counted = studio.call(
        "POST", path(project, "/render-queue/estimate"), {"sceneChainId": "chn_a", "shotCount": 58}
    ).json

    assert (one["sceneChainId"], one["shotCount"], one["estimatedCost"]) == ("chn_a", 3, cost)
    assert [shot["segmentId"] for shot in one["shots"]] == ["seg_0", "seg_1", "seg_2"]
    assert film["estimatedCost"] == 2 * cost
    assert (counted["shotCount"], counted["estimatedCost"]) == (58, 14.5)


def test_given_too_little_under_the_cap_when_estimated_then_hard_block_with_the_sops_sentence(
    studio: Studio, project: Project
) -> None:
    hold(project, 5_600_000)

    shown = studio.call("POST", path(project, "/render-queue/estimate"), {"shotCount": 58}).json

    assert (shown["decision"], shown["blockedBy"]) == ("NO-GO", ["producerHard"])
    gate = shown["gates"]["producerHard"]
    assert (gate["code"], gate["message"]) == (
        "BUDGET_CAP_EXCEEDED",
        "Budget Cap exceeded. Admin override required.",
    )
    assert gate["missing"] == ["0.10 USD under the cap"]
    assert gate["override"] == "admin"


def test_given_too_little_quota_when_estimated_then_soft_block(studio: Studio) -> None:
    project = studio.project(budgetCap=500.0)

    shown = studio.call("POST", path(project, "/render-queue/estimate"), {"shotCount": 201}).json

    assert shown["blockedBy"] == ["producerSoft"]
    assert shown["gates"]["producerSoft"]["message"] == "Insufficient quota. Add credits or reduce shots"
    assert (shown["estimatedCost"], shown["quotaAvailable"], shown["quotaRemaining"]) == (50.25, 50.0, -0.25)


def test_given_an_estimate_when_admission_runs_then_it_decides_the_same(studio: Studio, project: Project) -> None:
    from vibeboard.domain.gates import GateRefused

    shots = [
        JobDraft("clip.generate", {"segmentId": f"s{n}"}, {}, {"quality": "draft", "seconds": 5}) for n in range(58)
    ]
    hold(project, 5_500_000)
    go = studio.call("POST", path(project, "/render-queue/estimate"), {"shotCount": 58}).json["decision"]
    hold(project, 10_000)
    no_go = studio.call("POST", path(project, "/render-queue/estimate"), {"shotCount": 58}).json["decision"]

    assert (go, no_go) == ("GO", "NO-GO")
    with pytest.raises(GateRefused, match="Budget Cap exceeded"):
        admit(project["projectId"], "user_owner", shots)


@pytest.mark.parametrize(
    "body",
    [
        {"quality": "gold"},
        {"shotCount": 0},
        {"shotCount": 1.5},
        {"shotCount": 10_000},
        {"seconds": -5.0, "shotCount": 1},
        {"takes": 99},
        {"sceneChainIds": ["x"] * 201},
        {"frames": 1},
    ],
)
def test_given_a_bad_estimate_when_asked_then_422(studio: Studio, project: Project, body: dict[str, Any]) -> None:
    answer = studio.call("POST", path(project, "/render-queue/estimate"), body)

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert studio.call("POST", path(project, "/render-queue/estimate"), {"sceneChainId": "chn_x"}).status == 404


def test_given_an_override_with_a_key_when_sent_twice_then_the_cap_rises_once_and_is_audited(
    studio: Studio, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.service.SAME_REQUEST_SECONDS", 10**10)  # no minute ends between two calls
    body = {"amount": 7.5, "reason": "the client adds a scene"}
    sent = [
        studio.call(
            "POST", path(project, "/budget/overrides"), body, user="admin", headers={"Idempotency-Key": "round-1"}
        )
        for _ in range(2)
    ]
    again = studio.call("POST", path(project, "/budget/overrides"), body, user="admin")
    twin = studio.call("POST", path(project, "/budget/overrides"), body, user="admin")

    assert [answer.status for answer in sent] == [201, 201]
    assert sent[0].json == sent[1].json
    assert sent[1].json["budget"]["available"] == 27.5
    assert again.json["budget"]["available"] == 35.0
    assert twin.json["budget"]["available"] == 35.0
    row = next(row for row in studio.items(project["projectId"], "AUDIT#") if row["act"] == "budget.override")
    assert (row["actor"], row["facts"]["reason"]) == ("user_admin", "the client adds a scene")


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 0, "reason": "x"},
        {"amount": -5, "reason": "x"},
        {"amount": 1.234, "reason": "x"},
        {"amount": 10**9, "reason": "x"},
        {"amount": 5},
        {"amount": 5, "reason": "   "},
        {"amount": "5", "reason": "x"},
    ],
)
def test_given_a_bad_override_when_sent_then_422_and_the_money_stands(
    studio: Studio, project: Project, body: dict[str, Any]
) -> None:
    before = studio.everything()

    answer = studio.call("POST", path(project, "/budget/overrides"), body, user="admin")

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert studio.everything() == before


def test_given_settled_work_when_the_statement_is_read_then_steps_and_models_add_up(
    studio: Studio, project: Project
) -> None:
    pid = project["projectId"]
    table().write(Put({**keys.character(pid, "char_x"), "characterId": "char_x"}))
    table().write(Put({**keys.asset(pid, "asset_x"), "assetId": "asset_x"}))
    train = JobDraft("character.train", {"characterId": "char_x"}, {}, model="fal-ai/flux-lora-fast-training")
    build = JobDraft("asset.deconstruct", {"assetId": "asset_x"}, {}, model="runpod/3d-re-gen")
    jobs = admit(pid, "user_editor", [train, build])
    settlement.succeed(jobs[0], {"loraId": "lora_1"})
    settlement.succeed(jobs[1], {"files": [], "provenance": {}}, cost=100_000)

    shown = studio.call("GET", path(project, "/statement"), user="viewer").json

    assert shown["byStep"] == {"3 Asset Bin": 0.1, "4 Character Foundry": 2.0}
    assert shown["byModel"] == {"fal-ai/flux-lora-fast-training": 2.0, "runpod/3d-re-gen": 0.1}
    assert (shown["budget"]["committed"], shown["budget"]["reserved"]) == (2.1, 0.0)
    assert shown["budget"]["available"] == pytest.approx(17.9)
    assert shown["billing"] == "sandbox"
    assert {entry["kind"] for entry in shown["entries"]} == {"open", "reserve", "settle"}
