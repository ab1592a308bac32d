"""FCPXML 1.8 (Final Cut Pro, DaVinci Resolve), written here: OpenTimelineIO's adapter for it drops transitions and the
start timecode, and counts whole frames a second, which loses every NTSC rate.

Times are exact fractions of a second. The picture lies in the spine; each sound event is a connected clip on a lane of
its own below the picture it starts under, its offset in that picture's own time, as the format asks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree as ET

from vibeboard.domain.edl import timeline_reels
from vibeboard.domain.timeline import Edit, SoundEvent, Timeline

ROLES = {
    "production": "dialogue.production",
    "dialogue": "dialogue",
    "music": "music",
    "effects": "effects",
}
_SILENT = "-96dB"


@dataclass(frozen=True, slots=True)
class MediaNames:
    """File names (relative: media are relinked by name) and lengths of one clip's or cue's media, in frames."""

    picture: str = ""
    picture_frames: int = 0
    sound: str = ""
    sound_frames: int = 0


Media = Mapping[str, MediaNames]  # by clip or cue id


def write_fcpxml(timeline: Timeline, title: str, media: Media, size: tuple[int, int]) -> str:
    """The timeline as one FCPXML document. `size` is the picture's width and height in pixels."""
    return _Writer(timeline, media, size).document(title)


class _Writer:
    def __init__(self, timeline: Timeline, media: Media, size: tuple[int, int]) -> None:
        self.timeline, self.media, self.size = timeline, media, size
        self.reels = timeline_reels(timeline)
        self.resources = ET.Element("resources")
        self.assets: dict[tuple[str, bool], str] = {}

    def document(self, title: str) -> str:
        root = ET.Element("fcpxml", version="1.8")
        root.append(self.resources)
        width, height = self.size
        ET.SubElement(
            self.resources, "format", id="r1", name="Film", frameDuration=self.time(1),
            width=str(width), height=str(height), colorSpace="1-1-1 (Rec. 709)",
        )  # fmt: skip
        ET.SubElement(
            self.resources, "effect", id="r2", name="Cross Dissolve", uid="FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
        )
        project = ET.SubElement(ET.SubElement(root, "event", name=title), "project", name=title)
        sequence = ET.SubElement(
            project, "sequence", format="r1", duration=self.time(self.timeline.frames),
            tcStart=self.time(self.timeline.start_frame), tcFormat="DF" if self.timeline.drop_frame else "NDF",
            audioLayout="stereo", audioRate="48k",
        )  # fmt: skip
        self._spine(ET.SubElement(sequence, "spine"))
        ET.indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{ET.tostring(root, encoding="unicode")}\n'

    def time(self, frames: int) -> str:
        """Exact seconds of so many frames."""
        seconds = frames / self.timeline.rate
        if not seconds:
            return "0s"
        return f"{frames * self.timeline.rate.denominator}/{self.timeline.rate.numerator}s"

    def _spine(self, spine: ET.Element) -> None:
        rows: list[tuple[Edit, ET.Element]] = []
        start = self.timeline.start_frame
        for edit in self.timeline.edits():
            if edit.dissolve and rows:
                row = ET.SubElement(
                    spine, "transition", name="Cross Dissolve",
                    offset=self.time(start + edit.record_in), duration=self.time(edit.dissolve),
                )  # fmt: skip
                ET.SubElement(row, "filter-video", ref="r2", name="Cross Dissolve")
            rows.append((edit, self._picture(spine, edit, start)))
        position = 0
        for event in sorted(self.timeline.sound, key=lambda e: (e.record_in, e.lane)):
            while position + 1 < len(rows) and rows[position + 1][0].record_in <= event.record_in:
                position += 1
            self._sound(*rows[position], event)
        for marker in self.timeline.markers:
            edit, element = next(row for row in reversed(rows) if row[0].record_in <= marker.frame)
            at = self.time(edit.source_in + marker.frame - edit.record_in)
            ET.SubElement(element, "marker", start=at, duration=self.time(1), value=marker.name, note=marker.note)

    def _picture(self, spine: ET.Element, edit: Edit, start: int) -> ET.Element:
        place = {"offset": self.time(start + edit.record_in), "duration": self.time(edit.frames)}
        if edit.event is None:
            return ET.SubElement(spine, "gap", place | {"name": "BLACK", "start": "0s"})
        names = self.media.get(edit.event.clip_id, MediaNames())
        file = names.picture or edit.event.name
        ref = self._asset(edit.event.clip_id, file, edit.event.reel, names.picture_frames, edit.source_in + edit.frames)
        what = {"ref": ref, "name": edit.event.name, "start": self.time(edit.source_in), "srcEnable": "video"}
        return ET.SubElement(spine, "asset-clip", place | what)

    def _sound(self, edit: Edit, parent: ET.Element, event: SoundEvent) -> None:
        names = self.media.get(event.clip_id, MediaNames())
        used = event.source_in + event.frames
        ref = self._asset(event.clip_id, names.sound or event.name, event.reel, names.sound_frames, used, sound=True)
        clip = ET.SubElement(
            parent, "asset-clip", ref=ref, name=event.name, lane=str(-1 - event.lane),
            offset=self.time(edit.source_in + event.record_in - edit.record_in), start=self.time(event.source_in),
            duration=self.time(event.frames), audioRole=ROLES[event.kind],
        )  # fmt: skip
        if event.gain == 1.0 and not event.fade_in and not event.fade_out:
            return
        level = f"{20 * math.log10(event.gain):.2f}dB" if event.gain else _SILENT
        volume = ET.SubElement(clip, "adjust-volume", amount=level)
        if event.fade_in or event.fade_out:
            amount = ET.SubElement(volume, "param", name="amount")
            for name, samples in (("fadeIn", event.fade_in), ("fadeOut", event.fade_out)):
                if samples:
                    ET.SubElement(amount, name, type="linear", duration=f"{samples}/48000s")

    def _asset(self, clip_id: str, file: str, reel: str, frames: int, used: int, *, sound: bool = False) -> str:
        key = (clip_id, sound)
        if key in self.assets:
            return self.assets[key]
        ref = f"r{len(self.assets) + 10}"
        length = self.time(max(frames, used))
        holds = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2", "audioRate": "48000"} if sound else {}
        holds |= {} if sound else {"hasVideo": "1", "videoSources": "1"}
        what = {"id": ref, "name": file, "src": file, "start": "0s", "duration": length, "format": "r1"}
        asset = ET.SubElement(self.resources, "asset", what | holds)
        metadata = ET.SubElement(asset, "metadata")
        ET.SubElement(metadata, "md", key="com.apple.proapps.studio.reel", value=self.reels[reel])
        self.assets[key] = ref
        return ref


def seconds(value: str) -> Fraction:
    """A time of the format ("1001/24000s", "5s") as exact seconds. Raises ValueError for another shape."""
    return Fraction(value.removesuffix("s"))
