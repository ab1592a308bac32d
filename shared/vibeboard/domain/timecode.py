"""Frame numbers and SMPTE timecode, at the project's rates (SOP step 12: EDL and start timecode).

The drop-frame arithmetic is the `timecode` package's, which agrees with SMPTE 12M on every minute and hour
boundary (see tests). Two of its habits are fenced off here: it counts frames from 1, and it silently shifts
timecodes that do not exist (01:00:60:00, or the frame numbers that drop frame leaves out).
"""

from fractions import Fraction

from timecode import Timecode

# The nominal count of frame numbers in one timecode second.
_NOMINAL: dict[Fraction, str] = {
    Fraction(24000, 1001): "24",  # counts like 24, runs slower: there is no drop-frame variant
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30000, 1001): "29.97",
    Fraction(30): "30",
}


class TimecodeError(ValueError):
    """The text is no timecode of this rate, or the rate has no timecode."""


def uses_drop_frame(rate: Fraction) -> bool:
    """29.97 alone drops frame numbers, so that timecode keeps up with the clock."""
    return rate == Fraction(30000, 1001)


def to_timecode(frame: int, rate: Fraction, *, drop_frame: bool | None = None) -> str:
    """Frame number (0 is 00:00:00:00) as "HH:MM:SS:FF", or "HH:MM:SS;FF" in drop frame; wraps at 24 hours.

    `drop_frame` defaults to the rate's custom (29.97 drops). Raises TimecodeError for a negative frame, an
    unknown rate, or drop frame asked of a rate that has none.
    """
    if frame < 0:
        raise TimecodeError(f"frame {frame} is before 00:00:00:00")
    name, drop = _flavour(rate, drop_frame)
    return str(Timecode(name, frames=frame + 1, force_non_drop_frame=not drop))


def from_timecode(text: str, rate: Fraction) -> int:
    """Frame number of "HH:MM:SS:FF"; a semicolon or comma before the frames means drop frame.

    Raises TimecodeError for text of another shape and for timecodes that do not exist at this rate.
    """
    stated = text.strip().replace(",", ";")
    digits = stated.replace(";", ":").split(":")
    if len(digits) != 4 or not all(part.isascii() and part.isdigit() and len(part) == 2 for part in digits):
        raise TimecodeError(f"{text!r} is no timecode: HH:MM:SS:FF, or HH:MM:SS;FF in drop frame")
    name, drop = _flavour(rate, ";" in stated)
    parsed = Timecode(name, ":".join(digits), force_non_drop_frame=not drop)
    frame = int(parsed.frames) - 1
    if to_timecode(frame, rate, drop_frame=drop).replace(";", ":") != ":".join(digits):
        raise TimecodeError(f"{text!r} does not exist at {float(rate):.6g} frames a second")
    return frame


def _flavour(rate: Fraction, drop_frame: bool | None) -> tuple[str, bool]:
    if rate not in _NOMINAL:
        raise TimecodeError(f"{rate} is not a rate with timecode")
    drop = uses_drop_frame(rate) if drop_frame is None else drop_frame
    if drop and not uses_drop_frame(rate):
        raise TimecodeError(f"drop frame exists at 29.97 only, not at {float(rate):.6g}")
    return _NOMINAL[rate], drop
