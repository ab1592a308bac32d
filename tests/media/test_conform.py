"""The master is the timeline: every frame the right source frame, every sample the right source sample."""

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.ruler import barcode, read_codes, read_samples, write_picture, write_sound
from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.timeline import Clip, Timeline, assemble, sample_at
from vibeboard.domain.tracks import Cue
from vibeboard.media import conform as conform_module
from vibeboard.media.conform import ClipSource, MasterSpec, conform
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import run
from vibeboard.media.graph import Codec
from vibeboard.media.stills import frame_image

FRAMES, TAIL, CLIPS = 60, 12, 3
RATES = ["23.976", "24", "25", "29.97", "30"]


@pytest.fixture(scope="module")
def rulers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, ClipSource]]:
    made: dict[str, dict[str, ClipSource]] = {}
    for name in RATES:
        folder = tmp_path_factory.mktemp(f"rulers-{name}")
        made[name] = {}
        for clip in range(CLIPS):
            picture, sound = folder / f"clip {clip}'s:take.mp4", folder / f"clip{clip}.wav"
            write_picture(picture, clip, FRAMES, FRAME_RATES[name])
            write_sound(sound, clip, FRAMES + TAIL, FRAME_RATES[name])
            made[name][f"c{clip}"] = ClipSource(picture, sound)
    return made


def random_cut(rng: random.Random, rate: Fraction, clips: int) -> tuple[Timeline, dict[str, int]]:
    cut, used = [], {}
    for index in range(clips):
        start = rng.choice([0, rng.randint(0, FRAMES - 10)])
        end = rng.randint(start + 4, FRAMES)
        sound_in, sound_out = max(0, start - rng.randint(0, 8)), min(FRAMES + TAIL, end + rng.randint(-2, 10))
        used[f"e{index}"] = rng.randrange(CLIPS)
        sound = (sound_in, max(sound_out, sound_in + 1))
        samples = sample_at(FRAMES + TAIL, rate)
        cut.append(
            Clip.from_frames(
                f"e{index}", rate, picture=(start, end), sound=sound, media_frames=FRAMES, media_samples=samples
            )
        )
    return assemble(cut, rate), used


def expected_codes(timeline: Timeline, used: dict[str, int]) -> list[int]:
    return [used[e.clip_id] << 12 | e.source_in + n for e in timeline.picture for n in range(e.frames)]


def expected_samples(timeline: Timeline, used: dict[str, int]) -> np.ndarray:
    mix = np.zeros(timeline.samples, np.int64)
    media = sample_at(FRAMES + TAIL, timeline.rate)
    for event in timeline.sound:
        source = event.source_sample + np.arange(event.samples)
        values = np.where(source < media, source + 1 + (used[event.clip_id] << 18), 0)
        mix[event.record_sample : event.record_sample + event.samples] += values
    return mix


@pytest.mark.parametrize("name", RATES)
def test_every_frame_and_every_sample_is_the_planned_one(
    name: str, rulers: dict[str, dict[str, ClipSource]], tmp_path: Path
) -> None:
    rate = FRAME_RATES[name]
    timeline, used = random_cut(random.Random(name), rate, 9)
    assert timeline.lanes > 1
    sources = {clip: rulers[name][f"c{number}"] for clip, number in used.items()}
    ticks: list[float] = []
    spec = MasterSpec(320, 64, fit="stretch", title="Ruler")
    master = conform(timeline, sources, spec, tmp_path / "Master.mov", progress=ticks.append)
    assert read_codes(master.info.path) == expected_codes(timeline, used)
    samples = read_samples(master.info.path)
    assert len(samples) == timeline.samples
    wanted = expected_samples(timeline, used)
    single = wanted < 1 << 23  # sums beyond 24 bit clip
    assert np.abs(samples[single] - wanted[single]).max() <= 1  # float mixing rounds sums of 24-bit numbers
    assert ticks == sorted(ticks)
    assert ticks[-1] <= 1.0


def test_master_states_profile_colour_and_start_timecode(
    rulers: dict[str, dict[str, ClipSource]], tmp_path: Path
) -> None:
    timeline, used = random_cut(random.Random(1), FRAME_RATES["29.97"], 3)
    sources = {clip: rulers["29.97"][f"c{number}"] for clip, number in used.items()}
    info = conform(timeline, sources, MasterSpec(640, 270, fit="letterbox"), tmp_path / "Master.mov").info
    assert (info.codec, info.profile, info.pix_fmt) == ("ProRes", "422 HQ", "yuv422p10le")
    assert (info.color_primaries, info.color_transfer, info.color_matrix) == ("BT.709", "BT.709", "BT.709")
    assert (info.audio_codec, info.sample_rate, info.channels) == ("PCM", 48000, 2)
    assert info.start_timecode == "01:00:00;00"
    with av.open(str(info.path)) as container:
        stream = container.streams.video[0]
        assert (stream.average_rate, stream.frames) == (FRAME_RATES["29.97"], timeline.frames)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    """Moving picture with noise, so that a frame coded another way shows other values, and noise to hear."""
    folder = tmp_path_factory.mktemp("busy")
    picture, sound = folder / "busy.mp4", folder / "busy.wav"
    source = "testsrc2=size=160x96:rate=24,noise=alls=20:allf=t,format=yuv420p"
    run(["-f", "lavfi", "-i", source, "-frames:v", "96", "-c:v", "libx264", "-qp", "18", str(picture)])
    run(["-f", "lavfi", "-i", "anoisesrc=r=48000:d=4:seed=1", "-ac", "2", "-c:a", "pcm_s24le", str(sound)])
    return ClipSource(picture, sound)


