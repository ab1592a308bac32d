"""A film made from the terminal: asked about, killed in the middle, gone on with, and counted by four readers.

One SIGKILL here, held against the film's own books; fifty in `make kills`, against a film that nobody disturbed.
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
from tests.benchmarks.kills import look
from tests.workflow.briefs import write_brief
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import sample_at

ROOT = Path(__file__).parents[2]
RATE = 29.97
BEFORE = ["n", "Make it warmer", ""] + ["y"] * 20  # the contract goes back once; the cap is raised when asked
AFTER = ["y"] * 20
ENOUGH = 24  # objects: references, frames and some of the footage are there


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
    """A film killed while it was shot and gone on with: where, its brief, its summary, and what both runs showed."""

    out: Path
    brief: Path
    summary: dict[str, Any]
    before: str
    after: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("asked")
    out = folder / "film"
    brief = write_brief(folder / "brief", frameRate=RATE, aspectRatio="9:16", budgetCap=0.3)
    first = start(brief, out)
    assert first.stdin is not None
    first.stdin.write(said(BEFORE))
    first.stdin.flush()
    deadline = time.monotonic() + 120
    results = state_of(out) / "objects"
    while time.monotonic() < deadline and first.poll() is None:
        if results.exists() and sum(path.is_file() for path in results.rglob("*")) > ENOUGH:
            break
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    _, before = first.communicate()
    assert not (out / "Master.mov").exists()

    second = start(brief, out)
    stdout, after = second.communicate(said(AFTER), timeout=200)
    assert second.returncode == 0, after
    return Made(out, brief, json.loads(stdout), before, after)


def lengths(out: Path) -> dict[str, int]:
    """The film's length as four readers see it; the master is read by PyAV, which shipped code does not use."""
    rate = exact_rate(RATE)
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
    made: Made,
) -> None:
    assert made.before.count("Sign the creative contract?") == 2
    assert "Raise the budget cap?" in made.before
    assert re.search(r"spent so far: 0\.0\d of 0\.30 USD", made.before)  # the words are paid by then
    assert "/story-editor/outline" in made.before
    assert "SC01_SH01 score" in made.after
    spend = made.summary["spend"]
    assert 0 < spend["committed"] <= spend["cap"] + spend["overrides"]
    found = lengths(made.out)
    assert found["stream"] == found["edl"] == found["sidecar"] == made.summary["frames"]
    assert found["sound"] == 0


def test_given_a_kill_in_the_middle_when_run_again_then_nothing_is_paid_or_rendered_twice(made: Made) -> None:
    assert "Sign the creative contract?" not in made.after
    books = look(made.out)  # which also verifies the package
    assert max(books.submissions.values()) == 1, f"sent twice: {books.submissions}"
    assert books.jobs["total"] == len(books.submissions), "a frame, take or file was ordered twice"
    bill = sum(int(entry.split()[1]) * count for entry, count in books.entries.items() if entry.startswith("settle "))
    assert books.spend["committed"] == bill / 1_000_000
    assert [take for take, *_ in books.takes] == [1, 1]

    third = start(made.brief, made.out)
    again, _ = third.communicate(timeout=60)
    assert json.loads(again)["exportId"] == made.summary["exportId"]
