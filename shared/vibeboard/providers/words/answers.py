"""What a writer may answer: strict shapes without ids, prices, addresses or order, which are ours alone.

Unknown fields are refused and every size is capped. Text is plain: addresses and control characters are taken out.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from vibeboard.domain.plain_text import plain
from vibeboard.domain.story import (
    MAX_SCENES,
    MAX_SHOTS_PER_SCENE,
    Angle,
    CameraMove,
    ShotSize,
    StoryModel,
)

Text = Annotated[str, BeforeValidator(plain), Field(min_length=1)]
Name = Annotated[Text, Field(max_length=80)]
Term = Annotated[Text, Field(max_length=120)]
Title = Annotated[Text, Field(max_length=200)]
Line = Annotated[Text, Field(max_length=600)]
Prompt = Annotated[Text, Field(max_length=2_000)]


class ActAnswer(StoryModel):
    title: Term
    summary: Prompt
    beats: Annotated[list[Line], Field(min_length=1, max_length=40)]


class OutlineAnswer(StoryModel):
    title: Title
    logline: Line
    synopsis: Annotated[Text, Field(max_length=6_000)]
    acts: Annotated[list[ActAnswer], Field(min_length=1, max_length=8)]
    themes: Annotated[list[Term], Field(min_length=1, max_length=8)]
    visual_style: Annotated[list[Term], Field(max_length=12)]
    avoid: Annotated[list[Term], Field(max_length=12)]


class SpeechAnswer(StoryModel):
    character: Name
    line: Prompt


class ShotAnswer(StoryModel):
    prompt: Prompt
    first_frame_prompt: Prompt
    last_frame_prompt: Prompt
    shot_size: ShotSize
    angle: Angle
    camera_move: CameraMove
    characters: Annotated[list[Name], Field(max_length=20)]
    props: Annotated[list[Name], Field(max_length=20)]
    dialogue: Annotated[list[SpeechAnswer], Field(max_length=60)]


class SceneAnswer(StoryModel):
    title: Title
    scene_prompt: Prompt
    location: Name
    interior: bool
    time_of_day: Annotated[Text, Field(max_length=40)]
    characters: Annotated[list[Name], Field(max_length=40)]
    visual_elements: Annotated[list[Term], Field(max_length=24)]
    negative_elements: Annotated[list[Term], Field(max_length=24)]
    shots: Annotated[list[ShotAnswer], Field(min_length=1, max_length=MAX_SHOTS_PER_SCENE)]


class BreakdownAnswer(StoryModel):
    scenes: Annotated[list[SceneAnswer], Field(min_length=1, max_length=MAX_SCENES)]


_UNSUPPORTED = {
    "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "pattern", "default", "title", "description",
}  # fmt: skip


def wire_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model as the JSON schema a vendor takes: every field required, no others, no limits (we enforce those)."""
    schema: dict[str, Any] = _strict(model.model_json_schema(by_alias=True))
    return schema


def _strict(node: Any, *, names: bool = False) -> Any:
    if isinstance(node, list):
        return [_strict(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    if names:  # keys are field names, not keywords
        return {name: _strict(value) for name, value in node.items()}
    kept = {
        name: _strict(value, names=name in {"properties", "$defs"})
        for name, value in node.items()
        if name not in _UNSUPPORTED
    }
    if kept.get("type") == "object":
        kept |= {"additionalProperties": False, "required": list(kept.get("properties", {}))}
    return kept
