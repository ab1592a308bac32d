"""What a client may send about a project (SOP step 0): the contract, the concept, its crew and its files."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from vibeboard.domain.formats import ASPECT_RATIOS, FRAME_RATES, TARGET_FORMATS, exact_rate
from vibeboard.domain.roles import Role
from vibeboard.domain.story import MAX_SHOTS
from vibeboard.http.access import USER_ID
from vibeboard.store.objects import UPLOAD_BYTES

MAX_RUNTIME_SECONDS = 7_200
MAX_BUDGET_USD = 1_000_000
MAX_REFERENCES = 50
MAX_CREW = 50

Name = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=2_000)]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class Body(BaseModel):
    """camelCase on the wire, no unknown fields."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class Contract(Body):
    """`creativeContract`. Absent fields keep their default (create) or stay as they are (update).

    targetRuntime in seconds, budgetCap in US dollars. `budgetCap: null` means: no cap yet.
    """

    target_format: Annotated[str, Field(max_length=40)] = "trailer"
    target_runtime: Annotated[float, Field(strict=True, ge=1, le=MAX_RUNTIME_SECONDS, multiple_of=0.5)] = 60
    aspect_ratio: Annotated[str, Field(max_length=10)] = "16:9"
    frame_rate: Annotated[float, Field(strict=True, gt=0, le=120, allow_inf_nan=False)] = 24
    reference_pack: Annotated[list[Name], Field(max_length=MAX_REFERENCES)] = []
    budget_cap: Annotated[float, Field(strict=True, gt=0, le=MAX_BUDGET_USD, allow_inf_nan=False)] | None = None
    style_notes: Note = ""

    @field_validator("target_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in TARGET_FORMATS:
            raise ValueError(f"{value!r} is not a format; use one of {', '.join(TARGET_FORMATS)}")
        return value

    @field_validator("aspect_ratio")
    @classmethod
    def _known_ratio(cls, value: str) -> str:
        if value not in ASPECT_RATIOS:
            raise ValueError(f"{value!r} is not an aspect ratio; use one of {', '.join(ASPECT_RATIOS)}")
        return value

    @field_validator("frame_rate")
    @classmethod
    def _known_rate(cls, value: float) -> float:
        try:
            exact_rate(value)
        except KeyError:
            raise ValueError(f"{value:g} is not a frame rate; use one of {', '.join(FRAME_RATES)}") from None
        return value

    @field_validator("reference_pack")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        """The count of references opens the contract gate, so a name counts once."""
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named more than once")
        return value

    @field_validator("budget_cap")
    @classmethod
    def _whole_cents(cls, value: float | None) -> float | None:
        if value is not None and Decimal(str(value)) != round(Decimal(str(value)), 2):
            raise ValueError("dollars have at most two decimals")
        return value


class Concept(Body):
    """SOP step 1's input."""

    concept: Annotated[str, Field(min_length=1, max_length=2_000)]
    genre: Annotated[str, Field(max_length=60)] = ""
    tone: Annotated[str, Field(max_length=60)] = ""


class LensCharacter(Body):
    f_number: Annotated[float, Field(strict=True, ge=0.5, le=64, allow_inf_nan=False)] | None = None
    focal_length: Annotated[float, Field(strict=True, ge=3, le=2_000, allow_inf_nan=False)] | None = None
    lens_type: Annotated[str, Field(max_length=40)] = ""
    bokeh_shape: Annotated[str, Field(max_length=40)] = ""


class Optics(Body):
    """SOP step 5's choice of camera and lens; what is left out is chosen by genre. focalLength in mm."""

    camera: Annotated[str, Field(max_length=120)] = ""
    lens: Annotated[str, Field(max_length=120)] = ""
    lens_character: LensCharacter | None = None


class CrewMember(Body):
    user_id: Annotated[str, Field(pattern=f"^{USER_ID.pattern}$")]
    role: Role
    name: Annotated[str, Field(max_length=120)] = ""


class Credit(Body):
    """One line of the film's credits."""

    role: Annotated[str, Field(min_length=1, max_length=120)]
    name: Annotated[str, Field(min_length=1, max_length=200)]


class CreateProject(Body):
    """`projectId` is accepted because the SOP's body carries it; the id is always ours."""

    project_id: Annotated[str, Field(max_length=120)] | None = None
    title: Annotated[str, Field(max_length=200)] = ""
    creative_contract: Contract = Contract()
    concept: Concept | None = None
    shots: Annotated[int, Field(strict=True, ge=1, le=MAX_SHOTS)] | None = None
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] | None = None
    optics: Optics | None = None
    crew: Annotated[list[CrewMember], Field(max_length=MAX_CREW)] = []
    credits: Annotated[list[Credit], Field(max_length=MAX_CREW)] = []


class UpdateProject(Body):
    """A partial update. `reason` is needed to change a locked contract."""

    project_id: Annotated[str, Field(max_length=120)] | None = None
    title: Name = "Untitled"
    creative_contract: Contract = Contract()
    concept: Concept | None = None
    shots: Annotated[int, Field(strict=True, ge=1, le=MAX_SHOTS)] | None = None
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    optics: Optics | None = None
    reason: Annotated[str, Field(max_length=1_000)] = ""


class SetMember(Body):
    role: Role
    name: Annotated[str, Field(max_length=120)] = ""


class StartUpload(Body):
    """`bytes` is the size the client means to send; the upload form itself holds the limit."""

    name: Annotated[str, Field(pattern=r"^\w[\w .()+-]{0,119}$")]
    kind: Literal["reference", "screenplay", "asset", "frame", "clip"]
    bytes: Annotated[int, Field(strict=True, ge=1, le=UPLOAD_BYTES)] | None = None
