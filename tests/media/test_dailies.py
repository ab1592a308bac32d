"""Dailies name the fault that is there, at its frame, and pass what is clean."""

import json
import os
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.moving import COUNT, FAULTS, MIDDLE, RATE, Frame, clipped, grain, scenery, shot, write
from vibeboard.media.dailies import analyze, analyze_pieces, score_of, status_of
from vibeboard.media.errors import MediaError


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dailies")


@cache
def _unharmed(move: str) -> list[Frame]:
    """Drawn once; faults make new frames of it."""
    return grain(shot(5, move))


@pytest.mark.parametrize(("seed", "move"), [(1, "pan"), (2, "push"), (3, "cross"), (4, "push")])
def test_clean_motion_passes(seed: int, move: str, clips: Path) -> None:
    report = analyze(write(clips / f"{move}{seed}.mp4", grain(shot(seed, move))), planned_frames=COUNT, rate=RATE)
    assert (report.status, report.issues) == ("pass", ()), report.metrics
    assert report.score > 0.85
    assert report.metrics["flickerScore"] < 0.01
    assert report.metrics["motionConsistency"] > 0.8


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("move", ["pan", "push"])
def test_injected_fault_is_flagged_by_its_name_and_frame(fault: str, move: str, clips: Path) -> None:
    spoil, name, frame = FAULTS[fault]
    report = analyze(write(clips / "spoilt.mp4", spoil(_unharmed(move))))
    assert report.status == "flagged", report.metrics
    assert report.issues[0].name == name, report.issues
    assert report.issues[0].severity == "high"
    assert report.score < 0.70
    if frame is not None:
        assert abs(report.issues[0].frame - frame) <= 2


def test_given_a_cut_when_split_then_each_piece_is_judged_alone_and_else_it_is_a_fault(clips: Path) -> None:
    path = write(clips / "edited.mp4", grain(shot(16)[:24] + shot(17, "push")[:26]))
    whole = analyze(path)
    assert (whole.issues[0].name, whole.issues[0].frame) == ("motion_jump", 24)
    pieces = analyze_pieces(path)
    assert [(piece.start, piece.frames, piece.status) for piece in pieces] == [(0, 24, "pass"), (24, 26, "pass")]
    assert all(24 <= frame < 50 for frame in pieces[1].worst.values()), "frames count in the file"


