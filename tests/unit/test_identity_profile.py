"""SOP step 4: what stands for a LoRA recognises the character it was measured on."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vibeboard.domain.errors import Invalid
from vibeboard.providers.ports import CharacterLook
from vibeboard.providers.sandbox import pictures
from vibeboard.providers.sandbox.identity_profile import resemblance, train

ROSE = CharacterLook("rose", "Rose", wardrobe=("red coat",), attributes={"hairColor": "black", "gender": "female"})
COP = CharacterLook("cop", "The Cop", wardrobe=("navy uniform",), attributes={"hairColor": "grey", "gender": "male"})


def portrait(path: Path, coat: tuple[int, int, int], shift: int, build: int) -> Path:
    """A head and shoulders; `coat` in BGR, `shift` moves the figure, `build` is half its width in pixels."""
    picture = np.full((400, 320, 3), (60, 55, 50), np.uint8)
    cv2.ellipse(picture, (160 + shift, 130), (45, 60), 0, 0, 360, (150, 180, 220), -1)
    cv2.rectangle(picture, (160 + shift - build, 200), (160 + shift + build, 400), coat, -1)
    cv2.imwrite(str(path), picture)
    return path


@pytest.fixture
def rose(tmp_path: Path) -> list[Path]:
    return [portrait(tmp_path / f"rose{i}.png", (30, 20, 200), shift, 80) for i, shift in enumerate((-12, 0, 14))]


def test_a_profile_knows_its_own_character_from_another(rose: list[Path], tmp_path: Path) -> None:
    train(ROSE, rose[:2], tmp_path / "out", seed=1)
    profile = json.loads((tmp_path / "out" / "profile.json").read_text("utf-8"))
    unseen = pictures.read(rose[2], 512)
    other_coat = pictures.read(portrait(tmp_path / "a.png", (160, 60, 20), 14, 80), 512)
    other_build = pictures.read(portrait(tmp_path / "b.png", (30, 20, 200), 14, 40), 512)
    assert resemblance(profile, unseen) > 0.95
    assert resemblance(profile, unseen) > resemblance(profile, other_coat) + 0.1
    assert resemblance(profile, unseen) > resemblance(profile, other_build) + 0.01


def test_what_is_written_is_what_is_returned(rose: list[Path], tmp_path: Path) -> None:
    trained = train(ROSE, rose, tmp_path / "out", seed=1)
    assert [row["name"] for row in trained["files"]] == [
        "profile.json", "sample_1.png", "sample_2.png", "sample_3.png"
    ]  # fmt: skip
    assert {row["path"] for row in trained["files"]} == set((tmp_path / "out").iterdir())
    profile = json.loads((tmp_path / "out" / "profile.json").read_text("utf-8"))
    assert profile["loraId"] == trained["loraId"]
    assert profile["triggerWord"] == trained["triggerWord"]
    assert trained["model"] == profile["model"] == "sandbox/feature-profile"
    assert "not trained weights" in profile["note"]
    assert trained["profile"] == {key: profile[key] for key in ("references", "drawn", "palette", "consistency")}
    assert trained["profile"]["references"] == 3
    assert trained["profile"]["drawn"] is False


def test_the_palette_leads_with_the_colours_of_the_picture(rose: list[Path], tmp_path: Path) -> None:
    palette = train(ROSE, rose, tmp_path / "out", seed=1)["profile"]["palette"]
    colours = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in palette])
    for wanted in ((50, 55, 60), (200, 20, 30), (220, 180, 150)):  # wall, coat, skin
        assert np.abs(colours - wanted).max(axis=1).min() <= 12, (wanted, palette)
    assert np.abs(colours[0] - (50, 55, 60)).max() <= 12  # most of the picture is wall


def test_references_that_disagree_are_less_consistent(rose: list[Path], tmp_path: Path) -> None:
    stranger = portrait(tmp_path / "x.png", (160, 60, 20), 0, 80)
    agreed = train(ROSE, rose, tmp_path / "a", seed=1)["profile"]["consistency"]
    mixed = train(ROSE, [*rose[:2], stranger], tmp_path / "b", seed=1)["profile"]["consistency"]
    assert agreed["lowest"] > 0.95
    assert mixed["lowest"] < agreed["lowest"] - 0.1
    assert train(ROSE, rose[:1], tmp_path / "c", seed=1)["profile"]["consistency"] is None


def test_the_id_follows_look_pictures_and_seed(rose: list[Path], tmp_path: Path) -> None:
    first, again = (train(ROSE, rose, tmp_path / name, seed=5) for name in ("a", "b"))
    assert first["loraId"] == again["loraId"]
    assert (tmp_path / "a/profile.json").read_bytes() == (tmp_path / "b/profile.json").read_bytes()
    others = {
        train(COP, rose, tmp_path / "c", seed=5)["loraId"],
        train(ROSE, rose[:2], tmp_path / "d", seed=5)["loraId"],
        train(ROSE, rose, tmp_path / "e", seed=6)["loraId"],
    }
    assert len(others | {first["loraId"]}) == 4


def test_the_trigger_word_is_the_given_one_or_made_up(rose: list[Path], tmp_path: Path) -> None:
    given = CharacterLook("rose", trigger_word="jn")
    assert train(given, rose, tmp_path / "a", seed=1)["triggerWord"] == "jn"
    made_up = train(ROSE, rose, tmp_path / "b", seed=1)["triggerWord"]
    assert made_up.startswith("rs")
    assert len(made_up) == 4


def test_a_reference_that_is_no_picture_is_refused_by_name(rose: list[Path], tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("dear Rose")
    with pytest.raises(Invalid, match=r"letter\.png is no picture"):
        train(ROSE, [*rose, tmp_path / "letter.png"], tmp_path / "out", seed=1)
    assert not (tmp_path / "out").exists()


def test_without_references_four_views_are_drawn_that_differ_between_characters(tmp_path: Path) -> None:
    rose = train(ROSE, [], tmp_path / "rose", seed=3)
    cop = train(COP, [], tmp_path / "cop", seed=3)
    assert rose["profile"]["drawn"] is True
    assert rose["profile"]["references"] == 4
    assert len({path.read_bytes() for path in (tmp_path / "rose").glob("sample_*.png")}) == 4
    assert rose["profile"]["palette"] != cop["profile"]["palette"]
    for path in (tmp_path / "rose").glob("sample_*.png"):  # her coat is in every one of them
        blue, green, red = cv2.split(pictures.read(path, 512).astype(np.int16))
        assert ((red > 2 * green + 20) & (red > 2 * blue + 20)).mean() > 0.02, path.name
    profile = json.loads((tmp_path / "rose" / "profile.json").read_text("utf-8"))
    own = [resemblance(profile, pictures.read(tmp_path / "rose" / f"sample_{n}.png", 512)) for n in (1, 2, 3, 4)]
    other = [resemblance(profile, pictures.read(tmp_path / "cop" / f"sample_{n}.png", 512)) for n in (1, 2, 3, 4)]
    assert np.mean(own) > np.mean(other)
