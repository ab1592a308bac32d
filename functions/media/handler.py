"""The media function: takes one job from its queue, does it, leaves the result in S3 and reports.

The queue delivers at least once. A finished result is reported again, never made again; a job that came to rest is
left alone. Engines are deterministic, so a job that died half-way is simply done anew.
"""

import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from media.operations import OPERATIONS
from media.work import Work
from vibeboard.domain.errors import VibeBoardError
from vibeboard.jobs import queues
from vibeboard.jobs.reconcile import result_key
from vibeboard.jobs.settlement import AT_REST
from vibeboard.jobs.waiting import read_job
from vibeboard.store import objects

logger = Logger(service="vibeboard")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS consumer, one job a message."""
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=_work, processor=processor, context=context))


def _work(record: SQSRecord) -> None:
    body = record.json_body
    job = read_job(body["projectId"], body["jobId"])
    report: dict[str, Any] = {"projectId": job["projectId"], "jobId": job["jobId"]}
    if job["status"] in AT_REST:
        return
    if not objects.exists(result_key(job)):
        with tempfile.TemporaryDirectory(prefix="job-") as folder:
            try:
                result = OPERATIONS[job["operation"]](Work(job, Path(folder)))
                objects.write_json(result_key(job), {"result": result})
            except VibeBoardError as refused:  # the engine says why; it would say so again
                logger.warning("job failed", jobId=job["jobId"], code=refused.code, detail=refused.detail)
                report["error"] = {"code": refused.code, "message": refused.detail, "fix": refused.fix}
    queues.send(queues.SETTLE, [report])
