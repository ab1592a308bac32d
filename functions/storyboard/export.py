"""SOP step 6: from the breakdown to chains and segments in one call; negativeElements become the negativePrompt.

Ids are derived from the breakdown, so a second call finds what the first one made and adds only what is missing.
"""

import contextlib
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.ids import digest
from vibeboard.domain.prompts import negative_prompt
from vibeboard.domain.story import Breakdown
from vibeboard.film.look import look_of
from vibeboard.film.story import read_breakdown
from vibeboard.providers.sandbox.story import segment_prompts
from vibeboard.store import chains, keys, projects
from vibeboard.store.table import Item, TransactionRefused, table


def chains_from_breakdown(project_id: str, user: str) -> dict[str, Any]:
    """A chain per scene, a segment per shot. Answers {chains: [chain ids in order], shots: count}.

    Raises Conflict without a breakdown or without a master cinematic modifier.
    """
    project = projects.read(project_id)
    if not project.get("masterCinematic"):
        raise Conflict(
            "No Master Cinematic Modifier is selected",
            code="MASTER_CINEMATIC_REQUIRED",
            fix="Choose camera and lens in the Optics Engine first.",
        )
    table().read_ahead(keys.breakdown(project_id), [keys.bible(project_id)])
    plan = _plan(project, read_breakdown(project_id), look_of(project))
    standing = {chain["id"]: (chain, segments) for chain, segments in chains.chains_of(project_id)}
    fresh = [(chain, segments) for chain, segments in plan if chain["id"] not in standing]
    try:
        chains.put_chains(project_id, fresh, user)
        fresh = []
    except TransactionRefused:  # somebody makes them at this very moment: one by one, whatever is missing
        standing = {}
    for chain, segments in plan:
        if fresh or chain["id"] in standing:
            _complete(project_id, chain, segments, user, standing.get(chain["id"]))
    return {"chains": [chain["id"] for chain, _ in plan], "shots": sum(len(segments) for _, segments in plan)}


def _complete(
    project_id: str, chain: Item, segments: list[Item], user: str, known: tuple[Item, list[Item]] | None
) -> None:
    """Make a chain, or whatever of it is missing."""
    if known is None:
        with contextlib.suppress(TransactionRefused):
            chains.put_chain(project_id, chain, user)
        known = chains.read_chain(project_id, chain["id"])
    made, standing = known
    missing = [segment for segment in segments if segment["id"] not in {row["id"] for row in standing}]
    if missing:
        chains.put_segments(project_id, chain["id"], missing, made, standing)


def _plan(project: Item, breakdown: Breakdown, look: dict[str, Any]) -> list[tuple[Item, list[Item]]]:
    project_id, contract = project["projectId"], project["creativeContract"]
    prompts = segment_prompts(breakdown)
    plan = []
    for index, scene in enumerate(breakdown.scenes):
        chain: Item = {
            "id": f"chn_{digest([project_id, 'scene', index], 20)}",
            "name": f"Scene {index + 1} - {scene.title}",
            "masterStyleContext": project["masterCinematic"],
            "characterIds": [f"char_{name}" for name in scene.characters],
            "orderIndex": index,
            "sceneIndex": index,
            "aspectRatio": contract["aspectRatio"],
            "frameRate": contract.get("frameRate", 24),
            "transitionStyle": "smooth",
            "place": scene.location,
            "seed": project.get("seed", 0),
            "look": _cast_of(look, scene.characters),
        }
        segments: list[Item] = []
        for shot, prompt in enumerate(p for p in prompts if p.scene_index == index):
            segments.append(
                {
                    "id": f"seg_{digest([project_id, 'shot', index, shot], 20)}",
                    "shotName": f"SC{index + 1:02d}_SH{shot + 1:02d}",
                    "seedKey": f"{index}/{shot}",  # the same brief draws the same film in any project
                    "prompt": prompt.prompt,
                    "negativePrompt": prompt.negative_prompt or negative_prompt(scene.negative_elements),
                    "firstFramePrompt": prompt.first_frame_prompt,
                    "lastFramePrompt": prompt.last_frame_prompt,
                    "duration": prompt.duration,
                    "orderIndex": shot,
                    "shotSize": prompt.shot_size,
                    "angle": prompt.angle,
                    "characters": list(prompt.characters),
                    "props": list(prompt.props),
                    "place": prompt.location or scene.location,
                }
            )
        plan.append((chain, segments))
    return plan


def _cast_of(look: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The look with only this scene's people: an item must stay small."""
    return look | {"cast": {name: member for name, member in look["cast"].items() if name in names}}
