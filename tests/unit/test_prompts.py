import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibeboard.domain.prompts import (
    GLOBAL_CLEANLINESS,
    WeightedTerm,
    full_negative,
    negative_prompt,
    parse_negative,
    positive_wording,
    render,
    with_banned,
)


def test_given_the_sops_negative_elements_then_its_weighted_negative_prompt_comes_out() -> None:
    assert negative_prompt(["crowd", "daylight"]) == "(crowd:1.5), (daylight:1.3)"


def test_given_named_weights_then_the_scale_is_written_and_normal_weight_stays_plain() -> None:
    assert negative_prompt(["hats", "cars", "fog"], {"hats": 1.0, "cars": 1.2}) == "hats, (cars:1.2), (fog:1.3)"


def test_given_the_sops_surgical_terms_then_they_parse_with_their_weights() -> None:
    found = parse_negative("(crowd:1.5), (background people:1.3), (bystanders:1.2), hats")
    assert [(t.term, t.weight) for t in found] == [
        ("crowd", 1.5),
        ("background people", 1.3),
        ("bystanders", 1.2),
        ("hats", 1.0),
    ]


def test_given_surgical_terms_then_the_global_cleanliness_is_prepended_once() -> None:
    full = full_negative("(crowd:1.5), (watermark:1.3)")
    assert full.startswith("ugly, deformed, disfigured, extra limbs, missing limbs, fused fingers, text")
    assert full.endswith("(crowd:1.5), (watermark:1.3)")
    assert full.count("watermark") == 1
    assert full_negative("") == ", ".join(GLOBAL_CLEANLINESS)


def test_given_brackets_in_an_element_then_they_cannot_break_out_of_their_term() -> None:
    assert parse_negative(negative_prompt(["a), (b:9", "c"])) == [WeightedTerm("a b 9", 1.5), WeightedTerm("c", 1.3)]


@pytest.mark.parametrize("text", ["(crowd:9)", "(crowd:0)"])
def test_given_a_weight_off_the_scale_then_it_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        parse_negative(text)


def test_given_a_model_without_negatives_then_removals_are_worded_positively_by_weight() -> None:
    worded = positive_wording(parse_negative("(crowd:1.5), (daylight:1.3), hats"))
    assert worded == "completely free of crowd, with no daylight, without hats"


@given(st.lists(st.text(alphabet="abc ():,", min_size=1, max_size=12), max_size=6))
def test_given_any_elements_then_rendering_and_parsing_agree(elements: list[str]) -> None:
    once = parse_negative(negative_prompt(elements))
    assert parse_negative(render(once)) == once


def test_given_banned_elements_when_joined_then_each_is_pressed_once_and_the_shots_own_weight_stays() -> None:
    joined = with_banned("(crowd:1.5), hats", ["Crowd", "daylight", "modern phones", "daylight", "(:"])
    assert joined == "(crowd:1.5), hats, (daylight:1.3), (modern phones:1.3)"
    assert with_banned("", []) == ""
