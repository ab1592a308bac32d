"""From a job on footage to what the worker is asked: its params and its assets (label -> key in our bucket)."""

from typing import Any

from vibeboard.domain.prompts import plain_negative
from vibeboard.store.table import Item

CAMERA_WORDS = "The same scene, seen along another camera path"  # InfCam wants a caption


def order_of(job: Item) -> tuple[dict[str, Any], dict[str, str]]:
    """(params, assets). Jobs whose input is laid out as the worker's order already give it as it is."""
    body = job["input"]
    match job["operation"]:
        case "clip.generate" | "clip.render":
            return _footage(body), _there({"image": body["firstFrame"], "lastImage": body.get("lastFrame")})
        case "vfx.reshoot":
            wanted = body["params"]
            path = {"cameraPath": wanted["cameraPath"], "amount": wanted["amount"]}
            words = {"prompt": body.get("prompt") or CAMERA_WORDS, "negativePrompt": plain_negative(body["negative"])}
            return path | words | {"seed": body["seed"]}, _picture(body)
        case "vfx.rescue-focus":
            sigma = body["params"].get("sigma")
            return {"seed": body["seed"], **({"sigma": sigma} if sigma else {})}, _picture(body)
        case _:
            return body["params"], body["assets"]


def _footage(body: dict[str, Any]) -> dict[str, Any]:
    numerator, denominator = body["rate"]
    return {
        "mode": "image_to_video",
        "prompt": ". ".join(filter(None, [body["prompt"], ", ".join(body.get("required", []))])),
        # the worker's samplers read no weights
        "negativePrompt": plain_negative(body["negative"]),
        "width": body["width"],
        "height": body["height"],
        "rate": {"numerator": numerator, "denominator": denominator},
        "frames": body["frames"],
        "soundFrames": body.get("soundFrames", 0),
        "seed": body["seed"],
    }


def _picture(body: dict[str, Any]) -> dict[str, str]:
    return {"picture": body["picture"]}


def _there(assets: dict[str, str | None]) -> dict[str, str]:
    return {name: key for name, key in assets.items() if key}