@pytest.mark.parametrize("codec", ["prores_hq", "prores_4444", "h264"])
def test_given_a_film_in_parts_when_joined_then_every_decoded_frame_and_sample_is_that_of_one_pass(
    codec: Codec, busy: ClipSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = [(3, 24), (40, 71), (10, 29), (50, 90), (1, 22)]
    cuts = [
        Clip.from_frames(f"e{n}", Fraction(24), picture=shot, media_frames=96, media_samples=192000,
                         transition="smooth" if n == 2 else "cut")
        for n, shot in enumerate(shots)
    ]  # fmt: skip
    timeline = assemble(cuts, Fraction(24))
    sources = dict.fromkeys((cut.id for cut in cuts), busy)
    spec = MasterSpec(160, 96, codec=codec, fit="stretch", quantiser=18 if codec == "h264" else 6)
    whole = conform(timeline, sources, spec, tmp_path / "whole.mov")
    monkeypatch.setattr(conform_module, "DECODER_BYTES", 2 * 160 * 96 * 2 * 8)
    parts = conform(timeline, sources, spec, tmp_path / "parts.mov")
    assert whole.parts == 1
    assert parts.parts >= 2
    assert decoded(whole.info.path) == decoded(parts.info.path)
    assert np.array_equal(read_samples(whole.info.path), read_samples(parts.info.path))
    assert parts.info.start_timecode == whole.info.start_timecode


def decoded(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(frame.pts, b"".join(bytes(plane) for plane in frame.planes)) for frame in container.decode(video=0)]


def test_source_whose_clock_ticks_once_a_frame_is_cut_as_exactly(
    rulers: dict[str, dict[str, ClipSource]], tmp_path: Path
) -> None:
    coarse = tmp_path / "coarse.mp4"
    run(["-i", str(rulers["24"]["c1"].picture), "-c", "copy", "-video_track_timescale", "24", str(coarse)])
    cuts = [Clip(f"e{n}", 2.5, n / 24, (n + 3) / 24, 0, 1, media_frames=FRAMES) for n in (1, 7, 24, 33, 55)]
    timeline = assemble(cuts, Fraction(24))
    sources = {cut.id: ClipSource(coarse) for cut in cuts}
    master = conform(timeline, sources, MasterSpec(320, 64, fit="stretch", quantiser=6), tmp_path / "m.mov")
    assert read_codes(master.info.path) == expected_codes(timeline, dict.fromkeys(sources, 1))
    assert [barcode(frame_image(coarse, n)) for n in (1, 7, 33)] == [1 << 12 | n for n in (1, 7, 33)]


@pytest.mark.parametrize(("fit", "bars"), [("letterbox", True), ("stretch", False), ("crop", False)])
def test_fit_pads_stretches_or_crops(fit: str, bars: bool, tmp_path: Path, flat_clip: Path) -> None:
    rate = Fraction(24)
    timeline = assemble([Clip("a", 0.5, 0, 0.5, 0, 0.5, media_frames=12)], rate)
    spec = MasterSpec(160, 160, fit=fit)  # type: ignore[arg-type]
    out = conform(timeline, {"a": ClipSource(flat_clip)}, spec, tmp_path / "m.mov").info.path
    with av.open(str(out)) as container:
        luma = next(container.decode(video=0)).reformat(format="gray").to_ndarray()
    assert luma.shape == (160, 160)
    assert (luma[2].mean() < 20) == bars
    assert luma[80].mean() > 120


def test_loudness_is_brought_to_target_below_the_true_peak_ceiling(tmp_path: Path, flat_clip: Path) -> None:
    import wave

    rate = Fraction(24)
    rng = np.random.default_rng(0)
    quiet = (rng.normal(0, 300, 96000 * 2)).astype("<i2")
    sound = tmp_path / "quiet.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((2, 2, 48000, 0, "NONE", ""))
        file.writeframes(quiet.tobytes())
    timeline = assemble([Clip("a", 0.5, 0, 0.5, 0, 0.5, media_frames=12, media_samples=24000)], rate)
    spec = MasterSpec(64, 64, loudness=-23.0)
    master = conform(timeline, {"a": ClipSource(flat_clip, sound)}, spec, tmp_path / "m.mov")
    assert master.gain_db > 6
    measured = np.sqrt(np.mean((read_samples(master.info.path) / 2**23) ** 2))
    assert 20 * np.log10(measured / (300 / 2**15)) == pytest.approx(master.gain_db, abs=0.3)


def flat(path: Path, grey: int, frames: int) -> Path:
    colour = f"color=c=0x{grey:02x}{grey:02x}{grey:02x}:r=24:s=64x64,format=yuv420p"
    run(["-f", "lavfi", "-i", colour, "-frames:v", str(frames), "-c:v", "libx264", "-qp", "0", str(path)])
    return path


def lumas(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [int(f.reformat(format="gray").to_ndarray()[32, 32]) for f in container.decode(video=0)]


def test_given_a_dissolve_and_a_fade_when_conformed_then_frames_mix_where_the_list_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    white, grey = flat(tmp_path / "w.mp4", 235, 48), flat(tmp_path / "g.mp4", 80, 48)
    cuts = [
        Clip("a", 2, 0, 1, 0, 1, media_frames=48),
        Clip("b", 2, 0.5, 1.5, 0, 1, media_frames=48, transition="dissolve", transition_seconds=0.25),
        Clip("c", 2, 0, 1, 0, 1, media_frames=48, transition="fade", transition_seconds=0.5),
    ]
    timeline = assemble(cuts, Fraction(24))
    assert [(e.dissolve, e.fade_in, e.fade_out) for e in timeline.picture] == [(0, 0, 0), (6, 0, 6), (0, 6, 0)]
    sources = {"a": ClipSource(white), "b": ClipSource(grey), "c": ClipSource(white)}
    spec = MasterSpec(64, 64, fit="stretch", quantiser=2)
    whole = conform(timeline, sources, spec, tmp_path / "m.mov")
    seen = lumas(whole.info.path)
    high, low = seen[0], seen[40]
    assert high - low > 100
    assert all(abs(luma - high) < 3 for luma in [*seen[:25], *seen[54:]])
    assert [round((high - luma) / (high - low) * 6) for luma in seen[24:31]] == [0, 1, 2, 3, 4, 5, 6]
    assert seen[42:48] == sorted(seen[42:48], reverse=True)
    assert seen[48:54] == sorted(seen[48:54])
    assert seen[48] < 20
    # The same in parts: the seam lies on the dissolve, whose tail belongs to a shot of the part before.
    monkeypatch.setattr(conform_module, "DECODER_BYTES", 64 * 64 * 2 * 8)
    parts = conform(timeline, sources, spec, tmp_path / "p.mov")
    assert parts.parts > 1
    assert decoded(parts.info.path) == decoded(whole.info.path)


def test_given_music_under_a_shot_when_conformed_then_it_starts_at_its_sample_and_fades(tmp_path: Path) -> None:
    rate = FRAME_RATES["29.97"]
    picture, sound = tmp_path / "p.mp4", tmp_path / "s.wav"
    write_picture(picture, 0, 60, rate)
    tone = "aevalsrc=0.25|0.25:s=48000:d=2"  # a level, so that the envelope can be read off the samples
    run(["-f", "lavfi", "-i", tone, "-c:a", "pcm_s24le", str(sound)])
    clip = Clip.from_frames("a", rate, media_frames=60)
    cue = Cue("m", "music", "Theme", at=0.5, trim_start=0.25, trim_end=1.25, media_samples=96000, gain=0.5,
              fade_in=0.1, fade_out=0.2)  # fmt: skip
    timeline = assemble([clip], rate, cues=[cue])
    sources = {"a": ClipSource(picture), "m": ClipSource(sound=sound)}
    master = conform(timeline, sources, MasterSpec(320, 64, fit="stretch", quantiser=6), tmp_path / "m.mov")
    heard = read_samples(master.info.path) / 2**23
    (event,) = timeline.sound
    first, end = event.record_sample, event.record_sample + event.samples
    assert first == sample_at(15, rate)
    assert not heard[:first].any()
    assert not heard[end:].any()
    assert abs(heard[first + 2400] - 0.125 / 2) < 0.002  # half-way up a linear fade of 4,800 samples
    assert abs(heard[first + 4800 : end - 9600] - 0.125).max() < 1e-4
    assert abs(heard[end - 4800] - 0.125 / 2) < 0.002


def test_source_of_another_rate_or_too_short_is_refused(
    rulers: dict[str, dict[str, ClipSource]], tmp_path: Path
) -> None:
    timeline = assemble([Clip("a", 2.5, 0, 2.5, 0, 2.5, media_frames=61)], FRAME_RATES["24"])
    with pytest.raises(MediaError, match="25 frames a second") as wrong_rate:
        conform(timeline, {"a": rulers["25"]["c0"]}, MasterSpec(320, 64), tmp_path / "m.mov")
    assert wrong_rate.value.code == "MEDIA_RATE_MISMATCH"
    long = assemble([Clip("a", 3, 0, 3, 0, 3, media_frames=72)], FRAME_RATES["24"])
    with pytest.raises(MediaError) as short:
        conform(long, {"a": rulers["24"]["c0"]}, MasterSpec(320, 64), tmp_path / "m.mov")
    assert short.value.code == "MEDIA_TOO_SHORT"
    assert not (tmp_path / "m.mov").exists()
