"""A vendor on loopback: answers real HTTP, keeps a log of every request, and fails on demand as networks do."""

import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # lower-case names
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Response:
    status: int
    body: Any = None  # JSON, or bytes as they are
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0  # seconds the answer is held back, as a long poll is
    cut: str = ""  # "close": the connection ends without an answer; "reset": by TCP reset; "half": amid the body


class Fake:
    """Serve on a free port of 127.0.0.1 while in a `with`. `spoil` takes the fate of the next requests."""

    def __init__(self) -> None:
        self.log: list[Request] = []
        self.spoiled: deque[tuple[str, Response | None]] = deque()
        self.lock = threading.RLock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                parts = urlsplit(self.path)
                request = Request(
                    self.command,
                    parts.path,
                    {name: values[-1] for name, values in parse_qs(parts.query).items()},
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                with fake.lock:
                    fake.log.append(request)
                    answer = fake.fate(request)
                if answer.after:
                    time.sleep(answer.after)
                if answer.cut and answer.cut != "half":
                    if answer.cut == "reset":
                        linger = struct.pack("ii", 1, 0)
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close() if answer.cut == "reset" else self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                kind = {} if isinstance(answer.body, bytes) else {"Content-Type": JSON}
                for name, value in (kind | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body[: len(body) // 2] if answer.cut == "half" else body)
                self.close_connection = self.close_connection or answer.cut == "half"

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spoil(self, when: str, answer: Response | None = None) -> None:
        """The fate of the next submission. when: "before" it is taken (answer instead) or "after" (answer cut)."""
        self.spoiled.append((when, answer))

    def fate(self, request: Request) -> Response:
        if not self.is_submission(request) or not self.spoiled:
            return self.answer(request)
        when, instead = self.spoiled.popleft()
        if when == "after":
            self.answer(request)
            return instead or Response(0, cut="close")
        return instead or Response(0, cut="close")

    def is_submission(self, request: Request) -> bool:
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        raise NotImplementedError

    def count(self, method: str, part: str) -> int:
        """How many requests of a method came for a path with `part` in it."""
        return sum(request.method == method and part in request.path for request in self.log)
