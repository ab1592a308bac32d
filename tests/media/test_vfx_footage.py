"""A short slice of the VFX benchmark: each repair improves its own measure on real footage (bench_vfx has the rest)."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests.benchmarks import bench_vfx
from tests.benchmarks.bench_vfx import Row

SLICE: dict[str, Callable[[Path], Iterator[Row]]] = {
    "stabilise": lambda folder: bench_vfx.stabilising(folder, "face", 1.5, 30),
    "focus": lambda folder: bench_vfx.focusing(folder, "face", 1.5, 4),
    "eraser": lambda folder: bench_vfx.across_the_shot(folder, "wall", 14),
    "speed": lambda folder: bench_vfx.pacing(folder, "face", Fraction(24, 25), 26),
    "frames between": lambda folder: bench_vfx.between(folder, "face", 13),
}


@pytest.mark.parametrize("name", SLICE)
def test_on_real_footage_each_repair_gains_at_least_its_floor(name: str, tmp_path: Path) -> None:
    rows = list(SLICE[name](tmp_path))
    assert rows
    assert [row for row in rows if not row.holds] == []


def test_a_repair_that_does_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def untouched(source: Path, out: Path, **_: object) -> None:
        out.write_bytes(source.read_bytes())

    for repair in ("stabilise", "rescue_focus", "erase"):
        monkeypatch.setattr(bench_vfx, repair, untouched)
    for name in ("stabilise", "focus", "eraser"):
        assert not any(row.holds for row in SLICE[name](tmp_path)), name
