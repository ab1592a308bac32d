"""What everything costs, in micro-dollars (1 USD = 1,000,000), in one table.

Estimate, admission and settlement all call `price`, so they cannot disagree. Per-second prices are the SOP's (step
11); image prices are the vendors' list prices per started megapixel (1024 x 1024 pixels), text prices per token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibeboard.domain.formats import QUALITIES, Quality

MICROS = 1_000_000
MEGAPIXEL = 1024 * 1024

FOOTAGE_PER_SECOND: dict[Quality, int] = {"draft": 50_000, "review": 150_000, "master": 500_000}


@dataclass(frozen=True, slots=True)
class ImagePrice:
    per_megapixel: int = 0
    per_image: int = 0


IMAGE_MODELS: dict[str, ImagePrice] = {
    "fal-ai/flux/dev": ImagePrice(per_megapixel=25_000),
    "fal-ai/flux-lora": ImagePrice(per_megapixel=35_000),
    "fal-ai/qwen-image-edit-2511": ImagePrice(per_megapixel=30_000),
    "fal-ai/flux-kontext/dev": ImagePrice(per_megapixel=25_000),
    "fal-ai/ideogram/v2": ImagePrice(per_image=80_000),
    "fal-ai/nano-banana-pro": ImagePrice(per_image=150_000),
    "fal-ai/nano-banana-2": ImagePrice(per_image=80_000),
    "fal-ai/imagen4/preview": ImagePrice(per_image=40_000),
}


@dataclass(frozen=True, slots=True)
class TextPrice:
    """Micro-dollars per million tokens: of what is sent, written, and read from or put into the vendor's cache."""

    sent: int
    written: int
    cache_read: int = 0
    cache_write: int = 0


# Where a vendor names no cache price: Anthropic's writes cost a quarter more, MiniMax's cache is counted as sent.
TEXT_MODELS: dict[str, TextPrice] = {
    "claude-sonnet-5-5": TextPrice(2_000_000, 10_000_000, 100_000, 2_500_000),
    "claude-opus-5-5": TextPrice(4_000_000, 20_000_000, 400_000, 5_000_000),
    "MiniMax-M2.1": TextPrice(300_000, 1_200_000, 300_000, 300_000),
    "MiniMax-M2.1-highspeed": TextPrice(600_000, 2_400_000, 600_000, 600_000),
    "MiniMax-M3": TextPrice(300_000, 1_200_000, 300_000, 300_000),
}
TEXT_OPERATIONS = frozenset({"story.outline", "story.breakdown"})
BYTES_PER_TOKEN = 4  # the vendors' own rule of thumb for English
MIN_BYTES_PER_TOKEN = 2  # what a hold assumes, so that a bill stays below it

TRAINING_RUN = 2_000_000  # flux-lora-fast-training, 1,000 steps
GPU_SECOND = 760  # A100 80 GB, flex worker
GPU_SECONDS: dict[str, int] = {  # the most one call may use; reserved, then settled at what was used
    "asset.deconstruct": 300,
    "asset.materials": 60,
    "character.perform": 600,
    "character.contacts": 600,
    "optics.refocus": 60,
    "vfx.reshoot": 300,
    "vfx.rescue-focus": 120,
    "vfx.motion-fix": 60,
}


def to_micros(usd: float | int | str) -> int:
    """Dollars as people write them to micro-dollars, exact to the cent and beyond (half up)."""
    from decimal import ROUND_HALF_UP, Decimal

    return int((Decimal(str(usd)) * MICROS).to_integral_value(ROUND_HALF_UP))


def to_usd(micros: int) -> float:
    """Micro-dollars to the number the SOP's JSON carries."""
    return round(micros / MICROS, 6)


def tokens_of(text: str, bytes_per_token: int = BYTES_PER_TOKEN) -> int:
    """How many tokens a text is counted as where no vendor has counted it."""
    return -(-len(text.encode()) // bytes_per_token)


def price_text(model: str, sent: int, written: int, cache_read: int = 0, cache_write: int = 0) -> int:
    """What one call of a text model costs for these tokens, rounded up. Raises KeyError for an unpriced model."""
    row = TEXT_MODELS[model]
    total = sent * row.sent + written * row.written + cache_read * row.cache_read + cache_write * row.cache_write
    return -(-total // MICROS)


def price(operation: str, facts: Mapping[str, Any]) -> int:
    """The most one call of `operation` may cost, in micro-dollars. Raises KeyError for an operation without a price.

    facts: {quality, seconds} for footage; {model, width, height} for frames; {model, sent, written} (tokens) for words;
    nothing for the rest.
    """
    if operation in TEXT_OPERATIONS:
        return price_text(facts["model"], int(facts["sent"]), int(facts["written"]))
    if operation in ("clip.generate", "clip.render"):
        per_second = FOOTAGE_PER_SECOND[facts["quality"]]
        return round(per_second * float(facts["seconds"])) * int(facts.get("takes", 1))
    if operation in ("frame.draw", "frame.edit", "vfx.ai-reshoot", "vfx.magic-eraser"):
        row = IMAGE_MODELS[facts["model"]]
        megapixels = -(-int(facts["width"]) * int(facts["height"]) // MEGAPIXEL)
        return row.per_image + row.per_megapixel * megapixels
    if operation == "character.train":
        return TRAINING_RUN
    if operation in FREE_OPERATIONS:
        return 0
    return GPU_SECOND * GPU_SECONDS[operation]


FREE_OPERATIONS = frozenset(  # our own FFmpeg: no vendor is paid
    {"cue.make", "export.master", "export.publish", "pass.compare", "timeline.preview"}
)


def estimate_footage(durations: list[float], quality: Quality, takes: int = 1) -> int:
    """Sum over shots of the price of one generation (SOP step 7.5): 58 shots of 5 s at draft are 14.5 USD."""
    if quality not in QUALITIES:
        raise KeyError(quality)
    return sum(price("clip.generate", {"quality": quality, "seconds": d, "takes": takes}) for d in durations)
