"""From the cues of a concept to a cast and staged story: who plays which plot, where, over what."""

import hashlib
import random
from dataclasses import dataclass

from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.extract import (
    Clause,
    Cues,
    gender_of_name,
    genres_in,
    place_noun,
    read_concept,
    tone_in,
)  # fmt: skip
from vibeboard.providers.sandbox.story.lexicon import Beat, Genre, Person, Place, Plot, Tone
from vibeboard.providers.sandbox.story.wording import article, bare, fill, pronouns, slug, title_case


@dataclass(frozen=True, slots=True)
class Role:
    """One character of this film."""

    id: str
    display: str  # "Femme Fatale", "Maria"
    noun: str  # "femme fatale"; what a sentence calls the role
    named: bool
    person: Person

    @property
    def the(self) -> str:
        """Definite: "the femme fatale", "Maria"."""
        return self.display if self.named else f"the {self.noun}"

    @property
    def a(self) -> str:
        """Introducing: "a femme fatale", "Maria, a baker"."""
        if self.named:
            known = self.noun != self.display.lower()
            return f"{self.display}, {article(self.noun)} {self.noun}," if known else self.display
        return f"{article(self.noun)} {self.noun}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One place of this film; `noun` is the concept's own word for it."""

    place: Place
    noun: str
    exterior: bool

    @property
    def id(self) -> str:
        """ "laundromat_interior", "laundromat_exterior", "beach"."""
        base = self.place.id
        if self.place.kind == "open":
            return base
        return f"{base}_exterior" if self.exterior else f"{base}_interior"

    @property
    def interior(self) -> bool:
        """Whether the camera is under a roof."""
        return not self.exterior and self.place.kind != "open"


@dataclass(frozen=True, slots=True)
class StoryPlan:
    """Everything the outline and the breakdown agree on. Deterministic in its inputs."""

    lead: Genre
    genres: tuple[Genre, ...]
    tone: Tone | None
    plot: Plot
    hero: Role
    foil: Role
    others: tuple[Role, ...]
    main: Setting
    away: tuple[Setting, ...]
    object: str  # prop id
    cues: Cues
    time: str
    weather: str
    tone_words: str  # as the brief writes it

    def light(self, interior: bool) -> str:
        """The genre's light, for a room or for the open."""
        return self.lead.light if interior else self.lead.light_out or self.lead.light

    @property
    def mood(self) -> str:
        """Tone and genre in a few words: "dark neo-noir thriller"."""
        kinds = [genre.label for genre in self.genres[: 2 if self.lead.overlay else 1]]
        return " ".join(part for part in (self.tone_words, *kinds) if part)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Everybody, hero first."""
        return (self.hero, self.foil, *self.others)

    def slots(self, subject: Role | None = None, setting: Setting | None = None, detail: int = 0) -> dict[str, str]:
        """Values for a template told of `subject` in `setting`."""
        where = setting or self.main
        things = self.object.replace("_", " ")
        details = where.place.details
        return {
            "hero": self.hero.the, "a_hero": self.hero.a, "foil": self.foil.the, "a_foil": self.foil.a,
            "object": f"the {things}", "a_object": _indefinite(things), "object_bare": things,
            "object_cap": f"The {things}",
            "place": f"the {self.main.noun}", "place_bare": self.main.noun,
            "a_place": f"{article(self.main.noun)} {self.main.noun}",
            "a_late_place": f"a late-night {self.main.noun}", "place_title": title_case(self.main.noun),
            "look": where.place.look, "threshold": where.place.threshold, "threshold_bare": bare(where.place.threshold),
            "surface": where.place.surface, "surface_bare": bare(where.place.surface), "cover": where.place.cover,
            "lamp": where.place.lamp, "room": "the room" if where.interior else "the open ground",
            "enters": "enters" if where.interior else "steps into",
            "through": "through" if where.interior else "past", "detail": details[detail % len(details)],
            "adjective": self.lead.adjective,
            **pronouns((subject or self.hero).person.gender),
        }  # fmt: skip

    def tell(self, template: str) -> str:
        """A template as prose about the hero."""
        return at_place(fill(template, self.slots()), self)


def make_plan(concept: str, genre: str, tone: str, style_notes: str, seed: int, variation: int = 0) -> StoryPlan:
    """Cast and stage a story for the concept. Another `variation` takes another plot, object or counterpart."""
    cues = read_concept(concept)
    ranked = rank_genres(concept, genre, style_notes)
    lead = ranked[0]
    rng = _rng(concept, genre, seed, variation)
    shelf = list(lexicon.plots(lead.id))
    if variation >= len(shelf):  # a genre with few plots borrows from the next, rather than repeat itself
        borrowed = ranked[1] if len(ranked) > 1 else lexicon.genres()["drama" if lead.id != "drama" else "thriller"]
        shelf += [plot for plot in lexicon.plots(borrowed.id) if plot not in shelf]
    main, away = _settings(cues, lead, rng)
    hero, foil, others = _cast(cues, lead, main, variation, rng)
    if lead.id == "scifi" and foil.person.gender != "neutral":
        shelf = shelf[1:] + shelf[:1]  # its first plot questions a machine; two humans play the other
    plot = shelf[variation % len(shelf)]
    return StoryPlan(
        lead=lead, genres=tuple(ranked), tone=tone_in(tone) or tone_in(style_notes), plot=plot, hero=hero, foil=foil,
        others=others, main=main, away=away, object=_object(cues, lead, main, variation, rng), cues=cues,
        time=cues.time or lead.times[0], weather=cues.weather or lead.weather[0],
        tone_words=tone.strip().lower() if 0 < len(tone.split()) <= 3 else "",
    )  # fmt: skip


def rank_genres(concept: str, genre: str, style_notes: str) -> list[Genre]:
    """Leading genre first: an overlay such as noir leads wherever it is named, else the genre field does."""
    found = genres_in(genre, concept, style_notes) or [lexicon.genres()["drama"]]
    return sorted(found, key=lambda kit: not kit.overlay)


def setting_time(plan: StoryPlan, act: int) -> str:
    """Time of day of an act: some genres let the day pass, others stay in theirs; the concept's word wins."""
    if plan.cues.time or not plan.lead.day_passes:
        return plan.time
    return plan.lead.times[min(act, len(plan.lead.times) - 1)]


