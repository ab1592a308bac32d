"""A hundred prompt injections change words, and nothing but words: no id, order, length, weight, price or address."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from vibeboard.domain.plain_text import plain
from vibeboard.domain.prompts import parse_negative
from vibeboard.domain.story import Breakdown, Outline
from vibeboard.providers.sandbox.story import segment_prompts, write_breakdown, write_outline
from vibeboard.providers.screenplay import ScreenplayUnreadable, read_screenplay
from vibeboard.providers.words.answers import BreakdownAnswer, OutlineAnswer
from vibeboard.providers.words.asks import breakdown_ask, outline_ask
from vibeboard.providers.words.fitting import fit_breakdown

ATTACKS = yaml.safe_load((Path(__file__).parent / "data" / "injections.yaml").read_text(encoding="utf-8"))
IDENTIFIER = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:\s*//|javascript:|data:[a-z]+/|www\.", re.IGNORECASE)
RUNTIME, SHOTS = 20, 4
BASE = write_outline("A femme fatale in a laundromat", "noir", "dark")


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for entry in value.values() for text in strings(entry)]
    if isinstance(value, list):
        return [text for entry in value for text in strings(entry)]
    return [value] if isinstance(value, str) else []


def check(breakdown: Breakdown) -> None:
    """Everything that is not words is as it was asked for."""
    data = breakdown.model_dump(mode="json", by_alias=True)
    assert [shot.order_index for shot in breakdown.shots] == list(range(SHOTS))
    assert breakdown.runtime_seconds == RUNTIME
    assert data.keys() == {"scenes", "assetManifest"}
    manifest = data["assetManifest"]
    assert manifest.keys() == {"characters", "locations", "props"}
    assert all(IDENTIFIER.fullmatch(name) for names in manifest.values() for name in names)
    assert not any(ADDRESS.search(text) for text in strings(data))
    for segment in segment_prompts(breakdown):
        assert {term.weight for term in parse_negative(segment.negative_prompt)} <= {1.0, 1.3, 1.5}
    assert json.loads(json.dumps(data)) == data


def test_the_attacks_are_a_hundred() -> None:
    assert len(ATTACKS) == len(set(ATTACKS)) == 100


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_given_an_injection_in_what_people_write_when_the_sandbox_writes_then_only_words_change(attack: str) -> None:
    text = plain(attack) or "untitled"
    outline = write_outline(text, "noir", "dark", text)
    check(write_breakdown(outline, text, "noir", "dark", text, RUNTIME, SHOTS))
    try:
        page = read_screenplay(f"INT. ROOM - NIGHT\n\nA door. {attack}\n\nVERA\n{attack}\n\nHi.\n", "x.fountain")
    except ScreenplayUnreadable:  # control characters: these pages are refused whole
        assert set(attack) & set("\u202e\u200b\u200d\U000e0041\u0007\u0000\ufeff")
        return
    scenes = len(page.scenes)
    broken = write_breakdown(outline, text, "noir", "dark", "", RUNTIME, SHOTS, screenplay=page)
    assert len(broken.scenes) == scenes <= 2
    check(broken)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_given_an_injection_when_a_vendor_is_asked_then_it_stays_inside_its_tag(attack: str) -> None:
    harmless = outline_ask({"concept": "x", "genre": "x", "tone": "x"}, "x", 60, [])
    asked = outline_ask({"concept": attack, "genre": attack[:60], "tone": attack[:60]}, attack, 60, [])
    assert re.findall(r"</?\w+>", asked.material) == re.findall(r"</?\w+>", harmless.material)
    assert (asked.rules, asked.task, asked.answer, asked.max_tokens) == (
        harmless.rules, harmless.task, harmless.answer, harmless.max_tokens,
    )  # fmt: skip
    evil = BASE.model_copy(update={"logline": attack, "title": attack})
    asked = breakdown_ask({"concept": attack}, attack, RUNTIME, evil, SHOTS)
    assert asked.material.count("</outline>") == asked.material.count("</concept>") == 1
    assert not ADDRESS.search(asked.material)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_given_a_vendor_that_obeys_an_injection_when_its_answer_is_read_then_only_words_change(attack: str) -> None:
    told = plain(attack)
    scene = {
        "title": attack, "scenePrompt": attack, "location": attack, "interior": True, "timeOfDay": "night",
        "characters": [attack, "Vera"], "visualElements": [attack], "negativeElements": [attack, "crowd"],
        "shots": [
            {"prompt": attack, "firstFramePrompt": attack, "lastFramePrompt": attack, "shotSize": "wide shot",
             "angle": "eye level", "cameraMove": "static", "characters": [attack], "props": [attack],
             "dialogue": [{"character": attack, "line": attack}]}
        ] * SHOTS,
    }  # fmt: skip
    try:
        answer = BreakdownAnswer.model_validate({"scenes": [scene]})
    except ValidationError:
        assert not told or len(told) > 80  # nothing is left of it, or it is too long for a name
        return
    check(fit_breakdown(answer, runtime_seconds=RUNTIME, shots=SHOTS))


@pytest.mark.parametrize(
    "field",
    ["projectId", "budgetCap", "jobId", "cost", "price", "status", "version", "references", "url", "firstFrameUrl",
     "orderIndex", "duration", "assetManifest", "seed", "model", "id", "__proto__", "variation"],
)  # fmt: skip
def test_given_a_field_that_is_ours_when_a_vendor_answers_with_it_then_the_answer_is_refused(field: str) -> None:
    outline = BASE.model_dump(by_alias=True, exclude={"references", "variation"})
    OutlineAnswer.model_validate(outline)
    with pytest.raises(ValidationError, match="Extra inputs"):
        OutlineAnswer.model_validate(outline | {field: "x"})
    camera = {"shotSize": "wide shot", "angle": "eye level", "cameraMove": "static"}
    prompts = {"prompt": "x", "firstFramePrompt": "x", "lastFramePrompt": "x"}
    shot = camera | prompts | {"characters": [], "props": [], "dialogue": []}
    lists: dict[str, list[Any]] = {"characters": [], "visualElements": [], "negativeElements": [], "shots": [shot]}
    scene = {"title": "x", "scenePrompt": "x", "location": "x", "interior": True, "timeOfDay": "night"} | lists
    BreakdownAnswer.model_validate({"scenes": [scene]})
    for wrong in ({"scenes": [scene | {field: 1}]}, {"scenes": [scene | {"shots": [shot | {field: 1}]}]}):
        with pytest.raises(ValidationError, match="Extra inputs"):
            BreakdownAnswer.model_validate(wrong)


def test_given_more_than_a_film_can_hold_when_a_vendor_answers_then_the_answer_is_refused() -> None:
    outline = BASE.model_dump(by_alias=True, exclude={"references", "variation"})
    for wrong in (
        {"title": "x" * 201},
        {"acts": outline["acts"] * 5},
        {"themes": ["x"] * 9},
        {"synopsis": "x" * 6_001},
    ):
        with pytest.raises(ValidationError):
            OutlineAnswer.model_validate(outline | wrong)
    assert Outline.model_validate(outline).variation == 0
