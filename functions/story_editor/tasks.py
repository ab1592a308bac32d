"""The production's tasks of the Script Lab. A rerun takes up what is there: an open draft, an approved outline."""

from typing import Any

from story_editor import outlines, service, writers
from vibeboard.film.story import read_breakdown
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import Item
from vibeboard.tasks import handler_of

ACTOR = "production"


def _answer(item: Item) -> dict[str, Any]:
    outline = item["outline"]
    return {
        "version": item["version"],
        "approved": item["status"] == "approved",
        "title": outline["title"],
        "logline": outline["logline"],
        "acts": len(outline["acts"]),
        "references": len(item["references"]),
    }


def write_outline(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId} -> {version, approved, logline …}; after a rejection the next variation."""
    versions = outlines.versions(event["projectId"])
    approved = [item for item in versions if item["status"] == "approved"]
    if approved:
        return _answer(approved[-1])
    if versions and versions[-1]["status"] == "draft":
        return _answer(versions[-1])
    project_id = event["projectId"]
    job = outlines.order(
        project_id, _payer(project_id), variation=len(versions), by=ACTOR, trace_id=event.get("traceId", "")
    )
    writers.write_now(job)
    return _answer(outlines.read(project_id))


def _payer(project_id: str) -> str:
    """The production spends on its Owner's quota, as it does for frames and footage."""
    return str(read_project(project_id)["createdBy"])


def approve_outline(event: dict[str, Any]) -> dict[str, Any]:
    trace = event.get("traceId", "")
    return _answer(outlines.decide(event["projectId"], event["version"], "approved", event["by"], "", trace))


def reject_outline(event: dict[str, Any]) -> dict[str, Any]:
    reason, trace = event.get("reason", ""), event.get("traceId", "")
    return _answer(outlines.decide(event["projectId"], event["version"], "rejected", event["by"], reason, trace))


def write_breakdown(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId} -> {scenes, shots, seconds}."""
    project_id = event["projectId"]
    payer, trace = _payer(project_id), event.get("traceId", "")
    item = service.write_breakdown(service.order_breakdown(project_id, payer, by=ACTOR, trace_id=trace))
    return {
        "scenes": len(read_breakdown(project_id).scenes),
        "shots": item["shots"],
        "seconds": item["seconds"],
        "outlineVersion": item["outlineVersion"],
    }


handler = handler_of(
    {
        "write_outline": write_outline,
        "approve_outline": approve_outline,
        "reject_outline": reject_outline,
        "write_breakdown": write_breakdown,
    }
)