def setting_for(plan: StoryPlan, beat: Beat, index: int) -> Setting:
    """Where a beat plays."""
    if beat.place == "away" or (beat.place == "outside" and plan.main.place.kind == "room"):
        return plan.away[index % len(plan.away)]
    if beat.place == "outside" and plan.main.place.kind == "building":
        return Setting(plan.main.place, plan.main.noun, exterior=True)
    return plan.main


def subjects_of(plan: StoryPlan, clause: Clause) -> tuple[Role, ...]:
    """Who does what a clause says."""
    named = [role for role in plan.roles if clause.subject in {role.id, role.person.id}]
    return (named[0],) if named else (plan.hero, plan.foil)


def at_place(text: str, plan: StoryPlan) -> str:
    """ "in the beach" -> "on the beach", for places one is on or at."""
    for setting in (plan.main, *plan.away):
        if setting.place.at != "in":
            for determiner in ("the", article(setting.noun)):
                text = text.replace(
                    f"in {determiner} {setting.noun}", f"{setting.place.at} {determiner} {setting.noun}"
                )
    return text


def _indefinite(things: str) -> str:
    plural = things.endswith("s") and not things.endswith("ss")
    return f"the {things}" if plural else f"{article(things)} {things}"


def generic_place(noun: str) -> Place:
    """A place no lexicon lists, described by its own name."""
    return Place(
        id=slug(noun), words=(noun,), kind="building", look=f"the wide rooms of the {noun}", threshold="the entrance",
        surface="the nearest ledge", cover="a wide pillar", lamp="a single lamp", outside=f"the path before the {noun}",
        details=("dust turning in a shaft of light", "a door swinging slowly on its hinge",
        "a shadow sliding over the wall"),
    )  # fmt: skip


def _cast(
    cues: Cues, lead: Genre, main: Setting, variation: int, rng: random.Random
) -> tuple[Role, Role, tuple[Role, ...]]:
    shelf = lexicon.people()
    wanted: dict[str, Role] = {}
    first_person = min((hit.at for hit in cues.people), default=-1)
    for name, at in cues.loose_names.items():
        if at < first_person:
            wanted.setdefault(slug(name), _loose(name))
    for hit in cues.people:
        for key in shelf[hit.id].expands or (hit.id,):
            role = _role(key, cues, "" if shelf[hit.id].expands else hit.words)
            wanted.setdefault(role.id, role)
            if _several(hit.words, shelf[hit.id]):
                other = _counterpart(role, lead)
                wanted.setdefault(other.id, other)
    _name_the_keeper(wanted, cues)
    for noun in dict.fromkeys(cues.unknown_people):
        wanted.setdefault(slug(noun), _role(slug(noun), cues, noun))
    for name in cues.loose_names:
        wanted.setdefault(slug(name), _loose(name))
    invented = [*lead.hero] if lead.overlay else [*main.place.people[:1], *lead.hero]
    # who comes second: whoever tends to appear beside the first, then the place's people, then the genre's
    first = next(iter(wanted.values()), None) or _role(invented[0], cues, "")
    beside = [*first.person.companions] if variation == 0 or lead.id == "documentary" else []
    seconds = [
        *beside,
        *(() if lead.overlay else main.place.people[1:2]),
        *_rotated(lead.foil, variation, rng),
        *main.place.people,
    ]
    cast = list(wanted.values()) or [first]
    for key in seconds:
        if len(cast) >= 2:
            break
        if key not in {role.person.id for role in cast}:
            cast.append(_role(key, cues, ""))
    # a film about a creature or a machine is told by whoever faces it, so the person leads
    if (
        lead.id in {"documentary", "scifi", "horror"}
        and cast[0].person.gender == "neutral"
        and cast[1].person.gender != "neutral"
    ):
        cast[0], cast[1] = cast[1], cast[0]
    if _needs_creature(lead, cast, len(wanted)):
        spare = next(key for key in lead.foil if key != cast[0].person.id)
        cast.insert(1, _role(spare, cues, ""))
    return cast[0], cast[1], tuple(cast[2:8])


