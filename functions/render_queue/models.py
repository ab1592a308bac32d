"""Requests of SOP step 11."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Quality = Literal["draft", "review", "master"]
Priority = Literal["normal", "high"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class NewRender(Body):
    """Burn-in stays off masters unless `burnInMaster` asks for it. High priority goes before what is waiting."""

    scene_chain_id: Annotated[str, Field(max_length=120)]
    qualities: Annotated[list[Quality], Field(min_length=1, max_length=3)]
    burn_in_metadata: bool = False
    burn_in_master: bool = False
    watermark: Annotated[str, Field(max_length=60)] = ""
    priority: Priority = "normal"


class Promote(Body):
    quality: Quality


class Change(Body):
    """Pause or go on, and what goes first."""

    paused: bool | None = None
    priority: Priority | None = None


class Sides(Body):
    """The SOP sends these as the body of a GET; query parameters say the same."""

    quality_a: Quality = "draft"
    quality_b: Quality = "master"
