"""A slice of the benchmark (tests/benchmarks/bench_dailies.py) in the suite, on footage that a dependency holds."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.benchmarks.bench_dailies import auc, encode
from tests.benchmarks.defects import DEFECTS, visible
from tests.benchmarks.footage import CALIBRATE, CLEAN, CLEAN_LONG, SCORE, SOURCES, Window, windows
from vibeboard.media.dailies import ISSUE_OF, SCALE, analyze

ROOT = Path(__file__).parents[2]
BY_NAME = {defect.name: defect for defect in DEFECTS}


@pytest.fixture(scope="module")
def meadow() -> Window:
    return windows({"meadow": (42,)})[0]


def test_given_real_footage_when_clean_then_it_passes(meadow: Window, tmp_path: Path) -> None:
    report = analyze(encode(tmp_path / "clean.mp4", meadow.frames, meadow))
    assert (report.status, report.issues) == ("pass", ())


@pytest.mark.parametrize("name", ["dropped frames", "duplicated frames", "texture boil", "hue drift", "local flicker"])
def test_given_real_footage_when_damaged_at_medium_strength_then_it_is_flagged_by_its_name(
    name: str, meadow: Window, tmp_path: Path
) -> None:
    defect = BY_NAME[name]
    damaged = defect.put(meadow.frames, defect.amounts[1], np.random.default_rng(3), meadow.frames)
    assert visible(damaged)
    report = analyze(encode(tmp_path / "damaged.mp4", damaged.frames, meadow))
    assert report.status == "flagged", report.metrics
    named = {issue.name: issue.frame for issue in report.issues if issue.name in defect.names}
    assert named, report.issues
    if damaged.at is not None:
        assert min(abs(frame - damaged.at) for frame in named.values()) <= 2


def test_footage_that_calibrates_is_not_the_footage_that_scores() -> None:
    for name in set(CALIBRATE) & (set(SCORE) | set(CLEAN) | set(CLEAN_LONG)):
        scored = [start for side in (SCORE, CLEAN, CLEAN_LONG) for start in side.get(name, ())]
        # Of a source on both sides the scenes differ: calibration ends well before scoring begins.
        assert max(CALIBRATE[name]) + 40 <= min(scored), name
    assert set(SOURCES) == set(CALIBRATE) | set(SCORE)


def test_a_defect_without_a_trace_is_none() -> None:
    still = np.repeat(np.full((1, 90, 160, 3), 90, np.uint8), 40, axis=0)
    rng = np.random.default_rng(1)
    for name in ("dropped frames", "duplicated frames", "freeze", "hue drift", "blur"):
        assert not visible(BY_NAME[name].put(still, BY_NAME[name].amounts[2], rng, still)), name
    ramp = np.array([cv2.add(frame, index) for index, frame in enumerate(still)])
    assert visible(BY_NAME["freeze"].put(ramp, 10, rng, still))


def test_area_under_the_curve_counts_ties_half() -> None:
    assert auc([0.1, 0.2], [0.8, 0.9]) == 1.0
    assert auc([0.5], [0.5, 0.9]) == 0.75
    assert auc([0.9], [0.1]) == 0.0


def test_the_documented_scale_is_the_one_that_judges() -> None:
    text = (ROOT / "docs" / "reference" / "dailies.md").read_text(encoding="utf-8")
    table = text.split("<!-- scale -->")[1].split("<!-- /scale -->")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| [^|]+ \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|$", table, re.M)
    documented = {name: (issue, tuple(float(limit) for limit in limits)) for name, issue, *limits in rows}
    assert documented == {name: (ISSUE_OF.get(name, name), limits) for name, limits in SCALE.items()}
