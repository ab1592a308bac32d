"""Continuity is measurable: a cut of the continuity loop is far more alike than shots that have nothing in common."""

import cv2
import numpy as np
import pytest

from tests.unit.test_sandbox_picture_draw import request
from vibeboard.media.likeness import likeness
from vibeboard.providers.sandbox.picture import draw_frame, edit_frame

SMALL = {"width": 480, "height": 206}


@pytest.fixture(scope="module")
def film() -> dict[str, bytes]:
    """Two shots of the continuity loop (each frame edited from the one before), and a shot of another place."""
    first = draw_frame(request("Wide shot, femme fatale waits", seed=1, **SMALL))
    last = edit_frame(first, request("Medium shot, femme fatale turns to the door", seed=2, **SMALL))
    following = edit_frame(last, request("Medium shot, femme fatale at the machine", seed=3, **SMALL))
    ending = edit_frame(following, request("Close-up of femme fatale", seed=4, **SMALL))
    elsewhere = {"place": "desert at noon", "cast": (), "genre": "western", "tone": ""}
    desert = request("Wide shot, empty road", seed=5, **elsewhere, **SMALL)
    return {"first": first, "last": last, "following": following, "ending": ending, "stranger": draw_frame(desert)}


def test_given_a_cut_of_the_loop_then_it_is_far_more_alike_than_unrelated_shots(film: dict[str, bytes]) -> None:
    chain = [film[name] for name in ("first", "last", "following", "ending")]
    cut = likeness(film["last"], film["following"])
    strangers = [likeness(frame, film["stranger"]) for frame in chain]
    assert cut > 0.6
    assert cut > max(strangers) + 0.35


def test_given_the_same_picture_at_another_size_then_it_is_the_same(film: dict[str, bytes]) -> None:
    picture = cv2.imdecode(np.frombuffer(film["first"], np.uint8), cv2.IMREAD_COLOR)
    done, smaller = cv2.imencode(".jpg", cv2.resize(picture, (240, 103), interpolation=cv2.INTER_AREA))
    assert done
    assert likeness(film["first"], film["first"]) == 1.0
    assert likeness(film["first"], smaller.tobytes()) > 0.85
    assert likeness(film["first"], film["last"]) == likeness(film["last"], film["first"])


def test_given_no_picture_then_it_says_so(film: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="no image"):
        likeness(film["first"], b"words")
