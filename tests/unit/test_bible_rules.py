"""SOP step 4: rules of the Style Bible against the words of a shot."""

from typing import Any

import pytest

from vibeboard.domain.bible_rules import check_shot

FATALE: dict[str, Any] = {  # the SOP's own rules
    "name": "Femme Fatale",
    "wardrobeRules": ["Black trench coat", "Red lipstick", "No hats"],
    "lightingRules": ["High contrast", "Rim lighting from behind"],
    "poseGuidance": ["Never facing directly at camera", "3/4 profile preferred"],
}
BANNED = ["daylight", "crowds", "modern phones"]


@pytest.mark.parametrize(
    ("text", "kind", "rule", "found"),
    [
        ("She wears a white trench coat", "wardrobe", "Black trench coat", "white trench coat"),
        ("Femme fatale in a red leather jacket", "wardrobe", "Black trench coat", "red leather jacket"),
        ("Pale lips, black lipstick", "wardrobe", "Red lipstick", "lips black lipstick"),
        ("She tips her hat to him", "wardrobe", "No hats", "hat"),
        ("The bar under flat lighting", "lighting", "High contrast", "flat lighting"),
        ("A high-key interview", "lighting", "High contrast", "high-key"),
        ("Her face is front-lit", "lighting", "Rim lighting from behind", "front-lit"),
        ("She looks into the camera", "pose", "Never facing directly at camera", "looks into the camera"),
        ("Close-up facing camera", "pose", "3/4 profile preferred", "facing camera"),
        ("They cross the street in daylight", "banned", "daylight", "daylight"),
        ("A crowd gathers outside", "banned", "crowds", "crowd"),
        ("He reads a modern phone", "banned", "modern phones", "modern phone"),
    ],
)  # fmt: skip
def test_given_words_against_a_rule_then_rule_and_words_are_named(text: str, kind: str, rule: str, found: str) -> None:
    rows = [row.to_dict() for row in check_shot(text, [FATALE], BANNED)]
    assert any((row["kind"], row["rule"], row["found"]) == (kind, rule, found.lower()) for row in rows), rows
    assert all(row["message"] for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "Femme fatale enters through steam",
        "She folds a black trench coat, red lipstick, rim light from behind, high contrast",
        "Wide shot, silhouette in doorway, no crowd, without daylight",
        "She turns her profile to the window; the camera pushes in",
        "Never a hat in sight",
        "The washing machine's coat of paint peels",
        "",
    ],
)
def test_given_words_that_keep_the_rules_then_nothing_is_found(text: str) -> None:
    assert [row.message for row in check_shot(text, [FATALE], BANNED)] == []


def test_given_somebody_else_in_the_shot_then_her_rules_do_not_bind() -> None:
    assert check_shot("He tips his hat", [{"name": "Marlowe", "wardrobeRules": []}], []) == []
