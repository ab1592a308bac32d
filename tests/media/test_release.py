"""The export operation of the media function at every rate: master, EDL and sidecar count the same frames."""

import json
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from media.operations import cutting, sound
from media.work import Work
from tests.media.release import bench, export_package, plan_of
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import sample_at
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.verify import verify_package
from vibeboard.store import objects

RATES = [23.976, 24, 25]  # 29.97 is the rate of the package that test_package.py takes apart


@pytest.fixture
def bucket() -> Iterator[None]:
    with bench():
        yield


@pytest.mark.parametrize("frame_rate", RATES)
def test_given_a_split_edit_when_exported_then_stream_edl_sidecar_and_sound_agree(
    tmp_path: Path, bucket: None, frame_rate: float
) -> None:
    rate = exact_rate(frame_rate)
    package, result = export_package(tmp_path, plan_of(tmp_path, frame_rate))
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
    plan = plan_of(tmp_path, 25) | {"lines": 540, "aspectRatio": "2.39:1"}
    objects.write_json("projects/p/plan.json", plan)
    job = {"projectId": "p", "jobId": "job_1", "input": {"plan": "projects/p/plan.json"}}
    work = Work(job, tmp_path / "work")
    work._told = float("inf")
    made = objects.download(cutting.preview(work)["preview"], tmp_path / "preview.mp4")
    with av.open(str(made)) as film:
        video = film.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1290, 540)
        assert sum(1 for packet in film.demux(video) if packet.size) == 45 + 43 + 45


def test_given_a_master_that_is_not_what_was_ordered_then_nothing_is_delivered(
    tmp_path: Path, bucket: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media.operations import export

    honest = export.as_measured
    monkeypatch.setattr(export, "as_measured", lambda info: honest(info) | {"startTimecode": ""})
    with pytest.raises(MediaError) as refused:
        export_package(tmp_path, plan_of(tmp_path, 25))
    assert refused.value.code == "MASTER_QC_FAILED"
    assert "timecode: , not 01:00:00:00" in refused.value.detail
    assert not (tmp_path / "package").exists()
