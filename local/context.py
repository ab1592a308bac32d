"""Many functions in one process: each invocation sees its own environment, and its prints go to its own log.

In Lambda a function owns its process. Here threads share one, so `os.environ` and `sys.stdout` look first at a
context variable that the invocation sets. Threads a handler starts inherit it (Python 3.13 threads do not by
themselves). Code that runs in a handler needs to know nothing of this.
"""

import contextvars
import functools
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from local import REGION


@dataclass(slots=True)
class Actor:
    """Who is calling AWS: a function or a state machine of the template, by logical id."""

    name: str
    environment: dict[str, str] | None = None
    """What `os.environ` holds for it; None leaves the process's own environment visible."""
    log: deque[tuple[str, str]] | None = None
    partial: list[str] = field(default_factory=list)


actor: contextvars.ContextVar[Actor | None] = contextvars.ContextVar("actor", default=None)

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "OMP_NUM_THREADS", "IMAGEIO_FFMPEG_EXE")
"""What a function sees of the machine's own environment: never keys, so no vendor can be called by accident."""


def lambda_environment(name: str, handler: str, memory: int) -> dict[str, str]:
    """The variables Lambda itself sets."""
    kept = {k: v for k in KEPT if (v := os.environ.get(k)) is not None}
    return kept | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "_HANDLER": handler,
    }


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    token = actor.set(who)
    try:
        yield
    finally:
        actor.reset(token)


class _OverlaidEnviron(os._Environ):  # type: ignore[type-arg]
    """`os.environ` that is the actor's environment where there is one."""

    @staticmethod
    def _overlay() -> MutableMapping[str, str] | None:
        who = actor.get()
        return None if who is None else who.environment

    def __getitem__(self, key: Any) -> Any:
        overlay = self._overlay()
        return super().__getitem__(key) if overlay is None else overlay[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        overlay = self._overlay()
        if overlay is None:
            super().__setitem__(key, value)
        else:
            overlay[key] = value

    def __delitem__(self, key: Any) -> None:
        overlay = self._overlay()
        if overlay is None:
            super().__delitem__(key)
        else:
            del overlay[key]

    def __iter__(self) -> Iterator[Any]:
        overlay = self._overlay()
        return super().__iter__() if overlay is None else iter(list(overlay))

    def __len__(self) -> int:
        overlay = self._overlay()
        return super().__len__() if overlay is None else len(overlay)


class _RoutedStream:
    """A text stream whose writes go to the actor's log, and to `stream` when nobody acts."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        who = actor.get()
        if who is None or who.log is None:
            return self.stream.write(text)
        who.partial.append(text)
        if "\n" in text:
            *lines, rest = "".join(who.partial).split("\n")
            who.partial[:] = [rest] if rest else []
            who.log.extend((who.name, line) for line in lines)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


_lock = threading.Lock()
_installed = 0
_originals: dict[str, Any] = {}


def install() -> None:
    """Make `os.environ`, `sys.stdout` and new threads follow the actor. Calls nest; `uninstall` undoes one."""
    global _installed
    with _lock:
        _installed += 1
        if _installed > 1:
            return
        _originals.update(stdout=sys.stdout, run=threading.Thread.run, submit=ThreadPoolExecutor.submit)
        _originals["start"] = threading.Thread.start
        os.environ.__class__ = _OverlaidEnviron
        sys.stdout = _RoutedStream(sys.stdout)
        setattr(threading.Thread, "start", _start_with_context)  # noqa: B010 - mypy refuses the plain assignment
        setattr(ThreadPoolExecutor, "submit", _submit_with_context)  # noqa: B010


def uninstall() -> None:
    global _installed
    with _lock:
        _installed -= 1
        if _installed:
            return
        os.environ.__class__ = os._Environ
        if isinstance(sys.stdout, _RoutedStream):
            sys.stdout = _originals["stdout"]
        threading.Thread.start = _originals["start"]  # type: ignore[method-assign]
        ThreadPoolExecutor.submit = _originals["submit"]  # type: ignore[method-assign]


def _start_with_context(thread: threading.Thread) -> None:
    if actor.get() is not None:
        context = contextvars.copy_context()
        run = thread.run
        thread.run = functools.partial(context.run, run)  # type: ignore[method-assign]
    _originals["start"](thread)


def _submit_with_context(
    pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    # A pool's threads outlive one invocation, so each task carries the context of who submitted it.
    future: Future[Any] = _originals["submit"](pool, contextvars.copy_context().run, function, *args, **kwargs)
    return future
