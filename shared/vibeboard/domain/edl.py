"""CMX3600 edit decision lists (SOP step 12, `Master.edl`): written from a timeline, read back for verification.

Written here because OpenTimelineIO's CMX adapter drops sound events when it writes. Its reader is what the
tests hold this writer against. Every event has its own number, and overlapping sound takes the channels A, A2, A3
and so on, which is what readers need to take split edits apart. A dissolve is two lines of one number: the outgoing
shot for no frame, then the incoming one with the length; a fade dissolves to and from the reel BL.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from vibeboard.domain.timecode import from_timecode, to_timecode
from vibeboard.domain.timeline import Edit, Marker, SoundEvent, Timeline

LANES = 9  # sound channels A to A9: one digit, which is what the column holds everywhere
_SILENT_DB = -96.0
_BLACK = "BL"

_EVENT = re.compile(
    r"^(?P<number>\d{3,6})\s+(?P<reel>\S+)\s+(?P<channel>V|AA?\d?|B)\s+(?:C|D\s+(?P<dissolve>\d{3}))\s+"
    r"(?P<tc>\d\d:\d\d:\d\d[:;]\d\d(?:\s+\d\d:\d\d:\d\d[:;]\d\d){3})\s*$"
)
_NAME = re.compile(r"^\* (?:FROM|TO) CLIP NAME:(.*)$")  # of a dissolve the last one counts: it comes in


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
    dissolve: int = 0

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


def channel(lane: int) -> str:
    """A, A2, A3 ... as the list writes them."""
    return "A" if lane == 0 else f"A{lane + 1}"


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


def timeline_reels(timeline: Timeline) -> dict[str, str]:
    """The reels of a timeline's clips and cues, the same in every list written from it."""
    return reel_names([*(event.reel for event in timeline.picture), *(event.reel for event in timeline.sound)])


def write_edl(timeline: Timeline, title: str) -> str:
    """The timeline as CMX3600 text: V events, and A, A2 ... events by lane, in record order.

    Source timecode counts from 00:00:00:00 of each clip's media, record timecode from the timeline's start. Gain
    other than unity and fades are comments, markers are LOC comments of the shot they lie in. Raises EdlError when more
    than LANES layers of sound overlap, or the record runs over midnight.
    """
    if timeline.lanes > LANES:
        raise EdlError(f"{timeline.lanes} layers of sound overlap; an EDL holds {LANES}")
    if timeline.start_frame + timeline.frames > 86400 * round(timeline.rate):
        raise EdlError("the record runs over midnight, where readers take its timecode to run backwards")
    reels = timeline_reels(timeline)
    edits = timeline.edits()
    rows: list[tuple[int, int, Edit | SoundEvent, Edit | None]] = [
        (edit.record_in, 0, edit, edits[index - 1] if index else None) for index, edit in enumerate(edits)
    ]
    rows += [(event.record_in, 1 + event.lane, event, None) for event in timeline.sound]
    # V before A at the same frame, then by channel.
    rows.sort(key=lambda row: row[:2])
    lines = [f"TITLE: {_plain(title)}", f"FCM: {'DROP FRAME' if timeline.drop_frame else 'NON-DROP FRAME'}", ""]
    for number, (_, _, event, before) in enumerate(rows, start=1):
        if isinstance(event, Edit):
            lines += _picture(number, event, before, reels, timeline)
        else:
            lines += _sound(number, event, reels[event.reel], timeline)
    return "\n".join(lines) + "\n"


def _picture(number: int, edit: Edit, before: Edit | None, reels: dict[str, str], timeline: Timeline) -> list[str]:
    lines = []
    if edit.dissolve and before is not None:
        out = before.source_in + before.frames
        lines.append(_line(number, _reel(before, reels), "V", "C", [out, out], [edit.record_in] * 2, timeline))
        lines.append(_row(number, edit, reels, f"D    {edit.dissolve:03}", timeline))
        lines += [f"* FROM CLIP NAME: {_name(before)}", f"* TO CLIP NAME: {_name(edit)}"]
    else:
        lines += [_row(number, edit, reels, "C", timeline), f"* FROM CLIP NAME: {_name(edit)}"]
    for marker in timeline.markers:
        if edit.record_in <= marker.frame < edit.record_in + edit.frames:
            lines.append(_locator(marker, timeline))
    return lines


