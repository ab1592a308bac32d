"""Requests of SOP step 8.5."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
Reason = Annotated[str, Field(max_length=2_000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Note(Body):
    """A note at a frame, or over a range of frames of the take."""

    frame: Annotated[int, Field(ge=0, le=1_000_000)]
    end_frame: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=2_000)]


class Review(Body):
    """The SOP's "Approved" or "Needs Revision"; sending back needs a reason."""

    review: Literal["approved", "revise"]
    reason: Reason = ""
    notes: Annotated[list[Note], Field(max_length=200)] = []


class Reviews(Body):
    """Approve every shot of the chain at or above a score, or those named."""

    review: Literal["approved", "revise"] = "approved"
    above_score: Annotated[float, Field(ge=0, le=1)] | None = None
    segment_ids: Annotated[list[Id], Field(max_length=1_000)] = []
    reason: Reason = ""
