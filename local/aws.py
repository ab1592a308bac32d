"""The embedded AWS: a SAM template running in this process.

    with EmbeddedAws(Path("template.yaml")) as aws:
        aws.http("GET", "/api/projects", {"authorization": f"Bearer {aws.mint_token('user_1')}"})

moto keeps the state, the real handlers and state machines do the work, and nothing leaves the machine. One at a
time per process, because moto is one per process.
"""

import fcntl
import mmap
import os
import shutil
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from unittest.mock import patch

import boto3

from local import REGION, context, moto_fixes, objects, routes, stack
from local.context import Actor, actor
from local.gateway import Gateway, Response
from local.intrinsics import http_api_id
from local.issuer import Issuer
from local.journal import Journal
from local.lambdas import AsyncFailure, LambdaRuntime
from local.loopback import LoopbackServer, api_server, aws_server
from local.pumps import Pumps

_MOTO_CONFIG = {
    "lambda": {"use_docker": False},
    "stepfunctions": {"execute_state_machine": True},
    "core": {"mock_credentials": True, "passthrough": {"urls": [], "services": []}, "reset_boto3_session": True},
}
_IAM_PREFIX = {
    "sfn": "states",
    "eventbridge": "events",
    "secrets-manager": "secretsmanager",
    "cloudwatch": "cloudwatch",
}
_LOG_LINES = 20_000
_DRAIN_SECONDS = 5.0

_active: "EmbeddedAws | None" = None
_active_lock = threading.Lock()


class AlreadyRunning(RuntimeError):
    """Another embedded AWS runs in this process, or another process holds the data folder."""


class Stopped(RuntimeError):
    """A function still at work called AWS after the embedded AWS stopped."""


