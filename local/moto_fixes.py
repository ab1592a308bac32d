"""What moto 5.2 needs to behave like AWS under threads and with nested state machines.

Each fix names the moto object it replaces; `tests/local` has the test that fails without it. All are undone when
the embedded AWS stops.
"""

import base64
import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Protocol
from unittest.mock import patch

import boto3

from local.context import Actor
from local.moto_states import state_fixes

DYNAMODB_LOCK = threading.RLock()
"""Held for each DynamoDB call: one call is one step, as in DynamoDB."""
SQS_LOCK = threading.RLock()
_CLIENT_LOCK = threading.RLock()


class DynamoObserver(Protocol):
    """Told of each successful write while the lock is held."""

    def __call__(self, operation: str, request: dict[str, Any]) -> None: ...


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
            *_dynamodb(on_write),
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


def _dynamodb(on_write: DynamoObserver | None) -> Iterator[Any]:
    import moto.dynamodb.models as models
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler, DynamoResult

    call = DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with DYNAMODB_LOCK:
            response = call(self)
            if on_write is not None and response[0] == 200:
                on_write(self._get_action(), self.body)
            return response

    class Copies:
        """`copy` for the transaction code: tables are not copied, because `transact` restores what it touched."""

        @staticmethod
        def deepcopy(value: Any) -> Any:
            return value if isinstance(value, Table) else copy.deepcopy(value)

        copy = staticmethod(copy.copy)

    transact = models.DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = [(table, key, copy.deepcopy(table.get_item(*key))) for table, key in _touched(self, transact_items)]
        try:
            transact(self, transact_items)
        except BaseException:
            for table, (hash_key, range_key), item in before:
                _restore(table, hash_key, range_key, item)
            raise

    yield patch.object(DynamoHandler, "call_action", call_action)
    yield patch.object(DynamoResult, "execute_result", _written_at_once)
    yield patch.object(Table, "query", _narrowed(Table.query))
    yield patch.object(DynamoType, "size", _size(DynamoType.size))
    yield patch.object(models, "copy", Copies)
    yield patch.object(models.DynamoDBBackend, "transact_write_items", transact_write_items)


def _written_at_once(self: Any, _context: Any) -> tuple[int, dict[str, str], str]:
    """Items are kept in their wire form; as shipped each value is looked up by its shape: nine tenths of a read."""
    body = json.dumps(self.result, default=_wire)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, body


def _wire(value: Any) -> str | float:
    """Binary values and the dates of table descriptions, as the protocol writes them."""
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(value).decode("ascii")


def _narrowed(query: Callable[..., Any]) -> Callable[..., Any]:
    """A query looks at its own partition and range; as shipped it sorts the table and weighs all of the partition."""

    def narrowed(self: Any, hash_key: Any, comparison: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        _limit, _start, _forward, _projections, index, *_ = args
        if index is None and self.range_key_attr:
            held = self.items.get(hash_key, {}).values()
            items = [item for item in held if not comparison or item.range_key.compare(comparison, values)]
        else:
            items = [item for part in self.items.values() for item in part.values()]
        self.all_items = lambda: items
        try:
            return query(self, hash_key, comparison, values, *args, **kwargs)
        finally:
            del self.all_items

    return narrowed


def _size(size: Callable[[Any], int]) -> Callable[[Any], int]:
    """As shipped, each value in a map is made anew before it is weighed."""

    def weighed(self: Any) -> int:
        if self.is_map():
            return sum(len(name.encode()) + value.size() for name, value in self.value.items())
        return size(self)

    return weighed


def _touched(backend: Any, transact_items: list[dict[str, Any]]) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    for action in transact_items:
        for operation in action.values():
            table = backend.tables.get(operation.get("TableName"))
            if table is not None and (key := item_key(table, operation.get("Item") or operation.get("Key") or {})):
                yield table, key


def item_key(table: Any, attributes: dict[str, Any]) -> tuple[Any, Any] | None:
    """(hash, range) of an item of a moto table as its DynamoTypes; None where a key attribute is missing."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    names = [table.hash_key_attr] + ([table.range_key_attr] if table.has_range_key else [])
    if any(name not in attributes for name in names):
        return None
    keys = [DynamoType(attributes[name]) for name in names]
    return keys[0], keys[1] if table.has_range_key else None


def _restore(table: Any, hash_key: Any, range_key: Any, item: Any) -> None:
    if table.has_range_key:
        if item is None:
            table.items.get(hash_key, {}).pop(range_key, None)
        else:
            table.items[hash_key][range_key] = item
    elif item is None:
        table.items.pop(hash_key, None)
    else:
        table.items[hash_key] = item


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
