"""From the SOP's seconds to exact frames and samples, and the first assembly."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibeboard.domain.first_assembly import split_edit_plan
from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.timeline import Clip, TrimError, assemble, sample_at, seconds_at, sound_frames

RATES = [FRAME_RATES[name] for name in ("23.976", "24", "25", "29.97", "30")]
FILM = Fraction(24)


def clip(name: str = "a", **changes: float) -> Clip:
    return replace(Clip(name, 5.0, 0.0, 5.0, 0.0, 5.0, media_frames=120, media_samples=6 * 48000), **changes)  # type: ignore[arg-type]


def test_l_cut_lets_sound_run_over_the_next_picture_on_another_lane() -> None:
    timeline = assemble([clip("a", trim_end=4.0, audio_trim_end=5.0), clip("b")], FILM)
    first, second = timeline.sound
    assert (first.record_in, first.frames, first.lane) == (0, 120, 0)
    assert (second.record_in, second.frames, second.lane) == (96, 120, 1)
    assert timeline.frames == 216
    assert timeline.samples == 216 * 2000


def test_j_cut_starts_sound_before_its_picture() -> None:
    timeline = assemble([clip("a"), clip("b", trim_start=1.0, audio_trim_start=0.5)], FILM)
    second = timeline.sound[1]
    assert timeline.picture[1].record_in == 120
    assert second.record_in == 120 - 12
    assert second.source_in == 12
    assert second.record_sample == (120 - 12) * 2000


def test_sound_before_the_first_and_after_the_last_picture_is_cut_off_in_step() -> None:
    only = assemble([clip("a", trim_start=1.0, trim_end=4.0, audio_trim_end=6.0)], FILM).sound[0]
    assert (only.record_in, only.source_in, only.frames) == (0, 24, 72)
    assert only.source_sample == 48000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"trim_end": 5.5}, "trimEnd"),
        ({"trim_start": -0.5}, "trimStart"),
        ({"trim_start": 6.0, "trim_end": 7.0}, "trimStart"),
        ({"trim_start": 3.0, "trim_end": 3.0}, "trimEnd"),
        ({"audio_trim_end": 6.2}, "audioTrimEnd"),
        ({"audio_gain": -1.0}, "audioGain"),
    ],
)
def test_trim_outside_measured_media_is_refused_with_the_usable_range(changes: dict[str, float], field: str) -> None:
    with pytest.raises(TrimError) as refusal:
        assemble([clip("a", **changes)], FILM)
    assert refusal.value.extra["errors"][0]["field"] == field
    if field in ("trimStart", "trimEnd"):
        assert refusal.value.extra["usable"] == {"from": 0.0, "to": 5.0}
        assert "0 to 5 s (120 frames)" in refusal.value.fix


@given(st.sampled_from(RATES), st.integers(0, 200_000))
def test_seconds_in_json_round_back_to_the_same_frame(rate: Fraction, frame: int) -> None:
    assert round(Fraction(seconds_at(frame, rate)).limit_denominator(1_000_000) * rate) == frame


@given(st.sampled_from(RATES), st.integers(0, 50_000_000))
def test_sound_frames_never_claims_a_sample_that_is_not_there(rate: Fraction, samples: int) -> None:
    frames = sound_frames(samples, rate)
    assert sample_at(frames, rate) <= samples < sample_at(frames + 1, rate)


@given(st.integers(0, 10_000), st.sampled_from(RATES))
def test_lanes_never_overlap_and_samples_tile_the_record(seed: int, rate: Fraction) -> None:
    rng = random.Random(seed)
    clips = []
    for index in range(rng.randint(1, 10)):
        start, end = rng.randint(0, 40), rng.randint(60, 120)
        sound = (max(0, start - rng.randint(0, 30)), end + rng.randint(0, 40))
        clips.append(
            Clip.from_frames(
                f"c{index}",
                rate,
                picture=(start, end),
                sound=sound,
                media_frames=120,
                media_samples=sample_at(160, rate),
            )
        )
    timeline = assemble(clips, rate)
    for lane in range(timeline.lanes):
        events = [event for event in timeline.sound if event.lane == lane]
        for before, after in itertools.pairwise(events):
            assert before.record_out <= after.record_in
            assert before.record_sample + before.samples <= after.record_sample
    for event in timeline.sound:
        assert event.record_sample == sample_at(event.record_in, rate)
        assert event.record_sample + event.samples <= timeline.samples
    positions = [event.record_in for event in timeline.picture]
    assert [*positions[1:], timeline.frames] == [event.record_out for event in timeline.picture]


def test_sop_json_survives_the_round_trip() -> None:
    body = {
        "id": "segment_id",
        "videoUrl": "v",
        "duration": 5,
        "trimStart": 0,
        "trimEnd": 5,
        "audioTrimStart": 0,
        "audioTrimEnd": 6,
        "audioGain": 1.0,
        "locked": True,
    }
    assert {key: Clip.from_sop(body).to_sop()[key] for key in body} == body


@given(
    st.lists(st.tuples(st.integers(24, 200), st.integers(0, 30)), min_size=2, max_size=20),
    st.sampled_from(RATES),
    st.integers(0, 1000),
    st.integers(0, 5),
)
def test_first_assembly_holds_an_l_cut_and_a_j_cut_inside_the_media(
    media: list[tuple[int, int]], rate: Fraction, seed: int, variation: int
) -> None:
    durations, sounds = [n for n, _ in media], [n + tail for n, tail in media]
    plan = split_edit_plan(durations, sounds, rate, seed, variation=variation)
    for trims, length, sound in zip(plan, durations, sounds, strict=True):
        assert 0 <= trims.picture_in < trims.picture_out <= length
        assert 0 <= trims.sound_in < trims.sound_out <= sound
    assert any(trims.sound_out > trims.picture_out for trims in plan[:-1]), "no L-cut"
    assert any(trims.sound_in < trims.picture_in for trims in plan[1:]), "no J-cut"
    assert plan == split_edit_plan(durations, sounds, rate, seed, variation=variation)


def test_first_assembly_meets_the_target_runtime_to_the_frame() -> None:
    durations = [130] * 12
    plan = split_edit_plan(durations, [150] * 12, FILM, 7, target_frames=1440)
    assert sum(trims.frames for trims in plan) == 1440


def test_first_assembly_gives_up_only_the_heads_of_j_cuts_when_nothing_is_to_spare() -> None:
    plan = split_edit_plan([120] * 12, [140] * 12, FILM, 7, target_frames=1440)
    lost = 1440 - sum(trims.frames for trims in plan)
    assert lost == sum(trims.picture_in for trims in plan)
    assert lost < 1440 * 0.04


def test_each_rejected_cut_is_followed_by_a_tighter_one() -> None:
    cuts = [split_edit_plan([120] * 8, [140] * 8, FILM, 3, variation=v) for v in range(4)]
    totals = [sum(trims.frames for trims in cut) for cut in cuts]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[1] * 1.02
    assert [t.cut_in for t in cuts[0]] != [t.cut_in for t in cuts[1]]


def test_one_clip_alone_plays_whole() -> None:
    (trims,) = split_edit_plan([48], [60], FILM, 1)
    assert (trims.picture_in, trims.picture_out, trims.sound_in, trims.sound_out) == (0, 48, 0, 48)
