"""Edits start from the given pixels; clips move from the first frame to the last, frame-exact."""

import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.test_sandbox_picture_draw import COLE, FEMME, pixels, request
from vibeboard.media.encode import EncodeError, h264_writer
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.providers.ports import ClipRequest, ClipResult
from vibeboard.providers.sandbox.picture import describe, draw_frame, edit_frame, png, render_clip
from vibeboard.providers.sandbox.picture.clip import Cut, shows_another_object

WIDTH, HEIGHT = 480, 206


def frame(prompt: str, seed: int = 3) -> bytes:
    return draw_frame(request(prompt, seed=seed, width=WIDTH, height=HEIGHT))


def tinted(data: bytes, told: bytes | None) -> bytes:
    strong = pixels(data).astype(np.float32) * [0.6, 1.5, 0.6]
    picture = np.clip(strong, 0, 255).astype(np.uint8)
    return png.pack(picture, told) if told else png.pack_plain(picture)


def green_share(data: bytes) -> float:
    mean = pixels(data).reshape(-1, 3).mean(0)
    return float(mean[1] / mean.sum())


@pytest.mark.parametrize("described", [True, False])
def test_given_a_tinted_frame_when_edited_then_the_tint_is_carried_over(described: bool) -> None:
    before = frame("Wide shot, femme fatale waits")
    told = png.unpack(before) if described else None
    plain = before if described else png.pack_plain(pixels(before))
    asked = request("Medium shot of femme fatale", seed=4, width=WIDTH, height=HEIGHT)
    assert green_share(edit_frame(tinted(before, told), asked)) > green_share(edit_frame(plain, asked)) + 0.04


def test_given_a_mark_painted_into_a_frame_when_edited_then_it_shows_at_its_place() -> None:
    before = frame("Wide shot, empty")
    marked = pixels(before).copy()
    cv2.rectangle(marked, (20, 60), (140, 130), (60, 255, 60), -1)
    asked = request("Wide shot, empty", seed=3, width=WIDTH, height=HEIGHT)
    change = pixels(edit_frame(png.pack(marked, png.unpack(before) or b""), asked)).astype(int) - pixels(
        edit_frame(before, asked)
    )
    assert change[70:120, 40:120, 1].mean() > change[70:120, 300:, 1].mean() + 15


