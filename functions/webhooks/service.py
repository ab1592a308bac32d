"""Taking a webhook in: prove who sent it, on the bytes as they came; store it; answer. Settling happens elsewhere.

A report that proves nothing is refused before its JSON is read. A copy of one that came before lands on the same
object and asks for the same settlement, which changes nothing twice.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from vibeboard.domain.errors import Invalid, NotFound, VibeBoardError
from vibeboard.domain.ids import project_of
from vibeboard.jobs import answers, engines, hooks
from vibeboard.jobs.settlement import AT_REST
from vibeboard.jobs.waiting import read_job
from vibeboard.store import keys, objects
from webhooks import fal_signature

MAX_BYTES = 1024 * 1024
TAKEN, ALREADY = 202, 200

logger = Logger(service="vibeboard")


class TooLarge(VibeBoardError):
    status, code, title = 413, "WEBHOOK_TOO_LARGE", "The report is too large"


def receive(provider: str, job_id: str, attempt: int, given: str, headers: Mapping[str, str], body: bytes) -> int:
    """Store a vendor's report and queue its settlement. Returns the HTTP status: 202 taken, 200 nothing left to do.

    Raises NotFound for an address we did not make, Unauthenticated for a body the vendor did not sign, Invalid for a
    report about another job, TooLarge, and Busy or KeysUnavailable when it should be sent again.
    """
    project_id = project_of(job_id)
    if project_id is None or provider not in engines.VENDORS or not hooks.is_ours(provider, job_id, attempt, given):
        raise NotFound("No such webhook")
    if len(body) > MAX_BYTES:
        raise TooLarge(f"{len(body)} bytes; at most {MAX_BYTES}")
    if provider == "fal":
        fal_signature.verify(headers, body)
    job = read_job(project_id, job_id)
    report = _report(body)
    reference = str(report.get("request_id" if provider == "fal" else "id") or "")
    if job["provider"] != provider or not answers.belongs(job, attempt, reference):
        logger.warning("webhook of another submission", jobId=job_id, attempt=attempt)
        raise Invalid("The report is about another submission", code="WEBHOOK_MISMATCH")
    if job["status"] in AT_REST and not job.get("assumed"):
        return ALREADY
    name = f"webhooks/{attempt}-{hashlib.sha256(body).hexdigest()[:32]}.json"
    stored = keys.job_object(project_id, job_id, name)
    objects.write(stored, body)
    engines.to_settlement(job, delivery=stored, attempt=attempt, reference=reference)
    return TAKEN


def _report(body: bytes) -> dict[str, Any]:
    try:
        report = json.loads(body)
    except ValueError as error:
        raise Invalid("The report is no JSON", code="WEBHOOK_UNREADABLE") from error
    if not isinstance(report, dict):
        raise Invalid("The report is no JSON object", code="WEBHOOK_UNREADABLE")
    return report
