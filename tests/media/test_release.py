"""The export operation of the media function at every rate: master, EDL and sidecar count the same frames."""

import json
import subprocess
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import boto3
import pytest
from moto import mock_aws

from media.operations import export, sound
from media.work import Work
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate, frame_size, frames_of
from vibeboard.domain.timecode import uses_drop_frame
from vibeboard.domain.timeline import sample_at
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.verify import verify_package
from vibeboard.store import objects

RATES = [23.976, 24, 25, 29.97]
SECONDS = 2.0


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws():
        monkeypatch.setenv("MEDIA_BUCKET", "media")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        objects.s3.cache_clear()
        boto3.client("s3").create_bucket(Bucket="media")
        yield
    objects.s3.cache_clear()


def _footage(folder: Path, rate: Fraction, index: int) -> tuple[Path, Path, int]:
    """A moving test picture with its own frame numbers, and three seconds of tone."""
    frames = frames_of(SECONDS, rate)
    picture, sound = folder / f"{index}.mp4", folder / f"{index}.wav"
    source = f"testsrc2=size=640x268:rate={rate},hue=h={60 * index}"
    base = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    subprocess.run([*base, source, "-frames:v", str(frames), "-pix_fmt", "yuv420p", str(picture)], check=True)
    tone = f"sine=frequency={300 + 100 * index}:sample_rate=48000:duration=3"
    subprocess.run([*base, tone, "-ac", "2", "-c:a", "pcm_s24le", str(sound)], check=True)
    return picture, sound, frames


def _plan(folder: Path, frame_rate: float) -> dict[str, Any]:
    """Three clips with an L-cut and a J-cut, as the delivery function writes them."""
    rate = exact_rate(frame_rate)
    trims = [(0.0, 1.8, 0.0, 2.2), (0.3, 2.0, 0.0, 1.9), (0.1, 1.9, 0.1, 1.9)]
    clips = []
    for index, (start, end, sound_start, sound_end) in enumerate(trims):
        picture, sound, frames = _footage(folder, rate, index)
        keys = [objects.upload(path, f"projects/p/{path.name}") for path in (picture, sound)]
        name = f"SC01_SH{index + 1:02d}"
        clip = {
            "id": f"seg_{index}", "name": name, "reel": name.replace("_", ""), "take": 1, "duration": SECONDS,
            "trimStart": start, "trimEnd": end, "audioTrimStart": sound_start, "audioTrimEnd": sound_end,
            "audioGain": 1.0, "mediaFrames": frames, "mediaSamples": 144_000,
        }  # fmt: skip
        made = {"model": "sandbox/animatic", "seed": index, "at": "2026-01-01T00:00:00Z"}
        row = {"clip": clip, "picture": keys[0], "sound": keys[1], "shotName": name, "score": 0.9}
        clips.append(row | {"characters": ["lead"], "provenance": {"clip": made}})
    owner = {"creator": "user_owner", "organization": "Studio", "rights": "All rights reserved"}
    vibeboard = {"version": "3.0", "generatedAt": "2026-01-01T00:00:00Z", "modelsUsed": ["sandbox/animatic"]}
    return {
        "exportId": "exp_1", "title": "Counting", "rate": [rate.numerator, rate.denominator],
        "dropFrame": uses_drop_frame(rate), "startTimecode": "01:00:00:00", "size": list(frame_size("2.39:1", "draft")),
        "codec": "prores_hq", "quality": "draft", "include": {"edl": True, "sidecar": True}, "clips": clips,
        "sidecar": {"projectId": "prj_1", "exportId": "exp_1", "ownership": owner,
                    "vibeboardAttribution": vibeboard | {"totalCost": 1.0}},
        "epk": {"outline": None, "styleBible": None, "cast": [], "credits": [], "concept": {"concept": "Counting"}},
    }  # fmt: skip


@pytest.mark.parametrize("frame_rate", RATES)
def test_given_a_split_edit_when_exported_then_stream_edl_sidecar_and_sound_agree(
    tmp_path: Path, bucket: None, frame_rate: float
) -> None:
    rate = exact_rate(frame_rate)
    objects.write_json("projects/p/plan.json", _plan(tmp_path, frame_rate))
    job = {"projectId": "p", "jobId": "job_1", "input": {"plan": "projects/p/plan.json", "prefix": "projects/p/out/"}}
    work = Work(job, tmp_path / "work")
    work._told = float("inf")  # progress goes to the table, which is not this test's business

    result = export.master(work)

    package = tmp_path / "package"
    for name, key in result["files"].items():
        objects.download(key, package / name)
    with av.open(str(package / "Master.mov")) as master:
        stream = sum(1 for packet in master.demux(master.streams.video[0]) if packet.size)
    with av.open(str(package / "Master.mov")) as master:
        sound = sum(frame.samples for frame in master.decode(master.streams.audio[0]))
    edl = read_edl((package / "Master.edl").read_text(encoding="utf-8"), rate)
    sidecar = json.loads((package / "Master.json").read_text(encoding="utf-8"))
    assert stream == sum(event.record_out - event.record_in for event in edl.picture)
    assert stream == sum(clip["frames"] for clip in sidecar["clips"]) == result["master"]["frames"]
    assert sound == sample_at(stream, rate)
    assert verify_package(package).valid


def test_given_scratch_and_uploaded_cues_when_made_then_each_is_48_khz_of_its_length_with_sound_in_it(
    tmp_path: Path, bucket: None
) -> None:
    upload = tmp_path / "theme.wav"
    tone = "sine=frequency=440:sample_rate=44100:duration=1.5"
    subprocess.run([ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", tone, str(upload)], check=True)
    objects.upload(upload, "projects/p/theme.wav")
    scratch = {"seconds": 2.0, "tone": "dark", "genre": "thriller", "seed": 7}
    orders = {
        "dialogue": scratch | {"prompt": "Nobody leaves this laundromat, not tonight."},
        "music": scratch | {"prompt": ""},
        "effects": scratch | {"prompt": "rain on the street"},
        "upload": {"upload": "projects/p/theme.wav"},
    }
    heard = {}
    for name, order in orders.items():
        job = {"projectId": "p", "jobId": f"job_{name}", "input": {"kind": name} | order}
        result = sound.make_cue(Work(job, tmp_path / name))
        made = objects.download(result["sound"], tmp_path / f"{name}.wav")
        with wave.open(str(made)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (48000, 2, result["samples"])
            heard[name] = file.readframes(file.getnframes())
        assert max(objects.read_json(result["peaks"])["max"]) > 0.05
        assert result["model"].startswith("ffmpeg" if name == "upload" else "sandbox")
    assert {name: len(body) // 6 for name, body in heard.items()} == {
        "dialogue": 96000, "music": 96000, "effects": 96000, "upload": 72000,
    }  # fmt: skip
    assert len(set(heard.values())) == 4


def test_given_a_cut_when_previewed_then_it_is_a_small_film_of_its_every_frame(tmp_path: Path, bucket: None) -> None:
    plan = _plan(tmp_path, 25) | {"lines": 540, "aspectRatio": "2.39:1"}
    objects.write_json("projects/p/plan.json", plan)
    job = {"projectId": "p", "jobId": "job_1", "input": {"plan": "projects/p/plan.json"}}
    work = Work(job, tmp_path / "work")
    work._told = float("inf")
    made = objects.download(export.preview(work)["preview"], tmp_path / "preview.mp4")
    with av.open(str(made)) as film:
        video = film.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1290, 540)
        assert sum(1 for packet in film.demux(video) if packet.size) == 45 + 43 + 45
