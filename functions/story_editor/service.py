"""Breakdown and prompts (SOP step 2), and the placeholders the asset manifest asks for."""

import json
from typing import Any

from boto3.dynamodb.conditions import Attr

from story_editor import outlines
from vibeboard.domain.errors import Invalid
from vibeboard.domain.ids import digest
from vibeboard.domain.naming import asset_name
from vibeboard.domain.story import Breakdown, Outline, Scene
from vibeboard.film.story import read_breakdown
from vibeboard.store import keys, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, ConditionFailed, Delete, Item, Put, table

ITEM_BYTES = 300 * 1024  # of DynamoDB's 400 KB; a longer breakdown lies in S3
DEFAULT_RUNTIME_SECONDS = 60


def write_breakdown(project_id: str, actor: str, version: int | None = None, trace_id: str = "") -> Item:
    """Break the outline down into scenes and shots, store it, and create its placeholders once.

    The same outline with the same contract gives what is stored already. Raises GateRefused, Conflict
    OUTLINE_MISSING.
    """
    outlines.require_contract(project_id)
    project = projects.read(project_id)
    outline = outlines.chosen(project_id, version)
    contract = project["creativeContract"]
    request = digest(
        [outline["version"], outline["input"], contract.get("targetRuntime"), contract.get("styleNotes"),
         project.get("shots"), project["seed"], project.get("screenplayKey")]
    )  # fmt: skip
    standing = table().get(keys.breakdown(project_id))
    if standing and standing["request"] == request:
        _placeholders(project, read_breakdown(project_id), actor, standing["engine"])
        return standing
    breakdown, engine = _written(project, outline)
    body = breakdown.model_dump(mode="json", by_alias=True)
    item: Item = {
        **keys.breakdown(project_id),
        "request": request,
        "outlineVersion": outline["version"],
        "version": (standing or {}).get("version", 0) + 1,
        "shots": len(breakdown.shots),
        "seconds": breakdown.runtime_seconds,
        "engine": engine,
        "createdBy": actor,
        "createdAt": now(),
    }
    if len(json.dumps(body)) > ITEM_BYTES:
        item["objectKey"] = f"{keys.media_prefix(project_id)}breakdown/{request}.json"
        objects.write_json(item["objectKey"], body)
    else:
        item |= body
    facts = {"outlineVersion": outline["version"], "scenes": len(breakdown.scenes), "shots": item["shots"]}
    audit = audit_action(project_id, actor=actor, act="breakdown.write", trace_id=trace_id, **facts)
    table().transact([Put(item), audit])
    _placeholders(project, breakdown, actor, engine)
    return item


def _written(project: Item, outline: Item) -> tuple[Breakdown, str]:
    """(breakdown, the engine's name). Raises Invalid when runtime, shots and screenplay cannot be fitted together."""
    from vibeboard.providers.sandbox.story import MODEL, ImpossibleRuntime
    from vibeboard.providers.sandbox.story import write_breakdown as break_down

    contract, concept = project["creativeContract"], outline["input"]
    try:
        written = break_down(
            outline=Outline.model_validate(outline["outline"]),
            concept=concept["concept"],
            genre=concept["genre"],
            tone=concept["tone"],
            style_notes=contract.get("styleNotes", ""),
            runtime_seconds=contract.get("targetRuntime", DEFAULT_RUNTIME_SECONDS),
            shot_count=project.get("shots"),
            seed=project["seed"],
            screenplay=outlines.screenplay_of(project),
        )
    except ImpossibleRuntime as fault:
        raise Invalid(
            str(fault),
            field="creativeContract.targetRuntime",
            code="RUNTIME_IMPOSSIBLE",
            fix="Change targetRuntime or shots: a shot lasts 1 to 10 seconds.",
        ) from fault
    return written, MODEL


def breakdown_view(project_id: str) -> dict[str, Any]:
    """The SOP's {"scenes", "assetManifest"} with its counts beside. Raises Conflict BREAKDOWN_MISSING."""
    breakdown = read_breakdown(project_id)
    item = table().get(keys.breakdown(project_id)) or {}
    return breakdown.model_dump(mode="json", by_alias=True) | {
        "version": item.get("version"),
        "outlineVersion": item.get("outlineVersion"),
        "shots": len(breakdown.shots),
        "seconds": breakdown.runtime_seconds,
        "engine": item.get("engine"),
    }


