"""Read a concept: who is in it, where it is, what it turns on, and what it says happens."""

import re
from dataclasses import dataclass, field
from typing import Literal

from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.wording import BASE_VERBS, is_third_person, slug, words_of

TIMES = {
    "dawn": "dawn", "sunrise": "dawn", "morning": "morning", "noon": "noon", "midday": "noon", "afternoon": "afternoon",
    "sunset": "sunset", "dusk": "dusk", "evening": "evening", "twilight": "dusk", "night": "night",
    "midnight": "midnight",
    "late-night": "night",
}  # fmt: skip
WEATHER = {
    "rain": "rain", "rainy": "rain", "storm": "storm", "stormy": "storm", "thunderstorm": "thunderstorm",
    "snow": "snow",
    "snowy": "snow", "blizzard": "blizzard", "fog": "fog", "foggy": "fog", "mist": "mist", "misty": "mist",
    "wind": "wind",
    "windy": "wind", "heat": "heat haze", "sandstorm": "sandstorm", "hurricane": "storm",
}  # fmt: skip

# Words that name an area or an event rather than a place one can say "in the …" of: the place's own noun reads better.
_NOT_NOUNS = words_of(
    """
    sea ocean race marathon championship trial wedding car city metropolis tokyo paris berlin london everest
    alps himalaya arctic antarctica home frontier mars moon company startup
    """
) | {"new york", "road trip", "war zone", "front line"}
_AGENT_NOT = words_of(
    """
    water summer winter river paper corner letter number dinner flower tower computer after never ever other
    another over under together chapter powder feather leather weather butter danger hunger anger finger
    shoulder silver center theater mirror door floor color humor terror horror error thriller washer dryer
    cancer murder disaster border order matter power fever lover former later better elder master monster
    remember sister brother mother father daughter mist twist list fist tourist exist resist assist slaughter
    laughter poster counter cover forever however whether rather further quarter trailer answer wonder thunder
    ladder rubber trader scatter gather shatter whisper discover deliver
    """
)
_PLACE_NOT = words_of(
    """
    world race mission quest journey war time way run dark darkness middle end edge night day morning love
    battle chance game future past story film movie life death dream secret search hurry row line fight final
    duel storm rain fog snow mist sun moonlight heat cold top bottom face back front side hand hands eyes town
    land country year season summer winter spring group team family dough bread cake soup pie box drawer pocket bag
    bottle letter book envelope suitcase coat mirror machine hat shoe jar cup glass pile mud sand water grass head heart
    mind mouth ear
    """
)
_FEMALE = words_of(
    """
    anna maria mary emma olivia sofia sophia lena clara elena julia laura sarah alice eve ruth helen grace rose
    lily iris maren ingrid astrid margaret jane kate nora mia zoe chloe ines carmen rosa yuki mei aisha fatima
    priya
    """
)
_MALE = words_of(
    """
    john james jack tom thomas peter paul mark david daniel michael luke max leo hugo oscar sam ben henry george
    frank joe carlos miguel diego juan jose omar ali raj kenji hiro ivan boris otto karl erik lars finn noah
    elias jonah
    """
)
_VERBAL = words_of(
    """
    race trial court ring stage bar mine ship park train field club wood port track road farm ward cell
    """
)
_DETERMINERS = words_of(
    """
    a an the his her their its this that every last in on at to into inside aboard old
    """
)
_PRONOUNS = frozenset({"he", "she", "they", "it", "who"})
_SPLIT = re.compile(r"\s*(?:[.;!?:—–]|\s-\s|,?\s+\b(?:and|but|until|when|while|then|before|as|after)\b(?=\s)|,)\s*")

Gender = Literal["female", "male", "neutral"]


@dataclass(frozen=True, slots=True)
class Named:
    """A word of the text that names an entry: which one, how it was written, and where (token index)."""

    id: str
    words: str
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Clause:
    """What the concept says somebody does: "hears a voice in the fog"."""

    subject: str  # person id or name slug; "" = everybody named so far
    predicate: str


