"""From a writer's scenes to our breakdown: ids, order, lengths and the manifest are ours, whatever the writer says."""

from collections.abc import Iterable

from vibeboard.domain.story import AssetManifest, Breakdown, DialogueLine, Scene, Screenplay, ScriptScene, Shot
from vibeboard.providers.sandbox.story.grammar import durations, vary_sizes
from vibeboard.providers.sandbox.story.wording import slug
from vibeboard.providers.words.answers import BreakdownAnswer, SceneAnswer, ShotAnswer
from vibeboard.providers.words.messages import unusable

MAX_SPEECHES = 60  # of one shot


def fit_breakdown(
    answer: BreakdownAnswer, *, runtime_seconds: float, shots: int, screenplay: Screenplay | None = None
) -> Breakdown:
    """A breakdown of exactly `shots` shots that fill the runtime. With a screenplay, speeches are its own.

    Raises WordsFailed ANSWER_UNUSABLE for too few shots, and for scenes that are not the screenplay's.
    """
    scenes = _trimmed(answer.scenes, shots)
    if screenplay is not None and len(scenes) != len(screenplay.scenes):
        raise unusable(f"{len(scenes)} scenes for a screenplay of {len(screenplay.scenes)}", None)
    sizes = vary_sizes([shot.shot_size for scene in scenes for shot in scene.shots])
    lengths = iter(zip(sizes, durations(sizes, runtime_seconds), range(shots), strict=True))
    built = []
    for order, scene in enumerate(scenes):
        page = screenplay.scenes[order] if screenplay else None
        speeches = _speeches(scene, page)
        made = []
        for shot, spoken in zip(scene.shots, speeches, strict=True):
            size, seconds, index = next(lengths)
            made.append(_shot(shot, spoken, size, seconds, index))
        built.append(_scene(scene, page, made, order))
    manifest = AssetManifest(
        characters=_distinct(c for scene in built for c in scene.characters)[:100],
        locations=_distinct(scene.location for scene in built),
        props=_distinct(prop for scene in built for shot in scene.shots for prop in shot.props)[:200],
    )
    return Breakdown(scenes=built, asset_manifest=manifest)


def _trimmed(scenes: list[SceneAnswer], shots: int) -> list[SceneAnswer]:
    """Exactly `shots` shots: the last ones of the longest scenes go first, each scene keeps one."""
    kept = [list(scene.shots) for scene in scenes]
    total = sum(len(row) for row in kept)
    if total < shots or len(scenes) > shots:
        raise unusable(f"{total} shots in {len(scenes)} scenes, where {shots} shots were asked for", None)
    for _ in range(total - shots):
        max(kept, key=len).pop()
    return [scene.model_copy(update={"shots": row}) for scene, row in zip(scenes, kept, strict=True)]


def _speeches(scene: SceneAnswer, page: ScriptScene | None) -> list[list[DialogueLine]]:
    """What is said in each shot: by the page, spread over the shots in order, or by the writer."""
    if page is None:
        return [
            [DialogueLine(character=who, line=said.line) for said in shot.dialogue if (who := _id(said.character))]
            for shot in scene.shots
        ]
    rows: list[list[DialogueLine]] = [[] for _ in scene.shots]
    lines = [DialogueLine(character=slug(name), line=text[:2_000]) for name, text in page.dialogue]
    for number, line in enumerate(lines):
        rows[number * len(rows) // len(lines)].append(line)
    if max(len(row) for row in rows) > MAX_SPEECHES:
        raise unusable("more speeches than its shots can hold", None)
    return rows


def _shot(shot: ShotAnswer, spoken: list[DialogueLine], size: str, seconds: float, index: int) -> Shot:
    return Shot.model_validate(
        {
            "prompt": shot.prompt, "first_frame_prompt": shot.first_frame_prompt,
            "last_frame_prompt": shot.last_frame_prompt, "duration": seconds, "order_index": index,
            "shot_size": size, "angle": shot.angle, "camera_move": shot.camera_move,
            "characters": _ids(shot.characters), "props": _ids(shot.props), "dialogue": spoken,
        }
    )  # fmt: skip


def _scene(scene: SceneAnswer, page: ScriptScene | None, shots: list[Shot], order: int) -> Scene:
    speaking = [line.character for shot in shots for line in shot.dialogue]
    seen = [name for shot in shots for name in shot.characters]
    interior = page.interior if page else scene.interior
    place = _id(page.place if page else scene.location) or "unnamed_place"
    side = "interior" if interior else "exterior"
    return Scene(
        scene_prompt=scene.scene_prompt,
        negative_elements=_distinct(scene.negative_elements),
        visual_elements=_distinct(scene.visual_elements),
        characters=_distinct([*speaking, *_ids(scene.characters), *seen])[:40],
        order_index=order,
        title=scene.title,
        location=place if place.endswith(("interior", "exterior")) else f"{place}_{side}",
        time_of_day=(page.time.lower() if page and page.time else scene.time_of_day)[:40],
        interior=interior,
        shots=shots,
    )


def _id(name: str) -> str:
    """A name as an identifier; empty when nothing of it is left."""
    return slug(name)[:70].strip("_")


def _ids(names: Iterable[str]) -> list[str]:
    return _distinct(_id(name) for name in names)


def _distinct(items: Iterable[str]) -> list[str]:
    return [item for item in dict.fromkeys(items) if item]
