"""Wardrobe, lighting and pose rules of the Style Bible (SOP step 4) held against the words of a shot.

Words are compared, not meanings: a finding names the words that broke the rule, and a person decides.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["wardrobe", "lighting", "pose", "banned"]

COLOURS = frozenset({
    "black", "white", "red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "grey", "gray", "gold",
    "silver", "beige", "cream", "ivory", "navy", "crimson", "scarlet", "teal", "turquoise", "violet", "maroon", "khaki",
})  # fmt: skip
# Garments of one place on the body: a rule for one of them is broken by another of the same row.
GARMENTS: tuple[frozenset[str], ...] = (
    frozenset({"coat", "jacket", "trenchcoat", "overcoat", "parka", "cloak", "cape", "raincoat", "blazer", "hoodie"}),
    frozenset({"dress", "gown", "suit", "jumpsuit", "uniform", "robe", "kimono"}),
    frozenset({"hat", "cap", "beret", "fedora", "helmet", "bonnet", "turban"}),
    frozenset({"shoes", "boots", "heels", "sneakers", "sandals", "slippers"}),
    frozenset({"shirt", "blouse", "sweater", "turtleneck", "vest", "tshirt"}),
    frozenset({"trousers", "jeans", "skirt", "shorts", "leggings", "pants"}),
    frozenset({"lipstick"}),
    frozenset({"gloves", "mittens"}),
    frozenset({"glasses", "sunglasses", "monocle"}),
)
_AT = r"(at|to|into|towards?) (the )?(camera|lens)"
_HARD = r"high contrast|chiaroscuro|hard (light|shadows?)|low[- ]key"
_WARM, _COLD = r"warm (light(ing)?|tones?)|golden hour|candle", r"cold light(ing)?|cool blue|fluorescent"
# What a lighting or pose rule speaks of -> words of a shot that say the opposite.
OPPOSITES: tuple[tuple[Kind, str, str], ...] = (
    ("lighting", _HARD, r"low contrast|(flat|even|soft even)(ly)? (lighting|light|lit)|high[- ]key|overcast light"),
    ("lighting", r"low contrast|soft light|high[- ]key|diffuse", rf"{_HARD}|harsh (light|shadows?)"),
    (
        "lighting",
        r"rim light|from behind|back ?lit|backlight",
        r"front(ally)?[- ]?lit|frontal light(ing)?|lit from the front|ring light",
    ),
    ("lighting", _WARM, _COLD),
    ("lighting", _COLD, _WARM),
    (
        "pose",
        r"never fac\w+|3/4 profile|profile preferred|away from (the )?camera",
        rf"(fac|look|star|gaz|smil)\w* (straight |directly |right )?{_AT}|facing (the )?(camera|lens)"
        r"|full[- ]frontal|frontal view",
    ),
    ("pose", rf"always fac\w+|look\w* {_AT}", r"back to (the )?camera|turned away|in profile"),
    ("pose", r"stand\w* (still|upright|tall)|upright", r"slouch\w*|slump\w*|hunch\w*"),
    ("pose", r"(never|no) smil\w+", r"smil(es|ing|ed)|grin(s|ning)?|laugh(s|ing|ed)?"),
)
_RULE_KINDS: tuple[tuple[str, Kind], ...] = (
    ("wardrobeRules", "wardrobe"),
    ("lightingRules", "lighting"),
    ("poseGuidance", "pose"),
)
_NEGATION = re.compile(r"\b(no|never|without|not|free of|lacks?|avoid(s|ing)?)\b[^.,;]{0,24}$")
_SMALL = frozenset({"a", "an", "the", "of", "and", "with", "from", "behind", "in", "on", "at", "to", "her", "his"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that the words of a shot go against. found: those words."""

    kind: Kind
    rule: str
    found: str
    character: str = ""

    @property
    def message(self) -> str:
        whose = f"{self.character}: " if self.character else ""
        return f"{whose}{self.rule!r} is broken by {self.found!r}"

    def to_dict(self) -> dict[str, str]:
        return {
            "kind": self.kind,
            "character": self.character,
            "rule": self.rule,
            "found": self.found,
            "message": self.message,
        }


def check_shot(text: str, cast: Sequence[dict[str, Any]], banned: Iterable[str]) -> list[Violation]:
    """Every rule that `text` breaks: those of the people in the shot (the bible's rows), then the film's bans."""
    lower = " ".join(text.lower().split())
    found = []
    for row in cast:
        for name, kind in _RULE_KINDS:
            for rule in row.get(name, []):
                words = _breaks(kind, rule, lower)
                if words:
                    found.append(Violation(kind, rule, words, str(row.get("name", ""))))
    for element in banned:
        words = _mention(element, lower)
        if words:
            found.append(Violation("banned", element, words))
    return found


def _breaks(kind: Kind, rule: str, text: str) -> str:
    """The words of the shot that break the rule, "" when none do."""
    lower = rule.lower().strip()
    forbidden = re.fullmatch(r"(?:no|never|without|avoid)\s+(?:any\s+|wears?\s+|wearing\s+)?(.+)", lower)
    if kind == "wardrobe":
        return _mention(forbidden[1], text) if forbidden else _other_garment(lower, text)
    for of, said, opposite in OPPOSITES:
        if of == kind and re.search(said, lower):
            words = _first(opposite, text)
            if words:
                return words
    return _mention(forbidden[1], text) if forbidden else ""


def _other_garment(rule: str, text: str) -> str:
    """The same garment in another colour, or another one of its place on the body."""
    wanted = re.findall(r"[a-z]+", rule)
    colours = {word for word in wanted if word in COLOURS}
    for row in GARMENTS:
        mine = {word for word in wanted if _one(word) in row or word in row}
        if not mine:
            continue
        tokens = list(re.finditer(r"[a-z]+", text))
        for place, token in enumerate(tokens):
            noun = token[0] if token[0] in row else _one(token[0])
            if noun not in row or _negated(text, token.start()):
                continue
            before = [word[0] for word in tokens[max(0, place - 2) : place]]
            told = {word for word in before if word in COLOURS}
            other = noun not in {_one(word) for word in mine} | mine
            if other or (colours and told and not told & colours):
                return " ".join([*(word for word in before if word not in _SMALL), token[0]])
    return ""


def _mention(element: str, text: str) -> str:
    """The element in the text, in singular or plural, unless the text denies it."""
    words = [word for word in re.findall(r"[a-z0-9/]+", element.lower()) if word not in _SMALL]
    if not words:
        return ""
    pattern = r"\b" + r"[ -]".join(rf"{re.escape(_one(word))}(?:e?s|ies)?" for word in words) + r"\b"
    return _first(pattern, text)


def _first(pattern: str, text: str) -> str:
    for hit in re.finditer(pattern, text):
        if not _negated(text, hit.start()):
            return hit[0]
    return ""


def _negated(text: str, at: int) -> bool:
    return bool(_NEGATION.search(text[:at].rstrip()))


def _one(word: str) -> str:
    """Singular, as far as a film's nouns need it."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
