"""The cut for other editors beside the EDL: OpenTimelineIO and AAF (SOP step 12). FCPXML: domain/fcpxml.py.

All come from `Timeline.edits()` and its sound events, as the EDL does, so they agree event by event. What each
format cannot hold is said in docs/reference/interchange.md. OpenTimelineIO is imported where it is used.
"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibeboard.domain.edl import timeline_reels
from vibeboard.domain.fcpxml import Media, MediaNames
from vibeboard.domain.timeline import Edit, SoundEvent, Timeline

if TYPE_CHECKING:
    import opentimelineio as otio

METADATA = "vibeboard"


def write_otio(timeline: Timeline, title: str, media: Media) -> str:
    """OpenTimelineIO JSON: one picture track with dissolves and black, one sound track a lane, start, markers, gain."""
    import opentimelineio as otio

    return str(otio.adapters.write_to_string(_timeline(timeline, title, media), "otio_json"))


def write_aaf(timeline: Timeline, title: str, media: Media, out: Path) -> None:
    """An AAF of cuts: picture and sound tracks with source and record times. It holds no transitions, gain or markers.

    The file's identities are random (AAF wants them unique), so two runs differ in bytes.
    """
    import opentimelineio as otio

    made = _timeline(timeline, title, media)
    for track in made.tracks:
        for item in [item for item in track if isinstance(item, otio.schema.Transition)]:
            track.remove(item)
        for index, item in enumerate(track):
            if isinstance(item, otio.schema.Clip) and isinstance(item.media_reference, otio.schema.GeneratorReference):
                track[index] = otio.schema.Gap(source_range=item.source_range)
    made.tracks.markers.clear()
    otio.adapters.write_to_file(made, str(out), "AAF", use_empty_mob_ids=True)


def _timeline(timeline: Timeline, title: str, media: Media) -> "otio.schema.Timeline":
    import opentimelineio as otio

    maker = _Maker(timeline.rate, media, timeline)
    start = maker.time(timeline.start_frame)
    made = otio.schema.Timeline(title, global_start_time=start)
    picture = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    for edit in timeline.edits():
        if edit.dissolve and len(picture):
            picture.append(maker.dissolve(edit))
        picture.append(maker.picture(edit))
    made.tracks.append(picture)
    for lane in range(timeline.lanes):
        track, position = otio.schema.Track(f"A{lane + 1}", kind=otio.schema.TrackKind.Audio), 0
        for event in (e for e in timeline.sound if e.lane == lane):
            if event.record_in > position:
                track.append(otio.schema.Gap(source_range=maker.range(0, event.record_in - position)))
            track.append(maker.sound(event))
            position = event.record_out
        made.tracks.append(track)
    for marker in timeline.markers:
        note = {METADATA: {"note": marker.note}}
        made.tracks.markers.append(
            otio.schema.Marker(marker.name, maker.range(marker.frame, 0), marker.colour, metadata=note)
        )
    return made


class _Maker:
    """OpenTimelineIO objects at one rate."""

    def __init__(self, rate: Fraction, media: Media, timeline: Timeline) -> None:
        self.rate, self.media = float(rate), media
        self.reels = timeline_reels(timeline)

    def time(self, frames: int) -> Any:
        from opentimelineio.opentime import RationalTime

        return RationalTime(frames, self.rate)

    def range(self, start: int, frames: int) -> Any:
        from opentimelineio.opentime import TimeRange

        return TimeRange(self.time(start), self.time(frames))

    def dissolve(self, edit: Edit) -> Any:
        import opentimelineio as otio

        kind = otio.schema.TransitionTypes.SMPTE_Dissolve
        return otio.schema.Transition("Dissolve", kind, self.time(0), self.time(edit.dissolve))

    def picture(self, edit: Edit) -> Any:
        import opentimelineio as otio

        shown = self.range(edit.source_in, edit.frames)
        if edit.event is None:
            return otio.schema.Clip("BLACK", otio.schema.GeneratorReference("black", "black", shown), shown)
        names = self.media.get(edit.event.clip_id, MediaNames())
        reference = self._file(names.picture or edit.event.name, names.picture_frames or edit.source_in + edit.frames)
        return otio.schema.Clip(edit.event.name, reference, shown, metadata=self._reel(edit.event.reel, {}))

    def sound(self, event: SoundEvent) -> Any:
        import opentimelineio as otio

        names = self.media.get(event.clip_id, MediaNames())
        reference = self._file(names.sound or event.name, names.sound_frames or event.source_in + event.frames)
        levels: dict[str, Any] = {"kind": event.kind, "gain": event.gain}
        levels |= {"fadeInSamples": event.fade_in, "fadeOutSamples": event.fade_out}
        heard = self.range(event.source_in, event.frames)
        return otio.schema.Clip(event.name, reference, heard, metadata=self._reel(event.reel, levels))

    def _file(self, name: str, frames: int) -> Any:
        import opentimelineio as otio

        return otio.schema.ExternalReference(name, self.range(0, frames))

    def _reel(self, reel: str, levels: dict[str, Any]) -> dict[str, Any]:
        return {"cmx_3600": {"reel": self.reels[reel]}} | ({METADATA: levels} if levels else {})