def prompts(project_id: str) -> dict[str, Any]:
    """{"segments": […]} in the SOP's segment shape, negative elements as weighted terms.

    Raises GateRefused CONTRACT_INCOMPLETE, Conflict BREAKDOWN_MISSING.
    """
    from vibeboard.providers.sandbox.story import segment_prompts

    outlines.require_contract(project_id)
    segments = segment_prompts(read_breakdown(project_id))
    return {"segments": [segment.model_dump(mode="json", by_alias=True) for segment in segments]}


def _placeholders(project: Item, breakdown: Breakdown, actor: str, engine: str) -> None:
    """An asset per name of the manifest and a character per cast name, once; nothing that exists is touched.

    Placeholders of an earlier breakdown that nobody worked on and the new one does not name are taken away.
    """
    project_id = project["projectId"]
    wanted = _wanted(project, breakdown, actor, engine)
    partition = f"PROJECT#{project_id}"
    standing = {row["SK"]: row for prefix in ("ASSET#", "CHARACTER#") for row in table().query(partition, prefix)}
    for sort_key, item in wanted.items():
        if sort_key not in standing:
            _once(Put(item, NEW))
    for sort_key, row in standing.items():
        if sort_key not in wanted and row.get("origin") == "breakdown" and row["status"] == "placeholder":
            _once(Delete({"PK": row["PK"], "SK": sort_key}, Attr("status").eq("placeholder")))


def _once(action: Put | Delete) -> None:
    try:
        table().write(action)
    except ConditionFailed:
        return  # somebody was faster, or has begun to work on it


def _wanted(project: Item, breakdown: Breakdown, actor: str, engine: str) -> dict[str, Item]:
    project_id = project["projectId"]
    items: dict[str, Item] = {}
    manifest = breakdown.asset_manifest
    for kind, code, names in (
        ("character", "CHAR", manifest.characters),
        ("location", "LOC", manifest.locations),
        ("prop", "PROP", manifest.props),
    ):
        for name in names:
            scene, shot = _first_use(breakdown, kind, name)
            asset_id = f"asset_{code.lower()}_{name}"
            item: Item = {
                **keys.asset(project_id, asset_id),
                "assetId": asset_id,
                "projectId": project_id,
                "name": asset_name(scene.order_index + 1, shot, code, name.replace("_", " ")),
                "type": kind,
                "identifier": name,
                "sceneIndex": scene.order_index,
                "status": "placeholder",
                "origin": "breakdown",
                "files": [],
                "provenance": _provenance(project, scene, actor, engine),
                "rev": 1,
            }
            items[item["SK"]] = item
    for name in manifest.characters:
        character_id = f"char_{name}"
        character: Item = {
            **keys.character(project_id, character_id),
            "characterId": character_id,
            "projectId": project_id,
            "name": name.replace("_", " ").title(),
            "referenceImages": [],
            "attributes": {},
            "status": "placeholder",
            "origin": "breakdown",
            "rev": 1,
        }
        items[character["SK"]] = character
    return items


def _provenance(project: Item, scene: Scene, actor: str, engine: str) -> dict[str, Any]:
    return {
        "sourcePrompt": scene.scene_prompt,
        "seed": project["seed"],
        "model": engine,
        "createdAt": now(),
        "createdBy": actor,
    }


def _first_use(breakdown: Breakdown, kind: str, name: str) -> tuple[Scene, int]:
    """The scene and the shot number within it (from 1) where a name of the manifest is first seen."""
    for scene in breakdown.scenes:
        if kind == "location" and scene.location == name:
            return scene, 1
        for number, shot in enumerate(scene.shots, 1):
            if name in (shot.characters if kind == "character" else shot.props):
                return scene, number
        if kind == "character" and name in scene.characters:
            return scene, 1
    return breakdown.scenes[0], 1
