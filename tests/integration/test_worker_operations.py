"""Every operation of the worker by its CPU engine, through the same door as under RunPod; and when a model may run."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gpu_worker import models
from gpu_worker.models import LICENCES
from gpu_worker.operations import OPERATIONS, dailies, infcam, mvinverse, svi
from gpu_worker.take import take
from tests.fakes.bucket import FakeBucket
from tests.media.moving import scenery, shot, write
from vibeboard.media.dailies import analyze
from vibeboard.media.errors import MediaError
from vibeboard.media.probe import probe
from vibeboard.media.programs import run_program
from vibeboard.providers.worker_ops import BY_OP, read_result

FRAMES = 10
PARAMS: dict[str, dict[str, Any]] = {
    "svi.image_to_video": {
        "prompt": "a coin turns", "width": 320, "height": 180, "rate": {"numerator": 24, "denominator": 1},
        "frames": FRAMES, "soundFrames": 12, "seed": 5,
    },
    "regen3d.deconstruct": {"name": "SC01_SH03_LOC_Bar", "labels": ["chair"], "seed": 42},
    "mvinverse.pbr": {"name": "SC01_SH03_LOC_Bar", "longSide": 280},
    "flashportrait.perform": {"prompt": "she looks up", "seed": 7, "maxSize": 512},
    "cari4d.contacts": {"objectName": "ball", "box": [0.15, 0.5, 0.2, 0.35], "frames": FRAMES},
    "genfocus.refocus": {"focusX": 40, "focusY": 20.5, "k": 30, "bokehShape": "hexagonal"},
    "infcam.reshoot": {"cameraPath": "arc_left", "prompt": "a coin turns", "seed": 5},
    "diffcamera.refocus": {},
    "dailies.models": {"every": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "shot.mp4", shot(31, "cross")[:FRAMES])


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBucket]:
    with FakeBucket() as fake:
        monkeypatch.setenv("TRUSTED_OUTPUT_ORIGINS", fake.url)
        monkeypatch.delenv("WORKER_ENGINE", raising=False)
        yield fake


def order(bucket: FakeBucket, op: str, film: Path) -> dict[str, Any]:
    still = cv2.imencode(".png", cv2.resize(scenery(4), (280, 168)))[1].tobytes()
    films = {name for name in BY_OP[op].assets if name in ("picture", "video", "driving")}
    kinds = {True: (film.read_bytes(), "video/mp4"), False: (still, "image/png")}
    assets = {name: bucket.hold(name, *kinds[name in films]) for name in BY_OP[op].assets}
    places = {label: bucket.place(f"out/{file}") for label, file in BY_OP[op].outputs.items()}
    told = {"op": op, "jobId": "job_1", "attempt": 1, "params": PARAMS[op], "assets": assets}
    return told | {"claim": bucket.place("claim"), "output": {"putUrls": places}}


def run(order: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.new_event_loop()  # not asyncio.run: it would take the thread's loop away from other tests
    try:
        return loop.run_until_complete(take({"id": "run-1", "input": order}, lambda _: None))
    finally:
        loop.close()


def test_every_operation_has_its_runner_its_order_and_terms_that_are_known() -> None:
    assert set(OPERATIONS) == set(BY_OP) == set(PARAMS)
    for runner in OPERATIONS.values():
        assert set(runner.model.licences) <= set(LICENCES)


@pytest.mark.parametrize("op", sorted(PARAMS))
def test_without_a_gpu_every_operation_is_done_by_an_engine_that_names_itself(
    op: str, bucket: FakeBucket, film: Path, tmp_path: Path
) -> None:
    answer = run(order(bucket, op, film))
    assert "error" not in answer, answer
    result = read_result(BY_OP[op], answer)
    assert result.model.name.startswith("sandbox/")
    assert (result.metrics["engine"], result.gpu_seconds) == ("cpu", 0.0)
    for row in result.files:
        body, _ = bucket.objects[f"/out/{BY_OP[op].outputs[row.name]}"]
        assert len(body) == row.bytes
        path = tmp_path / BY_OP[op].outputs[row.name]
        path.write_bytes(body)
        if path.suffix == ".mp4":
            assert probe(path).frames == FRAMES
        elif path.suffix == ".json":
            assert json.loads(body)
        elif path.suffix == ".png":
            assert cv2.imread(str(path)) is not None
        else:
            assert body[:4] in (b"glTF", b"ply\n", b"RIFF")


def test_the_models_measures_carry_the_analysers_names(bucket: FakeBucket, film: Path) -> None:
    answer = run(order(bucket, "dailies.models", film))
    ours = analyze(film).metrics
    assert {name: answer["metrics"][name] for name in ours} == ours
    assert {"flickerScore", "identityDrift"} <= set(ours)


def carried(frames: int, picked_up: int) -> list[Any]:
    """A box on a table; an arm as large as the picture's right half lifts it from `picked_up` on."""
    table, arm = scenery(5)[:270, :480], scenery(6)[:270, :480]
    made = []
    for index in range(frames):
        lifted = max(0, index - picked_up) * 4
        frame = table.copy()
        moving = np.roll(arm, -lifted, axis=0)
        frame[100 - lifted : 230 - lifted, 90:330] = moving[100 - lifted : 230 - lifted, 90:330]
        made.append(frame)
    return made


