import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from vibeboard.domain.brief import Brief, BriefInvalid, BriefProblem, brief_fields, brief_schema, load_brief
from vibeboard.domain.formats import ASPECT_RATIOS, FRAME_RATES, TARGET_FORMATS
from vibeboard.providers.screenplay import read_screenplay

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/brief.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(3):
        Image.new("RGB", (64, 36), (20 * index, 40, 80)).save(tmp_path / f"ref{index}.jpg")
    return tmp_path


def data(**changes: Any) -> dict[str, Any]:
    """A valid brief; "a.b" keys change a nested field, None removes it."""
    brief: dict[str, Any] = {
        "title": "Test",
        "creativeContract": {
            "targetFormat": "trailer",
            "targetRuntime": 60,
            "aspectRatio": "21:9",
            "frameRate": 24,
            "referencePack": ["ref0.jpg", "ref1.jpg", "ref2.jpg"],
            "budgetCap": 20.0,
        },
        "concept": {"concept": "Neo-Noir Laundromat", "genre": "thriller", "tone": "dark"},
    }
    for key, value in changes.items():
        *path, last = key.split("__")
        target = brief
        for part in path:
            target = target[part]
        if value is None:
            del target[last]
        else:
            target[last] = value
    return brief


def load(folder: Path, content: dict[str, Any] | str, name: str = "brief.yaml") -> Brief:
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (folder / name).write_text(text, encoding="utf-8")
    return load_brief(folder / name, read_screenplay)


def refused(folder: Path, content: dict[str, Any] | str) -> list[BriefProblem]:
    with pytest.raises(BriefInvalid) as caught:
        load(folder, content)
    assert all(p.file and p.message and p.fix for p in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.parent.name)
def test_given_an_example_then_it_loads_with_three_references(path: Path) -> None:
    brief = load_brief(path, read_screenplay)
    assert len(brief.reference_paths) == 3
    assert brief.creative_contract.aspect_ratio in ASPECT_RATIOS
    assert all(p.stat().st_size <= 60 * 1024 for p in brief.reference_paths)


def test_given_the_sops_contract_then_it_dumps_in_its_field_names(folder: Path) -> None:
    contract = load(folder, data()).creative_contract.model_dump()
    assert contract["budgetCap"] == 20.0
    assert set(contract) == {
        "targetFormat", "targetRuntime", "aspectRatio", "frameRate", "referencePack", "budgetCap", "styleNotes",
    }  # fmt: skip


def test_given_json_or_yaml_then_both_load_the_same(folder: Path) -> None:
    one = load(folder, data())
    two = load(folder, json.dumps(data()), "brief.json")
    assert one.model_dump(exclude={"path"}) == two.model_dump(exclude={"path"})


def test_given_unquoted_ratios_then_yaml_does_not_turn_them_into_numbers(folder: Path) -> None:
    text = yaml.safe_dump(data()).replace("'21:9'", "16:9").replace('"21:9"', "16:9")
    assert "aspectRatio: 16:9" in text
    assert load(folder, text).creative_contract.aspect_ratio == "16:9"


def test_given_short_reference_pack_or_no_cap_then_the_brief_loads_for_the_gate_to_refuse(folder: Path) -> None:
    text = yaml.safe_dump(data(creativeContract__referencePack=["ref0.jpg"])).replace(
        "budgetCap: 20.0", "budgetCap: null"
    )
    brief = load(folder, text)
    assert (len(brief.reference_paths), brief.creative_contract.budget_cap) == (1, None)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"title": None}, "title", "missing"),
        ({"creativeContract__budgetCap": None}, "creativeContract.budgetCap", "missing"),
        ({"creativeContract__referencePack": None}, "creativeContract.referencePack", "missing"),
        ({"concept__genre": None}, "concept.genre", "missing"),
        ({"creativeContract__budgetCap": -5}, "creativeContract.budgetCap", "negative"),
        ({"creativeContract__budgetCap": 19.999}, "creativeContract.budgetCap", "more than two decimals"),
        ({"creativeContract__budgetCap": "20"}, "creativeContract.budgetCap", "not of type"),
        ({"creativeContract__aspectRatio": "3:2"}, "creativeContract.aspectRatio", "no known aspect ratio"),
        ({"creativeContract__frameRate": 48}, "creativeContract.frameRate", "no known frame rate"),
        ({"creativeContract__targetRuntime": 12.3}, "creativeContract.targetRuntime", "half second"),
        ({"creativeContract__targetRuntime": 0}, "creativeContract.targetRuntime", "out of range"),
        ({"creativeContract__referencePack": ["none.jpg"]}, "creativeContract.referencePack[0]", "does not exist"),
        ({"shots": 2}, "shots", "2 shots cannot fill 60 seconds"),
        ({"shots": 61}, "shots", "61 shots cannot fill 60 seconds"),
        ({"screenplay": "no.fountain"}, "screenplay", "does not exist"),
        ({"optics": {"camera": "Brownie", "lens": "50mm T2"}}, "optics.camera", "not in the sensor table"),
        ({"optics": {"camera": "FX3", "lens": "nice lens"}}, "optics.lens", "focal length"),
        ({"colour": "blue"}, "colour", "unknown"),
    ],
)
def test_given_one_fault_then_one_message_names_the_field(
    folder: Path, changes: dict[str, Any], field: str, message: str
) -> None:
    (problem,) = refused(folder, data(**changes))
    assert (problem.file, problem.field) == ("brief.yaml", field)
    assert message in problem.message


