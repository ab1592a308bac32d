"""The queues of paid work: submit (leave our house), media and words (our own benches), settle (what came back)."""

import functools
import json
import os
from typing import TYPE_CHECKING, Any

import boto3

from vibeboard.domain.errors import Busy

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGES_PER_CALL = 10  # SQS's limit
SUBMIT, MEDIA, SETTLE = "SUBMIT_QUEUE_URL", "MEDIA_QUEUE_URL", "SETTLE_QUEUE_URL"
WORDS = "WORDS_QUEUE_URL"


@functools.lru_cache
def sqs() -> "SQSClient":
    return boto3.client("sqs")


def send(queue_env: str, messages: list[dict[str, Any]]) -> None:
    """Send JSON messages, ten a call. Raises Busy when SQS took only some; the reconciler sends the rest."""
    url = os.environ[queue_env]
    for start in range(0, len(messages), MESSAGES_PER_CALL):
        batch = messages[start : start + MESSAGES_PER_CALL]
        answer = sqs().send_message_batch(
            QueueUrl=url,
            Entries=[{"Id": str(index), "MessageBody": json.dumps(body)} for index, body in enumerate(batch)],
        )
        if answer.get("Failed"):
            raise Busy("The queue took only part of the work", fix="It is sent again within a minute by itself.")
