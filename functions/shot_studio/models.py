"""Requests of SOP step 8."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.models import VIDEO_MODEL
from vibeboard.jobs.batches import BATCH_JOBS
from vibeboard.jobs.drafts import MAX_TAKES

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


# The SOP's own way of saying "the shot's words"; an empty prompt says the same.
AS_WRITTEN = ("segment.prompt + masterStyleContext", "segment.prompt")


class Shoot(Body):
    """One shot. imageUrl and elementReferences are accepted as the SOP writes them; the segment's own first frame and
    its cast decide. takes: as many at once, each with a seed of its own."""

    mode: Literal["image_to_video"] = "image_to_video"
    image_url: Annotated[str, Field(max_length=2_000)] = ""
    prompt: Annotated[str, Field(max_length=4_000)] = ""
    duration: Annotated[float, Field(gt=0, le=60)] | None = None
    element_references: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=20)] = []
    fal_model: Annotated[str, Field(max_length=200)] = ""
    quality: Literal["draft", "review", "master"] = "draft"
    takes: Annotated[int, Field(strict=True, ge=1, le=MAX_TAKES)] = 1

    @field_validator("prompt")
    @classmethod
    def _own_words(cls, value: str) -> str:
        return "" if value.strip() in AS_WRITTEN else value

    @field_validator("fal_model")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in ("", VIDEO_MODEL):
            raise ValueError(f"footage is made by {VIDEO_MODEL}")
        return value


class ShootBatch(Body):
    """Several shots of a chain with one reservation; all that are not locked, unless segmentIds names them."""

    segment_ids: Annotated[list[Id], Field(max_length=BATCH_JOBS)] = []
    quality: Literal["draft", "review", "master"] = "draft"
    takes: Annotated[int, Field(strict=True, ge=1, le=MAX_TAKES)] = 1
