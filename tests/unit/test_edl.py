"""The EDL that is written is the EDL that is read by our own reader; other readers: test_interchange.py."""

import itertools
from fractions import Fraction

import pytest

from tests.unit.test_interchange import timelines, wanted
from vibeboard.domain.edl import EdlError, read_edl, reel_names, write_edl
from vibeboard.domain.timecode import from_timecode
from vibeboard.domain.timeline import Clip, assemble


def test_given_random_cuts_when_read_by_our_own_reader_then_it_agrees_with_the_cut() -> None:
    for cut in itertools.islice(timelines(), 60):
        edl = read_edl(write_edl(cut, "A\nfilm"), cut.rate)
        assert edl.title == "A film"
        assert edl.drop_frame == cut.drop_frame
        assert edl.frames == cut.frames
        assert [e.number for e in edl.events] == list(range(1, len(edl.events) + 1))
        found = [(e.channel, e.record_in, e.source_in, e.frames, e.clip_name, e.dissolve) for e in edl.events]
        assert sorted(found) == sorted((name.replace("A1", "A"), *rest) for name, *rest in wanted(cut))


def test_gain_is_kept_as_an_audio_level_in_decibels() -> None:
    rate = Fraction(24)
    clip = Clip("a", 2, 0, 2, 0, 2, audio_gain=0.5, name="SC01_SH01", media_frames=48, media_samples=96000)
    text = write_edl(assemble([clip], rate), "Film")
    assert "* AUDIO LEVEL AT 01:00:00:00 IS -6.02 DB  (REEL SC01_SH0 A)" in text
    assert "001  SC01_SH0 V     C        00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00" in text


def test_reels_are_short_plain_and_unique() -> None:
    names = ["SC01_SH01_SHOT", "SC01_SH01_SHOT", "SC01_SH011", "sc01 sh01!", "AX", "é"]
    reels = reel_names(names)
    assert len(set(reels.values())) == 5
    assert all(
        len(reel) <= 8 and reel.isascii() and " " not in reel and reel not in {"AX", "BL"} for reel in reels.values()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TITLE: x\nFCM: NON-DROP FRAME\n",
        "001  REEL V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:02:00",
        "001  REEL V C 00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00",
        "001  REEL V C 00:00:00:99 00:00:01:00 01:00:00:00 01:00:01:00",
        "\x00\x01 binary",
    ],
)
def test_text_that_is_no_edl_is_refused(text: str) -> None:
    with pytest.raises(EdlError):
        read_edl(text, Fraction(24))


def test_drop_frame_start_is_written_with_its_semicolon() -> None:
    rate = Fraction(30000, 1001)
    clip = Clip("a", 2.002, 0, 2.002, 0, 2.002, media_frames=60)
    text = write_edl(assemble([clip], rate), "Film")
    assert "FCM: DROP FRAME" in text
    assert "01:00:00;00 01:00:02;00" in text
    assert from_timecode("01:00:00;00", rate) == 107892
