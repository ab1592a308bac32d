"""The two loopback servers: the HTTP API, and AWS itself. Nothing listens on another interface.

Whoever has a presigned URL may use AWS's server for S3; functions in processes of their own use it for every service,
with a key each is given. It is one per process, kept across embedded AWSs: functions cache their clients, and a
client's endpoint must stay the one its presigned URLs name.
"""

import functools
import mmap
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.container import CALL_HEADER
from local.context import Actor, acting
from local.gateway import MAX_BODY, Response

HOST = "127.0.0.1"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_CHUNK = 1 << 20


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle of a body is no error of ours."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    max_body: int | None = None

    def log_message(self, *_: Any) -> None:
        """Requests are not printed: stderr belongs to the command's progress."""

    def answer(self, body: bytes) -> None:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if self.max_body is not None and length > self.max_body:
            # Answered without reading it: the connection cannot be used again.
            self.close_connection = True
            self.send(413, {"content-type": "application/json"}, b'{"message":"Request Entity Too Large"}')
            return
        if self.headers.get("expect", "").lower() == "100-continue" and self.request_version == "HTTP/1.0":
            self.close_connection = True
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            self.answer(self._chunked())
        else:
            self.answer(self.rfile.read(length) if length else b"")

    def _chunked(self) -> bytes:
        parts: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def send(
        self, status: int, headers: Mapping[str, Any], body: bytes | mmap.mmap, cookies: tuple[str, ...] = ()
    ) -> None:
        self.send_response(status)
        length = None
        for name, value in headers.items():
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, str(value))
        for cookie in cookies:
            self.send_header("set-cookie", cookie)
        if status not in (204, 304):
            self.send_header("content-length", str(length if self.command == "HEAD" and length else len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            view = memoryview(body)
            for start in range(0, len(view), _CHUNK):
                self.wfile.write(view[start : start + _CHUNK])


class LoopbackServer:
    """An HTTP server on 127.0.0.1, bound at once and serving after `start`."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._server = _Server((HOST, port), handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{HOST}:{self.port}"

    def start(self) -> None:
        threading.Thread(
            target=functools.partial(self._server.serve_forever, poll_interval=0.1), name="loopback", daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        """Give the port back when `start` was never called."""
        self._server.server_close()


def api_server(call: Callable[..., Response], port: int) -> LoopbackServer:
    """The HTTP API on loopback; `call` is the gateway."""

    class ApiHandler(_Handler):
        max_body = MAX_BODY

        def answer(self, body: bytes) -> None:
            response = call(self.command, self.path, _pairs(self.headers), body, self.client_address[0])
            self.send(response.status, response.headers, response.body, response.cookies)

    return LoopbackServer(ApiHandler, port)


class _AwsHandler(_Handler):
    """Hands requests to moto; bodies of answers go out of a memory map. Unsigned and expired ones are refused, which
    moto itself does not do, and so is any service but S3 without the key of a function."""

    endpoint: "AwsServer"

    def answer(self, body: bytes) -> None:
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders
        from moto.core.models import botocore_stubber

        key, region, service = _signer(self.headers.get("authorization", ""))
        caller = self.endpoint.caller(key)
        if refusal := self._refusal(body, service, caller):
            text = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{refusal}</Message></Error>"
            self.send(403, {"content-type": "application/xml"}, text.encode())
            return
        headers_in = HTTPHeaders.from_dict(dict(self.headers.items()))
        if service == "s3":
            url = f"http://{self.headers.get('host')}{self.path}"
        else:
            url = f"https://{service}.{region}.amazonaws.com{self.path}"
            headers_in.replace_header("host", f"{service}.{region}.amazonaws.com")
        request = AWSPreparedRequest(self.command, url, headers_in, body, False)
        with self.endpoint.acting(caller, self.headers.get(CALL_HEADER)):
            answer = botocore_stubber.process_request(request) if botocore_stubber.enabled else None
        if answer is None:
            self.send(503, {"content-type": "text/plain"}, b"the embedded AWS is not running")
            return
        status, headers, content = answer
        self.send(status, headers, content.encode() if isinstance(content, str) else content)

    def _refusal(self, body: bytes, service: str, caller: Actor | None) -> str | None:
        query = parse_qs(urlsplit(self.path).query)
        now = datetime.now(UTC)
        if "X-Amz-Signature" in query:
            signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            expired = now > signed + timedelta(seconds=int(query["X-Amz-Expires"][0]))
            return "Request has expired" if expired else None
        if "Signature" in query:
            return "Request has expired" if time.time() > int(query["Expires"][0]) else None
        form = self.command == "POST" and (b'name="policy"' in body[:65536])
        if self.command == "OPTIONS" or form or caller is not None:
            return None
        return None if service == "s3" and "authorization" in self.headers else "Access Denied"


class AwsServer(LoopbackServer):
    """AWS on loopback: `admit` gives a function's processes their way in, while somebody is `answering`."""

    def __init__(self) -> None:
        super().__init__(type("AwsHandler", (_AwsHandler,), {"endpoint": self}))
        self._callers: dict[str, Actor] = {}
        self._on_call: Callable[[str], None] | None = None

    @contextmanager
    def answering(self, on_call: Callable[[str], None]) -> Iterator[None]:
        """Tell `on_call` of each call of an admitted function (`before-send.<service>.<Operation>`), in its name.
        Who was admitted meanwhile is so until the end."""
        self._on_call = on_call
        try:
            yield
        finally:
            self._callers.clear()
            self._on_call = None

    def admit(self, function: str) -> dict[str, str]:
        """The variables of a process of `function` (a logical id), by which botocore finds this AWS."""
        key = f"LOCAL{secrets.token_hex(16).upper()}"
        self._callers[key] = Actor(function)
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": key}

    def caller(self, key: str) -> Actor | None:
        return self._callers.get(key)

    @contextmanager
    def acting(self, caller: Actor | None, call: str | None) -> Iterator[None]:
        """Do moto's work in the name of `caller`, and count `call` as its own."""
        if caller is None:
            yield
            return
        with acting(caller):
            if call and self._on_call:
                self._on_call(call)
            yield


@functools.cache
def aws_server() -> AwsServer:
    """This process's AWS endpoint, started at first use."""
    server = AwsServer()
    server.start()
    return server


def _signer(authorization: str) -> tuple[str, str, str]:
    """(access key, region, service) that signed a request; S3's where none says so (presigned URLs, forms)."""
    match = _CREDENTIAL.search(authorization)
    return (match[1], match[2], match[3]) if match else ("", "", "s3")


def _pairs(headers: Message) -> list[tuple[str, str]]:
    return list(headers.items())
