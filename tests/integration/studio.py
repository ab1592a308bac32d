"""The studio as a client sees it: routes of template.yaml, real API Gateway v2 events, real handlers."""

import functools
import importlib
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import yaml

from vibeboard.domain.roles import ROLES

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
TABLE = "vibeboard-test"
BUCKET = "vibeboard-test-media"
SOP_CONTRACT = {
    "targetFormat": "trailer",
    "targetRuntime": 60,
    "aspectRatio": "21:9",
    "referencePack": ["ref1.jpg", "ref2.jpg", "ref3.jpg"],
    "budgetCap": 20.0,
    "styleNotes": "Neo-noir, high contrast, neon accents",
}
SOP_CONCEPT = {"concept": "Neo-Noir Laundromat", "genre": "thriller", "tone": "dark"}


@functools.cache
def client(service: str) -> Any:
    """An AWS client, made once: making one takes longer than most tests. moto answers it, whichever is up."""
    return boto3.client(service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


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
        client("s3").put_object(Bucket=BUCKET, Key=started.json["fields"]["key"], Body=data)
        return self.call("POST", f"/api/projects/{project_id}/uploads/{started.json['uploadId']}/complete", user=user)

    def items(self, project_id: str, prefix: str = "") -> list[dict[str, Any]]:
        """What stands in the table for a project."""
        from vibeboard.store.table import table

        return table().query(f"PROJECT#{project_id}", prefix)

    def everything(self) -> list[dict[str, Any]]:
        """The whole table, raw: to prove that a refused request stored nothing."""
        found: list[dict[str, Any]] = client("dynamodb").scan(TableName=TABLE)["Items"]
        return sorted(found, key=lambda item: (item["PK"]["S"], item["SK"]["S"]))

    def objects(self, prefix: str = "") -> list[str]:
        listed = client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def queued(self, queue: str = "SUBMIT_QUEUE_URL") -> list[dict[str, Any]]:
        """Messages waiting in a queue; they are taken out."""
        sqs = client("sqs")
        found: list[dict[str, Any]] = []
        while batch := sqs.receive_message(QueueUrl=os.environ[queue], MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=os.environ[queue], ReceiptHandle=message["ReceiptHandle"])
        return found