@dataclass(slots=True)
class Cues:
    """Everything the concept names."""

    people: list[Named] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # person id -> proper name
    loose_names: dict[str, int] = field(default_factory=dict)  # proper names without a role, and where they stand
    unknown_people: list[str] = field(default_factory=list)  # "falconer": a role no lexicon lists
    places: list[Named] = field(default_factory=list)
    unknown_place: str = ""
    props: list[Named] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    time: str = ""
    weather: str = ""


def tokens_of(text: str) -> list[str]:
    """Words as written, hyphens opened, punctuation dropped."""
    return re.findall(r"[A-Za-z0-9À-ÿ]+(?:['’][a-z]+)?", text.replace("-", " "))


def read_concept(concept: str) -> Cues:
    """Everything a concept names, in its own order. Pure and quick; never raises on any text."""
    tokens = tokens_of(concept)
    lower = [re.sub(r"['’]s$", "", token.lower()) for token in tokens]
    cues = Cues()
    taken: set[int] = set()
    found = _match(lower, {**_tag("props"), **_tag("people")}, taken)
    cues.props = [hit for kind, hit in found if kind == "props"]
    cues.people = _owners_last(_unique([hit for kind, hit in found if kind == "people"]), tokens)
    things = {i for hit in cues.props for i in range(hit.at, hit.at + hit.length)}
    cues.places = _unique([hit for hit in _match_places(lower) if hit.at not in things])
    _read_names(tokens, cues)
    _read_unknown(lower, taken, cues)
    cues.time = next((TIMES[word] for word in lower if word in TIMES), "")
    cues.weather = next((WEATHER[word] for word in lower if word in WEATHER), "")
    cues.clauses = _clauses(concept, cues)
    return cues


def find_people(text: str) -> list[str]:
    """Role ids named in a text, in order."""
    return [hit.id for _, hit in _match([t.lower() for t in tokens_of(text)], _tag("people"), set())]


def find_props(text: str) -> list[str]:
    """Prop ids named in a text, in order, without repeats."""
    hits = _match([t.lower() for t in tokens_of(text)], _tag("props"), set())
    return list(dict.fromkeys(hit.id for _, hit in hits))


def find_place(text: str) -> str:
    """The first place id named in a text, or ""."""
    hits = _match_places([t.lower() for t in tokens_of(text)])
    return hits[0].id if hits else ""


def genres_in(*texts: str) -> list[lexicon.Genre]:
    """Genres whose words occur, in the order of the texts."""
    found: dict[str, lexicon.Genre] = {}
    for text in texts:
        for genre in lexicon.genres().values():
            if any(_mentions(text, word) for word in genre.words):
                found.setdefault(genre.id, genre)
    return list(found.values())


def tone_in(text: str) -> lexicon.Tone | None:
    """The tone whose words occur first in the text."""
    hits = [
        (match.start(), tone.id)
        for tone in lexicon.tones().values()
        for word in tone.words
        if (match := re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE))
    ]
    return lexicon.tones()[min(hits)[1]] if hits else None


def gender_of_name(name: str) -> Gender:
    """A guess from the given name; unknown names that end in -a read as female, others as male."""
    given = name.lower().split()[0] if name.split() else ""
    if given in _FEMALE or (given not in _MALE and given.endswith("a")):
        return "female"
    return "male"


def _tag(kind: Literal["people", "places", "props"]) -> dict[tuple[str, ...], tuple[str, str]]:
    return {words: (kind, key) for words, key in lexicon.phrases(kind).items()}


def _match(
    lower: list[str], phrases: dict[tuple[str, ...], tuple[str, str]], taken: set[int], *, singular: bool = True
) -> list[tuple[str, Named]]:
    """Longest phrase first at every position; a token serves one phrase."""
    longest = max(map(len, phrases))
    hits: list[tuple[str, Named]] = []
    position = 0
    while position < len(lower):
        for length in range(min(longest, len(lower) - position), 0, -1):
            window = tuple(lower[position : position + length])
            entry = phrases.get(window) or (phrases.get((*window[:-1], _singular(window[-1]))) if singular else None)
            if entry:
                hits.append((entry[0], Named(entry[1], " ".join(window), position, length)))
                taken.update(range(position, position + length))
                position += length - 1
                break
        position += 1
    return hits


