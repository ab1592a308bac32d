"""The list of jobs: asked for every few seconds, so small, and silent when nothing changed; with progress and ETA."""

import json

import pytest

from tests.benchmarks.aws_calls import counted
from tests.integration.shoot import FRAME, Shoot
from tests.integration.studio import Studio
from vibeboard.jobs import submission
from vibeboard.store import keys
from vibeboard.store.table import Table, Update, table


@pytest.fixture
def shoot(studio: Studio) -> Shoot:
    """Two shots; the first has its first frame, the second's is under way."""
    shoot = Shoot(studio, studio.project())
    for which in ("first", "last"):
        answer = studio.call("POST", shoot.path(0, "/generate-frame"), {"which": which}, user="editor")
        shoot.settle(answer.json["jobId"], FRAME)
    job = studio.call("POST", shoot.path(1, "/generate-frame"), {}, user="editor").json
    submission.submit(shoot.project_id, job["jobId"])
    return shoot


def test_given_jobs_when_listed_then_no_input_leaves_the_table_and_an_unchanged_page_is_not_sent(
    shoot: Shoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    query = Table.query

    def watched(self: Table, *arguments: object, **named: object) -> object:
        rows = query(self, *arguments, **named)  # type: ignore[arg-type]
        read.append(json.dumps(rows))
        return rows

    monkeypatch.setattr(Table, "query", watched)
    path = f"/api/projects/{shoot.project_id}/jobs"
    with counted() as calls:
        first = shoot.studio.call("GET", path, user="viewer")
    assert calls.total() == 2
    assert "Femme fatale" not in read[0]  # the prompt
    assert first.json["counts"] == {"complete": 2, "running": 1}
    assert {item["status"] for item in first.json["items"]} == {"complete", "running"}
    again = shoot.studio.call("GET", path, user="viewer", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    one = next(item for item in first.json["items"] if item["status"] == "running")
    shoot.settle(one["jobId"], FRAME)
    changed = shoot.studio.call("GET", path, user="viewer", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status, changed.json["counts"]) == (200, {"complete": 3})


def test_given_a_job_whose_vendor_reports_progress_then_it_and_the_list_say_when_they_will_be_done(
    shoot: Shoot,
) -> None:
    listed = shoot.studio.call("GET", f"/api/projects/{shoot.project_id}/jobs").json
    one = next(item for item in listed["items"] if item["status"] == "running")
    assert one["eta"] is None
    seen = {
        "progress": 25,
        "submittedAt": "2026-01-01T10:00:00.000Z",
        "polledAt": "2026-01-01T10:00:30.000Z",
    }
    table().write(Update(keys.job(shoot.project_id, one["jobId"]), set=seen))
    job = shoot.studio.call("GET", f"/api/jobs/{one['jobId']}").json
    assert (job["eta"], job["attempts"]) == ("2026-01-01T10:02:00.000Z", 1)
    listed = shoot.studio.call("GET", f"/api/projects/{shoot.project_id}/jobs").json
    assert listed["progress"] == 75
    assert listed["eta"] is not None
