"""Outlines and the breakdown as stored, and what a finished writing job changes in the film."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict
from vibeboard.domain.story import Breakdown
from vibeboard.store import keys, objects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Action, Item, Put, Update, table

ITEM_BYTES = 300 * 1024  # of DynamoDB's 400 KB; a longer breakdown lies in S3


def read_breakdown(project_id: str) -> Breakdown:
    """The current breakdown. Raises Conflict while there is none."""
    item = table().get(keys.breakdown(project_id))
    if item is None:
        raise Conflict(
            "There is no breakdown yet", code="BREAKDOWN_MISSING", fix="Run story-editor/outline, then …/breakdown."
        )
    body = objects.read_json(item["objectKey"]) if "objectKey" in item else item
    return Breakdown.model_validate({"scenes": body["scenes"], "assetManifest": body["assetManifest"]})


def next_version(project_id: str) -> int:
    """The number the next outline gets."""
    rows = table().query(f"PROJECT#{project_id}", "OUTLINE#", limit=1, newest_first=True)
    return rows[0]["version"] + 1 if rows else 1


def outline_written(job: Item, result: dict[str, Any]) -> list[Action]:
    """The next outline version. Its concept becomes the project's, unless a locked contract holds another."""
    project_id, order = job["projectId"], job["input"]
    version = next_version(project_id)
    item: Item = {
        **keys.outline(project_id, version),
        "version": version,
        "projectId": project_id,
        "status": "draft",
        "outline": result["outline"],
        "input": order["concept"],
        "request": order["request"],
        "variation": order["variation"],
        "pinnedReferences": order["pinned"],
        "droppedReferences": order["dropped"],
        "references": order["references"],
        "rag": order["rag"],
        "engine": result["model"],
        "jobId": job["jobId"],
        "seed": order["seed"],
        "createdBy": order["by"],
        "createdAt": now(),
        **({"act": order["act"], "basedOn": order["base"]} if order.get("base") else {}),
    }
    trace_id = job.get("traceId", "")
    audit = audit_action(project_id, actor=order["by"], act="outline.write", trace_id=trace_id, version=version)
    actions: list[Action] = [Put(item, NEW), audit]
    project = table().get(keys.project(project_id)) or {}
    held = project.get("concept")
    if order["concept"] != held and not (project.get("contractLocked") and held):
        change = {"concept": order["concept"], "updatedAt": now()}
        actions.append(
            Update(keys.project(project_id), set=change, add={"rev": 1}, condition=Attr("rev").eq(project["rev"]))
        )
    return actions


def breakdown_written(job: Item, result: dict[str, Any]) -> list[Action]:
    """The project's breakdown, replaced whole; a long one stays in S3."""
    project_id, order = job["projectId"], job["input"]
    standing = table().get(keys.breakdown(project_id)) or {}
    item: Item = {
        **keys.breakdown(project_id),
        "request": order["request"],
        "outlineVersion": order["outlineVersion"],
        "version": standing.get("version", 0) + 1,
        "shots": result["shots"],
        "seconds": result["seconds"],
        "engine": result["model"],
        "jobId": job["jobId"],
        "createdBy": order["by"],
        "createdAt": now(),
    }
    if result["bytes"] > ITEM_BYTES:
        item["objectKey"] = result["objectKey"]
    else:
        item |= objects.read_json(result["objectKey"])
    facts = {"outlineVersion": order["outlineVersion"], "scenes": result["scenes"], "shots": result["shots"]}
    trace_id = job.get("traceId", "")
    return [
        Put(item),
        audit_action(project_id, actor=order["by"], act="breakdown.write", trace_id=trace_id, **facts),
    ]
