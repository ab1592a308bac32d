"""The queue consumers of paid work: submit, settle, and the reconciler. One bad message never holds up the rest."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vibeboard.domain.errors import NotFound
from vibeboard.jobs import reconcile, settlement, submission
from vibeboard.jobs.waiting import read_job
from vibeboard.store import objects

logger = Logger(service="vibeboard")


def _partial(event: dict[str, Any], context: Any, work: Any) -> dict[str, Any]:
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=work, processor=processor, context=context))


def submit_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send admitted jobs out."""

    def send(record: SQSRecord) -> None:
        body = record.json_body
        submission.submit(body["projectId"], body["jobId"])

    return _partial(event, context, send)


def settle_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bring jobs to rest from what their engine left in S3 (result.json), or from the error in the message."""

    def settle(record: SQSRecord) -> None:
        body = record.json_body
        job = read_job(body["projectId"], body["jobId"])
        if "error" in body:
            settlement.fail(job, body["error"])
            return
        try:
            outcome = objects.read_json(reconcile.result_key(job))
        except NotFound:
            logger.warning("settle without a result", jobId=job["jobId"])
            return
        settlement.succeed(job, outcome["result"], outcome.get("costMicros"))

    return _partial(event, context, settle)


def reconcile_handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Each minute. An operator may pass resendAfterSeconds and redoAfterSeconds, for instance after an outage."""
    return reconcile.reconcile(
        resend_after=float(event.get("resendAfterSeconds", reconcile.RESEND_AFTER_SECONDS)),
        redo_after=float(event.get("redoAfterSeconds", reconcile.REDO_AFTER_SECONDS)),
    )