class EmbeddedAws:
    """One running stack. `start` and `stop`, or use it as a context manager."""

    http: Gateway
    functions: LambdaRuntime
    pumps: Pumps
    boto: boto3.session.Session
    stack: stack.Stack

    def __init__(
        self,
        template: Path,
        data_dir: Path | None = None,
        parameters: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        schedule_every: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`data_dir` keeps items, objects and the issuer's key across runs; without it they last until `stop`.
        `schedule_every` replaces the interval of all schedules (seconds). `environment` is added to every
        function's environment (an operator's own settings; a template value wins)."""
        self._template = template.resolve()
        self._data_dir = data_dir
        self._parameters = dict(parameters or {})
        self._port = port
        self._schedule_every = schedule_every
        self._environment = dict(environment or {})
        self._resources = ExitStack()
        self._calls_lock = threading.Lock()
        self.calls: Counter[tuple[str, str, str]] = Counter()
        """(function or state machine, IAM service prefix, operation) -> times called."""
        self.logs: deque[tuple[str, str]] = deque(maxlen=_LOG_LINES)
        """(function, line) of what handlers print and log, newest last."""

    def start(self) -> Self:
        """Raises `StackError` for a template that cannot run here, `AlreadyRunning`."""
        global _active
        with _active_lock:
            if _active is not None:
                raise AlreadyRunning("an embedded AWS already runs in this process")
            _active = self
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End pumps and executions, wait shortly for running handlers, and drop what is not in the data folder."""
        global _active
        if _active is not self:
            return
        try:
            self._resources.close()
        finally:
            _active = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def outputs(self) -> dict[str, str]:
        return self.stack.outputs

    @property
    def resources(self) -> dict[str, str]:
        """Logical id -> physical name."""
        return self.stack.physical

    @property
    def failures(self) -> list[AsyncFailure]:
        """Asynchronous calls that failed on every try."""
        return self.functions.failures

    def arn(self, logical_id: str) -> str:
        return str(self.stack.resolver.resolve({"Fn::GetAtt": [logical_id, "Arn"]}))

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS for tests and tools."""
        return self.boto.client(service)  # type: ignore[call-overload]

    def mint_token(self, sub: str, name: str = "", org: str = "", *, lifetime: int = 12 * 3600, **claims: Any) -> str:
        """An access token that the template's authorizer takes. `lifetime` is in seconds."""
        authorizer = next(iter(self.http.api.authorizers.values()))
        return self._issuer.mint(
            authorizer.issuer, authorizer.audience[0], sub, lifetime, name=name or sub, org=org, **claims
        )

    def count_call(self, event_name: str) -> None:
        """Called for each AWS request, `before-send.<service>.<Operation>`."""
        who = actor.get()
        if who is not None:
            _, service, operation = event_name.split(".", 2)
            with self._calls_lock:
                self.calls[who.name, _IAM_PREFIX.get(service, service.replace("-", "")), operation] += 1

    def _start(self) -> None:
        keep = self._resources
        folder = self._folder()
        self._server: LoopbackServer = api_server(self._answer, self._port)
        keep.callback(self._server.close)
        self.url = self._server.url
        endpoint = aws_server()
        self.s3_url = endpoint.url

        _watch_botocore()
        keep.enter_context(patch.dict(os.environ, {"AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}))
        context.install()
        keep.callback(context.uninstall)
        import moto.core.utils
        from moto import mock_aws

        keep.enter_context(mock_aws(config=_MOTO_CONFIG))
        host = self.s3_url.removeprefix("http://")
        keep.enter_context(patch.object(moto.core.utils, "get_s3_custom_endpoints", lambda: [host]))

        journal = Journal(folder) if self._data_dir else None
        if journal:
            keep.callback(journal.close)
        files = objects.ObjectFiles(folder / "objects", journal)
        files.sweep()
        keep.enter_context(objects.applied(files))
        fixes = moto_fixes.applied(self._invoke, journal.on_write if journal else None, self._machine)
        keep.enter_context(fixes)

        self.stack = stack.load(self._template, self._parameters)
        self.functions = LambdaRuntime(self.stack, self.logs)
        self.pumps = Pumps(self.stack, self.functions, self._schedule_every)
        keep.enter_context(self.pumps.applied())
        stack.create(self.stack)
        local = {"AWS_ENDPOINT_URL_S3": self.s3_url, **self._environment}
        keep.enter_context(endpoint.answering(self.count_call))
        keep.callback(self.functions.stop)
        self.functions.load(local, self._localised, endpoint.admit)
        self.boto = boto3.session.Session(region_name=REGION)
        if journal:
            journal.restore_items()
            files.restore()
        self._issuer = Issuer(folder if self._data_dir else None)
        self.http = Gateway(routes.load(self.stack), self.functions, self._issuer, self._api_id())
        self._server.start()
        keep.callback(self.functions.drain, _DRAIN_SECONDS)
        keep.callback(_stop_executions)
        keep.callback(self._server.stop)
        self.pumps.start()
        keep.callback(self.pumps.stop)

    def _folder(self) -> Path:
        if self._data_dir is None:
            temporary = Path(tempfile.mkdtemp(prefix="vibeboard-"))
            self._resources.callback(shutil.rmtree, temporary, ignore_errors=True)
            return temporary
        self._data_dir.mkdir(parents=True, exist_ok=True)
        lock = self._resources.enter_context((self._data_dir / "lock").open("w"))
        _lock(lock, self._data_dir)
        return self._data_dir

    def _answer(self, *args: Any) -> Response:
        return self.http(*args)

    def _api_id(self) -> str:
        return next((http_api_id(name) for name, _ in self.stack.of_type("AWS::ApiGatewayV2::Api")), "local")

    def _localised(self, value: str) -> str:
        """An environment value with the API's address in AWS replaced by where it is served here."""
        for name, _ in self.stack.of_type("AWS::ApiGatewayV2::Api"):
            value = value.replace(f"https://{http_api_id(name)}.execute-api.{REGION}.amazonaws.com", self.url)
        return value

    def _machine(self, name: str) -> Actor:
        try:
            return Actor(self.stack.logical_id("AWS::StepFunctions::StateMachine", name))
        except KeyError:
            return Actor(name)

    def _invoke(self, function: str, kind: str, body: bytes) -> tuple[bytes, bool]:
        event = moto_fixes.as_json(body)
        if kind == "Event":
            self.functions.invoke_async(function, event)
            return b"", False
        if kind == "DryRun":
            self.functions.find(function)
            return b"", False
        outcome = self.functions.invoke(function, event)
        return outcome.payload, outcome.failed


def _lock(file: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        raise AlreadyRunning(f"{folder} is in use by another process") from held


def _stop_executions() -> None:
    """End what still runs, so that no state is entered after the stop."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    from local import ACCOUNT

    backend = stepfunctions_parser_backends[ACCOUNT][REGION]
    for execution in backend._get_executions("RUNNING"):
        execution.stop(datetime.now(UTC), "Stopped", "the embedded AWS stopped")


def _watch_botocore() -> None:
    """See every AWS request once: count it, stream mapped objects, and stop stragglers from reaching real AWS."""
    from botocore.awsrequest import AWSResponse
    from botocore.httpchecksum import AwsChunkedWrapper
    from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

    if getattr(BotocoreStubber.__call__, "watched", False):
        return

    def call(self: Any, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        if not self.enabled:
            if actor.get() is not None:
                raise Stopped(f"{event_name} after the embedded AWS stopped")
            return None
        if _active is not None:
            _active.count_call(event_name)
        if isinstance(request.body, AwsChunkedWrapper):
            # Its own read() takes time with the square of the size: a minute for 300 MB.
            request.body = b"".join(request.body)
        response = self.process_request(request)
        if response is None:
            return None
        status, headers, body = response
        raw = objects.MappedBody(body) if isinstance(body, mmap.mmap) else MockRawResponse(body)
        return AWSResponse(request.url, status, headers, raw)

    call.watched = True  # type: ignore[attr-defined]
    BotocoreStubber.__call__ = call
