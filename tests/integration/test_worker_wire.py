"""Sets and focus by RunPod over real HTTP: the envelope out, the files in, and what may go wrong."""

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from tests.fakes.runpod import FakeRunPod, Running
from tests.fakes.server import Response
from tests.integration.line import SETTINGS, Line, job_of
from tests.integration.studio import Studio
from vibeboard.media.frames import write_bgr
from vibeboard.providers.sandbox.deconstruct import deconstruct
from vibeboard.providers.worker_ops import BY_OP, read_order
from vibeboard.store import objects

NAME = "SC01_SH03_LOC_Bar"
GPU_BILL = 62 * 760


@pytest.fixture
def runpod(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunPod]:
    with FakeRunPod() as fake:
        for name, value in (SETTINGS | fake.environment).items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Real files by output label."""
    folder = tmp_path_factory.mktemp("made")
    cv2.imwrite(str(folder / "in.png"), np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8))
    rows = {row["path"].name: row["path"] for row in deconstruct(folder / "in.png", folder, name="s")}
    labels = {"scene": "s.glb", "points": "s.ply", "albedo": "s_albedo.png", "normal": "s_normal.png"}
    labels |= {"roughness": "s_roughness.png", "metallic": "s_metallic.png", "picture": "s_albedo.png"}
    return {label: Path(rows[name]).read_bytes() for label, name in labels.items()}


def plate(studio: Studio, project: dict[str, Any], picture: Any) -> str:
    return str(studio.upload(project["projectId"], "set.png", "asset", picture(96, 64, "PNG")).json["key"])


def order(studio: Studio, project: dict[str, Any], picture: Any) -> tuple[dict[str, Any], dict[str, Running]]:
    body = {"imageKey": plate(studio, project, picture), "name": NAME, "prompt": "neon bar", "labels": ["stool"]}
    answer = studio.call("POST", f"/api/projects/{project['projectId']}/assets/deconstruct", body, user="editor")
    assert answer.status == 202, answer.text
    return dict(answer.json), {}


def finish(runpod: FakeRunPod, job: Running, made: dict[str, bytes], **changes: Any) -> None:
    """What a worker does: put each file where it was told, then report."""
    operation = BY_OP[job.input["op"]]
    files = []
    for label in sorted(operation.required):
        where = urlsplit(job.input["output"]["putUrls"][label]["url"]).path
        objects.write(where[where.index("projects/") :], made[label])
        digest = hashlib.sha256(made[label]).hexdigest()
        files.append(
            {"name": label, "contentType": "application/octet-stream", "sha256": digest, "bytes": len(made[label])}
        )
    model = {"name": f"{job.input['op']}/1.0", "commit": "abc", "licence": "MIT"}
    output = {"files": files, "metrics": {"points": 12}, "model": model, "seed": 7, "gpuSeconds": 61.0} | changes
    runpod.end(job, "COMPLETED", 61_001, output=output)


def by_op(runpod: FakeRunPod) -> dict[str, Running]:
    return {job.input["op"]: job for job in runpod.jobs.values()}


def test_given_keys_when_a_set_is_built_then_two_orders_go_out_and_their_files_come_home(
    studio: Studio, runpod: FakeRunPod, project: dict[str, Any], picture: Any, made: dict[str, bytes]
) -> None:
    answer, _ = order(studio, project, picture)
    line = Line(studio)
    line.until_quiet()

    sent = by_op(runpod)
    assert set(sent) == {"regen3d.deconstruct", "mvinverse.pbr"}
    for job in sent.values():
        envelope, _, params = read_order(job.input)
        assert envelope.attempt == 1
        assert params.name == NAME  # type: ignore[attr-defined]
        assert job.input["assets"]["image"].startswith("http")
    assert sent["regen3d.deconstruct"].input["params"]["labels"] == ["stool"]
    for job in sent.values():
        finish(runpod, job, made)
        line.deliver(runpod.webhook(job))
    line.until_quiet()

    asset = studio.call("GET", f"/api/projects/{project['projectId']}/assets/{answer['assetId']}").json
    assert (asset["status"], asset["materialsStatus"]) == ("complete", "complete")
    names = [row["name"] for row in asset["files"]]
    assert names == [
        "set.png", f"{NAME}.ply", f"{NAME}.glb",
        *(f"{NAME}_{label}.png" for label in ("albedo", "metallic", "normal", "roughness")), "materials.json",
    ]  # fmt: skip
    record = asset["provenance"]["geometry"]
    assert (record["model"], record["licence"], record["seed"]) == ("regen3d.deconstruct/1.0", "MIT", project["seed"])
    assert record["cost"] == GPU_BILL / 1_000_000
    assert record["worker"]["commit"] == "abc"
    assert objects.read_json(record["sidecarKey"])["files"][0]["sha256"] in {row["sha256"] for row in asset["files"]}
    statement = studio.call("GET", f"/api/projects/{project['projectId']}/statement").json["budget"]
    assert statement["committed"] == pytest.approx((GPU_BILL + 45_600) / 1_000_000)  # the second holds less


BAD = {
    "a file nobody ordered": {"files": [{"name": "virus", "sha256": "0" * 64, "bytes": 4}]},
    "no files": {"files": []},
    "no model": {"model": None},
    "a hash of something else": {"hash": True},
    "a picture that is none": {"body": b"no picture"},
    "an output that is text": {"text": True},
}


@pytest.mark.parametrize("name", BAD)
def test_given_an_answer_that_cannot_be_used_when_it_comes_then_the_job_fails_with_the_reason_and_is_billed(
    studio: Studio, runpod: FakeRunPod, project: dict[str, Any], picture: Any, made: dict[str, bytes], name: str
) -> None:
    key = plate(studio, project, picture)
    body = {"projectId": project["projectId"], "imageKey": key, "focusX": 4, "focusY": 4}
    body |= {"camera": "RED V-Raptor", "lens": "Lensbaby 85mm T1.8"}
    order_id = studio.call("POST", "/api/optics/refocus", body, user="editor").json["jobId"]
    line = Line(studio)
    line.until_quiet()
    job = runpod.only()
    assert job.input["op"] == "genfocus.refocus"
    bad = BAD[name]
    changes = {key: value for key, value in bad.items() if key in ("files", "model")}
    if "hash" in bad:
        changes["files"] = [{"name": "picture", "sha256": "0" * 64, "bytes": len(made["picture"])}]
    finish(runpod, job, made | ({"picture": bad["body"]} if "body" in bad else {}), **changes)
    if "text" in bad:
        job.status["output"] = "done"

    line.deliver(runpod.webhook(job))
    line.until_quiet()

    job_item = job_of(project["projectId"], order_id)
    assert (job_item["status"], job_item["error"]["code"]) == ("FAILED", "PROVIDER_FAILED")
    assert len(job_item["error"]["message"]) > 20
    assert job_item["actual"] == min(GPU_BILL, job_item["amount"])


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Response(429, {"error": "too many"}, {"Retry-After": "7"}), "RESERVED"),
        (Response(500, {"error": "boom"}), "SUBMITTING"),
        (Response(200, b"<html>not json"), "SUBMITTING"),
        (Response(400, {"error": "bad input"}), "FAILED"),
        (None, "SUBMITTING"),
    ],
)
def test_given_a_fault_at_submission_when_ordered_then_it_is_sent_once_and_stands_as_the_protocol_says(
    studio: Studio, runpod: FakeRunPod, project: dict[str, Any], picture: Any, fault: Response | None, status: str
) -> None:
    body = {"projectId": project["projectId"], "imageKey": plate(studio, project, picture), "focusX": 4, "focusY": 4}
    body |= {"camera": "RED V-Raptor", "lens": "Lensbaby 85mm T1.8"}
    runpod.spoil("before", fault)
    order_id = studio.call("POST", "/api/optics/refocus", body, user="editor").json["jobId"]
    Line(studio).carry("SUBMIT_QUEUE_URL")

    assert runpod.count("POST", "/run") == 1
    assert job_of(project["projectId"], order_id)["status"] == status


# ------------------------------------------------------------------ performances and grips


@pytest.fixture(scope="module")
def driving(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of a face-like disc that moves to the right over a still, textured wall."""
    wall = np.random.default_rng(2).integers(60, 120, (120, 160, 3), np.uint8)
    frames = []
    for number in range(12):
        frame = cv2.GaussianBlur(wall, (0, 0), 1.5)
        cv2.circle(frame, (50 + 3 * number, 60), 22, (150, 180, 220), -1)
        cv2.circle(frame, (44 + 3 * number, 54), 4, (20, 20, 30), -1)
        cv2.circle(frame, (58 + 3 * number, 54), 4, (20, 20, 30), -1)
        frames.append(frame)
    out = tmp_path_factory.mktemp("driving") / "d.mp4"
    write_bgr(frames, (160, 120), Fraction(12), out)
    return out.read_bytes()


