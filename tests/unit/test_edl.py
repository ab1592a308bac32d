"""The EDL that is written is the EDL that is read: by OpenTimelineIO's strict reader and by our own."""

import random
from collections.abc import Mapping
from fractions import Fraction

import opentimelineio as otio
import pytest

from vibeboard.domain.edl import EdlError, read_edl, reel_names, write_edl
from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.timecode import from_timecode
from vibeboard.domain.timeline import Clip, Timeline, assemble, sample_at

RATES = ["23.976", "24", "25", "29.97", "30"]


def random_timeline(rng: random.Random, rate: Fraction) -> Timeline:
    """Clips with random trims, L and J sound, order and start; some starts lie just before an hour."""
    clips = []
    for index in range(rng.randint(1, 14)):
        media, tail = rng.randint(12, 4000), rng.randint(0, 40)
        start = rng.randint(0, media // 2)
        end = rng.randint(start + 1, media)
        sound_in = max(0, start - rng.randint(0, 20))
        sound_out = min(media + tail, end + rng.randint(0, 20))
        clips.append(
            Clip.from_frames(
                f"seg_{index}",
                rate,
                media_frames=media,
                media_samples=sample_at(media + tail, rate),
                picture=(start, end),
                sound=(sound_in, max(sound_out, sound_in + 1)),
                name=f"SC01_SH{index:02}_SHOT_Take",
                reel=f"SC01_SH{index:02} take",
                audio_gain=rng.choice([1.0, 0.5, 0.0, 1.41]),
            )
        )
    rng.shuffle(clips)
    first = rng.choice(["01:00:00:00", "00:59:59:10", "09:59:30:00", "00:00:00:00", "10:00:58:02"])
    return assemble(clips, rate, first)


@pytest.mark.parametrize("name", RATES)
def test_otio_reads_back_every_event_of_random_timelines(name: str) -> None:
    rate, rng, checked = FRAME_RATES[name], random.Random(f"edl {name}"), 0
    while checked < 12:
        timeline = random_timeline(rng, rate)
        if timeline.lanes > 2:  # a tail over two shots: covered by our own reader below
            continue
        checked += 1
        tracks = otio.adapters.read_from_string(write_edl(timeline, "Film"), "cmx_3600", rate=float(rate)).tracks
        found = {}
        for track in tracks:
            first = -track.source_range.start_time if track.source_range else otio.opentime.RationalTime(0, float(rate))
            for clip in track.find_clips():
                record = round((first + clip.range_in_parent().start_time).to_frames())
                found[track.name, record] = (
                    clip.name,
                    clip.source_range.start_time.to_frames(),
                    clip.source_range.duration.to_frames(),
                    clip.metadata["cmx_3600"]["reel"],
                )
        reels = reel_names([event.reel for event in timeline.picture])
        channels = {0: "A", 1: "A2"}
        # The reader names the tracks itself: audio that starts with A2 only is still the second lane.
        events = [("V", e.record_in, e.name, e.source_in, e.frames, e.reel) for e in timeline.picture]
        events += [(channels[e.lane], e.record_in, e.name, e.source_in, e.frames, e.reel) for e in timeline.sound]
        wanted = {
            (track, timeline.start_frame + record): (name, source, frames, reels[reel])
            for track, record, name, source, frames, reel in events
        }
        assert _by_kind(found) == _by_kind(wanted)


def _by_kind(events: Mapping[tuple[str, int], object]) -> list[tuple[str, int, str]]:
    return sorted((track[:2].replace("A1", "A"), record, repr(value)) for (track, record), value in events.items())


@pytest.mark.parametrize("name", RATES)
def test_our_reader_agrees_with_the_timeline(name: str) -> None:
    rate, rng = FRAME_RATES[name], random.Random(f"own {name}")
    for _ in range(20):
        timeline = random_timeline(rng, rate)
        if timeline.lanes > 4:
            continue
        edl = read_edl(write_edl(timeline, "A\nfilm"), rate)
        assert edl.title == "A film"
        assert edl.drop_frame == (name == "29.97")
        assert edl.frames == timeline.frames
        assert [e.number for e in edl.events] == list(range(1, len(edl.events) + 1))
        assert [(e.source_in, e.record_in - timeline.start_frame, e.frames, e.clip_name) for e in edl.picture] == [
            (e.source_in, e.record_in, e.frames, e.name) for e in timeline.picture
        ]
        sounds = sorted(
            (e.record_in - timeline.start_frame, e.source_in, e.frames) for e in edl.events if e.channel != "V"
        )
        assert sounds == sorted((e.record_in, e.source_in, e.frames) for e in timeline.sound)


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
