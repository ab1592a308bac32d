"""What a client may ask of the Producer Agent (SOP step 7.5)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.formats import QUALITIES, Quality
from vibeboard.domain.story import DEFAULT_SHOT_SECONDS
from vibeboard.jobs.drafts import MAX_SHOT_SECONDS, MAX_TAKES

MAX_OVERRIDE_USD = 1_000_000
MAX_CREDIT_USD = 100_000
MAX_SHOTS_PRICED = 1_000  # as many as one request may order

Resolution = Literal["720p", "1080p", "4K"]
BY_RESOLUTION: dict[str, Quality] = {spec.label: name for name, spec in QUALITIES.items()}


def _whole_cents(value: float) -> float:
    if Decimal(str(value)) != round(Decimal(str(value)), 2):
        raise ValueError("dollars have at most two decimals")
    return value


ChainId = Annotated[str, Field(min_length=1, max_length=120)]
Cents = AfterValidator(_whole_cents)
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class Override(Body):
    """Raise what may be spent. amount in US dollars."""

    amount: Annotated[float, Field(strict=True, gt=0, le=MAX_OVERRIDE_USD, allow_inf_nan=False), Cents]
    reason: Reason


class Credit(Body):
    """Add to a user's quota, or (negative) take back what is not spent. amount in US dollars."""

    amount: Annotated[float, Field(strict=True, ge=-MAX_CREDIT_USD, le=MAX_CREDIT_USD, allow_inf_nan=False), Cents]
    reason: Reason

    @model_validator(mode="after")
    def _not_nothing(self) -> "Credit":
        if self.amount == 0:
            raise ValueError("amount must not be nothing")
        return self


class TopUp(Body):
    """Add credits to one's own quota. amount in US dollars; reference: the payment it stands for, counted once."""

    amount: Annotated[float, Field(strict=True, gt=0, le=MAX_CREDIT_USD, allow_inf_nan=False), Cents]
    reference: Annotated[str, Field(max_length=200)] = ""


class Estimate(Body):
    """What to price: one chain, some, or (with neither) the whole film.

    shotCount prices that many shots of `seconds` each instead of the chains' own segments. resolution is the quality by
    its other name.
    """

    scene_chain_id: ChainId | None = None
    scene_chain_ids: Annotated[list[ChainId], Field(max_length=200)] = []
    quality: Quality | None = None
    resolution: Resolution | None = None
    shot_count: Annotated[int, Field(strict=True, ge=1, le=MAX_SHOTS_PRICED)] | None = None
    takes: Annotated[int, Field(strict=True, ge=1, le=MAX_TAKES)] = 1
    seconds: Annotated[float, Field(strict=True, gt=0, le=MAX_SHOT_SECONDS, allow_inf_nan=False)] = DEFAULT_SHOT_SECONDS

    @model_validator(mode="after")
    def _one_quality(self) -> "Estimate":
        if self.quality and self.resolution and BY_RESOLUTION[self.resolution] != self.quality:
            raise ValueError(f"{self.quality} is {QUALITIES[self.quality].label}, not {self.resolution}")
        return self

    @property
    def wanted(self) -> Quality:
        return self.quality or (BY_RESOLUTION[self.resolution] if self.resolution else "draft")
