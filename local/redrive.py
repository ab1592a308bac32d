"""`vibeboard redrive`: work that was given up gets another go.

In a deployed stack, what lies in the dead-letter queue goes back to the queue it came from. In a folder of `serve` or
`film`, whose queues ended with their process, every open job and batch is handed back by the reconciler. Every consumer
is idempotent, so a message that is moved twice, or whose work was done meanwhile, changes nothing.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from local.errors import CommandFailed, Exit

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

QUEUES = {"submit": "SubmitQueue", "media": "MediaQueue", "settle": "SettleQueue"}  # by their names in the template
DEAD_LETTERS = "JobsDeadLetters"
QUIET_SECONDS = 120.0  # a folder's work is left alone when nothing of it moved for so long
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
    if not isinstance(asked, dict) or "projectId" not in asked or not asked.keys() & {"jobId", "jobIds", "batchId"}:
        return UNREADABLE
    return SETTLE if "delivery" in asked or "error" in asked else SUBMIT


def of_stack(name: str) -> dict[str, int]:
    """Redrive the deployed stack `name` with the caller's own AWS credentials. Returns how many went to which queue.

    Raises CommandFailed for a stack that is not there or has no job queues.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
        found = {
            row["LogicalResourceId"]: row["PhysicalResourceId"]
            for page in pages
            for row in page["StackResourceSummaries"]
        }
        queues = {short: found[logical] for short, logical in QUEUES.items()}
        return redrive(boto3.client("sqs"), found[DEAD_LETTERS], queues)
    except (ClientError, BotoCoreError, KeyError) as trouble:
        raise CommandFailed(
            Exit.NOT_FOUND if isinstance(trouble, KeyError) else Exit.ENVIRONMENT,
            f"The stack {name} cannot be redriven",
            why=f"{trouble}",
            fix="check the stack's name, AWS_REGION and your credentials",
        ) from trouble


def of_folder(folder: Path) -> dict[str, int]:
    """Hand every open job and batch in a data folder back, and stay until nothing moves any more.

    Returns the reconciler's counts and how many jobs are `open` still. Raises CommandFailed for no such folder.
    """
    from local.aws import EmbeddedAws
    from local.film import TEMPLATE
    from vibeboard.store import keys

    if not (folder / "lock").exists():
        raise CommandFailed(
            Exit.NOT_FOUND, f"{folder} is no data folder", fix="name the folder given to `serve --data`"
        )
    with EmbeddedAws(TEMPLATE, folder) as aws:
        payload = json.dumps({"resendAfterSeconds": 0, "redoAfterSeconds": 0}).encode()
        answer = aws.client("lambda").invoke(FunctionName=aws.resources["JobsReconcileFunction"], Payload=payload)
        moved: dict[str, int] = json.loads(answer["Payload"].read())
        left, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            rows = aws.client("dynamodb").query(
                TableName=aws.resources["Table"],
                IndexName=keys.INDEX,
                KeyConditionExpression="GSI1PK = :open",
                ExpressionAttributeValues={":open": {"S": keys.OPEN_JOBS}},
                Select="COUNT",
            )
            if rows["Count"] != left:
                left, since = rows["Count"], time.monotonic()
            if not left:
                break
            time.sleep(0.5)
    return {name: count for name, count in moved.items() if count} | {"open": left}
