"""SOP step 4: the cast's looks and the film's global style rules, before anything is trained."""

import colorsys
import hashlib
import re

from vibeboard.domain.story import Breakdown, CastMember, StyleGlobals
from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.breakdown import banned_in
from vibeboard.providers.sandbox.story.extract import find_people, gender_of_name, tone_in
from vibeboard.providers.sandbox.story.lexicon import Person
from vibeboard.providers.sandbox.story.plan import rank_genres
from vibeboard.providers.sandbox.story.wording import capital, title_case

_LOW_KEY = {"noir", "thriller", "horror", "war", "scifi", "sports", "action", "fantasy", "musical"}
_COLOURS = {
    "teal": "#2a9d8f", "orange": "#f77f00", "gold": "#d4a017", "golden": "#d4a017", "red": "#d62828",
    "crimson": "#b11226",
    "blue": "#1d4e89", "green": "#3a7d44", "purple": "#7b2cbf", "violet": "#7b2cbf", "pink": "#ff69b4",
    "magenta": "#d100d1",
    "cyan": "#00b4d8", "turquoise": "#40e0d0", "yellow": "#ffd60a", "amber": "#ffbf00", "sepia": "#704214",
    "rust": "#b7410e",
    "ochre": "#cc7722", "lavender": "#b497d6", "ivory": "#fffff0", "emerald": "#2e8b57",
}  # fmt: skip
_BUILDS = ("slim", "broad", "wiry", "tall", "sturdy", "lean")
_HAIR = ("black", "dark brown", "auburn", "blond", "grey", "copper")
_WARDROBE = (
    "charcoal wool coat", "mustard cardigan", "navy work jacket", "rust-red sweater", "olive parka",
    "white linen shirt",
    "plum velvet jacket", "faded denim jacket", "green tweed jacket", "striped knit top", "camel overcoat",
    "teal raincoat",
)  # fmt: skip


def design_cast(
    breakdown: Breakdown, genre: str, tone: str, style_notes: str = "", concept: str = ""
) -> list[CastMember]:
    """How each character of the manifest looks: by role where the lexicon knows it, else by what the prompts say.

    No two share their first wardrobe rule, so that an audience tells them apart. Deterministic.
    """
    lead = rank_genres(concept, genre, style_notes)[0]
    pages = " ".join(shot.prompt for shot in breakdown.shots)
    tone_kit = tone_in(tone)
    cast: list[CastMember] = []
    taken: set[str] = set()
    for identifier in breakdown.asset_manifest.characters:
        name = _called(identifier)
        person = _person(identifier, name, pages)
        attributes = person.attributes if person else _described(identifier, name, pages)
        if person and person.gender != "neutral" and not find_people(name):  # a name, with the role found on the page
            attributes |= _noted(name, pages)
            if attributes["gender"] == "female":
                attributes["hairColor"] = (
                    attributes.get("hairColor", "brown").replace(" beard", "").replace(" moustache", "")
                )
        if identifier.split("_")[0] in {"rival", "younger"} and person:
            beside = [lexicon.people()[key] for key in person.companions]
            person = person.model_copy(update={"wear": beside[0].wear if beside else ()})
            attributes |= {"gender": "male" if person.gender == "female" else "female", "hairColor": "copper"}
        wardrobe = _wardrobe(identifier, person, taken)
        taken.add(wardrobe[0])
        lighting = [*lead.lighting, *([capital(tone_kit.light)] if tone_kit else [])]
        cast.append(
            CastMember(
                id=identifier, display_name=name, attributes=attributes,
                wardrobe_rules=[capital(rule) for rule in wardrobe], lighting_rules=list(dict.fromkeys(lighting)),
                pose_guidance=[capital(rule) for rule in ((person.pose if person else ()) or lead.pose)],
            )
        )  # fmt: skip
    return cast


