"""The estimate of a film's progress: from jobs done against all that it is planned with."""

import io
from typing import Any

import pytest

from local.progress import Reporter, _part_done, steps_of


def job(operation: str, status: str = "complete", progress: int = 0, **more: Any) -> dict[str, Any]:
    return {"operation": operation, "status": status, "progress": progress, "target": {}} | more


def test_given_nothing_ordered_then_nothing_is_done() -> None:
    assert _part_done([], 12, passes=True) == 0


def test_given_every_job_of_the_plan_then_it_is_whole() -> None:
    jobs = [job("frame.draw")] * 4 + [job("clip.generate")] * 2 + [job("export.master")]
    assert _part_done(jobs, 2, passes=False) == 1


def test_given_half_the_footage_then_the_estimate_moves_on_but_never_back() -> None:
    frames = [job("frame.edit")] * 4
    parts = [
        _part_done(frames, 2, passes=False),
        _part_done([*frames, job("clip.generate", "running", 50)], 2, passes=False),
        _part_done([*frames, job("clip.generate")], 2, passes=False),
    ]
    assert parts == sorted(parts)
    assert 0 < parts[0] < parts[2] < 1


def test_given_no_terminal_then_a_line_tells_phase_jobs_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    report = Reporter(stream)
    report.expect(1)
    monkeypatch.setattr(report, "_begun", report._begun - 10)
    report.show({"phase": "Shoot"}, {"items": [job("frame.draw")] * 2, "counts": {"complete": 2}})
    assert "storyboard, footage, dailies · 2/2 jobs" in stream.getvalue()
    assert "left" in stream.getvalue()


def test_given_a_run_then_steps_are_seconds_per_phase_and_per_kind_of_work() -> None:
    at = "2026-01-01T00:00:{:02d}.000Z".format
    phases = {"Shoot": {"startedAt": at(5), "endedAt": at(25)}}
    jobs = [
        job("frame.draw", createdAt=at(6), updatedAt=at(8)),
        job("frame.edit", createdAt=at(8), updatedAt=at(11)),
    ]
    assert steps_of({"phases": phases, "jobs": jobs}) == {"Shoot": 20.0, "7 frames": 5.0}