def test_given_an_unknown_ratio_or_rate_then_the_fix_lists_the_known_ones(folder: Path) -> None:
    (problem,) = refused(folder, data(creativeContract__aspectRatio="3:2"))
    assert all(ratio in problem.fix for ratio in ASPECT_RATIOS)
    (problem,) = refused(folder, data(creativeContract__frameRate=48))
    assert all(rate in problem.fix for rate in FRAME_RATES)


def test_given_several_faults_then_each_has_its_own_message(folder: Path) -> None:
    problems = refused(folder, data(title=None, creativeContract__budgetCap=-1, creativeContract__aspectRatio="x"))
    assert len(problems) == 3


def test_given_a_reference_that_is_no_image_then_it_is_found_by_content(folder: Path) -> None:
    (folder / "ref1.jpg").write_bytes(b"GIF89a not really")
    Image.new("RGB", (64, 36)).save(folder / "ref2.jpg", format="GIF")
    (folder / "ref0.jpg").write_bytes((folder / "ref0.jpg").read_bytes()[:400])
    problems = refused(folder, data())
    assert [p.field[-3:] for p in problems] == ["[0]", "[1]", "[2]"]
    assert [("no readable" in p.message, "GIF" in p.message) for p in problems] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip


def test_given_an_image_of_absurd_size_then_it_is_refused_without_decoding(folder: Path) -> None:
    Image.new("1", (9000, 40)).save(folder / "ref0.png")
    (problem,) = refused(folder, data(creativeContract__referencePack=["ref0.png", "ref1.jpg", "ref2.jpg"]))
    assert "9000 x 40" in problem.message
    assert "16 to 8000" in problem.fix


def test_given_an_unreadable_screenplay_then_its_file_and_reason_are_named(folder: Path) -> None:
    (folder / "s.fountain").write_bytes(b"\xff\xfe\x00\x01")
    (problem,) = refused(folder, data(screenplay="s.fountain"))
    assert (problem.file, problem.field) == ("s.fountain", "screenplay")
    assert "UTF-8" in problem.message
    (folder / "s.fountain").write_text("only prose")
    (problem,) = refused(folder, data(screenplay="s.fountain"))
    assert "no scene heading" in problem.message


def test_given_fewer_shots_than_scenes_then_the_scenes_are_named(folder: Path) -> None:
    (folder / "s.fountain").write_text("".join(f"INT. ROOM {i} - DAY\n\nA clock ticks.\n\n" for i in range(9)))
    (problem,) = refused(folder, data(screenplay="s.fountain", shots=8))
    assert "9 scenes" in problem.message
    assert "Give 9 to 60 shots" in problem.fix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [unclosed", "line"),
        ("- a list", "no mapping"),
        ("a: &x [1]\nb: *x", "alias"),
        ("title: a\ntitle: b", "stands twice"),
        ("", "no mapping"),
    ],
)
def test_given_broken_yaml_then_the_file_is_named(folder: Path, text: str, message: str) -> None:
    (problem,) = refused(folder, text)
    assert message in problem.message


def test_given_no_file_or_no_text_then_it_is_one_clear_message(folder: Path) -> None:
    with pytest.raises(BriefInvalid, match="does not exist"):
        load_brief(folder / "none.yaml", read_screenplay)
    (folder / "bin.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BriefInvalid, match="UTF-8"):
        load_brief(folder / "bin.yaml", read_screenplay)


def test_given_the_schema_then_its_lists_are_those_of_the_formats() -> None:
    contract = brief_schema()["properties"]["creativeContract"]["properties"]
    assert contract["aspectRatio"]["enum"] == list(ASPECT_RATIOS)
    assert {str(rate) for rate in contract["frameRate"]["enum"]} == set(FRAME_RATES)
    assert contract["targetFormat"]["enum"] == list(TARGET_FORMATS)


def test_given_the_reference_page_then_it_shows_every_field_of_the_schema_and_a_brief_that_loads(folder: Path) -> None:
    page = (ROOT / "docs" / "reference" / "brief.md").read_text(encoding="utf-8")
    for path, values, required, default, meaning in brief_fields():
        row = f"| `{path}` | {values} | {'yes' if required else ''} | {default} | {meaning} |"
        assert row in page, row
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    for name in ("alley", "washers", "portrait"):
        Image.new("RGB", (64, 36)).save(folder / f"{name}.jpg")
    (folder / "laundromat.fountain").write_text("INT. LAUNDROMAT - NIGHT\n\nSteam.\n")
    assert load(folder, example[1]).title
