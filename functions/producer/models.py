"""What a client may ask of the Producer Agent (SOP step 7.5)."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.formats import Quality
from vibeboard.domain.story import DEFAULT_SHOT_SECONDS, MAX_SHOTS
from vibeboard.jobs.drafts import MAX_SHOT_SECONDS, MAX_TAKES

MAX_OVERRIDE_USD = 1_000_000

ChainId = Annotated[str, Field(min_length=1, max_length=120)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class Override(Body):
    """Raise what may be spent. amount in US dollars."""

    amount: Annotated[float, Field(strict=True, gt=0, le=MAX_OVERRIDE_USD, allow_inf_nan=False)]
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]

    @field_validator("amount")
    @classmethod
    def _whole_cents(cls, value: float) -> float:
        if Decimal(str(value)) != round(Decimal(str(value)), 2):
            raise ValueError("dollars have at most two decimals")
        return value


class Estimate(Body):
    """What to price: one chain, some, or (with neither) the whole film.

    shotCount prices that many shots of `seconds` each instead of the chains' own segments.
    """

    scene_chain_id: ChainId | None = None
    scene_chain_ids: Annotated[list[ChainId], Field(max_length=200)] = []
    quality: Quality = "draft"
    shot_count: Annotated[int, Field(strict=True, ge=1, le=MAX_SHOTS)] | None = None
    takes: Annotated[int, Field(strict=True, ge=1, le=MAX_TAKES)] = 1
    seconds: Annotated[float, Field(strict=True, gt=0, le=MAX_SHOT_SECONDS, allow_inf_nan=False)] = DEFAULT_SHOT_SECONDS
