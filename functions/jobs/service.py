"""Jobs as people see them."""

from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.http.access import Caller
from vibeboard.jobs import cancelling, settlement
from vibeboard.jobs.waiting import read_job
from vibeboard.store.table import Item, table
from vibeboard.views import JOB_PARTS, JOB_STATUS, eta_of_all, job_view


def list_jobs(project_id: str, status: str, limit: int, cursor: str, batch: str = "") -> dict[str, Any]:
    """A page of the project's jobs with a count per status and their ETA, so that a batch has one progress.

    Their inputs stay in the table, and nothing is signed: what a job made is behind its own link.
    """
    rows = table().query(f"PROJECT#{project_id}", "JOB#", limit=limit, after=cursor, only=JOB_PARTS)
    wanted = [row for row in rows if not batch or row.get("batchId") == batch]
    views = [job_view(row, link=False) for row in wanted]
    counts: dict[str, int] = {}
    for view in views:
        counts[view["status"]] = counts.get(view["status"], 0) + 1
    shown = [view for view in views if not status or view["status"] == status]
    return {
        "items": shown,
        "counts": counts,
        "progress": round(sum(100 if row["status"] in settlement.AT_REST else row.get("progress", 0) for row in wanted)
                          / len(wanted)) if wanted else 0,
        "eta": eta_of_all(wanted),
        "nextCursor": rows[-1]["SK"] if len(rows) == limit else None,
    }  # fmt: skip


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
