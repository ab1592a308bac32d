"""Publishing a finished film through the API: who may, what is refused, and the job from order to video."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from media import handler
from media.operations import publish
from tests.fakes.server import Response
from tests.fakes.youtube import FakeYouTube, error
from tests.integration.shoot import Shoot
from tests.integration.studio import Studio
from vibeboard.jobs import inbox, submission
from vibeboard.jobs.engines import Unfinished
from vibeboard.providers.youtube import UNIT
from vibeboard.store import keys, objects

FILM = random.Random(7).randbytes(3 * UNIT + 12_345)


@pytest.fixture
def youtube(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYouTube]:
    monkeypatch.setattr(publish, "CHUNK_BYTES", UNIT)  # the smallest piece YouTube takes: four to the film
    with FakeYouTube() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


def exported(studio: Studio, project: dict[str, Any]) -> tuple[str, str]:
    """(project, export) of a film whose master lies in the bucket."""
    shoot = Shoot(studio, project, shots=1).frames().footage().approved().locked().picture_locked()
    order = studio.call("POST", f"/api/projects/{shoot.project_id}/export/master", {"resolution": "720p"}).json
    key = keys.export_object(shoot.project_id, order["exportId"], "Master.mov")
    objects.write(key, FILM)
    shoot.settle(order["jobId"], {"files": {"Master.mov": key}, "master": {"frames": 240}})
    return shoot.project_id, order["exportId"]


def work_off(studio: Studio, project_id: str, job_id: str) -> None:
    submission.submit(project_id, job_id)
    for message in studio.queued("MEDIA_QUEUE_URL"):
        inbox.to_make(message, handler.make)
    for message in studio.queued("SETTLE_QUEUE_URL"):
        inbox.to_settle(message)


BAD = [{"privacyStatus": "secret"}, {"title": "<b>"}, {"title": ""}, {"tags": ["x" * 99] * 6}, {"extra": 1}]


def test_given_a_finished_film_when_published_then_it_is_private_synthetic_and_whole(
    studio: Studio, project: dict[str, Any], youtube: FakeYouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_id, export_id = exported(studio, project)
    path = f"/api/exports/{export_id}/publish"
    assert [studio.call("POST", path, body).code for body in BAD] == ["VALIDATION_FAILED"] * len(BAD)
    assert studio.call("POST", path, {}, user="admin").status == 403
    with monkeypatch.context() as gone:
        gone.delenv("YOUTUBE_CLIENT_ID")
        assert studio.call("POST", path, {}).code == "SETTING_MISSING"
    assert youtube.log == []

    youtube.refuse_start = Response(403, error(403, "quotaExceeded", "No."))
    refused = studio.call("POST", path, {"title": "Neon", "tags": ["noir"]}).json["jobId"]
    work_off(studio, project_id, refused)
    poll = studio.call("GET", f"/api/exports/jobs/{refused}").json
    assert (poll["status"], poll["error"]["code"]) == ("failed", "YOUTUBE_QUOTA")
    assert studio.call("GET", f"/api/exports/{export_id}").json["publishing"]["status"] == "failed"

    youtube.refuse_start = None
    job_id = studio.call("POST", path, {"title": "Neon", "tags": ["noir"]}).json["jobId"]
    assert job_id != refused
    work_off(studio, project_id, job_id)
    poll = studio.call("GET", f"/api/exports/jobs/{job_id}", user="viewer").json
    assert (poll["status"], poll["videoId"], poll["privacyStatus"]) == ("completed", "vid0", "private")
    (video,) = youtube.videos
    assert video["body"] == FILM
    assert video["mime"] == "video/quicktime"
    assert video["video"]["snippet"] == {"title": "Neon", "description": "", "tags": ["noir"], "categoryId": "1"}
    assert video["video"]["status"]["containsSyntheticMedia"] is True
    view = studio.call("GET", f"/api/exports/{export_id}", user="viewer").json
    assert view["publishing"]["url"] == "https://youtu.be/vid0"


def test_given_an_unfinished_upload_then_its_job_goes_back_to_the_queue(
    studio: Studio, project: dict[str, Any], youtube: FakeYouTube
) -> None:
    project_id, export_id = exported(studio, project)
    job_id = studio.call("POST", f"/api/exports/{export_id}/publish", {}).json["jobId"]
    submission.submit(project_id, job_id)
    message = {"projectId": project_id, "jobId": job_id}
    assert message in studio.queued("MEDIA_QUEUE_URL")

    def out_of_time(_job: Any) -> dict[str, Any]:
        raise Unfinished

    inbox.to_make(message, out_of_time)
    assert studio.queued("MEDIA_QUEUE_URL") == [message]
    assert studio.queued("SETTLE_QUEUE_URL") == []
