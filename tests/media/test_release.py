"""The export operation of the media function at every rate: master, EDL and sidecar count the same frames."""

import json
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import boto3
import pytest
from moto import mock_aws

from media.operations import export
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