def design_style(genre: str, tone: str, style_notes: str = "", concept: str = "") -> StyleGlobals:
    """The Style Bible's globalRules: the leading genre's palette and rules, shifted by tone and style notes.

    Colour words of the notes join the palette; "no …" bans, "with …" and "plenty of …" require.
    """
    lead = rank_genres(concept, genre, style_notes)[0]
    tone_kit = tone_in(tone)
    palette = list(lead.palette)
    if tone_kit and (lead.id in _LOW_KEY) != (tone_kit.shade < 0):
        palette = [_shaded(colour, tone_kit.shade) for colour in palette]
    notes = style_notes.lower()
    if re.search(r"\b(?:black[ -]and[ -]white|monochrome|b&w)\b", notes):
        palette = [_scaled(colour, saturation=0.0) for colour in palette]
    elif re.search(r"\b(?:muted|desaturated|washed[ -]out)\b", notes):
        palette = [_scaled(colour, saturation=0.5) for colour in palette]
    elif re.search(r"\bpastels?\b", notes):
        palette = [_scaled(colour, saturation=0.6, lift=0.45) for colour in palette]
    palette += [value for word, value in _COLOURS.items() if re.search(rf"\b{word}\b", notes)]
    banned = banned_in(style_notes)
    required = [m.strip() for m in re.findall(r"\b(?:with|plenty of)\s+([\w' -]{2,40})", style_notes, re.IGNORECASE)]
    return StyleGlobals(
        color_palette=list(dict.fromkeys(palette))[:8],
        banned_elements=list(dict.fromkeys([*lead.banned, *banned]))[:24],
        required_elements=list(dict.fromkeys([*lead.required, *required]))[:24],
    )


def _called(identifier: str) -> str:
    """ "clockmakers_daughter" -> "Clockmaker's Daughter": the id lost its apostrophe."""
    words = identifier.split("_")
    shelf = {word for person in lexicon.people().values() for word in person.words}
    told = [f"{w[:-1]}'s" if w[:-1] in shelf and i + 1 < len(words) else w for i, w in enumerate(words)]
    return title_case(" ".join(told))


def _person(identifier: str, name: str, pages: str) -> Person | None:
    shelf = lexicon.people()
    if identifier in shelf:
        return shelf[identifier]
    described = re.search(
        rf"\b{re.escape(name)}(?: \([^)]*\))?, (?:an?|the) ([a-z' -]{{3,40}})[,.]", pages, re.IGNORECASE
    )
    roles = find_people(name)[::-1] or (find_people(described[1]) if described else [])  # English names the head last
    return next((shelf[role] for role in roles if not shelf[role].expands), None)


def _noted(name: str, pages: str) -> dict[str, str]:
    """Age and gender of a named character, from the page: "Maren (60s)", "she"."""
    found = re.search(rf"\b{re.escape(name)} \((?:early |mid |late )?(\d{{1,2}}s?)\b", pages, re.IGNORECASE)
    at = pages.lower().find(name.lower())
    after = pages[at:][:400].lower() if at >= 0 else ""
    female, male = (
        len(re.findall(rf"\b(?:{words})\b", after)) for words in ("she|her|woman|girl", "he|his|him|man|boy")
    )
    gender = "female" if female > male else "male" if male > female else gender_of_name(name)
    return {**({"age": found[1]} if found else {}), "gender": gender}


def _described(identifier: str, name: str, pages: str) -> dict[str, str]:
    """Attributes for a name the lexicon does not know: what the page says, the rest steady per name."""
    digest = hashlib.sha256(identifier.encode()).digest()
    return {
        "age": f"{20 + 10 * (digest[0] % 5)}s",
        **_noted(name, pages),
        "build": _BUILDS[digest[1] % len(_BUILDS)],
        "hairColor": _HAIR[digest[2] % len(_HAIR)],
    }


def _wardrobe(identifier: str, person: Person | None, taken: set[str]) -> tuple[str, ...]:
    if person and person.wear and person.wear[0] not in taken:
        return person.wear
    start = hashlib.sha256(identifier.encode()).digest()[3]
    free = [_WARDROBE[(start + step) % len(_WARDROBE)] for step in range(len(_WARDROBE))]
    return (next((item for item in free if item not in taken), f"{free[0]} with a numbered badge"), "plain dark shoes")


def _shaded(colour: str, amount: float) -> str:
    hue, light, saturation = _hls(colour)
    return _hex(hue, min(0.95, max(0.05, light + amount)), saturation)


def _scaled(colour: str, *, saturation: float, lift: float = 0.0) -> str:
    hue, light, strength = _hls(colour)
    return _hex(hue, light + (1 - light) * lift, strength * saturation)


def _hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)


def _hex(hue: float, light: float, saturation: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in colorsys.hls_to_rgb(hue, light, saturation))
