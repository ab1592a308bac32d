"""HTTP routes of jobs: look, list, cancel."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from jobs import service
from vibeboard.http.access import Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.jobs import POLL_SECONDS
from vibeboard.http.revisions import IfNoneMatch, if_changed

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.get(P + "/jobs", response_model=dict[str, Any])
async def list_jobs(
    who: Who,
    status: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    cursor: Annotated[str, Query(max_length=200)] = "",
    batch: Annotated[str, Query(max_length=120)] = "",
    if_none_match: IfNoneMatch = None,
) -> Any:
    """Asked for again and again: the page is written at once, and not sent when nothing of it has changed."""
    return if_changed(service.list_jobs(who.project_id, status, limit, cursor, batch), if_none_match)


@router.get("/api/jobs/{jobId}")
async def read_job(who: Who, jobId: str, response: Response) -> dict[str, Any]:
    job = service.read(who.project_id, jobId)
    if job["status"] in ("queued", "running"):
        response.headers["Retry-After"] = str(POLL_SECONDS)
    return job


@router.post("/api/jobs/{jobId}/cancel")
async def cancel(who: Who, jobId: str) -> dict[str, Any]:
    return service.cancel(who, jobId)


handler = handler_of(router)
