"""A film that is killed goes on where it was: one SIGKILL here, fifty in `make kills`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from local.film import make_film, state_of
from local.progress import Reporter
from tests.workflow.briefs import write_brief
from vibeboard.media.verify import verify_package

ROOT = Path(__file__).parents[2]
QUIET = Reporter(quiet=True)


def _film(brief: Path, out: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/shared:{ROOT}/functions"}
    command = [sys.executable, "-m", "local.cli", "film", str(brief), "--out", str(out), "--json"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _journal(out: Path) -> Path:
    return state_of(out) / "objects"


def test_given_a_kill_in_the_middle_when_run_again_then_nothing_is_paid_or_rendered_twice(tmp_path: Path) -> None:
    brief, out = write_brief(tmp_path / "brief"), tmp_path / "film"
    whole = make_film(brief, tmp_path / "undisturbed", report=QUIET)

    first = _film(brief, out)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and first.poll() is None:
        results = [path for path in _journal(out).rglob("*") if path.is_file()] if _journal(out).exists() else []
        if len(results) > 24:  # references, frames and some of the footage are there
            break
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (out / "Master.mov").exists()

    second = _film(brief, out)
    stdout, stderr = second.communicate(timeout=200)
    assert second.returncode == 0, stderr
    summary = json.loads(stdout)
    assert summary["jobs"] == whole["jobs"]
    assert summary["spend"] == whole["spend"]
    assert summary["frames"] == whole["frames"]
    takes = [
        json.loads((film / "Master.json").read_text(encoding="utf-8"))["clips"]
        for film in (out, tmp_path / "undisturbed")
    ]
    assert [clip["take"] for clip in takes[0]] == [clip["take"] for clip in takes[1]]
    assert [clip["score"] for clip in takes[0]] == [clip["score"] for clip in takes[1]]
    assert verify_package(out).valid

    third = _film(brief, out)
    again, _ = third.communicate(timeout=60)
    assert json.loads(again)["exportId"] == summary["exportId"]
