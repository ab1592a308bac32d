"""Hostile and odd media, each through the three doors: an upload's check, the media function's work on a shot, and
`vibeboard analyze`. It works, or gets its own problem; and nothing outside the job's folder is opened, as the kernel
says (inotify)."""

import ast
import ctypes
import json
import os
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from local.cli import cli
from media.operations import vfx
from media.work import Work
from projects import content
from tests.media.moving import shot, write
from vibeboard.domain.errors import Invalid, VibeBoardError
from vibeboard.media import ffmpeg
from vibeboard.media.ffmpeg import run
from vibeboard.store import objects

FRAMES = 6
IN_OPEN, IN_ACCESS = 0x20, 0x01


@dataclass(frozen=True)
class Case:
    """upload, work: the problem's code at that door, "" where it is taken. frames: what is measured when it is."""

    name: str
    upload: str
    work: str
    frames: int = FRAMES


CASES = {
    "hls list": Case("list.mp4", "UPLOAD_REFUSED", "MEDIA_WRONG_TYPE"),
    "hls list behind an mp4's first bytes": Case("masked.mp4", "", "MEDIA_UNREADABLE"),
    "concat script": Case("script.mp4", "UPLOAD_REFUSED", "MEDIA_WRONG_TYPE"),
    "cut short": Case("short.mp4", "", "MEDIA_TRUNCATED"),
    "without its index": Case("headless.mp4", "", "MEDIA_UNREADABLE"),
    "no frames": Case("empty.mp4", "", "MEDIA_UNREADABLE"),
    "no bytes": Case("nothing.mp4", "UPLOAD_REFUSED", "MEDIA_EMPTY"),
    "20,000 pixels wide": Case("wide.mov", "", "MEDIA_TOO_LARGE"),
    "webm named mp4": Case("webm.mp4", "UPLOAD_REFUSED", "MEDIA_WRONG_TYPE"),
    "variable rate": Case("variable.mp4", "", ""),
    "rotated": Case("rotated.mp4", "", ""),
    "odd sizes": Case("odd.mp4", "", ""),
    "ten bits": Case("ten.mp4", "", ""),
    "no sound": Case("silent.mp4", "", ""),
}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody else's film, which no file may pull in."""
    return write(tmp_path_factory.mktemp("elsewhere") / "canary.mp4", shot(77)[:FRAMES])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, canary: Path) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    good = write(folder / "silent.mp4", shot(78)[:FRAMES])
    faststart = folder / "faststart.mp4"
    run(["-i", str(good), "-c", "copy", "-movflags", "+faststart", str(faststart)])
    whole = good.read_bytes()
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nfile://{canary}\n#EXT-X-ENDLIST\n"
    texts = {
        "list.mp4": playlist,
        "masked.mp4": f"\0\0\0\x18ftypisom\n{playlist}",
        "script.mp4": f"ffconcat version 1.0\nfile '{canary}'\n",
        "nothing.mp4": "",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "short.mp4").write_bytes(faststart.read_bytes()[:-300])
    (folder / "headless.mp4").write_bytes(whole[: whole.rindex(b"moov") - 4])
    source = ["-i", str(good)]
    plain = ["-c:v", "libx264", "-preset", "ultrafast"]
    run([*source, "-t", "0", *plain, str(folder / "empty.mp4")])
    wide = ["-f", "lavfi", "-i", "color=c=gray:s=20000x16:r=24:d=0.1", "-c:v", "png", str(folder / "wide.mov")]
    run(wide)
    run([*source, "-c:v", "libvpx", "-f", "webm", str(folder / "webm.mp4")])
    uneven = ["-vf", "setpts='N*N/24/TB'", "-fps_mode", "vfr", *plain, "-video_track_timescale", "24000"]
    run([*source, *uneven, str(folder / "variable.mp4")])
    run(["-display_rotation", "90", *source, "-c", "copy", str(folder / "rotated.mp4")])
    run([*source, "-vf", "crop=321:121:0:0:exact=1,format=yuv444p", *plain, str(folder / "odd.mp4")])
    run([*source, "-pix_fmt", "yuv420p10le", *plain, str(folder / "ten.mp4")])
    return folder


class Watch:
    """Every opening and reading of a file, told by the kernel."""

    def __init__(self, path: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._inotify >= 0
        assert self._libc.inotify_add_watch(self._inotify, os.fsencode(path), IN_OPEN | IN_ACCESS) >= 0

    def seen(self) -> bool:
        ready, _, _ = select.select([self._inotify], [], [], 0)
        if ready:
            os.read(self._inotify, 65536)
        return bool(ready)

    def close(self) -> None:
        os.close(self._inotify)


@pytest.fixture
def watch(canary: Path) -> Iterator[Watch]:
    watch = Watch(canary)
    yield watch
    watch.close()


def test_the_watch_sees_what_reads_the_canary(watch: Watch, canary: Path) -> None:
    assert not watch.seen()
    with canary.open("rb") as file:
        file.read(1)
    assert watch.seen()


def repair(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the media function does with a shot whose take is this file: a reshoot, as a job."""

    def fetched(_: str, to: Path) -> Path:
        # The object lies under a key with the file's own suffix.
        to = to.with_suffix(path.suffix)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
        return to

    monkeypatch.setattr(objects, "download", fetched)
    monkeypatch.setattr(Work, "keep", lambda _self, kept, *_: str(kept))
    monkeypatch.setattr(Work, "progress", lambda _self, _part: None)
    body = {"picture": "take", "sound": None, "sourceTakeId": "take_0", "frames": FRAMES, "width": 480, "height": 270,
            "rate": [24, 1], "params": {"cameraPath": "zoom_in", "amount": 0.1}}  # fmt: skip
    job = {"operation": "vfx.reshoot", "projectId": "p", "jobId": "job_1", "model": "m", "input": body}
    return vfx.run(Work(job, folder))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_at_every_door_it_works_or_gets_its_problem_and_nothing_else_is_read(
    case: Case, files: Path, watch: Watch, canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files / case.name
    # The upload's check.
    try:
        content.examine("clip", case.name, path.read_bytes())
        refused = ""
    except Invalid as fault:
        refused = fault.code
    assert refused == case.upload
    # The media function.
    monkeypatch.chdir(tmp_path)
    try:
        made = repair(path, tmp_path / "job", monkeypatch)
        code = ""
    except VibeBoardError as fault:
        code, told = fault.code, fault.detail
        assert str(canary) not in told
    assert code == case.work
    if not code:
        assert made["frames"] == case.frames
        assert made["report"]["frames"] == case.frames
    # The command.
    ran = CliRunner().invoke(cli, ["analyze", str(path), "--json"])
    if case.work:
        assert ran.exit_code != 0
        assert str(canary) not in ran.output
    else:
        assert ran.exit_code == 0, ran.output
        assert json.loads(ran.output)["frames"] == case.frames
    assert not watch.seen(), "somebody else's film was opened"


def test_every_input_of_a_program_is_fenced() -> None:
    """In the code: -i only behind the whitelists or from a pipe of ours, movie= only with format_opts."""
    for path in sorted(Path(ffmpeg.__file__).parent.glob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.List):
                words = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
                source = ast.unparse(node)
                if "-i" in words:
                    ours = "pipe:0" in words or "lavfi" in words or "*fence" in source or "input_args" in source
                    assert ours or {"-protocol_whitelist", "-format_whitelist"} <= set(words), f"{path.name}: {source}"
            if isinstance(node, ast.JoinedStr):
                drawn = ast.unparse(node)
                if "movie=" in drawn:
                    assert "format_opts" in drawn, f"{path.name}: {drawn}"
