"""SOP step 3 over HTTP: the naming gate, one's own assets with provenance, deconstruction as a job."""

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.line import Line
from tests.integration.studio import Studio
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.media import glb
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
    told = objects.read_json(asset["sidecarKey"])
    assert told == {
        "assetId": asset["assetId"],
        "name": name,
        "type": kind,
        "files": [],
        "provenance": provenance,
    }
    assert studio.call("GET", path(project, f"/{asset['assetId']}/provenance"), user="viewer").json == told
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
    ids = [job["jobId"] for job in answer.json["jobs"]]
    assert [job["operation"] for job in answer.json["jobs"]] == ["asset.deconstruct", "asset.materials"]
    assert [message["jobId"] for message in studio.queued()] == ids
    job, maps = (read_job(pid, job_id) for job_id in ids)
    assert job["input"]["assets"]["image"].endswith("/ref1.jpg")
    assert {name: job["input"]["params"][name] for name in ("prompt", "name")} == {"prompt": "wet floor", "name": NAME}
    assert (job["amount"], maps["amount"]) == (228_000, 45_600)
    files = [{"name": "Location_Laundromat.glb", "type": "geometry", "key": "k", "sha256": "ab" * 32}]
    settlement.succeed(job, {"files": files, "provenance": {"model": "sandbox/relief", "sha256": "ab" * 32}})
    half = studio.call("GET", path(project)).json["items"][0]
    assert (half["status"], half["materialsStatus"]) == ("complete", "building")
    sheet = [{"name": "materials.json", "type": "pbr", "key": "k2", "sha256": "cd" * 32}]
    settlement.succeed(maps, {"files": sheet, "provenance": {"model": "sandbox/relief"}})
    built = studio.call("GET", path(project)).json["items"][0]
    assert (built["status"], built["materialsStatus"]) == ("complete", "complete")
    assert [row["type"] for row in built["files"]] == ["geometry", "pbr"]
    assert built["provenance"]["materials"]["model"] == "sandbox/relief"
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


# ------------------------------------------------------------------ renames, provenance, built media


def test_given_several_assets_when_renamed_at_once_then_all_or_none(studio: Studio, project: Project) -> None:
    made = [studio.call("POST", path(project), {"name": f"SC01_SH0{n}_PROP_Coin"}).json["assetId"] for n in (1, 2, 3)]
    swap = {
        "renames": [
            {"assetId": made[0], "name": "SC01_SH02_PROP_Coin"},
            {"assetId": made[1], "name": "SC01_SH01_PROP_Coin"},
        ]
    }

    answer = studio.call("POST", path(project, "/rename"), swap, user="editor")

    assert [row["name"] for row in answer.json["items"]] == ["SC01_SH02_PROP_Coin", "SC01_SH01_PROP_Coin"]
    assert objects.read_json(answer.json["items"][0]["sidecarKey"])["name"] == "SC01_SH02_PROP_Coin"
    before = studio.everything()
    bad = {
        "taken": ([{"assetId": made[0], "name": "SC01_SH03_PROP_Coin"}], 409, "ASSET_EXISTS"),
        "off the schema": (
            [{"assetId": made[2], "name": "SC09_SH01_PROP_Coin"}, {"assetId": made[0], "name": "coin"}],
            422,
            "NAMING_SCHEMA_VIOLATION",
        ),
        "twice": ([{"assetId": made[0], "name": f"SC04_SH0{n}_PROP_Coin"} for n in (1, 2)], 422, "VALIDATION_FAILED"),
        "nobody": ([{"assetId": "asset_none", "name": "SC04_SH01_PROP_Coin"}], 404, "NOT_FOUND"),
        "none": ([], 422, "VALIDATION_FAILED"),
        "too many": ([{"assetId": f"a{n}", "name": "SC01_SH01_PROP_X"} for n in range(91)], 422, "VALIDATION_FAILED"),
    }
    for name, (renames, status, code) in bad.items():
        refused = studio.call("POST", path(project, "/rename"), {"renames": renames})
        assert (refused.status, refused.code) == (status, code), name
    assert studio.call("POST", path(project, "/rename"), swap, user="viewer").status == 403
    assert studio.everything() == before


def test_given_assets_with_parents_when_asked_by_provenance_then_each_question_finds_its_own(
    studio: Studio, project: Project, picture: Picture
) -> None:
    upload = studio.upload(project["projectId"], "set.png", "asset", picture(200, 100, "PNG")).json
    plate = studio.call("POST", path(project), {"name": NAME, "uploadId": upload["uploadId"]}, user="editor").json
    body = {"name": "SC01_SH03_FRM_Keyframe", "model": "fal-ai/flux/dev", "licence": "CC-BY-4.0"}
    child = studio.call("POST", path(project), body | {"parents": [plate["assetId"]]}, user="owner").json

    def found(**query: str) -> list[str]:
        rows = studio.call("GET", path(project), user="viewer", query=query).json["items"]
        return [row["assetId"] for row in rows]

    assert child["provenance"]["parents"] == [{"assetId": plate["assetId"], "sha256": upload["sha256"]}]
    assert found(sha256=upload["sha256"]) == [plate["assetId"]]
    assert found(parent=plate["assetId"]) == found(parent=upload["sha256"]) == [child["assetId"]]
    assert found(model="fal-ai/flux/dev") == found(licence="CC-BY-4.0") == [child["assetId"]]
    assert found(createdBy="user_editor") == [plate["assetId"]]
    assert found(createdBy="user_editor", model="fal-ai/flux/dev") == []
    orphan = studio.call("POST", path(project), body | {"name": "SC01_SH04_FRM_K", "parents": ["asset_none"]})
    assert orphan.status == 404
    assert studio.call("GET", path(project, "/asset_none/provenance")).status == 404


