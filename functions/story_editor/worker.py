"""The desk's queue: orders that a vendor takes minutes for, and orders whose writer went away."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from story_editor import service, writers
from vibeboard.domain.errors import Busy, VibeBoardError
from vibeboard.jobs import settlement
from vibeboard.jobs.waiting import read_job

logger = Logger(service="vibeboard")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{projectId, jobId} per message. A job at rest is left alone; what failed is settled and not tried again."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=_write, processor=processor, context=context))


def _write(record: SQSRecord) -> None:
    body = record.json_body
    job = read_job(body["projectId"], body["jobId"])
    if job["status"] in settlement.AT_REST:
        return
    try:
        service.write_breakdown(job) if job["operation"] == "story.breakdown" else writers.write_now(job)
    except Busy as later:
        logger.info("not now", jobId=job["jobId"], detail=later.detail)
    except VibeBoardError as refused:
        logger.warning("not written", jobId=job["jobId"], code=refused.code, detail=refused.detail)
