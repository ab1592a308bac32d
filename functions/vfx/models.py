"""Requests of SOP step 9. Each names the shot; the rest are the operation's own parameters."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
Fraction01 = Annotated[float, Field(ge=0, le=1)]
Polygon = Annotated[list[tuple[Fraction01, Fraction01]], Field(min_length=3, max_length=200)]


class Shot(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    project_id: Id
    scene_chain_id: Id
    segment_id: Id


class Reshoot(Shot):
    """InfCam's camera paths; amount 0..1 of the frame."""

    camera_path: Literal[
        "pan_right", "pan_left", "tilt_up", "tilt_down", "zoom_in", "zoom_out",
        "translate_up", "translate_down", "arc_left", "arc_right",
    ] = "zoom_in"  # fmt: skip
    amount: Annotated[float, Field(gt=0, le=0.5)] = 0.12


class RescueFocus(Shot):
    """sigma: how blurred the footage is, in pixels; measured when left out."""

    sigma: Annotated[float, Field(gt=0, le=12)] | None = None


class MotionFix(Shot):
    stabilize: bool = True
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0


class Moved(BaseModel):
    """How far the mask has moved by a frame (0 is the first), in fractions; between two frames in a straight line."""

    model_config = ConfigDict(extra="forbid")

    frame: Annotated[int, Field(ge=0, le=10_000)]
    x: Annotated[float, Field(ge=-1, le=1)]
    y: Annotated[float, Field(ge=-1, le=1)]


class MagicEraser(Shot):
    """What to empty: a box or a mask of polygons, in fractions of width and height from the top left."""

    x: Fraction01 | None = None
    y: Fraction01 | None = None
    width: Annotated[float, Field(gt=0, le=1)] | None = None
    height: Annotated[float, Field(gt=0, le=1)] | None = None
    mask: Annotated[list[Polygon], Field(min_length=1, max_length=8)] | None = None
    path: Annotated[list[Moved], Field(max_length=100)] = []
    what: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _something_to_empty(self) -> Self:
        box = (self.x, self.y, self.width, self.height)
        if (self.mask is None) == (None in box):
            raise ValueError("Name a box (x, y, width, height) or a mask, one of the two")
        return self


class AiReshoot(Shot):
    """Re-edit the first frame with the continuity loop's edit and shoot again from it."""

    prompt: Annotated[str, Field(min_length=1, max_length=4_000)]
