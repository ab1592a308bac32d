"""Small English: articles, pronouns, verb forms and slots, enough to keep generated sentences natural."""

import re
import unicodedata

from vibeboard.domain.ids import digest

_IRREGULAR = {
    "is": "be",
    "are": "be",
    "has": "have",
    "does": "do",
    "goes": "go",
    "dies": "die",
    "lies": "lie",
    "ties": "tie",
}
_THEIR = {"female": "her", "male": "his", "neutral": "its"}
_THEM = {"female": "her", "male": "him", "neutral": "it"}
_THEY = {"female": "she", "male": "he", "neutral": "it"}
_VOWEL_SOUND = re.compile(r"^(?!(?:uni|use|euro|one\b|once\b))[aeiou]|^hou?r|^honest|^heir", re.IGNORECASE)


def words_of(text: str) -> frozenset[str]:
    """A word list written as running text."""
    return frozenset(text.split())


# Plural verb forms a concept may use after "two strangers", "kids" … (third person singular is found by its -s).
BASE_VERBS = words_of(
    """
    are become begin break bring build call carry chase climb come compete cross dance defend discover dream
    drive enter escape explore face fall fight find flee fly follow get go hear help hide hunt invent join keep
    kiss know learn leave live lose love make meet miss move must need open plan play protect race reach realize
    return rob run sail save search see seek set share sneak solve stand start steal stop struggle survive swim
    take teach test train travel try turn uncover visit wait wake walk want watch win work write
    """
)
_NOT_VERBS = words_of(
    """
    this its his hers ours theirs always perhaps towards besides across yes gas bus glass grass class boss loss
    mass pass less darkness business wilderness happiness
    """
)


def article(noun: str) -> str:
    """ "a" or "an" for the noun phrase."""
    return "an" if _VOWEL_SOUND.match(noun) else "a"


def capital(text: str) -> str:
    """First letter upper, the rest untouched."""
    return text[:1].upper() + text[1:]


def bare(noun_phrase: str) -> str:
    """ "the glass door" -> "glass door"."""
    return re.sub(r"^(?:the|a|an)\s+", "", noun_phrase)


def pronouns(gender: str) -> dict[str, str]:
    """Slots {they}, {them}, {their} for a gender."""
    return {"they": _THEY[gender], "them": _THEM[gender], "their": _THEIR[gender]}


def is_third_person(word: str) -> bool:
    """Whether a word after a singular subject reads as its verb: "hears", "tries"."""
    lower = word.lower()
    if lower in _IRREGULAR or lower == "must":
        return True
    return len(lower) > 3 and lower.endswith("s") and not lower.endswith(("'s", "us", "ss")) and lower not in _NOT_VERBS


def base_form(verb: str) -> str:
    """ "climbs" -> "climb", "carries" -> "carry", "watches" -> "watch"; a base form stays."""
    lower = verb.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower.endswith("ies") and len(lower) > 4:
        return lower[:-3] + "y"
    if lower.endswith(("ches", "shes", "sses", "xes", "zzes", "oes")):
        return lower[:-2]
    if lower.endswith("s") and not lower.endswith("ss"):
        return lower[:-1]
    return lower


def gerund(verb: str) -> str:
    """ "climbs" -> "climbing", "takes" -> "taking", "runs" -> "running"."""
    base = base_form(verb)
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "be":
        return base[:-1] + "ing"
    one_syllable = len(re.findall(r"[aeiouy]+", base)) == 1
    if one_syllable and re.search(r"[^aeiou][aeiou][bdgklmnprt]$", base):
        return base + base[-1] + "ing"
    return base + "ing"


def fill(template: str, slots: dict[str, str]) -> str:
    """Put slot values into a template; {Slot} gives the capitalised value."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return slots[name] if name in slots else capital(slots[name[:1].lower() + name[1:]])

    return re.sub(r"\{(\w+)\}", value, template)


def sentence(text: str) -> str:
    """Capital at the front, one full stop at the end."""
    trimmed = capital(re.sub(r"\s+", " ", text).strip())
    return trimmed if trimmed.endswith((".", "!", "?", "”", '"')) else f"{trimmed}."


def flowing(sentences: list[str], subject: str, gender: str) -> str:
    """Join sentences; a subject repeated at the head of consecutive sentences becomes a pronoun."""
    joined: list[str] = []
    repeated = False
    for text in sentences:
        starts = text.startswith(f"{subject} ") and not text.startswith(f"{subject} and ")
        joined.append(f"{capital(_THEY[gender])}{text[len(subject) :]}" if starts and repeated else text)
        repeated = starts
    return " ".join(joined)


def title_case(text: str) -> str:
    """ "clockmaker's daughter" -> "Clockmaker's Daughter"."""
    return re.sub(r"[^\W_]+(?:['’][a-z]+)?", lambda m: capital(m[0]), text)


def listing(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def slug(text: str) -> str:
    """ "Femme Fatale" -> "femme_fatale", "Zoë" -> "zoe"; a name without any Latin letter gets one made from it."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("'", "").replace("’", ""))
    latin = "".join(c for c in plain if not unicodedata.combining(c))
    found = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")[:80].strip("_")
    return found or (f"name_{digest(latin, 8)}" if any(c.isalnum() for c in latin) else "")