def cast(studio: Studio, project: dict[str, Any], picture: Any, driving: bytes) -> tuple[str, dict[str, Any]]:
    """A character with one uploaded face, and the bodies of both orders."""
    pid = project["projectId"]
    face = studio.upload(pid, "face.png", "asset", picture(128, 128, "PNG")).json["key"]
    video = studio.upload(pid, "d.mp4", "clip", driving).json["key"]
    studio.call("POST", f"/api/projects/{pid}/foundry/characters", {"name": "Vera", "referenceImages": [face]})
    return f"/api/projects/{pid}/foundry/characters/char_vera", {
        "perform": {"drivingKey": video, "prompt": "she looks right", "maxSize": 512},
        "contacts": {"videoKey": video, "objectName": "coin", "box": [0.2, 0.3, 0.25, 0.4], "frames": 12},
    }


def test_given_a_driving_video_when_played_and_gripped_here_then_both_stand_on_the_character(
    studio: Studio, project: dict[str, Any], picture: Any, driving: bytes
) -> None:
    route, bodies = cast(studio, project, picture, driving)
    jobs = {}
    for name, body in bodies.items():
        answer = studio.call("POST", f"{route}/{name}", body, user="editor")
        assert answer.status == 202, answer.text
        jobs[name] = answer.json["jobId"]
    Line(studio).until_quiet()

    played, held = (job_of(project["projectId"], jobs[name])["result"] for name in ("perform", "contacts"))
    assert (played["model"], played["metrics"]["frames"]) == ("sandbox/performance", 12)
    assert played["metrics"]["meanTravel"] > 0.003
    assert objects.read(played["picture"])[4:8] == b"ftyp"
    assert len(played["provenance"]["parents"]) == 2
    told = objects.read_json(held["contacts"])
    assert (told["object"], told["frames"], len(told["boxes"])) == ("coin", 12, 12)
    assert told["boxes"][-1][0] > told["boxes"][0][0] + 0.1  # the box went along with what moved
    character = studio.call("GET", route.rsplit("/", 1)[0]).json["items"][0]
    assert character["performance"]["jobId"] == jobs["perform"]
    assert character["contacts"]["key"] == held["contacts"]


