"""Things people handle on a page: what no lexicon lists is still a prop when somebody holds, lifts or opens it."""

import re

from vibeboard.providers.sandbox.story.wording import words_of

MAX_THINGS = 3  # of one shot, beside what the lexicon knows

_HANDLES = re.compile(
    r"\b(?:hold(?:s|ing)?|carr(?:y|ies|ying)|lift(?:s|ing)?|raises?|opens?|closes?|takes?|grabs?|picks? up|drops?|"
    r"hangs?|puts?|pulls?|throws?|reads?|stud(?:y|ies)|wears?|swings?|folds?|lights?|pockets?|hides?|finds?|"
    r"clutch(?:es)?|hands? (?:her|him|them|over)|points? (?:at|to)|reach(?:es)? for|writes? in|looks? into|with)"
    r"\s+(?:a|an|the|his|her|their|its|another)\s+((?:[a-z][a-z'-]*\s*){1,4})"
)
_ENDS = words_of(
    """
    in on at of to from with without under over behind before beside between into onto off through across against around
    and or but as that which who while where when by for near up down out away open shut is are was were has have than
    """
)
_NO_THING = words_of(
    """
    hand hands head eye eyes face arm arms leg legs finger fingers hair mouth lip lips shoulder shoulders foot feet back
    voice breath smile name word words story silence look gaze moment second minute hour time night day morning step way
    turn other others man woman boy girl child people stranger friend son daughter mother father light dark darkness
    distance end side rest air sky sea water floor ground wall room place whole lot first last nod shrug question answer
    ramp pace
    """
)
_SURELY_NO_NOUN = re.compile(r".*(?:ly|ing)$")


def handled(text: str) -> list[str]:
    """Nouns of things the action handles, as identifiers, in page order: "Dora raises her torch" -> torch."""
    found: dict[str, None] = {}
    for match in _HANDLES.finditer(text.lower()):
        phrase: list[str] = []
        for word in match[1].split():
            if word in _ENDS or _SURELY_NO_NOUN.match(word):
                break
            phrase.append(word)
        noun = re.sub(r"[^a-z]", "", phrase[-1].removesuffix("'s")) if phrase and len(phrase) <= 3 else ""
        if len(noun) > 2 and noun not in _NO_THING:
            found[noun] = None
    return list(found)[:MAX_THINGS]
