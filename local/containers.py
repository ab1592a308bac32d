"""The processes of an image function: each takes one event at a time, is killed past the function's timeout and
replaced when it ends.

A thread per process starts it, feeds it and reads its answers and prints. The thread lives as long as the embedded
AWS, because the kernel ends a process with the thread that started it (see `container._die_with_parent`).
"""

import json
import os
import queue
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import container
from local.function import Function, Outcome, failed, timed_out

INIT_SECONDS = 120.0
"""How long a process may take to import its handler, on a machine that does other things too."""
_END_SECONDS = 5.0


@dataclass(slots=True)
class _Invocation:
    event: Any
    request_id: str
    outcome: "Future[Outcome]" = field(default_factory=Future)


class Containers:
    """`count` processes of one function; calls beyond that wait for one to be free."""

    def __init__(
        self,
        function: Function,
        roots: Sequence[Path],
        count: int,
        environment: Mapping[str, str],
        log: deque[tuple[str, str]],
    ) -> None:
        """`roots` are where the handler is imported from; `environment` is added to the function's own (where its
        AWS is). Nothing runs before `start`."""
        self._function = function
        self._roots = [str(root) for root in roots]
        self._environment = {**function.environment, **environment}
        self._log = log
        self._waiting: queue.SimpleQueue[_Invocation | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._running: dict[int, _Container] = {}
        name = f"container-{function.logical_id}"
        self._threads = [
            threading.Thread(target=self._keep, args=(slot,), name=f"{name}-{slot}", daemon=True)
            for slot in range(count)
        ]

    def start(self) -> None:
        """Start the processes and return; they import their handler meanwhile."""
        for thread in self._threads:
            thread.start()

    def invoke(self, event: Any, request_id: str) -> Outcome:
        """Call the function and wait for it, at most its timeout from when a process takes the event."""
        invocation = _Invocation(event, request_id)
        self._waiting.put(invocation)
        if self._stopped.is_set():
            return _stopped()
        return invocation.outcome.result()

    def stop(self) -> None:
        """Kill the processes, whatever they are doing."""
        self._stopped.set()
        for running in list(self._running.values()):
            running.kill()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(_END_SECONDS)
        while not self._waiting.empty():
            if invocation := self._waiting.get():
                invocation.outcome.set_result(_stopped())

    def pids(self) -> list[int]:
        """The processes there are now."""
        return sorted(running.pid for running in list(self._running.values()))

    def _keep(self, slot: int) -> None:
        running = self._begin(slot)
        while not self._stopped.is_set() and (invocation := self._waiting.get()) is not None:
            if not running.alive:
                running.end()
                running = self._begin(slot)
            invocation.outcome.set_result(running.invoke(invocation.event, invocation.request_id))
            if not running.alive and not self._stopped.is_set():
                running.end()
                running = self._begin(slot)
        running.end()

    def _begin(self, slot: int) -> "_Container":
        running = _Container(self._function, self._roots, self._environment, self._log)
        self._running[slot] = running
        if self._stopped.is_set():  # `stop` may have looked just before
            running.kill()
        return running


class _Container:
    """One process, with a folder for its temporary files that goes when it ends. Used by one thread, but for `kill`."""

    def __init__(
        self, function: Function, roots: list[str], environment: Mapping[str, str], log: deque[tuple[str, str]]
    ) -> None:
        self._function = function
        self._log = log
        self._buffer = bytearray()
        self._line = b""
        self._ready = False
        self._spent = False
        self._reaping = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="vibeboard-tmp-", ignore_cleanup_errors=True)
        self._channel, theirs = socket.socketpair()
        self._prints, write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", container.__file__, str(theirs.fileno())],
                env={**environment, "TMPDIR": self._folder.name},
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # one group with what it starts, so that FFmpeg can be killed with it
            )
        finally:
            theirs.close()
            os.close(write)
        os.set_blocking(self._prints, False)
        self._channel.setblocking(False)
        self._events = selectors.DefaultSelector()
        self._events.register(self._channel, selectors.EVENT_READ)
        self._events.register(self._prints, selectors.EVENT_READ)
        self.pid = self._process.pid
        self._send(
            {
                "handler": function.handler,
                "roots": roots,
                "name": function.name,
                "arn": function.arn,
                "memory": function.memory,
            }
        )

    @property
    def alive(self) -> bool:
        return not self._spent and self._exit() is None

    def invoke(self, event: Any, request_id: str) -> Outcome:
        """Hand over one event. A process that dies, and one that takes too long (it is killed), fails it."""
        if not self._ready:
            try:
                told = self._receive(INIT_SECONDS)
            except TimeoutError:
                self.kill()
                return timed_out(self._function, request_id)
            if told is None or "ready" not in told:
                self._spent = True
                return self._outcome(told, request_id)
            self._ready = True
        self._send({"event": event, "requestId": request_id, "timeout": self._function.timeout})
        try:
            told = self._receive(self._function.timeout)
        except TimeoutError:
            self.kill()
            return timed_out(self._function, request_id)
        return self._outcome(told, request_id)

    def kill(self) -> None:
        """End the process and what it started."""
        self._spent = True
        with self._reaping:
            if self._process.returncode is None:
                os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        with self._reaping:
            self._process.wait()
        self._read_prints()
        self._events.close()
        self._channel.close()
        os.close(self._prints)
        self._folder.cleanup()

    def _outcome(self, told: dict[str, Any] | None, request_id: str) -> Outcome:
        if told is not None:
            return Outcome(json.dumps(told["payload"]).encode(), failed=told["failed"])
        message = f"RequestId: {request_id} Error: Runtime exited with error: {self._ended()}"
        self._log.append((self._function.logical_id, message))
        return failed("Runtime.ExitError", message)

    def _ended(self) -> str:
        """How the process ended, in Lambda's words."""
        self._spent = True
        deadline = time.monotonic() + _END_SECONDS
        while (exit_ := self._exit()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if exit_ is None:
            return "it hung up"
        by_itself = exit_.si_code == os.CLD_EXITED
        return f"exit status {exit_.si_status}" if by_itself else f"signal: {signal.Signals(exit_.si_status).name}"

    def _exit(self) -> "os.waitid_result | None":
        """How the process ended; None while it has not. It is not waited for: until `end`, its id is nobody else's,
        nor is its group's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def _send(self, message: dict[str, Any]) -> None:
        self._channel.setblocking(True)
        try:
            self._channel.sendall(container.packed(message))
        except ConnectionError:
            return  # it died; that is read next
        finally:
            self._channel.setblocking(False)

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """The process's next answer; None when it ended. Raises TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            if (message := container.unpack(self._buffer)) is not None:
                self._read_prints()
                return dict(message)
            ready = {key.fileobj for key, _ in self._events.select(max(0.0, deadline - time.monotonic()))}
            if self._prints in ready:
                self._read_prints()
            if self._channel in ready:
                try:
                    block = self._channel.recv(1 << 16)
                except ConnectionError:
                    block = b""
                if not block:
                    return None
                self._buffer += block
            elif time.monotonic() >= deadline:
                self._read_prints()
                raise TimeoutError

    def _read_prints(self) -> None:
        """Everything printed so far, to the log."""
        try:
            while block := os.read(self._prints, 1 << 16):
                *lines, self._line = (self._line + block).split(b"\n")
                self._log.extend((self._function.logical_id, line.decode(errors="replace")) for line in lines)
            if self._prints in self._events.get_map():
                self._events.unregister(self._prints)  # all its writers ended
        except BlockingIOError:
            pass


def _stopped() -> Outcome:
    return failed("Sandbox.Stopped", "the embedded AWS stopped")
