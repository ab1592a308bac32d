from collections import Counter
from itertools import pairwise

import pytest

from vibeboard.corpus import load_corpus
from vibeboard.domain.prompts import parse_negative
from vibeboard.domain.story import ANGLES, CAMERA_MOVES, SHOT_SIZES, Breakdown, Outline, Reference
from vibeboard.providers.sandbox.story import (
    ImpossibleRuntime,
    design_cast,
    design_style,
    segment_prompts,
    write_act,
    write_breakdown,
    write_outline,
)

NOIR = ("Neo-Noir Laundromat", "thriller", "dark", "Neo-noir, high contrast, neon accents")

# concept, genre, tone -> what the film must hold: characters, a location, words of the text, a negative
CONCEPTS = {
    "bakery": (
        ("A nervous baker has one morning to rescue a collapsing wedding cake", "comedy", "light", ""),
        {"baker"}, "bakery_interior", ("wedding cake", "bread"), "gloomy shadows",
    ),
    "western": (
        ("Two gunslingers meet for a last duel in the desert", "western", "tense", ""),
        {"gunslinger", "rival_gunslinger"}, "desert", ("desert", "sun"), "cars",
    ),
    "lab": (
        ("An android wakes up in a research lab and asks its maker a question", "sci-fi", "curious", ""),
        {"android", "scientist"}, "laboratory_interior", ("research lab", "android"), "rustic wood",
    ),
    "lighthouse": (
        ("A lonely lighthouse keeper hears a voice in the fog", "horror", "eerie", ""),
        {"lighthouse_keeper"}, "lighthouse_interior", ("voice in the fog", "lighthouse"), "daylight",
    ),
    "bees": (
        ("A documentary about bees and the woman who keeps them", "documentary", "quiet", ""),
        {"beekeeper", "queen_bee"}, "apiary", ("hive", "season"), "staged poses",
    ),
    "beach": (
        ("Two strangers fall in love on a beach on the last day of summer", "romance", "warm", ""),
        {"young_woman", "young_man"}, "beach", ("on a beach", "sunset"), "storm clouds",
    ),
    "kids": (
        ("Kids discover a secret cave behind the treehouse", "kids adventure", "playful", ""),
        {"brave_girl", "little_brother"}, "cave_interior", ("cave", "treehouse"), "weapons",
    ),
    "sports": (
        ("Maria, a sprinter, trains alone for the final she lost last year", "sports", "inspiring", ""),
        {"maria", "coach"}, "stadium_interior", ("Maria, the sprinter,", "tenth"), "slouching",
    ),
    "unknown": (
        ("A falconer loses his hawk in a planetarium", "drama", "poetic", ""),
        {"falconer"}, "planetarium_interior", ("planetarium", "hawk"), "saturated neon",
    ),
}  # fmt: skip


def film(
    brief: tuple[str, str, str, str], runtime: float = 30, shots: int | None = None, variation: int = 0, seed: int = 7
) -> tuple[Outline, Breakdown]:
    outline = write_outline(*brief, runtime_seconds=runtime, seed=seed, variation=variation)
    return outline, write_breakdown(outline, *brief, runtime_seconds=runtime, shot_count=shots, seed=seed)


def words(outline: Outline, breakdown: Breakdown) -> str:
    shots = [f"{s.prompt} {s.first_frame_prompt} {s.last_frame_prompt}" for s in breakdown.shots]
    return " ".join([outline.logline, outline.synopsis, *shots])


def test_given_the_sops_concept_then_its_femme_fatale_stands_in_its_laundromat() -> None:
    outline, breakdown = film(NOIR, 60, 12)
    assert outline.logline.startswith("A femme fatale's chance encounter in a late-night laundromat")
    assert outline.themes == ["betrayal", "redemption"]
    first = breakdown.scenes[0]
    assert first.scene_prompt.startswith("Femme Fatale enters smoky laundromat")
    assert first.negative_elements[:2] == ["crowd", "daylight"]
    assert first.visual_elements[:3] == ["neon", "steam", "shadows"]
    assert first.characters[0] == "femme_fatale"
    assert "laundromat_interior" in breakdown.asset_manifest.locations
    assert {"washing_machine", "neon_sign"} <= set(breakdown.asset_manifest.props)


