"""Giving up jobs' messages another go: what lies in the dead-letter queue goes back to the queue it came from.

Every consumer is idempotent, so a message that is moved twice, or whose work was done meanwhile, changes nothing.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SUBMIT, MEDIA, SETTLE = "submit", "media", "settle"
HIDDEN_SECONDS = 120  # while a batch is being moved
UNREADABLE = "unreadable"


def redrive(sqs: "SQSClient", dead_letters: str, queues: Mapping[str, str], *, most: int = 10_000) -> dict[str, int]:
    """Move messages from the dead-letter queue back. queues: {"submit": url, "media": url, "settle": url}.

    Returns how many went where; one that cannot be read stays and is counted as "unreadable". A message is deleted only
    after its copy is accepted, so a crash may double it and never loses it.
    """
    by_arn = {_arn(sqs, url): name for name, url in queues.items()}
    moved: Counter[str] = Counter()
    seen: set[str] = set()
    while sum(moved.values()) < most:
        answer = sqs.receive_message(
            QueueUrl=dead_letters,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageSystemAttributeNames=["All"],
        )
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not fresh:
            return dict(moved)
        for message in fresh:
            seen.add(message["MessageId"])
            name = by_arn.get(_source(message)) or queue_of(message["Body"])
            moved[name] += 1
            if name in queues:
                sqs.send_message(QueueUrl=queues[name], MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
    return dict(moved)


def _arn(sqs: "SQSClient", url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _source(message: "MessageTypeDef") -> str:
    return message.get("Attributes", {}).get("DeadLetterQueueSourceArn", "")


def queue_of(body: str) -> str:
    """Which queue a message without its source belongs to, by what it asks for.

    One that names only a job goes to the submit queue: a job that left already is fenced there, and whatever else it
    waits for the reconciler finds.
    """
    try:
        asked = json.loads(body)
    except ValueError:
        return UNREADABLE
    if not isinstance(asked, dict) or not {"projectId", "jobId"} <= asked.keys():
        return UNREADABLE
    return SETTLE if "delivery" in asked or "error" in asked else SUBMIT
