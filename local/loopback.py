"""The two loopback servers: the HTTP API, and S3 for presigned URLs. Nothing listens on another interface.

S3 has one server per process, kept across embedded AWSs: functions cache their clients, and a client's endpoint
must stay the one its presigned URLs name.
"""

import functools
import mmap
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.gateway import MAX_BODY, Response

HOST = "127.0.0.1"
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


class _S3Handler(_Handler):
    """Hands requests to moto's S3; bodies of answers go out of a memory map. Unsigned and expired ones are refused,
    which moto itself does not do."""

    def answer(self, body: bytes) -> None:
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders
        from moto.core.models import botocore_stubber

        if refusal := self._refusal(body):
            text = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{refusal}</Message></Error>"
            self.send(403, {"content-type": "application/xml"}, text.encode())
            return
        url = f"http://{self.headers.get('host')}{self.path}"
        headers_in = HTTPHeaders.from_dict(dict(self.headers.items()))
        request = AWSPreparedRequest(self.command, url, headers_in, body, False)
        answer = botocore_stubber.process_request(request) if botocore_stubber.enabled else None
        if answer is None:
            self.send(503, {"content-type": "text/plain"}, b"the embedded AWS is not running")
            return
        status, headers, content = answer
        self.send(status, headers, content.encode() if isinstance(content, str) else content)

    def _refusal(self, body: bytes) -> str | None:
        query = parse_qs(urlsplit(self.path).query)
        now = datetime.now(UTC)
        if "X-Amz-Signature" in query:
            signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            expired = now > signed + timedelta(seconds=int(query["X-Amz-Expires"][0]))
            return "Request has expired" if expired else None
        if "Signature" in query:
            return "Request has expired" if time.time() > int(query["Expires"][0]) else None
        form = self.command == "POST" and (b'name="policy"' in body[:65536])
        if self.command == "OPTIONS" or form or "authorization" in self.headers:
            return None
        return "Access Denied"


@functools.cache
def s3_server() -> LoopbackServer:
    """This process's S3 endpoint, started at first use."""
    server = LoopbackServer(_S3Handler)
    server.start()
    return server


def _pairs(headers: Message) -> list[tuple[str, str]]:
    return list(headers.items())
