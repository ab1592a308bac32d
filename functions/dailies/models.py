"""Requests of SOP step 8.5."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
Reason = Annotated[str, Field(max_length=2_000)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


Unit = Annotated[float, Field(ge=0, le=1)]  # share of the picture's width or height, from its upper left corner


class Drawing(Body):
    """A shape over the picture, as data: who shows the frame draws it. Points are (x, y), shares of the picture."""

    kind: Literal["path", "line", "arrow", "box", "ellipse"]
    points: Annotated[list[tuple[Unit, Unit]], Field(min_length=2, max_length=500)]
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#FF3B30"
    width: Annotated[float, Field(gt=0, le=0.1)] = 0.004

    @model_validator(mode="after")
    def _corners(self) -> Self:
        if self.kind != "path" and len(self.points) != 2:
            raise ValueError(f"a {self.kind} has two points: where it begins and where it ends")
        return self


class Note(Body):
    """A note at a frame, or over a range of frames of the take (both ends belong to it), with drawings."""

    frame: Annotated[int, Field(ge=0, le=1_000_000)]
    end_frame: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    drawings: Annotated[list[Drawing], Field(max_length=20)] = []


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


class ExceptionDecision(Body):
    """A reviewer lives with an exception (accepted, which needs a reason), or opens it again."""

    state: Literal["open", "accepted"]
    reason: Reason = ""
