"""SOP step 1: the outline, from the concept or from a screenplay."""

from collections.abc import Sequence
from dataclasses import replace

from vibeboard.domain.story import Act, Outline, Reference, Screenplay, UsedReference
from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.extract import tokens_of
from vibeboard.providers.sandbox.story.plan import StoryPlan, make_plan, subjects_of
from vibeboard.providers.sandbox.story.script import script_acts, script_logline, script_title
from vibeboard.providers.sandbox.story.wording import capital, flowing, listing, sentence

MAX_HINTS = 5
_TITLE_WORDS = 7


def write_outline(
    concept: str,
    genre: str,
    tone: str,
    style_notes: str = "",
    references: Sequence[Reference] = (),
    runtime_seconds: float = 60.0,
    seed: int = 0,
    variation: int = 0,
    screenplay: Screenplay | None = None,
) -> Outline:
    """Write the outline (SOP step 1) from the words given; the same words and seed give the same outline.

    `variation` counts rejections: each gives another plot, object or counterpart. A screenplay's own scenes become the
    beats. The references' prompt hints become `visualStyle` and are named in the synopsis.
    """
    plan = make_plan(concept, genre, tone, style_notes, seed, variation)
    places = " ".join(scene.heading for scene in screenplay.scenes) if screenplay else ""
    hints = adopted_hints(references, plan, f"{concept} {style_notes} {places}")
    if screenplay is not None:
        title, logline = script_title(screenplay, concept), script_logline(screenplay, concept, plan, variation)
        acts = script_acts(screenplay, variation)
    else:
        title, logline, acts = _title(concept, plan, variation), _logline(concept, plan, variation), _acts(plan)
    return Outline(
        title=title[:200],
        logline=logline[:600],
        synopsis=_synopsis(logline, acts, hints, references, plan, runtime_seconds)[:6_000],
        acts=acts,
        themes=_themes(plan, variation),
        references=[UsedReference(id=r.id, title=r.title, score=round(r.score, 4)) for r in references][:20],
        visual_style=hints,
        avoid=_avoid(references),
        variation=variation,
    )


def write_act(
    outline: Outline,
    index: int,
    concept: str,
    genre: str,
    tone: str,
    style_notes: str = "",
    seed: int = 0,
    take: int = 1,
) -> Outline:
    """The outline with one act written anew for the same people and places, by another plot of the same genre.

    take: which of the other plots, from 1. The other acts keep their words; the synopsis is told anew.
    """
    plan = make_plan(concept, genre, tone, style_notes, seed, outline.variation)
    others = [plot for plot in lexicon.plots(plan.lead.id) if plot != plan.plot] or list(lexicon.plots("drama"))
    acts = list(outline.acts)
    for step in range(len(others)):  # the first of them whose act is none of what stands there
        other = replace(plan, plot=others[(take - 1 + step) % len(others)])
        lines = [sentence(other.tell(beat.line)) for beat in other.plot.beats if beat.act == index]
        if lines and lines != acts[index].beats:
            summary = flowing(lines, capital(plan.hero.the), plan.hero.person.gender)
            acts[index] = Act(title=other.plot.acts[index], summary=summary[:2_000], beats=lines)
            break
    head, _, rest = outline.synopsis.partition("\n\n")
    tail = rest.rpartition("\n\n")[2]
    synopsis = "\n\n".join([head, " ".join(act.summary for act in acts), tail])
    return outline.model_copy(update={"acts": acts, "synopsis": synopsis[:6_000]})


def adopted_hints(references: Sequence[Reference], plan: StoryPlan, brief: str) -> list[str]:
    """One or two prompt hints of each reference, best first, without repeats; none that this film cannot show."""
    ranked = sorted(references, key=lambda reference: -reference.score)
    fitting = [[hint for hint in reference.prompt_hints if _fits(hint, plan, brief)] for reference in ranked]
    first = [hint for hints in fitting for hint in hints[:1]]
    second = [hint for hints in fitting for hint in hints[1:2]]
    return list(dict.fromkeys([*first, *second]))[:MAX_HINTS]


