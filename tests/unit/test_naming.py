import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibeboard.domain.naming import ASSET_TYPES, asset_name, check_name


@pytest.mark.parametrize(
    ("given_parts", "expected"),
    [
        ((1, 3, "CHAR", "Femme Fatale"), "SC01_SH03_CHAR_FemmeFatale"),
        ((1, 3, "prop", "washing_machine"), "SC01_SH03_PROP_WashingMachine"),
        ((1, 3, "location", "laundromat interior"), "SC01_SH03_LOC_LaundromatInterior"),
        ((12, 104, "sound", "Été 2"), "SC12_SH104_SND_Ete2"),
        ((1, 1, "REF", "35mm still"), "SC01_SH01_REF_N35mmStill"),
    ],
)
def test_given_scene_shot_type_and_name_then_the_schema_is_built(
    given_parts: tuple[int, int, str, str], expected: str
) -> None:
    assert asset_name(*given_parts) == expected


@pytest.mark.parametrize(
    "name", ["SC01_SH03_CHAR_FemmeFatale", "SC01_SH03_LOC_LaundromaInterior", "SC120_SH07_VFX_Smoke"]
)
def test_given_the_sops_names_when_checked_then_they_pass(name: str) -> None:
    assert check_name(name).ok


@pytest.mark.parametrize(
    ("wrong", "suggested"),
    [
        ("sc1_sh3_char_femme fatale", "SC01_SH03_CHAR_FemmeFatale"),
        ("SC01-SH03-CHARACTER-FemmeFatale", "SC01_SH03_CHAR_FemmeFatale"),
        ("Scene 1 Shot 3 prop washing machine", "SC01_SH03_PROP_WashingMachine"),
        ("SC01_SH03_CHRA_FemmeFatale", "SC01_SH03_CHAR_FemmeFatale"),
        ("SC00_SH03_CHAR_X", "SC01_SH03_CHAR_X"),
        ("SC001_SH03_CHAR_X", "SC01_SH03_CHAR_X"),
    ],
)
def test_given_a_near_miss_when_checked_then_the_nearest_valid_name_is_suggested(wrong: str, suggested: str) -> None:
    verdict = check_name(wrong)
    assert not verdict.ok
    assert verdict.reason
    assert verdict.suggestion == suggested
    assert check_name(suggested).ok


@pytest.mark.parametrize("wrong", ["", "femme fatale", "SC01_SH03", "../../etc/passwd", "SC01_SH03_CHAR_"])
def test_given_nothing_to_repair_when_checked_then_it_is_refused_without_a_guess(wrong: str) -> None:
    verdict = check_name(wrong)
    assert (verdict.ok, verdict.suggestion) == (False, "")


@pytest.mark.parametrize(
    "parts", [(0, 1, "CHAR", "X"), (1, 1000, "CHAR", "X"), (1, 1, "ZZZZZ", "X"), (1, 1, "CHAR", "…")]
)
def test_given_impossible_parts_then_the_builder_refuses(parts: tuple[int, int, str, str]) -> None:
    with pytest.raises(ValueError, match=r"number|type|name"):
        asset_name(*parts)


@given(st.integers(1, 999), st.integers(1, 999), st.sampled_from(sorted(ASSET_TYPES)), st.text(max_size=90))
def test_given_any_text_then_a_built_name_always_passes_the_check(scene: int, shot: int, kind: str, text: str) -> None:
    try:
        name = asset_name(scene, shot, kind, text)
    except ValueError:
        return
    assert check_name(name).ok, name
