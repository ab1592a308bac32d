"""Requests of SOP steps 10 and 10.5."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.tracks import MARKERS_PER_CHAIN

Seconds = Annotated[float, Field(ge=0, le=36_000)]
Gain = Annotated[float, Field(ge=0, le=16)]
Fade = Annotated[float, Field(ge=0, le=60)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class PictureLock(Body):
    """Who and when come from the token and the clock, whatever the payload says."""

    picture_locked: bool
    reason: Annotated[str, Field(max_length=1_000)] = ""
    scene_chain_id: Annotated[str, Field(max_length=120)] | None = None
    locked_by: Annotated[str, Field(max_length=200)] | None = None
    locked_at: Annotated[str, Field(max_length=60)] | None = None


class Assemble(Body):
    """variation 0 is the fitted cut; each further one is tighter."""

    variation: Annotated[int, Field(ge=0, le=20)] = 0


class NewCue(Body):
    """A piece of dialogue, music or effects: an upload, or scratch sound of so many seconds made from a prompt.

    `at` in seconds from the chain's first frame.
    """

    kind: Literal["dialogue", "music", "effects"]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    at: Seconds = 0
    upload_id: Annotated[str, Field(max_length=120)] | None = None
    prompt: Annotated[str, Field(max_length=1_000)] = ""
    seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    gain: Gain = 1.0
    fade_in: Fade = 0.0
    fade_out: Fade = 0.0

    @model_validator(mode="after")
    def one_source(self) -> "NewCue":
        if (self.upload_id is None) == (self.seconds is None):
            raise ValueError("send uploadId, or seconds for scratch sound")
        return self


class CueChange(Body):
    """Where a cue lies, what is heard of it (seconds of its own sound) and how loud (linear)."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    at: Seconds | None = None
    trim_start: Seconds | None = None
    trim_end: Seconds | None = None
    gain: Gain | None = None
    fade_in: Fade | None = None
    fade_out: Fade | None = None


class MarkerNote(Body):
    """`at` in seconds from the chain's first frame."""

    at: Seconds
    name: Annotated[str, Field(min_length=1, max_length=120)]
    colour: Literal["RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "WHITE"] = "RED"
    note: Annotated[str, Field(max_length=500)] = ""


class Markers(Body):
    """All markers of the chain; what is left out goes."""

    markers: Annotated[list[MarkerNote], Field(max_length=MARKERS_PER_CHAIN)]
