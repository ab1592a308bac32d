"""SOP step 8.5 over HTTP: the exceptions log and its life, reviews with notes and drawings, and their export."""

import csv
import io
from typing import Any

import pytest

from tests.integration.shoot import Shoot, clip_result
from tests.integration.studio import Studio
from vibeboard.store import chains

Project = dict[str, Any]

FLICKER = {"name": "flicker", "frame": 31, "value": 0.02, "severity": "high"}
BLUR = {"name": "blur", "frame": 60, "value": 0.1, "severity": "medium"}
BOX = {"kind": "box", "points": [[0.4, 0.4], [0.6, 0.6]]}


@pytest.fixture
def shoot(studio: Studio, project: Project) -> Shoot:
    """Two shots; the first flickers and is soft."""
    shoot = Shoot(studio, project).frames().footage()
    return _again(shoot, 0, 0.6, [FLICKER, BLUR])


def _again(shoot: Shoot, index: int, score: float, issues: list[dict[str, Any]]) -> Shoot:
    job = shoot.studio.call("POST", shoot.path(index, "/generate"), {}, user="editor").json["jobId"]
    shoot.settle(job, clip_result(score=score, issues=issues))
    return shoot


def _log(shoot: Shoot, state: str = "") -> dict[str, dict[str, Any]]:
    query = {"state": state} if state else {}
    rows = shoot.studio.call("GET", f"{shoot.base}/exceptions", user="viewer", query=query).json
    return {row["issue"]: row for row in rows["exceptions"]}


def test_given_a_flagged_take_when_a_new_one_is_measured_then_what_it_no_longer_has_is_fixed_by_it(
    studio: Studio, shoot: Shoot
) -> None:
    report = studio.call("GET", f"{shoot.base}/continuity-report").json
    assert [(row["shotId"], row["issue"], row["severity"]) for row in report["exceptionsLog"]] == [
        ("SC01_SH01", "flicker", "high"),
        ("SC01_SH01", "blur", "medium"),
    ]
    assert report["exceptionsLog"][0]["frame"] == 31
    _again(shoot, 0, 0.75, [BLUR])
    log = _log(shoot)
    assert {name: row["state"] for name, row in log.items()} == {"flicker": "fixed", "blur": "open"}
    assert (log["flicker"]["fixedByNumber"], log["blur"]["take"], log["blur"]["firstTake"]) == (3, 3, 2)
    take = chains.takes_of(shoot.project_id, shoot.segments[0], "clip")[-1]
    assert log["flicker"]["fixedByTake"] == take["takeId"]
    assert take["report"]["score"] == 0.75, "the report is stored with the take it measured"
    report = studio.call("GET", f"{shoot.base}/continuity-report").json
    assert [row["issue"] for row in report["exceptionsLog"]] == ["blur"]
    _again(shoot, 0, 0.6, [FLICKER])
    assert {name: row["state"] for name, row in _log(shoot).items()} == {"flicker": "open", "blur": "fixed"}
    assert "fixedByTake" not in _log(shoot)["flicker"]


def test_given_an_exception_when_accepted_then_it_needs_a_reason_and_a_reviewer_and_stays_till_a_take_fixes_it(
    studio: Studio, shoot: Shoot
) -> None:
    path = shoot.path(0, "/exceptions/blur")
    assert studio.call("PUT", path, {"state": "accepted"}).status == 422
    assert studio.call("PUT", path, {"state": "accepted", "reason": "dream"}, user="viewer").status == 403
    assert studio.call("PUT", path, {"state": "fixed", "reason": "x"}).status == 422
    answer = studio.call("PUT", path, {"state": "accepted", "reason": "a dream"})
    assert (answer.status, answer.json["state"], answer.json["decidedBy"]) == (200, "accepted", "user_owner")
    assert set(_log(shoot, "accepted")) == {"blur"}
    assert studio.call("PUT", path, {"state": "open"}).json["state"] == "open"
    assert studio.call("PUT", shoot.path(1, "/exceptions/blur"), {"state": "open"}).status == 404
    _again(shoot, 0, 0.95, [])
    refused = studio.call("PUT", path, {"state": "accepted", "reason": "late"})
    assert (refused.status, refused.code) == (409, "EXCEPTION_CHANGED")


def test_given_a_lock_while_a_take_is_made_when_it_is_measured_then_the_log_keeps_speaking_of_the_locked_take(
    studio: Studio, shoot: Shoot
) -> None:
    _again(shoot, 0, 0.95, [])
    job = studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["jobId"]
    shoot.approved().locked()
    before = _log(shoot)
    shoot.settle(job, clip_result(score=0.2, issues=[FLICKER]))
    assert _log(shoot) == before
    assert len(chains.takes_of(shoot.project_id, shoot.segments[0], "clip")) == 4, "the take itself is kept"