def test_given_a_picture_when_built_by_our_own_engine_then_media_hashes_and_sidecars_lie_in_the_bucket(
    studio: Studio, project: Project, picture: Picture
) -> None:
    upload = studio.upload(project["projectId"], "set.png", "asset", picture(96, 64, "PNG")).json
    body = {"imageKey": upload["key"], "name": NAME, "prompt": "neon", "labels": ["washing machine"]}
    answer = studio.call("POST", path(project, "/deconstruct"), body)
    Line(studio).until_quiet()

    asset = studio.call("GET", path(project, f"/{answer.json['assetId']}")).json

    assert (asset["status"], asset["materialsStatus"]) == ("complete", "complete")
    kinds = [row["type"] for row in asset["files"]]
    assert kinds == ["image", "geometry", "pointcloud", "texture", "texture", "texture", "texture", "pbr"]
    for row in asset["files"]:
        assert hashlib.sha256(objects.read(row["key"])).hexdigest() == row["sha256"], row["name"]
    scene = next(row for row in asset["files"] if row["type"] == "geometry")
    assert glb.faults(objects.read(scene["key"])) == []
    record = asset["provenance"]["geometry"]
    assert (record["sourcePrompt"], record["model"], record["requestedModel"], record["cost"]) == (
        "neon",
        "sandbox/relief",
        "runpod/3d-re-gen",
        0.228,
    )
    assert record["parents"] == [{"key": upload["key"], "sha256": upload["sha256"]}]
    beside = objects.read_json(record["sidecarKey"])
    assert beside["provenance"]["sha256"] == scene["sha256"] == record["sha256"]


def _glb(**changes: Any) -> bytes:
    document = json.dumps({"asset": {"version": "2.0"}} | changes).encode()
    document += b" " * (-len(document) % 4)
    chunk = struct.pack("<II", len(document), 0x4E4F534A) + document
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunk)) + chunk


def _zip(*names: str, body: bytes = b"x", packing: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name in names:
            archive.writestr(name, body)
    return out.getvalue()


BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000) + b"\x08\x02\0\0\0" + b"\0" * 64
HOSTILE = {
    "a GLB that is none": ("a.glb", b"glTF and nothing else behind it"),
    "a GLB that points outside": ("a.glb", _glb(buffers=[{"byteLength": 4, "uri": "file:///etc/passwd"}])),
    "a GLB whose scene is not there": ("a.glb", _glb(scene=7)),
    "a GLB of the wrong types": ("a.glb", _glb(meshes={"primitives": 1}, nodes=[[]])),
    "a ZIP that leads out": ("a.zip", _zip("../../etc/cron.d/x")),
    "a ZIP with an absolute path": ("a.zip", _zip("/etc/passwd")),
    "a ZIP with a drive": ("a.zip", _zip("C:/windows/x")),
    "a ZIP with backslashes": ("a.zip", _zip("..\\..\\x")),
    "a ZIP that unpacks to far more": ("a.zip", _zip("a", body=bytes(64 << 20), packing=zipfile.ZIP_DEFLATED)),
    "a ZIP that is none": ("a.zip", b"PK\x03\x04 and nothing"),
    "a picture that is a bomb": ("a.png", BOMB),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_given_a_hostile_file_when_uploaded_as_an_asset_then_it_is_refused_and_no_asset_stands(
    studio: Studio, project: Project, name: str
) -> None:
    file, body = HOSTILE[name]

    answer = studio.upload(project["projectId"], file, "asset", body)

    assert (answer.status, answer.code) == (422, "UPLOAD_REFUSED"), answer.text
    assert answer.json["fix"]
    assert studio.items(project["projectId"], "ASSET#") == []
    assert not [key for key in studio.objects(f"projects/{project['projectId']}/") if key.endswith(file)]


@pytest.mark.parametrize("raw", ['{"name": 7}', '{"name": []}', "[]", "null", "{", '{"name": "x"' + " " * 9_000_000])
def test_given_a_body_of_the_wrong_kind_when_an_asset_is_made_then_a_problem_and_nothing_stored(
    studio: Studio, project: Project, raw: str
) -> None:
    before = studio.everything()
    answer = studio.call("POST", path(project), raw=raw)
    assert (answer.status // 100, bool(answer.code)) == (4, True)
    assert studio.everything() == before
