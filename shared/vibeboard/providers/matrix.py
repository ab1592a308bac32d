"""Who does what: from an operation to its provider, and from a vendor's model to what its endpoint takes.

The inputs of an endpoint are data, so that a prompt is rendered for the model that gets it: a model without a negative
input is told in words what to leave out.
"""

from dataclasses import dataclass
from typing import Literal

from vibeboard.domain.errors import Conflict
from vibeboard.domain.models import HERO
from vibeboard.domain.pricing import FREE_OPERATIONS, IMAGE_MODELS
from vibeboard.providers import settings

OWN = "sandbox"
Billing = Literal["sandbox", "live"]

VENDOR_OF = {
    "frame.draw": "fal",
    "frame.edit": "fal",
    "clip.generate": "runpod",
    "clip.render": "runpod",
    "asset.deconstruct": "runpod",
    "asset.materials": "runpod",
    "character.train": "fal",
    "character.perform": "runpod",
    "character.contacts": "runpod",
    "optics.refocus": "runpod",
    "story.outline": "anthropic",
    "story.breakdown": "minimax",
    "vfx.reshoot": "runpod",
    "vfx.rescue-focus": "runpod",
    "vfx.magic-eraser": "fal",
}
OURS = FREE_OPERATIONS | {"vfx.motion-fix"}  # FFmpeg of our own: nobody is paid, whatever the billing
_NEEDS = {
    "fal": ("FAL_KEY", "FAL_USER_ID", "WEBHOOK_SECRET"),
    "runpod": ("RUNPOD_API_KEY", "RUNPOD_ENDPOINT", "WEBHOOK_SECRET"),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "minimax": ("MINIMAX_API_KEY",),
}


def billing() -> Billing:
    """What work is paid with in this deployment."""
    return "live" if settings.get("BILLING") == "live" else "sandbox"


def provider_of(operation: str) -> str:
    """Who does an operation here. Raises Conflict in live billing for an operation that no vendor is set up for."""
    if billing() == "sandbox" or operation in OURS:
        return OWN
    name = VENDOR_OF.get(operation, "")
    missing = [setting for setting in _NEEDS.get(name, ()) if not settings.get(setting)]
    if not name or missing:
        raise Conflict(
            f"No engine is set up for {operation} in live billing",
            code="ENGINE_MISSING",
            fix=f"Set {', '.join(missing)}." if name else "Make the project with sandbox billing for this step.",
        )
    return name


def is_free(provider: str) -> bool:
    """True when nobody is paid: our own engine in a project that books real money."""
    return provider == OWN and billing() == "live"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a fal endpoint takes. size: how it is told its dimensions. image: the name of its picture input."""

    size: Literal["image_size", "aspect_ratio", "resolution_mode", ""]
    image: Literal["", "image_url", "image_urls"] = ""
    negative: bool = False
    loras: int = 0  # how many it takes
    output_format: bool = True
    ratios: tuple[str, ...] = ()
    fixed: tuple[tuple[str, object], ...] = ()


_KONTEXT = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "9:21")
_BANANA = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
_IMAGEN = ("16:9", "4:3", "1:1", "3:4", "9:16")
_IDEOGRAM = ("3:1", "16:9", "16:10", "3:2", "4:3", "1:1", "3:4", "2:3", "10:16", "9:16", "1:3")

ENDPOINTS: dict[str, Endpoint] = {
    "fal-ai/flux/dev": Endpoint("image_size", fixed=(("num_images", 1),)),
    "fal-ai/flux-lora": Endpoint("image_size", loras=16, fixed=(("num_images", 1),)),
    "fal-ai/qwen-image-edit-2511": Endpoint("image_size", "image_urls", negative=True, fixed=(("num_images", 1),)),
    "fal-ai/qwen-image-edit-2511/lora": Endpoint(
        "image_size", "image_urls", negative=True, loras=3, fixed=(("num_images", 1),)
    ),
    "fal-ai/flux-kontext/dev": Endpoint(
        "resolution_mode", "image_url", ratios=_KONTEXT, fixed=(("num_images", 1), ("enhance_prompt", False))
    ),
    "fal-ai/flux-kontext-lora": Endpoint(
        "resolution_mode", "image_url", loras=16, ratios=_KONTEXT, fixed=(("num_images", 1),)
    ),
    "fal-ai/ideogram/v2": Endpoint(
        "aspect_ratio", negative=True, output_format=False, ratios=_IDEOGRAM, fixed=(("expand_prompt", False),)
    ),
    "fal-ai/nano-banana-pro": Endpoint("aspect_ratio", ratios=_BANANA, fixed=(("num_images", 1),)),
    "fal-ai/nano-banana-2": Endpoint("aspect_ratio", ratios=_BANANA, fixed=(("num_images", 1),)),
    "fal-ai/imagen4/preview": Endpoint("aspect_ratio", ratios=_IMAGEN, fixed=(("num_images", 1),)),
}


def hero_model() -> str:
    """What stands for the SOP's google/imagen-4, which Google withdrew. Raises Conflict for a model without a price."""
    model = settings.get("HERO_MODEL") or HERO.model
    if model not in ENDPOINTS or model not in IMAGE_MODELS:
        raise Conflict(
            f"HERO_MODEL names {model}, whose inputs and price are not known",
            code="ENGINE_MISSING",
            fix=f"One of {', '.join(name for name in ENDPOINTS if name in IMAGE_MODELS)}.",
        )
    return model


def nearest_ratio(width: int, height: int, ratios: tuple[str, ...]) -> str:
    """The named aspect ratio closest to a size, by proportion."""
    from math import log

    def distance(name: str) -> float:
        across, down = name.split(":")
        return abs(log(width / height) - log(int(across) / int(down)))

    return min(ratios, key=distance)
