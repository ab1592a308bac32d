"""Requests of SOP steps 6, 7 and 9.5. Unknown fields are refused; every size has a cap."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vibeboard.domain.models import Intent

Text = Annotated[str, Field(max_length=4_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
SEGMENTS_PER_REQUEST = 90


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class NewChain(Body):
    """SOP step 6: a scene chain."""

    name: Name
    master_style_context: Text = ""
    character_ids: Annotated[list[Id], Field(max_length=50)] = []
    order_index: Annotated[int, Field(ge=0, le=10_000)] = 0
    aspect_ratio: Annotated[str, Field(max_length=10)] | None = None
    frame_rate: float | None = None
    transition_style: Literal["smooth", "cut", "dissolve", "fade"] = "smooth"
    place: Annotated[str, Field(max_length=120)] = ""


class ChainChange(Body):
    name: Name | None = None
    master_style_context: Text | None = None
    order_index: Annotated[int, Field(ge=0, le=10_000)] | None = None
    transition_style: Literal["smooth", "cut", "dissolve", "fade"] | None = None


class NewSegment(Body):
    """SOP step 6: a shot. duration in seconds."""

    prompt: Annotated[str, Field(min_length=1, max_length=4_000)]
    negative_prompt: Text = ""
    first_frame_prompt: Text = ""
    last_frame_prompt: Text = ""
    duration: Annotated[float, Field(gt=0, le=60)] = 5
    order_index: Annotated[int, Field(ge=0, le=100_000)] | None = None
    characters: Annotated[list[Id], Field(max_length=20)] = []
    props: Annotated[list[Id], Field(max_length=20)] = []
    place: Annotated[str, Field(max_length=120)] = ""
    intent: Intent = ""


class SegmentChange(Body):
    """What may change of a shot: its words, cast and set, and its trims in the timeline (seconds; audioGain linear)."""

    prompt: Annotated[str, Field(min_length=1, max_length=4_000)] | None = None
    negative_prompt: Text | None = None
    first_frame_prompt: Text | None = None
    last_frame_prompt: Text | None = None
    duration: Annotated[float, Field(gt=0, le=60)] | None = None
    characters: Annotated[list[Id], Field(max_length=20)] | None = None
    props: Annotated[list[Id], Field(max_length=20)] | None = None
    place: Annotated[str, Field(max_length=120)] | None = None
    intent: Intent | None = None
    trim_start: Annotated[float, Field(ge=0, le=3_600)] | None = None
    trim_end: Annotated[float, Field(ge=0, le=3_600)] | None = None
    audio_trim_start: Annotated[float, Field(ge=0, le=3_600)] | None = None
    audio_trim_end: Annotated[float, Field(ge=0, le=3_600)] | None = None
    audio_gain: Annotated[float, Field(ge=0, le=16)] | None = None
    audio_fade_in: Annotated[float, Field(ge=0, le=60)] | None = None
    audio_fade_out: Annotated[float, Field(ge=0, le=60)] | None = None
    transition: Literal["smooth", "cut", "dissolve", "fade"] | None = None
    transition_seconds: Annotated[float, Field(ge=0, le=10)] | None = None


class Order(Body):
    segment_ids: Annotated[list[Id], Field(min_length=1, max_length=1_000)]


class FrameOrder(Body):
    """SOP step 7. which: the frame of the shot; intent chooses a row of the model matrix."""

    which: Literal["first", "last"] = "first"
    intent: Intent = ""
    prompt: Text = ""


class Rerun(Body):
    """Make again what is stale; footage: also the takes of footage, once the frames are there."""

    footage: bool = True


class Lock(Body):
    """SOP step 9.5. Who and when come from the token and the clock, whatever the payload says."""

    locked: bool
    reason: Annotated[str, Field(max_length=1_000)] = ""
    segment_id: Id | None = None
    locked_by: Annotated[str, Field(max_length=200)] | None = None
    locked_at: Annotated[str, Field(max_length=60)] | None = None