def test_given_little_colour_when_its_hue_turns_in_the_middle_then_it_is_a_colour_shift(clips: Path) -> None:
    greys = [cv2.cvtColor(cv2.cvtColor(f, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR) for f in shot(21)]
    pale = [clipped(0.7 * grey + 0.3 * f) for grey, f in zip(greys, shot(21), strict=True)]
    clean = analyze(write(clips / "pale.mp4", grain(pale)))
    assert "colour_shift" not in [issue.name for issue in clean.issues], clean.metrics
    report = analyze(write(clips / "turned.mp4", grain([_turned(f, i / COUNT) for i, f in enumerate(pale)])))
    assert report.metrics["hue"] > 30
    assert report.issues[0].name == "colour_shift"
    assert report.status == "flagged"


def _turned(frame: Frame, share: float) -> Frame:
    """Hue turned by up to 80 degrees in the middle half of the picture."""
    height, width = frame.shape[:2]
    middle = (slice(height // 4, height * 3 // 4), slice(width // 4, width * 3 // 4))
    hsv = cv2.cvtColor(frame[middle], cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + round(40 * share)) % 180
    out = frame.copy()
    out[middle] = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return out


def test_given_a_lit_thing_on_black_when_its_light_flickers_then_it_is_seen(clips: Path) -> None:
    height, width = shot(22)[0].shape[:2]
    lamp = np.zeros((height, width, 1), np.float32)
    cv2.circle(lamp, (width // 2, height // 2), height // 5, 1.0, -1, cv2.LINE_AA)
    lit = [f * lamp for f in shot(22)]
    chance = np.random.default_rng(1)
    steady = analyze(write(clips / "lamp.mp4", [clipped(f) for f in lit]))
    assert steady.metrics["flickerScore"] < 0.004
    unsteady = analyze(write(clips / "lamp2.mp4", [clipped(f * (1 + 0.03 * chance.normal())) for f in lit]))
    assert unsteady.metrics["flickerScore"] > 0.012
    assert "flicker" in [issue.name for issue in unsteady.issues]


def test_steady_fade_is_no_fault(clips: Path) -> None:
    faded = [clipped(frame * (1 - 0.5 * index / COUNT)) for index, frame in enumerate(shot(6))]
    assert analyze(write(clips / "fade.mp4", faded)).status == "pass"


def test_camera_that_eases_to_a_stop_is_not_frozen(clips: Path) -> None:
    frames = shot(7, "push")
    report = analyze(write(clips / "stop.mp4", [*frames, *[frames[-1]] * 12]))
    assert "frozen" not in [issue.name for issue in report.issues]


def test_whole_shot_without_change_is_frozen(clips: Path) -> None:
    report = analyze(write(clips / "still.mp4", [shot(8)[0]] * 24))
    assert report.status == "flagged"
    assert report.issues[0].name == "frozen"


@pytest.mark.parametrize(("planned", "rate"), [(COUNT + 12, RATE), (COUNT, Fraction(25))])
def test_wrong_length_or_rate_is_flagged(planned: int, rate: Fraction, clips: Path) -> None:
    report = analyze(write(clips / "length.mp4", shot(9)), planned_frames=planned, rate=rate)
    assert (report.status, report.issues[0].name) == ("flagged", "wrong_duration")


def test_length_off_by_one_frame_still_passes(clips: Path) -> None:
    assert analyze(write(clips / "one.mp4", shot(9)), planned_frames=COUNT + 1).status == "pass"


def test_jump_at_a_continuation_point_is_called_a_seam(clips: Path) -> None:
    joined = shot(10)[:MIDDLE] + [clipped(f * 1.06) for f in shot(10, "push")[MIDDLE:]]
    path = write(clips / "seam.mp4", joined)
    names = {issue.name: issue.frame for issue in analyze(path, seams=[MIDDLE]).issues}
    assert names["seam"] == MIDDLE
    smooth = analyze(write(clips / "smooth.mp4", grain(shot(10))), seams=[MIDDLE])
    assert "seam" not in [issue.name for issue in smooth.issues]


def test_likeness_to_a_reference_that_gets_lost_counts(clips: Path) -> None:
    frames = FAULTS["another subject"][0](shot(11, "cross"))
    reference = clips / "reference.png"
    cv2.imwrite(str(reference), frames[0])
    path = write(clips / "lost.mp4", frames)
    report = analyze(path, references=[reference])
    assert "identity_drift" in [issue.name for issue in report.issues]
    unrelated = clips / "unrelated.jpg"
    cv2.imwrite(str(unrelated), scenery(50))
    clean = analyze(write(clips / "kept.mp4", grain(shot(11, "pan"))), references=[unrelated])
    assert clean.status == "pass", "a reference that never matched cannot be drifted from"


def test_report_is_json_and_progress_reaches_the_end(clips: Path) -> None:
    ticks: list[float] = []
    report = analyze(write(clips / "json.mp4", shot(12)), progress=ticks.append)
    body = json.loads(json.dumps(report.to_dict()))
    assert body["score"] == report.score
    assert set(body["worstFrames"]) >= {"flicker", "motion_jump", "frozen", "blur", "colour_shift", "identity_drift"}
    assert ticks[-1] == 1.0
    assert ticks == sorted(ticks)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_very_short_clips_are_judged_without_failing(count: int, clips: Path) -> None:
    assert analyze(write(clips / "short.mp4", shot(13)[:count]), planned_frames=count).frames == count


def test_reference_that_is_no_picture_is_refused(clips: Path) -> None:
    (clips / "no.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"no\.png is no picture"):
        analyze(write(clips / "ref.mp4", shot(14)[:4]), references=[clips / "no.png"])


def test_score_falls_with_strength_and_statuses_meet_the_gate() -> None:
    values = [score_of("flicker", value / 1000) for value in range(60)]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (1.0, 0.0)
    assert [status_of(score) for score in (0.69999, 0.70, 0.79999, 0.80)] == ["flagged", "warn", "warn", "pass"]


def test_analysis_is_faster_than_real_time_at_720p(clips: Path) -> None:
    frames = [cv2.resize(frame, (1280, 720)) for frame in shot(15)]
    path = write(clips / "hd.mp4", frames)
    started = sum(os.times()[:4])  # this process and the decoder's
    analyze(path)
    assert sum(os.times()[:4]) - started < COUNT / 24
