"""Notes of a dailies review, for editing systems: a marker EDL (CMX3600 with LOC comments) and a table (CSV).

Both describe one reel: the takes of a chain, end to end, in the order of its shots, from 01:00:00:00.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from vibeboard.domain.timecode import to_timecode, uses_drop_frame

START_HOURS = 1
MAX_EVENTS = 999  # three digits of a CMX3600 event number
_COLOURS = {"approved": "GREEN", "revise": "RED", "exception": "YELLOW"}
_COLUMNS = (
    "shot",
    "take",
    "kind",
    "frame",
    "endFrame",
    "timecode",
    "endTimecode",
    "issue",
    "text",
    "by",
    "at",
    "drawings",
)


@dataclass(frozen=True, slots=True)
class Marker:
    """One note at a frame of a take (0 is its first), or over a range, both ends counted."""

    frame: int
    end_frame: int
    kind: str  # approved | revise: a note of that review; exception: what the measurement found
    text: str
    by: str = ""
    at: str = ""
    issue: str = ""
    drawings: int = 0


@dataclass(frozen=True, slots=True)
class Reel:
    """One shot of the reel, with its markers."""

    shot: str
    take: int
    frames: int
    markers: tuple[Marker, ...]


def marker_edl(title: str, reels: Sequence[Reel], rate: Fraction) -> str:
    """A CMX3600 list with one event a shot and a LOC line for each marker, at its place on the reel.

    Raises ValueError beyond 999 shots, which the format cannot number.
    """
    if len(reels) > MAX_EVENTS:
        raise ValueError(f"{len(reels)} shots do not fit into {MAX_EVENTS} events")
    drop = uses_drop_frame(rate)
    lines = [f"TITLE: {_plain(title)[:70]}", f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}", ""]
    record = _start(rate)
    for number, reel in enumerate(reels, 1):
        source = f"{to_timecode(0, rate)} {to_timecode(reel.frames, rate)}"
        place = f"{to_timecode(record, rate)} {to_timecode(record + reel.frames, rate)}"
        lines.append(f"{number:03d}  {_reel_name(reel.shot):<8} V     C        {source} {place}")
        lines.append(f"* FROM CLIP NAME: {_plain(reel.shot)}_T{reel.take:02d}")
        for marker in sorted(reel.markers, key=lambda one: (one.frame, one.text)):
            length = marker.end_frame - marker.frame + 1
            span = f" [{length} frames]" if length > 1 else ""
            words = " ".join(part for part in (marker.issue, _plain(marker.text)) if part)
            colour = _COLOURS.get(marker.kind, "BLUE")
            lines.append(f"* LOC: {to_timecode(record + marker.frame, rate)} {colour:<7} {words}{span}")
        record += reel.frames
    return "\n".join(lines) + "\n"


def marker_csv(reels: Sequence[Reel], rate: Fraction) -> str:
    """One row a marker, with the same timecodes as the EDL. Cells that a spreadsheet would run are quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    record = _start(rate)
    for reel in reels:
        for marker in sorted(reel.markers, key=lambda one: (one.frame, one.text)):
            times = [to_timecode(record + frame, rate) for frame in (marker.frame, marker.end_frame)]
            place = [marker.frame, marker.end_frame, *times]
            words = [_cell(word) for word in (marker.issue, marker.text, marker.by, marker.at)]
            writer.writerow([_cell(reel.shot), reel.take, marker.kind, *place, *words, marker.drawings])
        record += reel.frames
    return out.getvalue()


def _start(rate: Fraction) -> int:
    """The frame whose timecode reads 01:00:00:00, at any rate."""
    nominal = round(rate)
    frames = START_HOURS * 3600 * nominal
    return frames - 108 * START_HOURS if uses_drop_frame(rate) else frames


def _plain(text: str) -> str:
    """One line: a line break in a note would start a line of the list."""
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()


def _reel_name(shot: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "", shot).upper()[:8] or "AX"


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
