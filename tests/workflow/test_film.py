"""The whole SOP through the real state machines: from a brief to a package that verifies."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.client import Studio
from local.errors import CommandFailed, Exit
from local.film import Verdict, make_film
from local.progress import Reporter
from tests.workflow.briefs import write_brief
from vibeboard.media.verify import verify_package

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