def _match_places(lower: list[str]) -> list[Named]:
    """Places by their listed words only: "trains" is mostly a verb, and "race" a noun only behind its article."""
    exact = {words: (kind, key) for words, (kind, key) in _tag("places").items()}
    hits = [hit for _, hit in _match(lower, exact, set(), singular=False)]

    def noun(hit: Named) -> bool:
        return (
            hit.words not in _VERBAL or len(lower) <= 3 or bool(_DETERMINERS & set(lower[max(0, hit.at - 2) : hit.at]))
        )

    return [hit for hit in hits if noun(hit)]


def _owners_last(hits: list[Named], tokens: list[str]) -> list[Named]:
    """ "The Clockmaker's Daughter" is about the daughter; she is called by the whole phrase."""
    out, owners = [], []
    for hit in hits:
        last = hit.at + hit.length - 1
        if last < len(tokens) and tokens[last].lower().endswith(("'s", "’s")):
            owners.append(hit)
        else:
            owner = next((o for o in owners if o.at + o.length == hit.at), None)
            out.append(Named(hit.id, f"{owner.words}'s {hit.words}", hit.at, hit.length) if owner else hit)
    return out + owners


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("men"):
        return word[:-3] + "man"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _unique(hits: list[Named]) -> list[Named]:
    return list({hit.id: hit for hit in reversed(hits)}.values())[::-1]


def _mentions(text: str, word: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE))


def _read_names(tokens: list[str], cues: Cues) -> None:
    if sum(token[0].isupper() for token in tokens) > len(tokens) / 2:
        return  # written as a title: capitals say nothing
    known = {i for hit in (*cues.people, *cues.places, *cues.props) for i in range(hit.at, hit.at + hit.length)}
    index = 0
    while index < len(tokens):
        token = tokens[index]
        sure = index > 0 or token.lower() in _FEMALE | _MALE
        if index in known or not token[0].isupper() or not sure or len(token) < 3 or token.lower() in TIMES:
            index += 1
            continue
        end = index + 1
        while end < len(tokens) and tokens[end][0].isupper() and end not in known:
            end += 1
        name = re.sub(r"['’]s$", "", " ".join(tokens[index:end]))
        near = [hit for hit in cues.people if 0 <= hit.at - end <= 3 or 0 <= index - (hit.at + hit.length) <= 1]
        if near and near[0].id not in cues.names:
            cues.names[near[0].id] = name
        elif not (index > 0 and tokens[index - 1].lower() in {"in", "at", "near", "to", "from", "on", "the"}):
            cues.loose_names.setdefault(name, index)
        index = end


def _read_unknown(lower: list[str], taken: set[int], cues: Cues) -> None:
    for index, word in enumerate(lower[:-1]):
        if word in {"a", "an", "the"}:
            end = index + 1
            while end < min(len(lower) - 1, index + 3) and end not in taken | _joints(lower) and not _agent(lower[end]):
                end += 1
            if end not in taken and _agent(lower[end]) and not any(i in taken for i in range(index + 1, end)):
                cues.unknown_people.append(lower[end])
    if cues.places:
        return
    text = " ".join(lower)
    for match in re.finditer(
        r"\b(?:in|inside|at|on|aboard)\s+(?:a|an|the|his|her|their)\s+((?:\w+\s+){0,2}?)(\w+)\b", text
    ):
        noun = match[2]
        following = text[match.end() :].split()[:1]
        unusable = noun in _PLACE_NOT or noun in TIMES or _agent(noun) or noun in lexicon.people()
        if not unusable and (
            not following or following[0] in {"and", "but", "where", "with", "who", "at", "until", "for", "is"}
        ):
            cues.unknown_place = noun
            return


