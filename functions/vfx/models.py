"""Requests of SOP step 9. Each names the shot; the rest are the operation's own parameters."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,120}$")]
Fraction01 = Annotated[float, Field(ge=0, le=1)]


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


class MagicEraser(Shot):
    """The box to empty, in fractions of width and height from the top left."""

    x: Fraction01
    y: Fraction01
    width: Annotated[float, Field(gt=0, le=1)]
    height: Annotated[float, Field(gt=0, le=1)]


class AiReshoot(Shot):
    """Re-edit the first frame with the continuity loop's edit and shoot again from it."""

    prompt: Annotated[str, Field(min_length=1, max_length=4_000)]
