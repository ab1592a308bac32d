"""Dailies: one shot measured, scored and judged (SOP step 8.5). Formulas: docs/reference/dailies.md."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from vibeboard.media.coherence import Measures, measure
from vibeboard.media.errors import MediaError
from vibeboard.media.faces import FaceSeries, reference_faces
from vibeboard.media.faults import Breaks, find_breaks, find_faults, motion_consistency
from vibeboard.media.identity import reference_features
from vibeboard.media.pace import cut_pairs
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.series import Fault

Status = Literal["pass", "warn", "flagged"]
Severity = Literal["medium", "high"]

FLAG_BELOW = 0.70  # the SOP's gate
WARN_BELOW = 0.80
SHORTEST_PIECE = 10  # frames of a piece between two cuts

# For each measure the strength at which its score is 0.92 (seen in good footage), 0.80 (warn), 0.70 (flag) and 0.
# Calibrated on footage with injected faults: docs/reference/dailies.md.
SCALE: dict[str, tuple[float, float, float, float]] = {
    "identity_drift": (0.035, 0.055, 0.065, 0.25),  # cosine lost
    "face": (0.45, 0.55, 0.60, 0.90),  # distance of face descriptors
    "flicker": (0.004, 0.007, 0.009, 0.025),  # log brightness
    "boil": (0.15, 0.27, 0.35, 1.2),  # flow pixels
    "skip": (0.8, 1.35, 1.6, 4.5),  # frames' worth of motion, by their suddenness
    "shake": (0.55, 1.0, 1.2, 3.0),  # flow pixels
    "cut": (0.2, 0.4, 0.5, 1.0),  # cuts
    "frozen": (0.3, 0.6, 0.9, 4.0),  # held frames
    "blur": (0.05, 0.08, 0.105, 0.45),  # share of the edges' steepness
    "colour_shift": (2.2, 2.9, 3.2, 8.0),  # chroma levels
    "hue": (8.0, 12.0, 15.0, 60.0),  # degrees
    "seam": (1.0, 3.0, 4.0, 12.0),  # times the usual change
    "wrong_duration": (0.01, 0.02, 0.05, 0.5),  # share of the planned frames
}
# Measures that are one issue to the person who reads the report.
ISSUE_OF = {
    "face": "identity_drift",
    "boil": "flicker",
    "skip": "motion_jump",
    "shake": "motion_jump",
    "cut": "motion_jump",
    "hue": "colour_shift",
}
_METRIC_OF = {"flicker": "flickerScore", "shake": "jitter", "skip": "timeLeap", "cut": "cuts", "face": "faceDistance"}
_SCORES = (1.0, 0.92, WARN_BELOW, FLAG_BELOW, 0.0)


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault that matters, with the frame where it is worst: counted in the file, 0 is its first."""

    name: str
    frame: int
    value: float
    severity: Severity


@dataclass(frozen=True, slots=True)
class ShotReport:
    """What dailies say about one shot. `score` is 0..1, the lowest of its issues' scores; `worst` a frame for each.

    A piece of a file that was split at its cuts begins at frame `start`; all other frame numbers count in the file too.
    """

    clip: str
    start: int
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
            "start": self.start,
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
    info, pictures = _shown(clip), [_picture(path) for path in references]
    faces = FaceSeries(info.frames, reference_faces(pictures))
    measures = measure(info, faces=faces, progress=progress)
    breaks = find_breaks(measures)
    faults = find_faults(measures, breaks, references=reference_features(pictures), seams=seams)
    faults["wrong_duration"] = _duration(info, planned_frames, rate)
    drift = faces.drift()
    if drift is not None:
        faults["face"] = drift
    if progress is not None:
        progress(1.0)
    return _report(info, measures, breaks, faults)


def analyze_pieces(
    clip: Path, *, references: Sequence[Path] = (), progress: Callable[[float], None] | None = None
) -> list[ShotReport]:
    """Splits edited footage at its cuts and judges each piece as a shot of its own, in one pass over the file.

    Cuts only: a dissolve is one piece. Pieces of fewer than `SHORTEST_PIECE` frames are too short to say anything, and
    left out. Raises MediaError for media that cannot be read.
    """
    info, pictures = _shown(clip), [_picture(path) for path in references]
    measures = measure(info, progress=progress)
    likenesses = reference_features(pictures)
    borders = [0, *(int(at) + 1 for at in np.flatnonzero(cut_pairs(measures))), len(measures.luma)]
    reports = []
    for start, end in pairwise(borders):
        if end - start >= SHORTEST_PIECE:
            piece = measures.part(start, end)
            breaks = find_breaks(piece)
            reports.append(_report(info, piece, breaks, find_faults(piece, breaks, references=likenesses), start))
    if progress is not None:
        progress(1.0)
    return reports


def _shown(clip: Path) -> MediaInfo:
    info = probe(clip)
    if not info.frames:
        raise MediaError("MEDIA_UNREADABLE", f"{clip.name} holds no picture", "dailies look at pictures")
    return info


def score_of(name: str, value: float) -> float:
    """A measure's strength on the common scale: 1 none, 0.80 the warning, 0.70 the flag, 0 the worst."""
    return float(np.interp(value, (0.0, *SCALE[name]), _SCORES))


def metric_of(name: str) -> str:
    """The name in a report's `metrics` of a measure of `SCALE`."""
    return _METRIC_OF.get(name, _camel(name))


def status_of(score: float) -> Status:
    """The SOP's status: flagged below 0.70, warn below 0.80, else pass."""
    if score < FLAG_BELOW:
        return "flagged"
    return "warn" if score < WARN_BELOW else "pass"


def _report(
    info: MediaInfo, measures: Measures, breaks: Breaks, faults: dict[str, Fault], start: int = 0
) -> ShotReport:
    graded = {name: (round(score_of(name, fault.value), 4), fault) for name, fault in faults.items()}
    worst: dict[str, tuple[float, Fault]] = {}
    for name, grade in graded.items():
        issue = ISSUE_OF.get(name, name)
        if issue not in worst or grade[0] < worst[issue][0]:
            worst[issue] = grade
    issues = [
        Issue(name, fault.frame + start, round(fault.value, 4), "high" if score < FLAG_BELOW else "medium")
        for name, (score, fault) in sorted(worst.items(), key=lambda item: item[1][0])
        if score < WARN_BELOW
    ]
    score = min((score for score, _ in worst.values()), default=1.0)
    metrics = {metric_of(name): round(fault.value, 5) for name, fault in faults.items()}
    metrics.setdefault("flickerScore", 0.0)
    if len(measures.change) >= 2:
        metrics["motionConsistency"] = round(motion_consistency(measures, breaks, faults["shake"].value), 4)
        metrics["meanMotion"] = round(float(np.mean(measures.speed)), 4)
    if measures.edges:
        metrics["edgeSharpness"] = round(float(np.median(np.array(measures.edges))), 4)
    return ShotReport(
        clip=info.path.name,
        start=start,
        frames=len(measures.luma),
        rate=info.rate,
        score=score,
        status=status_of(score),
        issues=tuple(issues),
        metrics=metrics,
        worst={name: fault.frame + start for name, (_, fault) in worst.items()},
    )


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
