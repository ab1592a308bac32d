"""SOP steps 1 and 2 over HTTP and as tasks: outline, breakdown, prompts, placeholders."""

from typing import Any

import pytest

from tests.integration.studio import SOP_CONCEPT, Studio
from vibeboard.domain.naming import check_name
from vibeboard.store import objects

Project = dict[str, Any]

SCREENPLAY = """Title: Last Load

INT. LAUNDROMAT - NIGHT

Steam drifts past a NEON SIGN. VERA (30s) folds a trench coat.

VERA
You are late.

MARLOWE
The rain was early.

EXT. ALLEY - NIGHT

Vera runs. Marlowe drops a coin.

VERA
Keep it.
"""


def path(project: Project, tail: str) -> str:
    return f"/api/projects/{project['projectId']}/story-editor/{tail}"


def broken_down(studio: Studio, project: Project) -> Project:
    assert studio.call("POST", path(project, "outline"), SOP_CONCEPT, user="editor").status == 201
    answer = studio.call("POST", path(project, "breakdown"), user="editor")
    assert answer.status == 201, answer.text
    breakdown: Project = answer.json
    return breakdown


def test_given_the_sops_concept_when_outlined_then_the_sops_shape_with_a_version(
    studio: Studio, project: Project
) -> None:
    answer = studio.call("POST", path(project, "outline"), SOP_CONCEPT, user="editor")

    assert answer.status == 201
    shown = answer.json
    assert {"logline", "acts", "themes"} <= shown["outline"].keys()
    assert "aundromat" in str(shown["outline"])
    assert (shown["version"], shown["status"], shown["engine"][:8]) == (1, "draft", "sandbox/")
    assert shown["gates"]["rag"]["allowed"] is True
    read = studio.call("GET", path(project, "outline"), user="viewer").json
    assert read["outline"] == shown["outline"]


def test_given_no_body_concept_when_outlined_then_the_projects_own_is_used(studio: Studio, project: Project) -> None:
    answer = studio.call("POST", path(project, "outline"), {})
    bare = studio.call(
        "POST", "/api/projects", {"creativeContract": {"budgetCap": 5, "referencePack": ["a", "b", "c"]}}
    )
    none = studio.call("POST", path(bare.json, "outline"), {})

    assert answer.json["input"] == SOP_CONCEPT
    assert (none.status, none.json["errors"][0]["field"]) == (422, "concept")
    studio.call("POST", path(bare.json, "outline"), SOP_CONCEPT)
    stored = studio.call("GET", f"/api/projects/{bare.json['projectId']}").json
    assert stored["concept"] == SOP_CONCEPT


def test_given_the_same_request_twice_when_outlined_then_another_version_and_both_are_kept(
    studio: Studio, project: Project
) -> None:
    one = studio.call("POST", path(project, "outline"), SOP_CONCEPT).json
    two = studio.call("POST", path(project, "outline"), SOP_CONCEPT).json
    same = studio.call("POST", path(project, "outline"), SOP_CONCEPT | {"variation": 0}).json

    assert [one["version"], two["version"], same["version"]] == [1, 2, 3]
    assert two["outline"] != one["outline"]
    assert same["outline"] == one["outline"]
    listed = studio.call("GET", path(project, "outline"), query={"version": "1"}).json
    assert listed["outline"] == one["outline"]
    assert [row["version"] for row in listed["versions"]] == [1, 2, 3]


