"""A studio on moto: the table, bucket and queues of template.yaml, and its HTTP routes calling the real handlers with
real API Gateway v2 events. Two organizations: Studio (owner, admin, editor, viewer) and one outsider."""

import contextlib
import functools
import importlib
import io
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
import yaml
from moto import mock_aws

from vibeboard.domain.roles import ROLES

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
SOP_CONTRACT = {
    "targetFormat": "trailer",
    "targetRuntime": 60,
    "aspectRatio": "21:9",
    "referencePack": ["ref1.jpg", "ref2.jpg", "ref3.jpg"],
    "budgetCap": 20.0,
    "styleNotes": "Neo-noir, high contrast, neon accents",
}
SOP_CONCEPT = {"concept": "Neo-Noir Laundromat", "genre": "thriller", "tone": "dark"}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as {tag: value}; nothing is resolved."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tag)


@functools.cache
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_Loader)
    return loaded


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    module: str  # "projects.app"
    pattern: re.Pattern[str]

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


@functools.cache
def routes() -> tuple[Route, ...]:
    """The HttpApi events of the template; a route without parameters wins over one with."""
    found = []
    for resource in template()["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if isinstance(event, dict) and event.get("Type") == "HttpApi":
                method, path = event["Properties"]["Method"], event["Properties"]["Path"]
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
                module = resource["Properties"]["Handler"].removesuffix(".handler")
                found.append(Route(method, path, module, pattern))
    return tuple(sorted(found, key=lambda route: route.path.count("{")))


class LambdaContext:
    """What Powertools reads of the context."""

    function_name = "vibeboard-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:vibeboard-test"
    aws_request_id = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code; empty for an answer that is no problem document."""
        is_problem = self.headers.get("content-type", "").startswith("application/problem+json")
        return str(self.json.get("code", "")) if is_problem else ""


@dataclass
class Studio:
    """The studio as a client sees it: `call` for HTTP, `task` for a state machine's task."""

    organization: dict[str, str] = field(
        default_factory=lambda: {**{f"user_{role}": "Studio" for role in ROLES}, "user_outsider": "Elsewhere"}
    )

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        user: str | None = "owner",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        raw: str | None = None,
    ) -> Answer:
        """One request. user: owner|admin|editor|viewer|outsider, None = anonymous. raw: a body sent as it is."""
        route, parameters = self._match(method, path)
        text = raw if raw is not None else None if body is None else json.dumps(body)
        sent = {"host": "api.test", **{name.lower(): value for name, value in (headers or {}).items()}}
        if text is not None:
            sent.setdefault("content-type", "application/json")
        context: dict[str, Any] = {
            "accountId": "123456789012",
            "apiId": "test",
            "domainName": "api.test",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"},
            "requestId": uuid.uuid4().hex,
            "routeKey": route.key,
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000,
        }
        if user is not None:
            context["authorizer"] = {"jwt": {"claims": self.claims(user), "scopes": None}}
        event = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "headers": sent,
            "queryStringParameters": dict(query or {}),
            "pathParameters": parameters,
            "requestContext": context,
            "body": text,
            "isBase64Encoded": False,
        }
        answer = importlib.import_module(route.module).handler(event, LambdaContext())
        headers_back = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return Answer(answer["statusCode"], headers_back, answer.get("body", ""))

    def _match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        for route in routes():
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route, match.groupdict()
        raise LookupError(f"template.yaml has no route {method} {path}")

    def claims(self, user: str) -> dict[str, str]:
        subject = f"user_{user}"
        return {"sub": subject, "name": user.title(), "organization": self.organization.get(subject, "Elsewhere")}

    def task(self, module: str, name: str, **event: Any) -> dict[str, Any]:
        """Run one task of a state machine as Lambda would: JSON in, JSON out."""
        handler = importlib.import_module(f"{module}.tasks").handler
        answer = handler(json.loads(json.dumps({"task": name, "traceId": "trace_test", **event})), LambdaContext())
        loaded: dict[str, Any] = json.loads(json.dumps(answer))
        return loaded

    def project(self, user: str = "owner", **changes: Any) -> dict[str, Any]:
        """A project of the SOP's own contract and concept; `changes` go into the contract."""
        body = {"title": "Neo-Noir Laundromat", "creativeContract": SOP_CONTRACT | changes, "concept": SOP_CONCEPT}
        answer = self.call("POST", "/api/projects", body, user=user)
        assert answer.status == 201, answer.text
        created: dict[str, Any] = answer.json
        return created

    def upload(self, project_id: str, name: str, kind: str, data: bytes, user: str = "editor") -> Answer:
        """Start an upload, put the file where the form would, complete it."""
        started = self.call("POST", f"/api/projects/{project_id}/uploads", {"name": name, "kind": kind}, user=user)
        assert started.status == 201, started.text
        boto3.client("s3").put_object(Bucket=bucket_name(), Key=started.json["fields"]["key"], Body=data)
        return self.call("POST", f"/api/projects/{project_id}/uploads/{started.json['uploadId']}/complete", user=user)

    def items(self, project_id: str, prefix: str = "") -> list[dict[str, Any]]:
        """What stands in the table for a project."""
        from vibeboard.store.table import table

        return table().query(f"PROJECT#{project_id}", prefix)

    def everything(self) -> list[dict[str, Any]]:
        """The whole table, raw: to prove that a refused request stored nothing."""
        found: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
        return sorted(found, key=lambda item: (item["PK"]["S"], item["SK"]["S"]))

    def objects(self, prefix: str = "") -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket=bucket_name(), Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def queued(self, queue: str = "SUBMIT_QUEUE_URL") -> list[dict[str, Any]]:
        """Messages waiting in a queue; they are taken out."""
        import os

        sqs = boto3.client("sqs")
        found: list[dict[str, Any]] = []
        while batch := sqs.receive_message(QueueUrl=os.environ[queue], MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=os.environ[queue], ReceiptHandle=message["ReceiptHandle"])
        return found


