"""What a client may send to the Character Foundry (SOP step 4)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vibeboard.domain.story import HexColor

Rule = Annotated[str, Field(min_length=1, max_length=120)]
Rules = Annotated[list[Rule], Field(max_length=12)]
Elements = Annotated[list[Rule], Field(max_length=24)]
Source = Annotated[str, Field(min_length=1, max_length=2_000)]  # a name, a key or a URL; kept, never fetched
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
