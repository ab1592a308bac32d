"""The sandbox writer's vocabulary: people, places, props, genres, tones and plots, read once from lexicon/*.yaml."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_FOLDER = Path(__file__).with_name("lexicon")

Who = Literal["hero", "foil", "both", "none"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Entry):
    """A role somebody can play. `look` reads "gender; age; build; hair"."""

    id: str
    words: tuple[str, ...]
    look: str = "neutral; adult; average; dark"
    wear: tuple[str, ...] = ()
    pose: tuple[str, ...] = ()
    companions: Annotated[tuple[str, ...], Field(alias="with")] = ()
    expands: tuple[str, ...] = ()

    @property
    def gender(self) -> str:
        """ "female", "male" or "neutral"."""
        return self.look.split(";")[0].strip()

    @property
    def attributes(self) -> dict[str, str]:
        """The Style Bible's attributes."""
        gender, age, build, hair = (part.strip() for part in self.look.split(";"))
        found = {"age": age, "gender": gender, "build": build, "hairColor": hair}
        return {key: value for key, value in found.items() if value != "none"}


class Place(_Entry):
    """Somewhere a scene can happen, with the details a camera would find there."""

    id: str
    words: tuple[str, ...]
    kind: Literal["building", "room", "open"]
    at: str = "in"
    look: str
    threshold: str
    surface: str
    cover: str
    lamp: str
    outside: str
    details: tuple[str, ...]
    props: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    visual: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()


class ShotLine(_Entry):
    """One planned shot of a plot: who, how large, what happens, how it starts and ends."""

    who: Who
    size: str
    action: str
    first: str
    last: str


def _shot_line(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    who, size, action, first, last = (part.strip() for part in value.split("|"))
    return {"who": who, "size": size, "action": action, "first": first, "last": last}


class Beat(_Entry):
    """One step of a plot, with the shots that tell it."""

    act: int
    title: str
    place: Literal["main", "away", "outside"]
    line: str
    shots: tuple[Annotated[ShotLine, BeforeValidator(_shot_line)], ...]


class Plot(_Entry):
    """A story that any fitting people, place and object can play."""

    id: str
    title: str
    logline: str
    acts: tuple[str, ...]
    beats: tuple[Beat, ...]


class Genre(_Entry):
    """What a genre brings along where the concept leaves a choice open."""

    id: str
    name: str = ""
    stakes: str
    words: tuple[str, ...]
    overlay: bool = False
    day_passes: bool = False
    adjective: str
    hero: tuple[str, ...]
    foil: tuple[str, ...]
    objects: tuple[str, ...]
    places: tuple[str, ...]
    times: tuple[str, ...]
    weather: tuple[str, ...]
    light: str
    light_out: str = ""  # under the sky, where the light of a room would be wrong
    visuals: tuple[str, ...]
    negatives: tuple[str, ...]
    themes: tuple[str, ...]
    palette: tuple[str, ...]
    banned: tuple[str, ...]
    required: tuple[str, ...]
    lighting: tuple[str, ...]
    pose: tuple[str, ...]

    @property
    def label(self) -> str:
        """As a reader would write it."""
        return self.name or self.id


class Tone(_Entry):
    """How a tone shifts light and colour."""

    id: str
    words: tuple[str, ...]
    phrase: str
    light: str
    negatives: tuple[str, ...]
    shade: float


@cache
def people() -> dict[str, Person]:
    """Roles by id."""
    return {key: Person(id=key, **value) for key, value in _read("people.yaml").items()}


@cache
def places() -> dict[str, Place]:
    """Places by id."""
    return {key: Place(id=key, **value) for key, value in _read("places.yaml").items()}


@cache
def props() -> dict[str, tuple[str, ...]]:
    """Prop id -> the words that name it; props that only a place or genre names stand for themselves."""
    named = {key: tuple(words) for key, words in _read("props.yaml").items()}
    for place in places().values():
        for prop in place.props:
            named.setdefault(prop, (prop.replace("_", " "),))
    return named


@cache
def genres() -> dict[str, Genre]:
    """Genres by id."""
    return {key: Genre(id=key, **value) for key, value in _read("genres.yaml").items()}


@cache
def tones() -> dict[str, Tone]:
    """Tones by id."""
    return {key: Tone(id=key, **value) for key, value in _read("tones.yaml").items()}


@cache
def plots(genre: str) -> tuple[Plot, ...]:
    """The plots of a genre, in the order variations use them."""
    return tuple(Plot(**plot) for plot in _read(f"plots/{genre}.yaml"))


@cache
def bridges() -> tuple[Beat, ...]:
    """Beats that fit between any two others, for films longer than their plot."""
    return plots("bridges")[0].beats


@cache
def phrases(kind: Literal["people", "places", "props"]) -> dict[tuple[str, ...], str]:
    """Word sequence -> id, for matching text."""
    return dict(_phrases(kind))


def _phrases(kind: str) -> Iterator[tuple[tuple[str, ...], str]]:
    if kind == "people":
        source = {key: person.words for key, person in people().items()}
    elif kind == "places":
        source = {key: place.words for key, place in places().items()}
    else:
        source = props()
    for key, words in source.items():
        for phrase in words:
            yield tuple(phrase.lower().replace("-", " ").split()), key


def _read(name: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((_FOLDER / name).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
