"""How well dailies tell damaged from clean: real footage, twelve defects at three strengths (make bench-dailies).

    python -m tests.benchmarks.bench_dailies [--side score|calibrate] [--strengths weak,medium,strong] [--workers 2]

Prints a table of areas under the ROC curve against the clean windows, from the final score and (medium strength) from
that of the defect's own issue, and how often the defect was called by its name. Exits 1 when a bound of `BOUNDS` is
missed: they hold the final score. `--side calibrate` does the same on the windows that the limits were set with.
"""
# ruff: noqa: T201 - what is printed is the result

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.defects import DEFECTS, STRENGTHS, Frames, visible
from tests.benchmarks.footage import CALIBRATE, CLEAN, CLEAN_LONG, LONG, SCORE, SOURCES, Window, windows
from vibeboard.media.dailies import FLAG_BELOW, ISSUE_OF, SCALE, analyze, metric_of, score_of
from vibeboard.media.ffmpeg import write_frames

SIDES = {"score": SCORE, "calibrate": CALIBRATE}
BOUNDS = {"medium, each defect": 0.97, "strong, all": 0.99, "clean above the flag": 0.95}
CLEAN_NAME = "clean"


@dataclass(frozen=True, slots=True)
class Row:
    """One analysed window."""

    window: str
    defect: str
    strength: str
    at: int | None
    score: float
    issues: tuple[tuple[str, int], ...]
    metrics: dict[str, float]

    def score_for(self, names: frozenset[str]) -> float:
        """The lowest score among the measures of these issues."""
        own = (name for name in SCALE if ISSUE_OF.get(name, name) in names)
        return min(score_of(name, self.metrics.get(metric_of(name), 0.0)) for name in own)


