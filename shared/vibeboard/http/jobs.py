"""202 answers: where the job is and when to look again."""

from typing import Any

from fastapi import Response

POLL_SECONDS = 2


def accepted(response: Response, job: dict[str, Any]) -> dict[str, Any]:
    """Add Location and Retry-After to the answer that carries a job."""
    response.headers["Location"] = f"/api/jobs/{job['jobId']}"
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return job
