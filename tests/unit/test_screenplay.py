from pathlib import Path

import pytest

from vibeboard.providers.screenplay import MAX_SCREENPLAY_CHARS, ScreenplayUnreadable, read_screenplay

EXAMPLE = Path(__file__).parents[2] / "examples" / "lighthouse" / "the-lamp-room.fountain"

FOUNTAIN = """Title: Two Rooms

FADE IN:

INT. KITCHEN - BACK DOOR - NIGHT

ANNA (40s) listens. *Nothing* moves. [[a note]]

ANNA
(low)
Who is
there?

/* cut this line */

TOM (O.S.)
Only me.

CUT TO:

.ROOFTOP - DAWN

They look at the city.

@McAvoy (CONT'D)
At last.

# a section
= a synopsis

INT./EXT. CAR - CONTINUOUS

Rain.
"""

FDX = """<?xml version="1.0" encoding="UTF-8"?>
<FinalDraft DocumentType="Script" Version="4"><Content>
<Paragraph Type="Scene Heading"><Text>EXT. BEACH - DAY</Text></Paragraph>
<Paragraph Type="Action"><Text>A wave </Text><Text Style="Bold">breaks</Text><Text> slowly.</Text></Paragraph>
<Paragraph Type="Character"><Text>LENA (V.O.)</Text></Paragraph>
<Paragraph Type="Dialogue"><Text>It was summer.</Text></Paragraph>
</Content></FinalDraft>"""


def test_given_fountain_then_scenes_places_times_and_speeches_come_out_as_written() -> None:
    script = read_screenplay(FOUNTAIN, "two-rooms.fountain")
    assert script.title == "Two Rooms"
    assert [(s.place, s.time, s.interior, s.exterior) for s in script.scenes] == [
        ("KITCHEN - BACK DOOR", "NIGHT", True, False),
        ("ROOFTOP", "DAWN", False, False),
        ("CAR", "CONTINUOUS", True, True),
    ]
    assert script.speakers == ("ANNA", "TOM", "McAvoy")
    assert script.scenes[0].dialogue == (("ANNA", "Who is there?"), ("TOM", "Only me."))
    assert script.scenes[0].action == "ANNA (40s) listens. Nothing moves."
    assert [line.off_screen for line in script.scenes[0].lines] == [False, False, True]


def test_given_fdx_then_styled_runs_are_joined_and_the_scene_is_the_same_shape() -> None:
    script = read_screenplay(FDX, "beach.fdx")
    assert script.scenes[0].action == "A wave breaks slowly."
    assert script.scenes[0].dialogue == (("LENA", "It was summer."),)
    assert script.scenes[0].lines[1].off_screen


def test_given_the_example_then_no_scene_or_speaker_is_lost() -> None:
    script = read_screenplay(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name)
    assert len(script.scenes) == 4
    assert script.speakers == ("MAREN", "VOICE", "JONAH")
    assert "CUT TO BLACK" not in script.scenes[-1].action


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("", "a.fountain", "empty"),
        ("   \n\n", "a.fountain", "empty"),
        ("PK\x03\x04\x00\x00\x00junk", "a.fountain", "binary"),
        ("\x01\x02\x03\x04" * 50, "a.fountain", "binary"),
        ("Just a paragraph of prose.\n\nAnd another.", "a.fountain", "no scene heading"),
        ("<FinalDraft><Content>", "a.fdx", "XML is broken"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><FinalDraft/>', "a.fdx", "entities"),
        ("<FinalDraft><Content/></FinalDraft>", "a.fdx", "no scene heading"),
        ("x" * (MAX_SCREENPLAY_CHARS + 1), "a.fountain", "characters"),
        ("".join(f"INT. ROOM {i} - DAY\n\nNothing.\n\n" for i in range(201)), "a.fountain", "201 scenes"),
    ],
)
def test_given_no_screenplay_then_the_refusal_says_what_why_and_fix(text: str, name: str, why: str) -> None:
    with pytest.raises(ScreenplayUnreadable, match=why) as caught:
        read_screenplay(text, name)
    assert caught.value.what == name
    assert len(caught.value.fix) > 10
