"""Production task: wait for a job with a task token."""

from typing import Any

from vibeboard.jobs.waiting import wait_for
from vibeboard.tasks import handler_of


def wait(event: dict[str, Any]) -> dict[str, Any]:
    job = wait_for(event["projectId"], event["jobId"], event["taskToken"])
    return {"jobId": job["jobId"], "status": job["status"]}


handler = handler_of({"wait": wait})