def test_given_noir_words_then_the_sops_style_rules_follow_and_without_them_they_do_not() -> None:
    style = design_style("thriller", "dark", NOIR[3])
    assert style.color_palette == ["#1a1a2e", "#e94560", "#0f3460"]
    assert style.banned_elements == ["daylight", "crowds", "modern phones"]
    assert style.required_elements == ["neon reflections", "smoke/haze", "wet surfaces"]
    assert design_style("thriller", "dark", "").color_palette != style.color_palette


def test_given_style_notes_then_colours_bans_and_requirements_are_taken_from_them() -> None:
    style = design_style("drama", "warm", "Teal and gold, with rain on glass, no mobile phones")
    assert {"#2a9d8f", "#d4a017"} <= set(style.color_palette)
    assert "mobile phones" in style.banned_elements
    assert "rain on glass" in style.required_elements
    grey = design_style("western", "", "black and white").color_palette
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in grey)


@pytest.mark.parametrize("name", CONCEPTS)
def test_given_a_concept_then_people_place_words_and_negatives_are_its_own(name: str) -> None:
    brief, people, location, told, negative = CONCEPTS[name]
    outline, breakdown = film(brief, 60, 12)
    assert people <= set(breakdown.asset_manifest.characters)
    assert breakdown.scenes[0].location == location
    assert all(word in words(outline, breakdown) for word in told)
    assert any(negative in scene.negative_elements for scene in breakdown.scenes)
    assert "{" not in words(outline, breakdown)
    assert "  " not in words(outline, breakdown)


def test_given_unlike_concepts_then_no_two_films_share_logline_place_or_cast() -> None:
    films = [film(brief) for brief, *_ in CONCEPTS.values()]
    assert len({outline.logline for outline, _ in films}) == len(films)
    assert len({breakdown.scenes[0].location for _, breakdown in films}) == len(films)
    casts = [frozenset(breakdown.asset_manifest.characters) for _, breakdown in films]
    assert all(not left & right for i, left in enumerate(casts) for right in casts[i + 1 :])


@pytest.mark.parametrize(
    ("runtime", "shots"),
    [
        (60, 12),
        (12, 4),
        (20, 6),
        (15, 5),
        (290, 58),
        (3.5, 1),
        (10, 10),
        (100, 10),
        (12.5, None),
        (600, None),
        (1, None),
    ],
)
def test_given_a_runtime_and_shot_count_then_both_are_met_exactly(runtime: float, shots: int | None) -> None:
    _, breakdown = film(NOIR, runtime, shots)
    assert breakdown.runtime_seconds == runtime
    assert len(breakdown.shots) == (shots or max(1, round(runtime / 5)))
    assert all(1 <= shot.duration <= 10 and (shot.duration * 2).is_integer() for shot in breakdown.shots)
    assert all(1 <= len(scene.shots) <= 3 for scene in breakdown.scenes)


@pytest.mark.parametrize(("runtime", "shots"), [(60, 5), (60, 61), (12.3, None), (0, None), (7000, None)])
def test_given_an_impossible_runtime_then_least_and_most_are_named(runtime: float, shots: int | None) -> None:
    with pytest.raises(ImpossibleRuntime, match=r"\d"):
        film(NOIR, runtime, shots)


@pytest.mark.parametrize("name", CONCEPTS)
def test_given_shots_then_they_follow_film_grammar_and_say_so(name: str) -> None:
    _, breakdown = film(CONCEPTS[name][0], 60, 12)
    shots = breakdown.shots
    for shot in shots:
        assert shot.shot_size in SHOT_SIZES
        assert shot.prompt.lower().startswith(f"{shot.shot_size}, {shot.angle}, {shot.camera_move}:")
        assert shot.angle in ANGLES
        assert shot.camera_move in CAMERA_MOVES
        assert shot.first_frame_prompt != shot.last_frame_prompt
    assert len({shot.shot_size for shot in shots}) >= 4
    assert len({shot.camera_move for shot in shots}) >= 4
    assert all(a.shot_size != b.shot_size for a, b in pairwise(shots))
    assert all(a.camera_move != b.camera_move for a, b in pairwise(shots))
    for scene in breakdown.scenes:
        assert all(scene.time_of_day in shot.prompt for shot in scene.shots)


