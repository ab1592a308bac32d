"""What a broadcaster would find: each fault put into a small master, found where it was put, and nowhere else."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from vibeboard.domain import qc
from vibeboard.domain.qc import RULES, Screening, judge
from vibeboard.domain.timeline import Clip, assemble
from vibeboard.media.conform import ClipSource, MasterSpec, conform
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.graph import Codec
from vibeboard.media.probe import probe
from vibeboard.media.qc import as_measured, as_ordered, screen

RATE, SIZE = 24, "320x136"
# 8 bits are asked for by name: the expressions below are in 8-bit codes
MOVING = f"testsrc2=size={SIZE}:rate={RATE},format=yuv444p,lutyuv=y='48+val/2':u='96+val/4':v='96+val/4',format=yuv444p"


def master(path: Path, picture: str, sound: str, seconds: float) -> Path:
    """ProRes with PCM of a lavfi graph, tagged as our masters are."""
    tags = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
    command = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i", f"{picture},format=yuv422p10le,{tags}"]
    command += ["-f", "lavfi", "-i", f"{sound},aformat=channel_layouts=stereo:sample_rates=48000", "-t", str(seconds)]
    command += ["-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0", "-c:a", "pcm_s24le"]
    command += ["-timecode", "01:00:00:00", "-movflags", "+write_colr", str(path)]
    subprocess.run(command, check=True)
    return path


def seen(path: Path) -> Screening:
    return screen(probe(path), path.with_suffix(".trailer.mp4"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Screening]:
    path = master(tmp_path_factory.mktemp("qc") / "clean.mov", MOVING, "sine=frequency=997,volume=-6dB", 3)
    return path, seen(path)


def test_given_a_clean_master_then_every_check_holds_and_the_trailer_is_whole(clean: tuple[Path, Screening]) -> None:
    path, found = clean
    info = probe(path)
    wanted = as_ordered("prores_hq", (320, 136), 72, 144_000, info.rate, "01:00:00:00", found.loudness)
    checks = judge(as_measured(info), wanted, found)
    assert [check["name"] for check in checks] == list(RULES)
    assert [check for check in checks if not check["ok"]] == []
    trailer = probe(path.with_suffix(".trailer.mp4"))
    assert (trailer.frames, trailer.codec, trailer.audio_codec) == (72, "AVC", "AAC")


@pytest.mark.parametrize("codec", ["prores_hq", "prores_4444", "h264"])
def test_given_a_master_of_each_codec_when_conformed_then_it_is_what_the_checks_expect(
    clean: tuple[Path, Screening], tmp_path: Path, codec: Codec
) -> None:
    timeline = assemble([Clip.from_frames("c", Fraction(RATE), media_frames=24)], Fraction(RATE))
    spec = MasterSpec(320, 136, codec, quantiser=8)
    made = conform(timeline, {"c": ClipSource(clean[0])}, spec, tmp_path / "m.mov")
    wanted = as_ordered(codec, (320, 136), 24, 48_000, timeline.rate, timeline.start_timecode, None)
    assert as_measured(made.info).items() <= wanted.items()


def test_given_a_tone_of_known_level_then_the_meter_says_so(clean: tuple[Path, Screening]) -> None:
    """FFmpeg's sine is an eighth of full scale, -18.06 dBFS; here 6 dB lower, and 3.01 more as mono on two channels."""
    found = clean[1]
    assert found.true_peak == pytest.approx(-27.07, abs=0.15)
    assert found.loudness == pytest.approx(-27.07, abs=0.3)


def test_given_black_and_frozen_runs_then_each_is_found_where_it_lies(tmp_path: Path) -> None:
    black = f"color=black:size={SIZE}:rate={RATE}:duration=2.5"
    still = f"{MOVING},loop=loop=62:size=1,trim=end_frame=63,setpts=N/{RATE}/TB"
    graph = f"{MOVING},trim=end_frame=24[a];{black}[b];{still}[c];[a][b][c]concat=n=3"
    quiet = "sine=frequency=440:duration=1,apad=whole_dur=7"
    found = seen(master(tmp_path / "runs.mov", graph, quiet, 6.125))
    assert found.black == (24, 60)
    assert found.frozen[1] in (63, 64)
    assert found.frozen[0] in (83, 84)
    assert found.silence == pytest.approx(5.0, abs=0.5)


def test_given_colours_outside_the_gamut_then_the_frames_are_counted(tmp_path: Path) -> None:
    loud = f"{MOVING},drawbox=x=0:y=0:w=64:h=68:color=red:t=fill:enable='between(n,10,15)',format=yuv444p"
    graph = f"{loud},geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='if(between(N,10,15)*lt(X,64)*lt(Y,68),250,cr(X,Y))'"
    found = seen(master(tmp_path / "gamut.mov", graph, "sine=frequency=440", 1))
    assert found.gamut_frames == 6
    assert found.gamut_worst == pytest.approx(64 * 68 / (320 * 136), abs=0.02)


def test_given_a_strobe_then_the_flashes_of_the_worst_second_are_counted(tmp_path: Path) -> None:
    plain = f"color=gray:size={SIZE}:rate={RATE},format=yuv444p"
    graph = f"{plain},geq=lum='if(lt(mod(N,4),2),200,40)':cb=128:cr=128,format=yuv444p"
    found = seen(master(tmp_path / "strobe.mov", graph, "sine=frequency=440", 2))
    assert found.flashes in (5, 6)  # a turn every second frame
    rows = {row["name"]: row for row in judge(*_facts(), found)}
    assert (rows["flashes"]["ok"], rows["flashes"]["kind"]) == (False, "warn")


def _facts() -> tuple[dict[str, object], dict[str, object]]:
    names = ("frames", "samples", "size", "rate", "codec", "colour", "startTimecode", "audio")
    same: dict[str, object] = dict.fromkeys(names, "24")
    return same, same | {"loudness": None}


@pytest.mark.parametrize("name", ["frames", "samples", "size", "codec", "colour", "startTimecode", "audio"])
def test_given_one_wrong_fact_then_exactly_that_check_blocks(name: str) -> None:
    measured, wanted = _facts()
    nothing = Screening(24, (0, 0), (0, 0), 0, 0.0, 0, None, None, None, 0.0)
    checks = judge(measured | {name: "wrong"}, wanted, nothing)
    (fault,) = qc.blocking(checks)
    assert fault["value"] == "wrong"


@pytest.mark.parametrize(("peak", "loudness", "failed"), [(-0.8, -23.0, {"truePeak"}), (-1.05, -22.3, {"loudness"})])
def test_given_sound_over_its_limits_then_peaks_block_and_loudness_warns(
    peak: float, loudness: float, failed: set[str]
) -> None:
    measured, wanted = _facts()
    heard = Screening(24, (0, 0), (0, 0), 0, 0.0, 0, loudness, 5.0, peak, 0.0)
    checks = judge(measured, wanted | {"loudness": -23.0}, heard)
    assert {check["name"] for check in checks if not check["ok"]} == failed
    assert bool(qc.blocking(checks)) == (failed == {"truePeak"})
