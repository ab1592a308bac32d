"""Reading a frame request: shot size, angle, lens, place, light, weather, people and props from the words given."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import lexicon as lex

# Height of the world (metres) that the frame shows at the subject.
VISIBLE = {
    "ews": 9.0,
    "ws": 2.9,
    "fs": 2.15,
    "mws": 1.5,
    "ms": 1.05,
    "mcu": 0.68,
    "cu": 0.46,
    "ecu": 0.25,
    "insert": 0.42,
}
LENS = {
    "ews": 24.0,
    "ws": 28.0,
    "fs": 35.0,
    "mws": 40.0,
    "ms": 50.0,
    "mcu": 65.0,
    "cu": 85.0,
    "ecu": 100.0,
    "insert": 85.0,
}
TIGHT = frozenset({"cu", "ecu", "mcu", "insert"})


@dataclass(frozen=True, slots=True)
class Shot:
    """What the words ask to be drawn."""

    size: str  # ews ws fs mws ms mcu cu ecu insert
    angle: str  # eye low high top dutch ots pov
    view: str  # "", front, back, profile: how the main figure stands to the camera
    lens_mm: float
    f_number: float
    place: str  # motif set
    place_key: str  # what the set's details are grown from
    interior: bool
    time: str  # day dusk dawn night
    rain: bool
    snow: bool
    fog: float  # 0..1
    steam: bool
    wet: bool
    neon: bool
    silhouette: bool
    crowd: bool
    actions: tuple[str, ...]  # one per figure
    cast: tuple[CharacterLook, ...]
    props: tuple[str, ...]  # motifs, the insert's subject first
    prop_names: tuple[str, ...]
    door: bool  # the shot plays at the door
    words: str  # genre, tone and style in lower case


SHORT_PROMPT = 3  # words: with no more left, the set was all there was
MOST_HEAD = 80  # characters in front of the colon that name size, angle and move


def digest(*parts: object) -> int:
    """A stable 64-bit number from any parts (str() of each)."""
    joined = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "big")


def read(request: FrameRequest) -> Shot:
    """The shot a request describes. Any text is accepted; what is not said is chosen by genre and place."""
    prompt = lex.without_negations(request.prompt.lower().replace("_", " ").replace("’", "'"))
    style = lex.without_negations(request.style.lower())
    words = f"{request.genre} {request.tone} {style}".lower()
    absent = f"{request.negative} {' '.join(request.banned)}".lower().replace("_", " ")
    required = " ".join(request.required).lower()
    wanted = f"{prompt} {required} {style}"

    def on(*names: str) -> bool:
        return lex.has(wanted, *names) and not lex.has(absent, *names)

    place_text = request.place.lower().replace("_", " ").replace("-", " ")
    place = lex.first_of(place_text, lex.PLACES) or lex.first_of(prompt, lex.PLACES)
    interior = _interior(place_text, prompt, place)
    place = _side(place_text, place) or ("generic_interior" if interior else "generic_exterior")
    time = _time(prompt, words, place_text, place, interior, absent)
    actions, cast = _people(request, prompt, absent)
    props, names = _props(request, prompt, absent)
    size, angle = _framing(prompt, props, cast)
    if size != "insert":  # a thing without a shape of its own says nothing from afar
        kept = [(kind, name) for kind, name in zip(props, names, strict=True) if kind != "object"]
        props, names = tuple(kind for kind, _ in kept), tuple(name for _, name in kept)
    fog = (
        0.75
        if on("fog", "mist", "foggy", "misty")
        else 0.45
        if on("haze", "hazy", "smoke", "smoky", "dust", "dusty")
        else 0.0
    )
    if on("steam", "steamy"):
        fog = max(fog, 0.35)
    rain = on("rain", "rainy", "downpour", "storm", "drizzle") and not lex.has(absent, "rain")
    return Shot(
        size=size,
        angle=angle,
        view=_view(prompt, cast),
        lens_mm=_number(r"(\d{1,3}(?:\.\d)?)\s*mm", f"{prompt} {style}", LENS[size], 12.0, 300.0),
        f_number=_number(r"f\s*/\s*(\d{1,2}(?:\.\d)?)", f"{prompt} {style}", 4.0, 0.95, 22.0),
        place=place,
        place_key=place_text.strip() or place,
        interior=interior,
        time=time,
        rain=rain,
        snow=on("snow", "snowy", "snowing", "blizzard", "snowfall") and not lex.has(absent, "snow"),
        fog=fog,
        steam=on("steam", "steamy"),
        wet=on("wet", "puddle", "puddles", "neon reflections", "slick") or (rain and not interior),
        neon=on("neon"),
        silhouette=on("silhouette", "silhouetted", "backlit", "backlight"),
        crowd=lex.has(prompt, *lex.CROWD) and not lex.has(absent, *lex.CROWD) and not lex.has(prompt, *lex.NO_ONE),
        actions=actions,
        cast=cast,
        props=props,
        prop_names=names,
        door=lex.has(prompt, "door", "doorway", "entrance", "threshold"),
        words=words,
    )


def _number(pattern: str, text: str, default: float, low: float, high: float) -> float:
    found = re.search(pattern, text)
    return min(max(float(found.group(1)), low), high) if found else default


def _said(text: str) -> bool | None:
    """Whether a text says that it plays inside; None when it does not say."""
    if lex.has(text, "exterior", "ext", "outside", "outdoors"):
        return False
    return True if lex.has(text, "interior", "int", "inside", "indoors") else None


def _side(place_text: str, place: str) -> str:
    """The place as its own name wants it seen: a lighthouse's stairs are a tower, a church's steps are a town."""
    inside = _said(place_text)
    if not place or inside is None or inside == (place in lex.INTERIORS):
        return place
    if inside:
        named = next((other for other in lex.all_of(place_text, lex.PLACES) if other in lex.INTERIORS), "")
        return lex.INSIDE.get(place) or named or "generic_interior"
    return lex.OUTSIDE.get(place, "street")


def _interior(place_text: str, prompt: str, place: str) -> bool:
    for text in (place_text, prompt):
        said = _said(text)
        if said is not None:
            return said
    if place:
        return place in lex.INTERIORS
    return not lex.has(
        f"{place_text} {prompt}",
        "sky",
        "sun",
        "tree",
        "storm",
        "wind",
        "rain",
        "river",
        "outside",
        "stars",
        "moor",
        "planet",
        "moon",
        "plain",
        "plains",
        "cliff",
        "land",
        "horizon",
        "outback",
        "steppe",
        "ruins",
    )


def _time(prompt: str, words: str, place_text: str, place: str, interior: bool, absent: str) -> str:
    def said(text: str) -> str:
        if lex.has(
            text, "night", "midnight", "nighttime", "moonlight", "moonlit", "late-night", "nocturnal", "neon-lit"
        ):
            return "night"
        if lex.has(text, "sunset", "dusk", "golden hour", "twilight", "evening", "blue hour"):
            return "dusk"
        if lex.has(text, "dawn", "sunrise", "daybreak", "first light"):
            return "dawn"
        if lex.has(text, "day", "daylight", "morning", "noon", "afternoon", "sunny", "sunlit", "midday", "sunshine"):
            return "day"
        return ""

    no_day = lex.has(absent, "daylight", "day", "sunlight", "sunshine", "sun")
    no_night = lex.has(absent, "night", "darkness")
    time = said(prompt) or said(place_text) or said(words)
    if not time:
        dark = lex.has(
            words, "noir", "neo-noir", "thriller", "horror", "dark", "mystery", "crime", "gothic", "cyberpunk"
        )
        warm = lex.has(words, "romance", "romantic", "nostalgic", "melancholy", "melancholic", "western", "elegiac")
        space = place == "lab" or lex.has(words, "sci-fi", "science fiction")
        time = "night" if dark or (space and interior) or place in lex.NIGHT_PLACES else "dusk" if warm else "day"
    if time == "day" and no_day:
        return "night"
    if time == "night" and no_night:
        return "dusk"
    return time


def _people(request: FrameRequest, prompt: str, absent: str) -> tuple[tuple[str, ...], tuple[CharacterLook, ...]]:
    """Cast in the frame and what each does. Without a cast, people the prompt names are given a look of their own."""
    cast = list(request.cast)
    if (
        not cast
        and not lex.has(absent, "people", "person", "man", "woman", "figure")
        and not lex.has(prompt, *lex.NO_ONE)
    ):
        for word in (
            "woman",
            "girl",
            "man",
            "boy",
            "figure",
            "stranger",
            "detective",
            "cowboy",
            "sheriff",
            "astronaut",
            "child",
            "soldier",
            "lover",
            "silhouette",
            "couple",
            "protagonist",
            "hero",
            "heroine",
            "friend",
            "robot",
            "priest",
            "nurse",
            "doctor",
            "teacher",
            "scientist",
            "driver",
            "waitress",
            "fisherman",
        ):
            if lex.has(prompt, word) and len(cast) < 3:
                if word == "couple":
                    cast += [CharacterLook("woman"), CharacterLook("man")]
                elif word != "silhouette" or not cast:
                    cast.append(CharacterLook(word))
    found = [(at, action) for action, terms in lex.ACTIONS for term in terms if (at := lex.position(prompt, term)) >= 0]
    ordered = [action for _, action in sorted(found)]
    actions = [
        ordered[min(index, len(ordered) - 1)]
        if ordered and (index == 0 or len(ordered) > 1 or ordered[0] in ("run", "walk", "sit", "dance", "talk", "aim"))
        else "stand"
        for index in range(len(cast))
    ]
    return tuple(actions), tuple(cast[:4])


def _things(prompt: str) -> str:
    """The prompt without the sentences that describe the set, which brings its own furniture."""
    text = lex.NO_THING.sub(" ", prompt)
    acted = lex.SET_SENTENCE.sub(" ", text)
    return acted if len(acted.split()) > SHORT_PROMPT else text


def _props(request: FrameRequest, prompt: str, absent: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    kinds: list[str] = []
    names: list[str] = []
    people = _names(request.cast)
    for kind in lex.all_of(_things(prompt), lex.PROPS):
        if not lex.has(absent, *lex.PROPS[kind]) and not lex.has(people, *lex.PROPS[kind]):
            kinds.append(kind)
            names.append(kind)
    for prop in request.props:
        text = prop.lower().replace("_", " ")
        if lex.has(absent, text):
            continue
        kind = lex.first_of(text, lex.PROPS) or "object"
        if kind not in kinds or kind == "object":
            kinds.append(kind)
            names.append(text)
    return tuple(kinds), tuple(names)


def _names(cast: Iterable[CharacterLook]) -> str:
    return " ".join(f"{look.name} {look.display_name}" for look in cast).lower().replace("_", " ")


def _framing(prompt: str, props: tuple[str, ...], people: tuple[CharacterLook, ...]) -> tuple[str, str]:
    head = prompt.partition(":")[0] if ":" in prompt[:MOST_HEAD] else ""  # "wide shot, low angle: …" says it first
    level = lex.has(head or prompt, "eye level", "eye-level")
    angle = "eye" if level else lex.first_row(lex.OVERHEAD_LIGHT.sub(" ", head or prompt), lex.ANGLES)
    angle = angle or lex.first_row(lex.OVERHEAD_LIGHT.sub(" ", prompt), lex.ANGLES) or "eye"
    size = lex.first_row(head, lex.SIZES) or lex.first_row(prompt, lex.SIZES)
    if size in ("cu", "ecu", "mcu", "insert") and props and (_of_prop(prompt, _names(people)) or not people):
        size = "insert"
    elif size == "insert" and not props:
        size = "ecu" if people else "cu"
    if not size:
        size = "ms" if angle == "ots" else "ws" if angle in ("top", "high") else "mws" if people else "ws"
        if lex.has(prompt, "face", "eyes", "expression", "tear", "tears", "stare", "stares", "gaze"):
            size = "cu"
        elif people and lex.has(prompt, "silhouette", "enters", "crosses", "walks", "alone", "runs", "arrives"):
            size = "ws"
    return size, angle


def _of_prop(prompt: str, people: str) -> bool:
    """'Close-up of a door handle', 'insert: the letter': the thing, not a face, is what the close-up is of.

    people: names of the cast; a robot among them is no thing.
    """
    found = re.search(
        r"(?:close[- ]?up|closeup|insert|macro|detail|tight|ecu|cu)(?: shot)?\s*(?:of|on|:|-|–|—|,)\s*(.{0,60})", prompt
    )
    if not found:
        return False
    subject = re.split(r"[,.;]| as | while | when ", found.group(1))[0]
    first = lex.first_of(subject, lex.PROPS)
    if first in ("", "eye", "lips") or lex.has(people, *lex.PROPS[first]):
        return False
    at = min(p for word in lex.PROPS[first] if (p := lex.position(subject, word)) >= 0)
    face = [
        p
        for word in ("face", "eyes", "expression", *lex.FEMALE[:6], *lex.MALE[:3])
        if (p := lex.position(subject, word)) >= 0
    ]
    return not face or at < min(face) or lex.has(subject, "hand", "hands", "her", "his")


def _view(prompt: str, cast: tuple[CharacterLook, ...]) -> str:
    if lex.has(
        prompt, "from behind", "back to camera", "walks away", "back view", "rear view", "turns away", "behind her"
    ):
        return "back"
    if lex.has(prompt, "profile", "side view", "in profile"):
        return "profile"
    if lex.has(prompt, "facing camera", "to camera", "frontal", "head-on"):
        return "front"
    rules = " ".join(cast[0].pose).lower() if cast else ""
    return "profile" if "profile" in rules and "3/4" not in rules and "three" not in rules else ""
