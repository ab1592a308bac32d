"""The GPU worker under RunPod's SDK and a control plane on loopback: progress, cancel, fault, upload, claim."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.fakes.bucket import FakeBucket
from tests.fakes.control_plane import HANDLER, ROOT, ControlPlane, WorkerProcess
from tests.media.moving import shot, write
from vibeboard.media.probe import probe

CLIP = 12  # frames of the test's shot


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane() as fake:
        yield fake


@pytest.fixture(scope="module")
def bucket() -> Iterator[FakeBucket]:
    with FakeBucket() as fake:
        yield fake


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("film") / "shot.mp4", shot(31, "pan")[:CLIP]).read_bytes()


@pytest.fixture(scope="module")
def worker(plane: ControlPlane, bucket: FakeBucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with WorkerProcess(plane, bucket.url, log):
        yield log


def order(bucket: FakeBucket, film: bytes, name: str, **changes: Any) -> dict[str, Any]:
    """A reshoot of the shot, with places of its own for claim and output."""
    return {
        "op": "infcam.reshoot",
        "traceId": "trace_1",
        "jobId": f"job_{name}",
        "attempt": 1,
        "claim": bucket.place(f"{name}/claim"),
        "claimed": f"{bucket.url}/{name}/claim",
        "params": {"cameraPath": "zoom_in", "amount": 0.2, "prompt": "a shot", "seed": 5},
        "assets": {"picture": bucket.hold(f"{name}/in.mp4", film, "video/mp4")},
        "output": {"putUrls": {"picture": bucket.place(f"{name}/picture.mp4", "video/mp4")}},
    } | changes


def fault(status: dict[str, Any]) -> tuple[str, str]:
    told = json.loads(status["error"])
    return told["error_type"], told["error_message"]


@pytest.mark.usefixtures("worker")
def test_given_an_order_then_the_film_is_put_where_it_says_and_the_answer_says_who_made_it(
    plane: ControlPlane, bucket: FakeBucket, film: bytes, tmp_path: Path
) -> None:
    job = plane.submit(order(bucket, film, "good"))
    status = plane.ended(job)
    assert status["status"] == "COMPLETED", status
    answer = status["output"]
    made, kind = bucket.objects["/good/picture.mp4"]
    (file,) = answer["files"]
    assert (file["name"], file["sha256"], file["bytes"]) == ("picture", hashlib.sha256(made).hexdigest(), len(made))
    assert kind == file["contentType"] == "video/mp4"
    assert answer["model"]["name"] == "sandbox/vfx"
    assert (answer["metrics"]["engine"], answer["gpuSeconds"]) == ("cpu", 0.0)
    (tmp_path / "made.mp4").write_bytes(made)
    assert probe(tmp_path / "made.mp4").frames == CLIP
    claim = json.loads(bucket.objects["/good/claim"][0])
    assert claim == {"run": job.id, "job": "job_good", "attempt": 1}
    assert plane.progress[job.id]
    assert all(1 <= told["pct"] <= 99 for told in plane.progress[job.id])


@pytest.mark.usefixtures("worker")
def test_given_the_order_twice_then_the_second_run_ends_at_once_and_names_the_first(
    plane: ControlPlane, bucket: FakeBucket, film: bytes
) -> None:
    wanted = order(bucket, film, "twice")
    first = plane.submit(wanted)
    assert plane.ended(first)["status"] == "COMPLETED"
    fetched, put = bucket.count("GET", "/twice/in.mp4"), bucket.count("PUT", "/twice/picture")
    second = plane.submit(wanted)
    status = plane.ended(second)
    assert (status["status"], status["output"]) == ("COMPLETED", {"duplicate": True, "claimedBy": first.id})
    assert (bucket.count("GET", "/twice/in.mp4"), bucket.count("PUT", "/twice/picture")) == (fetched, put)


@pytest.mark.usefixtures("worker")
def test_given_a_run_whose_worker_died_when_it_comes_again_then_it_knows_its_own_claim_and_finishes(
    plane: ControlPlane, bucket: FakeBucket, film: bytes
) -> None:
    wanted = order(bucket, film, "again")
    bucket.hold("again/claim", json.dumps({"run": "died-u1", "job": "job_again", "attempt": 1}).encode(), "")
    assert plane.ended(plane.submit(wanted, "died-u1"))["output"]["files"]
    assert "/again/picture.mp4" in bucket.objects


@pytest.mark.usefixtures("worker")
def test_given_a_long_order_when_it_is_cancelled_then_nothing_is_put_and_the_next_one_runs(
    plane: ControlPlane, bucket: FakeBucket, film: bytes
) -> None:
    still = cv2.imencode(".png", np.zeros((180, 320, 3), np.uint8))[1].tobytes()
    long = {
        "op": "svi.image_to_video",
        "params": {"prompt": "endless", "width": 640, "height": 360, "rate": {"numerator": 24, "denominator": 1},
                   "frames": 3600, "seed": 1},
        "assets": {"image": bucket.hold("long/in.png", still, "image/png")},
    }  # fmt: skip
    job = plane.submit(order(bucket, film, "long", **long))
    plane.wait(lambda: plane.progress.get(job.id), "the first progress")
    with plane.lock:
        job.status = {"id": job.id, "status": "CANCELLED"}
        plane.stops.append(job.id)
    after = plane.submit(order(bucket, film, "after"))
    assert plane.ended(after)["status"] == "COMPLETED"
    assert job.status["status"] == "CANCELLED"
    assert bucket.count("PUT", "/long/picture") == 0
    assert plane.pings


FAULTS = {
    "no asset": ({"assets": {}}, "ORDER_INVALID", "assets are missing: picture"),
    "an unknown word": ({"params": {"cameraPath": "spin", "prompt": "x", "seed": 1}}, "ORDER_INVALID", "cameraPath"),
    "another version": ({"version": 7}, "ORDER_INVALID", "version"),
    "an unknown operation": ({"op": "magic.wand"}, "ORDER_INVALID", "magic.wand"),
    "an asset that is gone": ({"assets": {"picture": "{bucket}/nowhere.mp4"}}, "PROVIDER_FAILED", "404"),
    "an asset inside our network": (
        {"assets": {"picture": "https://169.254.169.254/latest/meta-data"}}, "OUTPUT_ADDRESS_REFUSED", "open internet",
    ),
    "a playlist for a film": ({"assets": {"picture": "{bucket}/list.mp4"}}, "MEDIA_WRONG_TYPE", "no video"),
    "a place that is closed": (
        {"output": {"putUrls": {"picture": {"url": "https://127.0.0.1/x"}}}}, "OUTPUT_ADDRESS_REFUSED", "open internet",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("name", FAULTS)
def test_given_a_bad_order_then_its_fault_is_told_by_code_and_the_worker_lives(
    name: str, plane: ControlPlane, bucket: FakeBucket, film: bytes
) -> None:
    changes, code, words = FAULTS[name]
    canary = f"file://{ROOT / 'pyproject.toml'}"
    bucket.hold("list.mp4", f"#EXTM3U\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n".encode(), "video/mp4")
    changes = json.loads(json.dumps(changes).replace("{bucket}", bucket.url))
    slug = name.replace(" ", "-")
    status = plane.ended(plane.submit(order(bucket, film, slug, **changes)))
    assert status["status"] == "FAILED"
    told = fault(status)
    assert told[0] == code
    assert words in told[1]
    assert "Traceback" not in status["error"]
    if code == "ORDER_INVALID":
        assert bucket.count("PUT", f"/{slug}/") == 0  # nothing was claimed


def test_given_an_order_as_test_input_then_the_sdk_runs_it_once_and_leaves(
    bucket: FakeBucket, film: bytes, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNPOD_")}
    environment |= {"TRUSTED_OUTPUT_ORIGINS": bucket.url, "WORKER_ENGINE": "cpu"}
    environment.pop("PYTHONPATH", None)  # the handler finds its own folders
    told = json.dumps({"input": order(bucket, film, "local")})
    ran = subprocess.run(
        [sys.executable, str(HANDLER), "--test_input", told],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "completed successfully" in ran.stdout
    assert "/local/picture.mp4" in bucket.objects
