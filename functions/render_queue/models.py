"""Requests of SOP step 11."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Quality = Literal["draft", "review", "master"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class NewRender(Body):
    scene_chain_id: Annotated[str, Field(max_length=120)]
    qualities: Annotated[list[Quality], Field(min_length=1, max_length=3)]
    burn_in_metadata: bool = False


class Promote(Body):
    quality: Quality
