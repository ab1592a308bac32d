"""SOP step 7.5 over HTTP: the estimate, the two producer gates, the override and the statement."""

import csv
import io
from typing import Any

import pytest

from producer.models import Estimate
from producer.service import _shots
from tests.integration.shoot import Shoot, clip_result
from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.jobs.drafts import clip_draft
from vibeboard.jobs.waiting import read_job
from vibeboard.store import chains, keys, ledger
from vibeboard.store.table import Put, Update, table

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
    chains.put_chain(pid, {"id": "chn_a", "orderIndex": 0, "aspectRatio": "21:9"}, "user_owner")
    chains.put_segments(
        pid,
        "chn_a",
        [{"id": f"seg_{n}", "prompt": "x", "orderIndex": n, "duration": d} for n, d in enumerate((5, 2.5, 7.5))],
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
        {"shotCount": 1_001},
        {"seconds": -5.0, "shotCount": 1},
        {"takes": 99},
        {"sceneChainIds": ["x"] * 201},
        {"frames": 1},
        {"quality": "draft", "resolution": "4K"},
        {"resolution": "8K"},
        {"sceneChainId": ""},
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


# ---- must show 5: the estimate is the sum of the reservations, shot by shot


@pytest.mark.parametrize(
    ("shots", "quality", "takes"),
    [(1, "draft", 8), (1, "master", 1), (58, "draft", 1), (58, "review", 3), (1000, "master", 2), (1000, "draft", 1)],
)
def test_given_shots_of_any_length_when_estimated_then_it_is_the_sum_of_what_their_orders_reserve(
    shots: int, quality: Any, takes: int
) -> None:
    chain = {"id": "chn_a", "aspectRatio": "21:9", "frameRate": 24}
    frame = {"key": "frame.png", "takeId": "take_1"}
    lengths = (5, 2.5, 7.123, 0.042, 59.999)
    segments: list[dict[str, Any]] = [
        {"id": f"seg_{n}", "shotName": f"SC01_SH{n:02d}", "prompt": "A shot", "duration": lengths[n % 5]}
        | {"firstFrame": frame, "lastFrame": frame}
        for n in range(shots)
    ]
    told = _shots([(chain, segments)], Estimate(quality=quality, takes=takes))
    drafts = [
        [clip_draft(chain, segment, quality=quality, take=take) for take in range(1, takes + 1)] for segment in segments
    ]
    assert [row["micros"] for row in told] == [sum(draft.amount for draft in row) for row in drafts]
    assert len({draft.input["seed"] for row in drafts for draft in row}) == shots * takes


def test_given_58_shots_when_ordered_then_what_is_reserved_is_what_was_estimated(studio: Studio) -> None:
    shoot = Shoot(studio, studio.project(budgetCap=20), shots=58)
    frame = {"key": "frame.png", "takeId": "take_1"}
    for segment in shoot.segments:
        key = keys.segment(shoot.project_id, shoot.chain, segment)
        table().write(Update(key, set={"firstFrame": frame, "lastFrame": frame}))
    told = studio.call("POST", f"/api/projects/{shoot.project_id}/render-queue/estimate", {"sceneChainId": shoot.chain})
    assert told.json["estimatedCost"] == 14.5
    ordered = studio.call("POST", f"{shoot.base}/generate", {}).json
    assert (ordered["estimatedCost"], shoot.budget()["reserved"], ordered["shotCount"]) == (14.5, 14.5, 58)


def test_given_a_resolution_instead_of_a_quality_then_it_names_the_same_price(studio: Studio, project: Project) -> None:
    told = studio.call("POST", path(project, "/render-queue/estimate"), {"shotCount": 2, "resolution": "1080p"}).json
    assert (told["quality"], told["resolution"], told["estimatedCost"]) == ("review", "1080p", 1.5)
    assert told["shots"][0] == {"duration": 5.0, "takes": 1, "estimatedCost": 0.75}


def test_given_work_under_way_when_estimated_then_spent_tells_committed_from_reserved(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=2).frames()
    studio.call("POST", shoot.path(0, "/generate"), {}, user="owner")
    told = studio.call("POST", path(project, "/render-queue/estimate"), {"sceneChainId": shoot.chain}).json
    assert (told["projectCommitted"], told["projectReserved"], told["projectAvailable"]) == (0.23, 0.25, 19.52)
    assert (told["projectSpentToDate"], told["quotaReserved"]) == (0.48, 0.25)
    assert told["storyboard"] == {"missing": 0, "stale": 0, "estimatedCost": 0.0}
    studio.call("PUT", shoot.path(1), {"prompt": "Another moment"})
    studio.call("POST", f"{shoot.base}/segments", {"prompt": "One more"})
    again = studio.call("POST", path(project, "/render-queue/estimate"), {}).json
    assert again["storyboard"] == {"missing": 2, "stale": 2, "estimatedCost": 0.24}


# ---- statements


def test_given_frames_footage_and_a_billed_failure_then_every_breakdown_adds_up_to_what_is_committed(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=2).frames().footage()
    refused = studio.call("POST", shoot.path(1, "/generate-frame"), {"which": "last"}, user="admin").json["jobId"]
    settlement.fail(read_job(shoot.project_id, refused), {"code": "CONTENT_REFUSED", "message": "unsafe"}, cost=60_000)
    cheap = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    settlement.succeed(read_job(shoot.project_id, cheap), clip_result(), cost=40_000)
    told = studio.call("GET", path(project, "/statement"), user="viewer").json

    committed = told["budget"]["committed"]
    assert committed == pytest.approx(0.05 + 3 * 0.06 + 2 * 0.25 + 0.06 + 0.04)
    for part in ("byStep", "byModel", "byUser"):
        assert sum(told[part].values()) == pytest.approx(committed), part
    assert sum(row["actual"] for row in told["byShot"]) == pytest.approx(committed)
    assert told["byUser"] == {"user_admin": 0.06, "user_editor": 0.77}
    assert [row["shotName"] for row in told["byShot"]] == ["SC01_SH01", "SC01_SH02"]
    assert told["estimateAgainstActual"] == {
        "7 Storyboard": {"estimated": 0.29, "actual": 0.29, "difference": 0.0, "jobs": 5, "failed": 1},
        "8 Shot Studio": {"estimated": 0.75, "actual": 0.54, "difference": -0.21, "jobs": 3, "failed": 0},
    }


def test_given_a_statement_as_csv_then_its_rows_add_up_and_no_cell_is_a_formula(
    studio: Studio, project: Project
) -> None:
    Shoot(studio, project, shots=1).frames().footage()
    reason = '=HYPERLINK("http://x")'
    studio.call("POST", path(project, "/budget/overrides"), {"amount": 1, "reason": reason}, user="admin")
    answer = studio.call("GET", path(project, "/statement.csv"), user="viewer")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    settled = [row for row in rows if row["kind"] in ("settle", "void", "true-up")]
    assert sum(float(row["amount"]) for row in settled) == pytest.approx(0.36)
    assert {(row["shot"], row["user"]) for row in settled} == {("SC01_SH01", "user_editor")}
    override = next(row for row in rows if row["kind"] == "override")
    assert override["reason"] == f"'{reason}"


# ---- quotas


def test_given_a_soft_block_when_an_admin_grants_credits_then_the_same_order_goes_through(
    studio: Studio, project: Project
) -> None:
    shoot = Shoot(studio, project, shots=1).frames()
    studio.call("POST", "/api/quotas/user_editor/grants", {"amount": -49.8, "reason": "season over"}, user="admin")
    assert studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").code == "QUOTA_INSUFFICIENT"
    body = {"amount": 10, "reason": "one more scene"}
    granted = studio.call("POST", "/api/quotas/user_editor/grants", body, user="admin")
    assert granted.status == 201
    assert studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").status == 202

    mine = studio.call("GET", "/api/me/quota", user="editor").json
    assert (mine["granted"], mine["reserved"], mine["committed"]) == (10.2, 0.25, 0.11)
    assert mine["available"] == pytest.approx(10.2 - 0.25 - 0.11)
    assert [(row["kind"], row["amount"], row["actor"], row["reason"]) for row in mine["credits"]] == [
        ("grant", 10.0, "user_admin", "one more scene"),
        ("withdrawal", -49.8, "user_admin", "season over"),
    ]
    assert studio.call("GET", "/api/quotas/user_editor", user="owner").json == mine


def test_given_a_grant_with_a_key_when_sent_twice_then_it_counts_once(studio: Studio, project: Project) -> None:
    body = {"amount": 5, "reason": "bonus"}
    sent = [
        studio.call("POST", "/api/quotas/user_viewer/grants", body, user="admin", headers={"Idempotency-Key": "g1"})
        for _ in range(2)
    ]
    assert sent[0].json == sent[1].json
    assert studio.call("GET", "/api/me/quota", user="viewer").json["granted"] == 55.0


def test_given_a_payment_when_topped_up_twice_then_it_counts_once_and_only_in_the_sandbox(
    studio: Studio, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"amount": 25.5, "reference": "invoice 7"}
    first = studio.call("POST", "/api/me/quota/top-ups", body, user="viewer")
    again = studio.call("POST", "/api/me/quota/top-ups", body, user="viewer")
    assert (first.status, again.json["granted"], again.json["billing"]) == (201, 75.5, "sandbox")
    monkeypatch.setenv("BILLING", "live")
    refused = studio.call("POST", "/api/me/quota/top-ups", {"amount": 5}, user="viewer")
    assert (refused.status, refused.code) == (409, "PAYMENT_REQUIRED")


def test_given_no_admin_of_the_organization_then_no_quota_is_raised_or_read(studio: Studio, project: Project) -> None:
    """Owning a project of one's own gives no right over quotas."""
    studio.project(user="outsider")
    body = {"amount": 5, "reason": "me"}
    before = studio.everything()
    answers = [
        studio.call("POST", "/api/quotas/user_outsider/grants", body, user="outsider"),
        studio.call("POST", "/api/quotas/user_editor/grants", body, user="editor"),
        studio.call("GET", "/api/quotas/user_owner", user="editor"),
        studio.call("GET", "/api/quotas/user_editor", user="outsider"),
    ]
    assert [answer.status for answer in answers] == [403] * 4
    assert studio.call("POST", "/api/quotas/user_outsider/grants", body, user="admin").status == 404
    assert studio.everything() == before


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/api/quotas/user_editor/grants", {"amount": 0, "reason": "x"}),
        ("/api/quotas/user_editor/grants", {"amount": 1.001, "reason": "x"}),
        ("/api/quotas/user_editor/grants", {"amount": 5}),
        ("/api/quotas/user_editor/grants", {"amount": -51, "reason": "x"}),
        ("/api/quotas/user_editor/grants", {"amount": 1e9, "reason": "x"}),
        ("/api/me/quota/top-ups", {"amount": -5}),
        ("/api/me/quota/top-ups", {"amount": "5"}),
        ("/api/me/quota/top-ups", {"amount": 5, "reference": "x" * 300}),
    ],
)
def test_given_a_bad_credit_then_422_and_nothing_is_stored(
    studio: Studio, project: Project, url: str, body: dict[str, Any]
) -> None:
    before = studio.everything()
    answer = studio.call("POST", url, body, user="admin")
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert studio.everything() == before