def test_given_a_long_film_then_no_prompt_is_told_twice() -> None:
    _, breakdown = film(NOIR, 290, 58)
    repeated = Counter((s.shot_size, s.angle, s.camera_move, s.prompt) for s in breakdown.shots)
    assert max(repeated.values()) == 1
    assert len(breakdown.asset_manifest.locations) >= 3


def test_given_the_same_seed_then_the_film_is_the_same_and_another_seed_moves_the_camera() -> None:
    assert film(NOIR) == film(NOIR)
    assert film(NOIR)[1] != film(NOIR, seed=8)[1]


@pytest.mark.parametrize("name", CONCEPTS)
def test_given_a_rejection_then_the_next_outline_is_another_story(name: str) -> None:
    brief = CONCEPTS[name][0]
    outlines = [film(brief, variation=variation) for variation in range(3)]
    beats = [set(outline.beats) for outline, _ in outlines]
    endings = [" ".join(beat.rstrip(".").split()[-3:]) for beat in beats[0] & beats[1]]
    assert all(ending in brief[0] for ending in endings)  # only what the concept itself says stays
    assert len({outline.logline for outline, _ in outlines}) >= 2
    first, second = ({shot.prompt for shot in breakdown.scenes[-1].shots} for _, breakdown in outlines[:2])
    assert not first & second  # the ending is another; only what the concept says may be staged again


def test_given_references_then_they_shape_synopsis_prompts_and_negatives() -> None:
    chosen = [entry.as_reference(0.9 - i / 10) for i, entry in enumerate(load_corpus()) if "noir" in entry.genres][:5]
    plain, _ = film(NOIR)
    outline = write_outline(*NOIR, references=chosen, runtime_seconds=30, seed=7)
    breakdown = write_breakdown(outline, *NOIR, runtime_seconds=30, seed=7)
    assert [used.id for used in outline.references] == [reference.id for reference in chosen]
    assert outline.synopsis != plain.synopsis
    assert chosen[0].title in outline.synopsis
    assert any(outline.visual_style[0] in shot.prompt for shot in breakdown.shots)
    assert set(outline.avoid) & {term for scene in breakdown.scenes for term in scene.negative_elements}


def test_given_a_beat_rewritten_by_a_person_then_its_own_words_are_staged() -> None:
    outline, _ = film(NOIR, 75, 15)
    acts = [act.model_copy(update={"beats": list(act.beats)}) for act in outline.acts]
    acts[1].beats[0] = "The private eye drops the suitcase on a train platform and runs."
    edited = outline.model_copy(update={"acts": acts})
    breakdown = write_breakdown(edited, *NOIR, runtime_seconds=75, shot_count=15, seed=7)
    scene = next(scene for scene in breakdown.scenes if "drops the suitcase" in scene.scene_prompt)
    assert scene.location == "train_interior"
    assert scene.characters[0] == "private_eye"
    assert "suitcase" in scene.shots[0].props


def test_given_a_breakdown_then_segments_carry_weighted_negatives_and_scene_order() -> None:
    _, breakdown = film(NOIR, 60, 12)
    segments = segment_prompts(breakdown)
    assert [segment.order_index for segment in segments] == list(range(12))
    assert segments[0].negative_prompt.startswith("(crowd:1.5), (daylight:1.3)")
    assert [t.term for t in parse_negative(segments[0].negative_prompt)] == breakdown.scenes[0].negative_elements
    assert {segment.scene_index for segment in segments} == set(range(len(breakdown.scenes)))
    dumped = segments[0].model_dump()
    assert {"prompt", "negativePrompt", "firstFramePrompt", "lastFramePrompt", "duration", "orderIndex"} <= set(dumped)


@pytest.mark.parametrize("name", CONCEPTS)
def test_given_a_cast_then_everybody_is_designed_and_no_two_dress_alike(name: str) -> None:
    brief = CONCEPTS[name][0]
    _, breakdown = film(brief, 60, 12)
    cast = design_cast(breakdown, *brief[1:], brief[0])
    assert [member.id for member in cast] == breakdown.asset_manifest.characters
    assert len({member.wardrobe_rules[0] for member in cast}) == len(cast)
    assert all(member.attributes["gender"] and member.lighting_rules and member.pose_guidance for member in cast)


