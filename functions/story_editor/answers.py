"""What a request for words answers: the work itself where our own engine writes it, else the job that will."""

from typing import Any

from fastapi import Response

from story_editor import outlines, service, writers
from story_editor.models import RewriteAct, WriteOutline
from vibeboard.http import revisions
from vibeboard.http.access import Caller
from vibeboard.http.deciding import Decision
from vibeboard.http.jobs import accepted
from vibeboard.jobs import desk
from vibeboard.jobs.waiting import read_job
from vibeboard.store.table import Item
from vibeboard.views import job_view


def write_outline(caller: Caller, body: WriteOutline, sent: dict[str, Any]) -> dict[str, Any]:
    job = outlines.order(
        caller.project_id,
        caller.user,
        sent=sent,
        pinned=body.pinned_references,
        dropped=body.dropped_references,
        variation=body.variation,
        trace_id=caller.trace_id,
    )
    return _outline(caller, job)


def rewrite_act(caller: Caller, act: int, body: RewriteAct) -> dict[str, Any]:
    job = outlines.order_act(caller.project_id, caller.user, act, body.outline_version, body.variation, caller.trace_id)
    return _outline(caller, job)


def restore(caller: Caller, version: int) -> dict[str, Any]:
    return outlines.view(outlines.restore(caller.project_id, version, caller.user, caller.trace_id))


def _outline(caller: Caller, job: Item) -> dict[str, Any]:
    if not desk.is_quick(job):
        return job_view(desk.send(job))
    writers.write_now(job)
    written = [item for item in outlines.versions(caller.project_id) if item.get("jobId") == job["jobId"]]
    return outlines.view(written[-1])


def order_breakdown(decision: Decision, version: int | None) -> dict[str, Any]:
    caller = decision.caller
    job = service.order_breakdown(caller.project_id, caller.user, version, trace_id=caller.trace_id, decision=decision)
    if not desk.is_quick(job):
        desk.send(job)
    return service.answer_of(job)


def answered(response: Response, answer: dict[str, Any]) -> dict[str, Any]:
    """202 with the job's address, or the work with its version as ETag."""
    if "operation" in answer:
        response.status_code = 202
        return accepted(response, answer)
    if "version" in answer:
        revisions.tag(response, answer["version"])
    return answer


def with_breakdown(caller: Caller, answer: dict[str, Any]) -> dict[str, Any]:
    """The breakdown of an order that our own engine writes, written now unless it is already."""
    if "written" not in answer:
        return answer
    service.write_breakdown(read_job(caller.project_id, answer["written"]))
    return service.breakdown_view(caller.project_id)
