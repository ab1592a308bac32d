"""Timecode against independent arithmetic, at every rate."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.timecode import TimecodeError, from_timecode, to_timecode

NTSC = Fraction(30000, 1001)
NOMINAL = {"23.976": 24, "24": 24, "25": 25, "29.97": 30, "30": 30}


def smpte_drop_frame(frame: int) -> str:
    """Count two numbers away at each minute that is no multiple of ten."""
    ten_minutes, rest = divmod(frame, 17982)
    number = frame + 18 * ten_minutes + (2 * ((rest - 2) // 1798) if rest > 1 else 0)
    return f"{number // 108000 % 24:02}:{number // 1800 % 60:02}:{number // 30 % 60:02};{number % 30:02}"


@given(st.integers(0, 2589407))
@example(1799)
@example(1800)
@example(17981)
@example(17982)
@example(107891)
@example(107892)
def test_drop_frame_agrees_with_smpte_arithmetic_and_reads_back(frame: int) -> None:
    text = to_timecode(frame, NTSC)
    assert text == smpte_drop_frame(frame)
    assert from_timecode(text, NTSC) == frame


@given(st.sampled_from(sorted(NOMINAL)), st.data())
def test_non_drop_counts_plainly_and_reads_back(name: str, data: st.DataObject) -> None:
    nominal, rate = NOMINAL[name], FRAME_RATES[name]
    frame = data.draw(st.integers(0, 24 * 3600 * nominal - 1))
    text = to_timecode(frame, rate, drop_frame=False)
    seconds, frames = divmod(frame, nominal)
    assert text == f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"
    assert from_timecode(text, rate) == frame


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("00:01:00;00", NTSC),  # left out by drop frame
        ("00:01:00;01", NTSC),
        ("00:00:00:24", Fraction(24)),
        ("00:00:60:00", Fraction(25)),
        ("00:61:00:00", Fraction(25)),
        ("00:00:00;00", Fraction(24)),
        ("1:00:00:00", Fraction(24)),
        ("junk", Fraction(24)),
        ("00:00:00:00", Fraction(48)),
    ],
)
def test_timecode_that_does_not_exist_is_refused(text: str, rate: Fraction) -> None:
    with pytest.raises(TimecodeError):
        from_timecode(text, rate)


def test_tenth_minute_keeps_its_numbers_in_drop_frame() -> None:
    assert to_timecode(17982, NTSC) == "00:10:00;00"
    assert from_timecode("01:00:00;00", NTSC) == 107892


def test_frame_before_zero_is_refused() -> None:
    with pytest.raises(TimecodeError):
        to_timecode(-1, Fraction(24))
