"""The whole SOP through the real state machines: from a brief to a package that verifies."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest

from local.client import Studio
from local.errors import CommandFailed, Exit
from local.film import Verdict, make_film
from local.progress import Reporter
from tests.workflow.briefs import write_brief
from vibeboard.domain.edl import read_edl
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import sample_at
from vibeboard.media.verify import verify_package

ROOT = Path(__file__).parents[2]
QUIET = Reporter(quiet=True)


class Director:
    """Decides approvals by a script: gate -> decisions in order; what is not scripted is approved."""

    def __init__(self, **script: list[Verdict]) -> None:
        self.script = script
        self.asked: list[str] = []

    def __call__(self, approval: dict[str, Any], _studio: Studio) -> Verdict:
        self.asked.append(approval["gate"])
        waiting = self.script.get(approval["gate"], [])
        return waiting.pop(0) if waiting else Verdict(True, "good")


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


def test_given_every_gate_rejected_once_when_produced_then_the_film_goes_round_and_is_delivered(tmp_path: Path) -> None:
    no = [Verdict(False, "not yet")]
    director = Director(
        contract=list(no),
        outline=list(no),
        dailies=list(no),
        shotLock=list(no),
        pictureLock=list(no),
        delivery=list(no),
    )
    brief = write_brief(tmp_path / "brief")
    summary = make_film(brief, tmp_path / "film", decide=director, report=QUIET)
    assert director.asked == [
        "contract", "contract", "outline", "outline", "dailies", "dailies", "shotLock", "dailies", "shotLock",
        "pictureLock", "pictureLock", "delivery", "pictureLock", "delivery",
    ]  # fmt: skip
    sidecar = json.loads((tmp_path / "film" / "Master.json").read_text(encoding="utf-8"))
    assert max(clip["take"] for clip in sidecar["clips"]) >= 2
    assert verify_package(tmp_path / "film").valid
    assert summary["verified"]


def test_given_a_refused_override_when_nothing_is_cheaper_then_the_film_is_declined(tmp_path: Path) -> None:
    director = Director(budget=[Verdict(False, "no money")] * 3)
    brief = write_brief(tmp_path / "brief", budgetCap=0.3)
    with pytest.raises(CommandFailed) as stopped:
        make_film(brief, tmp_path / "film", decide=director, report=QUIET)
    assert stopped.value.code == Exit.GATE_REFUSED
    assert not (tmp_path / "film").exists()


def test_given_two_references_when_produced_then_the_state_machine_refuses_with_the_sops_sentence(
    tmp_path: Path,
) -> None:
    brief = write_brief(tmp_path / "brief", references=2)
    with pytest.raises(CommandFailed) as stopped:
        make_film(brief, tmp_path / "film", report=QUIET)
    assert stopped.value.code == Exit.GATE_REFUSED
    assert "Complete Project Brief before generating" in stopped.value.why


def test_given_approve_ask_and_a_small_cap_then_the_terminal_shows_what_it_is_about_and_the_film_goes_on(
    tmp_path: Path,
) -> None:
    brief = write_brief(tmp_path / "brief", frameRate=29.97, aspectRatio="9:16", budgetCap=0.3)
    out = tmp_path / "film"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/shared:{ROOT}/functions"}
    answers = ["n", "Make it warmer", ""] + ["y"] * 20  # the contract goes back once; the cap is raised when asked
    asked = subprocess.run(
        [sys.executable, "-m", "local.cli", "film", str(brief), "--out", str(out), "--approve", "ask", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        input="\n".join(answers) + "\n",
        timeout=200,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stderr.count("Sign the creative contract?") == 2
    assert "Raise the budget cap?" in asked.stderr
    assert re.search(r"spent so far: 0\.0\d of 0\.30 USD", asked.stderr)  # the words are paid by then
    assert "/story-editor/outline" in asked.stderr
    assert "SC01_SH01 score" in asked.stderr
    summary = json.loads(asked.stdout)
    spend = summary["spend"]
    assert 0 < spend["committed"] <= spend["cap"] + spend["overrides"]
    found = lengths(out, 29.97)
    assert found["stream"] == found["edl"] == found["sidecar"] == summary["frames"]
    assert found["sound"] == 0
