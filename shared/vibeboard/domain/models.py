"""The SOP's model selection matrix (step 7) as data, with one resolver used by estimate, admission and execution."""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

Intent = Literal["", "lettering", "hero", "inpaint"]
INTENTS: tuple[str, ...] = get_args(Intent)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A vendor model and why it was taken; `operation` is what the job runs: only frame.edit looks at a source."""

    model: str
    operation: str
    reason: str

    @property
    def edits(self) -> bool:
        return self.operation == "frame.edit"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the matrix and when it applies; None: whatever stands there. The first row that fits is taken."""

    scenario: str
    choice: ModelChoice
    intent: str = ""
    source: bool | None = None
    lora: bool | None = None

    def fits(self, intent: str, source: bool, lora: bool) -> bool:
        return self.intent == intent and self.source in (None, source) and self.lora in (None, lora)


TEXT_TO_IMAGE = ModelChoice("fal-ai/flux/dev", "frame.draw", "First shot, first frame (no reference): clean T2I")
WITH_LORA = ModelChoice("fal-ai/flux-lora", "frame.draw", "First frame of a character with a LoRA: flux/dev takes none")
EDIT = ModelChoice("fal-ai/qwen-image-edit-2511", "frame.edit", "I2I: surgical editing, identity preservation")
INPAINT = ModelChoice("fal-ai/flux-kontext/dev", "frame.edit", "Creative inpainting/outpainting: contextual fill")
LETTERING = ModelChoice("fal-ai/ideogram/v2", "frame.draw", "Text/typography in frame: best text rendering")
HERO = ModelChoice("fal-ai/nano-banana-pro", "frame.draw", "Photorealistic hero shot (successor of imagen-4)")

MATRIX: tuple[Row, ...] = (
    Row("Text/typography in frame", LETTERING, intent="lettering"),
    Row("Photorealistic hero shots", HERO, intent="hero"),
    Row("Creative inpainting/outpainting", INPAINT, intent="inpaint", source=True),
    Row("Any I2I operation", EDIT, source=True),
    Row("First shot, first frame, a character with a LoRA", WITH_LORA, source=False, lora=True),
    Row("First shot, first frame (no reference)", TEXT_TO_IMAGE, source=False),
)

VIDEO_MODEL = "runpod/stable-video-infinity"

_LETTERED = re.compile(r"\b(title card|intertitle|end card|reads? [\"“'‘]|lettering (?:says|reads))", re.IGNORECASE)


def choose_frame_model(*, has_previous: bool, has_lora: bool = False, intent: str = "", hero: str = "") -> ModelChoice:
    """Resolve the row of the matrix. intent: one of INTENTS. hero: the model that stands for imagen-4 now.

    Inpainting needs a picture to fill: without one the frame is drawn from words like any other.
    Raises ValueError for an intent that is none.
    """
    if intent not in INTENTS:
        raise ValueError(f"no intent {intent!r}; one of {', '.join(filter(None, INTENTS))}")
    if intent == "inpaint" and not has_previous:
        intent = ""
    choice = next(row.choice for row in MATRIX if row.fits(intent, has_previous, has_lora))
    return replace(choice, model=hero) if hero and choice is HERO else choice


def intent_of(asked: str, prompt: str, *, has_previous: bool) -> str:
    """The intent a frame is drawn with: what was asked for, else lettering where a new picture is to show words.

    A frame that continues another stays an edit: a model that draws anew would break the chain.
    """
    return asked or ("lettering" if not has_previous and _LETTERED.search(prompt) else "")
