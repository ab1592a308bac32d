import pytest

from vibeboard.domain.story import Breakdown, Screenplay
from vibeboard.providers.sandbox.story import ImpossibleRuntime, design_cast, write_breakdown, write_outline
from vibeboard.providers.screenplay import read_screenplay

SCRIPT = """Title: Harbour Lights

EXT. HARBOUR - NIGHT

Rain beats on the cranes. IDA (30s) drags a suitcase along the quay.

INT. WAREHOUSE - NIGHT

OTTO (60s), an old dock worker, lifts a lantern.

OTTO
You came back.

IDA
I came for the letter.

Otto hands her the letter. She burns it.

INT. TRAIN - DAWN

Ida sleeps against the window.

CONDUCTOR (O.S.)
Last stop.
"""


@pytest.fixture(scope="module")
def script() -> Screenplay:
    return read_screenplay(SCRIPT, "harbour.fountain")


def breakdown_of(script: Screenplay, runtime: float = 40, shots: int | None = 8) -> Breakdown:
    args = ("Ida comes back for a letter", "drama", "melancholic", "")
    outline = write_outline(*args, runtime_seconds=runtime, seed=3, screenplay=script)
    return write_breakdown(outline, *args, runtime_seconds=runtime, shot_count=shots, seed=3, screenplay=script)


def test_given_a_screenplay_then_scenes_match_one_by_one(script: Screenplay) -> None:
    scenes = breakdown_of(script).scenes
    assert [scene.title for scene in scenes] == [scene.heading for scene in script.scenes]
    assert [scene.location for scene in scenes] == ["harbour_exterior", "warehouse_interior", "train_interior"]
    assert [scene.time_of_day for scene in scenes] == ["night", "night", "dawn"]
    assert [scene.interior for scene in scenes] == [False, True, True]
    assert [set(scene.characters) for scene in scenes] == [{"ida"}, {"otto", "ida"}, {"ida", "conductor"}]


@pytest.mark.parametrize("shots", [4, 8, 20])
def test_given_any_shot_count_then_no_speech_is_lost_or_moved_and_nobody_is_invented(
    script: Screenplay, shots: int
) -> None:
    breakdown = breakdown_of(script, 40, shots)
    spoken = [[(d.character, d.line) for shot in scene.shots for d in shot.dialogue] for scene in breakdown.scenes]
    assert spoken == [[(name.lower(), line) for name, line in scene.dialogue] for scene in script.scenes]
    assert set(breakdown.asset_manifest.characters) == {"ida", "otto", "conductor"}
    assert len(breakdown.shots) == shots
    assert breakdown.runtime_seconds == 40


def test_given_action_then_prompts_tell_it_and_props_are_found(script: Screenplay) -> None:
    breakdown = breakdown_of(script)
    prompts = " ".join(shot.prompt for shot in breakdown.shots)
    for told in ("drags a suitcase along the quay", "lifts a lantern", "She burns it", "sleeps against the window"):
        assert told in prompts
    assert {"suitcase", "lantern", "letter"} <= set(breakdown.asset_manifest.props)
    assert "rain" in breakdown.scenes[0].shots[0].prompt


def test_given_a_voice_off_screen_then_it_speaks_and_is_not_drawn(script: Screenplay) -> None:
    last = breakdown_of(script).scenes[-1]
    assert "conductor" in last.characters
    assert all("conductor" not in shot.characters for shot in last.shots)
    assert [line.character for shot in last.shots for line in shot.dialogue] == ["conductor"]


def test_given_described_characters_then_their_looks_come_from_the_page(script: Screenplay) -> None:
    cast = {member.id: member for member in design_cast(breakdown_of(script), "drama", "")}
    assert cast["ida"].attributes["age"] == "30s"
    assert cast["ida"].attributes["gender"] == "female"
    assert cast["otto"].attributes["age"] == "60s"
    assert "Orange work jacket" in cast["otto"].wardrobe_rules


def test_given_fewer_shots_than_scenes_then_it_is_refused_with_the_number(script: Screenplay) -> None:
    with pytest.raises(ImpossibleRuntime, match="between 4 and 40 shots"):
        breakdown_of(script, 40, 2)


def test_given_a_screenplay_then_the_outline_has_its_title_and_a_beat_per_scene(script: Screenplay) -> None:
    outline = write_outline("Harbour", "drama", "", screenplay=script)
    again = write_outline("Harbour", "drama", "", screenplay=script, variation=1)
    assert outline.title == "Harbour Lights"
    assert len(outline.beats) == len(script.scenes)
    assert outline.beats != again.beats
    assert "Ida" in outline.logline
