"""200 random timelines: the EDL, the OpenTimelineIO file, the FCPXML file and the cut itself state the same events."""

import io
import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pycmx
import pytest

from vibeboard.domain.edl import LANES, channel, timeline_reels, write_edl
from vibeboard.domain.fcpxml import MediaNames, seconds, write_fcpxml
from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.timecode import from_timecode
from vibeboard.domain.timeline import Clip, Marker, Timeline, assemble, sample_at, seconds_at
from vibeboard.domain.tracks import Cue
from vibeboard.media.interchange import write_aaf, write_otio

KINDS = [("23.976", False), ("24", False), ("25", False), ("29.97", True), ("29.97", False), ("30", False)]
STARTS = ["01:00:00:00", "00:59:59:10", "09:59:30:00", "00:00:00:00", "10:00:58:02", "22:59:58:20"]

# One event as every format should state it: track, record in, source in, frames, name, dissolve.
Event = tuple[str, int, int, int, str, int]


def random_timeline(rng: random.Random, rate: Fraction, drop: bool) -> Timeline:
    """Random trims, L and J sound, order, transitions, cues, gain; starts before hours and dropped minutes."""
    clips = []
    for index in range(rng.randint(1, 7)):
        media, tail = rng.randint(12, 4000), rng.randint(0, 40)
        start = rng.randint(0, media // 2)
        end = rng.randint(start + 1, media)
        heard = max(0, start - rng.choice([0, 0, rng.randint(1, 20)]))
        until = min(media + tail, end + rng.choice([0, 0, rng.randint(1, 20)]))
        clips.append(
            Clip.from_frames(
                f"seg_{index}",
                rate,
                media_frames=media,
                media_samples=rng.choice([0, 1, 1, 1]) * sample_at(media + tail, rate),
                picture=(start, end),
                sound=(heard, max(until, heard + 1)),
                name=f"SC01_SH{index:02}_SHOT_Take",
                reel=f"SC01_SH{index:02} take",
                audio_gain=rng.choice([1.0, 0.5, 0.0, 1.41]),
                transition=rng.choice(["cut", "cut", "smooth", "dissolve", "fade"]),
            )
        )
    rng.shuffle(clips)
    length = sum(round((clip.trim_end - clip.trim_start) * rate) for clip in clips)
    cues = [
        Cue(f"cue_{n}", kind, f"{kind} {n}", seconds_at(rng.randint(0, length), rate), 0.0, 3.0, 48000 * 4, fade_in=0.5)  # type: ignore[arg-type]
        for n, kind in enumerate(rng.sample(["dialogue", "music", "effects"], rng.randint(0, 2)))
    ]
    marks = [Marker(rng.randrange(length), "Check", "GREEN")] if length > 1 else []
    return assemble(clips, rate, rng.choice(STARTS), drop_frame=drop, cues=cues, markers=marks)


def timelines() -> Iterator[Timeline]:
    rng = random.Random("interchange")
    for name, drop in itertools.islice(itertools.cycle(KINDS), 200):
        yield random_timeline(rng, FRAME_RATES[name], drop)


@pytest.fixture(scope="module")
def cuts() -> list[Timeline]:
    made = list(timelines())
    assert any(cut.lanes > 2 for cut in made)
    assert sum(edit.dissolve > 0 and edit.event is not None for cut in made for edit in cut.edits()) > 50
    assert sum(edit.event is None for cut in made for edit in cut.edits()) > 20
    assert any(event.record_in < cut.picture[0].record_out < event.record_out for cut in made for event in cut.sound)
    return made


def wanted(cut: Timeline) -> list[Event]:
    start = cut.start_frame
    events = [
        ("V", start + e.record_in, e.source_in, e.frames, e.event.name if e.event else "BLACK", e.dissolve)
        for e in cut.edits()
    ]
    events += [
        (f"A{e.lane + 1}", start + e.record_in, e.source_in, e.frames, e.name, 0)
        for e in cut.sound
    ]  # fmt: skip
    return sorted(events)


def from_otio(timeline: otio.schema.Timeline, start: int | None) -> list[Event]:
    """Events of an OpenTimelineIO timeline; `start` None: the CMX reader's own offset on each track."""
    events = []
    for track in timeline.tracks:
        offset = -track.source_range.start_time.to_frames() if start is None and track.source_range else start or 0
        dissolve = 0
        for item in track:
            if isinstance(item, otio.schema.Transition):
                assert item.in_offset.value == 0
                dissolve = item.out_offset.to_frames()
            elif isinstance(item, otio.schema.Clip):
                record = offset + item.range_in_parent().start_time.to_frames()
                range_ = item.source_range
                name = "BLACK" if isinstance(item.media_reference, otio.schema.GeneratorReference) else item.name
                frames = (range_.start_time.to_frames(), range_.duration.to_frames())
                events.append((track.name, record, *frames, name, dissolve))
                dissolve = 0
    return sorted(events)


def from_pycmx(text: str, rate: Fraction) -> list[Event]:
    events = []
    read = pycmx.parse_cmx3600(io.StringIO(text))
    unknown = [s for s in read.unrecognized_statements if str(getattr(s, "content", s)).strip()]
    assert not unknown, unknown
    for event in read.events:
        edit = event.edits[-1]  # of a dissolve the second line is the incoming shot
        times = [from_timecode(t, rate) for t in (edit.source_in, edit.source_out, edit.record_in, edit.record_out)]
        assert times[1] - times[0] == times[3] - times[2]
        track = "V" if edit.channels.video else f"A{next(iter(edit.channels.channels))}"
        dissolve = int(edit.transition.operand) if edit.transition.dissolve else 0
        events.append((track, times[2], times[0], times[1] - times[0], str(edit.clip_name), dissolve))
    return sorted(events)


def from_fcpxml(text: str, rate: Fraction) -> list[Event]:
    """By the format's own rules: a connected clip's offset is in its parent's time."""
    root = ET.fromstring(text)
    assert seconds(root.find("resources/format").get("frameDuration", "")) == 1 / rate  # type: ignore[union-attr]

    def frames(element: ET.Element, name: str) -> int:
        exact = seconds(element.get(name, "0s")) * rate
        assert exact.denominator == 1, f"{element.tag} {name} is no whole frame"
        return int(exact)

    events, dissolve = [], 0
    for item in root.iterfind("event/project/sequence/spine/*"):
        if item.tag == "transition":
            dissolve = frames(item, "duration")
            continue
        place = (frames(item, "offset"), frames(item, "start"), frames(item, "duration"))
        events.append(("V", *place, item.get("name", ""), dissolve))
        dissolve = 0
        for heard in item.findall("asset-clip"):
            record = place[0] + frames(heard, "offset") - place[1]
            track = f"A{-int(heard.get('lane', '0'))}"
            events.append((track, record, frames(heard, "start"), frames(heard, "duration"), heard.get("name", ""), 0))
    return sorted(events)


def test_given_200_random_cuts_when_read_by_the_strict_cmx_reader_then_every_event_is_the_cuts(
    cuts: list[Timeline],
) -> None:
    for cut in cuts:
        text = write_edl(cut, "Film")
        read = otio.adapters.read_from_string(text, "cmx_3600", rate=float(cut.rate))
        assert from_otio(read, None) == wanted(cut), text
        reels = timeline_reels(cut)
        names = {event.name: reels[event.reel] for event in (*cut.picture, *cut.sound)}
        for clip in read.find_clips():
            if clip.name in names:
                assert clip.metadata["cmx_3600"]["reel"] == names[clip.name]


def test_given_200_random_cuts_when_read_by_a_second_parser_then_it_agrees(cuts: list[Timeline]) -> None:
    for cut in cuts:
        text = write_edl(cut, "Film")
        assert from_pycmx(text, cut.rate) == wanted(cut), text
        assert (";" in text) == cut.drop_frame


def test_given_200_random_cuts_when_written_as_otio_and_fcpxml_then_they_agree_event_by_event(
    cuts: list[Timeline],
) -> None:
    for cut in cuts:
        read = otio.adapters.read_from_string(write_otio(cut, "Film", {}), "otio_json")
        assert read.global_start_time.to_frames() == cut.start_frame
        assert from_otio(read, cut.start_frame) == wanted(cut)
        xml = write_fcpxml(cut, "Film", {}, (1920, 1080))
        assert from_fcpxml(xml, cut.rate) == wanted(cut), xml


def test_given_a_24_fps_cut_when_its_fcpxml_is_read_by_opentimelineio_then_picture_and_sound_agree(
    cuts: list[Timeline],
) -> None:
    """Its reader counts whole frames a second and knows no transitions or black: cuts at 24 only."""
    checked = 0
    for cut in (c for c in cuts if c.rate == 24):
        events = [event[:5] for event in wanted(cut) if event[4] != "BLACK"]
        read = otio.adapters.read_from_string(write_fcpxml(cut, "Film", {}, (1920, 1080)), "fcpx_xml")[0]
        found = []
        for track in read.tracks:
            name = "V" if track.name == "0" else f"A{-int(track.name)}"
            found += [(name, *event[1:5]) for event in from_otio_track(track)]
        assert sorted(found) == events
        checked += 1
    assert checked > 30


def from_otio_track(track: otio.schema.Track) -> list[Event]:
    one = otio.schema.Timeline()
    one.tracks.append(track.clone())
    return from_otio(one, 0)


def test_given_more_layers_than_an_edl_holds_when_written_then_it_says_so() -> None:
    from vibeboard.domain.edl import EdlError

    rate = Fraction(24)
    cues = [Cue(f"c{n}", "music", f"m{n}", 0.0, 0.0, 1.0, 48000) for n in range(LANES + 1)]
    cut = assemble([Clip("a", 2, 0, 2, 0, 2, media_frames=48)], rate, cues=cues)
    assert [channel(lane) for lane in range(3)] == ["A", "A2", "A3"]
    with pytest.raises(EdlError, match="10 layers"):
        write_edl(cut, "Film")


def test_given_markers_gain_and_fades_when_written_then_each_format_keeps_them() -> None:
    rate = FRAME_RATES["29.97"]
    clip = Clip("a", 4, 0, 4, 0, 4, audio_gain=0.5, audio_fade_in=0.5, name="SC01_SH01", media_frames=120,
                media_samples=192192)  # fmt: skip
    cut = assemble([clip], rate, markers=[Marker(30, "Cue laugh", "GREEN", "louder")])
    text = write_edl(cut, "Film")
    assert "* LOC: 01:00:01:00 GREEN   Cue laugh louder" in text
    assert "* AUDIO FADES IN 24000 OUT 0 SAMPLES" in text
    read = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    assert [marker.name for marker in read.find_clips()[0].markers] == ["Cue laugh louder"]
    made = otio.adapters.read_from_string(write_otio(cut, "Film", {"a": MediaNames("x.mp4", 119, "x.wav", 119)}))
    (mark,) = made.tracks.markers
    assert (mark.name, mark.marked_range.start_time.to_frames(), mark.color) == ("Cue laugh", 30, "GREEN")
    sound = made.tracks[1][0]
    assert sound.media_reference.target_url == "x.wav"
    assert dict(sound.metadata["vibeboard"]) == {
        "kind": "production", "gain": 0.5, "fadeInSamples": 24000, "fadeOutSamples": 0,
    }  # fmt: skip
    xml = ET.fromstring(write_fcpxml(cut, "Film", {}, (1280, 720)))
    assert xml.find(".//marker").get("value") == "Cue laugh"  # type: ignore[union-attr]
    assert xml.find(".//adjust-volume").get("amount") == "-6.02dB"  # type: ignore[union-attr]
    assert xml.find(".//fadeIn").get("duration") == "24000/48000s"  # type: ignore[union-attr]


def test_given_a_split_edit_when_written_as_aaf_then_its_cuts_read_back_with_their_times(tmp_path: Path) -> None:
    rate = Fraction(24)
    clips = [
        Clip.from_frames(f"s{n}", rate, media_frames=100, media_samples=sample_at(110, rate), picture=(5 + n, 60),
                         sound=(n, 70), name=f"SC01_SH{n:02}", transition="dissolve")
        for n in range(4)
    ]  # fmt: skip
    cut = assemble(clips, rate)
    media = {clip.id: MediaNames(f"{clip.name}.mp4", 100, f"{clip.name}.wav", 110) for clip in clips}
    write_aaf(cut, "Film", media, tmp_path / "Master.aaf")
    read = otio.adapters.read_from_file(str(tmp_path / "Master.aaf"))
    found = []
    for track in read.tracks:
        for clip in track.find_clips():
            record = clip.range_in_parent().start_time.to_frames()
            shown = clip.trimmed_range()
            found.append((track.kind, record, shown.start_time.to_frames(), shown.duration.to_frames(), clip.name))
    events = [("Video", e.record_in, e.source_in, e.frames, e.name) for e in cut.picture]
    events += [("Audio", e.record_in, e.source_in, e.frames, e.name) for e in cut.sound]
    assert sorted(found) == sorted(events)
