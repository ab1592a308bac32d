"""Who a character is on screen: build, skin, hair and wardrobe, from the CharacterLook alone."""

import random
import re
from dataclasses import dataclass
from functools import lru_cache

from vibeboard.providers.ports import CharacterLook
from vibeboard.providers.sandbox.picture import lexicon as lex
from vibeboard.providers.sandbox.picture.colour import Colour, from_hsv, hsv, rgb, scale
from vibeboard.providers.sandbox.picture.read import digest

SKINS = (
    rgb(236, 196, 168),
    rgb(222, 176, 142),
    rgb(196, 144, 106),
    rgb(158, 108, 76),
    rgb(118, 78, 54),
    rgb(86, 56, 42),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A drawn person. Lengths are metres; colours are float BGR."""

    female: bool
    child: bool
    elder: bool
    robot: bool
    height: float
    girth: float  # 1 is average
    skin: Colour
    hair: Colour
    hair_style: str  # long bob bun short cropped bald curly
    beard: bool
    garment: str  # coat dress suit jacket shirt spacesuit
    cloth: Colour
    under: Colour
    legs: Colour
    shoes: Colour
    hat: str
    lips: Colour
    accent: Colour  # scarf, tie, belt
    glasses: bool
    seed: int


@lru_cache(maxsize=256)
def _person(name: str, text: str, wardrobe: str, attributes: str) -> Person:
    seed = digest("person", name, text, wardrobe)
    rng = random.Random(seed)
    worn = lex.without_negations(wardrobe)
    says = f"{name} {text} {attributes}"
    female = _gender(says, worn, rng)
    child = lex.has(says, "child", "boy", "girl", "kid", "teen", "toddler") and not lex.has(
        says, "girlfriend", "boyfriend"
    )
    age = re.search(r"\b(\d{1,2})\b", attributes)
    years = int(age.group(1)) if age else 0
    child = child or 0 < years < 13
    elder = years >= 60 or lex.has(says, "old", "elderly", "aged", "grandmother", "grandfather", "elder")
    robot = lex.has(says, "robot", "android", "cyborg", "droid")
    slim = lex.has(attributes, "slim", "slender", "thin", "lean", "petite")
    heavy = lex.has(attributes, "heavy", "stocky", "large", "broad", "muscular", "big", "overweight")
    height = (1.20 if child else 1.69 if female else 1.80) * rng.uniform(0.975, 1.025)
    height *= 1.05 if lex.has(attributes, "tall") else 0.94 if lex.has(attributes, "short", "petite") else 1.0
    skin = _skin(says, rng)
    hair = _hair(attributes, elder, rng)
    garment = lex.first_row(worn, lex.GARMENTS) or _by_role(says, female, rng)
    cloth = _cloth(worn, garment, says, rng)
    hue, _, value = hsv(cloth)
    under = rgb(222, 216, 206) if garment == "suit" else from_hsv(hue + 0.45, 0.25, 0.75 if value < 0.4 else 0.3)
    legs = (
        scale(cloth, 0.86)
        if garment in ("suit", "spacesuit")
        else rng.choice((rgb(46, 48, 58), rgb(62, 74, 98), rgb(78, 66, 54), rgb(34, 32, 34)))
    )
    if female and garment == "coat":
        legs = rgb(34, 30, 34)
    return Person(
        female=female,
        child=child,
        elder=elder,
        robot=robot,
        height=height,
        girth=0.92 if slim else 1.16 if heavy else rng.uniform(0.97, 1.05),
        skin=rgb(150, 160, 170) if robot else skin,
        hair=hair,
        hair_style=_style(attributes, female, elder, robot, rng),
        beard=not female
        and not child
        and not robot
        and (lex.has(says, "beard", "bearded", "stubble") or rng.random() < 0.22),
        garment=garment,
        cloth=cloth,
        under=under,
        legs=legs,
        shoes=rgb(24, 22, 24) if rng.random() < 0.6 else rgb(72, 46, 32),
        hat=_hat(worn, wardrobe, says),
        lips=rgb(190, 24, 40) if lex.has(worn, "red lipstick", "lipstick") else _lip(skin, female),
        accent=_accent(worn, cloth, rng),
        glasses=lex.has(f"{worn} {attributes}", "glasses", "spectacles", "sunglasses"),
        seed=seed,
    )


def person_of(look: CharacterLook) -> Person:
    """The same person for the same look, in every shot."""
    attributes = " ".join(f"{k} {v}" for k, v in sorted(look.attributes.items())).lower()
    return _person(
        look.name.lower().replace("_", " "), look.display_name.lower(), " , ".join(look.wardrobe).lower(), attributes
    )


def _gender(says: str, worn: str, rng: random.Random) -> bool:
    if lex.has(says, *lex.FEMALE):
        return True
    if lex.has(says, *lex.MALE):
        return False
    if lex.has(worn, "dress", "gown", "lipstick", "skirt", "heels"):
        return True
    first = says.split()[0] if says.split() else ""
    return first.endswith(("a", "ia", "elle", "ie", "ine", "eth")) or rng.random() < 0.4


def _skin(says: str, rng: random.Random) -> Colour:
    for index, words in enumerate(
        (
            ("pale", "fair", "porcelain"),
            ("light skin",),
            ("tan", "tanned", "olive skin"),
            ("brown skin", "latina", "latino"),
            ("dark skin", "african"),
            ("deep skin", "ebony"),
        )
    ):
        if lex.has(says, *words):
            return SKINS[index]
    return SKINS[rng.choices(range(6), (3, 3, 3, 2, 2, 1))[0]]


def _hair(attributes: str, elder: bool, rng: random.Random) -> Colour:
    found = re.search(r"hair\w*\s+(?:color\s+|colour\s+)?([a-z]+)", attributes) or re.search(
        r"([a-z]+)[- ]hair", attributes
    )
    for word in (found.group(1) if found else "", *attributes.split()):
        if word in lex.HAIR and (found or word not in lex.COLOURS):
            return rgb(*lex.HAIR[word])
    if elder:
        return rgb(176, 174, 172)
    return rgb(*lex.HAIR[rng.choice(("black", "brown", "brunette", "auburn", "blonde", "chestnut", "dark"))])


def _style(attributes: str, female: bool, elder: bool, robot: bool, rng: random.Random) -> str:
    if robot:
        return "bald"
    for style, words in (
        ("long", ("long hair", "long")),
        ("bob", ("bob", "shoulder-length")),
        ("bun", ("bun", "updo", "ponytail")),
        ("curly", ("curly", "afro", "curls")),
        ("bald", ("bald", "shaved")),
        ("short", ("short hair", "pixie", "crew cut")),
    ):
        if lex.has(attributes, *words):
            return style
    if female:
        return rng.choice(("long", "long", "bob", "bun" if elder else "bob", "curly"))
    return rng.choice(("short", "short", "cropped", "curly", "bald" if elder else "short"))


def _by_role(says: str, female: bool, rng: random.Random) -> str:
    for garment, words in (
        (
            "coat",
            ("detective", "noir", "femme fatale", "stranger", "doctor", "scientist", "spy", "gunslinger", "wizard"),
        ),
        ("spacesuit", ("astronaut", "cosmonaut", "pilot")),
        ("suit", ("agent", "lawyer", "banker", "boss", "executive", "gangster", "groom", "butler")),
        ("dress", ("bride", "queen", "princess", "nun", "singer")),
        ("jacket", ("sheriff", "cowboy", "soldier", "captain", "biker", "driver", "police", "officer")),
    ):
        if lex.has(says, *words):
            return garment
    return rng.choice(("dress", "coat", "shirt", "jacket") if female else ("jacket", "suit", "shirt", "coat"))


def _cloth(worn: str, garment: str, says: str, rng: random.Random) -> Colour:
    words = dict(lex.GARMENTS).get(garment, ())
    for word in words:
        at = lex.position(worn, word)
        if at >= 0:
            named = [
                w for w in re.findall(r"[a-z]+", worn[max(0, at - 28) : at].rsplit(",", 1)[-1]) if w in lex.COLOURS
            ]
            if named:  # "blue linen": the colour counts before the stuff
                return rgb(*lex.COLOURS[next((w for w in named if w not in ("linen", "leather", "denim")), named[-1])])
    if garment == "spacesuit":
        return rgb(214, 214, 208)
    if lex.has(f"{worn} {says}", "lab coat", "doctor", "nurse", "scientist"):
        return rgb(222, 224, 222)
    if lex.has(worn, "trench coat"):
        return rgb(168, 136, 96)
    return from_hsv(rng.random(), rng.uniform(0.35, 0.7), rng.uniform(0.28, 0.72))


def _hat(worn: str, wardrobe: str, says: str) -> str:
    hat = lex.first_row(worn, lex.HATS)
    if hat or lex.has(wardrobe, "hat", "hats"):
        return hat
    return "stetson" if lex.has(says, "cowboy", "sheriff", "gunslinger", "rancher") else ""


def _lip(skin: Colour, female: bool) -> Colour:
    return (
        skin[0] * (0.62 if female else 0.72),
        skin[1] * (0.55 if female else 0.70),
        skin[2] * (0.92 if female else 0.84),
    )


def _accent(worn: str, cloth: Colour, rng: random.Random) -> Colour:
    for word in ("scarf", "tie", "belt", "bandana", "gloves", "sash", "ribbon"):
        at = lex.position(worn, word)
        if at >= 0:
            named = [w for w in re.findall(r"[a-z]+", worn[max(0, at - 20) : at]) if w in lex.COLOURS]
            if named:
                return rgb(*lex.COLOURS[named[-1]])
    return from_hsv(hsv(cloth)[0] + rng.uniform(0.3, 0.7), 0.65, 0.6)
