"""Dailies: one shot measured, scored and judged (SOP step 8.5). Formulas: docs/reference/dailies.md."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from vibeboard.media.coherence import Measures, measure
from vibeboard.media.errors import MediaError
from vibeboard.media.faults import Fault, camera_jitter, find_faults, motion_consistency
from vibeboard.media.identity import reference_features
from vibeboard.media.probe import MediaInfo, probe

Status = Literal["pass", "warn", "flagged"]
Severity = Literal["medium", "high"]

FLAG_BELOW = 0.70  # the SOP's gate
WARN_BELOW = 0.80

# For each fault the strength at which its score is 0.92 (seen in good footage), 0.80 (warn), 0.70 (flag) and 0.
# Calibrated on footage with injected faults: docs/reference/dailies.md.
_SCALE: dict[str, tuple[float, float, float, float]] = {
    "identity_drift": (0.045, 0.075, 0.095, 0.30),  # cosine lost
    "flicker": (0.004, 0.009, 0.0115, 0.05),  # log brightness
    "motion_jump": (0.25, 0.45, 0.55, 2.5),  # frames' worth of motion
    "frozen": (0.3, 0.6, 0.9, 8.0),  # held frames
    "blur": (0.05, 0.085, 0.11, 0.35),  # share of edge sharpness
    "colour_shift": (1.5, 2.5, 3.0, 14.0),  # chroma levels
    "seam": (1.0, 3.0, 4.0, 12.0),  # times the usual change
    "wrong_duration": (0.01, 0.02, 0.05, 0.5),  # share of the planned frames
}
_SCORES = (1.0, 0.92, WARN_BELOW, FLAG_BELOW, 0.0)


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault that matters, with the frame (0 is the first) where it is worst."""

    name: str
    frame: int
    value: float
    severity: Severity


@dataclass(frozen=True, slots=True)
class ShotReport:
    """What dailies say about one clip. `score` is 0..1, the lowest of the faults' scores; `worst` a frame for each."""

    clip: str
    frames: int
    rate: Fraction
    score: float
    status: Status
    issues: tuple[Issue, ...]
    metrics: dict[str, float]
    worst: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe, camelCase as in the SOP."""
        return {
            "clip": self.clip,
            "frames": self.frames,
            "rate": str(self.rate),
            "score": self.score,
            "status": self.status,
            "issues": [asdict(issue) for issue in self.issues],
            "metrics": self.metrics,
            "worstFrames": self.worst,
        }


def analyze(
    clip: Path,
    *,
    references: Sequence[Path] = (),
    planned_frames: int | None = None,
    rate: Fraction | None = None,
    seams: Sequence[int] = (),
    progress: Callable[[float], None] | None = None,
) -> ShotReport:
    """Measures one clip and judges it.

    `references` are pictures of who or what the shot shows; `planned_frames` and `rate` what was asked for; `seams`
    the frames at which the clip was continued from an earlier one. Raises MediaError for media that cannot be read.
    """
    info = probe(clip)
    if not info.frames:
        raise MediaError("MEDIA_UNREADABLE", f"{clip.name} holds no picture", "dailies look at pictures")
    measures = measure(info, progress=progress)
    likenesses = reference_features([_picture(path) for path in references])
    faults = find_faults(measures, references=likenesses, seams=seams)
    faults["wrong_duration"] = _duration(info, planned_frames, rate)
    if progress is not None:
        progress(1.0)
    return _report(info, measures, faults)


def score_of(name: str, value: float) -> float:
    """A fault's strength on the common scale: 1 none, 0.80 the warning, 0.70 the flag, 0 the worst."""
    return float(np.interp(value, (0.0, *_SCALE[name]), _SCORES))


def status_of(score: float) -> Status:
    """The SOP's status: flagged below 0.70, warn below 0.80, else pass."""
    if score < FLAG_BELOW:
        return "flagged"
    return "warn" if score < WARN_BELOW else "pass"


def _report(info: MediaInfo, measures: Measures, faults: dict[str, Fault]) -> ShotReport:
    scores = {name: round(score_of(name, fault.value), 4) for name, fault in faults.items()}
    issues = [
        Issue(name, faults[name].frame, round(faults[name].value, 4), "high" if scores[name] < FLAG_BELOW else "medium")
        for name in sorted(scores, key=lambda fault: scores[fault])
        if scores[name] < WARN_BELOW
    ]
    score = min(scores.values())
    metrics = {_camel(name): round(fault.value, 5) for name, fault in faults.items()}
    metrics["flickerScore"] = metrics.pop("flicker", 0.0)
    if len(measures.change) >= 2:
        metrics["motionConsistency"] = round(motion_consistency(measures), 4)
        metrics["jitter"] = round(camera_jitter(measures), 4)
        metrics["meanMotion"] = round(float(np.mean(measures.speed)), 4)
        metrics["edgeSharpness"] = round(float(np.median(np.array(measures.edges))), 4)
    worst = {name: fault.frame for name, fault in faults.items()}
    return ShotReport(info.path.name, info.frames, info.rate, score, status_of(score), tuple(issues), metrics, worst)


def _duration(info: MediaInfo, planned: int | None, rate: Fraction | None) -> Fault:
    """Share of the planned frames by which the clip is too long or too short; another rate is wrong throughout."""
    if rate is not None and info.rate != rate:
        return Fault(1.0, 0)
    if not planned:
        return Fault(0.0, 0)
    # One frame is what rounding seconds to frames may cost.
    return Fault(max(0, abs(info.frames - planned) - 1) / planned, min(info.frames, planned) - 1)


def _picture(path: Path) -> Any:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise MediaError("MEDIA_MISSING", f"{path.name} cannot be opened", error.strerror or "unknown cause") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise MediaError("MEDIA_WRONG_TYPE", f"{path.name} is no picture", "it cannot be decoded", "Use JPEG or PNG.")
    return image


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
