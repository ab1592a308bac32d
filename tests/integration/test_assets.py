"""SOP step 3 over HTTP: the naming gate, one's own assets with provenance, deconstruction as a job."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store import objects

Project = dict[str, Any]
Picture = Callable[..., bytes]
NAME = "SC01_SH03_LOC_LaundromaInterior"  # the SOP's own example, its spelling included


def path(project: Project, tail: str = "") -> str:
    return f"/api/projects/{project['projectId']}/assets{tail}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SC01_SH03_CHAR_FemmeFatale", "character"), ("SC01_SH03_PROP_WashingMachine", "prop"), (NAME, "location")],
)
def test_given_the_sops_names_when_created_then_they_stand_with_type_and_provenance(
    studio: Studio, project: Project, name: str, kind: str
) -> None:
    body = {"name": name, "sourcePrompt": "Neo-noir laundromat interior", "seed": 42, "model": "fal-ai/flux/dev"}

    answer = studio.call("POST", path(project), body, user="editor")

    assert answer.status == 201
    asset = answer.json
    assert (asset["name"], asset["type"], asset["files"]) == (name, kind, [])
    provenance = asset["provenance"]
    assert {name: provenance[name] for name in ("sourcePrompt", "seed", "model", "createdBy")} == {
        "sourcePrompt": "Neo-noir laundromat interior",
        "seed": 42,
        "model": "fal-ai/flux/dev",
        "createdBy": "user_editor",
    }
    assert objects.read_json(asset["sidecarKey"]) == {
        "assetId": asset["assetId"],
        "name": name,
        "provenance": provenance,
    }
    assert asset["gates"]["naming"]["allowed"] is True


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("sc1_sh3_char_femme fatale", "SC01_SH03_CHAR_FemmeFatale"),
        ("SC01_SH03_CHARACTER_FemmeFatale", "SC01_SH03_CHAR_FemmeFatale"),
        ("laundromat.png", None),
        ("SC01_SH03_XYZ_Thing", None),
        ("../SC01_SH03_LOC_Room", None),
    ],
)
def test_given_a_name_off_the_schema_when_created_then_422_with_a_suggestion_and_nothing_stored(
    studio: Studio, project: Project, name: str, suggestion: str | None
) -> None:
    before = studio.everything()

    answer = studio.call("POST", path(project), {"name": name}, user="editor")

    assert (answer.status, answer.code) == (422, "NAMING_SCHEMA_VIOLATION")
    assert answer.json.get("suggestion") == suggestion
    assert answer.json["errors"][0]["field"] == "name"
    assert answer.json["fix"]
    assert studio.everything() == before


def test_given_an_upload_when_made_an_asset_then_its_file_and_hash_are_attached(
    studio: Studio, project: Project, picture: Picture
) -> None:
    upload = studio.upload(project["projectId"], "set.png", "asset", picture(200, 100, "PNG")).json
    pending = studio.call("POST", f"/api/projects/{project['projectId']}/uploads", {"name": "a.png", "kind": "asset"})

    asset = studio.call("POST", path(project), {"name": NAME, "uploadId": upload["uploadId"]}).json
    early = studio.call("POST", path(project), {"name": "SC01_SH01_LOC_B", "uploadId": pending.json["uploadId"]})

    assert [(row["name"], row["type"], row["key"]) for row in asset["files"]] == [("set.png", "image", upload["key"])]
    assert asset["provenance"]["sha256"] == upload["sha256"]
    assert (early.status, early.code) == (409, "UPLOAD_OPEN")
    assert studio.call("POST", path(project), {"name": "SC01_SH01_LOC_C", "uploadId": "upl_x"}).status == 404


def test_given_assets_when_listed_by_scene_and_type_then_only_those_come(studio: Studio, project: Project) -> None:
    for name in ("SC01_SH01_LOC_A", "SC02_SH01_LOC_B", "SC01_SH02_PROP_C"):
        studio.call("POST", path(project), {"name": name})

    def names(**query: str) -> list[str]:
        return [row["name"] for row in studio.call("GET", path(project), user="viewer", query=query).json["items"]]

    assert names() == ["SC01_SH01_LOC_A", "SC01_SH02_PROP_C", "SC02_SH01_LOC_B"]
    assert names(scene="1") == ["SC01_SH01_LOC_A", "SC01_SH02_PROP_C"]
    assert names(scene="1", type="location") == ["SC01_SH01_LOC_A"]


def test_given_an_asset_when_renamed_then_schema_uniqueness_and_revision_hold(studio: Studio, project: Project) -> None:
    made = studio.call("POST", path(project), {"name": NAME})
    studio.call("POST", path(project), {"name": "SC02_SH01_LOC_Street"})
    one = path(project, f"/{made.json['assetId']}")

    renamed = studio.call("PUT", one, {"name": "SC01_SH03_LOC_Laundromat"}, headers={"If-Match": made.headers["etag"]})
    stale = studio.call("PUT", one, {"name": "SC01_SH04_LOC_X"}, headers={"If-Match": made.headers["etag"]})
    taken = studio.call("PUT", one, {"name": "SC02_SH01_LOC_Street"})
    wrong = studio.call("PUT", one, {"name": "street"})

    assert renamed.json["name"] == "SC01_SH03_LOC_Laundromat"
    assert [(a.status, a.code) for a in (stale, taken, wrong)] == [
        (412, "STALE_WRITE"),
        (409, "ASSET_EXISTS"),
        (422, "NAMING_SCHEMA_VIOLATION"),
    ]
    assert studio.call("PUT", path(project, "/asset_none"), {"name": NAME}).status == 404


def test_given_an_asset_and_a_reference_when_deconstructed_then_one_job_is_admitted_and_settles_into_it(
    studio: Studio, project: Project, picture: Picture
) -> None:
    pid = project["projectId"]
    studio.upload(pid, "ref1.jpg", "reference", picture())
    asset = studio.call("POST", path(project), {"name": NAME, "sourcePrompt": "wet floor"}).json
    body = {"assetId": asset["assetId"]}

    answer = studio.call("POST", path(project, "/deconstruct"), body, user="editor")
    again = studio.call("POST", path(project, "/deconstruct"), body, user="editor")

    assert answer.status == 202
    assert answer.headers["location"] == f"/api/jobs/{answer.json['jobId']}"
    assert int(answer.headers["retry-after"]) > 0
    assert again.json["jobId"] == answer.json["jobId"]
    assert [message["jobId"] for message in studio.queued()] == [answer.json["jobId"]]
    job = read_job(pid, answer.json["jobId"])
    assert job["input"]["image"].endswith("/ref1.jpg")
    assert (job["input"]["prompt"], job["input"]["name"], job["amount"]) == ("wet floor", NAME, 228_000)
    files = [{"name": "Location_Laundromat.glb", "type": "geometry", "key": "k"}]
    settlement.succeed(job, {"files": files, "provenance": {"model": "sandbox/relief"}})
    built = studio.call("GET", path(project)).json["items"][0]
    assert (built["status"], built["files"][0]["type"]) == ("complete", "geometry")
    anew = studio.call("POST", path(project, "/deconstruct"), body, user="editor").json
    assert anew["jobId"] != answer.json["jobId"]


def test_given_only_an_image_key_when_deconstructed_then_a_new_asset_is_made_of_it(
    studio: Studio, project: Project, picture: Picture
) -> None:
    upload = studio.upload(project["projectId"], "set.png", "asset", picture(200, 100, "PNG")).json
    body = {"imageKey": upload["key"], "name": NAME, "prompt": "neon"}

    answer = studio.call("POST", path(project, "/deconstruct"), body)

    assert answer.status == 202
    asset = studio.call("GET", path(project)).json["items"][0]
    assert (asset["assetId"], asset["name"], asset["status"]) == (answer.json["assetId"], NAME, "building")


def test_given_another_projects_picture_when_deconstructed_then_it_reads_as_missing(
    studio: Studio, project: Project, picture: Picture
) -> None:
    theirs = studio.project(user="outsider")
    upload = studio.call(
        "POST", f"/api/projects/{theirs['projectId']}/uploads", {"name": "a.png", "kind": "asset"}, user="outsider"
    ).json
    objects.write(upload["fields"]["key"], picture(64, 64, "PNG"))
    before = studio.everything()

    for key in (upload["fields"]["key"], f"projects/{project['projectId']}/uploads/none/a.png", "https://x/a.png"):
        answer = studio.call("POST", path(project, "/deconstruct"), {"imageKey": key, "name": NAME})
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "imageKey")
    assert studio.everything() == before


def test_given_no_room_under_the_cap_when_deconstructed_then_hard_block_and_nothing_stored(
    studio: Studio, picture: Picture
) -> None:
    project = studio.project(budgetCap=0.1)
    upload = studio.upload(project["projectId"], "set.png", "asset", picture(200, 100, "PNG")).json
    before = studio.everything()

    answer = studio.call("POST", path(project, "/deconstruct"), {"imageKey": upload["key"], "name": NAME})

    assert (answer.status, answer.code) == (409, "BUDGET_CAP_EXCEEDED")
    assert studio.everything() == before


@pytest.mark.parametrize("body", [{}, {"imageKey": "k"}, {"assetId": ""}, {"assetId": 7}, {"assetId": "a", "cost": 0}])
def test_given_a_bad_deconstruct_request_when_sent_then_422(
    studio: Studio, project: Project, body: dict[str, Any]
) -> None:
    assert studio.call("POST", path(project, "/deconstruct"), body).code == "VALIDATION_FAILED"
    assert studio.call("POST", path(project, "/deconstruct"), {"assetId": "asset_none"}).status == 404
