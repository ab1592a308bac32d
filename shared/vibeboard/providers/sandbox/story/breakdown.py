"""SOP step 2: scenes, shots, negative and visual elements and the asset manifest, from outline or screenplay."""

import hashlib
import itertools
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from vibeboard.domain.prompts import negative_prompt
from vibeboard.domain.story import (
    CAMERA_MOVES,
    AssetManifest,
    Breakdown,
    Outline,
    Scene,
    Screenplay,
    SegmentPrompt,
    Shot,
)
from vibeboard.providers.sandbox.story import lexicon
from vibeboard.providers.sandbox.story.events import clause_shots, event_shots
from vibeboard.providers.sandbox.story.extract import tokens_of
from vibeboard.providers.sandbox.story.grammar import (
    SHOTS_PER_SCENE,
    angle_for,
    durations,
    move_for,
    scene_sizes,
    shot_count_for,
    vary_sizes,
)
from vibeboard.providers.sandbox.story.lexicon import Beat
from vibeboard.providers.sandbox.story.outline import event_sentence
from vibeboard.providers.sandbox.story.plan import StoryPlan, make_plan, setting_for, setting_time
from vibeboard.providers.sandbox.story.prompting import PlannedScene, PlannedShot, render_beat, render_shot
from vibeboard.providers.sandbox.story.script import plan_script
from vibeboard.providers.sandbox.story.wording import sentence

_DAYTIME = {"morning", "noon", "afternoon", "dawn", "golden hour", "sunset", "overcast afternoon", "day"}


def write_breakdown(
    outline: Outline,
    concept: str,
    genre: str,
    tone: str,
    style_notes: str = "",
    runtime_seconds: float = 60.0,
    shot_count: int | None = None,
    seed: int = 0,
    screenplay: Screenplay | None = None,
) -> Breakdown:
    """Break the outline (or the screenplay) into scenes and shots that fill the runtime exactly.

    Deterministic. Beats of the outline that a person rewrote are staged from their own words. With a screenplay each
    of its scenes becomes one scene. Raises ImpossibleRuntime (a ValueError) when the shots cannot fill the runtime.
    """
    plan = make_plan(concept, genre, tone, style_notes, seed, outline.variation)
    if screenplay is not None:
        count = shot_count_for(runtime_seconds, shot_count, least=len(screenplay.scenes))
        planned = plan_script(screenplay, count)
    else:
        count = shot_count_for(runtime_seconds, shot_count)
        planned = _plan_outline(outline, plan, count)
    rng = random.Random(int.from_bytes(hashlib.sha256(f"{concept}|{seed}|{outline.variation}".encode()).digest()[:8]))
    sizes = vary_sizes([shot.size for scene in planned for shot in scene.shots])
    lengths = durations(sizes, runtime_seconds)
    wished = [move for move in CAMERA_MOVES if re.search(rf"\b{move}\b", style_notes.lower())]
    scenes, index, before = [], 0, ""
    for order, scene in enumerate(planned):
        hint = outline.visual_style[order % len(outline.visual_style)] if outline.visual_style else ""
        shots = []
        for shot in scene.shots:
            angle = angle_for(sizes[index], shot.who, scene.act, plan.lead.id, rng)
            before = move_for(sizes[index], shot.action, before, rng, wished)
            shots.append(_shot(shot, scene, plan, hint, (sizes[index], angle, before), lengths[index], index))
            index += 1
        scenes.append(_scene(scene, plan, [*banned_in(style_notes), *outline.avoid], concept, shots, order))
    return Breakdown(scenes=scenes, asset_manifest=_manifest(scenes))