def test_given_the_sops_femme_fatale_then_her_style_bible_entry_is_the_sops() -> None:
    _, breakdown = film(NOIR)
    member = design_cast(breakdown, *NOIR[1:])[0]
    assert member.wardrobe_rules == ["Black trench coat", "Red lipstick", "No hats"]
    assert member.lighting_rules[:2] == ["High contrast", "Rim lighting from behind"]
    assert member.pose_guidance == ["Never facing directly at camera", "Three-quarter profile preferred"]
    assert member.attributes | {"age": "30s", "gender": "female", "hairColor": "black"} == member.attributes


@pytest.mark.parametrize(
    "concept", ["x", "???", "The", "   a   ", "12 34", "😀", "Ω" * 500, "in in in the the", "a. b. c; d, e and f"]
)
def test_given_any_text_then_a_film_comes_out(concept: str) -> None:
    _, breakdown = film((concept, "unheard-of", "", ""))
    assert breakdown.runtime_seconds == 30


def reference(*hints: str, score: float = 0.5) -> Reference:
    return Reference(id="r", title="A reference", kind="place", score=score, prompt_hints=list(hints))


@pytest.mark.parametrize(
    ("concept", "genre", "misfit"),
    [
        ("Two gunslingers meet for a last duel in the desert at noon", "western", "torch beam between black trunks"),
        ("Two gunslingers meet for a last duel in the desert at noon", "western", "blue-hour sky with warm windows"),
        ("Two strangers fall in love on a beach", "romance", "face behind rain-streaked glass"),
        ("An android wakes up in a research lab", "sci-fi", "sudden zoom on a guilty glance"),
        ("A lighthouse keeper hears a voice in the fog", "horror", "venetian-blind shadows across the face"),
    ],
)
def test_given_references_that_need_another_place_or_light_when_outlined_then_their_hints_are_left_out(
    concept: str, genre: str, misfit: str
) -> None:
    outline = write_outline(concept, genre, "", references=[reference(misfit), reference("dust in the air")])
    assert outline.visual_style == ["dust in the air"]


def test_given_style_notes_when_broken_down_then_their_bans_and_camera_moves_are_followed() -> None:
    concept, notes = "Two strangers fall in love on a beach", "Golden hour, handheld, no surfers, without hats"
    outline = write_outline(concept, "romance", "tender", notes)
    broken = write_breakdown(outline, concept, "romance", "tender", notes, 20, 5)
    assert all({"surfers", "hats"} <= set(scene.negative_elements) for scene in broken.scenes)
    assert {shot.camera_move for shot in broken.shots if shot.shot_size != "insert"} == {"handheld"}


def test_given_a_noon_scene_when_broken_down_then_the_sun_is_not_removed() -> None:
    concept = "Two gunslingers meet for a last duel in the desert at noon"
    outline = write_outline(concept, "western", "", references=[reference("dust")])
    outline = outline.model_copy(update={"avoid": ["midday sun"]})
    broken = write_breakdown(outline, concept, "western", "", "", 15, 5)
    assert not any("sun" in term.split() for scene in broken.scenes for term in scene.negative_elements)


def test_given_a_thing_that_something_lies_in_when_planned_then_it_is_no_place() -> None:
    broken = breakdown_of("A baker finds a key in the dough", "comedy")
    assert broken.asset_manifest.locations == ["bakery_interior"]


def breakdown_of(concept: str, genre: str) -> Breakdown:
    return write_breakdown(write_outline(concept, genre, ""), concept, genre, "", "", 10, 2)


def test_given_one_act_to_write_anew_then_the_others_keep_their_words_and_the_people_stay() -> None:
    concept = "A femme fatale in a laundromat"
    outline = write_outline(concept, "noir", "dark")
    for index in range(len(outline.acts)):
        anew = write_act(outline, index, concept, "noir", "dark")
        assert anew.acts[index].beats != outline.acts[index].beats
        assert [a for i, a in enumerate(anew.acts) if i != index] == [
            a for i, a in enumerate(outline.acts) if i != index
        ]
        told = write_breakdown(anew, concept, "noir", "dark", "", 30, 6)
        assert "femme_fatale" in told.asset_manifest.characters
