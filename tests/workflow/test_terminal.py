"""A film made from the terminal: asked about, counted by four readers, killed and gone on with.

One SIGKILL here, fifty in `make kills`.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from local.film import state_of
from tests.workflow.briefs import write_brief
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import sample_at
from vibeboard.media.verify import verify_package

ROOT = Path(__file__).parents[2]
ANSWERS = ["n", "Make it warmer", ""] + ["y"] * 20  # the contract goes back once; the cap is raised when asked


def start(brief: Path, out: Path) -> "subprocess.Popen[str]":
    """`vibeboard film --approve ask --json`, with the answers waiting in its standard input."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/shared:{ROOT}/functions"}
    command = [sys.executable, "-m", "local.cli", "film", str(brief), "--out", str(out), "--approve", "ask", "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def said(answers: list[str]) -> str:
    return "\n".join(answers) + "\n"


@dataclass(frozen=True)
class Made:
    """A finished film: where, its brief, its summary and what the terminal showed."""

    out: Path
    brief: Path
    summary: dict[str, Any]
    shown: str

    @property
    def clips(self) -> list[dict[str, Any]]:
        return clips_of(self.out)


def clips_of(out: Path) -> list[dict[str, Any]]:
    clips: list[dict[str, Any]] = json.loads((out / "Master.json").read_text(encoding="utf-8"))["clips"]
    return clips


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A film at 29.97 whose producer has to be asked for more money."""
    folder = tmp_path_factory.mktemp("asked")
    brief = write_brief(folder / "brief", frameRate=29.97, aspectRatio="9:16", budgetCap=0.3)
    film = start(brief, folder / "film")
    stdout, stderr = film.communicate(said(ANSWERS), timeout=200)
    assert film.returncode == 0, stderr
    return Made(folder / "film", brief, json.loads(stdout), stderr)


def lengths(out: Path, frame_rate: float) -> dict[str, int]:
    """The film's length as four readers see it; the master is read by PyAV, which shipped code does not use."""
    rate = exact_rate(frame_rate)
    with av.open(str(out / "Master.mov")) as master:
        picture = sum(1 for packet in master.demux(master.streams.video[0]) if packet.size)
    with av.open(str(out / "Master.mov")) as master:
        sound = sum(frame.samples for frame in master.decode(master.streams.audio[0]))
    edl = read_edl((out / "Master.edl").read_text(encoding="utf-8"), rate)
    sidecar = json.loads((out / "Master.json").read_text(encoding="utf-8"))
    return {
        "stream": picture,
        "edl": sum(event.record_out - event.record_in for event in edl.picture),
        "sidecar": sum(clip["frames"] for clip in sidecar["clips"]),
        "sound": sound - sample_at(picture, rate),
    }


def test_given_approve_ask_and_a_small_cap_then_the_terminal_shows_what_it_is_about_and_the_film_goes_on(
    asked: Made,
) -> None:
    assert asked.shown.count("Sign the creative contract?") == 2
    assert "Raise the budget cap?" in asked.shown
    assert re.search(r"spent so far: 0\.0\d of 0\.30 USD", asked.shown)  # the words are paid by then
    assert "/story-editor/outline" in asked.shown
    assert "SC01_SH01 score" in asked.shown
    spend = asked.summary["spend"]
    assert 0 < spend["committed"] <= spend["cap"] + spend["overrides"]
    found = lengths(asked.out, 29.97)
    assert found["stream"] == found["edl"] == found["sidecar"] == asked.summary["frames"]
    assert found["sound"] == 0


def test_given_a_kill_in_the_middle_when_run_again_then_nothing_is_paid_or_rendered_twice(
    asked: Made, tmp_path: Path
) -> None:
    out = tmp_path / "film"
    first = start(asked.brief, out)
    assert first.stdin is not None
    first.stdin.write(said(ANSWERS))
    first.stdin.flush()
    deadline = time.monotonic() + 120
    results = state_of(out) / "objects"
    while time.monotonic() < deadline and first.poll() is None:
        if results.exists() and sum(path.is_file() for path in results.rglob("*")) > 24:
            break  # references, frames and some of the footage are there
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (out / "Master.mov").exists()

    second = start(asked.brief, out)
    stdout, stderr = second.communicate(said(["y"] * 20), timeout=200)
    assert second.returncode == 0, stderr
    summary = json.loads(stdout)
    for name in ("jobs", "spend", "frames"):
        assert summary[name] == asked.summary[name], name
    assert [clip["take"] for clip in clips_of(out)] == [clip["take"] for clip in asked.clips]
    assert [clip["score"] for clip in clips_of(out)] == [clip["score"] for clip in asked.clips]
    assert verify_package(out).valid

    third = start(asked.brief, out)
    again, _ = third.communicate(timeout=60)
    assert json.loads(again)["exportId"] == summary["exportId"]
