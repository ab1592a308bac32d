"""The production line between our queues and the vendors: messages carried by hand, webhooks through the API's door."""

import json
import os
import uuid
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.fal import Delivery
from tests.integration.studio import Answer, LambdaContext, Studio, client
from vibeboard.jobs import queues
from vibeboard.jobs.waiting import read_job

PUBLIC_URL = "https://api.vibeboard.test"
SETTINGS = {"BILLING": "live", "WEBHOOK_SECRET": "webhook-secret", "PUBLIC_URL": PUBLIC_URL}


class Line:
    """Carries messages from queue to function until all is quiet."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def carry(self, queue: str) -> int:
        """Give one queue's messages to its function, as SQS would; failed ones go back. Returns how many came."""
        from jobs import queue as consumers
        from media import handler as media

        handle = {
            queues.SUBMIT: consumers.submit_handler,
            queues.SETTLE: consumers.settle_handler,
            queues.MEDIA: media.handler,
        }[queue]
        bodies = self.studio.queued(queue)
        records = [
            {
                "messageId": uuid.uuid4().hex,
                "body": json.dumps(body),
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for body in bodies
        ]
        if records:
            failed = {
                row["itemIdentifier"] for row in handle({"Records": records}, LambdaContext())["batchItemFailures"]
            }
            for record in records:
                if record["messageId"] in failed:
                    client("sqs").send_message(QueueUrl=os.environ[queue], MessageBody=str(record["body"]))
            self.failed = len(failed)
        return len(records)

    def until_quiet(self) -> None:
        self.failed = 0
        while sum(self.carry(queue) for queue in (queues.SUBMIT, queues.MEDIA, queues.SETTLE)):
            assert not self.failed, "a message failed"

    def deliver(self, delivery: Delivery, url: str = "", body: bytes | None = None) -> Answer:
        """A vendor's webhook through the API."""
        address = url or delivery.url
        assert address.startswith(PUBLIC_URL)
        raw = (delivery.body if body is None else body).decode("utf-8")
        return self.studio.call("POST", urlsplit(address).path, user=None, headers=delivery.headers, raw=raw)


def money(project_id: str) -> dict[str, int]:
    """The project's counters in micro-dollars."""
    from vibeboard.store import ledger

    budget = ledger.read(project_id)
    return {name: budget[name] for name in ("available", "reserved", "committed")}


def job_of(project_id: str, job_id: str) -> dict[str, Any]:
    return read_job(project_id, job_id)
