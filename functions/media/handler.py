"""The media function: takes one job from its queue, does it, leaves the result in S3 and reports.

The queue delivers at least once. A finished result is reported again, never made again; a job that came to rest is
left alone. Engines are deterministic, so a job that died half-way is simply done anew.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from media.operations import OPERATIONS, ingest
from media.work import Work
from vibeboard.domain.errors import ProviderFailed, VibeBoardError
from vibeboard.jobs import inbox
from vibeboard.jobs.engines import Unfinished
from vibeboard.store.table import Item

logger = Logger(service="vibeboard")

DELIVERIES = 3  # maxReceiveCount of the media queue (template.yaml): after it a message goes to the dead letters


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS consumer, one job a message."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=_work, processor=processor, context=context))


def _work(record: SQSRecord) -> None:
    last = int(record.attributes.approximate_receive_count) >= DELIVERIES
    inbox.to_make(record.json_body, _final(make) if last else make)


def _final(work: Callable[[Item], dict[str, Any]]) -> Callable[[Item], dict[str, Any]]:
    """On the last delivery a fault of ours becomes the job's failure, so that nobody waits for it for ever."""

    def attempt(job: Item) -> dict[str, Any]:
        try:
            return work(job)
        except (VibeBoardError, Unfinished):
            raise
        except Exception as fault:
            logger.exception("engine fault", jobId=job["jobId"], operation=job["operation"])
            raise ProviderFailed(
                f"The engine broke: {type(fault).__name__}: {str(fault)[:300]}",
                code="ENGINE_FAULT",
                fix="The fault is logged under the job's trace id; try another take, then report it.",
            ) from fault

    return attempt


def make(job: Item) -> dict[str, Any]:
    """Do a job with our own engines, or fetch what a vendor made. Raises VibeBoardError when it cannot be done."""
    with tempfile.TemporaryDirectory(prefix="job-") as folder:
        work = Work(job, Path(folder))
        return ingest.run(work) if "answer" in job else OPERATIONS[job["operation"]](work)
