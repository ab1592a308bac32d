"""What a client may ask of the reference search (SOP step 1, RAG gate)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_RESULTS = 20


class Search(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)

    query: Annotated[str, Field(min_length=1, max_length=1_000)]
    limit: Annotated[int, Field(strict=True, ge=1, le=MAX_RESULTS)] = 5
