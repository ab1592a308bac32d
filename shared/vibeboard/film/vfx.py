"""VFX orders (SOP step 9): each a job that yields a new take and never overwrites the one it started from."""

from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.ids import seed_of
from vibeboard.domain.prompts import with_banned
from vibeboard.jobs.admission import JobDraft
from vibeboard.store.table import Item

# what dailies may name -> the operation that mends it, with its parameters
FIXES: dict[str, tuple[str, dict[str, Any]]] = {
    "blur": ("vfx.rescue-focus", {}),
    "motion_jump": ("vfx.motion-fix", {"stabilize": True, "speed": 1.0}),
}

MODELS = {
    "vfx.reshoot": "runpod/infcam",
    "vfx.rescue-focus": "runpod/diffcamera",
    "vfx.motion-fix": "ffmpeg/vidstab",
    "vfx.magic-eraser": "fal-ai/flux-kontext/dev",
    "vfx.ai-reshoot": "fal-ai/qwen-image-edit-2511",
}


def eraser_words(params: dict[str, Any]) -> str:
    """What an inpainting model without a mask input is told: what goes, and where it stands."""
    points = [point for polygon in params.get("mask") or [] for point in polygon]
    if points:
        x = sum(point[0] for point in points) / len(points)
        y = sum(point[1] for point in points) / len(points)
    else:
        x, y = params["x"] + params["width"] / 2, params["y"] + params["height"] / 2
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "middle"
    down = "upper " if y < 1 / 3 else "lower " if y > 2 / 3 else ""
    what = params.get("what") or "the object"
    return f"Remove {what} in the {down}{across} of the picture; show what is behind it; change nothing else"


def vfx_draft(
    chain: Item, segment: Item, operation: str, params: dict[str, Any], *, only_if_better: bool = False
) -> JobDraft:
    """Order one VFX operation on the current take of a shot. Raises Conflict without footage.

    only_if_better: the repair becomes the shot's take only if it measures better than what it started from.
    """
    clip = segment.get("clip")
    if not clip:
        raise Conflict(f"{segment['shotName']} has no footage", code="FOOTAGE_MISSING", fix="Generate it first.")
    attempt = segment.get("clipTakes", 0) + 1
    body = {
        "prompt": segment["prompt"],
        "negative": with_banned("", chain.get("look", {}).get("banned", [])),
        "picture": clip["outputKey"],
        "sound": clip.get("audioKey"),
        "sourceTakeId": clip["takeId"],
        "frames": clip["frames"],
        "samples": clip.get("samples", 0),
        "width": clip["width"],
        "height": clip["height"],
        "rate": _rate(chain),
        "quality": clip["quality"],
        "seed": seed_of(chain.get("seed", 0), segment.get("seedKey", segment["id"]), operation, attempt),
        "shotName": segment["shotName"],
        "params": params,
        "before": {
            "takeId": clip["takeId"],
            "score": segment.get("score"),
            "posterKey": clip.get("posterKey"),
            "metrics": segment.get("report", {}).get("metrics", {}),
        },
        **({"madeOf": clip["madeOf"]} if "madeOf" in clip else {}),  # a repair stands on the frames of its take
        **({"betterThan": segment["score"]} if only_if_better else {}),
    }
    if operation == "vfx.magic-eraser":
        body |= {"prompt": eraser_words(params), "source": clip.get("posterKey")}
    return JobDraft(
        operation=operation,
        target={"chainId": chain["id"], "segmentId": segment["id"]},
        input=body,
        price_facts={"width": clip["width"], "height": clip["height"]},
        attempt=attempt,
        model=MODELS[operation],
    )


def _rate(chain: Item) -> list[int]:
    rate = exact_rate(chain["frameRate"])
    return [rate.numerator, rate.denominator]
