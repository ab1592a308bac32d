"""The whole SOP through the real state machines: from a brief to a package that verifies."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.client import Studio
from local.errors import CommandFailed, Exit
from local.film import Verdict, make_film
from local.progress import Reporter
from tests.workflow.briefs import write_brief
from tests.workflow.damage import HELD, spoiling_ffmpeg
from vibeboard.media.dailies import FLAG_BELOW
from vibeboard.media.verify import verify_package

QUIET = Reporter(quiet=True)


class Director:
    """Decides approvals by a script: gate -> decisions in order; what is not scripted is approved.

    `dailies` is what the screening room knew when the dailies were shown first: takes and exceptions by shot.
    """

    def __init__(self, **script: list[Verdict]) -> None:
        self.script = script
        self.asked: list[str] = []
        self.dailies: dict[str, dict[str, Any]] = {}

    def __call__(self, approval: dict[str, Any], studio: Studio) -> Verdict:
        self.asked.append(approval["gate"])
        if approval["gate"] == "dailies" and not self.dailies:
            self.dailies = screened(approval["projectId"], studio)
        waiting = self.script.get(approval["gate"], [])
        return waiting.pop(0) if waiting else Verdict(True, "good")


def screened(project_id: str, studio: Studio) -> dict[str, dict[str, Any]]:
    """Every shot's clip takes, oldest first, and its log of exceptions."""
    rooms: dict[str, dict[str, Any]] = {}
    chains = f"/api/projects/{project_id}/scene-chains"
    for chain in studio.call("GET", chains)["sceneChains"]:
        log = studio.call("GET", f"{chains}/{chain['id']}/exceptions")["exceptions"]
        for segment in studio.call("GET", f"{chains}/{chain['id']}")["segments"]:
            takes = studio.call("GET", f"{chains}/{chain['id']}/segments/{segment['id']}/takes")["takes"]
            rooms[segment["shotName"]] = {
                "takes": [take for take in takes if take["kind"] == "clip"],
                "exceptions": [row for row in log if row["shotId"] == segment["shotName"]],
            }
    return rooms


@dataclass(frozen=True)
class Produced:
    """A film whose every gate was refused once, and one of whose shots was spoilt as it came in."""

    out: Path
    director: Director
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def produced(tmp_path_factory: pytest.TempPathFactory) -> Produced:
    folder = tmp_path_factory.mktemp("produced")
    gates = ("contract", "outline", "dailies", "shotLock", "pictureLock", "delivery")
    director = Director(**{gate: [Verdict(False, "not yet")] for gate in gates})
    with pytest.MonkeyPatch.context() as machine:
        machine.setenv("IMAGEIO_FFMPEG_EXE", str(spoiling_ffmpeg(folder)))
        summary = make_film(write_brief(folder / "brief"), folder / "film", decide=director, report=QUIET)
    return Produced(folder / "film", director, summary)


def test_given_every_gate_rejected_once_when_produced_then_the_film_goes_round_and_is_delivered(
    produced: Produced,
) -> None:
    assert produced.director.asked == [
        "contract", "contract", "outline", "outline", "dailies", "dailies", "shotLock", "dailies", "shotLock",
        "pictureLock", "pictureLock", "delivery", "pictureLock", "delivery",
    ]  # fmt: skip
    sidecar = json.loads((produced.out / "Master.json").read_text(encoding="utf-8"))
    assert max(clip["take"] for clip in sidecar["clips"]) >= 2
    assert verify_package(produced.out).valid
    assert produced.summary["verified"]


def test_given_a_shot_that_comes_in_damaged_then_dailies_name_it_and_it_alone_is_shot_again_before_anyone_is_asked(
    produced: Produced,
) -> None:
    rooms = produced.director.dailies
    damaged = [shot for shot, room in rooms.items() if room["takes"][0]["score"] < FLAG_BELOW]
    assert len(rooms) == 2
    assert len(damaged) == 1
    room, untouched = rooms.pop(damaged[0]), rooms.popitem()[1]

    first, second = room["takes"]
    assert "frozen" in first["issues"]
    frozen = next(row for row in room["exceptions"] if row["issue"] == "frozen")
    assert HELD[0] <= frozen["frame"] <= HELD[1]
    assert second["score"] >= FLAG_BELOW
    assert (frozen["state"], frozen["fixedByTake"]) == ("fixed", second["takeId"])

    assert len(untouched["takes"]) == 1, "the other shot was good: it is not paid for twice"
    assert not [row for row in untouched["exceptions"] if row["severity"] == "high"]


def test_given_a_refused_override_when_nothing_is_cheaper_then_the_film_is_declined(tmp_path: Path) -> None:
    director = Director(budget=[Verdict(False, "no money")] * 3)
    brief = write_brief(tmp_path / "brief", shots=1, budgetCap=0.2)
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
