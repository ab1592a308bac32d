"""The worker's envelope: what both sides of RunPod check an order and an answer against."""

from typing import Any

import pytest

from vibeboard.providers import worker_ops
from vibeboard.providers.worker_ops import BY_OP, OPERATIONS, read_order, read_result

SAMPLES: dict[str, dict[str, Any]] = {
    "regen3d.deconstruct": {"name": "SC01_SH03_LOC_Bar", "labels": ["chair"], "seed": 42},
    "mvinverse.pbr": {"name": "SC01_SH03_LOC_Bar", "longSide": 1022},
    "flashportrait.perform": {"prompt": "she looks up", "seed": 7},
    "cari4d.contacts": {"objectName": "coin", "box": [0.1, 0.2, 0.3, 0.3], "frames": 48},
    "genfocus.refocus": {"focusX": 10, "focusY": 20.5, "k": 12},
    "svi.image_to_video": {
        "prompt": "a coin turns",
        "width": 832,
        "height": 356,
        "rate": {"numerator": 24, "denominator": 1},
        "frames": 120,
        "seed": 5,
    },
    "infcam.reshoot": {"cameraPath": "arc_left", "prompt": "a coin turns", "seed": 5},
    "diffcamera.refocus": {"sigma": 1.5},
    "dailies.models": {"every": 2},
}


def order(name: str, **changes: Any) -> dict[str, Any]:
    operation = BY_OP[name]
    return {
        "op": name,
        "version": 1,
        "traceId": "trace_1",
        "jobId": "job_1",
        "attempt": 1,
        "params": SAMPLES[name],
        "assets": {name: f"https://bucket.test/{name}" for name in operation.assets},
        "output": {"putUrls": {name: {"url": f"https://bucket.test/put/{name}", "name": file}
                               for name, file in operation.outputs.items()}},
    } | changes  # fmt: skip


def answer(op: str, **changes: Any) -> dict[str, Any]:
    files = [{"name": name, "sha256": "0" * 64, "bytes": 12} for name in sorted(BY_OP[op].required)]
    return {"files": files, "model": {"name": "m", "licence": "MIT"}, "seed": 7, "gpuSeconds": 12.5} | changes


@pytest.mark.parametrize("op", sorted(SAMPLES))
def test_given_a_sound_order_and_answer_when_read_then_every_operation_has_its_types(op: str) -> None:
    envelope, operation, params = read_order(order(op))
    assert (envelope.op, type(params)) == (op, operation.params)
    assert worker_ops.Envelope.model_validate(envelope.wire()) == envelope
    assert {row.name for row in read_result(operation, answer(op)).files} == operation.required
    assert operation.licence


def test_given_the_tables_then_every_operation_has_a_sample_and_one_job_operation() -> None:
    assert set(SAMPLES) == set(BY_OP) == {operation.op for operation in OPERATIONS.values()}


BAD_ORDERS = {
    "another version": {"version": 2},
    "an unknown operation": {"op": "magic.wand"},
    "an asset is missing": {"assets": {}},
    "an asset nobody asked for": {"assets": {"image": "https://b/i", "secret": "https://b/s"}},
    "a link that is no link": {"assets": {"image": "file:///etc/passwd"}},
    "no place for the picture": {"output": {"putUrls": {}}},
    "a parameter of the wrong type": {"params": {"focusX": "left", "focusY": 1}},
    "a parameter nobody knows": {"params": {"focusX": 1, "focusY": 1, "apiKey": "x"}},
    "a field nobody knows": {"callback": "https://b"},
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_given_an_order_that_is_not_sound_when_read_then_it_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w{4,}"):
        read_order(order("genfocus.refocus", **BAD_ORDERS[name]))


BAD_ANSWERS = {
    "nothing at all": None,
    "no files": {"files": []},
    "a file twice": {"files": [{"name": "picture", "sha256": "0" * 64, "bytes": 1}] * 2},
    "a file nobody ordered": {"files": [{"name": n, "sha256": "0" * 64, "bytes": 1} for n in ("picture", "extra")]},
    "a hash that is none": {"files": [{"name": "picture", "sha256": "../../x", "bytes": 1}]},
    "an empty file": {"files": [{"name": "picture", "sha256": "0" * 64, "bytes": 0}]},
    "no model": {"model": {}},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_given_an_answer_that_is_not_sound_when_read_then_it_is_refused(name: str) -> None:
    changes = BAD_ANSWERS[name]
    told = None if changes is None else answer("genfocus.refocus", **changes)
    with pytest.raises(ValueError, match=r"\w{4,}"):
        read_result(BY_OP["genfocus.refocus"], told)
