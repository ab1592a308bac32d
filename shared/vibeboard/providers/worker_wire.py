"""What all of the worker's messages are made of: strict camelCase objects, links, names, seeds."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Link = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=8_000)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Words = Annotated[str, Field(max_length=4_000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Wire(BaseModel):
    """camelCase on the wire; an unknown field is refused, so that a typing error is not silently a default."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", populate_by_name=True, frozen=True)

    def wire(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)
