"""The SOP's model selection matrix (step 7) as data, with one resolver used by estimate, admission and execution."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A vendor model and why it was taken; `operation` is what the job runs."""

    model: str
    operation: str
    reason: str


TEXT_TO_IMAGE = ModelChoice("fal-ai/flux/dev", "frame.draw", "First shot, first frame (no reference): clean T2I")
WITH_LORA = ModelChoice("fal-ai/flux-lora", "frame.draw", "First frame of a character with a LoRA: flux/dev takes none")
EDIT = ModelChoice("fal-ai/qwen-image-edit-2511", "frame.edit", "I2I: surgical editing, identity preservation")
INPAINT = ModelChoice("fal-ai/flux-kontext/dev", "frame.edit", "Creative inpainting/outpainting: contextual fill")
LETTERING = ModelChoice("fal-ai/ideogram/v2", "frame.draw", "Text/typography in frame: best text rendering")
HERO = ModelChoice("fal-ai/nano-banana-pro", "frame.draw", "Photorealistic hero shot (successor of imagen-4)")

VIDEO_MODEL = "runpod/stable-video-infinity"

_ROWS = {"lettering": LETTERING, "hero": HERO, "inpaint": INPAINT}


def choose_frame_model(*, has_previous: bool, has_lora: bool = False, intent: str = "") -> ModelChoice:
    """Resolve the row of the matrix. intent: "" | "lettering" | "hero" | "inpaint"."""
    if intent in _ROWS:
        return _ROWS[intent]
    if has_previous:
        return EDIT
    return WITH_LORA if has_lora else TEXT_TO_IMAGE