TABLE = "vibeboard-test"


def bucket_name() -> str:
    return "vibeboard-test-media"


def _caches() -> Iterator[Callable[[], None]]:
    from vibeboard.http import idempotency
    from vibeboard.jobs import queues
    from vibeboard.store import objects, table

    for cached in (table.table, objects.s3, queues.sqs, idempotency._layer, idempotency._config):
        yield cached.cache_clear


@contextlib.contextmanager
def _serialised() -> Iterator[None]:
    """The embedded AWS's DynamoDB fixes: calls one after another, and no copy of the table per transaction."""
    try:
        from local import moto_fixes
    except ImportError:
        yield
        return
    with contextlib.ExitStack() as stack:
        for change in moto_fixes._dynamodb(None):
            stack.enter_context(change)
        yield


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A fresh studio with its crew; nothing outlives the test."""
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "TABLE_NAME": TABLE,
        "MEDIA_BUCKET": bucket_name(),
        "BILLING": "sandbox",
        "DEFAULT_QUOTA_USD": "50",
        "STAGE": "test",
        "POWERTOOLS_SERVICE_NAME": "vibeboard",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), _serialised():
        properties = template()["Resources"]["Table"]["Properties"]
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        boto3.client("dynamodb").create_table(TableName=TABLE, **{name: properties[name] for name in wanted})
        boto3.client("s3").create_bucket(Bucket=bucket_name())
        sqs = boto3.client("sqs")
        for name in ("SUBMIT", "MEDIA", "SETTLE"):
            url = sqs.create_queue(QueueName=name.lower(), Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
            monkeypatch.setenv(f"{name}_QUEUE_URL", url)
        for clear in _caches():
            clear()
        from vibeboard.store import projects

        for role in ROLES:
            projects.set_crew("Studio", f"user_{role}", role, role.title())
        yield Studio()
    for clear in _caches():
        clear()


@pytest.fixture
def project(studio: Studio) -> dict[str, Any]:
    """The SOP's own project, with owner, admin, editor and viewer as members."""
    return studio.project()


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Makes a real image file: picture(width, height, format)."""
    from PIL import Image

    @functools.cache
    def make(width: int = 320, height: int = 180, file_format: str = "JPEG", shade: int = 90) -> bytes:
        image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
        image.paste((shade, 20, 120), (width // 4, height // 4, width // 2, height // 2))
        out = io.BytesIO()
        image.save(out, file_format)
        return out.getvalue()

    return make
