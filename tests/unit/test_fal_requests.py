"""What each fal endpoint is sent: only inputs it has, removals in the form it understands, links instead of keys."""

from typing import Any

import pytest

from tests.fakes.fal import INPUTS
from vibeboard.domain.prompts import full_negative
from vibeboard.film.vfx import vfx_draft
from vibeboard.jobs.drafts import clip_draft, frame_draft
from vibeboard.jobs.engines import Rejected
from vibeboard.providers import fal, runpod
from vibeboard.providers.matrix import ENDPOINTS, nearest_ratio
from vibeboard.providers.worker_orders import order_of
from vibeboard.store import objects

LOOK = {"banned": ["modern phones"], "required": ["wet surfaces"]}
CHAIN = {"id": "chn_a", "aspectRatio": "21:9", "frameRate": 24, "masterStyleContext": "85mm lens", "look": LOOK}
SHOT = {"id": "seg_a", "shotName": "SC01_SH01", "prompt": "She waits", "negativePrompt": "(crowd:1.5)"}
CLIP = {"takeId": "t", "outputKey": "a.mp4", "posterKey": "a.png", "frames": 48, "width": 1280, "height": 548,
        "quality": "draft"}  # fmt: skip


@pytest.fixture(autouse=True)
def links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "link", lambda key, **_: f"https://bucket.test/{key}?X-Amz-Signature=1")


def job(model: str, **changes: Any) -> dict[str, Any]:
    body = {
        "prompt": "Femme fatale at the machine.",
        "negative": full_negative("(crowd:1.5), (daylight:1.3), hats"),
        "style": "85mm lens",
        "seed": 7,
        "width": 1920,
        "height": 822,
        "source": "projects/p/before.png",
        "cast": [{"name": "femme_fatale", "trigger_word": "TOK_FEMME", "attributes": {"hair": "black"}}],
        "place": "laundromat_interior",
        "loras": [{"path": "https://fal.test/lora.safetensors"}],
    }
    return {"jobId": "job_1", "model": model, "input": body | changes, "amount": 50_000, "operation": "frame.edit"}


@pytest.mark.parametrize("model", ENDPOINTS)
def test_every_endpoint_gets_what_it_requires_and_nothing_it_does_not_know(model: str) -> None:
    sent = fal.request_body(job(model))
    known, required = INPUTS[model]
    assert sent.keys() <= known
    assert sent.keys() >= required
    assert sent["seed"] == 7
    assert "TOK_FEMME (black)" in sent["prompt"]


@pytest.mark.parametrize("model", ENDPOINTS)
def test_removals_are_a_negative_prompt_where_there_is_one_and_words_where_there_is_none(model: str) -> None:
    sent = fal.request_body(job(model))
    assert "(crowd" not in str(sent)
    assert ":1.5" not in str(sent)
    if ENDPOINTS[model].negative:
        assert sent["negative_prompt"].startswith("crowd, daylight, ")
        assert "free of crowd" not in sent["prompt"]
    else:
        assert "completely free of crowd, with no daylight, without hats" in sent["prompt"]
        assert "disfigured" not in sent["prompt"]


def test_a_lora_goes_only_to_endpoints_that_take_one() -> None:
    with_lora = {model for model in ENDPOINTS if "loras" in fal.request_body(job(model))}
    assert with_lora == {"fal-ai/flux-lora", "fal-ai/qwen-image-edit-2511/lora", "fal-ai/flux-kontext-lora"}


def test_pictures_go_as_links_in_the_endpoints_own_form() -> None:
    assert fal.request_body(job("fal-ai/qwen-image-edit-2511"))["image_urls"][0].startswith("https://bucket.test/")
    assert fal.request_body(job("fal-ai/flux-kontext/dev"))["image_url"].startswith("https://bucket.test/")
    with pytest.raises(Rejected):
        fal.request_body(job("fal-ai/flux-kontext/dev", source=None))
    with pytest.raises(Rejected):
        fal.request_body(job("fal-ai/unknown"))


@pytest.mark.parametrize(
    ("model", "ratio"),
    [("fal-ai/flux-kontext/dev", "21:9"), ("fal-ai/nano-banana-pro", "21:9"), ("fal-ai/ideogram/v2", "3:1")],
)
def test_a_wide_frame_takes_the_nearest_ratio_the_model_names(model: str, ratio: str) -> None:
    assert nearest_ratio(1920, 822, ENDPOINTS[model].ratios) == ratio


@pytest.mark.parametrize(
    ("told", "billed"),
    [({"executionTime": 1}, 760), ({"executionTime": 61_001}, 62 * 760), ({"executionTime": 0}, 0), ({}, None)],
)
def test_gpu_time_is_billed_by_started_seconds_and_unknown_when_unsaid(
    told: dict[str, Any], billed: int | None
) -> None:
    answer = runpod.outcome({"providerRef": "r", "model": "m"}, {"status": "FAILED", **told})
    assert answer.billed == billed


@pytest.mark.parametrize("model", ENDPOINTS)
def test_what_the_style_bible_bans_and_requires_is_in_every_request(model: str) -> None:
    drawn = frame_draft(CHAIN, SHOT, "first", None).input
    sent = fal.request_body(job(model, negative=drawn["negative"], required=drawn["required"]))
    told = f"{sent['prompt']} {sent.get('negative_prompt', '')}"
    assert "wet surfaces" in sent["prompt"]
    assert "modern phones" in told


def test_footage_and_repairs_carry_what_the_style_bible_bans_and_requires() -> None:
    shot = SHOT | {"firstFrame": {"key": "a.png", "takeId": "t"}, "duration": 2, "clip": CLIP}
    params, _ = order_of({"operation": "clip.generate", "input": clip_draft(CHAIN, shot).input})
    assert params["prompt"].endswith("wet surfaces")
    assert params["negativePrompt"].startswith("crowd, modern phones, ugly")
    moved = vfx_draft(CHAIN, shot, "vfx.reshoot", {"cameraPath": "arc_left", "amount": 0.1}).input
    assert order_of({"operation": "vfx.reshoot", "input": moved})[0]["negativePrompt"] == "modern phones"
    erased = vfx_draft(CHAIN, shot, "vfx.magic-eraser", {"x": 0, "y": 0, "width": 0.2, "height": 0.2}).input
    assert "with no modern phones" in fal.request_body(job("fal-ai/flux-kontext/dev", **erased))["prompt"]
