"""Shots for what a sentence says: the concept's own clauses, beats a person rewrote, lines of a screenplay."""

import re

from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.extract import Clause, find_people, find_place, find_props
from vibeboard.providers.sandbox.story.lexicon import Place, ShotLine
from vibeboard.providers.sandbox.story.plan import Role, Setting, StoryPlan, subjects_of
from vibeboard.providers.sandbox.story.prompting import PlannedShot, render_shot
from vibeboard.providers.sandbox.story.wording import base_form, capital, gerund, is_third_person, listing, words_of

_STILL = words_of("is are was were has have lies stands hangs sits waits knows remains stays belongs")
_AFTER_VERB = words_of(
    """
    the a an his her its their him them it this that to in on at from of over under against into onto out up down
    off for with through across around along toward towards away back behind before after between open shut still
    forward home by like as and
    """
)

_REACTION = ShotLine(
    who="hero",
    size="close-up",
    action="takes it in and lets nothing show",
    first="eyes lowered",
    last="eyes raised, decided",
)
_DETAIL = ShotLine(who="none", size="insert", action="{detail}", first="{detail}", last="{detail} a moment later")


def clause_shots(plan: StoryPlan, clause: Clause, setting: Setting, order: int) -> list[PlannedShot]:
    """A clause of the concept as a wide of the deed, a reaction and a detail."""
    roles = subjects_of(plan, clause)
    deed = deed_shot(roles, clause.predicate, setting.place, "wide shot")
    reaction = _REACTION.model_copy(update={"who": "foil" if roles[0] is plan.foil else "hero"})
    return [
        deed,
        render_shot(reaction, plan, setting.place, order, setting),
        render_shot(_DETAIL, plan, setting.place, order, setting),
    ]


def event_shots(text: str, plan: StoryPlan, order: int) -> tuple[Setting, str, list[PlannedShot]]:
    """A beat in a person's own words: where it plays, a title, and its shots."""
    setting = place_in(text, plan) or plan.main
    roles = roles_in(text, plan) or (plan.hero,)
    subject = listing([role.display for role in roles])
    moment = moments(text, subject)
    told = PlannedShot(
        who="both" if len(roles) > 1 else "hero", size="wide shot", subject=subject, action=text, first=moment[0],
        last=moment[1], characters=tuple(role.id for role in roles), props=_props(text, setting.place),
    )  # fmt: skip
    title = capital(" ".join(re.findall(r"[\w'’-]+", text)[:5]))
    return (
        setting,
        title,
        [
            told,
            render_shot(_REACTION, plan, setting.place, order, setting),
            render_shot(_DETAIL, plan, setting.place, order, setting),
        ],
    )


def deed_shot(roles: tuple[Role, ...], predicate: str, place: Place, size: str) -> PlannedShot:
    """Somebody does something; the first frame is just before it, the last just after."""
    subject = listing([role.display for role in roles])
    action = f"{subject} {_agree(predicate, len(roles) > 1)}"
    first, last = moments(action, subject)
    return PlannedShot(
        who="both" if len(roles) > 1 else "hero", size=size, subject=subject, action=action, first=first, last=last,
        characters=tuple(role.id for role in roles), props=_props(predicate, place),
    )  # fmt: skip


def moments(text: str, subject: str) -> tuple[str, str]:
    """The instants before and after a sentence: "about to climb the stairs", "just after climbing the stairs"."""
    told = text.strip().rstrip(".!?")
    words = told.split()
    skip = len(subject.split())
    led = bool(subject) and " ".join(words[:skip]).lower() == subject.lower()
    rest = words[skip:] if led else words
    for index, word in enumerate(rest[:12]):
        if not _is_verb(rest, index, led):
            continue
        if word.lower() in _STILL:
            break
        lead = " ".join(rest[:index])
        tail = re.split(r",? and (?=\w+s\b)", " ".join(rest[index + 1 :]))[0]
        before = f"{lead} {'is ' if lead and not led else ''}about to {base_form(word)} {tail}"
        return before.strip(), f"{lead} just after {gerund(word)} {tail}".strip()
    return told, f"{told}, a moment later"


def _is_verb(words: list[str], index: int, led: bool) -> bool:
    """Whether the word is the sentence's verb: right behind its subject, or in -s before an object or adverb."""
    word = words[index]
    if not word.isalpha():
        return False
    if index == 0 and led:
        return True
    follows = re.sub(r"[^a-z]", "", words[index + 1].lower()) if index + 1 < len(words) else ""
    return index > 0 and is_third_person(word) and (not follows or follows in _AFTER_VERB or follows.endswith("ly"))


def roles_in(text: str, plan: StoryPlan) -> tuple[Role, ...]:
    """Roles of the film that a text names."""
    ids = set(find_people(text))
    lower = text.lower()
    return tuple(
        role for role in plan.roles if role.person.id in ids or role.noun in lower or role.display.lower() in lower
    )


def place_in(text: str, plan: StoryPlan) -> Setting | None:
    """The place a text names: one of the film's, or another the lexicon knows."""
    lower = text.lower()
    for setting in (plan.main, *plan.away):
        if setting.noun in lower:
            return setting
    key = find_place(text)
    return Setting(lexicon.places()[key], key.replace("_", " "), exterior=False) if key else None


def _agree(predicate: str, plural: bool) -> str:
    """Verbs as the subject needs them: "meets" -> "meet" for two."""
    first, _, rest = predicate.partition(" ")
    if first == "must":  # a picture shows the trying, not the duty
        first, rest = "tries", f"to {rest}"
        predicate = f"{first} {rest}"
    return f"{base_form(first)} {rest}" if plural and is_third_person(first) else predicate


def _props(text: str, place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*find_props(text), *place.props[:2]]))[:5]
