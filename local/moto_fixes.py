"""What moto 5.2 needs to behave like AWS under threads and with nested state machines.

Each fix names the moto object it replaces; `tests/local` has the test that fails without it. All are undone when
the embedded AWS stops.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from unittest.mock import patch

import boto3

from local.context import Actor
from local.moto_states import state_fixes
from local.moto_tables import DynamoObserver, table_fixes

SQS_LOCK = threading.RLock()
_CLIENT_LOCK = threading.RLock()


class LambdaInvoker(Protocol):
    """Runs a function: (name or ARN, invocation type, payload) -> (payload, failed)."""

    def __call__(self, function: str, kind: str, body: bytes) -> tuple[bytes, bool]: ...


@contextmanager
def applied(
    invoke: LambdaInvoker, on_write: DynamoObserver | None, machine_actor: Callable[[str], Actor]
) -> Iterator[None]:
    """Install every fix around a running `mock_aws`."""
    with ExitStack() as stack:
        for change in (
            *_clients(),
            *_stack(),
            *table_fixes(on_write),
            *_sqs(),
            *_lambda(invoke),
            *state_fixes(machine_actor),
        ):
            stack.enter_context(change)
        yield


def _clients() -> Iterator[Any]:
    """boto3 builds clients unsafely under threads; in Lambda nothing else runs meanwhile."""
    original = boto3.session.Session.client

    def client(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _CLIENT_LOCK:
            return original(self, *args, **kwargs)

    default = boto3._get_default_session

    def default_session() -> Any:
        with _CLIENT_LOCK:
            return default()

    yield patch.object(boto3.session.Session, "client", client)
    yield patch.object(boto3, "_get_default_session", default_session)


def _stack() -> Iterator[Any]:
    """Our template reaches moto as JSON, which its YAML reader takes two seconds over."""
    from moto.cloudformation.models import Stack

    yield patch.object(Stack, "parse_template", staticmethod(json.loads))


def _sqs() -> Iterator[Any]:
    from moto.sqs.models import SQSBackend

    def locked(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            with SQS_LOCK:
                return original(self, *args, **kwargs)

        return call

    for name in ("send_message", "send_message_batch", "delete_message", "delete_message_batch"):
        yield patch.object(SQSBackend, name, locked(getattr(SQSBackend, name)))
    receive = SQSBackend.receive_message

    def receive_message(self: Any, queue_name: str, count: int, wait_seconds_timeout: int, *rest: Any, **k: Any) -> Any:
        if wait_seconds_timeout:  # a long poll must not hold the lock
            return receive(self, queue_name, count, wait_seconds_timeout, *rest, **k)
        with SQS_LOCK:
            return receive(self, queue_name, count, 0, *rest, **k)

    yield patch.object(SQSBackend, "receive_message", receive_message)


def _lambda(run: LambdaInvoker) -> Iterator[Any]:
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda_simple.models import LambdaSimpleBackend

    def invoke(_: Any, function_name: str, __: Any, body: Any, headers: Any, response_headers: Any) -> bytes:
        kind = headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        content = body.encode() if isinstance(body, str) else body or b"{}"
        try:
            payload, failed = run(function_name, kind, content)
        except KeyError as missing:
            raise UnknownFunctionException(function_name) from missing
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return payload

    yield patch.object(LambdaSimpleBackend, "invoke", invoke)


def as_json(body: bytes) -> Any:
    """The event of an invocation payload."""
    return json.loads(body or b"{}")
