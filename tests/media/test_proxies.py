"""What reviewers see is what is there: right frame, right length, readable labels."""

import json
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.media.ruler import barcode, read_codes, write_picture
from vibeboard.media.errors import MediaError
from vibeboard.media.probe import probe
from vibeboard.media.proxies import BurnIn, peaks, render_pass, trailer, web_proxy
from vibeboard.media.stills import SheetEntry, contact_sheet, filmstrip, frame_image, poster, still

RATE = Fraction(30000, 1001)
FRAMES = 45


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A ruler clip and a sound longer than it: a click of full level after one second."""
    folder = tmp_path_factory.mktemp("take")
    write_picture(folder / "take.mp4", 3, FRAMES, RATE)
    samples = np.zeros((96000, 2), "<i2")
    samples[48000:48100] = 32000
    samples[48100:48200] = -32000
    with wave.open(str(folder / "take.wav"), "wb") as file:
        file.setparams((2, 2, 48000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return folder / "take.mp4", folder / "take.wav"


@pytest.mark.parametrize("frame", [0, 1, 17, FRAMES - 1])
def test_still_is_the_frame_asked_for(frame: int, take: tuple[Path, Path], tmp_path: Path) -> None:
    assert barcode(frame_image(take[0], frame)) == 3 << 12 | frame
    assert barcode(Image.open(still(take[0], frame, tmp_path / "still.png"))) == 3 << 12 | frame


@pytest.mark.parametrize("frame", [-1, FRAMES])
def test_frame_outside_the_clip_is_refused(frame: int, take: tuple[Path, Path]) -> None:
    with pytest.raises(MediaError, match=f"holds frames 0 to {FRAMES - 1}"):
        frame_image(take[0], frame)


def test_proxy_keeps_every_frame_and_cuts_sound_to_the_picture(take: tuple[Path, Path], tmp_path: Path) -> None:
    info = web_proxy(take[0], tmp_path / "proxy.mp4", sound=take[1], width=960)
    assert (info.width, info.height, info.frames, info.rate) == (320, 64, FRAMES, RATE)
    assert read_codes(info.path) == [3 << 12 | n for n in range(FRAMES)]
    assert abs(info.samples - round(FRAMES * 48000 / RATE)) <= 1024  # AAC works in blocks
    head = info.path.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    with av.open(str(info.path)) as container:
        keys = [i for i, packet in enumerate(p for p in container.demux(video=0) if p.size) if packet.is_keyframe]
    assert keys[:3] == [0, 12, 24]


def test_pass_has_exactly_the_size_asked_for(take: tuple[Path, Path], tmp_path: Path) -> None:
    info = render_pass(take[0], tmp_path / "pass.mov", width=640, height=360, sound=take[1], codec="prores_hq")
    assert (info.width, info.height, info.frames) == (640, 360, FRAMES)
    assert (info.codec, info.samples) == ("ProRes", round(FRAMES * 48000 / RATE))


def test_burn_in_writes_into_the_corners_and_only_there(tmp_path: Path, flat_clip: Path) -> None:
    plain = render_pass(flat_clip, tmp_path / "plain.mp4", width=640, height=240).path
    # A name full of filter syntax is written as it stands.
    burn = BurnIn("SC01:SH'01, [x] %{n}; \\", 2, "draft 720p", start_frame=86400)
    burnt = render_pass(flat_clip, tmp_path / "burnt.mp4", width=640, height=240, burn_in=burn).path
    changed = [_changed(plain, burnt, frame) for frame in (0, 11)]
    for difference in changed:
        for corner in (difference[:40, :200], difference[:40, -80:], difference[-40:, :150], difference[-40:, -120:]):
            assert corner.mean() > 0.1
        assert not difference[60:180].any()
    # The running timecode differs between frames, the shot name does not.
    assert (changed[0][-40:, :150] != changed[1][-40:, :150]).any()


def _changed(one: Path, other: Path, frame: int) -> np.ndarray:
    a, b = (np.asarray(frame_image(path, frame).convert("L")).astype(int) for path in (one, other))
    return np.asarray(np.abs(a - b) > 30)


def test_trailer_fits_into_720p_and_keeps_the_length(take: tuple[Path, Path], tmp_path: Path) -> None:
    wide = render_pass(take[0], tmp_path / "wide.mov", width=1920, height=804, sound=take[1], codec="prores_hq").path
    info = trailer(wide, tmp_path / "trailer.mp4")
    assert (info.width, info.height, info.frames) == (1280, 536, FRAMES)
    assert (info.codec, info.audio_codec) == ("AVC", "AAC")


def test_peaks_show_the_click_where_it_is(take: tuple[Path, Path], tmp_path: Path) -> None:
    body = peaks(take[1], tmp_path / "peaks.json", per_second=50)
    assert body == json.loads((tmp_path / "peaks.json").read_text())
    assert body["samples"] == 96000
    assert len(body["max"]) == 100
    assert body["max"].index(max(body["max"])) == 50
    assert min(body["min"]) == pytest.approx(-0.976, abs=0.01)


def test_contact_sheet_labels_each_shot(take: tuple[Path, Path], tmp_path: Path, flat_clip: Path) -> None:
    entries = [
        SheetEntry(take[0], 9, "SC01_SH01_SHOT_A" * 9),
        SheetEntry(flat_clip, 5, "SC01_SH02_SHOT_B", note="0.91"),
    ]
    sheet = np.asarray(
        Image.open(contact_sheet(entries, tmp_path / "sheet.png", title="Film", cell_width=320)).convert("L")
    )
    cell = Image.fromarray(sheet[:, 13 : 13 + 320])
    rows = np.asarray(cell).max(axis=1)
    assert (rows > 200).any()
    assert sheet.shape[1] == 13 + 2 * (320 + 13)
    labels = sheet[-60:]
    assert (labels[:, 13:333] > 120).any()
    assert (labels[:, 346:666] > 120).any()
    assert not (labels[:, 334:345] > 60).any(), "a long name runs out of its cell"


def test_poster_and_filmstrip_have_their_sizes(take: tuple[Path, Path], tmp_path: Path) -> None:
    assert Image.open(poster(take[0], tmp_path / "poster.jpg")).size == (320, 64)
    assert Image.open(filmstrip(take[0], tmp_path / "strip.jpg", count=6, height=32)).size == (6 * 160, 32)
    assert probe(take[0]).frames == FRAMES