def test_given_a_blank_picture_when_edited_then_the_result_differs_from_the_edit_of_a_frame() -> None:
    asked = request("Close-up of femme fatale", seed=4, width=WIDTH, height=HEIGHT)
    blank = png.pack_plain(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    assert (
        np.abs(pixels(edit_frame(blank, asked)).astype(int) - pixels(edit_frame(frame("Wide shot"), asked))).mean() > 8
    )


def test_given_a_photo_of_another_size_when_edited_then_it_is_the_backdrop() -> None:
    photo = np.zeros((300, 500, 3), np.uint8)
    photo[:, :, 0], photo[:, :, 2] = 200, np.linspace(0, 255, 500, dtype=np.uint8)
    done, data = cv2.imencode(".jpg", photo)
    assert done
    out = pixels(
        edit_frame(
            data.tobytes(), request("Wide shot at noon", width=WIDTH, height=HEIGHT, cast=(), genre="drama", tone="")
        )
    )
    assert out.shape == (HEIGHT, WIDTH, 3)
    assert out[:, -80:, 2].mean() > out[:, :80, 2].mean() + 40


def test_given_no_image_when_edited_then_a_value_error_says_so() -> None:
    with pytest.raises(ValueError, match="no image"):
        edit_frame(b"not a picture", request("Wide shot"))


def test_given_a_cut_when_the_next_frame_is_edited_from_the_last_then_they_share_more_than_unrelated_shots() -> None:
    last = frame("Medium shot, femme fatale waits")
    following = edit_frame(last, request("Medium shot, femme fatale turns", seed=9, width=WIDTH, height=HEIGHT))
    stranger = draw_frame(
        request(
            "Medium shot",
            seed=9,
            width=WIDTH,
            height=HEIGHT,
            place="desert at noon",
            cast=(),
            genre="western",
            tone="",
            palette=(),
        )
    )

    def near(a: bytes, b: bytes) -> float:
        one, two = (cv2.resize(pixels(x), (32, 14), interpolation=cv2.INTER_AREA).astype(float).ravel() for x in (a, b))
        return float(np.corrcoef(one, two)[0, 1])

    assert near(last, following) > 0.85 > near(last, stranger) + 0.2


def test_given_a_drawn_frame_when_described_then_the_scene_comes_back_and_changed_files_carry_none() -> None:
    data = frame("Wide shot, femme fatale waits")
    told = describe.description(data, WIDTH, HEIGHT)
    assert told is not None
    assert told[0].prompt == "Wide shot, femme fatale waits"
    assert told[0].cast == request("").cast
    assert describe.description(png.pack_plain(pixels(data)), WIDTH, HEIGHT) is None


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference of two pictures (0..255) with the grain taken out."""
    return float(cv2.absdiff(cv2.GaussianBlur(a, (0, 0), 2), cv2.GaussianBlur(b, (0, 0), 2)).mean())


def clip(
    tmp_path: Path,
    first: bytes,
    last: bytes,
    *,
    frames: int = 20,
    rate: Fraction = Fraction(24000, 1001),
    prompt: str = "She waits",
) -> tuple[ClipResult, list[np.ndarray]]:
    (tmp_path / "first.png").write_bytes(first)
    (tmp_path / "last.png").write_bytes(last)
    asked = ClipRequest(
        tmp_path / "first.png",
        tmp_path / "last.png",
        prompt,
        WIDTH,
        HEIGHT,
        rate,
        frames,
        5,
        tone="dark",
        genre="thriller",
        sound_frames=frames + 6,
    )
    result = render_clip(asked, tmp_path / "clip.mp4", tmp_path / "clip.wav")
    capture = cv2.VideoCapture(str(result.picture))
    shown: list[np.ndarray] = []
    while True:
        more, picture = capture.read()
        if not more:
            return result, shown
        shown.append(picture)


@pytest.mark.parametrize(
    ("first", "last", "prompt"),
    [
        ("Wide shot, femme fatale walks", "Medium shot, femme fatale", "Slow push in"),
        ("Close-up of door handle turning", "Wide shot, silhouette in doorway", "Femme fatale enters through steam"),
        ("Close-up of femme fatale", "Close-up of femme fatale, she looks away", "static"),
    ],
)
def test_given_two_described_frames_when_rendered_then_the_clip_moves_from_one_to_the_other(
    tmp_path: Path, first: str, last: str, prompt: str
) -> None:
    start = frame(first)
    end = edit_frame(start, request(last, seed=4, width=WIDTH, height=HEIGHT))
    result, shown = clip(tmp_path, start, end, prompt=prompt)
    assert len(shown) == result.frames == 20
    assert apart(shown[0], pixels(start)) < 5
    assert apart(shown[-1], pixels(end)) < 5
    steps = [float(cv2.blur(cv2.absdiff(a, b), (9, 9)).mean()) for a, b in pairwise(shown)]
    assert min(steps) > 0.2  # never frozen
    assert max(steps) < 6 * sorted(steps)[len(steps) // 2] + 4  # no hard cut inside


def test_given_figures_that_leave_the_frame_when_rendered_then_every_frame_comes_out(tmp_path: Path) -> None:
    two = (FEMME, COLE)
    start = draw_frame(request("Over the shoulder, Cole confronts her", seed=3, width=WIDTH, height=HEIGHT, cast=two))
    end = edit_frame(start, request("Close-up of femme fatale", seed=4, width=WIDTH, height=HEIGHT, cast=two))
    _, shown = clip(tmp_path, start, end, frames=50, prompt="handheld")
    assert len(shown) == 50


def test_given_pictures_without_a_scene_when_rendered_then_they_are_morphed(tmp_path: Path) -> None:
    first, last = (png.pack_plain(pixels(frame(p))) for p in ("Wide shot, empty", "Wide shot, femme fatale waits"))
    _, shown = clip(tmp_path, first, last, frames=12)
    assert len(shown) == 12
    assert np.abs(shown[0].astype(int) - pixels(first)).mean() < 5
    assert np.abs(shown[-1].astype(int) - pixels(last)).mean() < 5
    assert min(float(cv2.absdiff(a, b).mean()) for a, b in pairwise(shown)) > 0.3


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001)])
def test_given_a_rate_when_written_then_the_stream_states_it_exactly(tmp_path: Path, rate: Fraction) -> None:
    import av

    with h264_writer(tmp_path / "x.mp4", 64, 36, rate) as writer:
        for index in range(31):
            writer.write(np.full((36, 64, 3), index * 8, np.uint8))
    with av.open(str(tmp_path / "x.mp4")) as container:
        stream = container.streams.video[0]
        decoded = list(container.decode(stream))
        assert (stream.average_rate, stream.codec_context.pix_fmt, len(decoded)) == (rate, "yuv420p", 31)
        times = [picture.pts * stream.time_base for picture in decoded]
        assert times == [index / rate for index in range(31)]
        assert [index for index, picture in enumerate(decoded) if picture.key_frame][1] == round(rate)


def test_given_a_grey_ramp_when_written_then_colours_come_back_within_a_step_or_two(tmp_path: Path) -> None:
    bars = np.zeros((64, 192, 3), np.uint8)
    for k, colour in enumerate(((40, 60, 200), (200, 120, 30), (60, 180, 70))):
        bars[:, k * 64 : (k + 1) * 64] = colour
    with h264_writer(tmp_path / "x.mp4", 192, 64, Fraction(24)) as writer:
        for _ in range(3):
            writer.write(bars)
    raw = subprocess.run(
        [
            ffmpeg_path(),
            "-loglevel",
            "error",
            "-i",
            str(tmp_path / "x.mp4"),
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "bgr24",
            "pipe:1",
        ],
        capture_output=True,
        check=True,
    ).stdout
    back = np.frombuffer(raw, np.uint8).reshape(64, 192, 3)
    for k in range(3):
        assert np.abs(back[32, k * 64 + 32].astype(int) - bars[32, k * 64 + 32]).max() <= 8


def test_given_a_failing_block_or_encoder_when_written_then_no_file_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="stop"), h264_writer(tmp_path / "x.mp4", 64, 36, Fraction(24)):
        raise RuntimeError("stop")
    monkeypatch.setenv("FFMPEG_BINARY", "/bin/false")
    black = np.zeros((36, 64, 3), np.uint8)

    def write_many() -> None:
        with h264_writer(tmp_path / "x.mp4", 64, 36, Fraction(24)) as writer:
            for _ in range(200):
                writer.write(black)

    with pytest.raises(EncodeError):
        write_many()
    assert list(tmp_path.iterdir()) == []


def test_given_inserts_of_two_objects_when_played_then_one_is_cut_to_the_other_and_no_frame_mixes_them() -> None:
    coin = frame("Insert, extreme close-up of a coin on the counter")
    asked = request("Insert, extreme close-up of a revolver on the counter", seed=4, width=WIDTH, height=HEIGHT)
    gun = edit_frame(coin, asked)
    told = [describe.description(data, WIDTH, HEIGHT) for data in (coin, gun)]
    assert told[0]
    assert told[1]
    assert shows_another_object(told[0][1], told[1][1])
    assert not shows_another_object(told[0][1], told[0][1])
    order = ClipRequest(Path(), Path(), "Insert of a coin, then a revolver", WIDTH, HEIGHT, Fraction(24), 16, 7)
    cut = Cut(order, told[0][1], told[1][1], pixels(coin), pixels(gun))
    for index in range(16):
        picture = cut.frame(index / 15, index / 24, 16 / 24)
        near, far = (gun, coin) if index >= 8 else (coin, gun)
        assert apart(picture, pixels(near)) * 4 < apart(picture, pixels(far)), index
