"""What a client may send to the Character Foundry (SOP step 4)."""

from typing import Annotated

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
    """What the house wants otherwise than generated; the rest is computed from breakdown and cast."""

    global_rules: GlobalRules = GlobalRules()
