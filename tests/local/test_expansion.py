"""SAM's expansion is kept, found again by what it was made of, and made anew for anything else."""

from pathlib import Path
from typing import Any

import pytest

from local import expansion


def document(memory: int) -> dict[str, Any]:
    function = {"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x", "MemorySize": memory}
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": function}},
    }


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return expansion.folder()


def test_given_the_same_template_when_expanded_again_then_it_is_the_one_that_was_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = expansion.expanded_by_sam(document(128))
    monkeypatch.setattr(expansion, "_transformed", lambda _: pytest.fail("expanded twice"))
    assert expansion.expanded_by_sam(document(128)) == first
    assert first["Resources"]["F"]["Type"] == "AWS::Lambda::Function"


def test_given_a_changed_template_when_expanded_then_the_change_is_in_it() -> None:
    expansion.expanded_by_sam(document(128))
    assert expansion.expanded_by_sam(document(256))["Resources"]["F"]["Properties"]["MemorySize"] == 256


@pytest.mark.parametrize("harm", ["", "{", "[1"])
def test_given_a_damaged_or_missing_cache_then_it_is_expanded_anew(cache: Path, harm: str) -> None:
    expansion.expanded_by_sam(document(128))
    (kept,) = cache.glob("*.json")
    kept.write_text(harm)
    assert "F" in expansion.expanded_by_sam(document(128))["Resources"]


def test_given_no_place_to_keep_it_then_it_is_expanded_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "F" in expansion.expanded_by_sam(document(128))["Resources"]
