"""SOP step 4 (and the production's steps 3 to 5): characters, training, Style Bible, and what the budget leaves."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from foundry.characters import trigger_words
from tests.integration.shoot import Shoot
from tests.integration.studio import SOP_CONCEPT, Studio
from vibeboard.domain.prompts import parse_negative
from vibeboard.film.sets import things_in
from vibeboard.film.story import read_breakdown
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store import keys
from vibeboard.store.table import Put, table

Project = dict[str, Any]
SOP_CHARACTER = {
    "name": "Femme Fatale",
    "referenceImages": ["https://example.test/ref1.jpg", "https://example.test/ref2.jpg"],
    "primaryImageUrl": "https://example.test/primary.jpg",
    "attributes": {"age": "30s", "gender": "female", "hairColor": "black"},
}


def path(project: Project, tail: str) -> str:
    return f"/api/projects/{project['projectId']}{tail}"


def developed(studio: Studio, project: Project) -> Project:
    """The project with an approved outline and a breakdown."""
    pid = project["projectId"]
    studio.task("story_editor", "write_outline", projectId=pid)
    studio.task("story_editor", "approve_outline", projectId=pid, version=1, by="user_editor")
    studio.task("story_editor", "write_breakdown", projectId=pid)
    run = {**keys.run(pid, 1), "number": 1, "status": "RUNNING", "startedBy": "user_editor"}
    table().write(Put(run | {"options": {"quality": "draft"}}))
    return project


# ------------------------------------------------------------------ characters and training


def test_given_the_sops_character_when_created_then_it_keeps_what_was_given_and_gets_a_trigger_word(
    studio: Studio, project: Project
) -> None:
    answer = studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER, user="editor")

    assert answer.status == 201
    shown = answer.json
    assert shown["characterId"] == "char_femme_fatale"
    assert {name: shown[name] for name in SOP_CHARACTER} == SOP_CHARACTER
    assert 2 <= len(shown["triggerWord"]) <= 3
    assert shown["lora"] == {
        "characterId": "char_femme_fatale",
        "loraId": None,
        "triggerWord": shown["triggerWord"],
        "status": "none",
    }
    twice = studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER)
    assert (twice.status, twice.code) == (409, "CHARACTER_EXISTS")


def test_given_many_characters_when_created_then_no_two_share_a_trigger_word(studio: Studio, project: Project) -> None:
    pid = project["projectId"]
    wanted = trigger_words(pid, "char_late")[0]
    table().write(Put({"PK": f"PROJECT#{pid}", "SK": f"TRIGGER#{wanted}", "characterId": "char_early"}))

    late = studio.call("POST", path(project, "/foundry/characters"), {"name": "Late"}).json["triggerWord"]
    words = [
        studio.call("POST", path(project, "/foundry/characters"), {"name": f"Extra {n}"}).json["triggerWord"]
        for n in range(12)
    ]

    assert late == trigger_words(pid, "char_late")[1] != wanted
    assert len({*words, late, wanted}) == 14


def test_given_a_character_when_trained_then_the_sops_lora_shape_and_it_completes(
    studio: Studio, project: Project
) -> None:
    studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER)

    started = studio.call("POST", path(project, "/training/start"), {"characterId": "char_femme_fatale"}, user="editor")
    again = studio.call("POST", path(project, "/training/start"), {"characterId": "char_femme_fatale"}, user="editor")

    assert started.status == 202
    assert started.headers["location"] == f"/api/jobs/{started.json['jobId']}"
    assert again.json == started.json
    assert (started.json["status"], started.json["loraId"]) == ("training", None)
    job = read_job(project["projectId"], started.json["jobId"])
    assert (job["operation"], job["amount"]) == ("character.train", 2_000_000)
    assert job["input"]["look"]["trigger_word"] == started.json["triggerWord"]
    settlement.succeed(job, {"loraId": "lora_123"})
    done = studio.call("GET", path(project, "/foundry/characters"), user="viewer").json["items"][0]["lora"]
    assert (done["loraId"], done["status"]) == ("lora_123", "complete")


def test_given_training_that_failed_when_started_again_then_a_new_job(studio: Studio, project: Project) -> None:
    studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER)
    body = {"characterId": "char_femme_fatale"}
    first = studio.call("POST", path(project, "/training/start"), body).json["jobId"]
    settlement.fail(read_job(project["projectId"], first), {"code": "GPU", "message": "GPU timeout"})

    second = studio.call("POST", path(project, "/training/start"), body).json["jobId"]

    assert second != first
    assert [row["error"] for row in studio.items(project["projectId"], "OPLOG#")] == ["GPU timeout"]


def test_given_a_breakdowns_placeholder_when_trained_then_it_must_be_created_first_and_then_is_filled(
    studio: Studio, project: Project
) -> None:
    developed(studio, project)
    placeholder = studio.items(project["projectId"], "CHARACTER#")[0]
    body = {"characterId": placeholder["characterId"]}
    refused = studio.call("POST", path(project, "/training/start"), body)

    name = placeholder["characterId"].removeprefix("char_").replace("_", " ")
    made = studio.call("POST", path(project, "/foundry/characters"), {"name": name})

    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "characterId")
    assert made.json["characterId"] == placeholder["characterId"]
    assert studio.call("POST", path(project, "/training/start"), body).status == 202
    assert studio.call("POST", path(project, "/training/start"), {"characterId": "char_none"}).status == 404


@pytest.mark.parametrize(
    ("contract", "status", "code"),
    [({"budgetCap": 1.99}, 409, "BUDGET_CAP_EXCEEDED"), ({"referencePack": ["a"]}, 409, "CONTRACT_INCOMPLETE")],
)
def test_given_a_gate_in_the_way_when_training_then_it_refuses_and_the_character_stays(
    studio: Studio, contract: dict[str, Any], status: int, code: str
) -> None:
    project = studio.project(**contract)
    studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER)
    before = studio.everything()

    answer = studio.call("POST", path(project, "/training/start"), {"characterId": "char_femme_fatale"})

    assert (answer.status, answer.code) == (status, code)
    assert studio.everything() == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 121},
        {"name": "A", "referenceImages": ["r"] * 21},
        {"name": "A", "attributes": {"a b": "c"}},
        {"name": "A", "attributes": {"age": 30}},
        {"name": "A", "wardrobeRules": ["x" * 121]},
        {"name": "A", "loraId": "lora_free"},
    ],
)
def test_given_a_bad_character_when_created_then_422_and_nothing_stored(
    studio: Studio, project: Project, body: dict[str, Any]
) -> None:
    before = studio.everything()

    answer = studio.call("POST", path(project, "/foundry/characters"), body)

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert studio.everything() == before


def test_given_a_name_without_latin_letters_when_created_then_it_still_has_an_id_of_its_own(
    studio: Studio, project: Project
) -> None:
    ids = {
        studio.call("POST", path(project, "/foundry/characters"), {"name": name}).json["characterId"]
        for name in ("王菲", "李娜", "Ünal Çelik")
    }

    assert len(ids) == 3
    assert "char_unal_celik" in ids


# ------------------------------------------------------------------ Style Bible


def test_given_a_cast_when_the_bible_is_written_then_the_sops_shape_and_a_version_per_content(
    studio: Studio, project: Project
) -> None:
    rules = {
        "wardrobeRules": ["Black trench coat", "Red lipstick", "No hats"],
        "poseGuidance": ["3/4 profile preferred"],
    }
    studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER | rules)

    first = studio.call("POST", path(project, "/foundry/style-bible"), user="editor")
    same = studio.call("POST", path(project, "/foundry/style-bible"), user="editor").json
    palette = ["#1a1a2e", "#e94560", "#0f3460"]
    by_hand = studio.call(
        "POST", path(project, "/foundry/style-bible"), {"globalRules": {"colorPalette": palette}}
    ).json

    assert first.status == 201
    shown = first.json
    assert {"styleBibleId", "projectId", "characters", "globalRules"} <= shown.keys()
    assert {"name", "triggerWord", "loraId", "wardrobeRules", "lightingRules", "poseGuidance"} <= shown["characters"][
        0
    ].keys()
    assert shown["characters"][0]["wardrobeRules"] == rules["wardrobeRules"]
    assert {"colorPalette", "bannedElements", "requiredElements"} == shown["globalRules"].keys()
    assert (shown["version"], same["version"], by_hand["version"]) == (1, 1, 2)
    assert by_hand["globalRules"]["colorPalette"] == palette
    assert by_hand["globalRules"]["bannedElements"] == shown["globalRules"]["bannedElements"]
    read = studio.call("GET", path(project, "/foundry/style-bible"), user="viewer")
    assert (read.json, read.headers["etag"]) == (by_hand, '"2"')


def test_given_no_characters_when_the_bible_is_asked_for_then_it_says_what_comes_first(
    studio: Studio, project: Project
) -> None:
    assert studio.call("GET", path(project, "/foundry/style-bible")).status == 404
    refused = studio.call("POST", path(project, "/foundry/style-bible"))
    assert (refused.status, refused.code) == (409, "CHARACTERS_MISSING")
    bad = studio.call("POST", path(project, "/foundry/style-bible"), {"globalRules": {"colorPalette": ["red"]}})
    assert bad.status == 422


# ------------------------------------------------------------------ tasks


def test_given_a_breakdown_when_cast_twice_then_every_character_once_and_one_training(
    studio: Studio, project: Project
) -> None:
    developed(studio, project)
    pid = project["projectId"]

    one = studio.task("foundry", "cast", projectId=pid, run=1)
    standing = studio.items(pid)
    two = studio.task("foundry", "cast", projectId=pid, run=1)

    assert one == two
    assert studio.items(pid) == standing
    cast = studio.items(pid, "CHARACTER#")
    assert sorted(one["characters"]) == sorted(row["characterId"] for row in cast)
    assert all(row["wardrobeRules"] and row["triggerWord"] for row in cast)
    assert len(one["jobs"]) == 1
    job = read_job(pid, one["jobs"][0])
    assert (job["target"]["characterId"], job["user"]) == (one["characters"][0], "user_editor")


def test_given_a_character_somebody_made_when_cast_then_their_choices_stay(studio: Studio, project: Project) -> None:
    developed(studio, project)
    pid = project["projectId"]
    identifier = studio.items(pid, "CHARACTER#")[0]["characterId"]
    body = {"name": identifier.removeprefix("char_").replace("_", " "), "wardrobeRules": ["Yellow raincoat"]}
    studio.call("POST", path(project, "/foundry/characters"), body)

    studio.task("foundry", "cast", projectId=pid, run=1)

    standing = next(row for row in studio.items(pid, "CHARACTER#") if row["characterId"] == identifier)
    assert standing["wardrobeRules"] == ["Yellow raincoat"]
    assert standing["lightingRules"]


def test_given_a_cap_that_just_pays_the_footage_when_cast_then_nobody_is_trained(studio: Studio) -> None:
    from foundry.casting import planned_footage
    from vibeboard.store import ledger, projects

    project = developed(studio, studio.project())
    pid = project["projectId"]
    aside = planned_footage(projects.read(pid), "draft")
    budget = ledger.read(pid)
    words = budget["committed"] + budget["reserved"]  # outline and breakdown are paid for already
    needed = math.ceil((aside + words + 2_000_000) / 10_000) / 100  # dollars, whole cents
    for cap, trained in ((needed - 0.01, 0), (needed, 1)):
        answer = studio.call("PUT", path(project, ""), {"creativeContract": {"budgetCap": round(cap, 2)}})
        assert answer.status == 200, answer.text
        assert len(studio.task("foundry", "cast", projectId=pid, run=1)["jobs"]) == trained
    assert aside == 3_000_000 + 2 * 60_000 * answer_shots(studio, pid)


def answer_shots(studio: Studio, pid: str) -> int:
    shots: int = studio.items(pid, "BREAKDOWN")[0]["shots"]
    return shots


def test_given_an_uploaded_reference_when_assets_are_built_then_the_first_place_goes_to_the_engine_once(
    studio: Studio, project: Project, picture: Callable[..., bytes]
) -> None:
    developed(studio, project)
    pid = project["projectId"]
    without = studio.task("foundry", "build_assets", projectId=pid, run=1)
    studio.upload(pid, "ref1.jpg", "reference", picture())

    one = studio.task("foundry", "build_assets", projectId=pid, run=1)
    two = studio.task("foundry", "build_assets", projectId=pid, run=1)

    assert without["jobs"] == []
    assert one == two
    assert one["assets"] == len(studio.items(pid, "ASSET#"))
    job = read_job(pid, one["jobs"][0])
    assert job["input"]["assets"]["image"].endswith("ref1.jpg")
    assert "_LOC_" in job["input"]["params"]["name"]
    breakdown = read_breakdown(pid)
    wanted = things_in(breakdown, breakdown.asset_manifest.locations[0])
    assert tuple(job["input"]["params"]["labels"]) == wanted
    assert wanted
    assert {label.replace(" ", "_") for label in wanted} <= set(breakdown.asset_manifest.props)
    assert [read_job(pid, job_id)["operation"] for job_id in one["jobs"]] == ["asset.deconstruct", "asset.materials"]


def test_given_a_cast_when_bible_and_optics_tasks_run_twice_then_they_answer_the_same(
    studio: Studio, project: Project
) -> None:
    developed(studio, project)
    pid = project["projectId"]
    studio.task("foundry", "cast", projectId=pid, run=1)

    bibles = [studio.task("foundry", "style_bible", projectId=pid) for _ in range(2)]
    looks = [studio.task("foundry", "optics", projectId=pid) for _ in range(2)]

    assert bibles[0] == bibles[1]
    assert bibles[0]["version"] == 1
    assert looks[0] == looks[1]
    assert "lens" in looks[0]["masterCinematic"]
    shown = studio.call("GET", path(project, "")).json
    assert shown["masterCinematic"] == looks[0]["masterCinematic"]
    assert shown["gates"]["masterCinematic"]["allowed"] is True


@pytest.mark.parametrize(
    "genre", ["thriller", "film noir", "horror", "sci-fi", "action", "comedy", "documentary", "western", "drama", ""]
)
def test_given_any_genre_when_no_optics_are_chosen_then_a_real_camera_and_lens_are(studio: Studio, genre: str) -> None:
    body = {"concept": SOP_CONCEPT | {"genre": genre}}
    project = studio.call("POST", "/api/projects", body).json

    answer = studio.task("foundry", "optics", projectId=project["projectId"])

    assert answer["camera"]
    assert "mm lens" in answer["masterCinematic"]


def test_given_chosen_optics_when_the_task_runs_then_the_modifier_is_theirs_and_follows_a_change(
    studio: Studio, project: Project
) -> None:
    optics = {
        "camera": "RED V-Raptor",
        "lens": "Lensbaby 85mm T1.8",
        "lensCharacter": {"fNumber": 1.8, "focalLength": 85},
    }
    studio.call("PUT", path(project, ""), {"optics": optics})
    first = studio.task("foundry", "optics", projectId=project["projectId"])["masterCinematic"]
    studio.call("PUT", path(project, ""), {"optics": {"camera": "ARRI Alexa 35", "lens": "Cooke S4/i 50mm T2.0"}})
    second = studio.task("foundry", "optics", projectId=project["projectId"])["masterCinematic"]
    studio.call("PUT", path(project, ""), {"optics": {"camera": "Potato"}})

    assert first.startswith("85mm lens, f/1.8 aperture")
    assert second.startswith("50mm lens, f/2 aperture")
    with pytest.raises(Exception, match="Potato") as refused:
        studio.task("foundry", "optics", projectId=project["projectId"])
    assert type(refused.value).__name__ == "OpticsImpossible"


# ------------------------------------------------------------------ the bible in use, and faces


def _cast(studio: Studio, project: Project) -> str:
    """The SOP's femme fatale with the SOP's rules, and a bible."""
    rules = {
        "wardrobeRules": ["Black trench coat", "Red lipstick", "No hats"],
        "lightingRules": ["High contrast", "Rim lighting from behind"],
        "poseGuidance": ["Never facing directly at camera", "3/4 profile preferred"],
    }
    studio.call("POST", path(project, "/foundry/characters"), SOP_CHARACTER | rules)
    wanted = {"globalRules": {"bannedElements": ["daylight", "crowds", "modern phones"]}}
    assert studio.call("POST", path(project, "/foundry/style-bible"), wanted).status == 201
    return path(project, "/foundry/style-bible")


def test_given_a_bible_when_the_first_chain_uses_it_then_it_is_frozen_and_only_an_admins_reason_goes_on(
    studio: Studio, project: Project
) -> None:
    bible = _cast(studio, project)
    change = {"globalRules": {"requiredElements": ["smoke"]}}
    assert studio.call("POST", bible, change, user="editor").json["version"] == 2
    chain = studio.call("POST", path(project, "/scene-chains"), {"name": "Scene 1"}).json["id"]
    other = {"globalRules": {"requiredElements": ["rain"]}}
    before = studio.everything()

    refused = studio.call("POST", bible, other, user="editor")
    no_admin = studio.call("POST", bible, other | {"reason": "director"}, user="editor")

    assert (refused.status, refused.code, refused.json["version"]) == (409, "STYLE_BIBLE_FROZEN", 2)
    assert chain in refused.json["detail"]
    assert (no_admin.status, no_admin.code) == (403, "ROLE_INSUFFICIENT")
    assert studio.everything() == before
    assert studio.call("POST", bible, change, user="editor").json["version"] == 2  # the same is no change
    assert studio.task("foundry", "style_bible", projectId=project["projectId"])["version"] == 2
    reasoned = studio.call("POST", bible, other | {"reason": "director's wish"}, user="admin").json
    assert (reasoned["version"], reasoned["globalRules"]["requiredElements"]) == (3, ["rain"])
    rows = studio.call("GET", bible + "/versions", user="viewer").json["items"]
    assert [(row["version"], row.get("reason")) for row in rows] == [(1, None), (2, None), (3, "director's wish")]
    second = studio.call("GET", bible, query={"version": "2"}).json
    assert second["globalRules"]["requiredElements"] == ["smoke"]
    assert studio.call("GET", bible, query={"version": "9"}).status == 404


def test_given_shots_when_checked_against_the_bible_then_each_breach_is_named_where_it_stands(
    studio: Studio, project: Project
) -> None:
    bible = _cast(studio, project)
    chains = path(project, "/scene-chains")
    chain = studio.call("POST", chains, {"name": "Scene 1", "masterStyleContext": "85mm"}).json["id"]
    shots = [
        {"prompt": "Femme fatale enters through steam", "characters": ["femme_fatale"]},
        {"prompt": "She tips her hat", "firstFramePrompt": "facing the camera", "characters": ["femme_fatale"]},
        {"prompt": "He tips his hat in daylight", "characters": []},
    ]
    made = studio.call("POST", f"{chains}/{chain}/segments", shots).json["segments"]

    rows = studio.call("GET", bible + "/violations", user="viewer").json["items"]

    told = [(row["segmentId"], row["field"], row["kind"], row["rule"], row["found"]) for row in rows]
    assert told == [
        (made[1]["id"], "prompt", "wardrobe", "No hats", "hat"),
        (made[1]["id"], "firstFramePrompt", "pose", "Never facing directly at camera", "facing the camera"),
        (made[1]["id"], "firstFramePrompt", "pose", "3/4 profile preferred", "facing the camera"),
        (made[2]["id"], "prompt", "banned", "daylight", "daylight"),
    ]


def test_given_a_bible_when_frames_and_footage_are_made_then_every_take_records_what_is_banned(
    studio: Studio, project: Project
) -> None:
    _cast(studio, project)
    shoot = Shoot(studio, project, shots=2).frames().footage()

    for index in range(2):
        takes = studio.call("GET", shoot.path(index, "/takes")).json["takes"]
        assert sorted(take["kind"] for take in takes) == ["clip", "first", "last"]
        for take in takes:
            weights = {term.term: term.weight for term in parse_negative(take["negativePrompt"])}
            assert weights | {"daylight": 1.3, "crowds": 1.3, "modern phones": 1.3, "crowd": 1.5} == weights
            assert "watermark" in weights


def test_given_a_bible_when_printed_then_a_whole_page_comes_and_nothing_of_the_crews_words_is_markup(
    studio: Studio, project: Project
) -> None:
    _cast(studio, project)
    evil = {"name": "<script>alert(1)</script>", "wardrobeRules": ["<img src=x onerror=alert(1)>"]}
    studio.call("POST", path(project, "/foundry/characters"), evil)
    studio.call("POST", path(project, "/foundry/style-bible"), {})

    page = studio.call("GET", path(project, "/foundry/style-bible/page"), user="viewer")

    assert page.headers["content-type"].startswith("text/html")
    for words in ("Femme Fatale", "Black trench coat", "modern phones", "&lt;script&gt;"):
        assert words in page.text
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "http" not in page.text.replace("https://", "http://").split("<body>")[1]


def test_given_uploaded_faces_when_signed_off_then_who_and_what_is_recorded_for_each(
    studio: Studio, project: Project, picture: Callable[..., bytes]
) -> None:
    pid = project["projectId"]
    faces = [studio.upload(pid, f"f{n}.png", "asset", picture(96, 96, "PNG", 50 + n)).json for n in (1, 2)]
    script = studio.upload(pid, "a.json", "asset", b"{}").json
    keys_of = [face["key"] for face in faces]
    studio.call("POST", path(project, "/foundry/characters"), {"name": "Vera", "referenceImages": keys_of})
    route = path(project, "/foundry/characters/char_vera/likeness")
    body = {"uploadId": faces[0]["uploadId"], "person": "Ada L.", "consent": "granted", "scope": "this film"}

    signed = studio.call("POST", route, body, user="editor")
    again = studio.call("POST", route, body | {"until": "2999-12-31"}, user="editor")

    assert (signed.status, signed.json["sha256"], signed.json["recordedBy"]) == (201, faces[0]["sha256"], "user_editor")
    shown = studio.call("GET", route, user="viewer").json
    assert [row["until"] for row in shown["signOffs"]] == [again.json["until"]]
    assert shown["unsigned"] == [faces[1]["key"]]
    acts = [row["act"] for row in studio.call("GET", path(project, "/audit")).json["items"]]
    assert acts.count("likeness.sign-off") == 2
    before = studio.everything()
    for change, status in (
        ({"uploadId": "upl_none"}, 404),
        ({"uploadId": script["uploadId"]}, 422),
        ({"until": "2001-01-01"}, 422),
        ({"until": "2999-02-31"}, 422),
        ({"consent": "maybe"}, 422),
        ({"person": ""}, 422),
    ):
        assert studio.call("POST", route, body | change).status == status, change
    assert studio.call("POST", route, body, user="viewer").status == 403
    assert studio.everything() == before


def test_given_a_whole_cast_when_the_chains_are_made_from_the_breakdown_then_the_first_freezes_the_bible_once(
    studio: Studio, project: Project
) -> None:
    developed(studio, project)
    pid = project["projectId"]
    for task in ("cast", "style_bible", "optics"):
        studio.task("foundry", task, projectId=pid, run=1)

    one = studio.call("POST", path(project, "/scene-chains/export"), user="editor")
    two = studio.call("POST", path(project, "/scene-chains/export"), user="editor")

    assert one.json == two.json
    bible = studio.call("GET", path(project, "/foundry/style-bible")).json
    assert (bible["frozen"], bible["frozenBy"]) == (True, one.json["chains"][0])
