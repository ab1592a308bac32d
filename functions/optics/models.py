"""What a client may ask of the Optics Engine (SOP step 5)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_RACK_FRAMES = 1_000

MAX_STRENGTH = 8.0
MAX_PICTURE_SIDE = 16_384

Pixels = Annotated[float, Field(strict=True, ge=0, le=MAX_PICTURE_SIDE, allow_inf_nan=False)]
Metres = Annotated[float, Field(strict=True, gt=0, le=10_000, allow_inf_nan=False)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class Lens(Body):
    """The SOP's lensCharacter. focalLength in mm; squeeze is an anamorphic's horizontal factor."""

    f_number: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    focal_length: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    lens_type: Annotated[str, Field(max_length=40)] = "standard"
    bokeh_shape: Annotated[str, Field(max_length=40)] = "round"
    squeeze: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None


class Refocus(Body):
    """One picture of the project focused anew: focusX and focusY in its pixels, strength 1 is the lens as it is.

    sceneChainId asks for one chain: its style lock is checked. The lens is read as in the rack focus.
    """

    project_id: Annotated[str, Field(min_length=1, max_length=120)]
    image_key: Annotated[str, Field(min_length=1, max_length=500)]
    focus_x: Pixels
    focus_y: Pixels
    camera: Annotated[str, Field(min_length=1, max_length=120)]
    lens: Annotated[str, Field(min_length=1, max_length=120)]
    lens_character: Lens | None = None
    strength: Annotated[float, Field(strict=True, gt=0, le=MAX_STRENGTH, allow_inf_nan=False)] = 1.0
    scene_chain_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None


class RackFocus(Body):
    """Camera and lens; with focusFrom and focusTo (metres) the plan of a rack over `frames` frames.

    projectId and sceneChainId ask for one chain: its style lock is checked.
    """

    camera: Annotated[str, Field(min_length=1, max_length=120)]
    lens: Annotated[str, Field(min_length=1, max_length=120)]
    lens_character: Lens | None = None
    genre: Annotated[str, Field(max_length=60)] = ""
    tone: Annotated[str, Field(max_length=60)] = ""
    focus_from: Metres = 2.0
    focus_to: Metres = 5.0
    frames: Annotated[int, Field(strict=True, ge=2, le=MAX_RACK_FRAMES)] = 48
    hold: Annotated[int, Field(strict=True, ge=0, le=MAX_RACK_FRAMES)] = 6
    project_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    scene_chain_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
