"""What a client may send to the Script Lab (SOP steps 1 and 2)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_REFERENCES = 10  # that one outline may pin, or drop

ReferenceId = Annotated[str, Field(min_length=1, max_length=120)]
References = Annotated[list[ReferenceId], Field(max_length=MAX_REFERENCES)]
Version = Annotated[int, Field(strict=True, ge=1, le=99_999)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class WriteOutline(Body):
    """Step 1's input. What is left out comes from the project's stored concept.

    pinnedReferences: ids of references that are used whatever the search finds; droppedReferences: ids that are not
    used even if found. variation: another outline of the same concept; left out, each repetition gets the next.
    """

    concept: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    genre: Annotated[str, Field(max_length=60)] | None = None
    tone: Annotated[str, Field(max_length=60)] | None = None
    pinned_references: References = []
    dropped_references: References = []
    variation: Annotated[int, Field(strict=True, ge=0, le=1_000)] | None = None


class RewriteAct(Body):
    """One act of an outline anew; the other acts stay word for word. Left out, the newest outline is taken."""

    outline_version: Version | None = None
    variation: Annotated[int, Field(strict=True, ge=0, le=1_000)] | None = None


class WriteBreakdown(Body):
    """Which outline to break down: a version, else the approved one, else the newest that nobody rejected."""

    outline_version: Version | None = None


class WritePrompts(Body):
    """Step 2's prompts need nothing but the breakdown."""
