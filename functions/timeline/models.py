"""Requests of SOP steps 10 and 10.5."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class PictureLock(Body):
    """Who and when come from the token and the clock, whatever the payload says."""

    picture_locked: bool
    reason: Annotated[str, Field(max_length=1_000)] = ""
    scene_chain_id: Annotated[str, Field(max_length=120)] | None = None
    locked_by: Annotated[str, Field(max_length=200)] | None = None
    locked_at: Annotated[str, Field(max_length=60)] | None = None


class Assemble(Body):
    """variation 0 is the fitted cut; each further one is tighter."""

    variation: Annotated[int, Field(ge=0, le=20)] = 0
