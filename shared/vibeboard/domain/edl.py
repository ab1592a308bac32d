"""CMX3600 edit decision lists (SOP step 12, `Master.edl`): written from a timeline, read back for verification.

Written here because OpenTimelineIO's CMX adapter drops sound events when it writes. Its reader is what the
tests hold this writer against. Every event has its own number, and overlapping sound alternates between the
channels A, A2, A3 and A4, which is what readers need to take split edits apart.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from vibeboard.domain.timecode import from_timecode, to_timecode
from vibeboard.domain.timeline import PictureEvent, SoundEvent, Timeline

CHANNELS = ("A", "A2", "A3", "A4")
_SILENT_DB = -96.0

_EVENT = re.compile(
    r"^(?P<number>\d{3,4})\s+(?P<reel>\S+)\s+(?P<channel>V|AA?\d?|B)\s+C\s+"
    r"(?P<tc>\d\d:\d\d:\d\d[:;]\d\d(?:\s+\d\d:\d\d:\d\d[:;]\d\d){3})\s*$"
)


class EdlError(ValueError):
    """The text is no EDL this reader understands, or the timeline does not fit into one."""


@dataclass(frozen=True, slots=True)
class EdlEvent:
    """One event as the list states it; all timecodes as frame numbers, ends exclusive."""

    number: int
    reel: str
    channel: str  # "V", "A", "A2" ...
    source_in: int
    source_out: int
    record_in: int
    record_out: int
    clip_name: str = ""

    @property
    def frames(self) -> int:
        return self.record_out - self.record_in


@dataclass(frozen=True, slots=True)
class Edl:
    """A list that has been read."""

    title: str
    drop_frame: bool
    events: tuple[EdlEvent, ...]

    @property
    def picture(self) -> tuple[EdlEvent, ...]:
        return tuple(event for event in self.events if event.channel == "V")

    @property
    def frames(self) -> int:
        """Sum of the picture events' record durations."""
        return sum(event.frames for event in self.picture)


def reel_names(names: Sequence[str]) -> dict[str, str]:
    """An 8-character reel of capitals, digits and underscore for each name; different names get different reels."""
    reels: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in reels:
            continue
        stem = re.sub(r"[^A-Z0-9_]", "", name.upper()) or "REEL"
        reel, number = stem[:8], 1
        # AX and BL are reserved: auxiliary source and black.
        while reel in taken or reel in {"AX", "BL"}:
            suffix = str(number)
            reel, number = stem[: 8 - len(suffix)] + suffix, number + 1
        taken.add(reel)
        reels[name] = reel
    return reels


def write_edl(timeline: Timeline, title: str) -> str:
    """The timeline as CMX3600 text: V events, and A/A2/A3/A4 events by lane, in record order.

    Source timecode counts from 00:00:00:00 of each clip's media, record timecode from the timeline's start. Gain
    other than unity is kept as an AUDIO LEVEL comment. Raises EdlError when the sound overlaps more than fourfold.
    """
    if timeline.lanes > len(CHANNELS):
        raise EdlError(f"{timeline.lanes} layers of sound overlap; an EDL holds {len(CHANNELS)}")
    reels = reel_names([event.reel for event in timeline.picture])
    rows: list[tuple[int, str, PictureEvent | SoundEvent]] = [(e.record_in, "V", e) for e in timeline.picture]
    rows += [(event.record_in, CHANNELS[event.lane], event) for event in timeline.sound]
    # V before A at the same frame, then by channel.
    rows.sort(key=lambda row: (row[0], row[1] != "V", row[1]))
    lines = [f"TITLE: {_plain(title)}", f"FCM: {'DROP FRAME' if timeline.drop_frame else 'NON-DROP FRAME'}", ""]
    for number, (_, channel, event) in enumerate(rows, start=1):
        times = " ".join(_times(event, timeline))
        lines.append(f"{number:03}  {reels[event.reel]:<8} {channel:<5} C        {times}")
        lines.append(f"* FROM CLIP NAME: {_plain(event.name)}")
        if isinstance(event, SoundEvent) and event.gain != 1.0:
            level = 20 * math.log10(event.gain) if event.gain > 0 else _SILENT_DB
            at = timeline.timecode(event.record_in)
            lines.append(f"* AUDIO LEVEL AT {at} IS {level:.2f} DB  (REEL {reels[event.reel]} {channel})")
    return "\n".join(lines) + "\n"


def read_edl(text: str, rate: Fraction) -> Edl:
    """Reads cuts-only CMX3600. Raises EdlError (with the line number) and never guesses at a line it cannot read."""
    title, drop_frame = "", False
    events: list[EdlEvent] = []
    for position, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("* AUDIO LEVEL"):
            continue
        if line.startswith("TITLE:"):
            title = line.removeprefix("TITLE:").strip()
        elif line.startswith("FCM:"):
            drop_frame = line.removeprefix("FCM:").strip() == "DROP FRAME"
        elif line.startswith("* FROM CLIP NAME:") and events:
            events[-1] = replace(events[-1], clip_name=line.removeprefix("* FROM CLIP NAME:").strip())
        elif match := _EVENT.match(line):
            events.append(_event(match, rate, position))
        elif not line.startswith("*"):
            raise EdlError(f"line {position} is no EDL line: {line[:80]!r}")
    if not events:
        raise EdlError("the list holds no event")
    return Edl(title, drop_frame, tuple(events))


def _times(event: PictureEvent | SoundEvent, timeline: Timeline) -> list[str]:
    source = [event.source_in, event.source_in + event.frames]
    times = [to_timecode(frame, timeline.rate, drop_frame=timeline.drop_frame) for frame in source]
    return [*times, timeline.timecode(event.record_in), timeline.timecode(event.record_out)]


def _event(match: re.Match[str], rate: Fraction, position: int) -> EdlEvent:
    try:
        frames = [from_timecode(text, rate) for text in match["tc"].split()]
    except ValueError as error:
        raise EdlError(f"line {position}: {error}") from error
    source_in, source_out, record_in, record_out = frames
    if source_out - source_in != record_out - record_in or record_out <= record_in:
        raise EdlError(f"line {position}: source and record durations disagree, or are empty")
    return EdlEvent(int(match["number"]), match["reel"], match["channel"], source_in, source_out, record_in, record_out)


def _plain(text: str) -> str:
    """One line of printable text: a newline in a name would start a line of its own in the list."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
