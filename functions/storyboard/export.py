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
from vibeboard.store import chains, projects
from vibeboard.store.table import Item, TransactionRefused


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
    breakdown = read_breakdown(project_id)
    look = look_of(project)
    made, shots = [], 0
    for chain, segments in _plan(project, breakdown, look):
        with contextlib.suppress(TransactionRefused):  # an earlier run made it
            chains.put_chain(project_id, chain, user)
        made_chain, standing = chains.read_chain(project_id, chain["id"])
        known = {segment["id"] for segment in standing}
        missing = [segment for segment in segments if segment["id"] not in known]
        if missing:
            chains.put_segments(project_id, chain["id"], missing, made_chain, standing)
        made.append(chain["id"])
        shots += len(segments)
    return {"chains": made, "shots": shots}


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
