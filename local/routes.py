"""The HTTP API's routes, read from the expanded template: what is not an HttpApi event there is no route here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.stack import Stack, StackError

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_FUNCTION = re.compile(r"/functions/(arn:aws:lambda:[^/]+)/invocations$")


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A JWT authorizer of the template, its parameters filled in."""

    name: str
    issuer: str
    audience: tuple[str, ...]
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    key: str
    """`GET /api/projects/{projectId}`, or `$default`."""
    function: str
    """The function's ARN."""
    authorizer: Authorizer | None
    timeout: float
    """Seconds, at most API Gateway's 30."""
    segments: tuple[str, ...]
    method: str

    def match(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """Path parameters when this route takes the request, else None."""
        if self.method not in ("ANY", method):
            return None
        if self.key == "$default":
            return {}
        found: dict[str, str] = {}
        for index, pattern in enumerate(self.segments):
            if pattern.startswith("{") and pattern.endswith("+}"):
                rest = segments[index:]
                if not rest or rest == [""]:
                    return None
                return found | {pattern[1:-2]: unquote("/".join(rest))}
            if index >= len(segments):
                return None
            if pattern.startswith("{"):
                if not segments[index]:
                    return None
                found[pattern[1:-1]] = unquote(segments[index])
            elif pattern != unquote(segments[index]):
                return None
        return found if len(segments) == len(self.segments) else None

    @property
    def rank(self) -> tuple[Any, ...]:
        """Order of choice: exact segments before variables before greedy ones, a method before ANY."""
        kinds = tuple(2 if s.endswith("+}") else 1 if s.startswith("{") else 0 for s in self.segments)
        return (self.key == "$default", kinds, self.method == "ANY")


@dataclass(frozen=True, slots=True)
class Api:
    routes: tuple[Route, ...]
    authorizers: Mapping[str, Authorizer]
    cors: Mapping[str, Any]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        segments = path.lstrip("/").split("/")
        for route in self.routes:
            if (parameters := route.match(method, segments)) is not None:
                return route, parameters
        return None


def load(stack: Stack) -> Api:
    """The one HTTP API of a stack; a stack without one has no routes. Raises `StackError`."""
    routes: list[Route] = []
    authorizers: dict[str, Authorizer] = {}
    cors: dict[str, Any] = {}
    for logical_id, properties in stack.of_type("AWS::ApiGatewayV2::Api"):
        body = stack.resolver.resolve(properties["Body"])
        cors |= body.get("x-amazon-apigateway-cors", {}) | (
            stack.resolver.resolve(properties).get("CorsConfiguration") or {}
        )
        for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
            config = scheme["x-amazon-apigateway-authorizer"]
            if config.get("type") != "jwt":
                raise StackError(f"{logical_id}: authorizer {name} is {config.get('type')}, only jwt is served locally")
            given = config["jwtConfiguration"]
            authorizers[name] = Authorizer(name, str(given["issuer"]), tuple(map(str, given["audience"])))
        for path, methods in body.get("paths", {}).items():
            for method, operation in methods.items():
                if _INTEGRATION in operation:
                    routes.append(_route(path, method, operation, authorizers))
    return Api(tuple(sorted(routes, key=lambda r: r.rank)), authorizers, cors)


def _route(path: str, method: str, operation: dict[str, Any], authorizers: Mapping[str, Authorizer]) -> Route:
    integration = operation[_INTEGRATION]
    if integration.get("payloadFormatVersion") != "2.0":
        raise StackError(f"{method} {path}: only payload format 2.0 is served locally")
    match = _FUNCTION.search(integration["uri"])
    if match is None:
        raise StackError(f"{method} {path}: {integration['uri']} is no function")
    authorizer = None
    for requirement in operation.get("security", []):
        for name, scopes in requirement.items():
            if name != "NONE":
                known = authorizers[name]
                authorizer = Authorizer(name, known.issuer, known.audience, tuple(scopes))
    default = path in ("/$default", "$default")
    verb = "ANY" if method == _ANY or default else method.upper()
    return Route(
        key="$default" if default else f"{verb} {path}",
        function=match.group(1),
        authorizer=authorizer,
        timeout=min(float(integration.get("timeoutInMillis", 30_000)) / 1000, 30.0),
        segments=() if default else tuple(path.strip("/").split("/")),
        method=verb,
    )