@pytest.mark.parametrize(
    ("name", "change", "status"),
    [
        ("perform", {"drivingKey": "projects/x/d.mp4"}, 422),
        ("perform", {"imageKey": "../face.png"}, 422),
        ("perform", {"maxSize": 9_000}, 422),
        ("perform", {"prompt": "x" * 2_001}, 422),
        ("contacts", {"box": [0.9, 0.9, 0.5, 0.5]}, 422),
        ("contacts", {"box": [0, 0, 0, 0]}, 422),
        ("contacts", {"box": "all"}, 422),
        ("contacts", {"frames": 10_000}, 422),
        ("contacts", {"videoKey": "https://x.test/d.mp4"}, 422),
    ],
)
def test_given_a_bad_order_when_sent_then_it_is_refused_and_nothing_stands(
    studio: Studio,
    project: dict[str, Any],
    picture: Any,
    driving: bytes,
    name: str,
    change: dict[str, Any],
    status: int,
) -> None:
    route, bodies = cast(studio, project, picture, driving)
    before = studio.everything()

    answer = studio.call("POST", f"{route}/{name}", bodies[name] | change)

    assert (answer.status, bool(answer.code)) == (status, True)
    assert studio.call("POST", f"{route}/{name}", bodies[name], user="viewer").status == 403
    assert studio.everything() == before


def test_given_keys_when_a_performance_is_ordered_then_the_envelope_goes_out_and_the_film_comes_home(
    studio: Studio, runpod: FakeRunPod, project: dict[str, Any], picture: Any, driving: bytes
) -> None:
    route, bodies = cast(studio, project, picture, driving)
    order_id = studio.call("POST", f"{route}/perform", bodies["perform"], user="editor").json["jobId"]
    line = Line(studio)
    line.until_quiet()
    job = runpod.only()
    envelope, operation, params = read_order(job.input)
    assert (envelope.op, set(envelope.assets)) == ("flashportrait.perform", {"reference", "driving"})
    assert (params.max_size, params.prompt) == (512, "she looks right")  # type: ignore[attr-defined]
    assert operation.licence.startswith("FlashPortrait")
    finish(runpod, job, {"picture": driving})
    line.deliver(runpod.webhook(job))
    line.until_quiet()

    done = job_of(project["projectId"], order_id)
    assert (done["status"], done["actual"]) == ("SUCCEEDED", GPU_BILL)
    assert objects.read(done["result"]["picture"]) == driving


def test_given_keys_when_a_grip_is_ordered_then_the_envelope_goes_out_and_the_contacts_come_home(
    studio: Studio, runpod: FakeRunPod, project: dict[str, Any], picture: Any, driving: bytes
) -> None:
    route, bodies = cast(studio, project, picture, driving)
    order_id = studio.call("POST", f"{route}/contacts", bodies["contacts"], user="editor").json["jobId"]
    line = Line(studio)
    line.until_quiet()
    job = runpod.only()
    envelope, operation, params = read_order(job.input)
    assert (envelope.op, set(envelope.assets)) == ("cari4d.contacts", {"video"})
    assert (params.object_name, params.frames, params.box) == ("coin", 12, (0.2, 0.3, 0.25, 0.4))  # type: ignore[attr-defined]
    assert operation.licence.startswith("CARI4D")
    told = b'{"object": "coin", "frames": 12, "contacts": [{"first": 3, "last": 11, "hand": "right"}]}'
    finish(runpod, job, {"contacts": told})
    line.deliver(runpod.webhook(job))
    line.until_quiet()

    done = job_of(project["projectId"], order_id)
    assert (done["status"], done["actual"]) == ("SUCCEEDED", GPU_BILL)
    assert objects.read(done["result"]["contacts"]) == told
    held = studio.call("GET", route.rsplit("/", 1)[0]).json["items"][0]["contacts"]
    assert (held["jobId"], held["model"]) == (order_id, "cari4d.contacts/1.0")