def test_what_moves_with_an_arm_is_held_and_what_flies_alone_is_not(
    bucket: FakeBucket, film: Path, tmp_path: Path
) -> None:
    run(order(bucket, "cari4d.contacts", film))
    flying = json.loads(bucket.objects["/out/contacts.json"][0])
    assert (flying["frames"], flying["contacts"]) == (FRAMES, [])
    bucket.objects.clear()
    lifted = write(tmp_path / "lifted.mp4", carried(16, 6))
    told = order(bucket, "cari4d.contacts", lifted)
    told["params"] = PARAMS["cari4d.contacts"] | {"box": [0.35, 0.5, 0.12, 0.2]}
    run(told)
    (contact,) = json.loads(bucket.objects["/out/contacts.json"][0])["contacts"]
    assert 5 <= contact["first"] <= 9
    assert contact["last"] == 15


def test_the_reference_names_every_model_with_its_commit_and_every_licence() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "worker.md").read_text("utf-8")
    for op, runner in OPERATIONS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{op}` "))
        model = runner.model
        facts = [model.repository, model.weights, model.commit[:12], *BY_OP[op].assets, *model.licences]
        assert [fact for fact in facts if fact not in row] == []
    for licence in LICENCES.values():
        assert f"| `{licence.id}` | {licence.name} | {'yes' if licence.commercial else 'no'} |" in page


GPU = "NVIDIA A100 80GB"


def on_a_gpu(monkeypatch: pytest.MonkeyPatch, folder: Path, accepted: str = "") -> None:
    monkeypatch.setattr(models, "device", lambda: GPU)
    monkeypatch.setenv("MODELS_DIR", str(folder))
    monkeypatch.setenv("ACCEPT_LICENCES", accepted)


@pytest.mark.parametrize("op", sorted(OPERATIONS))
def test_on_a_gpu_no_model_runs_before_its_licences_are_accepted_and_its_files_are_there(
    op: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = OPERATIONS[op].model
    on_a_gpu(monkeypatch, tmp_path)
    with pytest.raises(models.NotReady) as refused:
        models.choose(model)
    assert refused.value.code == "LICENCE_NOT_ACCEPTED"
    assert all(name in refused.value.fix for name in model.licences)
    on_a_gpu(monkeypatch, tmp_path, ", ".join(model.licences).upper())
    with pytest.raises(models.NotReady) as missing:
        models.choose(model)
    assert missing.value.code == "WEIGHTS_MISSING"
    for name in model.needs:
        place = model.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.write_text("", "utf-8")
    model.root.mkdir(exist_ok=True)
    assert models.choose(model) == "gpu"


def test_a_worker_that_must_use_its_gpu_never_falls_back_and_spends_nothing(
    bucket: FakeBucket, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_ENGINE", "gpu")
    answer = run(order(bucket, "infcam.reshoot", film))
    assert json.loads(answer["error"])["error_type"] == "MODEL_NOT_READY"
    assert bucket.count("PUT", "") == 0


def test_sizes_passes_and_formulas_of_the_models() -> None:
    assert svi.native_size(1920, 823, 832) == (832, 352)
    assert svi.native_size(1080, 1920, 832) == (464, 832)
    assert mvinverse.fitted(1920, 1080, 1022) == (1022, 574)
    assert infcam.stretches(50) == [(0, 49)]
    assert infcam.stretches(120) == [(0, 80), (80, 119)]
    # Two frames alike, one at right angles: VBench counts (cos to the frame before + cos to the first) / 2.
    value, each = dailies.consistency(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert (value, each) == (0.5, [1.0, 0.0])
    assert dailies.flicker([5.1, 0.0]) == pytest.approx(0.01)


def test_infcams_own_camera_file_is_read_in_its_axes(tmp_path: Path) -> None:
    still = "[1 0 0 0] [0 1 0 0] [0 0 1 0] [300 0 100 1] "
    cameras = {f"frame{index}": {f"cam{n:02d}": still for n in range(1, 11)} for index in range(81)}
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps(cameras), "utf-8")
    rows = infcam.trajectory(path, "arc_right", 0.0, 1.0)
    assert rows.shape == (21, 12)
    assert rows[0].reshape(3, 4)[:, 3].tolist() == [3.0, 0.0, 1.0]  # metres, as the model counts them


def test_a_models_program_is_ended_when_its_order_is_called_off(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(MediaError) as off:
        run_program(["/bin/sh", "-c", "sleep 30 & wait"], cwd=tmp_path, timeout=60, stop=stop)
    assert off.value.code == "CANCELLED"
    with pytest.raises(MediaError, match="no such scene"):
        run_program(["/bin/sh", "-c", "echo no such scene; exit 3"], cwd=tmp_path, timeout=60)
    assert "seen" in run_program(["/bin/sh", "-c", "echo seen"], cwd=tmp_path, timeout=60)
