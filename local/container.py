"""One function in a process of its own, as its container is in AWS. Started by `local.containers`.

The parent sends one event at a time over a socket and gets one answer for each. AWS is the parent's, over loopback.
This file runs by itself: it imports nothing of this package, so that the process holds what the function needs and
no more.
"""

import contextlib
import ctypes
import importlib
import json
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

CALL_HEADER = "x-local-call"
"""Names the AWS operation to the parent's call recorder: an address and a body alone do not."""
_LENGTH_BYTES = 4
_PR_SET_PDEATHSIG = 1


class LambdaContext:
    """The object a handler gets as its second argument. `timeout` is in seconds, `memory` in MB."""

    def __init__(self, name: str, arn: str, memory: int, timeout: float, request_id: str) -> None:
        self.function_name = name
        self.function_version = "$LATEST"
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = str(memory)
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def packed(message: Any) -> bytes:
    """A message as it crosses the socket: its length in four bytes, big end first, then JSON."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(_LENGTH_BYTES) + body


def unpack(buffer: bytearray) -> Any:
    """Take the first whole message off `buffer`; None while it is not all there."""
    if len(buffer) < _LENGTH_BYTES:
        return None
    end = _LENGTH_BYTES + int.from_bytes(buffer[:_LENGTH_BYTES])
    if len(buffer) < end:
        return None
    message = json.loads(buffer[_LENGTH_BYTES:end])
    del buffer[:end]
    return message


def failure(error: BaseException) -> dict[str, Any]:
    """What Lambda answers for an exception of a handler."""
    trace = traceback.format_tb(error.__traceback__)
    return {"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": trace}


def main() -> None:
    """Answer events until the parent closes the socket (or dies: that ends this process in the middle of one)."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    _die_with_parent()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what is printed before a crash is told
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, requests), name="listen", daemon=True).start()

    function = requests.get()
    sys.path[:0] = function["roots"]
    _tell_calls()
    handler = _handler(function["handler"], channel)
    _tell(channel, {"ready": True})
    while True:
        request = requests.get()
        context = LambdaContext(
            function["name"], function["arn"], function["memory"], request["timeout"], request["requestId"]
        )
        _tell(channel, _answer(handler, request["event"], context))


def _answer(handler: Callable[[Any, Any], Any], event: Any, context: LambdaContext) -> dict[str, Any]:
    try:
        result = handler(event, context)
        json.dumps(result)
        return {"failed": False, "payload": result}
    except Exception as error:  # as Lambda does: whatever a handler raises becomes its answer
        traceback.print_exc()
        return {"failed": True, "payload": failure(error)}


def _handler(path: str, channel: socket.socket) -> Callable[[Any, Any], Any]:
    """Import the handler; a module that cannot be imported is told and ends the process, as in Lambda."""
    module, _, attribute = path.rpartition(".")
    try:
        found: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # an import runs anything, so it may raise anything
        traceback.print_exc()
        message = f"Unable to import {path!r}: {type(error).__name__}: {error}"
        told = failure(error) | {"errorType": "Runtime.ImportModuleError", "errorMessage": message}
        _tell(channel, {"failed": True, "payload": told})
        sys.exit(1)
    return found


def _tell(channel: socket.socket, message: dict[str, Any]) -> None:
    # What was printed goes first: the parent reads the log before it believes the answer.
    sys.stdout.flush()
    sys.stderr.flush()
    channel.sendall(packed(message))


def _listen(channel: socket.socket, requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    buffer = bytearray()
    with contextlib.suppress(ConnectionError):
        while block := channel.recv(1 << 16):
            buffer += block
            while (message := unpack(buffer)) is not None:
                requests.put(message)
    # Nobody waits for an answer any more: end now, and with us what we started (FFmpeg at work).
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _die_with_parent() -> None:
    """The kernel kills this process with the thread that started it, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _tell_calls() -> None:
    """Have every botocore client name its calls to the parent, and call nobody else."""
    import botocore.handlers

    def before_send(request: Any, event_name: str, **_: Any) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise PermissionError(f"{event_name} would leave the machine: {request.url}")
        request.headers[CALL_HEADER] = event_name

    botocore.handlers.BUILTIN_HANDLERS.append(("before-send", before_send))


if __name__ == "__main__":
    main()