def _joints(lower: list[str]) -> set[int]:
    """Words no noun phrase runs across: "the sea to scatter"."""
    joints = {"to", "of", "and", "in", "on", "at", "for", "with", "who", "that", "from", "or", "but"}
    return {index for index, word in enumerate(lower) if word in joints}


def _agent(word: str) -> bool:
    return len(word) > 4 and word not in _AGENT_NOT and bool(re.search(r"(?:er|or|ist|ian|man|woman)$", word))


def _clauses(concept: str, cues: Cues) -> list[Clause]:
    clauses: list[Clause] = []
    position = 0
    before = ""
    for match in [*_SPLIT.finditer(concept), None]:
        end = match.start() if match else len(concept)
        part = concept[position:end].strip()
        joiner = concept[position - 1 : position]
        clause = _clause(part, cues, clauses, paired=_subject_only(before, cues))
        before = part
        if clause:
            clauses.append(clause)
        elif clauses and part and joiner not in ".;!?":
            last = clauses[-1]
            glue = concept[_gap_start(concept, position) : position]
            clauses[-1] = Clause(last.subject, f"{last.predicate}{glue}{part}")
        position = match.end() if match else len(concept)
    return [clause for clause in clauses if len(clause.predicate.split()) >= 2][:6]


def _gap_start(concept: str, position: int) -> int:
    """Where the separator that ends at `position` begins, so that "flour, sugar" is put back as written."""
    starts = [match.start() for match in _SPLIT.finditer(concept) if match.end() == position]
    return starts[0] if starts else position


def _subject_only(part: str, cues: Cues) -> bool:
    """ "Tom", as in "Tom and Lena drive to the sea"."""
    return part in cues.loose_names or part in cues.names.values()


def _clause(part: str, cues: Cues, before: list[Clause], *, paired: bool) -> Clause | None:
    words = part.split()
    plain = [re.sub(r"[^\w'’-]", "", word).lower() for word in words]
    for index in range(len(words)):
        subject, length, plural = _subject_at(plain, index, cues, before)
        if subject is None:
            continue
        verb = index + length
        while verb < len(plain) and plain[verb].endswith("ly"):
            verb += 1
        if paired and index == 0 and verb < len(plain) and plain[verb] in BASE_VERBS:
            return Clause("", " ".join(words[length:]))
        if verb < len(plain) and (plain[verb] in BASE_VERBS if plural else is_third_person(plain[verb])):
            return Clause(subject, " ".join(words[index + length :]))
    if len(plain) > 1 and is_third_person(plain[0]) and (before or cues.people):
        return Clause(before[-1].subject if before else cues.people[0].id, part)
    return None


def _subject_at(plain: list[str], index: int, cues: Cues, before: list[Clause]) -> tuple[str | None, int, bool]:
    """(subject id, token count, plural) when a subject starts at this word."""
    if index == 0 and plain[0] in _PRONOUNS:
        return (before[-1].subject if before else "", 1, plain[0] == "they")
    for hit in cues.people:
        length = len(hit.words.split())
        if " ".join(plain[index : index + length]).replace("-", " ").replace("’", "'") == hit.words:
            plural = bool(lexicon.people()[hit.id].expands) or _singular(hit.words) != hit.words
            return ("" if plural else hit.id, length, plural)
    for name in (*cues.names.values(), *cues.loose_names):
        length = len(name.split())
        if plain[index : index + length] == name.lower().split():
            owner = next((key for key, value in cues.names.items() if value == name), slug(name))
            return (owner, length, False)
    if plain[index] in cues.unknown_people:
        return (slug(plain[index]), 1, False)
    return (None, 0, False)


def place_noun(hit: Named) -> str:
    """How to call a matched place in a sentence: the concept's own word where it is a noun for a place."""
    if (
        hit.words in _NOT_NOUNS
        or not hit.words.isascii()
        or hit.words in {"woods", "dunes", "docks", "ruins", "trenches"}
    ):
        return hit.id.replace("_", " ")
    return (
        _singular(hit.words)
        if hit.words.endswith("s") and hit.words not in lexicon.places()[hit.id].words
        else hit.words
    )
