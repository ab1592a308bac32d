"""Requests of SOP step 8."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vibeboard.jobs.batches import BATCH_JOBS

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Shoot(Body):
    """One shot. imageUrl, elementReferences and falModel are accepted as the SOP writes them; the segment's own first
    frame and the model matrix decide."""

    mode: Literal["image_to_video"] = "image_to_video"
    image_url: Annotated[str, Field(max_length=2_000)] = ""
    prompt: Annotated[str, Field(max_length=4_000)] = ""
    duration: Annotated[float, Field(gt=0, le=60)] | None = None
    element_references: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=20)] = []
    fal_model: Annotated[str, Field(max_length=200)] = ""
    quality: Literal["draft", "review", "master"] = "draft"


class ShootBatch(Body):
    """Several shots of a chain with one reservation; all that are not locked, unless segmentIds names them."""

    segment_ids: Annotated[list[Id], Field(max_length=BATCH_JOBS)] = []
    quality: Literal["draft", "review", "master"] = "draft"