def _row(number: int, edit: Edit, reels: dict[str, str], kind: str, timeline: Timeline) -> str:
    source = [edit.source_in, edit.source_in + edit.frames]
    record = [edit.record_in, edit.record_in + edit.frames]
    return _line(number, _reel(edit, reels), "V", kind, source, record, timeline)


def _sound(number: int, event: SoundEvent, reel: str, timeline: Timeline) -> list[str]:
    source, record = [event.source_in, event.source_in + event.frames], [event.record_in, event.record_out]
    lines = [
        _line(number, reel, channel(event.lane), "C", source, record, timeline),
        f"* FROM CLIP NAME: {_plain(event.name)}",
    ]
    at = timeline.timecode(event.record_in)
    if event.gain != 1.0:
        level = 20 * math.log10(event.gain) if event.gain > 0 else _SILENT_DB
        lines.append(f"* AUDIO LEVEL AT {at} IS {level:.2f} DB  (REEL {reel} {channel(event.lane)})")
    if event.fade_in or event.fade_out:
        lines.append(f"* AUDIO FADES IN {event.fade_in} OUT {event.fade_out} SAMPLES  (REEL {reel})")
    return lines


def _line(
    number: int, reel: str, lane: str, kind: str, source: list[int], record: list[int], timeline: Timeline
) -> str:
    times = [to_timecode(frame, timeline.rate, drop_frame=timeline.drop_frame) for frame in source]
    times += [timeline.timecode(frame) for frame in record]
    return f"{number:03}  {reel:<8} {lane:<5} {kind:<8} {' '.join(times)}"


def _reel(edit: Edit, reels: dict[str, str]) -> str:
    return reels[edit.event.reel] if edit.event else _BLACK


def _name(edit: Edit) -> str:
    return _plain(edit.event.name) if edit.event else "BLACK"


def _locator(marker: Marker, timeline: Timeline) -> str:
    # Readers take colons only; drop frame is stated by the list's FCM line.
    at = timeline.timecode(marker.frame).replace(";", ":")
    return f"* LOC: {at} {_plain(marker.colour).upper():<7} {_plain(f'{marker.name} {marker.note}')}"


def read_edl(text: str, rate: Fraction) -> Edl:
    """Reads CMX3600 of cuts and dissolves. Raises EdlError (with the line number) for a line it cannot read."""
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
        elif (named := _NAME.match(line)) and events:
            events[-1] = replace(events[-1], clip_name=named[1].strip())
        elif match := _EVENT.match(line):
            event = _event(match, rate, position)
            if event.dissolve and events and (events[-1].number, events[-1].frames) == (event.number, 0):
                events.pop()  # the outgoing side of the dissolve
            events.append(event)
        elif not line.startswith("*"):
            raise EdlError(f"line {position} is no EDL line: {line[:80]!r}")
    if not all(event.frames for event in events):
        raise EdlError("the list holds an event without frames that belongs to no dissolve")
    if not events:
        raise EdlError("the list holds no event")
    return Edl(title, drop_frame, tuple(events))


def _event(match: re.Match[str], rate: Fraction, position: int) -> EdlEvent:
    try:
        frames = [from_timecode(text, rate) for text in match["tc"].split()]
    except ValueError as error:
        raise EdlError(f"line {position}: {error}") from error
    source_in, source_out, record_in, record_out = frames
    if source_out - source_in != record_out - record_in or record_out < record_in:
        raise EdlError(f"line {position}: source and record durations disagree, or run backwards")
    times = (source_in, source_out, record_in, record_out)
    dissolve = int(match["dissolve"] or 0)
    return EdlEvent(int(match["number"]), match["reel"], match["channel"], *times, dissolve=dissolve)


def _plain(text: str) -> str:
    """One line of printable text: a newline in a name would start a line of its own in the list."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
