"""Footage by RunPod over real HTTP: unsigned reports are confirmed, a lost answer is assumed billed, never free."""

import io
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.fakes.runpod import FakeRunPod, Running
from tests.fakes.server import Response
from tests.integration.line import SETTINGS, Line, job_of, money
from tests.integration.shoot import FRAME, Shoot
from tests.integration.studio import Studio
from tests.integration.test_fal import after
from vibeboard.jobs import reconcile
from vibeboard.store import keys, objects
from vibeboard.store.table import Update, table

CLIP_HOLD = 250_000  # five seconds of draft footage
MILLISECONDS = 61_001
GPU_BILL = 62 * 760  # started seconds of an A100


@pytest.fixture
def runpod(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunPod]:
    with FakeRunPod() as fake:
        for name, value in (SETTINGS | fake.environment).items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def shoot(studio: Studio, runpod: FakeRunPod) -> Shoot:
    """A shot that has its frames already."""
    shoot = Shoot(studio, studio.project(), shots=1)
    drawn = io.BytesIO()  # what comes back is measured against it
    Image.new("RGB", (FRAME["width"], FRAME["height"]), "grey").save(drawn, "PNG")
    objects.write("projects/p/f.png", drawn.getvalue())
    frame = {"key": "projects/p/f.png", "takeId": "take_1", "number": 1, "model": "m", "requestedModel": "m"}
    change = {"firstFrame": frame | FRAME, "lastFrame": frame | FRAME}
    table().write(Update(keys.segment(shoot.project_id, shoot.chain, shoot.segments[0]), set=change))
    return shoot


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("footage") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x138:rate=24", "-frames:v", "120", "-pix_fmt", "yuv420p"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, str(path)], check=True)
    return path.read_bytes()


def sent(shoot: Shoot, runpod: FakeRunPod) -> tuple[str, Running]:
    answer = shoot.studio.call("POST", shoot.path(0, "/generate"), {}, user="editor")
    assert answer.status == 202, answer.text
    Line(shoot.studio).until_quiet()
    return str(answer.json["jobId"]), runpod.only()


def finish(runpod: FakeRunPod, job: Running, picture: bytes) -> None:
    """What the worker does: put the file where it was told, then report."""
    where = urlsplit(job.input["output"]["putUrls"]["picture"]["url"]).path
    objects.write(where[where.index("projects/") :], picture)
    runpod.end(job, "COMPLETED", MILLISECONDS, output=answer_of(picture))


def answer_of(picture: bytes) -> dict[str, Any]:
    row = {"name": "picture", "contentType": "video/mp4", "sha256": sha256(picture).hexdigest(), "bytes": len(picture)}
    return {"files": [row], "model": {"name": "svi/2.0", "licence": "MIT"}, "seed": 7, "gpuSeconds": 61.0}


def test_given_a_key_when_footage_is_ordered_then_the_worker_gets_the_whole_order(
    shoot: Shoot, runpod: FakeRunPod
) -> None:
    _, job = sent(shoot, runpod)
    assert job.policy == {"executionTimeout": 1_800_000, "ttl": 7_200_000}
    assert job.input["op"] == "svi.image_to_video"
    params = job.input["params"]
    assert (params["frames"], params["rate"]) == (120, {"numerator": 24, "denominator": 1})
    assert set(job.input["assets"]) == {"image", "lastImage"}
    for link in (job.input["claim"], *job.input["output"]["putUrls"].values()):
        assert "if-none-match" in parse_qs(urlsplit(link["url"]).query)["X-Amz-SignedHeaders"][0]
        assert link["headers"]["If-None-Match"] == "*"
    assert job.webhook.startswith("https://api.vibeboard.test/api/webhooks/runpod/job_")


def test_given_footage_when_the_report_comes_then_it_is_confirmed_measured_and_settled_at_the_gpus_time(
    shoot: Shoot, runpod: FakeRunPod, footage: bytes
) -> None:
    job_id, job = sent(shoot, runpod)
    finish(runpod, job, footage)
    line = Line(shoot.studio)
    assert line.deliver(runpod.webhook(job)).status == 202
    line.until_quiet()
    settled = job_of(shoot.project_id, job_id)
    assert (settled["status"], settled["actual"]) == ("SUCCEEDED", GPU_BILL)
    segment = shoot.studio.call("GET", shoot.path(0)).json
    assert (segment["model"], segment["frames"]) == ("svi/2.0", 120)
    assert segment["proxyUrl"]
    assert segment["posterUrl"]
    assert money(shoot.project_id) == {"available": 20_000_000 - GPU_BILL, "reserved": 0, "committed": GPU_BILL}
    assert runpod.count("GET", "/status/") == 1


def test_given_a_forged_success_then_runpod_is_asked_and_the_job_goes_on(shoot: Shoot, runpod: FakeRunPod) -> None:
    job_id, job = sent(shoot, runpod)
    job.status["status"] = "IN_PROGRESS"
    forged = runpod.webhook(job, status="COMPLETED", output={"outputUrl": "https://evil.example/x.mp4"})
    line = Line(shoot.studio)
    assert line.deliver(forged).status == 202
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTED"
    assert money(shoot.project_id)["reserved"] == CLIP_HOLD


