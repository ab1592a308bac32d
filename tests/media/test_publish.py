"""An upload to YouTube over real HTTP: whatever breaks on the way, one whole video or a clear reason, never two."""

import logging
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from media.operations import publish
from media.work import Work
from tests.fakes.server import Response
from tests.fakes.youtube import FakeYouTube, error
from tests.media.release import bench
from vibeboard.jobs.engines import Unfinished
from vibeboard.providers.youtube import UNIT, PublishFailed
from vibeboard.store import keys, objects
from vibeboard.store.table import table

FILM = random.Random(7).randbytes(3 * UNIT + 12_345)
VIDEO = {"title": "Neon", "description": "", "tags": ["noir"], "privacy": "private", "madeForKids": False}
Upload = Callable[..., dict[str, Any]]


@pytest.fixture
def youtube(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYouTube]:
    monkeypatch.setattr(publish, "CHUNK_BYTES", UNIT)  # the smallest piece YouTube takes: four to the film
    with FakeYouTube() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture(scope="module")
def master() -> Iterator[str]:
    """A bucket with the film in it, and a table."""
    with bench():
        objects.write("projects/p/Master.mov", FILM)
        yield "projects/p/Master.mov"


@pytest.fixture
def upload(master: str, youtube: FakeYouTube, tmp_path: Path) -> Upload:
    """Runs the upload of a job; the same name is the same job."""
    fresh = uuid.uuid4().hex

    def run(name: str = fresh, **pace: Any) -> dict[str, Any]:
        order = {"key": master, "size": len(FILM), "video": VIDEO}
        work = Work({"projectId": "p", "jobId": name, "input": order}, tmp_path)
        work._told = float("inf")
        return publish.youtube(work, sleep=lambda _: None, **pace)

    return run


def trouble(fake: FakeYouTube, rng: random.Random) -> None:
    """What networks and services do, in any order, at any piece."""
    for _ in range(rng.randrange(2, 7)):
        when = rng.choice(["before", "after"])
        fake.spoil(when, rng.choice([None, Response(503), Response(500, b"oops"), Response(0, cut="reset")]))


@pytest.mark.parametrize("seed", range(8))
def test_given_breaks_at_random_when_uploaded_then_one_whole_video(
    youtube: FakeYouTube, upload: Upload, seed: int
) -> None:
    trouble(youtube, random.Random(seed))
    result = upload()
    assert [video["body"] == FILM for video in youtube.videos] == [True]
    assert result["videoId"] == "vid0"


def test_given_a_308_without_range_then_it_starts_at_zero_again(youtube: FakeYouTube, upload: Upload) -> None:
    youtube.silent = True
    upload()
    starts = [r.headers["content-range"].split("-")[0] for r in youtube.log if r.method == "PUT" and r.body]
    assert starts[:2] == ["bytes 0", "bytes 0"]
    assert youtube.videos[0]["body"] == FILM


def test_given_a_new_address_on_the_way_then_the_rest_goes_there(youtube: FakeYouTube, upload: Upload) -> None:
    youtube.move_next = True
    upload()
    assert len({r.query["upload_id"] for r in youtube.log if r.method == "PUT"}) == 2
    assert youtube.videos[0]["body"] == FILM


def test_given_a_forgotten_upload_then_it_begins_anew_and_gives_up_in_the_end(
    youtube: FakeYouTube, upload: Upload
) -> None:
    youtube.spoil("before", Response(404, error(404, "notFound", "gone")))
    upload()
    assert youtube.count("POST", "/upload") == 2
    for _ in range(3):
        youtube.spoil("before", Response(404, error(404, "notFound", "gone")))
    with pytest.raises(PublishFailed) as failed:
        upload("another")
    assert failed.value.code == "YOUTUBE_UNREACHABLE"


def test_given_the_last_answer_lost_and_the_upload_forgotten_then_no_second_video_is_risked(
    youtube: FakeYouTube, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = youtube.answer

    def lose_the_last(request: Any) -> Response:
        found = answer(request)
        if not youtube.videos or not youtube.uploads:
            return found
        youtube.uploads.clear()
        return Response(0, cut="close")

    monkeypatch.setattr(youtube, "answer", lose_the_last)
    with pytest.raises(PublishFailed) as failed:
        upload()
    assert failed.value.code == "PUBLISH_OUTCOME_UNKNOWN"
    assert (len(youtube.videos), youtube.count("POST", "/upload")) == (1, 1)


def test_given_a_token_that_runs_out_then_it_is_renewed_once(youtube: FakeYouTube, upload: Upload) -> None:
    youtube.spoil("before", Response(401, error(401, "authError", "expired")))
    upload()
    assert youtube.tokens == 2


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (400, "uploadLimitExceeded", "YOUTUBE_UPLOAD_LIMIT"),
        (400, "invalidTitle", "YOUTUBE_METADATA"),
        (403, "forbidden", "YOUTUBE_FORBIDDEN"),
        (418, "teapot", "PUBLISH_REFUSED"),
    ],
)
def test_given_a_refusal_then_its_reason_is_told(
    youtube: FakeYouTube, upload: Upload, status: int, reason: str, code: str
) -> None:
    youtube.refuse_start = Response(status, error(status, reason, "No."))
    with pytest.raises(PublishFailed) as failed:
        upload()
    assert failed.value.code == code
    assert reason in failed.value.detail


def test_given_the_functions_time_is_up_then_the_next_one_goes_on_where_it_was(
    youtube: FakeYouTube, upload: Upload
) -> None:
    ticks = iter([0.0, 1.0, 2.0, 10_000.0])
    with pytest.raises(Unfinished):
        upload(clock=lambda: next(ticks))
    assert len(next(iter(youtube.uploads.values()))["body"]) == UNIT
    upload()
    assert youtube.videos[0]["body"] == FILM
    assert sum(len(r.body) for r in youtube.log if r.method == "PUT") == len(FILM)


def test_the_address_of_an_upload_is_in_no_log_or_error_and_goes_with_the_upload(
    youtube: FakeYouTube, upload: Upload, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)  # what a function logs
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    ticks = iter([0.0, 1.0, 2.0, 10_000.0])
    with pytest.raises(Unfinished):
        upload("job_x", clock=lambda: next(ticks))
    (address,) = youtube.uploads
    assert address in str(table().get(keys.secret("p", "job_x")))
    for _ in range(9):
        youtube.spoil("before", Response(0, cut="reset"))
    with pytest.raises(PublishFailed) as failed:
        upload("job_x")
    assert address not in f"{failed.value.detail} {failed.value.extra} {failed.value.__context__!r}"
    youtube.spoiled.clear()
    upload("job_x")
    assert table().get(keys.secret("p", "job_x")) is None
    assert "PUT" in " ".join(r.method for r in youtube.log)
    assert address not in caplog.text


def test_given_an_address_that_leads_away_from_youtube_then_not_a_byte_goes_there(
    youtube: FakeYouTube, upload: Upload
) -> None:
    for away in ("http://169.254.169.254/upload", "https://googleapis.com.evil.test/x", "https://a@b.googleapis.com/x"):
        youtube.refuse_start = Response(200, b"", {"Location": away})
        with pytest.raises(PublishFailed):
            upload(away[-6:])
    assert youtube.count("PUT", "/") == 0
