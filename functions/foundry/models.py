"""What a client may send to the Character Foundry (SOP step 4)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.story import HexColor

Rule = Annotated[str, Field(min_length=1, max_length=120)]
Rules = Annotated[list[Rule], Field(max_length=12)]
Elements = Annotated[list[Rule], Field(max_length=24)]
Source = Annotated[str, Field(min_length=1, max_length=2_000)]  # a name, a key or a URL; kept, never fetched
Key = Annotated[str, Field(min_length=1, max_length=500)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Attribute = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class CreateCharacter(Body):
    """The SOP's character. Rules are optional; the Style Bible fills what is left out."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    reference_images: Annotated[list[Source], Field(max_length=20)] = []
    primary_image_url: Source | None = None
    attributes: Annotated[dict[Attribute, Annotated[str, Field(max_length=120)]], Field(max_length=30)] = {}
    wardrobe_rules: Rules = []
    lighting_rules: Rules = []
    pose_guidance: Rules = []


class StartTraining(Body):
    character_id: Annotated[str, Field(min_length=1, max_length=120)]


class GlobalRules(Body):
    color_palette: Annotated[list[HexColor], Field(min_length=1, max_length=8)] | None = None
    banned_elements: Elements | None = None
    required_elements: Elements | None = None


class WriteBible(Body):
    """What the house wants otherwise than generated; the rest is computed from breakdown and cast.

    reason: an Admin's, to write another version of a frozen bible.
    """

    global_rules: GlobalRules = GlobalRules()
    reason: Annotated[str, Field(max_length=1_000)] = ""


class Likeness(Body):
    """Who is to be seen in an uploaded picture, and what they agreed to. until: the last day, YYYY-MM-DD."""

    upload_id: Annotated[str, Field(min_length=1, max_length=120)]
    person: Annotated[str, Field(min_length=1, max_length=200)]
    consent: Literal["granted", "refused"]
    scope: Annotated[str, Field(min_length=1, max_length=500)]
    until: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None


class Performance(Body):
    """A performance of a character: drivingKey is an uploaded video; imageKey a picture of the character, by default
    its first uploaded one."""

    driving_key: Key
    image_key: Key | None = None
    prompt: Annotated[str, Field(max_length=2_000)] = ""
    max_size: Literal[512, 720, 1280] = 720


class Grip(Body):
    """Where a character holds an object: videoKey is an uploaded video of `frames` frames, box the object in its first
    frame as shares of the picture (x, y, width, height)."""

    video_key: Key
    object_name: Annotated[str, Field(min_length=1, max_length=80)]
    box: tuple[Share, Share, Share, Share]
    frames: Annotated[int, Field(strict=True, ge=1, le=2_000)]

    @field_validator("box")
    @classmethod
    def _inside(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        if not (value[2] > 0 and value[3] > 0 and value[0] + value[2] <= 1 and value[1] + value[3] <= 1):
            raise ValueError("the box must lie inside the picture and have a size")
        return value
