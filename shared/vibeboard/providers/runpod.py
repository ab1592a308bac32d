"""RunPod serverless as a job provider: what our GPU worker does (SOP steps 3, 4, 5, 8, 9 and 11).

RunPod has no listing and no signature: a lost answer stays unknown until its webhook comes or the job's own time to
live is over, and a webhook is only a hint that is confirmed by GET /status. Outputs go straight to our bucket.
"""

import json
from collections.abc import Mapping
from typing import Any

from vibeboard.domain.pricing import GPU_SECOND
from vibeboard.jobs import hooks
from vibeboard.jobs.engines import Answer, NotAccepted, OutcomeUnknown, Receipt, Rejected, Unreachable
from vibeboard.providers import http_client, settings, worker_ops, worker_orders
from vibeboard.providers.http_client import AnswerLost, NeverSent, Reply
from vibeboard.store import keys, objects
from vibeboard.store.table import Item

TTL_SECONDS = 2 * 3600  # queue and run together; RunPod forgets the job then
EXECUTION_SECONDS = 1800
LINK_SECONDS = 3 * 3600  # inputs and outputs are reachable at least as long as the job lives
_RUNNING = {"IN_QUEUE", "IN_PROGRESS", "RUNNING"}
_MESSAGE_LENGTH = 300
_FOOTAGE = ("picture", "sound")  # labels of what becomes a take


class RunPod:
    """Our GPU worker on RunPod."""

    lists = False
    horizon = float(TTL_SECONDS)

    def post(self, job: Item) -> Receipt:
        body = {
            "input": envelope(job, worker_ops.OPERATIONS[job["operation"]]),
            "webhook": hooks.address(job),
            "policy": {"executionTimeout": EXECUTION_SECONDS * 1000, "ttl": TTL_SECONDS * 1000},
        }
        try:
            reply = http_client.call("POST", _url("run"), headers=_key(), body=body, timeout=http_client.SUBMIT_SECONDS)
        except NeverSent as error:
            raise NotAccepted(f"RunPod cannot be reached: {error}") from error
        except AnswerLost as error:
            raise OutcomeUnknown(f"RunPod's answer was lost: {error}") from error
        told = reply.json()
        if reply.status == 200 and isinstance(told, dict) and told.get("id"):
            return Receipt(str(told["id"]))
        if reply.status == 429:
            raise NotAccepted("RunPod takes no more", retry_after=reply.retry_after)
        if 400 <= reply.status < 500 and reply.status != 408:
            raise Rejected(f"RunPod refused the request ({reply.status}): {reply.text()}")
        raise OutcomeUnknown(f"RunPod answered {reply.status} to a submission")

    def look(self, job: Item) -> Answer:
        reply = _ask("GET", f"status/{job['providerRef']}")
        if reply.status == 404:
            return Answer("gone", job["providerRef"])
        told = reply.json()
        if reply.status != 200 or not isinstance(told, dict):
            raise Unreachable(f"RunPod answered {reply.status} for a status")
        claimant = _claimed_by(told)
        if claimant and claimant != job["providerRef"]:
            return self.look(job | {"providerRef": claimant})
        return outcome(job, told)

    def find(self, job: Item) -> Receipt | None:
        raise Unreachable(f"RunPod lists no jobs, so {job['jobId']} cannot be looked up")

    def cancel(self, job: Item) -> bool:
        """Never free at once: a job may have run before it stopped, and its last status says for how long."""
        _ask("POST", f"cancel/{job['providerRef']}")
        return False

    def read(self, job: Item, delivery: dict[str, Any]) -> Answer:
        """A webhook proves nothing: what it says is asked again."""
        return self.look(job | {"providerRef": str(delivery.get("id", ""))})


def _key() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.secret('RUNPOD_API_KEY')}"}


def _url(path: str) -> str:
    return f"{settings.get('RUNPOD_URL')}/{settings.get('RUNPOD_ENDPOINT')}/{path}"


def _ask(method: str, path: str) -> Reply:
    try:
        reply = http_client.call(method, _url(path), headers=_key())
    except (NeverSent, AnswerLost) as error:
        raise Unreachable(f"RunPod does not answer: {error}") from error
    if reply.status == 429 or reply.status >= 500:
        raise Unreachable(f"RunPod answered {reply.status}")
    return reply


