"""The model matrix: one row per scenario of the SOP, one resolver, and a price and inputs for whatever it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.statements import step_of
from vibeboard.domain.errors import Conflict
from vibeboard.domain.models import HERO, INTENTS, MATRIX, choose_frame_model, intent_of
from vibeboard.domain.pricing import FREE_OPERATIONS, IMAGE_MODELS
from vibeboard.domain.prompts import as_wording, full_negative, plain_negative
from vibeboard.jobs.drafts import frame_draft
from vibeboard.jobs.outcomes import OUTCOMES
from vibeboard.providers import matrix

CHAIN = {"id": "chn_a", "aspectRatio": "21:9", "frameRate": 24, "masterStyleContext": "85mm lens"}
SHOT = {"id": "seg_a", "shotName": "SC01_SH01", "prompt": "She waits", "negativePrompt": "(crowd:1.5)"}
BEFORE = {"key": "before.png", "takeId": "take_before"}


@pytest.mark.parametrize(
    ("facts", "model"),
    [
        ({"has_previous": False}, "fal-ai/flux/dev"),
        ({"has_previous": False, "has_lora": True}, "fal-ai/flux-lora"),
        ({"has_previous": True}, "fal-ai/qwen-image-edit-2511"),
        ({"has_previous": True, "has_lora": True}, "fal-ai/qwen-image-edit-2511"),
        ({"has_previous": True, "intent": "inpaint"}, "fal-ai/flux-kontext/dev"),
        ({"has_previous": False, "intent": "inpaint"}, "fal-ai/flux/dev"),
        ({"has_previous": True, "intent": "lettering"}, "fal-ai/ideogram/v2"),
        ({"has_previous": True, "intent": "hero"}, "fal-ai/nano-banana-pro"),
        ({"has_previous": False, "intent": "hero", "hero": "fal-ai/nano-banana-2"}, "fal-ai/nano-banana-2"),
    ],
)
def test_given_a_scenario_of_the_sop_then_its_row_is_taken_with_its_reason(facts: dict[str, bool], model: str) -> None:
    choice = choose_frame_model(**facts)  # type: ignore[arg-type]
    assert choice.model == model
    assert choice.reason


@given(st.sampled_from(INTENTS), st.booleans(), st.booleans())
def test_given_any_facts_then_one_row_fits_with_inputs_and_a_price(intent: str, source: bool, lora: bool) -> None:
    choice = choose_frame_model(has_previous=source, has_lora=lora, intent=intent)
    endpoint = matrix.ENDPOINTS[choice.model]
    assert choice.model in IMAGE_MODELS
    assert bool(endpoint.image) == choice.edits
    assert source or not choice.edits


def test_given_the_matrix_then_no_row_is_dead() -> None:
    asked = [
        choose_frame_model(has_previous=source, has_lora=lora, intent=intent)
        for intent in INTENTS for source in (True, False) for lora in (True, False)
    ]  # fmt: skip
    assert {row.choice.model for row in MATRIX} == {choice.model for choice in asked}


def test_given_a_setting_for_the_withdrawn_model_then_only_one_with_inputs_and_a_price_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert matrix.hero_model() == HERO.model
    monkeypatch.setenv("HERO_MODEL", "fal-ai/imagen4/preview")
    draft = frame_draft(CHAIN, SHOT, "first", None, intent="hero")
    assert (draft.model, draft.amount) == ("fal-ai/imagen4/preview", 40_000)
    monkeypatch.setenv("HERO_MODEL", "google/imagen-9")
    with pytest.raises(Conflict, match="imagen-9"):
        matrix.hero_model()


@pytest.mark.parametrize(
    ("prompt", "has_previous", "intent"),
    [
        ("Title card over black", False, "lettering"),
        ('A neon sign reads "OPEN"', False, "lettering"),
        ("She reads a letter", False, ""),
        ("Title card over black", True, ""),
    ],
)
def test_given_words_in_the_frame_then_a_new_picture_goes_to_the_letterer_and_a_continued_one_stays_an_edit(
    prompt: str, has_previous: bool, intent: str
) -> None:
    assert intent_of("", prompt, has_previous=has_previous) == intent


def test_given_a_frame_drawn_anew_then_nothing_of_the_frame_before_goes_in() -> None:
    drawn = frame_draft(CHAIN, SHOT, "first", BEFORE, intent="hero")
    edited = frame_draft(CHAIN, SHOT, "first", BEFORE)
    assert (drawn.input["source"], drawn.input["sourceTakeId"]) == (None, "")
    assert (edited.input["source"], edited.input["sourceTakeId"]) == ("before.png", "take_before")
    assert edited.input["reason"].startswith("I2I")


def test_given_lettering_then_the_global_terms_do_not_forbid_the_letters() -> None:
    lettered = frame_draft(CHAIN, SHOT, "first", None, intent="lettering").input["negative"]
    assert {"text", "logo"}.isdisjoint(plain_negative(lettered).split(", "))
    assert plain_negative(lettered).startswith("crowd, ugly")


def test_given_weights_then_a_model_that_ignores_them_never_sees_one() -> None:
    full = full_negative("(background people:1.3), hats, (crowd:1.5)")
    assert plain_negative(full).startswith("crowd, background people, ")
    assert ":" not in plain_negative(full) + as_wording(full)
    assert as_wording(full).startswith("with no background people, without hats, completely free of crowd")
    assert "no lettering" in as_wording(full)
    assert "no lettering" not in as_wording(full_negative("", lettering=True))


def test_given_any_operation_that_can_cost_something_then_the_statement_has_a_step_for_it() -> None:
    priced = OUTCOMES.keys() - FREE_OPERATIONS
    assert {name for name in priced if step_of({"operation": name}) == name} == set()
