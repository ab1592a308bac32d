"""What the sandbox artist reads out of a prompt: the side of a place's walls, the angle, and what is not there."""

from dataclasses import replace

import pytest

from tests.unit.test_sandbox_picture_draw import FEMME, request
from vibeboard.providers.sandbox.picture.read import Shot, read


def shot(prompt: str, place: str = "", **fields: object) -> Shot:
    return read(request(prompt, place=place, **fields))


@pytest.mark.parametrize(
    ("place", "drawn"),
    [
        ("lighthouse_stairs_interior", "tower"),
        ("lighthouse_gallery_exterior", "lighthouse"),
        ("forest_cabin_interior", "generic_interior"),
        ("market_office_interior", "warehouse"),
        ("laundromat_exterior", "street"),
        ("church_exterior", "town"),
        ("laundromat_interior", "laundromat"),
        ("desert", "desert"),
    ],
)
def test_given_a_place_that_names_its_side_then_that_side_is_drawn(place: str, drawn: str) -> None:
    assert shot("Wide shot", place).place == drawn


def test_given_someone_who_looks_inside_a_box_then_the_desert_stays_a_desert() -> None:
    assert shot("Wide shot: he looks inside the box", "desert").place == "desert"


@pytest.mark.parametrize(
    ("prompt", "angle"),
    [
        ("Wide shot, eye level, crane down: two riders. Hard overhead sun", "eye"),
        ("Wide shot: two riders. Hard overhead sun", "eye"),
        ("Wide shot, overhead: two riders", "top"),
        ("Wide shot, low angle: two riders under overhead lights", "low"),
    ],
)
def test_given_light_from_overhead_then_the_camera_stays_where_it_was(prompt: str, angle: str) -> None:
    assert shot(prompt, "desert").angle == angle


def test_given_a_style_that_speaks_of_close_ups_then_the_shot_keeps_the_size_it_begins_with() -> None:
    assert shot("Wide shot, eye level: two riders. Western, extreme close-up of eyes", "desert").size == "ws"
    assert shot("Close-up, low angle: she waits. Western, wide shot of a mesa", "desert").size == "cu"


def test_given_what_is_gone_then_it_is_not_in_the_shot() -> None:
    assert "boat" not in shot("Wide shot: on the rocks the boat is gone", "lighthouse").props
    assert "boat" in shot("Wide shot: on the rocks lies the boat", "lighthouse").props


def test_given_the_light_of_a_lamp_or_its_room_then_no_lamp_stands_about() -> None:
    assert shot("Wide shot: sweeping lamp beam, the lamp room", "lighthouse").props == ()
    assert shot("Medium shot: she lifts the lantern", "lighthouse").props == ("lantern",)


def test_given_a_thing_without_a_shape_then_only_an_insert_shows_it() -> None:
    assert shot("Wide shot of the hall", props=("gizmo",)).props == ()
    assert shot("Insert: the gizmo", props=("gizmo",)).prop_names == ("gizmo",)


def test_given_an_android_in_the_cast_then_it_acts_and_does_not_stand_beside_itself() -> None:
    android = replace(FEMME, name="android", display_name="Android")
    assert shot("Wide shot: Android wakes up", "lab", cast=(android,)).props == ()
    near = shot("Close-up of Android, eye level: eyes lowered. Close-up: Android waits", "lab", cast=(android,))
    assert (near.size, near.props) == ("cu", ("eye",))
    assert shot("Wide shot: an android wakes up", "lab").props == ("robot",)


def test_given_what_furnishes_the_set_then_only_what_the_action_names_is_a_prop() -> None:
    words = "Wide shot, eye level: she lifts a gun. Lab interior, benches and screens lit from below, night."
    assert shot(words, "lab").props == ("gun",)
    assert shot("Interior of a lab with a gun", "lab").props == ("gun",)
