"""Each repair improves what it is meant for, by its own measure and against the clean picture, and keeps the frames."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.media.moving import COUNT, FAULTS, HEIGHT, RATE, WIDTH, Frame, clipped, shot, write
from vibeboard.media.dailies import analyze
from vibeboard.media.errors import MediaError
from vibeboard.media.probe import probe
from vibeboard.media.stills import frame_image
from vibeboard.media.vfx import Box, CameraMove, change_speed, erase, rescue_focus, reshoot, stabilise


def at(path: Path, frame: int) -> np.ndarray:
    return np.asarray(frame_image(path, frame).convert("L")).astype(np.float32)


def luma(frame: Frame) -> np.ndarray:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.float32)


def apart(one: np.ndarray, two: np.ndarray) -> float:
    """Mean difference, brightness apart."""
    return float(np.abs((one - one.mean()) - (two - two.mean())).mean())


def test_stabilising_takes_out_at_least_half_of_the_jitter(tmp_path: Path) -> None:
    shaken = FAULTS["jitter"][0](shot(21, "pan"))
    result = stabilise(write(tmp_path / "shaken.mp4", shaken), tmp_path / "steady.mp4")
    assert result["after"]["jitter"] < 0.5 * result["before"]["jitter"]
    made = probe(tmp_path / "steady.mp4")
    assert (made.frames, made.rate, made.width, made.height) == (COUNT, RATE, WIDTH, HEIGHT)


@pytest.mark.parametrize(("factor", "frames"), [(Fraction(1, 2), 80), (Fraction(2), 20), (Fraction(3, 4), 53)])
def test_speed_change_has_exactly_the_frames_it_should(factor: Fraction, frames: int, tmp_path: Path) -> None:
    result = change_speed(write(tmp_path / "a.mp4", shot(22)), tmp_path / "b.mp4", factor=factor)
    assert result["frames"] == probe(tmp_path / "b.mp4").frames == frames
    # The moment shown is the moment meant: three quarters through, both show the same.
    source, made = at(tmp_path / "a.mp4", 30), at(tmp_path / "b.mp4", round(30 / factor))
    assert np.abs(source - made)[20:-20, 20:-20].mean() < 6


def test_slow_motion_makes_new_frames_between(tmp_path: Path) -> None:
    change_speed(write(tmp_path / "a.mp4", shot(22)), tmp_path / "b.mp4", factor=Fraction(1, 2))
    before, between, after = (at(tmp_path / "b.mp4", n)[40:-40, 40:-40] for n in (30, 31, 32))
    assert np.abs(before - between).mean() > 0.2
    assert np.abs(between - after).mean() > 0.2
    report = analyze(tmp_path / "b.mp4")
    assert "frozen" not in [issue.name for issue in report.issues]


def test_speed_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"usable are 0\.25 to 4"):
        change_speed(write(tmp_path / "a.mp4", shot(22)[:4]), tmp_path / "b.mp4", factor=Fraction(1, 8))


def test_focus_rescue_brings_back_likeness_to_the_sharp_original(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    fine = cv2.resize(rng.integers(40, 216, (HEIGHT // 3, WIDTH // 3, 1), np.uint8), (WIDTH, HEIGHT))
    sharp = [np.repeat(fine[..., None], 3, axis=2)] * 6
    blurred = [np.asarray(cv2.GaussianBlur(frame, (0, 0), 1.8), np.uint8) for frame in sharp]
    source = write(tmp_path / "soft.mp4", blurred)
    result = rescue_focus(source, tmp_path / "rescued.mp4", sigma=1.8)
    assert result["after"]["edgeSharpness"] > result["before"]["edgeSharpness"]
    for index in (0, 3):
        truth = luma(sharp[index])
        soft, rescued = (apart(at(p, index), truth) for p in (source, tmp_path / "rescued.mp4"))
        assert rescued < 0.75 * soft


def test_eraser_shows_what_was_behind_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    clean = shot(24, "pan")[:24]
    spoilt = [frame.copy() for frame in clean]
    for frame in spoilt:
        cv2.circle(frame, (240, 130), 16, (20, 20, 240), -1)  # dirt on the lens: still, while the scene moves
    box = Box(left=0.455, top=0.40, right=0.545, bottom=0.56)
    result = erase(write(tmp_path / "dirty.mp4", spoilt), tmp_path / "clean.mp4", box=box)
    rows, columns = slice(114, 147), slice(224, 257)
    for index in (0, 12, 23):
        truth = luma(clean[index])[rows, columns]
        dirty, cleaned = (
            np.abs(at(tmp_path / n, index)[rows, columns] - truth).mean() for n in ("dirty.mp4", "clean.mp4")
        )
        assert cleaned < 0.25 * dirty
    assert result["after"]["changedOutside"] < 2.0 < result["after"]["changedInside"]


def test_eraser_paints_in_what_no_frame_ever_shows(tmp_path: Path) -> None:
    still = [np.full((HEIGHT, WIDTH, 3), 120, np.uint8) for _ in range(5)]
    for frame in still:
        frame[100:130, 200:240] = (0, 0, 255)
    erase(write(tmp_path / "a.mp4", still), tmp_path / "b.mp4", box=Box(0.40, 0.35, 0.52, 0.50))
    assert abs(at(tmp_path / "b.mp4", 2)[105:125, 205:235].mean() - 120) < 4


def test_reshoot_follows_its_path_without_showing_an_edge(tmp_path: Path) -> None:
    still = [clipped(np.full((HEIGHT, WIDTH, 3), 200.0))] * 4
    move = CameraMove(zoom=(1.0, 1.1), pan=(-0.08, 0.08), tilt=(0.0, 0.05), yaw=(-6.0, 6.0))
    reshoot(write(tmp_path / "white.mp4", still), tmp_path / "moved.mp4", move=move)
    assert min(at(tmp_path / "moved.mp4", n).min() for n in range(4)) > 180
    picture = [shot(25)[0]] * 12
    source = write(tmp_path / "still.mp4", picture)
    result = reshoot(source, tmp_path / "pushed.mp4", move=CameraMove(zoom=(1.0, 1.25)))
    assert result["frames"] == 12
    assert result["after"]["cameraTravel"] > 0.02 > result["before"]["cameraTravel"]
    # The middle half of the picture fills the frame at 1.25 times: compare with a plain crop.
    crop = picture[0][27:243, 48:432]
    expected = luma(np.asarray(cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8))
    assert np.abs(at(tmp_path / "pushed.mp4", 11) - expected).mean() < 5
