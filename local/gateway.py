"""API Gateway's HTTP API: requests become payload 2.0 events, functions' answers become responses.

Limits are API Gateway's: 10 MB of body, 30 s, and the JWT checked before any function sees the request.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from local import ACCOUNT
from local.function import Outcome
from local.issuer import Issuer, Unauthorized
from local.lambdas import LambdaRuntime
from local.routes import Api, Authorizer, Route

MAX_BODY = 10 * 1024 * 1024
_TEXT = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    cookies: tuple[str, ...] = ()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Gateway:
    """Serves one HTTP API; call it like a function."""

    def __init__(self, api: Api, functions: LambdaRuntime, issuer: Issuer, api_id: str) -> None:
        self.api = api
        self._functions = functions
        self._issuer = issuer
        self._api_id = api_id
        self.timeout_limit = 30.0

    def __call__(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: bytes | str = b"",
        source_ip: str = "127.0.0.1",
    ) -> Response:
        """Answer one request. `path` may carry a query string."""
        method = method.upper()
        content = body.encode() if isinstance(body, str) else body
        merged = _merge(headers.items() if isinstance(headers, Mapping) else headers or ())
        if len(content) > MAX_BODY:
            return _message(413, "Request Entity Too Large")
        raw_path = urlsplit(path).path or "/"
        origin = merged.get("origin")
        if method == "OPTIONS" and origin and self.api.cors:
            return Response(204, self._cors(origin, preflight=True), b"")
        found = self.api.find(method, raw_path)
        if found is None:
            return _message(404, "Not Found")
        route, parameters = found
        claims: dict[str, Any] | None = None
        if route.authorizer is not None:
            try:
                claims = self._claims(merged.get("authorization", ""), route.authorizer)
            except Unauthorized:
                return _message(401, "Unauthorized", {"www-authenticate": "Bearer"})
            if route.authorizer.scopes and not set(route.authorizer.scopes) & set(_scopes(claims) or []):
                return _message(403, "Forbidden")
        event = self._event(route, parameters, method, path, merged, content, claims, source_ip)
        response = self._call(route, event)
        if origin and self.api.cors:
            allowed = {**response.headers, **self._cors(origin, preflight=False)}
            return Response(response.status, allowed, response.body, response.cookies)
        return response

    def _claims(self, header: str, authorizer: Authorizer) -> dict[str, Any]:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = header if scheme and not token else ""
        if not token:
            raise Unauthorized("no token")
        return self._issuer.check(token.strip(), authorizer.issuer, authorizer.audience)

    def _event(
        self,
        route: Route,
        parameters: dict[str, str],
        method: str,
        path: str,
        headers: dict[str, str],
        content: bytes,
        claims: dict[str, Any] | None,
        source_ip: str,
    ) -> dict[str, Any]:
        now = time.time()
        split = urlsplit(path)
        cookies = [c.strip() for c in headers.pop("cookie", "").split(";") if c.strip()]
        headers = {
            "content-length": str(len(content)),
            "host": headers.get("host", "localhost"),
            "x-amzn-trace-id": headers.get("x-amzn-trace-id", f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]}"),
            "x-forwarded-for": source_ip,
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        } | headers
        context: dict[str, Any] = {
            "accountId": ACCOUNT,
            "apiId": self._api_id,
            "domainName": headers["host"],
            "domainPrefix": headers["host"].split(".")[0],
            "http": {
                "method": method,
                "path": unquote(split.path),
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:15] + "=",
            "routeKey": route.key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        }
        if claims is not None:
            written = {name: claim_text(value) for name, value in claims.items()}
            context["authorizer"] = {
                "jwt": {
                    "claims": written,
                    "scopes": _scopes(claims) if route.authorizer and route.authorizer.scopes else None,
                }
            }
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": unquote(split.path),
            "rawQueryString": split.query,
            "headers": headers,
            "requestContext": context,
            "isBase64Encoded": False,
        }
        if cookies:
            event["cookies"] = cookies
        if query := _merge(parse_qsl(split.query, keep_blank_values=True), lower=False):
            event["queryStringParameters"] = query
        if parameters:
            event["pathParameters"] = parameters
        if content:
            text = _as_text(headers.get("content-type", ""), content)
            event["isBase64Encoded"] = text is None
            event["body"] = base64.b64encode(content).decode() if text is None else text
        return event

    def _call(self, route: Route, event: dict[str, Any]) -> Response:
        limit = min(route.timeout, self.timeout_limit)
        done = threading.Event()
        outcome: list[Outcome] = []

        def run() -> None:
            outcome.append(self._functions.invoke(route.function, event))
            done.set()

        if self._functions.find(route.function).timeout <= limit:
            run()
        else:
            threading.Thread(target=run, name="gateway", daemon=True).start()
            if not done.wait(limit):
                return _message(503, "Service Unavailable")
        if outcome[0].failed:
            return _message(500, "Internal Server Error")
        return _response(outcome[0].value())

    def _cors(self, origin: str, *, preflight: bool) -> dict[str, str]:
        config = {k.lower(): v for k, v in self.api.cors.items()}
        allowed = _many(config.get("alloworigins"))
        if "*" not in allowed and origin not in allowed:
            return {}
        headers = {"access-control-allow-origin": "*" if "*" in allowed else origin, "vary": "Origin"}
        if exposed := _many(config.get("exposeheaders")):
            headers["access-control-expose-headers"] = ",".join(exposed)
        if preflight:
            headers["access-control-allow-methods"] = ",".join(_many(config.get("allowmethods")))
            headers["access-control-allow-headers"] = ",".join(_many(config.get("allowheaders")))
            if "maxage" in config:
                headers["access-control-max-age"] = str(config["maxage"])
        return headers


def claim_text(value: Any) -> str:
    """A claim as API Gateway hands it over: always a string, a list as `[a b]`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + " ".join(claim_text(v) for v in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{claim_text(v)}" for k, v in sorted(value.items())) + "]"
    return str(value)


def _scopes(claims: Mapping[str, Any]) -> list[str] | None:
    scope = claims.get("scope")
    return scope.split() if isinstance(scope, str) else None


def _merge(pairs: Iterable[tuple[str, str]], *, lower: bool = True) -> dict[str, str]:
    merged: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower() if lower else name
        separator = "; " if lower and key == "cookie" else ","
        merged[key] = f"{merged[key]}{separator}{value}" if key in merged else value
    return merged


def _many(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(map(str, value))


def _as_text(content_type: str, content: bytes) -> str | None:
    kind = content_type.split(";")[0].strip().lower()
    if kind and not (kind.startswith(_TEXT) or kind.endswith(("+json", "+xml"))):
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(status, {"content-type": "application/json", **(headers or {})}, body)


def _response(answer: Any) -> Response:
    """A function's answer by the rules of payload 2.0: without a statusCode it is the body itself."""
    date = {"date": formatdate(usegmt=True)}
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(200, {"content-type": "application/json", **date}, text.encode())
    headers = {str(k).lower(): claim_text(v) for k, v in (answer.get("headers") or {}).items()}
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers[name.lower()] = ",".join(map(str, values))
    body = answer.get("body") or ""
    if not isinstance(body, str):
        return _message(500, "Internal Server Error")
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers.setdefault("content-type", "text/plain; charset=utf-8")
    return Response(int(answer["statusCode"]), {**headers, **date}, content, tuple(answer.get("cookies") or ()))
