"""Jobs as people see them."""

from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.http.access import Caller
from vibeboard.jobs import cancelling, settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store.table import Item, table
from vibeboard.views import JOB_STATUS, job_view


def list_jobs(project_id: str, status: str, limit: int, cursor: str) -> dict[str, Any]:
    """A page of the project's jobs with a count per status, so that a batch has one progress."""
    rows = table().query(f"PROJECT#{project_id}", "JOB#", limit=limit, after=cursor)
    views = [job_view(row) for row in rows]
    counts: dict[str, int] = {}
    for view in views:
        counts[view["status"]] = counts.get(view["status"], 0) + 1
    shown = [view for view in views if not status or view["status"] == status]
    return {"items": shown, "counts": counts, "nextCursor": rows[-1]["SK"] if len(rows) == limit else None}


def read(project_id: str, job_id: str) -> Item:
    return job_view(read_job(project_id, job_id))


def cancel(caller: Caller, job_id: str) -> Item:
    """Give a job up; what was not spent is free again. Raises Conflict when it is at rest already."""
    job = read_job(caller.project_id, job_id)
    if job["status"] in settlement.AT_REST:
        raise Conflict(
            f"The job is {JOB_STATUS[job['status']]} already", code="JOB_AT_REST", fix="There is nothing to cancel."
        )
    return job_view(cancelling.cancel(job, caller.user))
