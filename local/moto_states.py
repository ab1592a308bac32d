"""What moto's Step Functions interpreter needs to run the product's machines.

Each function names what it changes and why; `moto_fixes.applied` installs them.
"""

import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import boto3
import botocore.session

from local.context import Actor, actor


def state_fixes(machine_actor: Callable[[str], Actor]) -> Iterator[Any]:
    """Patches that make nested, caught, retried and token-waiting machines work as in AWS."""
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
    yield patch.object(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.15)
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
    yield patch.object(StepFunctionsParserBackend, "_validate_definition", staticmethod(lambda **_: None))


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
        self._lock = threading.Lock()

    def client(self, *, service_name: str, **kwargs: Any) -> Any:
        with self._lock:
            if service_name not in self._clients:
                make: Any = boto3.session.Session(botocore_session=botocore.session.get_session()).client
                self._clients[service_name] = make(service_name, **kwargs)
            return self._clients[service_name]
