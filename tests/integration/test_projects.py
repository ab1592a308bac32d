"""SOP step 0 over HTTP: the creative contract, its lock, its money, its crew and its files."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.integration.studio import SOP_CONCEPT, SOP_CONTRACT, Studio, client
from vibeboard.store import keys, ledger
from vibeboard.store.table import Put, table

Project = dict[str, Any]
Picture = Callable[..., bytes]


def path(project: Project, tail: str = "") -> str:
    return f"/api/projects/{project['projectId']}{tail}"


# ------------------------------------------------------------------ create and read


def test_given_the_sops_body_when_created_then_it_comes_back_in_the_sops_shape(studio: Studio) -> None:
    answer = studio.call("POST", "/api/projects", {"projectId": "...", "creativeContract": SOP_CONTRACT})

    assert answer.status == 201
    project = answer.json
    assert project["projectId"].startswith("prj_")
    assert project["creativeContract"] == SOP_CONTRACT | {"frameRate": 24}
    assert project["gates"]["contract"]["allowed"] is True
    assert project["budget"] == {
        "budgetCap": 20.0, "overrides": 0.0, "available": 20.0, "reserved": 0.0, "committed": 0.0, "billing": "sandbox",
    }  # fmt: skip
    assert answer.headers["location"] == f"/api/projects/{project['projectId']}"
    again = studio.call("GET", path(project))
    assert again.headers["etag"] == answer.headers["etag"] == f'"{project["rev"]}"'
    assert again.json["creativeContract"] == project["creativeContract"]


@pytest.mark.parametrize(
    ("contract", "missing"),
    [
        ({}, ["budgetCap", "referencePack (0 of 3)"]),
        ({"budgetCap": 20.0, "referencePack": ["a.jpg", "b.jpg"]}, ["referencePack (2 of 3)"]),
        ({"referencePack": ["a.jpg", "b.jpg", "c.jpg"]}, ["budgetCap"]),
    ],
)
def test_given_an_incomplete_contract_when_created_then_its_gate_says_what_is_missing(
    studio: Studio, contract: dict[str, Any], missing: list[str]
) -> None:
    project = studio.call("POST", "/api/projects", {"creativeContract": contract}).json

    gate = project["gates"]["contract"]
    assert (gate["allowed"], gate["code"], gate["missing"]) == (False, "CONTRACT_INCOMPLETE", missing)
    assert gate["message"] == "Complete Project Brief before generating"
    locked = studio.call("POST", path(project, "/contract/lock"))
    assert (locked.status, locked.code) == (409, "CONTRACT_INCOMPLETE")


def test_given_no_seed_when_two_projects_are_made_then_each_has_its_own(studio: Studio) -> None:
    one, two = studio.project(), studio.project()
    given = studio.call("POST", "/api/projects", {"seed": 42}).json

    assert one["seed"] != two["seed"]
    assert studio.call("GET", path(one)).json["seed"] == one["seed"]
    assert given["seed"] == 42


def test_given_the_same_idempotency_key_when_created_twice_then_one_project_stands(studio: Studio) -> None:
    body = {"creativeContract": SOP_CONTRACT}
    one = studio.call("POST", "/api/projects", body, headers={"Idempotency-Key": "brief-1"})
    two = studio.call("POST", "/api/projects", body, headers={"Idempotency-Key": "brief-1"})
    other = studio.call("POST", "/api/projects", {"title": "x"}, headers={"Idempotency-Key": "brief-1"})

    assert one.json["projectId"] == two.json["projectId"]
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(studio.call("GET", "/api/projects").json["items"]) == 1


def test_given_two_organizations_when_listing_then_each_sees_its_own(studio: Studio, project: Project) -> None:
    mine = studio.call("GET", "/api/projects", user="viewer").json["items"]
    theirs = studio.call("GET", "/api/projects", user="outsider").json["items"]

    assert [item["projectId"] for item in mine] == [project["projectId"]]
    assert mine[0]["role"] == "viewer"
    assert theirs == []


def test_given_a_crew_when_created_then_they_join_with_their_roles(studio: Studio) -> None:
    crew = [{"userId": "dop", "role": "editor", "name": "Kim"}, {"userId": "client", "role": "viewer"}]
    project = studio.call("POST", "/api/projects", {"crew": crew}, user="outsider").json

    roles = {
        row["userId"]: row["role"]
        for row in studio.call("GET", path(project, "/members"), user="outsider").json["items"]
    }
    assert roles == {"user_outsider": "owner", "dop": "editor", "client": "viewer"}


# ------------------------------------------------------------------ bad input

BAD_CONTRACTS: list[tuple[str, Any]] = [
    ("aspectRatio", "22:9"),
    ("frameRate", 26),
    ("frameRate", "fast"),
    ("targetRuntime", 0),
    ("targetRuntime", 7_201),
    ("targetRuntime", 10.3),
    ("targetFormat", "opera"),
    ("budgetCap", -20.0),
    ("budgetCap", 0),
    ("budgetCap", 20.001),
    ("budgetCap", 1_000_001),
    ("budgetCap", True),
    ("budgetCap", "20"),
    ("referencePack", ["same.jpg"] * 3),
    ("referencePack", [f"{n}.jpg" for n in range(51)]),
    ("referencePack", [""]),
    ("referencePack", "ref1.jpg"),
    ("styleNotes", "x" * 2_001),
    ("directorsCut", True),
]


@pytest.mark.parametrize(("field", "value"), BAD_CONTRACTS)
def test_given_a_bad_contract_field_when_created_then_422_names_it_and_nothing_is_stored(
    studio: Studio, field: str, value: Any
) -> None:
    before = studio.everything()

    answer = studio.call("POST", "/api/projects", {"creativeContract": SOP_CONTRACT | {field: value}})

    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert field in answer.json["errors"][0]["field"]
    assert answer.json["fix"]
    assert answer.json["traceId"].startswith("trace_")
    assert studio.everything() == before


@pytest.mark.parametrize(
    "body",
    [
        '{"title": "cut off',
        "[]",
        '"text"',
        '{"creativeContract": {"budgetCap": NaN}}',
        '{"creativeContract": {"budgetCap": 1e400}}',
        '{"title": "\\ud800"}',
        '{"title": ' + "[" * 900 + "]" * 900 + "}",
        '{"shots": 0}',
        '{"seed": -1}',
        '{"crew": [{"userId": "a b", "role": "editor"}]}',
        '{"crew": [{"userId": "kim", "role": "king"}]}',
        '{"concept": {"concept": ""}}',
        '{"optics": {"lensCharacter": {"fNumber": 0}}}',
        '{"title": "' + "x" * 1_000_000 + '"}',
    ],
)
def test_given_an_unreadable_body_when_created_then_a_problem_and_nothing_stored(studio: Studio, body: str) -> None:
    before = studio.everything()

    answer = studio.call("POST", "/api/projects", raw=body)

    assert answer.status in (400, 422)
    assert answer.code
    assert studio.everything() == before


# ------------------------------------------------------------------ update, lock, money


def test_given_two_editors_when_both_write_on_one_revision_then_the_second_is_told(
    studio: Studio, project: Project
) -> None:
    etag = studio.call("GET", path(project)).headers["etag"]
    first = studio.call("PUT", path(project), {"title": "Suds"}, user="editor", headers={"If-Match": etag})
    second = studio.call("PUT", path(project), {"title": "Spin"}, user="admin", headers={"If-Match": etag})

    assert first.status == 200
    assert first.headers["etag"] != etag
    assert (second.status, second.code) == (412, "STALE_WRITE")
    assert second.json["currentRevision"] == first.json["rev"]
    assert studio.call("GET", path(project)).json["title"] == "Suds"


def test_given_a_partial_update_when_written_then_only_that_changes(studio: Studio, project: Project) -> None:
    answer = studio.call("PUT", path(project), {"creativeContract": {"styleNotes": "soft light"}}, user="editor")

    assert answer.json["creativeContract"] == project["creativeContract"] | {"styleNotes": "soft light"}
    assert answer.json["concept"] == SOP_CONCEPT


def test_given_an_editor_when_setting_the_cap_then_an_admin_is_asked_for(studio: Studio, project: Project) -> None:
    body = {"creativeContract": {"budgetCap": 400.0}}

    refused = studio.call("PUT", path(project), body, user="editor")
    raised = studio.call("PUT", path(project), body, user="admin")

    assert (refused.status, refused.code) == (403, "ROLE_INSUFFICIENT")
    assert raised.json["budget"]["available"] == 400.0
    assert ledger.read(project["projectId"])["cap"] == 400_000_000


def test_given_money_held_when_the_cap_is_lowered_below_it_then_409_with_the_figures(
    studio: Studio, project: Project
) -> None:
    table().transact(ledger.reserve_actions(project["projectId"], "user_owner", 5_000_000))

    refused = studio.call("PUT", path(project), {"creativeContract": {"budgetCap": 4.99}}, user="admin")
    enough = studio.call("PUT", path(project), {"creativeContract": {"budgetCap": 5.0}}, user="admin")

    assert (refused.status, refused.code) == (409, "CAP_BELOW_SPEND")
    assert refused.json["budget"]["reserved"] == 5.0
    assert "5.00" in refused.json["fix"]
    assert enough.json["budget"]["available"] == 0.0


def test_given_a_locked_contract_when_changed_then_only_an_admin_with_a_reason_may(
    studio: Studio, project: Project
) -> None:
    locked = studio.call("POST", path(project, "/contract/lock"), user="admin").json
    change = {"creativeContract": {"targetRuntime": 90}}

    by_editor = studio.call("PUT", path(project), change, user="editor")
    with_reason = studio.call("PUT", path(project), change | {"reason": "please"}, user="editor")
    no_reason = studio.call("PUT", path(project), change, user="admin")
    by_admin = studio.call("PUT", path(project), change | {"reason": "client wants 90 s"}, user="admin")

    assert locked["contractLocked"] is True
    for refused in (by_editor, with_reason, no_reason):
        assert (refused.status, refused.code) == (409, "CONTRACT_LOCKED")
        assert "Admin" in refused.json["fix"]
    assert by_admin.json["creativeContract"]["targetRuntime"] == 90
    assert by_admin.json["contractRevision"] == project["contractRevision"] + 1
    assert by_admin.json["contractLocked"] is True
    entry = studio.call("GET", path(project, "/audit")).json["items"][0]
    assert (entry["act"], entry["actor"]) == ("contract.revise", "user_admin")
    assert entry["facts"]["reason"] == "client wants 90 s"
    assert entry["facts"]["changes"] == {"creativeContract.targetRuntime": {"from": 60, "to": 90}}


def test_given_a_locked_contract_when_an_editor_chooses_optics_then_it_is_not_in_the_way(
    studio: Studio, project: Project
) -> None:
    studio.call("POST", path(project, "/contract/lock"))

    answer = studio.call("PUT", path(project), {"optics": {"camera": "RED V-Raptor"}}, user="editor")

    assert answer.status == 200
    assert answer.json["optics"]["camera"] == "RED V-Raptor"


# ------------------------------------------------------------------ crew


def test_given_an_admin_when_touching_owners_then_only_an_owner_may(studio: Studio, project: Project) -> None:
    crown = studio.call("PUT", path(project, "/members/user_editor"), {"role": "owner"}, user="admin")
    depose = studio.call("PUT", path(project, "/members/user_owner"), {"role": "viewer"}, user="admin")
    remove = studio.call("DELETE", path(project, "/members/user_owner"), user="admin")

    assert {answer.code for answer in (crown, depose, remove)} == {"ROLE_INSUFFICIENT"}
    assert {answer.status for answer in (crown, depose, remove)} == {403}


def test_given_the_last_owner_when_stepping_down_then_refused_until_there_is_another(
    studio: Studio, project: Project
) -> None:
    alone = studio.call("DELETE", path(project, "/members/user_owner"))
    demoted = studio.call("PUT", path(project, "/members/user_owner"), {"role": "admin"})
    crowned = studio.call("PUT", path(project, "/members/user_admin"), {"role": "owner"})
    gone = studio.call("DELETE", path(project, "/members/user_owner"), user="admin")

    assert {alone.code, demoted.code} == {"LAST_OWNER"}
    assert crowned.json["role"] == "owner"
    assert gone.status == 200
    assert studio.call("GET", path(project)).status == 404


def test_given_an_outsider_when_invited_then_they_work_and_when_removed_the_project_is_gone_for_them(
    studio: Studio, project: Project
) -> None:
    assert studio.call("PUT", path(project, "/members/user_outsider"), {"role": "editor"}, user="admin").status == 200
    assert studio.call("GET", path(project), user="outsider").json["role"] == "editor"

    studio.call("DELETE", path(project, "/members/user_outsider"), user="admin")

    assert studio.call("GET", path(project), user="outsider").status == 404
    assert studio.call("DELETE", path(project, "/members/nobody"), user="admin").status == 404
    assert studio.call("PUT", path(project, "/members/a b"), {"role": "viewer"}, user="admin").status == 422


# ------------------------------------------------------------------ uploads


def test_given_three_images_when_completed_then_they_open_the_contract_gate(studio: Studio, picture: Picture) -> None:
    project = studio.call("POST", "/api/projects", {"creativeContract": {"budgetCap": 20.0}}).json
    before = ledger.read(project["projectId"])["contractComplete"]

    for number, file_format in enumerate(("JPEG", "PNG", "WEBP"), 1):
        name = f"ref{number}.{file_format.lower()}"
        answer = studio.upload(project["projectId"], name, "reference", picture(640, 270, file_format))
        assert (answer.status, answer.json["width"], answer.json["height"]) == (200, 640, 270)

    shown = studio.call("GET", path(project)).json
    assert before is False
    assert shown["gates"]["contract"]["allowed"] is True
    assert ledger.read(project["projectId"])["contractComplete"] is True
    assert shown["creativeContract"]["referencePack"] == ["ref1.jpeg", "ref2.png", "ref3.webp"]
    assert [row["name"] for row in shown["references"]] == ["ref1.jpeg", "ref2.png", "ref3.webp"]
    thumb = client("s3").get_object(Bucket="vibeboard-test-media", Key=shown["references"][0]["thumbKey"])
    assert thumb["Body"].read(3) == b"\xff\xd8\xff"


def test_given_a_name_of_the_pack_when_its_image_comes_then_it_counts_once_even_locked(
    studio: Studio, project: Project, picture: Picture
) -> None:
    studio.call("POST", path(project, "/contract/lock"))

    known = studio.upload(project["projectId"], "ref1.jpg", "reference", picture())
    new = studio.upload(project["projectId"], "ref4.jpg", "reference", picture())

    assert known.status == 200
    assert (new.status, new.code) == (409, "CONTRACT_LOCKED")
    shown = studio.call("GET", path(project)).json
    assert shown["creativeContract"]["referencePack"] == SOP_CONTRACT["referencePack"]
    assert [row["name"] for row in shown["references"]] == ["ref1.jpg"]


def test_given_a_completed_upload_when_completed_again_then_the_same_answer_and_one_reference(
    studio: Studio, project: Project, picture: Picture
) -> None:
    first = studio.upload(project["projectId"], "extra.jpg", "reference", picture())
    again = studio.call("POST", path(project, f"/uploads/{first.json['uploadId']}/complete"), user="editor")

    assert again.json["sha256"] == first.json["sha256"]
    pack = studio.call("GET", path(project)).json["creativeContract"]["referencePack"]
    assert pack == ["ref1.jpg", "ref2.jpg", "ref3.jpg", "extra.jpg"]


def test_given_a_small_file_of_many_pixels_when_completed_then_it_is_refused_before_it_is_decoded(
    studio: Studio, project: Project
) -> None:
    bomb = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 50_000

    answer = studio.upload(project["projectId"], "bomb.png", "reference", bomb.getvalue())

    assert (answer.status, answer.code) == (422, "UPLOAD_REFUSED")
    assert "9000 x 9000 pixels" in answer.json["detail"]
    assert studio.objects() == []


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("notes.jpg", "reference", b"this is no image"),
        ("cut.jpg", "reference", None),
        ("empty.png", "frame", b"\x89PNG\r\n\x1a\n"),
        ("vector.png", "frame", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("page.webp", "reference", b"<html>"),
        ("set.glb", "asset", b"not a glb at all"),
        ("shot.mp4", "clip", b"\x00\x00\x00\x20free"),
        ("list.json", "asset", b"{"),
        ("script.fountain", "screenplay", b"\xff\xfe\x00\x01\x80"),
    ],
)
def test_given_a_file_that_is_not_what_it_claims_when_completed_then_422_and_it_is_gone(
    studio: Studio, project: Project, picture: Picture, name: str, kind: str, data: bytes | None
) -> None:
    before = studio.call("GET", path(project)).json

    answer = studio.upload(project["projectId"], name, kind, data if data is not None else picture()[:200])

    assert (answer.status, answer.code) == (422, "UPLOAD_REFUSED")
    assert name in answer.json["detail"]
    assert answer.json["fix"]
    assert studio.objects(keys.media_prefix(project["projectId"])) == []
    assert studio.call("GET", path(project)).json == before


@pytest.mark.parametrize(
    "body",
    [
        {"name": "../../etc/passwd.jpg", "kind": "reference"},
        {"name": "a/b.jpg", "kind": "reference"},
        {"name": "ref.exe", "kind": "reference"},
        {"name": "noext", "kind": "reference"},
        {"name": "script.pdf", "kind": "screenplay"},
        {"name": "ref.jpg", "kind": "virus"},
        {"name": "ref.jpg", "kind": "reference", "bytes": 10**12},
        {"name": "x" * 200 + ".jpg", "kind": "reference"},
    ],
)
def test_given_a_bad_upload_request_when_started_then_422_and_nothing_stored(
    studio: Studio, project: Project, body: dict[str, Any]
) -> None:
    before = studio.everything()

    answer = studio.call("POST", path(project, "/uploads"), body, user="editor")

    assert answer.status == 422
    assert answer.code
    assert studio.everything() == before


def test_given_nothing_was_uploaded_when_completed_then_404(studio: Studio, project: Project) -> None:
    started = studio.call("POST", path(project, "/uploads"), {"name": "a.jpg", "kind": "reference"}).json

    assert started["maxBytes"] == 200 * 1024 * 1024
    assert studio.call("POST", path(project, f"/uploads/{started['uploadId']}/complete")).status == 404
    assert studio.call("POST", path(project, "/uploads/upl_none/complete")).status == 404


# ------------------------------------------------------------------ gates, logs, delete


def test_given_a_fresh_project_when_gates_are_read_then_all_eleven_answer(studio: Studio, project: Project) -> None:
    from vibeboard.domain.gates import GATES

    gates = studio.call("GET", path(project, "/gates"), user="viewer").json["gates"]

    assert set(gates) == set(GATES)
    open_gates = {name for name, gate in gates.items() if gate["allowed"]}
    assert open_gates == {
        "contract",
        "rag",
        "naming",
        "styleLock",
        "producerSoft",
        "producerHard",
        "shotLock",
        "pictureLock",
    }
    assert set(gates["finalQC"]["missing"]) >= {"allShotsLocked", "pictureLockedConfirmed"}


def test_given_many_acts_when_the_audit_is_paged_then_every_row_comes_once_newest_first(
    studio: Studio, project: Project
) -> None:
    for number in range(5):
        studio.call("PUT", path(project), {"title": f"Cut {number}"})

    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = studio.call("GET", path(project, "/audit"), query={"limit": "2", "cursor": cursor}).json
        assert len(page["items"]) <= 2
        seen += [row["auditId"] for row in page["items"]]
        cursor = page["nextCursor"]
        if not cursor:
            break

    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen, reverse=True)
    assert studio.call("GET", path(project, "/audit"), query={"cursor": "META"}).status == 422
    assert studio.call("GET", path(project, "/operations-log")).json == {"items": [], "nextCursor": None}


def test_given_open_jobs_when_deleted_then_refused_unless_forced_and_the_quota_comes_back(
    studio: Studio, project: Project, picture: Picture
) -> None:
    from vibeboard.jobs.admission import JobDraft, admit

    studio.upload(project["projectId"], "ref1.jpg", "reference", picture())
    admit(project["projectId"], "user_owner", [JobDraft("character.train", {"characterId": "char_x"}, {})])
    table().write(Put({**keys.character(project["projectId"], "char_x"), "characterId": "char_x"}))
    held = table().get(keys.quota("user_owner"))

    refused = studio.call("DELETE", path(project))
    forced = studio.call("DELETE", path(project), query={"force": "true"})

    assert held is not None
    assert held["reserved"] == 2_000_000
    assert (refused.status, refused.code) == (409, "JOBS_OPEN")
    assert (forced.json["jobsCancelled"], forced.json["files"]) == (1, 2)
    assert studio.items(project["projectId"]) == []
    assert studio.objects() == []
    quota = table().get(keys.quota("user_owner"))
    assert quota is not None
    assert (quota["reserved"], quota["available"]) == (0, 50_000_000)
    assert studio.call("GET", path(project)).status == 404


# ------------------------------------------------------------------ tasks of the production


def _run(project: Project) -> None:
    item = {**keys.run(project["projectId"], 1), "number": 1, "status": "RUNNING", "options": {"quality": "review"}}
    table().write(Put(item))


def test_given_the_contract_tasks_when_run_twice_then_the_second_changes_nothing(
    studio: Studio, project: Project
) -> None:
    pid = project["projectId"]
    gate = studio.task("projects", "contract_gate", projectId=pid)
    first = studio.task("projects", "lock_contract", projectId=pid, by="user_admin")
    standing = studio.items(pid)
    second = studio.task("projects", "lock_contract", projectId=pid, by="user_owner")

    assert (gate["allowed"], gate["locked"], gate["budgetCap"]) == (True, False, 20.0)
    assert first == second
    assert studio.items(pid) == standing
    assert studio.task("projects", "contract_gate", projectId=pid)["locked"] is True
    studio.task("projects", "reopen_contract", projectId=pid, by="user_admin", reason="more references")
    assert studio.task("projects", "contract_gate", projectId=pid)["locked"] is False


def test_given_an_incomplete_contract_when_the_gate_task_runs_then_it_carries_the_sops_sentence(studio: Studio) -> None:
    project = studio.project(referencePack=["one.jpg", "two.jpg"])

    gate = studio.task("projects", "contract_gate", projectId=project["projectId"])

    assert (gate["allowed"], gate["code"]) == (False, "CONTRACT_INCOMPLETE")
    assert gate["message"] == "Complete Project Brief before generating"
    with pytest.raises(Exception, match="CONTRACT_INCOMPLETE") as refused:
        studio.task("projects", "lock_contract", projectId=project["projectId"], by="user_admin")
    assert type(refused.value).__name__ == "ContractIncomplete"


def test_given_a_run_when_phases_pass_then_each_keeps_start_and_end_and_the_end_is_written_once(
    studio: Studio, project: Project
) -> None:
    pid = project["projectId"]
    _run(project)
    studio.task("projects", "set_phase", projectId=pid, run=1, phase="Development")
    phases = studio.task("projects", "set_phase", projectId=pid, run=1, phase="Shoot")["phases"]
    again = studio.task("projects", "set_phase", projectId=pid, run=1, phase="Shoot")["phases"]
    done = studio.task("projects", "finish_run", projectId=pid, run=1, status="DELIVERED", detail="exp_1")
    late = studio.task("projects", "finish_run", projectId=pid, run=1, status="FAILED", detail="late")

    assert phases["Development"]["startedAt"] <= phases["Development"]["endedAt"]
    assert "endedAt" not in phases["Shoot"]
    assert again == phases
    assert done == late == {"status": "DELIVERED"}
    acts = [row["act"] for row in studio.items(pid, "AUDIT#")]
    assert acts.count("production.delivered") == 1
    assert "production.failed" not in acts


def test_given_an_override_task_when_run_twice_with_one_key_then_the_cap_rises_once(
    studio: Studio, project: Project
) -> None:
    event = {"amountMicros": 3_000_000, "by": "user_admin", "reason": "one more scene", "key": "round-1"}

    for _ in range(2):
        answer = studio.task("projects", "grant_override", projectId=project["projectId"], **event)

    assert answer == {"available": 23.0, "overrides": 3.0}
