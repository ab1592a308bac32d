"""What moto 5.2 needs to behave like AWS under threads and with nested state machines.

Each fix names the moto object it replaces; `tests/local` has the test that fails without it. All are undone when
the embedded AWS stops.
"""

import copy
import json
import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Protocol
from unittest.mock import patch

import boto3
import botocore.session

from local.context import Actor, actor

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
        for change in (*_clients(), *_dynamodb(on_write), *_sqs(), *_lambda(invoke), *_states(machine_actor)):
            stack.enter_context(change)
        yield


def _clients() -> Iterator[Any]:
    """boto3 builds clients unsafely under threads; in Lambda nothing else runs meanwhile."""
    original = boto3.session.Session.client

    def client(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _CLIENT_LOCK:
            return original(self, *args, **kwargs)

    default = boto3._get_default_session  # type: ignore[attr-defined]

    def default_session() -> Any:
        with _CLIENT_LOCK:
            return default()

    yield patch.object(boto3.session.Session, "client", client)
    yield patch.object(boto3, "_get_default_session", default_session)


def _dynamodb(on_write: DynamoObserver | None) -> Iterator[Any]:
    import moto.dynamodb.models as models
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

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
    yield patch.object(models, "copy", Copies)
    yield patch.object(models.DynamoDBBackend, "transact_write_items", transact_write_items)


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


def _states(machine_actor: Callable[[str], Actor]) -> Iterator[Any]:
    import moto.stepfunctions.models as models
    import moto.stepfunctions.parser.models as parser
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
        StateTaskServiceSfn,
    )
    from moto.stepfunctions.parser.asl.utils import boto_client
    from moto.stepfunctions.parser.backend.execution import Execution
    from moto.stepfunctions.responses import StepFunctionResponse

    # Machines made by CloudFormation must land in the backend that executes.
    yield patch.object(models, "stepfunctions_backends", parser.stepfunctions_parser_backends)
    # A nested execution is asked for every 0.5 s as shipped.
    yield patch.object(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.05)
    yield patch.object(boto_client, "boto3", _CachedClients())

    yield from _parsing()
    yield from _error_names()
    yield _quiet()

    parameters, response = StateTaskServiceSfn._normalise_parameters, StateTaskServiceSfn._normalise_response

    def normalise_parameters(self: Any, parameters_: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        parameters(self, parameters_, *args, **kwargs)
        _rename(parameters_, str.lower)

    def normalise_response(self: Any, response_: Any = None, *args: Any, **kwargs: Any) -> None:
        value = kwargs.pop("response", response_)
        response(self, value, *args, **kwargs)
        _rename(value, str.upper)
        for key, held in value.items():
            if isinstance(held, datetime):
                value[key] = int(held.timestamp() * 1000)

    def normalise_parameters_by_name(self: Any, parameters: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        normalise_parameters(self, parameters, *args, **kwargs)

    yield patch.object(StateTaskServiceSfn, "_normalise_parameters", normalise_parameters_by_name)
    yield patch.object(StateTaskServiceSfn, "_normalise_response", normalise_response)

    def running(self: Any, status: Any = None) -> list[Any]:
        # As shipped an execution that was just appended has no worker yet, and a token sent then breaks on it.
        return [
            execution
            for machine in list(self.state_machines)
            for execution in list(machine.executions)
            if execution.exec_worker is not None
            and execution.exec_worker.env is not None
            and (status is None or execution.status == status)
        ]

    yield patch.object(parser.StepFunctionsParserBackend, "_get_executions", running)

    start = Execution.start

    def start_as_machine(self: Any) -> None:
        # The machine acts with its own role, whoever started it.
        token = actor.set(machine_actor(self.state_machine.name))
        try:
            start(self)
        finally:
            actor.reset(token)

    yield patch.object(Execution, "start", start_as_machine)

    def send_task_failure(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
        )
        return EmptyResult()

    yield patch.object(StepFunctionResponse, "send_task_failure", send_task_failure)

    integrate = state_task_service_callback.StateTaskServiceCallback._eval_integration_pattern

    def integrate_once(self: Any, env: Any, *args: Any, **kwargs: Any) -> None:
        # A token is good for one answer: as shipped a used one is accepted again.
        token = env.states.context_object.context_object_data["Task"]["Token"]
        try:
            integrate(self, env, *args, **kwargs)
        finally:
            env.callback_pool_manager._pool.pop(token, None)

    yield patch.object(
        state_task_service_callback.StateTaskServiceCallback, "_eval_integration_pattern", integrate_once
    )


def _parsing() -> Iterator[Any]:
    """Parse a definition once (0.1 s for a large one), at its first execution, and give each execution a copy."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    parse = AmazonStateLanguageParser.parse
    parsed: dict[str, Any] = {}

    def parse_once(definition: str) -> tuple[Any, None]:
        if definition not in parsed:
            program, _ = parse(definition)
            parsed[definition] = pickle.dumps(program)
        return pickle.loads(parsed[definition]), None  # noqa: S301 - made two lines above

    yield patch.object(AmazonStateLanguageParser, "parse", staticmethod(parse_once))
    yield patch.object(StepFunctionsParserBackend, "_validate_definition", staticmethod(lambda definition: None))


def _error_names() -> Iterator[Any]:
    """As shipped, a States.Timeout inside a Map or Parallel comes out as States.Runtime, so no Catch sees it."""
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
    from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl

    for module in (iteration_worker, branches_decl):
        yield patch.object(module, "CustomErrorName", ErrorName)


@contextmanager
def _quiet() -> Iterator[None]:
    """The interpreter logs each caught error with its whole syntax tree; the execution's history has it already."""
    log = logging.getLogger("moto.stepfunctions")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _rename(value: dict[str, Any], first: Callable[[str], str]) -> None:
    for key in list(value):
        value[first(key[0]) + key[1:]] = value.pop(key)


class _CachedClients:
    """Stands in for `boto3` in the interpreter, which makes a new client for every task (30 ms of CPU each)."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, *, service_name: str, **kwargs: Any) -> Any:
        with _CLIENT_LOCK:
            if service_name not in self._clients:
                session = boto3.session.Session(botocore_session=botocore.session.get_session())
                self._clients[service_name] = session.client(service_name, **kwargs)
            return self._clients[service_name]


def as_json(body: bytes) -> Any:
    """The event of an invocation payload."""
    return json.loads(body or b"{}")