def envelope(job: Item, operation: worker_ops.Operation) -> dict[str, Any]:
    """The order as our worker takes it: typed params, assets as links, where each file is to be put, and the claim it
    must create before GPU time is spent, so that a second submission of the same attempt ends at once.

    Raises Rejected for an order its own types refuse: nothing was sent.
    """
    params, assets = worker_orders.order_of(job)
    claim = keys.job_object(job["projectId"], job["jobId"], f"vendor/{job['fence']}/claim")
    try:
        order = worker_ops.Envelope.model_validate({
            "op": operation.op,
            "traceId": job.get("traceId", ""),
            "jobId": job["jobId"],
            "attempt": job["fence"],
            "claim": objects.put_link(claim, LINK_SECONDS),
            "claimed": objects.link(claim, seconds=LINK_SECONDS),
            "params": operation.params.model_validate(params).wire(),
            "assets": {name: objects.link(key, seconds=LINK_SECONDS) for name, key in assets.items()},
            "output": {"putUrls": _put_urls(job, operation.outputs)},
        })  # fmt: skip
        worker_ops.read_order(order.wire())
    except ValueError as fault:
        raise Rejected(f"The order of {operation.op} is not sound: {fault}", fix="Order it again.") from fault
    return order.wire()


def _put_urls(job: Item, outputs: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: objects.put_link(output_key(job, file), LINK_SECONDS) | {"name": file} for name, file in outputs.items()
    }


def output_key(job: Item, file: str) -> str:
    """Where the worker puts one of its files."""
    return keys.job_object(job["projectId"], job["jobId"], f"vendor/{job['fence']}/{file}")


def _claimed_by(told: dict[str, Any]) -> str:
    """The submission that does the work, where this one found the order claimed already; else ""."""
    output = told.get("output")
    if told.get("status") != "COMPLETED" or not isinstance(output, dict) or output.get("duplicate") is not True:
        return ""
    return str(output.get("claimedBy", ""))


def outcome(job: Item, told: dict[str, Any]) -> Answer:
    """A status body as an answer."""
    state, reference = told.get("status"), str(told.get("id") or job["providerRef"])
    output = told.get("output")
    if state in _RUNNING or state is None:
        done = output.get("pct") if isinstance(output, dict) else None
        return Answer(
            "running", reference, progress=max(1, min(95, int(done))) if isinstance(done, int | float) else None
        )
    billed = _billed(told)
    if state != "COMPLETED":
        return Answer("failed", reference, error=_error(str(state), told.get("error")), billed=billed)
    return _made(job, worker_ops.OPERATIONS[job["operation"]], reference, output, billed)


def _made(job: Item, operation: worker_ops.Operation, reference: str, output: Any, billed: int | None) -> Answer:
    """A finished order: its files by label, each where we said or behind a link, with their hashes."""
    try:
        result = worker_ops.read_result(operation, output)
    except ValueError as fault:
        error = {
            "code": "PROVIDER_FAILED",
            "message": f"The worker's answer cannot be used: {str(fault)[:_MESSAGE_LENGTH]}",
            "fix": "Order it again.",
        }
        return Answer("failed", reference, error=error, billed=billed)
    files = {}
    for row in result.files:
        place = {"url": row.url} if row.url else {"key": output_key(job, operation.outputs[row.name])}
        files[row.name] = place | {"sha256": row.sha256, "bytes": row.bytes, "type": row.content_type}
    found = {
        "model": result.model.name,
        "seed": result.seed,
        "files": files,
        **{name: files[name] for name in _FOOTAGE if name in files},
        "worker": result.model.wire() | {"gpuSeconds": result.gpu_seconds, "metrics": dict(result.metrics)},
    }
    return Answer("succeeded", reference, output=found, billed=billed)


def _billed(told: dict[str, Any]) -> int | None:
    """Running time at the GPU's price, rounded up to the second. Nothing ran: nothing is owed. Unsaid: None."""
    spent = told.get("executionTime")
    if isinstance(spent, int | float) and not isinstance(spent, bool):
        return -(-int(spent) // 1000) * GPU_SECOND
    return None


def _error(state: str, raw: Any) -> dict[str, str]:
    """RunPod's error is a JSON string with a traceback in it; people get its type and message only."""
    message = ""
    if isinstance(raw, str):
        try:
            parsed = json.loads(raw)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            message = f"{parsed.get('error_type', '')}: {parsed.get('error_message', '')}".strip(": ")
        else:
            message = raw.split("Traceback")[0].strip()
    elif isinstance(raw, dict):
        message = str(raw.get("error_message") or raw.get("message") or "")
    code = {"TIMED_OUT": "PROVIDER_TIMEOUT", "CANCELLED": "CANCELLED"}.get(state, "PROVIDER_FAILED")
    words = message[:_MESSAGE_LENGTH] or state.replace("_", " ").lower()
    return {"code": code, "message": f"RunPod: {words}", "fix": "Generate it again."}
