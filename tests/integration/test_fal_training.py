"""LoRA training by fal over real HTTP: our zip out, progress by the log, weights home; and every way it may fail."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.fal import FakeFal, Queued
from tests.fakes.server import Response
from tests.integration.line import SETTINGS, Line, job_of, money
from tests.integration.studio import Studio
from vibeboard.jobs import engines
from vibeboard.store import objects

RUN = 2_000_000


@pytest.fixture
def fal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFal]:
    with FakeFal() as fake:
        for name, value in (SETTINGS | fake.environment | {"TRUSTED_OUTPUT_ORIGINS": fake.url}).items():
            monkeypatch.setenv(name, value)
        yield fake


def safetensors(reach: int = 16) -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, reach]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


def ordered(studio: Studio, project: dict[str, Any], picture: Any, pictures: int = 4) -> str:
    """A character with its own uploaded pictures, and its training under way."""
    pid = project["projectId"]
    keys = [
        studio.upload(pid, f"face{n}.png", "asset", picture(96, 96, "PNG", 40 + n)).json["key"] for n in range(pictures)
    ]
    made = studio.call("POST", f"/api/projects/{pid}/foundry/characters", {"name": "Vera", "referenceImages": keys})
    assert made.status == 201, made.text
    answer = studio.call("POST", f"/api/projects/{pid}/training/start", {"characterId": "char_vera"}, user="editor")
    assert answer.status == 202, answer.text
    Line(studio).until_quiet()
    return str(answer.json["jobId"])


def only(fal: FakeFal) -> Queued:
    (request,) = fal.requests.values()
    return request


def test_given_a_key_when_trained_then_our_zip_goes_out_progress_shows_and_the_weights_come_home(
    studio: Studio, fal: FakeFal, project: dict[str, Any], picture: Any
) -> None:
    pid = project["projectId"]
    job_id = ordered(studio, project, picture)
    request = only(fal)

    assert request.endpoint == "fal-ai/flux-lora-fast-training"
    where = urlsplit(request.input["images_data_url"]).path
    with zipfile.ZipFile(io.BytesIO(objects.read(where[where.index("projects/") :]))) as archive:
        assert archive.namelist() == [f"picture_0{n}.png" for n in (1, 2, 3, 4)]
        assert archive.testzip() is None
        assert archive.read("picture_01.png")[:4] == b"\x89PNG"
    character = studio.call("GET", f"/api/projects/{pid}/foundry/characters").json["items"][0]
    sent = {name: value for name, value in request.input.items() if name != "images_data_url"}
    assert sent == {
        "trigger_word": character["triggerWord"],
        "steps": 1_000,
        "create_masks": True,
        "is_style": False,
    }

    request.status, request.logs = "IN_PROGRESS", ["loading", "step 250/1000", "saving 1/4 masks; step 640/1000"]
    told = engines.vendor("fal").look(job_of(pid, job_id))
    assert (told.state, told.progress) == ("running", 64)

    fal.train(request.id, safetensors())
    line = Line(studio)
    assert line.deliver(fal.webhook(request.id)).status == 202
    line.until_quiet()

    job = job_of(pid, job_id)
    assert (job["status"], job["actual"]) == ("SUCCEEDED", RUN)
    shown = studio.call("GET", f"/api/projects/{pid}/training/char_vera", user="viewer").json
    assert (shown["status"], shown["triggerWord"]) == ("complete", character["triggerWord"])
    assert shown["loraId"].startswith("lora_")
    assert shown["job"]["progress"] == 100
    kinds = [row["type"] for row in job["result"]["files"]]
    assert kinds[:3] == ["weights", "config", "profile"]
    assert kinds.count("sample") == 4
    assert objects.read(job["result"]["weightsKey"]) == safetensors()
    assert len(job["result"]["provenance"]["parents"]) == 4
    assert money(pid) == {"available": 18_000_000, "reserved": 0, "committed": RUN}


BAD = {
    "weights that are none": {"weights": b"<html>gone</html>"},
    "weights that reach beyond the file": {"weights": safetensors(reach=10**9)},
    "a configuration that is no JSON": {"config": b"{"},
    "no weights at all": {"diffusers_lora_file": None},
}


@pytest.mark.parametrize("name", BAD)
def test_given_weights_that_cannot_be_used_when_they_come_then_training_fails_with_the_reason(
    studio: Studio, fal: FakeFal, project: dict[str, Any], picture: Any, name: str
) -> None:
    job_id = ordered(studio, project, picture)
    fal.train(only(fal).id, **({"weights": safetensors()} | BAD[name]))
    line = Line(studio)
    line.deliver(fal.webhook(only(fal).id))
    line.until_quiet()

    job = job_of(project["projectId"], job_id)
    assert (job["status"], job["error"]["code"]) == ("FAILED", "PROVIDER_FAILED")
    shown = studio.call("GET", f"/api/projects/{project['projectId']}/training/char_vera").json
    assert (shown["status"], shown["loraId"]) == ("failed", None)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("Runner disconnected", "runner_disconnected", "PROVIDER_FAILED"),
        ("no", "content_policy_violation", "CONTENT_REFUSED"),
    ],
)
def test_given_a_failure_at_fal_when_it_is_reported_then_it_costs_what_fal_bills(
    studio: Studio, fal: FakeFal, project: dict[str, Any], picture: Any, error: str, kind: str, code: str
) -> None:
    job_id = ordered(studio, project, picture)
    fal.break_down(only(fal).id, error, kind)
    line = Line(studio)
    line.deliver(fal.webhook(only(fal).id))
    line.until_quiet()

    job = job_of(project["projectId"], job_id)
    assert (job["status"], job["error"]["code"]) == ("FAILED", code)
    assert job["actual"] == (RUN if code == "CONTENT_REFUSED" else 0)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Response(429, {"detail": "queue full"}, {"Retry-After": "9"}), "RESERVED"),
        (Response(503, {"detail": "down"}), "SUBMITTING"),
        (Response(200, b"no json"), "SUBMITTING"),
        (None, "SUBMITTING"),
        (Response(422, {"detail": [{"loc": ["body"], "msg": "bad zip", "type": "value_error"}]}), "FAILED"),
    ],
)
def test_given_a_fault_at_submission_when_trained_then_it_is_posted_once(
    studio: Studio, fal: FakeFal, project: dict[str, Any], picture: Any, fault: Response | None, status: str
) -> None:
    fal.spoil("before", fault)
    job_id = ordered(studio, project, picture)

    assert fal.count("POST", "training") == 1
    assert job_of(project["projectId"], job_id)["status"] == status


def test_given_three_pictures_when_trained_then_nothing_is_sent_and_the_money_comes_back(
    studio: Studio, fal: FakeFal, project: dict[str, Any], picture: Any
) -> None:
    job_id = ordered(studio, project, picture, pictures=3)

    job = job_of(project["projectId"], job_id)
    assert (job["status"], job["error"]["code"]) == ("FAILED", "TRAINING_PICTURES_TOO_FEW")
    assert fal.log == []
    assert money(project["projectId"])["available"] == 20_000_000
