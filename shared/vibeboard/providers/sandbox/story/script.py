"""A screenplay as outline and scenes: nothing on the page is lost, nobody is invented."""

import re

from vibeboard.domain.story import MAX_SHOTS_PER_SCENE, Act, DialogueLine, Screenplay, ScriptLine, ScriptScene
from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.events import moments
from vibeboard.providers.sandbox.story.extract import TIMES, WEATHER, find_place, find_props
from vibeboard.providers.sandbox.story.handled import handled
from vibeboard.providers.sandbox.story.lexicon import Place
from vibeboard.providers.sandbox.story.plan import StoryPlan, generic_place
from vibeboard.providers.sandbox.story.prompting import PlannedScene, PlannedShot
from vibeboard.providers.sandbox.story.wording import capital, listing, sentence, slug

_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[A-Z“\"'])")
_INTRO = re.compile(r"\b([A-Z][A-Z.'’\- ]*[A-Z])\b(?=\s*(?:\((?:\d|[a-z])|,\s+(?:\d0s|an?\b|in (?:her|his|their)\b)))")
_COVERAGE = ("medium shot", "close-up", "over-the-shoulder", "medium close-up", "full shot", "two shot")


def script_title(screenplay: Screenplay, concept: str) -> str:
    """The title page's title, else the concept."""
    return screenplay.title or capital(concept.strip(" ."))


def script_logline(screenplay: Screenplay, concept: str, plan: StoryPlan, variation: int) -> str:
    """The concept's sentence when it is one; otherwise who goes from where to where, and the turn."""
    if plan.cues.clauses and not variation:
        return sentence(concept)
    names = [display(name) for name in screenplay.speakers] or ["A silent figure"]
    first, last = (scene_place(screenplay.scenes[i]) for i in (0, -1))
    turn = _opening(screenplay.scenes[variation % len(screenplay.scenes)])
    way = f"from the {first} to the {last}" if first != last else f"in the {first}"
    return sentence(
        f"{capital(plan.lead.adjective)} and close, the film follows {listing(names[:3])} {way}: {turn.rstrip('.')}"
    )


