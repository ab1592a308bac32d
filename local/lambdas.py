"""Lambda on one machine, with Lambda's contract around the handlers.

What holds as in Lambda: payloads cross as JSON, the context object, the function's own environment, timeouts,
errors as `{errorType, errorMessage, stackTrace}`, two retries of asynchronous calls and their destinations.
A function that is a container image runs in processes of its own (`local.containers`). The others run in threads of
this process; there a handler past its timeout is reported but not killed, and module globals are shared.
"""

import asyncio
import contextvars
import importlib
import json
import os
import sys
import threading
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import REGION
from local.container import LambdaContext, failure
from local.containers import Containers
from local.context import Actor, acting, actor, lambda_environment
from local.function import Function, Outcome, timed_out
from local.stack import Stack, StackError

ASYNC_RETRIES = 2
"""Lambda's own default for asynchronous calls."""


@dataclass(frozen=True, slots=True)
class AsyncFailure:
    """An asynchronous call that failed on every try."""

    function: str
    event: Any
    error: Any
    attempts: int


class LambdaRuntime:
    """Every function of a stack, callable by name or ARN."""

    def __init__(self, stack: Stack, logs: deque[tuple[str, str]]) -> None:
        self._stack = stack
        self._logs = logs
        self._import_lock = threading.RLock()
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}
        self._async = ThreadPoolExecutor(8, thread_name_prefix="lambda-async")
        self._retry_delay = 1.0
        self._busy = 0
        self._idle = threading.Condition()
        self.failures: list[AsyncFailure] = []
        self.functions: dict[str, Function] = {}
        self.containers: dict[str, Containers] = {}
        """By function name, for those that are container images."""

    def load(
        self,
        environment: Mapping[str, str],
        rewrite: Callable[[str], str],
        aws_for: Callable[[str], Mapping[str, str]],
    ) -> None:
        """Read the functions of the created stack and start the processes of those that are images.

        `environment` is added under each function's own, and `rewrite` is applied to each value (the API's local
        address goes in there). `aws_for` gives the variables by which a process of a function reaches its AWS.
        """
        for logical_id, _ in self._stack.of_type("AWS::Lambda::Function"):
            function = self._function(logical_id, environment, rewrite)
            self.functions[function.name] = function
        for root in reversed(self._stack.import_roots):
            if str(root) not in sys.path:
                sys.path.insert(0, str(root))
        for function in self.functions.values():
            if function.logical_id in self._stack.images:
                count = self._processes(function)
                variables = aws_for(function.logical_id)
                pool = Containers(function, self._stack.import_roots, count, variables, self._logs)
                self.containers[function.name] = pool
                pool.start()

    def find(self, name_or_arn: str) -> Function:
        """Raises KeyError for a function the template does not have."""
        parts = name_or_arn.split(":")
        return self.functions[parts[6] if name_or_arn.startswith("arn:") else parts[0]]

    def invoke(self, name_or_arn: str, event: Any) -> Outcome:
        """Call a function and wait for it, at most its timeout."""
        function = self.find(name_or_arn)
        request_id = str(uuid.uuid4())
        if (containers := self.containers.get(function.name)) is not None:
            with self._counted():
                return containers.invoke(event, request_id)
        done = threading.Event()
        outcome: list[Outcome] = []

        def run() -> None:
            with self._counted():
                outcome.append(self._run(function, event, request_id))
            done.set()

        # Nothing of the caller comes along: threads inherit its context here, and what a request remembers with it.
        fresh, name = contextvars.Context(), f"lambda-{function.logical_id}"
        thread = threading.Thread(target=fresh.run, args=(run,), name=name, daemon=True)
        thread.start()
        if not done.wait(function.timeout):
            return timed_out(function, request_id)
        return outcome[0]

    def invoke_async(self, name_or_arn: str, event: Any) -> None:
        """Accept a call and return; it is retried twice, then handed to the on-failure destination."""
        self._async.submit(self._try, self.find(name_or_arn), event, 1)

    def drain(self, seconds: float) -> bool:
        """Wait until no handler runs. False when some still do after `seconds`."""
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, seconds)

    def stop(self) -> None:
        self._async.shutdown(wait=False, cancel_futures=True)
        for containers in self.containers.values():
            containers.stop()

    def _try(self, function: Function, event: Any, attempt: int) -> None:
        outcome = self.invoke(function.name, event)
        if not outcome.failed:
            return
        config = self._invoke_config(function)
        if attempt <= int(config.get("MaximumRetryAttempts", ASYNC_RETRIES)):
            # Lambda waits a minute, then two; locally a second, then two.
            timer = threading.Timer(self._retry_delay * attempt, self._resubmit, (function, event, attempt + 1))
            timer.daemon = True
            timer.start()
            return
        failure = AsyncFailure(function.logical_id, event, outcome.value(), attempt)
        self.failures.append(failure)
        self._send_to_destination(function, config, failure)

    def _resubmit(self, function: Function, event: Any, attempt: int) -> None:
        try:
            self._async.submit(self._try, function, event, attempt)
        except RuntimeError:
            return  # stopped while waiting to retry

    def _send_to_destination(self, function: Function, config: dict[str, Any], failure: AsyncFailure) -> None:
        destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        properties = self._stack.resources[function.logical_id]["Properties"]
        destination = destination or self._stack.resolver.resolve(properties.get("DeadLetterConfig", {})).get(
            "TargetArn"
        )
        if destination and ":sqs:" in destination:
            import boto3

            body = {
                "requestContext": {"functionArn": function.arn, "approximateInvokeCount": failure.attempts},
                "requestPayload": failure.event,
                "responsePayload": failure.error,
            }
            sqs = boto3.client("sqs", region_name=REGION)
            url = sqs.get_queue_url(QueueName=destination.rsplit(":", 1)[1])["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def _invoke_config(self, function: Function) -> dict[str, Any]:
        for _, properties in self._stack.of_type("AWS::Lambda::EventInvokeConfig"):
            config: dict[str, Any] = self._stack.resolver.resolve(properties)
            if config["FunctionName"] == function.name:
                return config
        return {}

    def _run(self, function: Function, event: Any, request_id: str) -> Outcome:
        who = Actor(function.logical_id, function.environment, self._logs)
        with acting(who), _event_loop():
            try:
                handler = self._handler(function)
                context = LambdaContext(function.name, function.arn, function.memory, function.timeout, request_id)
                result = handler(json.loads(json.dumps(event)), context)
                return Outcome(json.dumps(result).encode(), failed=False)
            except Exception as error:
                self._logs.append((function.logical_id, traceback.format_exc()))
                return Outcome(json.dumps(failure(error)).encode(), failed=True)
            finally:
                if who.partial:
                    self._logs.append((function.logical_id, "".join(who.partial)))

    def _handler(self, function: Function) -> Callable[[Any, Any], Any]:
        cached = self._handlers.get(function.handler)
        if cached is None:
            with self._import_lock:
                module, _, attribute = function.handler.rpartition(".")
                cached = getattr(importlib.import_module(module), attribute)
                self._handlers[function.handler] = cached
        return cached

    def _function(self, logical_id: str, extra: Mapping[str, str], rewrite: Callable[[str], str]) -> Function:
        properties = self._stack.resources[logical_id]["Properties"]
        resolve = self._stack.resolver.resolve
        if "Handler" not in properties:
            raise StackError(f"{logical_id}: no Handler")
        name = self._stack.physical[logical_id]
        handler, memory = resolve(properties["Handler"]), int(resolve(properties.get("MemorySize", 128)))
        own = resolve(properties.get("Environment", {})).get("Variables", {})
        environment = lambda_environment(name, handler, memory) | dict(extra)
        environment |= {k: rewrite(str(v)) for k, v in own.items()}
        return Function(logical_id, name, handler, float(resolve(properties.get("Timeout", 3))), memory, environment)

    def _processes(self, function: Function) -> int:
        """As many as the function's queues may use at once, and no more than there are cores."""
        most = [
            int(source.get("ScalingConfig", {}).get("MaximumConcurrency", 0))
            for _, properties in self._stack.of_type("AWS::Lambda::EventSourceMapping")
            if (source := self._stack.resolver.resolve(properties))["FunctionName"] == function.name
        ]
        cores = len(os.sched_getaffinity(0))
        return min(max(most, default=0) or cores, cores)

    def _counted(self) -> "_Counted":
        return _Counted(self)


class _Counted:
    """Counts a running handler, so that stopping can wait for it."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self._runtime = runtime

    def __enter__(self) -> None:
        with self._runtime._idle:
            self._runtime._busy += 1

    def __exit__(self, *_: object) -> None:
        with self._runtime._idle:
            self._runtime._busy -= 1
            self._runtime._idle.notify_all()


@contextmanager
def _event_loop() -> Iterator[None]:
    """Lambda runs handlers on the main thread, where asyncio finds a loop; an ASGI adapter here needs one too."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def current_function() -> str | None:
    """The logical id of the function or machine that is acting in this thread."""
    who = actor.get()
    return who.name if who else None
