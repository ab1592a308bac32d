"""Requests of productions and approvals."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Decision(Body):
    """note.shots may name the shots (ids or SC01_SH02) that a rejection is about."""

    decision: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=1_000)] = ""
    note: Annotated[dict[str, Any], Field(max_length=10)] = {}


class Start(Body):
    """quality: what the film is delivered at."""

    quality: Literal["draft", "review", "master"] = "review"