def test_given_an_idempotency_key_when_outlined_twice_then_one_version(studio: Studio, project: Project) -> None:
    sent = [
        studio.call("POST", path(project, "outline"), SOP_CONCEPT, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]

    assert sent[0].json == sent[1].json
    assert len(studio.items(project["projectId"], "OUTLINE#")) == 1


@pytest.mark.parametrize("tail", ["outline", "breakdown", "prompts"])
def test_given_an_incomplete_contract_when_generating_then_the_sops_refusal_and_nothing_stored(
    studio: Studio, tail: str
) -> None:
    project = studio.project(referencePack=["one.jpg", "two.jpg"])
    before = studio.everything()

    answer = studio.call("POST", path(project, tail), {}, user="editor")

    assert (answer.status, answer.code) == (409, "CONTRACT_INCOMPLETE")
    assert answer.json["detail"] == "Complete Project Brief before generating"
    assert studio.everything() == before


def test_given_a_search_that_fails_when_outlined_then_it_is_recorded_and_the_outline_goes_on(
    studio: Studio, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "vibeboard.providers.sandbox.embeddings", None)

    answer = studio.call("POST", path(project, "outline"), SOP_CONCEPT)

    assert answer.status == 201
    gate = answer.json["gates"]["rag"]
    assert (gate["allowed"], gate["code"]) == (True, "RAG_UNAVAILABLE")
    assert gate["facts"]["error"]
    log = studio.call("GET", f"/api/projects/{project['projectId']}/operations-log").json["items"]
    assert [(row["service"], row["traceId"][:6]) for row in log] == [("search", "trace_")]


def test_given_an_outline_when_broken_down_then_the_sops_shape_fits_the_contract(
    studio: Studio, project: Project
) -> None:
    shown = broken_down(studio, project)

    scene = shown["scenes"][0]
    assert {"scenePrompt", "negativeElements", "visualElements", "characters", "orderIndex"} <= scene.keys()
    assert {"characters", "locations", "props"} == shown["assetManifest"].keys()
    assert shown["seconds"] == 60
    assert shown["shots"] == sum(len(scene["shots"]) for scene in shown["scenes"])
    assert studio.call("GET", path(project, "breakdown"), user="viewer").json == shown


def test_given_a_breakdown_when_stored_then_placeholders_exist_once_by_the_naming_schema(
    studio: Studio, project: Project
) -> None:
    shown = broken_down(studio, project)
    pid = project["projectId"]
    assets = studio.items(pid, "ASSET#")
    again = studio.call("POST", path(project, "breakdown"))

    manifest = shown["assetManifest"]
    assert len(assets) == sum(len(names) for names in manifest.values())
    assert all(check_name(asset["name"]).ok and asset["status"] == "placeholder" for asset in assets)
    characters = studio.items(pid, "CHARACTER#")
    assert {row["characterId"] for row in characters} == {f"char_{name}" for name in manifest["characters"]}
    assert again.json == shown
    assert studio.items(pid, "ASSET#") == assets
    assert studio.items(pid, "CHARACTER#") == characters


def test_given_another_outline_when_broken_down_then_untouched_placeholders_go_and_worked_on_ones_stay(
    studio: Studio, project: Project
) -> None:
    first = broken_down(studio, project)
    pid = project["projectId"]
    kept = first["assetManifest"]["characters"][0]
    studio.call("POST", f"/api/projects/{pid}/foundry/characters", {"name": kept.replace("_", " ")})

    body = {"concept": "A lighthouse keeper repairs a radio in a storm", "genre": "drama", "tone": "quiet"}
    studio.call("POST", path(project, "outline"), body)
    second = studio.call("POST", path(project, "breakdown"), {"outlineVersion": 2}).json

    identifiers = {row["identifier"] for row in studio.items(pid, "ASSET#")}
    assert identifiers == {name for names in second["assetManifest"].values() for name in names}
    ids = {row["characterId"] for row in studio.items(pid, "CHARACTER#")}
    assert ids == {f"char_{name}" for name in second["assetManifest"]["characters"]} | {f"char_{kept}"}


def test_given_a_breakdown_when_prompts_are_asked_then_negative_elements_are_weighted_terms(
    studio: Studio, project: Project
) -> None:
    shown = broken_down(studio, project)

    segments = studio.call("POST", path(project, "prompts"), user="editor").json["segments"]

    assert len(segments) == shown["shots"]
    fields = {"prompt", "negativePrompt", "firstFramePrompt", "lastFramePrompt", "duration", "orderIndex"}
    assert fields <= segments[0].keys()
    assert segments[0]["negativePrompt"].startswith(f"({shown['scenes'][0]['negativeElements'][0]}:1.5)")


def test_given_nothing_written_when_asked_for_then_each_says_what_to_do_first(studio: Studio, project: Project) -> None:
    assert studio.call("GET", path(project, "outline")).status == 404
    for method, tail, code in (
        ("POST", "breakdown", "OUTLINE_MISSING"),
        ("GET", "breakdown", "BREAKDOWN_MISSING"),
        ("POST", "prompts", "BREAKDOWN_MISSING"),
    ):
        answer = studio.call(method, path(project, tail))
        assert (answer.status, answer.code) == (409, code)
        assert answer.json["fix"]


def test_given_an_impossible_shot_count_when_broken_down_then_422_with_the_possible_numbers(studio: Studio) -> None:
    body = {
        "creativeContract": {"budgetCap": 5, "referencePack": ["a", "b", "c"], "targetRuntime": 10},
        "concept": SOP_CONCEPT,
        "shots": 60,
    }
    project = studio.call("POST", "/api/projects", body).json
    studio.call("POST", path(project, "outline"), {})

    answer = studio.call("POST", path(project, "breakdown"))

    assert (answer.status, answer.code) == (422, "RUNTIME_IMPOSSIBLE")
    assert studio.items(project["projectId"], "ASSET#") == []


def test_given_a_screenplay_when_broken_down_then_its_scenes_and_speakers_are_the_films(
    studio: Studio, project: Project
) -> None:
    upload = studio.upload(project["projectId"], "last-load.fountain", "screenplay", SCREENPLAY.encode())
    assert (upload.json["scenes"], upload.json["speakers"]) == (2, ["VERA", "MARLOWE"])

    shown = broken_down(studio, project)

    assert len(shown["scenes"]) == 2
    assert {"vera", "marlowe"} <= set(shown["assetManifest"]["characters"])
    assert ["laundromat" in shown["scenes"][0]["location"], "alley" in shown["scenes"][1]["location"]] == [True, True]


@pytest.mark.parametrize(
    "text",
    ["", "Just a few words without any heading.", "INT.\x00\x01\x02\x03" * 50, "\n".join(["INT. A - DAY"] * 201)],
)
def test_given_an_unreadable_screenplay_when_uploaded_then_422_and_it_is_gone(
    studio: Studio, project: Project, text: str
) -> None:
    answer = studio.upload(project["projectId"], "script.fountain", "screenplay", text.encode() or b"\n")

    assert (answer.status, answer.code) == (422, "UPLOAD_REFUSED")
    assert studio.objects() == []
    assert "screenplayKey" not in studio.call("GET", f"/api/projects/{project['projectId']}").json


def test_given_a_breakdown_too_long_for_an_item_when_stored_then_it_lies_in_s3_and_reads_the_same(
    studio: Studio, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibeboard.film.story.ITEM_BYTES", 1_000)

    shown = broken_down(studio, project)

    item = studio.items(project["projectId"], "BREAKDOWN")[0]
    assert "scenes" not in item
    assert objects.read_json(item["objectKey"])["scenes"] == shown["scenes"]


@pytest.mark.parametrize(
    "body",
    [
        {"concept": ""},
        {"concept": "x" * 2_001},
        {"concept": 42},
        {"concept": "x", "variation": -1},
        {"concept": "x", "pinnedReferences": ["r"] * 11},
        {"concept": "x", "price": 0},
    ],
)
def test_given_a_bad_outline_request_when_sent_then_422_and_nothing_stored(
    studio: Studio, project: Project, body: dict[str, Any]
) -> None:
    before = studio.everything()

    answer = studio.call("POST", path(project, "outline"), body)

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert studio.everything() == before


# ------------------------------------------------------------------ tasks


def test_given_an_open_draft_when_the_task_runs_again_then_it_is_taken_up(studio: Studio, project: Project) -> None:
    pid = project["projectId"]
    one = studio.task("story_editor", "write_outline", projectId=pid)
    two = studio.task("story_editor", "write_outline", projectId=pid)

    assert one == two
    assert (one["version"], one["approved"]) == (1, False)


def test_given_a_rejection_when_the_task_runs_then_another_outline_and_an_approval_ends_it(
    studio: Studio, project: Project
) -> None:
    pid = project["projectId"]
    one = studio.task("story_editor", "write_outline", projectId=pid)
    for _ in range(2):
        studio.task("story_editor", "reject_outline", projectId=pid, version=1, by="user_editor", reason="too dry")
    two = studio.task("story_editor", "write_outline", projectId=pid)
    for _ in range(2):
        studio.task("story_editor", "approve_outline", projectId=pid, version=2, by="user_editor")
    done = studio.task("story_editor", "write_outline", projectId=pid)

    assert (two["version"], two["logline"] != one["logline"] or two["title"] != one["title"]) == (2, True)
    assert (done["version"], done["approved"]) == (2, True)
    rejected = studio.call("GET", path(project, "outline"), query={"version": "1"}).json
    assert (rejected["status"], rejected["reason"]) == ("rejected", "too dry")
    acts = [row["act"] for row in studio.items(pid, "AUDIT#")]
    assert (acts.count("outline.rejected"), acts.count("outline.approved")) == (1, 1)
    with pytest.raises(Exception, match="Outline 2 is approved"):
        studio.task("story_editor", "reject_outline", projectId=pid, version=2, by="x", reason="late")


def test_given_an_approved_outline_when_the_breakdown_task_runs_twice_then_the_second_writes_nothing(
    studio: Studio, project: Project
) -> None:
    pid = project["projectId"]
    studio.task("story_editor", "write_outline", projectId=pid)
    studio.task("story_editor", "approve_outline", projectId=pid, version=1, by="user_editor")
    one = studio.task("story_editor", "write_breakdown", projectId=pid)
    standing = studio.items(pid)

    assert studio.task("story_editor", "write_breakdown", projectId=pid) == one
    assert studio.items(pid) == standing
    assert one["seconds"] == 60
    assert one["scenes"] <= one["shots"]
