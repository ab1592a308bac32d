"""Edits of the cut over the table in memory: decided in the write, undone by revision, whole even when cut short."""

from collections.abc import Iterator
from typing import Any

import pytest

from storyboard.service import change_segment, reorder
from tests.simulation.locks import CHAIN, PROJECT, Race, editor, installed, lock_picture, shot
from vibeboard.domain.errors import Conflict, NotFound, StaleRevision
from vibeboard.domain.gates import GateRefused
from vibeboard.domain.timeline import TrimError
from vibeboard.domain.transitions import style_into
from vibeboard.film import editing
from vibeboard.film.cut import clip_of, film_timeline
from vibeboard.store import chains, keys
from vibeboard.store.table import Item, Put, Update


@pytest.fixture
def race() -> Iterator[Race]:
    race = Race(0)
    with installed(race):
        yield race


def shots() -> list[Item]:
    return editing.read_cut(PROJECT, CHAIN).segments


def trim(seconds: float, segment: str = "seg_1", rev: int | None = None) -> Item:
    return change_segment(editor(), CHAIN, segment, {"trimStart": seconds}, rev)


def freeze(race: Race) -> None:
    for segment in race.segments():
        race.backend.write(Put(segment | {"lockedAt": "2027", "lockedBy": "admin"}))
    lock_picture(True)


def test_given_two_edits_when_undone_by_revision_then_the_cut_is_as_it_was_and_can_be_redone(race: Race) -> None:
    trim(0.25)
    trim(0.5)
    reorder(editor(), CHAIN, ["seg_2", "seg_0", "seg_1"], None)
    assert [s["id"] for s in shots()] == ["seg_2", "seg_0", "seg_1"]
    cut = editing.restore(PROJECT, CHAIN, 1, "editor")
    assert [s["id"] for s in cut.segments] == ["seg_0", "seg_1", "seg_2"]
    assert cut.segments[1]["trimStart"] == 0.25
    redone = editing.restore(PROJECT, CHAIN, 3, "editor")
    assert [s["id"] for s in redone.segments] == ["seg_2", "seg_0", "seg_1"]
    assert redone.segments[2]["trimStart"] == 0.5
    rows = editing.revisions(PROJECT, CHAIN)
    assert [(row["revision"], row["act"]) for row in rows] == [
        (5, "restore 3"), (4, "restore 1"), (3, "reorder"), (2, "trim"), (1, "trim"),
    ]  # fmt: skip
    assert rows[-1]["by"] == "user_editor"
    with pytest.raises(NotFound, match="no cut revision 9"):
        editing.restore(PROJECT, CHAIN, 9, "editor")


def test_given_a_locked_picture_when_edited_then_only_levels_and_notes_pass_and_the_refusal_says_so(race: Race) -> None:
    trim(0.25)
    freeze(race)
    for act in (
        lambda: trim(0.5),
        lambda: change_segment(editor(), CHAIN, "seg_1", {"transition": "dissolve"}, None),
        lambda: reorder(editor(), CHAIN, ["seg_2", "seg_0", "seg_1"], None),
        lambda: editing.restore(PROJECT, CHAIN, 0, "editor"),
    ):
        with pytest.raises(GateRefused) as refusal:
            act()
        assert refusal.value.status == 423
        assert "audioGain stays open" in refusal.value.fix
    assert change_segment(editor(), CHAIN, "seg_1", {"audioGain": 0.5, "audioFadeIn": 0.2}, None)["audioGain"] == 0.5
    notes = editing.Change("markers", chain={"markers": [{"at": 1.0, "name": "Look", "colour": "RED", "note": ""}]})
    cut = editing.edit(PROJECT, CHAIN, "editor", lambda _cut: notes)
    assert film_timeline([(cut.chain, cut.segments)], []).markers[0].frame == 24


def test_given_trims_beyond_the_media_when_edited_then_the_usable_range_is_told_and_nothing_is_written(
    race: Race,
) -> None:
    with pytest.raises(TrimError) as refusal:
        change_segment(editor(), CHAIN, "seg_1", {"trimEnd": 2.5}, None)
    assert refusal.value.extra["usable"] == {"from": 0.0, "to": 2.0}
    assert race.chain().get("cutRev", 0) == 0
    with pytest.raises(StaleRevision):
        trim(0.5, rev=9)


def test_given_an_edit_of_200_shots_cut_short_when_anybody_comes_then_it_is_whole_before_they_go_on(
    race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(3, 200):
        race.backend.write(Put({**keys.segment(PROJECT, CHAIN, f"seg_{index}"), **shot(index)}))
    wanted = {f"seg_{n}": {"trimStart": 0.5} for n in range(200)}
    transact, count = race.backend.transact, 0

    def broken(actions: Any) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise ConnectionError("the function died")
        transact(actions)

    monkeypatch.setattr(race.backend, "transact", broken)
    with pytest.raises(ConnectionError):
        editing.edit(PROJECT, CHAIN, "editor", lambda _cut: editing.Change("assemble", wanted))
    assert race.chain()["cutting"] == 1
    assert sum(s["trimStart"] == 0.5 for s in race.segments()) == 90
    trim(0.75)
    assert "cutting" not in race.chain()
    assert [s["trimStart"] for s in shots() if s["id"] != "seg_1"] == [0.5] * 199
    assert next(s for s in shots() if s["id"] == "seg_1")["trimStart"] == 0.75


def test_given_a_half_written_edit_when_the_picture_is_locked_then_it_is_finished_first(race: Race) -> None:
    trim(0.25)
    race.backend.write(Update(keys.chain(PROJECT, CHAIN), set={"cutting": 1}))
    race.backend.write(Update(keys.segment(PROJECT, CHAIN, "seg_1"), set={"trimStart": 0.0}))
    for segment in race.segments():
        race.backend.write(Put(segment | {"lockedAt": "2027"}))
    chain, segments = chains.read_chain(PROJECT, CHAIN)
    from vibeboard.film.locks import set_picture_lock

    with pytest.raises(Conflict, match="at this very moment"):  # what was read was not the cut: read again
        set_picture_lock(chain, segments, locked=True, by="admin")
    lock_picture(True)
    assert (
        next(row["trimStart"] for row in race.acts("picture.lock")[-1]["facts"]["cut"] if row["id"] == "seg_1") == 0.25
    )


@pytest.mark.parametrize(
    ("chain", "own", "first", "style"),
    [
        ("smooth", None, False, "smooth"),
        ("smooth", None, True, "cut"),
        ("fade", None, True, "fade"),
        ("cut", "dissolve", True, "dissolve"),
        ("dissolve", "cut", False, "cut"),
        ("unheard of", None, False, "cut"),
    ],
)
def test_given_a_chains_style_when_shots_join_then_the_shots_own_word_counts(
    chain: str, own: str | None, first: bool, style: str
) -> None:
    segment = {"transition": own} if own else {}
    assert style_into({"transitionStyle": chain}, segment, first=first) == style


def test_given_a_dissolve_without_frames_to_spare_when_cut_then_it_takes_what_there_is(race: Race) -> None:
    race.backend.write(Update(keys.chain(PROJECT, CHAIN), set={"transitionStyle": "dissolve"}))
    change_segment(editor(), CHAIN, "seg_0", {"trimEnd": 1.75}, None)
    cut = editing.read_cut(PROJECT, CHAIN)
    made = film_timeline([(cut.chain, cut.segments)], [])
    assert [event.dissolve for event in made.picture] == [0, 6, 0]
    assert clip_of(cut.chain, cut.segments[1]).transition == "dissolve"
