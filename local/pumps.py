"""What makes functions run without a request: queues, schedules and events.

One thread per queue waits for a message (it sleeps until one is sent or becomes visible again, and costs nothing
meanwhile) and hands batches to at most MaximumConcurrency handlers at a time. One thread serves all schedules.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3

from local import ACCOUNT, REGION
from local.lambdas import LambdaRuntime
from local.stack import Stack, StackError

_RATE = re.compile(r"rate\((\d+) (second|minute|hour|day)s?\)")
_UNIT = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LONGEST_NAP = 1.0
"""Seconds after which a queue is looked at even if nothing was sent: delayed and returned messages come up so."""
_DEFAULT_CONCURRENCY = 5
_RETURN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class QueueSource:
    """One SQS event source mapping of the template."""

    queue: str
    arn: str
    function: str
    batch_size: int
    partial: bool
    """ReportBatchItemFailures is on."""
    concurrency: int


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    seconds: float
    target: str
    event: Any
    """None for the scheduled event EventBridge makes itself."""


class Pumps:
    """Feeds the functions of a stack. `every` overrides the seconds of all schedules (for tests)."""

    def __init__(self, stack: Stack, functions: LambdaRuntime, every: float | None) -> None:
        self._functions = functions
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sent = threading.Condition()
        self._generation = 0
        self._stack = stack
        self._every = every
        self.queues: list[QueueSource] = []
        self.schedules: list[Schedule] = []

    def start(self) -> None:
        """Begin, once the stack is made. Raises `StackError` for a source that is not served here."""
        self.queues = list(_queue_sources(self._stack))
        self.schedules = [_faster(s, self._every) for s in _schedules(self._stack)]
        for source in self.queues:
            self._spawn(f"queue-{source.queue}", lambda source=source: self._pump(source))  # type: ignore[misc]
        if self.schedules:
            self._spawn("schedules", self._tick)

    def stop(self) -> None:
        self._stop.set()
        with self._sent:
            self._sent.notify_all()
        for thread in self._threads:
            thread.join(5)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Wake the pumps when moto queues a message, and give EventBridge rules their function targets."""
        from moto.events.models import Rule
        from moto.sqs.models import Queue

        add = Queue.add_message
        send = Rule.send_to_targets

        def add_message(queue: Any, message: Any) -> None:
            # moto would call the function itself, in the sender's thread and in a container.
            queue.lambda_event_source_mappings.clear()
            add(queue, message)
            with self._sent:
                self._generation += 1
                self._sent.notify_all()

        def send_to_targets(rule: Any, event: Any, transform_input: bool = True) -> None:
            here = [t for t in rule.targets if t["Arn"].split(":")[2] in ("lambda", "states")]
            if here and rule.event_pattern.matches_event(event):
                for target in here:
                    self._deliver(target["Arn"], _target_input(target, event))
            others = [t for t in rule.targets if t not in here]
            if others:
                rest = _RuleView(rule, others)
                send(rest, event, transform_input)

        with patch.object(Queue, "add_message", add_message), patch.object(Rule, "send_to_targets", send_to_targets):
            yield

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pump(self, source: QueueSource) -> None:
        slots = threading.Semaphore(source.concurrency)
        with ThreadPoolExecutor(source.concurrency, thread_name_prefix=source.queue) as pool:
            while not self._stop.is_set():
                generation = self._generation
                if not slots.acquire(timeout=_LONGEST_NAP):
                    continue
                messages = [] if self._stop.is_set() else _receive(source)
                if messages:
                    pool.submit(self._handle, source, messages, slots)
                    continue
                slots.release()
                with self._sent:
                    self._sent.wait_for(lambda g=generation: self._stop.is_set() or self._generation != g, _LONGEST_NAP)  # type: ignore[misc]

    def _handle(self, source: QueueSource, messages: list[Any], slots: threading.Semaphore) -> None:
        from moto.sqs.models import sqs_backends

        try:
            outcome = self._functions.invoke(source.function, {"Records": [_record(source, m) for m in messages]})
            failed = _failed(source, outcome.value(), messages) if not outcome.failed else {m.id for m in messages}
            backend = sqs_backends[ACCOUNT][REGION]
            for message in messages:
                if message.id not in failed:
                    backend.delete_message(source.queue, message.receipt_handle)
                else:
                    _return(backend, source, message)
        finally:
            slots.release()
            with self._sent:
                self._generation += 1
                self._sent.notify_all()

    def _tick(self) -> None:
        due = {s.name: time.monotonic() + s.seconds for s in self.schedules}
        while not self._stop.wait(max(0.01, min(due.values()) - time.monotonic())):
            for schedule in self.schedules:
                if time.monotonic() >= due[schedule.name]:
                    due[schedule.name] += schedule.seconds * max(
                        1, (time.monotonic() - due[schedule.name]) // schedule.seconds
                    )
                    self._deliver(schedule.target, schedule.event or _scheduled_event(schedule.name))

    def _deliver(self, arn: str, event: Any) -> None:
        if arn.split(":")[2] == "lambda":
            self._functions.invoke_async(arn, event)
        else:
            states = boto3.client("stepfunctions", region_name=REGION)
            states.start_execution(stateMachineArn=arn, name=str(uuid.uuid4()), input=json.dumps(event))


