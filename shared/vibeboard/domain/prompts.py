"""Negative prompts of SOP step 7: global cleanliness first, then surgical removals with their weights."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GLOBAL_CLEANLINESS: tuple[str, ...] = (
    "ugly", "deformed", "disfigured", "extra limbs", "missing limbs", "fused fingers", "watermark", "text",
    "signature", "logo", "low quality", "bad anatomy", "blurry", "noise", "artifacts",
)  # fmt: skip

LETTERS = frozenset({"text", "signature", "logo"})  # what a frame with words in it must not be told to leave out
CLEAN = "clean sharp picture, correct anatomy"  # the global terms, for a model that can only be told what to show

NORMAL, STRONG, AGGRESSIVE = 1.0, 1.3, 1.5  # the SOP's weight scale
MIN_WEIGHT, MAX_WEIGHT = 0.1, 2.0

# What a scene must lose first is removed hardest: the SOP's example writes (crowd:1.5), (daylight:1.3).
# From the fifth on a term is a reminder, and pressing it would only dilute the first ones.
_BY_RANK = (AGGRESSIVE, STRONG, STRONG, STRONG, NORMAL)

_WEIGHTED = re.compile(r"\(\s*([^():]+?)\s*:\s*(\d+(?:\.\d+)?)\s*\)")


@dataclass(frozen=True, slots=True)
class WeightedTerm:
    """One removal and how hard it is pressed."""

    term: str
    weight: float = NORMAL

    def __str__(self) -> str:
        return self.term if self.weight == NORMAL else f"({self.term}:{self.weight:g})"


def weigh(elements: Sequence[str], weights: Mapping[str, float] | None = None) -> list[WeightedTerm]:
    """Give each element its weight: from `weights` when named there, else by rank: 1.5, then 1.3 thrice, then 1.0.

    Raises ValueError for a weight outside 0.1..2.0.
    """
    given = weights or {}
    terms = []
    for rank, element in enumerate(dict.fromkeys(e.strip() for e in elements if e.strip())):
        weight = given.get(element, _BY_RANK[min(rank, len(_BY_RANK) - 1)])
        if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
            raise ValueError(f"weight {weight:g} of {element!r} is outside {MIN_WEIGHT:g}..{MAX_WEIGHT:g}")
        terms.append(WeightedTerm(_plain(element), weight))
    return terms


def render(terms: Iterable[WeightedTerm]) -> str:
    """ "(crowd:1.5), (daylight:1.3), hats"; weight 1.0 is written without brackets."""
    return ", ".join(str(term) for term in terms)


def negative_prompt(elements: Sequence[str], weights: Mapping[str, float] | None = None) -> str:
    """["crowd", "daylight"] -> "(crowd:1.5), (daylight:1.3)" (the SOP's hand-off from step 2 to step 6)."""
    return render(weigh(elements, weights))


def parse_negative(text: str) -> list[WeightedTerm]:
    """Read weighted and plain terms back, in order; a repeated term keeps its heaviest weight.

    Raises ValueError for a weight outside 0.1..2.0.
    """
    found: dict[str, float] = {}
    position = 0
    for match in _WEIGHTED.finditer(text):
        _collect_plain(text[position : match.start()], found)
        weight = float(match[2])
        if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
            raise ValueError(f"weight {weight:g} of {match[1]!r} is outside {MIN_WEIGHT:g}..{MAX_WEIGHT:g}")
        found[match[1]] = max(weight, found.get(match[1], 0.0))
        position = match.end()
    _collect_plain(text[position:], found)
    return [WeightedTerm(term, weight) for term, weight in found.items()]


def full_negative(surgical: str, *, lettering: bool = False) -> str:
    """The global cleanliness terms, then the shot's own removals; no term twice. lettering: words belong in the frame.

    Raises ValueError for a weight outside 0.1..2.0.
    """
    own = parse_negative(surgical)
    left_out = {term.term for term in own} | (LETTERS if lettering else set())
    return render([*(WeightedTerm(term) for term in GLOBAL_CLEANLINESS if term not in left_out), *own])


def plain_negative(full: str) -> str:
    """For a model that takes a negative prompt and knows no weights: plain terms, the heaviest first."""
    return ", ".join(term.term for term in sorted(parse_negative(full), key=lambda term: -term.weight))


def as_wording(full: str) -> str:
    """For a model without a negative input: the shot's removals in words, and the global terms as what is wanted."""
    known = set(GLOBAL_CLEANLINESS)
    terms = parse_negative(full)
    clean = CLEAN if LETTERS.isdisjoint(term.term for term in terms) else f"{CLEAN}, no lettering and no marks"
    return ". ".join(filter(None, [positive_wording(term for term in terms if term.term not in known), clean]))


def with_banned(negative: str, banned: Sequence[str]) -> str:
    """The Style Bible's banned elements behind a shot's removals, pressed hard; what is named already stays."""
    own = parse_negative(negative)
    named = {term.term.lower() for term in own}
    more = [WeightedTerm(_plain(element), STRONG) for element in banned if _plain(element).lower() not in named]
    return render([*own, *(term for term in dict.fromkeys(more) if term.term)])


def positive_wording(terms: Iterable[WeightedTerm]) -> str:
    """Removals for models without a negative input: "completely free of crowd, with no daylight, without hats"."""
    phrases = []
    for term in terms:
        lead = "completely free of" if term.weight >= AGGRESSIVE else "with no" if term.weight >= STRONG else "without"
        phrases.append(f"{lead} {term.term}")
    return ", ".join(phrases)


def _plain(element: str) -> str:
    """A term must not close the bracket it is put into."""
    return re.sub(r"\s+", " ", re.sub(r"[():,]", " ", element)).strip()


def _collect_plain(text: str, found: dict[str, float]) -> None:
    for part in text.split(","):
        term = _plain(part)
        if term:
            found[term] = max(NORMAL, found.get(term, 0.0))
