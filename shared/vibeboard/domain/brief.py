"""The brief a film is made from: read, checked against brief.schema.json, then against the world (SOP step 0)."""

import dataclasses
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from vibeboard.domain.brief_text import BriefSyntax, read_document
from vibeboard.domain.gear import OpticsError, find_camera
from vibeboard.domain.optics import LensCharacter, read_lens
from vibeboard.domain.story import MAX_SHOT_SECONDS, MIN_SHOT_SECONDS, Screenplay, StoryModel

MAX_BRIEF_BYTES = 256 * 1024
MAX_IMAGE_BYTES = 20 * 1024 * 1024
MIN_IMAGE_SIDE, MAX_IMAGE_SIDE = 16, 8000  # pixels
MAX_SCREENPLAY_BYTES = 4_000_000
IMAGE_KINDS = ("JPEG", "PNG", "WEBP")

ScreenplayReader = Callable[[str, str], Screenplay]


@dataclass(frozen=True, slots=True)
class BriefProblem:
    """One fault: which file, which field, what is wrong, and what to do."""

    file: str
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: {self.message}. {self.fix}"


class BriefInvalid(ValueError):
    """The brief cannot be used; `problems` lists every fault found, one each."""

    def __init__(self, problems: list[BriefProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class CreativeContract(StoryModel):
    """SOP step 0. `budget_cap` in dollars, None while it is not set; `reference_pack` as written in the brief."""

    target_format: str
    target_runtime: float
    aspect_ratio: str
    frame_rate: float = 24.0
    reference_pack: list[str]
    budget_cap: float | None
    style_notes: str = ""


class ConceptInput(StoryModel):
    """SOP step 1's input."""

    concept: str
    genre: str
    tone: str = ""


class CrewMember(StoryModel):
    """A person and their role in the project."""

    name: str
    role: Literal["owner", "admin", "editor", "viewer"]


class Credit(StoryModel):
    """One line of the credits."""

    role: str
    name: str


class LensCharacterInput(StoryModel):
    """SOP step 5's lensCharacter; unset values are read from the lens name."""

    f_number: float | None = None
    focal_length: float | None = None
    lens_type: str | None = None
    bokeh_shape: str | None = None


class OpticsInput(StoryModel):
    """SOP step 5's input."""

    camera: str
    lens: str
    lens_character: LensCharacterInput = Field(default_factory=LensCharacterInput)

    def resolved(self) -> LensCharacter:
        """The lens character with what the brief leaves out read from the lens name. Raises OpticsError."""
        given = {
            key: value for key, value in self.lens_character.model_dump(by_alias=False).items() if value is not None
        }
        if "f_number" in given and "focal_length" in given:
            return LensCharacter(**given)
        unmarked: dict[str, Any] = {"t_stop": None} if "f_number" in given else {}
        return dataclasses.replace(read_lens(self.lens), **unmarked, **given)


class Brief(StoryModel):
    """A valid brief, with its files found, checked and (the screenplay) read."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    path: Path
    title: str
    creative_contract: CreativeContract
    concept: ConceptInput
    reference_paths: list[Path]
    screenplay: Screenplay | None = None
    screenplay_path: Path | None = None
    shots: int | None = None
    crew: list[CrewMember] = Field(default_factory=list)
    credits: list[Credit] = Field(default_factory=list)
    organization: str = ""
    optics: OpticsInput | None = None
    seed: int = 42
    quality: Literal["draft", "review", "master"] = "draft"


@cache
def brief_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a brief."""
    text = Path(__file__).with_name("brief.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def load_brief(path: Path | str, read_screenplay: ScreenplayReader) -> Brief:
    """Read a brief (YAML or JSON) and check everything it says, without writing anything.

    `read_screenplay(text, name)` parses a screenplay (vibeboard.providers.screenplay has one). Fewer than three
    references or a null cap load: the Contract gate refuses those by its own sentence. Raises BriefInvalid with one
    problem per fault.
    """
    path = Path(path)
    name = path.name
    try:
        data = read_document(path, MAX_BRIEF_BYTES)
    except BriefSyntax as fault:
        raise BriefInvalid([BriefProblem(name, fault.field, fault.message, fault.fix)]) from fault
    problems = list(_schema_problems(data, name))
    if problems:
        raise BriefInvalid(problems)
    contract = data["creativeContract"]
    problems += _cap_problems(contract["budgetCap"], name)
    references = [path.parent / entry for entry in contract["referencePack"]]
    for index, reference in enumerate(references):
        problems += _image_problems(reference, name, f"creativeContract.referencePack[{index}]")
    screenplay, faults = _read_screenplay(data.get("screenplay"), path, read_screenplay)
    problems += faults
    problems += _shot_problems(data, screenplay, name)
    problems += _optics_problems(data.get("optics"), name)
    if problems:
        raise BriefInvalid(problems)
    fields = {key: value for key, value in data.items() if key != "screenplay"}
    fields["creativeContract"] = {**contract, "frameRate": float(contract.get("frameRate", 24))}
    return Brief.model_validate(
        {
            **fields, "path": path, "reference_paths": references, "screenplay": screenplay,
            "screenplay_path": path.parent / data["screenplay"] if "screenplay" in data else None,
        }
    )  # fmt: skip


def _schema_problems(data: Any, name: str) -> Iterator[BriefProblem]:
    from jsonschema import Draft202012Validator  # only a command that reads briefs pays for it

    if not isinstance(data, dict):
        yield BriefProblem(name, "", "the brief is no mapping of fields", "Write it as in docs/reference/brief.md.")
        return
    for error in sorted(
        Draft202012Validator(brief_schema()).iter_errors(data), key=lambda e: list(map(str, e.absolute_path))
    ):
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(
            "."
        )
        yield from _told(error, field, name)


def _told(error: Any, field: str, name: str) -> Iterator[BriefProblem]:
    """A schema error in a person's words."""
    value, rule = error.instance, error.validator
    if rule == "required":
        for missing in [key for key in error.validator_value if key not in value]:
            if f"'{missing}'" in error.message:
                at = f"{field}.{missing}".lstrip(".")
                purpose = error.schema["properties"][missing].get("description", "")
                yield BriefProblem(name, at, "the field is missing", f"Add it: {purpose}".rstrip(". ") + ".")
    elif rule == "additionalProperties":
        known = ", ".join(error.schema["properties"])
        for extra in [key for key in value if key not in error.schema["properties"]]:
            yield BriefProblem(name, f"{field}.{extra}".lstrip("."), "the field is unknown", f"Fields here: {known}.")
    elif rule == "enum":
        choices = ", ".join(dict.fromkeys(str(choice) for choice in error.validator_value))
        label = {"aspectRatio": "aspect ratio", "frameRate": "frame rate"}.get(field.rsplit(".", 1)[-1], "value")
        yield BriefProblem(name, field, f"{value!r} is no known {label}", f"Use one of {choices}.")
    elif rule in {"minimum", "maximum"} and field.endswith("budgetCap") and value < 0:
        yield BriefProblem(
            name, field, f"the cap {value:g} is negative", "Give the most the film may cost, such as 20.0."
        )
    elif rule in {"minimum", "maximum"}:
        side = "at least" if rule == "minimum" else "at most"
        yield BriefProblem(name, field, f"{value:g} is out of range", f"It must be {side} {error.validator_value:g}.")
    elif rule == "multipleOf":
        yield BriefProblem(
            name, field, f"{value:g} is no whole or half second", "Use steps of 0.5, such as 60 or 12.5."
        )
    elif rule == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        message = f"{value!r} is not of type {' or '.join(kinds)}"
        yield BriefProblem(name, field, message[:300], error.schema.get("description", "See docs/reference/brief.md."))
    else:
        yield BriefProblem(
            name, field, error.message[:300], error.schema.get("description", "See docs/reference/brief.md.")
        )


def _cap_problems(cap: float | None, name: str) -> Iterator[BriefProblem]:
    if cap is not None and round(Decimal(str(cap)), 2) != Decimal(str(cap)):
        fix = "Write dollars and cents, such as 20.0 or 19.95."
        yield BriefProblem(name, "creativeContract.budgetCap", f"{cap} has more than two decimals", fix)


def _image_problems(path: Path, name: str, field: str) -> Iterator[BriefProblem]:
    from PIL import Image, UnidentifiedImageError

    shown = path.name
    if not path.is_file():
        yield BriefProblem(
            name, field, f"{shown} does not exist", f"Put the image beside the brief, at {path.parent.name}/{shown}."
        )
        return
    if path.stat().st_size > MAX_IMAGE_BYTES:
        yield BriefProblem(name, field, f"{shown} is larger than 20 MB", "Save it smaller.")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is judged below, before decoding
            with Image.open(path) as image:
                kind, (width, height) = image.format, image.size
                fits = min(width, height) >= MIN_IMAGE_SIDE and max(width, height) <= MAX_IMAGE_SIDE
                if kind in IMAGE_KINDS and fits:
                    image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        yield BriefProblem(name, field, f"{shown} is no readable image", "Use a JPEG, PNG or WebP file.")
        return
    if kind not in IMAGE_KINDS:
        yield BriefProblem(name, field, f"{shown} is a {kind} image", "Use a JPEG, PNG or WebP file.")
    elif not fits:
        fix = f"Each side must have {MIN_IMAGE_SIDE} to {MAX_IMAGE_SIDE} pixels."
        yield BriefProblem(name, field, f"{shown} has {width} x {height} pixels", fix)


def _read_screenplay(
    entry: str | None, brief: Path, reader: ScreenplayReader
) -> tuple[Screenplay | None, list[BriefProblem]]:
    if entry is None:
        return None, []
    path, fix = brief.parent / entry, "Save it as Fountain (plain text in UTF-8) or Final Draft .fdx."
    if not path.is_file():
        told = BriefProblem(
            brief.name, "screenplay", f"{path.name} does not exist", "Put it beside the brief, or leave the field out."
        )
        return None, [told]
    if path.stat().st_size > MAX_SCREENPLAY_BYTES:
        return None, [BriefProblem(path.name, "screenplay", "the file is larger than 4 MB", "Split it into parts.")]
    try:
        return reader(path.read_bytes().decode("utf-8-sig"), path.name), []
    except UnicodeDecodeError:
        return None, [BriefProblem(path.name, "screenplay", "the screenplay is not UTF-8 text", fix)]
    except ValueError as fault:  # the reader's own refusal: what, why, fix
        why = str(getattr(fault, "why", fault))
        return None, [
            BriefProblem(
                path.name, "screenplay", f"the screenplay cannot be read: {why}", str(getattr(fault, "fix", fix))
            )
        ]


def _shot_problems(data: dict[str, Any], screenplay: Screenplay | None, name: str) -> Iterator[BriefProblem]:
    runtime = float(data["creativeContract"]["targetRuntime"])
    scenes = len(screenplay.scenes) if screenplay else 1
    fewest = max(-int(-runtime // MAX_SHOT_SECONDS), scenes)
    most = int(runtime // MIN_SHOT_SECONDS)
    because = f"a shot lasts {MIN_SHOT_SECONDS:g} to {MAX_SHOT_SECONDS:g} seconds"
    if scenes > 1:
        because += f" and the screenplay has {scenes} scenes, each of at least one shot"
    if fewest > most:
        message = f"{runtime:g} seconds are too short for {scenes} scenes: {because}"
        yield BriefProblem(name, "creativeContract.targetRuntime", message, f"Give at least {scenes} seconds.")
    elif "shots" in data and not fewest <= data["shots"] <= most:
        message = f"{data['shots']} shots cannot fill {runtime:g} seconds: {because}"
        yield BriefProblem(name, "shots", message, f"Give {fewest} to {most} shots, or leave the field out.")


def _optics_problems(given: dict[str, Any] | None, name: str) -> Iterator[BriefProblem]:
    if given is None:
        return
    optics = OpticsInput.model_validate(given)
    for field, check in (("optics.camera", lambda: find_camera(optics.camera)), ("optics.lens", optics.resolved)):
        try:
            check()
        except OpticsError as fault:
            yield BriefProblem(name, field, str(fault), "See docs/reference/brief.md for cameras and lens names.")


def brief_fields() -> list[tuple[str, str, bool, str, str]]:
    """Every field as (path, values, required, default, meaning), in the schema's order; the reference page shows it."""
    return list(_fields(brief_schema(), ""))


def _fields(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, bool, str, str]]:
    for name, rule in schema["properties"].items():
        path = f"{prefix}{name}"
        inner = rule.get("items", rule)
        default = json.dumps(rule["default"]) if "default" in rule else ""
        yield path, _values(rule), name in schema.get("required", ()), default, rule["description"]
        if "properties" in inner:
            yield from _fields(inner, f"{path}[]." if "items" in rule else f"{path}.")


def _values(rule: dict[str, Any]) -> str:
    if "enum" in rule:
        return ", ".join(dict.fromkeys(str(choice) for choice in rule["enum"]))
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    bounds = [f"{rule[key]:g}" for key in ("minimum", "maximum") if key in rule]
    if "items" in rule:
        return f"list of {rule['items']['type']}s, at most {rule['maxItems']}"
    longest = f", at most {rule['maxLength']} characters" if "maxLength" in rule else ""
    return " or ".join(kinds) + (f", {' to '.join(bounds)}" if bounds else "") + longest