class _RuleView:
    """A rule with only some of its targets, for moto's own delivery."""

    def __init__(self, rule: Any, targets: list[Any]) -> None:
        self._rule = rule
        self.targets = targets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rule, name)


def _queue_sources(stack: Stack) -> Iterator[QueueSource]:
    for logical_id, properties in stack.of_type("AWS::Lambda::EventSourceMapping"):
        given = stack.resolver.resolve(properties)
        arn = given["EventSourceArn"]
        if ":sqs:" not in arn:
            raise StackError(f"{logical_id}: {arn} is no queue; other event sources are not served locally")
        if given.get("Enabled", True):
            yield QueueSource(
                queue=arn.rsplit(":", 1)[1],
                arn=arn,
                function=given["FunctionName"],
                batch_size=int(given.get("BatchSize", 10)),
                partial="ReportBatchItemFailures" in given.get("FunctionResponseTypes", []),
                concurrency=int(given.get("ScalingConfig", {}).get("MaximumConcurrency", _DEFAULT_CONCURRENCY)),
            )


def _schedules(stack: Stack) -> Iterator[Schedule]:
    for logical_id, properties in stack.of_type("AWS::Events::Rule"):
        given = stack.resolver.resolve(properties)
        if "ScheduleExpression" in given and given.get("State", "ENABLED") == "ENABLED":
            for target in given["Targets"]:
                event = json.loads(target["Input"]) if "Input" in target else None
                yield Schedule(
                    f"{logical_id}/{target['Id']}", _seconds(given["ScheduleExpression"]), target["Arn"], event
                )
    for logical_id, properties in stack.of_type("AWS::Scheduler::Schedule"):
        given = stack.resolver.resolve(properties)
        if given.get("State", "ENABLED") == "ENABLED":
            target = given["Target"]
            event = json.loads(target["Input"]) if "Input" in target else {}
            yield Schedule(logical_id, _seconds(given["ScheduleExpression"]), target["Arn"], event)


def _seconds(expression: str) -> float:
    match = _RATE.fullmatch(expression)
    if match is None:
        raise StackError(f"schedule {expression}: only rate(…) is served locally")
    return int(match.group(1)) * _UNIT[match.group(2)]


def _faster(schedule: Schedule, every: float | None) -> Schedule:
    return schedule if every is None else Schedule(schedule.name, every, schedule.target, schedule.event)


def _scheduled_event(name: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name.split('/')[0]}"],
        "detail": {},
    }


def _target_input(target: dict[str, Any], event: Any) -> Any:
    from moto.events.models import EventTemplateParser

    if "Input" in target:
        return json.loads(target["Input"])
    transformer = target.get("InputTransformer", {})
    parsed = EventTemplateParser.parse(
        input_template=transformer.get("InputTemplate"),
        input_paths_map=transformer.get("InputPathsMap", {}),
        event=event,
    )
    return json.loads(parsed) if isinstance(parsed, str) else parsed


def _receive(source: QueueSource) -> list[Any]:
    from moto.sqs.models import sqs_backends

    backend = sqs_backends[ACCOUNT][REGION]
    queue = backend.get_queue(source.queue)
    messages: list[Any] = backend.receive_message(source.queue, source.batch_size, 0, queue.visibility_timeout, ["All"])
    return messages


def _return(backend: Any, source: QueueSource, message: Any) -> None:
    """Let a failed message be seen again soon: nobody on one machine waits out a timeout of an hour and a half."""
    visible = min(backend.get_queue(source.queue).visibility_timeout, _RETURN_SECONDS)
    backend.change_message_visibility(source.queue, message.receipt_handle, visible)


def _record(source: QueueSource, message: Any) -> dict[str, Any]:
    attributes = {
        name: {
            "stringValue": value.get("string_value"),
            "dataType": value["data_type"],
            "stringListValues": [],
            "binaryListValues": [],
        }
        for name, value in (message.message_attributes or {}).items()
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(int(message.sent_timestamp)),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(int(message.approximate_first_receive_timestamp or 0)),
        },
        "messageAttributes": attributes,
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": source.arn,
        "awsRegion": REGION,
    }


def _failed(source: QueueSource, answer: Any, messages: list[Any]) -> set[str]:
    """Ids that must come again. As in Lambda, an answer that names an unknown id fails the whole batch."""
    if not source.partial or not isinstance(answer, dict):
        return set()
    every = {m.id for m in messages}
    named = {failure.get("itemIdentifier") for failure in answer.get("batchItemFailures") or []}
    return named if named <= every else every
