"""A two-page screenplay, as Fountain and as FDX, gives the film its scenes, people, places, props and shots."""

import itertools
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest

from vibeboard.domain.story import Breakdown, Screenplay
from vibeboard.providers.sandbox.story import write_breakdown, write_outline
from vibeboard.providers.screenplay import ScreenplayUnreadable, as_fountain, breakdown_as_fountain, read_screenplay

PAGES = (Path(__file__).parent / "data" / "two-pages.fountain").read_text(encoding="utf-8")

# heading, location, interior, who speaks (in order), who is seen or heard, props of the page
SCENES = [
    ("EXT. HARBOUR - NIGHT", "harbour", False, ["dora"], {"dora"}, {"torch"}),
    ("INT. FERRY - CAR DECK - NIGHT", "car_deck", True, ["dora", "sami", "dora", "the_skipper"],
     {"dora", "sami", "the_skipper"}, {"taxi", "birdcage"}),
    ("INT. FERRY - BRIDGE - CONTINUOUS", "bridge", True, ["zoe", "the_skipper", "zoe"],
     {"the_skipper", "zoe"}, {"chart"}),
    ("EXT. FERRY - STERN - MOMENTS LATER", "stern", False, ["sami", "dora", "sami"], {"dora", "sami"}, {"lantern"}),
    ("INT. FERRY - CAR DECK - LATER", "car_deck", True, [], set(), set()),
    ("EXT. HARBOUR - DAWN", "harbour", False, ["dora", "mcallister", "dora"], {"dora", "mcallister"}, {"raincoat"}),
]  # fmt: skip
SPEAKERS = {"dora", "sami", "the_skipper", "zoe", "mcallister"}


def as_fdx(text: str) -> str:
    """The same pages as Final Draft writes them; who speaks at the same time lies in one paragraph."""
    from screenplay_tools.fountain.parser import Parser

    parser = Parser()
    parser.add_text(text)
    parser.finalize()
    root = ET.Element("FinalDraft", DocumentType="Script", Version="4")
    content = ET.SubElement(root, "Content")
    names = {"HEADING": "Scene Heading", "ACTION": "Action", "CHARACTER": "Character", "DIALOGUE": "Dialogue",
             "PARENTHETICAL": "Parenthetical", "TRANSITION": "Transition"}  # fmt: skip
    for element in parser.script.elements:
        kind = names.get(element.type.value)
        if kind is None:
            continue
        words = element.text_raw.replace("[[0]]", "")
        if kind == "Character":
            words = f"{element.name} ({element.extension})" if element.extension else str(element.name)
        where = content
        if kind == "Character" and element.is_dual_dialogue:
            where = ET.SubElement(ET.SubElement(content, "Paragraph"), "DualDialogue")
        paragraph = ET.SubElement(where, "Paragraph", Type=kind)
        half = len(words) // 2
        for part in (words[:half], words[half:]):  # Final Draft writes one Text per run of styling
            ET.SubElement(paragraph, "Text").text = part
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


@cache
def film(kind: str) -> tuple[Screenplay, Breakdown]:
    pages = read_screenplay(PAGES if kind == "fountain" else as_fdx(PAGES), f"ferry.{kind}")
    concept = "A night ferry carries one car too many"
    outline = write_outline(concept, "mystery", "quiet", screenplay=pages)
    return pages, write_breakdown(outline, concept, "mystery", "quiet", "", 75, 15, screenplay=pages)


@pytest.mark.parametrize("kind", ["fountain", "fdx"])
@pytest.mark.parametrize("number", range(len(SCENES)))
def test_given_two_pages_when_broken_down_then_each_scene_is_the_pages(kind: str, number: int) -> None:
    pages, breakdown = film(kind)
    heading, place, interior, speaking, present, props = SCENES[number]
    scene = breakdown.scenes[number]
    assert (scene.title, scene.interior) == (heading, interior)
    assert place in scene.location
    spoken = [line.character for shot in scene.shots for line in shot.dialogue]
    assert [name for name, _ in itertools.groupby(spoken)] == [name for name, _ in itertools.groupby(speaking)]
    assert [line.line for shot in scene.shots for line in shot.dialogue] == [
        t for _, t in pages.scenes[number].dialogue
    ]
    assert set(scene.characters) == present
    assert props <= {prop for shot in scene.shots for prop in shot.props}
    told = " ".join(shot.prompt for shot in scene.shots)
    first_sentence = pages.scenes[number].action.split(".")[0]
    assert first_sentence.lower()[:20] in told.lower()


@pytest.mark.parametrize("kind", ["fountain", "fdx"])
def test_given_two_pages_when_broken_down_then_no_scene_or_speaker_is_lost_or_invented(kind: str) -> None:
    _, breakdown = film(kind)
    assert len(breakdown.scenes) == len(SCENES)
    assert {line.character for shot in breakdown.shots for line in shot.dialogue} == SPEAKERS
    assert set(breakdown.asset_manifest.characters) == SPEAKERS
    assert (len(breakdown.shots), breakdown.runtime_seconds) == (15, 75)
    assert len(set(breakdown.asset_manifest.locations)) == 4


def test_given_both_formats_when_broken_down_then_the_films_are_the_same() -> None:
    assert film("fountain")[1] == film("fdx")[1]


@pytest.mark.parametrize("kind", ["fountain", "fdx"])
def test_given_two_pages_when_written_back_as_fountain_then_they_read_the_same(kind: str) -> None:
    text = as_fountain(PAGES if kind == "fountain" else as_fdx(PAGES), f"ferry.{kind}")
    assert read_screenplay(text, "back.fountain").scenes == film(kind)[0].scenes


def test_given_a_breakdown_when_written_as_fountain_then_its_scenes_and_speeches_read_back() -> None:
    pages, breakdown = film("fountain")
    text = breakdown_as_fountain("The Night Ferry", breakdown, {"zoe": "Zoë"})
    back = read_screenplay(text, "back.fountain")
    assert back.title == "The Night Ferry"
    assert [[t for _, t in scene.dialogue] for scene in back.scenes] == [
        [t for _, t in scene.dialogue] for scene in pages.scenes
    ]
    assert "ZOË" in back.speakers
    assert read_screenplay(breakdown_as_fountain("x", breakdown, {}), "again.fountain").scenes != ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("INT. A - DAY\n\n" + "*a " * 4_000, "characters"),
        ("INT. A - DAY\n" + "\n" * 40_000, "lines"),
        ("\n\n".join(f"INT. A{n} - DAY" for n in range(10_000)), "scenes"),
        ("<FinalDraft><Content>" + "<a>" * 9_000 + "</a>" * 9_000 + "</Content></FinalDraft>", "nested"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><FinalDraft><Content/></FinalDraft>', "entities"),
        ("<FinalDraft>" + "<Content>" * 2, "broken"),
        ("x" * 1_000_001, "characters"),
    ],
)
def test_given_pages_no_parser_should_be_given_when_read_then_they_are_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(ScreenplayUnreadable, match=why):
        read_screenplay(text, "hostile.fdx" if text.startswith("<") else "hostile.fountain")