def test_given_the_report_of_another_job_then_it_is_refused(shoot: Shoot, runpod: FakeRunPod) -> None:
    _, job = sent(shoot, runpod)
    answer = Line(shoot.studio).deliver(runpod.webhook(job, id="another"))
    assert (answer.status, answer.code) == (422, "WEBHOOK_MISMATCH")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            '{"error_type": "<class \'ValueError\'>", "error_message": "no face", "error_traceback": "Traceback x"}',
            "no face",
        ),
        ("worker exited", "worker exited"),
        ("Boom Traceback (most recent call last)", "Boom"),
        (None, "failed"),
        ({"message": "as an object"}, "as an object"),
    ],
)
def test_given_a_failed_job_then_its_reason_is_told_without_its_traceback_and_its_time_is_paid(
    shoot: Shoot, runpod: FakeRunPod, error: Any, told: str
) -> None:
    job_id, job = sent(shoot, runpod)
    runpod.end(job, "FAILED", MILLISECONDS, error=error)
    line = Line(shoot.studio)
    line.deliver(runpod.webhook(job))
    line.until_quiet()
    failed = job_of(shoot.project_id, job_id)
    assert (failed["status"], failed["actual"]) == ("FAILED", GPU_BILL)
    assert told in failed["error"]["message"]
    assert "Traceback" not in failed["error"]["message"]
    assert shoot.studio.call("POST", shoot.path(0, "/generate"), {}, user="editor").json["attempt"] == 2


def test_given_a_lost_answer_and_no_report_then_it_is_assumed_billed_and_a_late_report_corrects_it(
    shoot: Shoot, runpod: FakeRunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    runpod.spoil("after")
    job_id, job = sent(shoot, runpod)
    assert job_of(shoot.project_id, job_id)["status"] == "SUBMITTING"
    after(monkeypatch, 3600)
    assert reconcile.reconcile()["waiting"] == 1  # its time to live is not over
    after(monkeypatch, 3 * 3600)
    assert reconcile.reconcile()["assumed"] == 1
    assumed = job_of(shoot.project_id, job_id)
    assert (assumed["status"], assumed["error"]["code"], assumed["actual"]) == ("FAILED", "OUTCOME_UNKNOWN", CLIP_HOLD)
    assert money(shoot.project_id)["committed"] == CLIP_HOLD

    runpod.end(job, "COMPLETED", MILLISECONDS, output=answer_of(b"late"))
    line = Line(shoot.studio)
    for _ in range(2):
        line.deliver(runpod.webhook(job))
        line.until_quiet()
    assert money(shoot.project_id) == {"available": 20_000_000 - GPU_BILL, "reserved": 0, "committed": GPU_BILL}
    kinds = [row["kind"] for row in shoot.studio.items(shoot.project_id, "ENTRY#")]
    assert kinds.count("true-up") == 1
    assert runpod.count("POST", "/run") == 1


def test_given_a_lost_answer_when_the_report_comes_then_the_footage_is_used(
    shoot: Shoot, runpod: FakeRunPod, footage: bytes
) -> None:
    runpod.spoil("after", Response(0, cut="reset"))
    job_id, job = sent(shoot, runpod)
    finish(runpod, job, footage)
    line = Line(shoot.studio)
    line.deliver(runpod.webhook(job))
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"
    assert runpod.count("POST", "/run") == 1


def test_given_a_job_runpod_forgot_then_it_counts_as_billed(
    shoot: Shoot, runpod: FakeRunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, _ = sent(shoot, runpod)
    runpod.jobs.clear()
    after(monkeypatch, 3600)
    reconcile.reconcile()
    job = job_of(shoot.project_id, job_id)
    assert (job["error"]["code"], job["actual"], job["assumed"]) == ("RESULT_LOST", CLIP_HOLD, True)


def test_given_a_bill_above_the_hold_then_it_settles_at_the_hold_and_the_rest_is_an_overrun(
    shoot: Shoot, runpod: FakeRunPod
) -> None:
    job_id, job = sent(shoot, runpod)
    runpod.end(job, "FAILED", 600_000, error="out of memory")
    line = Line(shoot.studio)
    line.deliver(runpod.webhook(job))
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["actual"] == CLIP_HOLD
    (overrun,) = [row for row in shoot.studio.items(shoot.project_id, "ENTRY#") if row["kind"] == "overrun"]
    assert overrun["amount"] == 600 * 760 - CLIP_HOLD
    assert money(shoot.project_id)["committed"] == CLIP_HOLD


def test_given_a_cancelled_job_then_its_last_status_says_what_is_owed(
    shoot: Shoot, runpod: FakeRunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, _ = sent(shoot, runpod)
    shoot.studio.call("POST", f"/api/jobs/{job_id}/cancel", user="editor")
    Line(shoot.studio).until_quiet()
    assert money(shoot.project_id)["reserved"] == CLIP_HOLD
    after(monkeypatch, 60)
    reconcile.reconcile()
    job = job_of(shoot.project_id, job_id)
    assert (job["status"], job["actual"]) == ("CANCELLED", 0)


def test_given_progress_then_the_job_shows_it_and_never_as_done(
    shoot: Shoot, runpod: FakeRunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, job = sent(shoot, runpod)
    job.status = {"id": job.id, "status": "IN_PROGRESS", "output": {"pct": 140}}
    after(monkeypatch, 60)
    reconcile.reconcile()
    assert job_of(shoot.project_id, job_id)["progress"] == 95