def segment_prompts(breakdown: Breakdown) -> list[SegmentPrompt]:
    """One storyboard segment per shot (SOP step 6); the scene's negativeElements become its weighted negativePrompt."""
    return [
        SegmentPrompt(
            prompt=shot.prompt, negative_prompt=negative_prompt(scene.negative_elements),
            first_frame_prompt=shot.first_frame_prompt, last_frame_prompt=shot.last_frame_prompt,
            duration=shot.duration, order_index=shot.order_index, scene_index=scene.order_index,
            shot_size=shot.shot_size, angle=shot.angle, camera_move=shot.camera_move, characters=shot.characters,
            location=scene.location, props=shot.props, dialogue=shot.dialogue,
        )
        for scene in breakdown.scenes
        for shot in scene.shots
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Step:
    """A beat of the outline on its way to a scene: planned, told by the concept, or rewritten by a person."""

    act: int
    text: str
    beat: Beat | None = None
    clause: int | None = None
    lap: int = 0  # how often the same bridge was used before: each time it plays somewhere else


def _plan_outline(outline: Outline, plan: StoryPlan, count: int) -> list[PlannedScene]:
    steps = _steps(outline, plan)
    total = -(-count // SHOTS_PER_SCENE)
    chosen = _stretch(steps, total) if total > len(steps) else _thin(steps, total)
    wanted = scene_sizes(count, len(chosen))
    staged = [_stage(step, plan, size, order) for order, (step, size) in enumerate(zip(chosen, wanted, strict=True))]
    return _introduce(staged, plan)


def _introduce(scenes: list[PlannedScene], plan: StoryPlan) -> list[PlannedScene]:
    """A named character is introduced with the role, once, as a screenplay would: "Maria, the sprinter, …"."""
    waiting = {role.display: role.noun for role in plan.roles if role.named and role.noun != role.display.lower()}
    for scene in scenes:
        for index, shot in enumerate(scene.shots):
            for name in [name for name in waiting if re.search(rf"\b{re.escape(name)}\b", shot.action)]:
                told = re.sub(
                    rf"\b{re.escape(name)}\b", f"{name}, the {waiting.pop(name)},", scene.shots[index].action, count=1
                )
                scene.shots[index] = replace(scene.shots[index], action=told)
    return scenes


def _steps(outline: Outline, plan: StoryPlan) -> list[_Step]:
    known: dict[str, _Step] = {}
    for plot in (*(plot for plot in lexicon.plots(plan.lead.id) if plot != plan.plot), plan.plot):
        for beat in plot.beats:  # an act written anew is told by another plot
            text = sentence(plan.tell(beat.line))
            known[text] = _Step(beat.act, text, beat=beat)
    for index in range(len(plan.cues.clauses)):
        text = sentence(event_sentence(plan, index))
        known[text] = _Step(0, text, clause=index)
    return [
        replace(known[text], act=number) if text in known else _Step(number, text)
        for number, act in enumerate(outline.acts)
        for text in act.beats
    ]


def _thin(steps: list[_Step], total: int) -> list[_Step]:
    """Keep what the concept itself says, the ending, the opening, and an even spread of the rest."""
    concept = [i for i, step in enumerate(steps) if step.clause is not None]
    wanted = [*concept[:1], len(steps) - 1, 0, *concept[1:]]
    keep = set(list(dict.fromkeys(wanted))[:total])
    rest = [i for i in range(len(steps)) if i not in keep]
    free = total - len(keep)
    keep |= {rest[(2 * n + 1) * len(rest) // (2 * free)] for n in range(free)} if free > 0 else set()
    return [steps[i] for i in sorted(keep)]


def _stretch(steps: list[_Step], total: int) -> list[_Step]:
    """Put bridging beats between the steps until there are enough scenes; the ending stays the ending."""
    bridges = ((beat, lap) for lap in itertools.count() for beat in lexicon.bridges())
    room = scene_sizes(total - len(steps), len(steps) - 1) if len(steps) > 1 else []
    out: list[_Step] = []
    for index, step in enumerate(steps):
        out.append(step)
        extra = room[index] if index < len(room) else (total - len(steps) if not room else 0)
        out += [_Step(step.act, "", beat=bridge, lap=lap) for bridge, lap in itertools.islice(bridges, extra)]
    return out


def _stage(step: _Step, plan: StoryPlan, size: int, order: int) -> PlannedScene:
    if step.beat is not None:
        places = ("main", "outside", "away")
        moved = step.beat.model_copy(update={"place": places[(places.index(step.beat.place) + step.lap) % 3]})
        setting = setting_for(plan, moved, order + step.lap)
        shots = render_beat(step.beat, plan, setting, order)
        title = step.beat.title
    elif step.clause is not None:
        setting, title = plan.main, "What happens"
        shots = clause_shots(plan, plan.cues.clauses[step.clause], setting, order)
    else:
        setting, title, shots = event_shots(step.text, plan, order)
    time = setting_time(plan, step.act)
    return PlannedScene(
        title=title, act=step.act, location=setting.id, place=setting.noun, interior=setting.interior, time=time,
        look=setting.place.outside if setting.id.endswith("_exterior") else setting.place.look,
        setting=setting.place, shots=_fit(shots, size, plan, setting.place, order),
    )  # fmt: skip


def _fit(shots: list[PlannedShot], size: int, plan: StoryPlan, place: lexicon.Place, order: int) -> list[PlannedShot]:
    """Exactly `size` shots: drop the ones nobody is in first, add looks at the place and its people."""
    kept = list(shots)
    while len(kept) > size:
        spare = next((i for i in range(len(kept) - 1, 0, -1) if kept[i].who == "none"), None)
        kept.pop(spare if spare is not None else len(kept) // 2)
    extra = 0
    while len(kept) < size:
        kept.append(render_shot(_EXTRA[(order + extra) % len(_EXTRA)], plan, place, order + extra + 1))
        extra += 1
    return kept


_EXTRA = tuple(
    lexicon.ShotLine(who=who, size=size, action=action, first=first, last=last)
    for who, size, action, first, last in (
        ("none", "insert", "{detail}", "{detail}", "{detail} a moment later"),
        ("hero", "close-up", "takes in what has just happened", "lowered eyes", "raised eyes"),
        ("foil", "medium shot", "waits for an answer", "a turned shoulder", "a face turned this way"),
        ("hero", "full shot", "moves away toward {cover}", "a figure beside {surface}", "a figure beside {cover}"),
    )
)


def _shot(
    shot: PlannedShot,
    scene: PlannedScene,
    plan: StoryPlan,
    hint: str,
    camera: tuple[str, str, str],
    seconds: float,
    index: int,
) -> Shot:
    prompt, first, last = scene.prompts(shot, plan, hint, camera)
    size, angle, move = camera
    return Shot.model_validate(
        {
            "prompt": prompt, "first_frame_prompt": first, "last_frame_prompt": last, "duration": seconds,
            "order_index": index, "shot_size": size, "angle": angle, "camera_move": move,
            "characters": list(shot.characters), "props": list(shot.props), "dialogue": list(shot.dialogue),
        }
    )  # fmt: skip


def _scene(
    scene: PlannedScene, plan: StoryPlan, avoid: list[str], concept: str, shots: list[Shot], order: int
) -> Scene:
    speaking = [line.character for shot in shots for line in shot.dialogue]
    return Scene(
        scene_prompt=scene.summary(plan),
        negative_elements=negative_elements(plan, scene, avoid, concept),
        visual_elements=_distinct([*plan.lead.visuals, *(scene.setting.visual if scene.setting else ()),
        scene.weather(plan)]
        )[:8],
        characters=_distinct([c for shot in shots for c in shot.characters] + speaking),
        order_index=order, title=scene.title, location=scene.location, time_of_day=scene.time, interior=scene.interior,
        shots=shots,
    )  # fmt: skip


def banned_in(style_notes: str) -> list[str]:
    """What the client's notes forbid: "no cars", "without hats" -> cars, hats."""
    found = re.findall(r"\b(?:no|without|avoid)\s+([\w' -]{2,40})", style_notes, re.IGNORECASE)
    return [term.strip().lower() for term in found]


def negative_elements(plan: StoryPlan, scene: PlannedScene, avoid: Iterable[str], concept: str) -> list[str]:
    """What must not be seen: the genre's, the brief's and the place's negatives, minus what the concept asks for."""
    day, dark = scene.time in _DAYTIME, "night" in scene.time
    terms = list(plan.lead.negatives)
    if dark:
        terms.append("daylight")
    terms += scene.setting.negatives[:2] if scene.setting else ()
    terms += plan.tone.negatives[:1] if plan.tone else ()
    terms = [*terms[:2], *list(avoid)[:2], *terms[2:], *list(avoid)[2:4]]
    wanted = {_stem(word) for word in tokens_of(f"{concept} {scene.place}")}
    kept = [term for term in _distinct(terms) if not (wanted & {_stem(word) for word in tokens_of(term)})]
    light = {"daylight", "sun"} if scene.time == "noon" else {"daylight"}
    return [term for term in kept if not (day and light & set(term.split()))][:8]


def _manifest(scenes: list[Scene]) -> AssetManifest:
    return AssetManifest(
        characters=_distinct(c for scene in scenes for c in scene.characters),
        locations=_distinct(scene.location for scene in scenes),
        props=_distinct(prop for scene in scenes for shot in scene.shots for prop in shot.props),
    )


def _distinct(items: Iterable[str]) -> list[str]:
    return [item for item in dict.fromkeys(items) if item]


def _stem(word: str) -> str:
    return word.lower().rstrip("s")