def test_given_notes_with_drawings_when_reviewed_then_they_stay_with_the_take(studio: Studio, shoot: Shoot) -> None:
    notes = [
        {
            "frame": 12,
            "text": "Her hand melts",
            "drawings": [BOX, {"kind": "path", "points": [[0, 0], [1, 1], [0, 1]]}],
        },
        {"frame": 20, "endFrame": 44, "text": "Too fast"},
    ]
    body = {"review": "revise", "reason": "hands", "notes": notes}
    assert studio.call("PUT", shoot.path(0, "/review"), body).status == 200
    _again(shoot, 0, 0.95, [])
    takes = studio.call("GET", shoot.path(0, "/takes")).json["takes"]
    watched, newest = [take for take in takes if take["kind"] == "clip"][-2:]
    assert watched["review"] == "revise"
    assert watched["reviewNotes"][0]["drawings"][0]["points"] == BOX["points"]
    assert watched["reviewNotes"][1]["endFrame"] == 44
    assert "review" not in newest


@pytest.mark.parametrize(
    ("note", "field"),
    [
        ({"frame": 120, "text": "after the end"}, "notes.0.frame"),
        ({"frame": 5, "endFrame": 400, "text": "past the end"}, "notes.0.endFrame"),
        ({"frame": 9, "endFrame": 3, "text": "backwards"}, "notes.0.endFrame"),
        ({"frame": 0, "text": "x", "drawings": [{"kind": "box", "points": [[0, 0], [2, 1]]}]}, "notes.0.drawings.0"),
        ({"frame": 0, "text": "x", "drawings": [{"kind": "line", "points": [[0, 0], [1, 1], [1, 0]]}]}, "notes.0.draw"),
    ],
)
def test_given_a_note_that_fits_no_take_when_sent_then_it_is_refused_and_nothing_is_kept(
    studio: Studio, shoot: Shoot, note: dict[str, Any], field: str
) -> None:
    answer = studio.call("PUT", shoot.path(0, "/review"), {"review": "approved", "notes": [note]})
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"].startswith(field), answer.text
    assert studio.call("GET", shoot.path(0)).json["review"] == "pending"


def test_given_reviews_when_notes_are_exported_then_edl_and_csv_name_the_same_timecodes(
    studio: Studio, shoot: Shoot
) -> None:
    studio.call("PUT", shoot.path(0, "/review"), {"review": "revise", "reason": "Hands", "notes": [
        {"frame": 12, "text": "Her hand\nmelts"}]})  # fmt: skip
    studio.call("PUT", shoot.path(1, "/review"), {"review": "approved", "notes": [
        {"frame": 24, "endFrame": 47, "text": "=good"}]})  # fmt: skip
    answer = studio.call("GET", f"{shoot.base}/notes/edl", user="viewer")
    assert answer.status == 200
    lines = answer.text.splitlines()
    assert lines[:2] == ["TITLE: Scene 1 - Laundromat dailies", "FCM: NON-DROP FRAME"]
    assert "001  SC01_SH0 V     C        00:00:00:00 00:00:05:00 01:00:00:00 01:00:05:00" in lines
    assert "* LOC: 01:00:00:12 RED     Her hand melts" in lines
    assert "* LOC: 01:00:01:07 YELLOW  flicker high, measured 0.02" in lines
    assert "* LOC: 01:00:06:00 GREEN   =good [24 frames]" in lines
    table = studio.call("GET", f"{shoot.base}/notes/csv", user="viewer").text
    rows = {row["text"]: row for row in csv.DictReader(io.StringIO(table))}
    assert rows["'=good"]["timecode"] == "01:00:06:00", "no spreadsheet runs a note"
    assert (rows["'=good"]["endTimecode"], rows["'=good"]["shot"]) == ("01:00:06:23", "SC01_SH02")
    assert rows["high, measured 0.02"]["issue"] == "flicker"


def test_given_no_footage_when_notes_are_exported_then_a_problem_says_so(studio: Studio, project: Project) -> None:
    shoot = Shoot(studio, project)
    answer = studio.call("GET", f"{shoot.base}/notes/edl")
    assert (answer.status, answer.code) == (409, "FOOTAGE_MISSING")


def test_given_scores_when_all_above_one_are_approved_then_the_rest_is_named_and_vfx_takes_only_the_approved(
    studio: Studio, shoot: Shoot
) -> None:
    done = studio.call("POST", f"{shoot.base}/reviews", {"aboveScore": 0.8}).json
    assert (done["reviewed"], done["left"][0]["why"]) == ([shoot.segments[1]], "below the score")
    shot = {"projectId": shoot.project_id, "sceneChainId": shoot.chain}
    refused = studio.call("POST", "/api/vfx/motion-fix", shot | {"segmentId": shoot.segments[0]}, user="editor")
    assert (refused.status, refused.code) == (409, "DAILIES_NOT_APPROVED")
    assert studio.call("POST", "/api/vfx/motion-fix", shot | {"segmentId": shoot.segments[1]}).status == 202
