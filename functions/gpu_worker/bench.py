"""One order at the bench: its folder, its inputs, its outputs, how far it is, and whether it was called off."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vibeboard.domain.errors import VibeBoardError
from vibeboard.providers.worker_ops import Envelope, Operation
from vibeboard.providers.worker_wire import Wire

TELL_SECONDS = 2.0  # progress is told at most this often: each telling is a request of its own


class Stopped(VibeBoardError):
    """The order was cancelled, or its time is up."""

    status, code, title = 409, "CANCELLED", "The order was called off"


@dataclass(frozen=True, slots=True)
class Made:
    """What an operation reports beside its files. metrics: flat, JSON-safe. model: only where it differs from the
    stated one (the CPU engine names itself)."""

    metrics: Mapping[str, float | int | str | bool | None] = field(default_factory=dict)
    model: str = ""
    seed: int | None = None


@dataclass
class Bench:
    """The order being done. `assets` are local files already; outputs go to `out(label)`."""

    envelope: Envelope
    operation: Operation
    params: Wire
    folder: Path
    tell: Callable[[dict[str, Any]], None]
    stop: threading.Event
    assets: dict[str, Path] = field(default_factory=dict)
    _told: float = field(default=0.0)

    def out(self, label: str) -> Path:
        """Where the output `label` is to be written. Raises KeyError for one the operation does not make."""
        path = self.folder / "out" / self.operation.outputs[label]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def made(self) -> dict[str, Path]:
        """The outputs that were written, by label."""
        return {label: path for label in self.operation.outputs if (path := self.out(label)).is_file()}

    def progress(self, part: float, stage: str = "") -> None:
        """Tell how far it is (0..1), from inside every long loop. Raises Stopped once the order is called off."""
        if self.stop.is_set():
            raise Stopped("The order was called off while it ran", fix="Order it again.")
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        self._told = time.monotonic()
        self.tell({"pct": max(1, min(99, round(part * 100))), **({"stage": stage} if stage else {})})

    def share(self, start: float, end: float, stage: str = "") -> Callable[[float], None]:
        """A progress function for one part of the work, from `start` to `end`."""
        return lambda part: self.progress(start + (end - start) * part, stage)

    def steps(self, start: float, end: float, stage: str) -> Callable[..., Any]:
        """A stand-in for tqdm that tells progress, for pipelines that take their progress bar as an argument."""

        def bar(items: Any, *_: Any, **__: Any) -> Any:
            every = list(items)
            for index, item in enumerate(every):
                self.progress(start + (end - start) * index / len(every), stage)
                yield item

        return bar