def rows_of(index: int, side: str, strengths: Sequence[str], cv_threads: int = 1) -> list[Row]:
    """The window clean, and with each visible defect at each strength. The same numbers on every run."""
    cv2.setNumThreads(cv_threads)
    every = windows(SIDES[side])
    window, other = every[index], every[(index + len(every) // 2) % len(every)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(_row(Path(folder), window, CLEAN_NAME, "", None, window.frames))
        for number, defect in enumerate(DEFECTS):
            for step, amount in enumerate(defect.amounts):
                if STRENGTHS[step] not in strengths:
                    continue
                rng = np.random.default_rng([index, step, number])
                damaged = defect.put(window.frames, amount, rng, other.frames)
                if visible(damaged):
                    rows.append(_row(Path(folder), window, defect.name, STRENGTHS[step], damaged.at, damaged.frames))
    return rows


def clean_rows(part: int, parts: int) -> list[Row]:
    """A share of the further clean windows of the scoring side, and of the long takes."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        more = [*windows(CLEAN), *windows(CLEAN_LONG, LONG)][part::parts]
        return [_row(Path(folder), window, CLEAN_NAME, "", None, window.frames) for window in more]


def _row(folder: Path, window: Window, defect: str, strength: str, at: int | None, frames: Frames) -> Row:
    path = encode(folder / "clip.mp4", frames, window)
    report = analyze(path)
    issues = tuple((issue.name, issue.frame) for issue in report.issues)
    return Row(window.name, defect, strength, at, report.score, issues, report.metrics)


def encode(path: Path, frames: Frames, window: Window) -> Path:
    """H.264 as an engine would deliver it: the encoder's own noise is part of what is measured."""
    height, width = frames.shape[1:3]
    colours = "scale=flags=bicubic+accurate_rnd:out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709"
    video = ["-vf", colours, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-pix_fmt", "yuv420p", str(path)]
    write_frames((np.ascontiguousarray(f).data for f in frames), (width, height), window.rate, "bgr24", video)
    return path


def auc(damaged: Sequence[float], clean: Sequence[float]) -> float:
    """Probability that a damaged window scores lower than a clean one; ties count half."""
    one, two = np.asarray(damaged)[:, None], np.asarray(clean)[None]
    return float(((one < two) + 0.5 * (one == two)).mean())


def table(rows: Sequence[Row]) -> tuple[str, dict[str, float]]:
    """The printed table, and the figures that BOUNDS speak of (the least of its defects for 'each')."""
    unharmed = [row for row in rows if row.defect == CLEAN_NAME]
    clean = [row.score for row in unharmed]
    lines = [
        "| defect | weak | medium | strong | medium, own issue | flagged | named | frame within 2 | windows |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    least = 1.0
    for defect in DEFECTS:
        mine = [row for row in rows if row.defect == defect.name]
        cells = []
        for amount, strength in zip(defect.amounts, STRENGTHS, strict=True):
            scores = [row.score for row in mine if row.strength == strength]
            cells.append(f"{auc(scores, clean):.3f} ({amount:g})" if scores else "")
        medium = [row for row in mine if row.strength == "medium"]
        if medium:
            least = min(least, auc([row.score for row in medium], clean))
        own = [[row.score_for(defect.names) for row in some] for some in (medium, unharmed)]
        cells.append(f"{auc(*own):.3f}" if medium else "")
        cells.append(_share([row.score < FLAG_BELOW for row in medium]))
        cells.append(_share([any(name in defect.names for name, _ in row.issues) for row in medium]))
        cells.append(_share([_near(row, defect.names) for row in medium if row.at is not None]))
        lines.append(f"| {defect.name}, {defect.unit} | {' | '.join(cells)} | {len(medium)} |")
    overall = []
    for strength in STRENGTHS:
        scores = [row.score for row in rows if row.strength == strength]
        overall.append(f"{auc(scores, clean):.3f}" if scores else "")
    lines.append(f"| **all** | {' | '.join(overall)} | | | | | |")
    strong = [row.score for row in rows if row.strength == "strong"]
    figures = {
        "medium, each defect": least,
        "strong, all": auc(strong, clean) if strong else float("nan"),
        "clean above the flag": float(np.mean([score > FLAG_BELOW for score in clean])),
    }
    low = sorted((row.score, row.window, row.issues) for row in rows if row.defect == CLEAN_NAME)[:6]
    lines += ["", f"clean windows: {len(clean)}, above {FLAG_BELOW}: {_share([s > FLAG_BELOW for s in clean])}"]
    lines += [f"  lowest: {score:.3f} {window} {' '.join(name for name, _ in issues)}" for score, window, issues in low]
    return "\n".join(lines), figures


def _near(row: Row, names: frozenset[str]) -> bool:
    return any(name in names and row.at is not None and abs(frame - row.at) <= 2 for name, frame in row.issues)


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}" if hits else ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Dailies on real footage with injected defects.")
    parser.add_argument("--side", choices=sorted(SIDES), default="score")
    parser.add_argument("--strengths", default=",".join(STRENGTHS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=Path, help="Write every analysed window there, as JSON lines.")
    options = parser.parse_args(arguments)
    strengths = options.strengths.split(",")
    used = SIDES[options.side]
    for name in used:
        print(f"{name}: {SOURCES[name].package}, {SOURCES[name].licence}")
    count = len(windows(used))
    started = time.monotonic()
    with ProcessPoolExecutor(options.workers) as pool:
        parts = pool.map(rows_of, range(count), [options.side] * count, [strengths] * count)
        more = pool.map(clean_rows, range(options.workers), [options.workers] * options.workers)
        rows = [row for part in parts for row in part]
        if options.side == "score":
            rows += [row for part in more for row in part]
    if options.rows:
        options.rows.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")
    text, figures = table(rows)
    print(f"\n{text}\n\n{len(rows)} windows analysed in {time.monotonic() - started:.0f} s")
    missed = {name: value for name, value in figures.items() if value < BOUNDS[name]}
    for name, value in figures.items():
        print(f"{'MISSED' if name in missed else 'held  '} {name}: {value:.3f} (bound {BOUNDS[name]})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