def _needs_creature(lead: Genre, cast: list[Role], named: int) -> bool:
    """Fantasy turns on somebody with wings or a spell, and a machine's first question on a machine."""
    human = cast[1].person.gender != "neutral"
    return human and (lead.id == "fantasy" or (lead.id == "scifi" and named < 2))


def _role(key: str, cues: Cues, words: str) -> Role:
    person = lexicon.people().get(key) or Person(
        id=key, words=(words,), look=f"{gender_of_name(words)}; 30s; slim; brown"
    )
    noun = _called(person, words)
    name = cues.names.get(key, "")
    if name and person.gender != "neutral":
        person = person.model_copy(update={"look": f"{gender_of_name(name)};{person.look.split(';', 1)[1]}"})
    if name:
        return Role(slug(name), name, noun, True, person)
    return Role(person.id if noun == person.id.replace("_", " ") else slug(noun), title_case(noun), noun, False, person)


def _several(words: str, person: Person) -> bool:
    """ "two gunslingers": more than one of a role that stands for one human."""
    return words.endswith("s") and words not in person.words and person.gender != "neutral" and not person.expands


def _counterpart(role: Role, lead: Genre) -> Role:
    """The second of two in the same role, told apart at a glance."""
    kind = "rival" if lead.id in {"western", "thriller", "noir", "action", "sports", "comedy"} else "younger"
    gender = "male" if role.person.gender == "female" else "female"
    looks = role.person.look.split(";", 1)[1].rsplit(";", 1)[0]
    person = Person(id=f"{kind}_{role.id}", words=(), look=f"{gender};{looks}; copper")
    return Role(person.id, f"{kind.title()} {role.display}", f"{kind} {role.noun}", False, person)


def _name_the_keeper(wanted: dict[str, Role], cues: Cues) -> None:
    """ "bees and the woman who keeps them": a nameless woman or man beside a creature is whoever tends it."""
    shelf = lexicon.people()
    tends = next(
        (
            shelf[hit.id].companions[0]
            for hit in cues.people
            if shelf[hit.id].companions and shelf[hit.id].gender == "neutral"
        ),
        "",
    )
    for key in ("young_woman", "young_man", "woman", "man"):
        if tends and key in wanted and key not in cues.names:
            wanted[tends] = _role(tends, cues, "")
            del wanted[key]


def _called(person: Person, words: str) -> str:
    """The concept's own word for a role when it is singular ("cowboy"), else the role's name."""
    own = person.id.replace("_", " ")
    if words.endswith("s") and words not in person.words:
        singular = words.removesuffix("s")
        return singular if singular in person.words else own
    plural_or_animal = words.endswith("s") and words not in person.words
    if (
        not words
        or plural_or_animal
        or words in {"bees", "bee", "honeybees", "machine", "ai", "kid", "strangers", "swarm"}
    ):
        return own
    return words


def _loose(name: str) -> Role:
    gender = gender_of_name(name)
    person = Person(id=slug(name), words=(name.lower(),), look=f"{gender}; 30s; lean; brown")
    return Role(slug(name), name, name.lower(), True, person)


def _settings(cues: Cues, lead: Genre, rng: random.Random) -> tuple[Setting, tuple[Setting, ...]]:
    shelf = lexicon.places()
    named = [Setting(shelf[hit.id], place_noun(hit), exterior=False) for hit in cues.places]
    if not named and cues.unknown_place:
        named = [Setting(generic_place(cues.unknown_place), cues.unknown_place, exterior=False)]
    if not named:
        home = next((p for hit in cues.people for p in shelf.values() if hit.id in p.people), None)
        first = home or shelf[lead.places[rng.randrange(len(lead.places))]]
        named = [Setting(first, first.id.replace("_", " "), exterior=False)]
    away = named[1:] + [
        Setting(shelf[key], key.replace("_", " "), exterior=False) for key in lead.places if key != named[0].place.id
    ]
    return named[0], tuple(away[:3])


def _object(cues: Cues, lead: Genre, main: Setting, variation: int, rng: random.Random) -> str:
    fixtures = {"washing_machine", "neon_sign", "beehive", "street_lamp", "oven"}
    named = [hit.id for hit in cues.props if hit.id not in fixtures]
    if named:
        return named[0]
    fitting = [prop for prop in lead.objects if prop in main.place.props] + list(lead.objects)
    if lead.id == "documentary":
        carried = [prop for prop in main.place.props if prop not in fixtures]
        fitting = carried + fitting
        return fitting[variation % len(fitting)]
    return _rotated(tuple(dict.fromkeys(fitting)), variation, rng)[0]


def _rotated(items: tuple[str, ...], variation: int, rng: random.Random) -> list[str]:
    start = (rng.randrange(len(items)) if variation else 0) % len(items)
    return [*items[start:], *items[:start]]


def _rng(concept: str, genre: str, seed: int, variation: int) -> random.Random:
    digest = hashlib.sha256(f"{concept}|{genre}|{seed}|{variation}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))
