"""RunPod's inside, as its SDK's worker loop sees it: jobs to take, jobs to stop, results and progress to tell, pings.

The outside (`/run`, `/status`, `/cancel`) is FakeRunPod's, over the same jobs: what a client submits a worker takes.
"""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.fakes.runpod import FakeRunPod, Running
from tests.fakes.server import Request, Response

ROOT = Path(__file__).resolve().parents[2]
HANDLER = ROOT / "functions" / "gpu_worker" / "handler.py"
WORKER_KEY, POD = "worker-key", "pod-1"
POLL_SECONDS = 0.1


class ControlPlane(FakeRunPod):
    def __init__(self) -> None:
        super().__init__()
        self.queue: deque[str] = deque()
        self.stops: list[str] = []
        self.progress: dict[str, list[dict[str, Any]]] = {}
        self.pings: list[str] = []
        self.idle = 0  # times a worker asked and there was nothing

    @property
    def worker_environment(self) -> dict[str, str]:
        """What RunPod puts into a worker's environment. `?gpu=x`: the SDK appends with `&`."""
        place = f"{self.url}/{{}}/ep/$RUNPOD_POD_ID/$ID?gpu=x"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{self.url}/job-take/ep/$ID?gpu=x",
            "RUNPOD_WEBHOOK_POST_OUTPUT": place.format("job-done"),
            "RUNPOD_WEBHOOK_POST_STREAM": place.format("job-stream"),
            "RUNPOD_WEBHOOK_PING": f"{self.url}/ping/ep/$RUNPOD_POD_ID?gpu=x",
            "RUNPOD_PING_INTERVAL": "1000",
            "RUNPOD_AI_API_KEY": WORKER_KEY,
            "RUNPOD_POD_ID": POD,
            "RUNPOD_ENDPOINT_ID": "ep",
            "RUNPOD_SKIP_GPU_CHECK": "true",
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        }

    def answer(self, request: Request) -> Response:
        kind, *rest = request.path.strip("/").split("/")
        if kind not in ("job-take", "job-stop", "job-done", "ping"):
            known = set(self.jobs)
            answer = super().answer(request)
            self.queue.extend(self.jobs.keys() - known)
            if request.method == "POST" and "/cancel/" in request.path and rest[-1] in self.jobs:
                self.stops.append(rest[-1])
            return answer
        if request.headers.get("authorization") != WORKER_KEY:
            return Response(401, b"")
        match kind:
            case "job-take":
                return self._take()
            case "job-stop":
                stops, self.stops = self.stops, []
                return Response(200, {"jobsToStop": stops}, after=0 if stops else POLL_SECONDS)
            case "job-done":
                return self._told(rest[-1], request)
            case _:
                self.pings.append(request.query.get("job_id", ""))
                return Response(200, {})

    def _take(self) -> Response:
        if not self.queue:
            self.idle += 1
            return Response(204, b"", after=POLL_SECONDS)
        job = self.jobs[self.queue.popleft()]
        if job.status["status"] != "IN_QUEUE":
            return Response(204, b"")
        job.status = {"id": job.id, "status": "IN_PROGRESS"}
        return Response(200, {"id": job.id, "input": job.input})

    def _told(self, job_id: str, request: Request) -> Response:
        job, body = self.jobs[job_id], request.json
        if body.get("status") == "IN_PROGRESS":
            self.progress.setdefault(job_id, []).append(body["output"])
            if job.status["status"] == "IN_PROGRESS":
                job.status["output"] = body["output"]
        elif job.status["status"] not in ("CANCELLED", "TIMED_OUT"):
            self.end(job, "FAILED" if "error" in body else "COMPLETED", 1_500, **body)
        return Response(200, {})

    def submit(self, order: dict[str, Any], job_id: str = "") -> Running:
        """Queue an order as a client's /run would."""
        with self.lock:
            job = Running(job_id or f"job-{len(self.jobs) + 1}-u1", order, "", {})
            job.status = {"id": job.id, "status": "IN_QUEUE"}
            self.jobs[job.id] = job
            self.queue.append(job.id)
        return job

    def wait(self, done: Callable[[], Any], what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
            time.sleep(0.02)

    def ended(self, job: Running) -> dict[str, Any]:
        """Wait until a job came to its end; its status body."""
        self.wait(lambda: job.status["status"] not in ("IN_QUEUE", "IN_PROGRESS"), f"the end of {job.id}")
        return job.status


class WorkerProcess:
    """`python handler.py` under RunPod's SDK, fed by a control plane."""

    def __init__(self, plane: ControlPlane, origins: str, log: Path) -> None:
        self._plane, self._log = plane, log
        path = os.pathsep.join(str(ROOT / part) for part in ("functions", "shared"))
        self._environment = os.environ | plane.worker_environment | {
            "PYTHONPATH": path,
            "TRUSTED_OUTPUT_ORIGINS": origins,
            "WORKER_ENGINE": "cpu",
        }  # fmt: skip

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(HANDLER)], env=self._environment, stdout=log, stderr=log, cwd=self._log.parent
            )
        self._plane.wait(lambda: self._plane.idle or self._process.poll() is not None, "the worker to ask for work")
        assert self._process.poll() is None, self._log.read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