def script_acts(screenplay: Screenplay, variation: int = 0) -> list[Act]:
    """The scenes in up to three acts; a line of each scene is its beat, another line for another variation."""
    scenes = screenplay.scenes
    parts = min(3, len(scenes))
    acts = []
    for index in range(parts):
        own = scenes[index * len(scenes) // parts : (index + 1) * len(scenes) // parts]
        beats = [_opening(scene, variation)[:600] for scene in own]
        acts.append(Act(title=f"Act {'I' * (index + 1)}", summary=" ".join(beats)[:2_000], beats=beats[:40]))
    return acts


def plan_script(screenplay: Screenplay, count: int) -> list[PlannedScene]:
    """One planned scene per scene of the screenplay, its lines shared out over `count` shots by their length."""
    speakers = set(screenplay.speakers)
    cast = list(
        dict.fromkeys([*speakers, *(name for scene in screenplay.scenes for name in _introduced(scene, speakers))])
    )
    known: dict[str, str] = {}
    sizes = _share([max(1, len(_moments_of(scene))) for scene in screenplay.scenes], count)
    planned = []
    before = ("", "day")
    for order, (scene, size) in enumerate(zip(screenplay.scenes, sizes, strict=True)):
        place = _place(scene)
        time = _time(scene.time, before[1])
        before = (place.id, time)
        location = known.setdefault(f"{scene_place(scene).lower()}|{scene.interior}", _location_id(scene, place))
        shots = _shots(scene, size, cast, place)
        planned.append(
            PlannedScene(
                title=scene.heading[:200], act=3 * order // len(screenplay.scenes), location=location,
                place=scene_place(scene), interior=scene.interior, time=time,
                look=place.look if scene.interior and scene_place(scene) in place.words else "",
                setting=place, shots=shots, sky=_sky(scene),
            )
        )  # fmt: skip
    return planned


def display(name: str) -> str:
    """ "MAREN" -> "Maren", "DR. O'NEIL" -> "Dr. O'Neil"."""
    return re.sub(r"[A-Za-z]+", lambda m: m[0].capitalize() if m[0].isupper() else m[0], name).replace("’S", "’s")


def scene_place(scene: ScriptScene) -> str:
    """The heading's place in lower case: "lighthouse, lamp room"."""
    return re.sub(r"\s*[-–—/]\s+|\s+[-–—/]\s*", ", ", scene.place).strip(" ,.").lower() or "unnamed place"


def _opening(scene: ScriptScene, variation: int = 0) -> str:
    told = [
        part
        for line in scene.lines
        if not line.character
        for part in _SENTENCE.split(line.text)
        if len(part.split()) > 2
    ]
    if told:
        return sentence(_calm(told[variation % len(told)], ()))
    for line in scene.lines:
        return sentence(f"{display(line.character)} speaks: “{line.text}”")
    return sentence(f"We see the {scene_place(scene)}")


def _moments_of(scene: ScriptScene) -> list[ScriptLine]:
    """Sentences of action and whole speeches, in page order."""
    out: list[ScriptLine] = []
    for line in scene.lines:
        parts = [line.text] if line.character else _SENTENCE.split(line.text)
        out += [ScriptLine(part.strip(), line.character, line.off_screen) for part in parts if part.strip()]
    return out or [ScriptLine(f"The {scene_place(scene)} lies still.")]


def _shots(scene: ScriptScene, size: int, cast: list[str], place: Place) -> list[PlannedShot]:
    lines = _moments_of(scene)
    groups = [lines[i * len(lines) // size : (i + 1) * len(lines) // size] for i in range(size)]
    shots, present = [], _people_of(lines, cast)
    for index, group in enumerate(groups):
        told = group or [lines[min(index, len(lines) - 1)]]
        shots.append(_script_shot(told, index, cast, present, place, repeated=not group))
    return shots


def _script_shot(
    group: list[ScriptLine], index: int, cast: list[str], present: list[str], place: Place, *, repeated: bool
) -> PlannedShot:
    action = [_calm(line.text, cast) for line in group if not line.character]
    speeches = [line for line in group if line.character]
    people = _people_of(group, cast)
    if not action:
        speaker = "A voice" if speeches[0].off_screen else display(speeches[0].character)
        listener = next((display(name) for name in present if name != speeches[0].character), "")
        action = [f"{speaker} speaks" + (f" to {listener}" if listener else "") + f": “{speeches[0].text}”"]
    subject = listing([display(name) for name in people[:2]]) if people else ""
    first, last = moments(action[0], subject), moments(action[-1], subject)
    size = "wide shot" if index == 0 and not repeated else _COVERAGE[index % len(_COVERAGE)]
    if not people and index:
        size = "insert"
    if len(people) < 2 and size in {"two shot", "over-the-shoulder"}:
        size = "medium close-up"
    return PlannedShot(
        who="none" if not people else "both" if len(people) > 1 else "hero", size=size, subject=subject,
        action=" ".join(action)[:900], first=first[0][:700],
        last=(last[1] if len(action) == 1 else action[-1])[:700], characters=tuple(slug(display(n)) for n in people),
        props=_props(" ".join(action), [*people, *cast], place),
        dialogue=() if repeated else tuple(_spoken(speech) for speech in speeches),
    )  # fmt: skip


def _props(action: str, cast: list[str], place: Place) -> tuple[str, ...]:
    """What the page names and what its people handle; a place that is empty of both gets its own fixtures."""
    known = find_props(action)
    names = {slug(word) for name in cast for word in name.split()}
    told = {word for prop in known for word in prop.split("_")} | names | set(place.id.split("_"))
    page = [*known, *(thing for thing in handled(action) if thing not in told)]
    return tuple(dict.fromkeys(page or place.props[:2]))[:5]


def _spoken(line: ScriptLine) -> DialogueLine:
    return DialogueLine(character=slug(display(line.character)), line=line.text[:2_000])


def _people_of(lines: list[ScriptLine], cast: list[str]) -> list[str]:
    """Speakers and everybody of the cast whom the action names."""
    named = [line.character for line in lines if line.character and not line.off_screen]
    text = " ".join(line.text for line in lines if not line.character)
    named += [name for name in cast if re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)]
    return list(dict.fromkeys(named))


def _introduced(scene: ScriptScene, speakers: set[str]) -> list[str]:
    """Silent characters: written in capitals and described, as screenplays introduce people."""
    return [m[1].strip() for m in _INTRO.finditer(scene.action) if m[1].strip() not in speakers]


def _calm(text: str, cast: list[str] | tuple[str, ...]) -> str:
    """Capitals of the page read as words: names as names, sounds in lower case."""
    for name in cast:
        text = re.sub(rf"\b{re.escape(name)}\b", display(name), text)
    return re.sub(
        r"\b[A-Z][A-Z'’]{2,}\b", lambda m: m[0].capitalize() if m.start() == 0 or not cast else m[0].lower(), text
    )


def _share(weights: list[int], count: int) -> list[int]:
    """Shots of each scene: at least one, at most twelve, the rest by how much happens."""
    shares = [1] * len(weights)
    for _ in range(count - len(weights)):
        open_scenes = [i for i, share in enumerate(shares) if share < MAX_SHOTS_PER_SCENE] or [0]
        shares[max(open_scenes, key=lambda i: (weights[i] / shares[i], -i))] += 1
    return shares


def _place(scene: ScriptScene) -> Place:
    key = find_place(scene.place)
    if key:
        return lexicon.places()[key]
    return generic_place(scene_place(scene)).model_copy(update={"look": "", "details": ("",)})


def _location_id(scene: ScriptScene, place: Place) -> str:
    if place.kind == "open" and place.id in lexicon.places() and not scene.interior:
        return slug(scene_place(scene))
    return slug(f"{scene_place(scene)}_{'interior' if scene.interior else 'exterior'}")


def _sky(scene: ScriptScene) -> str:
    """Weather the page itself speaks of."""
    words = re.findall(r"[a-z]+", f"{scene.heading} {scene.action}".lower())
    return next((WEATHER[word] for word in words if word in WEATHER), "")


def _time(written: str, before: str) -> str:
    lower = written.lower()
    for word in re.findall(r"[a-z]+", lower):
        if word in TIMES:
            return TIMES[word]
    if any(word in lower for word in ("continuous", "later", "same", "moments")) or not lower:
        return before
    return "day" if "day" in lower else lower[:40] or before
