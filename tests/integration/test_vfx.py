"""SOP step 9 as jobs on real media: a new take each, before and after kept, sound in step; here and by vendors."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import moto.core.utils
import numpy as np
import pytest
from PIL import Image

from local.loopback import aws_server
from tests.fakes.control_plane import ControlPlane, WorkerProcess
from tests.fakes.fal import Delivery, FakeFal
from tests.integration.line import SETTINGS, Line, job_of, money
from tests.integration.shoot import Shoot
from tests.integration.studio import Studio
from tests.media.moving import HEIGHT, WIDTH, shot, write
from vibeboard.media.ffmpeg import raw_samples, run
from vibeboard.media.probe import probe
from vibeboard.store import keys, objects
from vibeboard.store.table import Update, table

FRAMES, SOUND_FRAMES = 12, 24
SAMPLES = SOUND_FRAMES * 2000


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Half a second of a pan at 24 frames a second, and a second of a 440 Hz tone."""
    folder = tmp_path_factory.mktemp("media")
    film = write(folder / "shot.mp4", shot(41, "pan")[:FRAMES])
    tone = folder / "tone.wav"
    source = f"sine=frequency=440:sample_rate=48000:duration={SOUND_FRAMES / 24}"
    run(["-f", "lavfi", "-i", source, "-ac", "2", "-c:a", "pcm_s24le", str(tone)])
    return {"clip.mp4": film.read_bytes(), "sound.wav": tone.read_bytes()}


@pytest.fixture
def approved(studio: Studio, media: dict[str, bytes]) -> Shoot:
    return an_approved_shot(studio, media)


def an_approved_shot(studio: Studio, media: dict[str, bytes]) -> Shoot:
    """A shot whose take is real media; in live billing when that is set by now."""
    shoot = Shoot(studio, studio.project(), shots=1)
    prefix = keys.job_object(shoot.project_id, "job_0", "")
    for name, body in media.items():
        objects.write(f"{prefix}{name}", body)
    still = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (90, 90, 90)).save(still, "PNG")
    objects.write(f"{prefix}frame.png", still.getvalue())
    clip = {
        "takeId": "take_0", "number": 1, "jobId": "job_0", "outputKey": f"{prefix}clip.mp4",
        "audioKey": f"{prefix}sound.wav", "posterKey": f"{prefix}frame.png", "frames": FRAMES, "samples": SAMPLES,
        "width": WIDTH, "height": HEIGHT, "quality": "draft", "model": "m", "seed": 1, "operation": "clip.generate",
    }  # fmt: skip
    frame = {"key": f"{prefix}frame.png", "takeId": "take_f", "number": 1, "model": "m", "requestedModel": "m",
             "width": WIDTH, "height": HEIGHT}  # fmt: skip
    change = {"clip": clip, "clipTakes": 1, "firstFrame": frame, "lastFrame": frame, "review": "approved",
              "score": 0.9, "report": {"metrics": {"jitter": 0.5}}}  # fmt: skip
    table().write(Update(keys.segment(shoot.project_id, shoot.chain, shoot.segments[0]), set=change))
    return shoot


def order(shoot: Shoot, path: str, **body: Any) -> Any:
    shot_of = {"projectId": shoot.project_id, "sceneChainId": shoot.chain, "segmentId": shoot.segments[0]}
    return shoot.studio.call("POST", path, shot_of | body, user="editor")


def taken(shoot: Shoot, job_id: str) -> dict[str, Any]:
    """The take a settled job left."""
    job = job_of(shoot.project_id, job_id)
    assert job["status"] == "SUCCEEDED", job.get("error")
    (take,) = [row for row in shoot.studio.items(shoot.project_id, "TAKE#") if row["jobId"] == job_id]
    return dict(take)


def fetched(key: str, folder: Path) -> Path:
    path = folder / key.rsplit("/", 1)[-1]
    path.write_bytes(objects.read(key))
    return path


