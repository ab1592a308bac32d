"""Breakdown and prompts (SOP step 2), and the placeholders the asset manifest asks for."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from story_editor import outlines, writers
from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.ids import digest
from vibeboard.domain.naming import asset_name
from vibeboard.domain.story import Breakdown, Scene, Screenplay
from vibeboard.film.story import read_breakdown
from vibeboard.http.deciding import Decision
from vibeboard.jobs import desk
from vibeboard.jobs.waiting import read_job
from vibeboard.store import keys, projects
from vibeboard.store.audit import now
from vibeboard.store.table import NEW, Action, Delete, Item, Put, table
from vibeboard.views import job_view


def order_breakdown(
    project_id: str,
    payer: str,
    version: int | None = None,
    by: str = "",
    trace_id: str = "",
    decision: Decision | None = None,
) -> Item:
    """Order the breakdown of an outline. The same outline with the same contract is the same order: written once.
    decision: the request it is for, which nobody has asked for its role yet.

    Raises GateRefused, Conflict OUTLINE_MISSING, Invalid RUNTIME_IMPOSSIBLE before any money is held.
    """
    table().read_ahead(keys.breakdown(project_id), [keys.project(project_id), keys.budget(project_id)])
    outlines.require_contract(project_id)
    project = projects.read(project_id)
    outline = outlines.chosen(project_id, version)
    contract = project["creativeContract"]
    runtime = contract.get("targetRuntime", outlines.DEFAULT_RUNTIME_SECONDS)
    what: dict[str, Any] = {
        "concept": outline["input"],
        "styleNotes": contract.get("styleNotes", ""),
        "runtimeSeconds": runtime,
        "seed": project["seed"],
        "screenplayKey": project.get("screenplayKey", ""),
        "screenplayName": project.get("screenplayName", ""),
        "outline": outline["outline"],
        "outlineVersion": outline["version"],
        "by": by or payer,
    }
    what["shots"] = _shots(runtime, project.get("shots"), writers.screenplay_of(what))
    what["request"] = digest({name: value for name, value in what.items() if name != "by"})
    standing = table().get(keys.breakdown(project_id))
    if standing and standing["request"] == what["request"]:
        if decision:
            decision.caller.join(project_id)
        return read_job(project_id, standing["jobId"])
    proof = (lambda jobs: decision.proof(answer_of(jobs[0]))) if decision else None
    asks = writers.breakdown_questions(what)
    return desk.order(project_id, payer, "story.breakdown", asks, what, trace_id, proof)


def answer_of(job: Item) -> dict[str, Any]:
    """What is kept with an Idempotency-Key: the breakdown itself is too long for that."""
    return {"written": job["jobId"]} if desk.is_quick(job) else job_view(job)


def _shots(runtime: float, wanted: int | None, screenplay: Screenplay | None) -> int:
    from vibeboard.providers.sandbox.story.grammar import ImpossibleRuntime, shot_count_for

    try:
        return shot_count_for(runtime, wanted, least=len(screenplay.scenes) if screenplay else 1)
    except ImpossibleRuntime as fault:
        raise Invalid(
            str(fault),
            field="creativeContract.targetRuntime",
            code="RUNTIME_IMPOSSIBLE",
            fix="Change targetRuntime or shots: a shot lasts 1 to 10 seconds.",
        ) from fault


def write_breakdown(job: Item) -> Item:
    """Carry a breakdown's order out, unless it stands already, and create its placeholders once. Returns the item."""
    project_id = job["projectId"]
    standing = table().get(keys.breakdown(project_id))
    if not (standing and standing.get("jobId") == job["jobId"]):
        writers.write_now(job)
    item = table().get(keys.breakdown(project_id))
    if item is None:
        raise Conflict("The breakdown was taken away", code="BREAKDOWN_MISSING", fix="Order it again.")
    first = item["version"] == 1  # nothing of an earlier breakdown can stand
    project = projects.read(project_id)
    _placeholders(project, read_breakdown(project_id), item["createdBy"], item["engine"], first=first)
    return item


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


def _placeholders(project: Item, breakdown: Breakdown, actor: str, engine: str, *, first: bool) -> None:
    """An asset per name of the manifest and a character per cast name, once; nothing that exists is touched.

    Placeholders of an earlier breakdown that nobody worked on and the new one does not name are taken away.
    """
    project_id = project["projectId"]
    wanted = _wanted(project, breakdown, actor, engine)
    partition = f"PROJECT#{project_id}"
    standing: dict[str, Item] = {}
    if not first:
        standing = {row["SK"]: row for prefix in ("ASSET#", "CHARACTER#") for row in table().query(partition, prefix)}
    writes: list[Action] = [Put(item, NEW) for sort_key, item in wanted.items() if sort_key not in standing]
    writes += [
        Delete({"PK": row["PK"], "SK": sort_key}, Attr("status").eq("placeholder"))
        for sort_key, row in standing.items()
        if sort_key not in wanted and row.get("origin") == "breakdown" and row["status"] == "placeholder"
    ]
    table().write_each(writes)  # one that somebody was faster with, or has begun to work on, is left as it is


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
