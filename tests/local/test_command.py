"""The command's words: one clear message for each fault of a brief, the exit code of the table, nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.errors import Exit
from tests.workflow.briefs import write_brief

ROOT = Path(__file__).parents[2]


def vibeboard(*arguments: str, text: str | None = None, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/shared:{ROOT}/functions"}
    return subprocess.run(
        [sys.executable, "-m", "local.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        input=text,
        timeout=seconds,
        check=False,
    )


def _missing_title(brief: dict[str, Any], _folder: Path) -> None:
    del brief["title"]


def _negative_cap(brief: dict[str, Any], _folder: Path) -> None:
    brief["creativeContract"]["budgetCap"] = -5


def _no_image(_brief: dict[str, Any], folder: Path) -> None:
    (folder / "ref1.jpg").write_text("not a picture", encoding="utf-8")


def _unknown_shape(brief: dict[str, Any], _folder: Path) -> None:
    brief["creativeContract"]["aspectRatio"] = "17:3"


def _unreadable_screenplay(brief: dict[str, Any], folder: Path) -> None:
    (folder / "film.fountain").write_bytes(bytes(range(256)) * 8)
    brief["screenplay"] = "film.fountain"


FAULTS = {
    "title": _missing_title,
    "creativeContract.budgetCap": _negative_cap,
    "creativeContract.referencePack": _no_image,
    "creativeContract.aspectRatio": _unknown_shape,
    "screenplay": _unreadable_screenplay,
}


@pytest.mark.parametrize("field", FAULTS)
def test_given_a_fault_in_the_brief_then_it_is_named_once_with_its_fix_and_nothing_is_left(
    tmp_path: Path, field: str
) -> None:
    path = write_brief(tmp_path / "brief")
    brief = json.loads(path.read_text(encoding="utf-8"))
    FAULTS[field](brief, path.parent)
    path.write_text(json.dumps(brief), encoding="utf-8")

    done = vibeboard("film", str(path), "--out", str(tmp_path / "film"))

    assert done.returncode == Exit.USAGE, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len([line for line in lines if line.startswith("  fix: ")]) == 1, done.stderr
    assert field in lines[0]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["brief"]


def test_given_no_brief_then_it_says_so(tmp_path: Path) -> None:
    done = vibeboard("film", str(tmp_path / "none.yaml"))
    assert done.returncode == Exit.USAGE
    assert "none.yaml" in done.stderr


def test_given_a_folder_without_a_package_then_verify_fails_with_its_code(tmp_path: Path) -> None:
    done = vibeboard("package", "verify", str(tmp_path), "--json")
    assert done.returncode == Exit.VERIFICATION_FAILED
    verdict = json.loads(done.stdout)
    assert verdict["valid"] is False
    assert {"name", "ok", "value", "reason"} == set(verdict["checks"][0])


def test_given_this_machine_then_doctor_finds_it_well() -> None:
    done = vibeboard("doctor", "--json")
    assert done.returncode == Exit.OK, done.stdout
    assert {"python", "ffmpeg", "encoders", "sentence model"} <= {row["name"] for row in json.loads(done.stdout)}


def test_given_no_studio_when_approvals_are_asked_then_it_says_how_to_name_one() -> None:
    done = vibeboard("approvals")
    assert done.returncode == Exit.USAGE
    assert "VIBEBOARD_URL" in done.stderr