def pitch(path: Path) -> float:
    """The strongest frequency, in Hz."""
    data = np.frombuffer(b"".join(raw_samples(path, rate=48000, channels=1)), np.int16).astype(float)
    middle = data[len(data) // 4 : len(data) // 4 + 16384]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum) * 48000 / len(middle))


def test_given_a_speed_when_motion_is_fixed_then_frames_and_samples_are_exact_and_the_pitch_stays(
    approved: Shoot, tmp_path: Path
) -> None:
    answer = order(approved, "/api/vfx/motion-fix", stabilize=False, speed=0.5)
    assert answer.status == 202, answer.text
    Line(approved.studio).until_quiet()
    take = taken(approved, answer.json["jobId"])
    assert (take["frames"], take["samples"]) == (2 * FRAMES, 2 * SAMPLES)
    made = probe(fetched(take["picture"], tmp_path))
    assert made.frames == 2 * FRAMES
    sound = fetched(take["sound"], tmp_path)
    assert probe(sound).samples_48k == 2 * SAMPLES
    assert pitch(sound) == pytest.approx(440, abs=4)
    # Nothing was overwritten: the shot's old take lies where it lay, and the new one knows it.
    assert objects.exists(keys.job_object(approved.project_id, "job_0", "clip.mp4"))
    assert take["picture"] != keys.job_object(approved.project_id, "job_0", "clip.mp4")
    assert take["vfx"]["sourceTakeId"] == take["vfx"]["before"]["takeId"] == "take_0"
    assert take["vfx"]["before"]["metrics"] == {"jitter": 0.5}
    assert take["vfx"]["after"]["score"] == take["report"]["score"]
    segment = approved.studio.call("GET", approved.path(0)).json
    assert (segment["take"], segment["review"], segment["frames"]) == (2, "pending", 2 * FRAMES)


BAD_MASKS = {
    "neither box nor mask": {},
    "half a box": {"x": 0.1, "y": 0.1, "width": 0.2},
    "both": {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2, "mask": [[[0, 0], [1, 0], [1, 1]]]},
    "a line": {"mask": [[[0, 0], [1, 1]]]},
    "outside": {"mask": [[[0, 0], [2, 0], [1, 1]]]},
    "no number": {"mask": [[[0, "x"], [1, 0], [1, 1]]]},
}


@pytest.mark.parametrize("name", BAD_MASKS)
def test_given_no_sound_mask_when_something_is_to_be_erased_then_a_problem_says_so_and_nothing_is_ordered(
    name: str, approved: Shoot
) -> None:
    answer = order(approved, "/api/process/magic-eraser", **BAD_MASKS[name])
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert approved.studio.queued() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/vfx/reshoot", {}),
        ("/api/vfx/rescue-focus", {}),
        ("/api/vfx/motion-fix", {}),
        ("/api/process/magic-eraser", {"x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}),
        ("/api/vfx/ai-reshoot", {"prompt": "again"}),
    ],
)
def test_given_a_locked_shot_when_vfx_is_ordered_then_the_lock_refuses(
    path: str, body: dict[str, Any], approved: Shoot
) -> None:
    approved.locked()
    answer = order(approved, path, **body)
    assert (answer.status, answer.code) == (423, "SHOT_LOCKED")
    assert approved.studio.queued() == []


def test_given_fal_when_something_is_erased_then_its_picture_fills_what_no_frame_shows(
    studio: Studio, media: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with FakeFal() as fal:
        for name, value in (SETTINGS | fal.environment | {"TRUSTED_OUTPUT_ORIGINS": fal.url}).items():
            monkeypatch.setenv(name, value)
        approved = an_approved_shot(studio, media)
        mask = [[[0.4, 0.4], [0.6, 0.4], [0.6, 0.7], [0.4, 0.7]]]
        answer = order(approved, "/api/process/magic-eraser", mask=mask, what="the lamp")
        assert answer.status == 202, answer.text
        line = Line(approved.studio)
        line.until_quiet()
        (request,) = fal.requests.values()
        assert request.endpoint == "fal-ai/flux-kontext/dev"
        assert "Remove the lamp in the middle of the picture" in request.input["prompt"]
        behind = Image.new("RGB", (480, 272), (110, 110, 110))
        behind.paste((0, 255, 0), (220, 130, 260, 165))
        painted = io.BytesIO()
        behind.save(painted, "PNG")
        fal.draw(request.id, painted.getvalue(), width=480, height=272)
        line.deliver(fal.webhook(request.id))
        line.until_quiet()
        take = taken(approved, answer.json["jobId"])
    assert take["model"] == "fal-ai/flux-kontext/dev + sandbox/vfx"
    from vibeboard.media.stills import frame_image

    film = fetched(take["picture"], tmp_path)
    # The pan's 18 pixels uncover the mask's border only; its middle is fal's, as bright as what is around it.
    red, lime, blue = np.asarray(frame_image(film, 6))[140:150, 235:245].reshape(-1, 3).mean(axis=0)
    assert lime > red + 60
    assert lime > blue + 60
    assert take["vfx"]["after"]["measure"]["neverSeen"] > 0.3


@pytest.fixture
def bucket_url(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The studio's S3, served on loopback, so that a process of another kind reaches it by presigned addresses."""
    url = aws_server().url
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    monkeypatch.setattr(moto.core.utils, "get_s3_custom_endpoints", lambda: [urlsplit(url).netloc])
    objects.s3.cache_clear()
    yield url
    objects.s3.cache_clear()


def test_given_our_client_and_a_real_worker_when_vfx_is_ordered_twice_over_the_wire_then_each_settles_with_its_film(
    bucket_url: str, studio: Studio, media: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Adapter, control plane, RunPod's SDK, claim, upload into our bucket, webhook, confirmation, settlement."""
    with ControlPlane() as plane:
        for name, value in (SETTINGS | plane.environment).items():
            monkeypatch.setenv(name, value)
        approved = an_approved_shot(studio, media)
        with WorkerProcess(plane, bucket_url, tmp_path / "worker.log"):
            answer = order(approved, "/api/vfx/reshoot", cameraPath="pan_left", amount=0.2)
            assert answer.status == 202, answer.text
            line = Line(approved.studio)
            line.until_quiet()
            job = plane.only()
            assert plane.ended(job)["status"] == "COMPLETED", job.status
            # RunPod handed the order to a second run as well: it finds the claim, and its report is followed home.
            twin = plane.submit(job.input, "twin-u1")
            twin.webhook = job.webhook
            assert plane.ended(twin)["output"] == {"duplicate": True, "claimedBy": job.id}
            assert line.deliver(plane.webhook(job)).status == 202
            line.until_quiet()
        take = taken(approved, answer.json["jobId"])
        settled = job_of(approved.project_id, answer.json["jobId"])
        assert settled["actual"] == 2 * 760  # 1.5 s of GPU, by the started second
        assert take["model"] == "sandbox/vfx"
        assert settled["answer"]["worker"]["metrics"]["engine"] == "cpu"
        assert probe(fetched(take["picture"], tmp_path)).frames == FRAMES
        assert money(approved.project_id)["reserved"] == 0
        claims = [key for key in _objects(approved.project_id, answer.json["jobId"]) if key.endswith("/claim")]
        assert json.loads(objects.read(claims[0]))["run"] == job.id


def test_given_a_twins_report_then_it_is_followed_to_the_run_that_has_the_claim(
    studio: Studio, media: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ControlPlane() as plane:
        for name, value in (SETTINGS | plane.environment).items():
            monkeypatch.setenv(name, value)
        approved = an_approved_shot(studio, media)
        plane.spoil("after")  # the answer is lost: nobody knows the submission's id yet
        answer = order(approved, "/api/vfx/rescue-focus")
        line = Line(approved.studio)
        line.until_quiet()
        job = plane.only()
        twin = plane.submit(job.input, "twin-u1")
        plane.end(job, "FAILED", 2_000, error="no light")
        plane.end(twin, "COMPLETED", 900, output={"duplicate": True, "claimedBy": job.id})
        delivery: Delivery = plane.webhook(twin)
        line.deliver(Delivery(job.webhook, delivery.headers, delivery.body))
        line.until_quiet()
    failed = job_of(approved.project_id, answer.json["jobId"])
    assert (failed["status"], failed["actual"]) == ("FAILED", 2 * 760)
    assert "no light" in failed["error"]["message"]


def _objects(project: str, job: str) -> list[str]:
    listed = objects.s3().list_objects_v2(Bucket=objects.bucket(), Prefix=keys.job_object(project, job, ""))
    return [row["Key"] for row in listed.get("Contents", [])]
