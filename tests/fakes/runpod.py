"""RunPod's serverless REST as it speaks on the wire: no listing, unsigned webhooks, errors as JSON in a string."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.fal import Delivery
from tests.fakes.server import Fake, Request, Response

KEY, ENDPOINT = "rp-key", "svi-endpoint"


@dataclass
class Running:
    id: str
    input: dict[str, Any]
    webhook: str
    policy: dict[str, Any]
    status: dict[str, Any] = field(default_factory=dict)


class FakeRunPod(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Running] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {"RUNPOD_API_KEY": KEY, "RUNPOD_ENDPOINT": ENDPOINT, "RUNPOD_URL": f"{self.url}/v2"}

    def is_submission(self, request: Request) -> bool:
        return request.path.endswith("/run")

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response(401, b"")
        _, endpoint, operation, *rest = request.path.strip("/").split("/")
        if endpoint != ENDPOINT:
            return Response(404, {"error": "endpoint not found"})
        if (request.method, operation) == ("POST", "run"):
            body = request.json
            job = Running(f"{uuid.uuid4()}-u1", body["input"], body.get("webhook", ""), body.get("policy", {}))
            job.status = {"id": job.id, "status": "IN_QUEUE"}
            self.jobs[job.id] = job
            return Response(200, job.status)
        found = self.jobs.get(rest[0]) if rest else None
        if found is None:
            return Response(404, {"error": "job not found"})
        if (request.method, operation) == ("POST", "cancel"):
            if found.status["status"] in ("IN_QUEUE", "IN_PROGRESS"):
                found.status = {"id": found.id, "status": "CANCELLED", "delayTime": 10, "executionTime": 0}
            return Response(200, {"id": found.id, "status": found.status["status"]})
        if (request.method, operation) == ("GET", "status"):
            return Response(200, found.status)
        return Response(405, b"")

    def only(self) -> Running:
        (job,) = self.jobs.values()
        return job

    def end(self, job: Running, status: str, milliseconds: int = 61_001, **more: Any) -> None:
        job.status = {"id": job.id, "status": status, "delayTime": 31_618, "executionTime": milliseconds, **more}

    def webhook(self, job: Running, **changes: Any) -> Delivery:
        """The report of a job: the body of its status, and what it was sent."""
        import json

        body = job.status | {"input": job.input, "webhook": job.webhook} | changes
        return Delivery(job.webhook, {}, json.dumps(body).encode())
