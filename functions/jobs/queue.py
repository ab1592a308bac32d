"""The queue consumers of paid work: submit, settle, and the reconciler. One bad message never holds up the rest."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from vibeboard.jobs import inbox, reconcile


def _partial(event: dict[str, Any], context: Any, work: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    def handle(record: SQSRecord) -> None:
        work(record.json_body)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=handle, processor=processor, context=context))


def submit_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send admitted jobs out, and ask back what was cancelled."""
    return _partial(event, context, inbox.to_submit)


def settle_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bring jobs to rest from what the media function left in S3, from its error, or from a vendor's report."""
    return _partial(event, context, inbox.to_settle)


def reconcile_handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Each minute. An operator may pass resendAfterSeconds and redoAfterSeconds, for instance after an outage."""
    return reconcile.reconcile(
        resend_after=float(event.get("resendAfterSeconds", reconcile.RESEND_AFTER_SECONDS)),
        redo_after=float(event.get("redoAfterSeconds", reconcile.REDO_AFTER_SECONDS)),
    )