# What a hint shows -> the light or the place it needs. A hint that needs another one than the film has is left out.
_NEEDS_NIGHT = frozenset({"moonlight", "moonlit", "torch", "headlights", "night"})
_NEEDS_DUSK = frozenset({"sunset", "golden"})
_NEEDS_ROOM = frozenset(
    {"window", "windows", "blinds", "venetian", "doors", "corridor", "ceiling", "glass", "floor", "city"}
)
_NEEDS_WOODS = frozenset({"trunks", "trees", "forest"})
_NEEDS_A_CITY = frozenset({"venetian", "blinds"})
_NEEDS_A_LAUGH = frozenset({"guilty", "gag", "frozen"})


def _fits(hint: str, plan: StoryPlan, brief: str) -> bool:
    """Whether the film has the light and the place a hint needs; what the brief itself names always fits."""
    shown = {word.lower() for word in tokens_of(hint)} - {word.lower() for word in tokens_of(brief)}
    dark = "night" in plan.time or plan.time in {"dusk", "evening"}
    low = dark or plan.time in {"sunset", "golden hour", "dawn"}
    outdoors = plan.main.place.kind == "open"
    return not (
        (shown & _NEEDS_NIGHT and not dark)
        or ("blue-hour" in hint and not dark)
        or (shown & _NEEDS_DUSK and not low)
        or (shown & _NEEDS_ROOM and outdoors)
        or (shown & _NEEDS_WOODS and plan.main.place.id not in {"forest", "garden"})
        or (shown & _NEEDS_A_CITY and plan.lead.id not in {"noir", "thriller"})
        or (shown & _NEEDS_A_LAUGH and plan.lead.id not in {"comedy", "family"})
    )


def _avoid(references: Sequence[Reference]) -> list[str]:
    """What the references keep out of the picture; camera advice would forbid planned shots."""
    seen = [r for r in references if r.kind in {"style", "lighting", "colour", "place"}]
    return list(dict.fromkeys(term for r in seen for term in r.negative_hints[:1]))[:4]


def plan_beats(plan: StoryPlan) -> list[tuple[int, str]]:
    """(act, sentence) of each beat: the plot's own, with what the concept says happens put in after the opening."""
    told = [(beat.act, sentence(plan.tell(beat.line))) for beat in plan.plot.beats]
    events = [(0, sentence(event_sentence(plan, index))) for index in range(len(plan.cues.clauses))]
    return [told[0], *events, *told[1:]] if events else told


def event_sentence(plan: StoryPlan, index: int) -> str:
    """A clause of the concept as a sentence about its subject."""
    clause = plan.cues.clauses[index]
    return f"{capital(listing([role.the for role in subjects_of(plan, clause)]))} {clause.predicate}"


def _title(concept: str, plan: StoryPlan, variation: int) -> str:
    words = concept.split()
    if len(words) <= _TITLE_WORDS and not plan.cues.clauses and not variation:
        return concept.strip(" .").title() if concept.islower() else concept.strip(" .")
    return plan.tell(plan.plot.title)


def _logline(concept: str, plan: StoryPlan, variation: int) -> str:
    if not variation and plan.cues.clauses and len(tokens_of(concept)) >= 5:
        return f"{sentence(concept)} {sentence(plan.tell(plan.lead.stakes))}"
    return sentence(plan.tell(plan.plot.logline))


def _acts(plan: StoryPlan) -> list[Act]:
    beats = plan_beats(plan)
    acts = []
    for index, title in enumerate(plan.plot.acts):
        lines = [line for act, line in beats if act == index]
        if lines:
            summary = flowing(lines, capital(plan.hero.the), plan.hero.person.gender)
            acts.append(Act(title=title, summary=summary[:2_000], beats=lines))
    return acts


def _themes(plan: StoryPlan, variation: int) -> list[str]:
    pool = list(dict.fromkeys(theme for genre in plan.genres[:2] for theme in genre.themes))
    start = (2 * variation) % len(pool)
    return [*pool[start:], *pool[:start]][:2]


def _synopsis(
    logline: str, acts: list[Act], hints: list[str], references: Sequence[Reference], plan: StoryPlan, runtime: float
) -> str:
    mood = plan.tone.phrase if plan.tone else "plainly told"
    look = f"In {runtime:g} seconds the film stays {mood}, in {plan.lead.light}"
    if hints:
        look += f", and leans on {listing(hints[:3])}"
    paragraphs = [logline, " ".join(act.summary for act in acts), f"{look}."]
    if references:
        best = max(references, key=lambda reference: reference.score)
        paragraphs[-1] += f" Its nearest relative in craft: {best.title}."
    return "\n\n".join(paragraphs)
