"""What the command shows while a film is made: where it is, how far, and about how long it still takes. On stderr."""

import sys
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TextIO

PHASES = {
    "Development": "Steps 1-2  story",
    "Preproduction": "Steps 3-5  assets, cast, optics",
    "Shoot": "Steps 6-8.5 storyboard, footage, dailies",
    "Finish": "Steps 9-10.5 VFX, locks, cut",
    "Deliver": "Steps 11-12 passes, QC, master",
}
FAMILIES = {
    "frame.draw": "7 frames",
    "frame.edit": "7 frames",
    "clip.generate": "8 footage and dailies",
    "clip.render": "11 render passes",
    "export.master": "12 master and package",
    "asset.deconstruct": "3 sets",
    "asset.materials": "3 sets",
    "character.train": "4 training",
}
# Relative time of one job of each kind; the export's grows with the film.
WEIGHTS = {"frame.draw": 1.0, "frame.edit": 1.0, "clip.generate": 9.0, "clip.render": 9.0}
EXPORT_WEIGHT_PER_SHOT = 3.0
LINE_SECONDS = 5.0  # between two lines where there is no terminal


class Reporter:
    """Progress with an estimate of the time left: one line that moves on a terminal, else a line now and then."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._quiet = quiet
        self._begun = time.monotonic()
        self._last_line = 0.0
        self._shown = ""
        self._shots = 0

    def expect(self, shots: int) -> None:
        """How many shots the film is planned with; the estimate counts those that are not ordered yet."""
        self._shots = shots

    def say(self, text: str) -> None:
        if not self._quiet:
            self._clear()
            print(text, file=self._stream, flush=True)

    def decided(self, approval: dict[str, Any], approved: bool) -> None:
        word = "approved" if approved else "rejected"
        self.say(f"  {approval['gate']}: {word} (as {approval['requiredRole']}, attempt {approval['attempt']})")

    def show(self, run: dict[str, Any], jobs: dict[str, Any]) -> None:
        """One look at the production: phase, jobs done of those ordered, time spent and about left."""
        if self._quiet:
            return
        items = jobs["items"]
        part = _part_done(items, self._shots, passes=run.get("options", {}).get("quality") != "draft")
        elapsed = time.monotonic() - self._begun
        left = f", about {_clock(elapsed * (1 - part) / part)} left" if 0.03 < part < 1 else ""
        done, total = jobs["counts"].get("complete", 0), len(items)
        phase = PHASES.get(run.get("phase", ""), "Step 0  contract")
        line = f"[{_clock(elapsed)}] {phase} · {done}/{total} jobs · {part:4.0%}{left}"
        now = time.monotonic()
        if self._moving:
            self._stream.write("\r\x1b[K" + line)
            self._stream.flush()
        elif now - self._last_line >= LINE_SECONDS and line != self._shown:
            print(line, file=self._stream, flush=True)
            self._last_line = now
        self._shown = line

    def _clear(self) -> None:
        if self._moving and self._shown:
            self._stream.write("\r\x1b[K")


def _part_done(items: Iterable[dict[str, Any]], shots: int, *, passes: bool) -> float:
    """How much of the whole film is done (0..1): jobs ordered so far against all that the film is planned with."""
    export = EXPORT_WEIGHT_PER_SHOT * max(shots, 1)
    per_shot = 2 * WEIGHTS["frame.draw"] + WEIGHTS["clip.generate"] + (WEIGHTS["clip.render"] if passes else 0)
    done = ordered = packed = 0.0
    for job in items:
        part = 1.0 if job["status"] == "complete" else job["progress"] / 100
        if job["operation"] == "export.master":
            packed = max(packed, part)
            continue
        weight = WEIGHTS.get(job["operation"], 1.0)
        done += weight * part
        ordered += weight
    return min(1.0, (done + export * packed) / (max(ordered, shots * per_shot) + export))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def steps_of(run: dict[str, Any]) -> dict[str, float]:
    """Seconds of each phase, and of each kind of work from its first order to its last result."""
    steps: dict[str, float] = {}
    for name, phase in run.get("phases", {}).items():
        if "endedAt" in phase:
            steps[name] = round(_at(phase["endedAt"]) - _at(phase["startedAt"]), 1)
    spans: dict[str, tuple[float, float]] = {}
    for job in run.get("jobs", []):
        family = FAMILIES.get(job["operation"], f"9 {job['operation']}")
        begun, ended = _at(job["createdAt"]), _at(job["updatedAt"])
        first, last = spans.get(family, (begun, ended))
        spans[family] = (min(first, begun), max(last, ended))
    return steps | {name: round(last - first, 1) for name, (first, last) in sorted(spans.items())}
