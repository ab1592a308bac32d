import math

import pytest

from vibeboard.domain.optics import (
    CAMERAS,
    LENSES,
    Camera,
    LensCharacter,
    OpticsError,
    UnknownCamera,
    blur_disc,
    depth_of_field,
    field_of_view,
    find_camera,
    hyperfocal,
    master_modifier,
    rack_focus,
    read_lens,
)

SOP = LensCharacter(f_number=1.8, focal_length=85, lens_type="standard", bokeh_shape="round")


def test_given_the_sops_input_then_its_modifier_comes_out_in_its_order() -> None:
    modifier = master_modifier("RED V-Raptor", "Lensbaby 85mm T1.8", SOP)
    assert modifier.startswith(
        "85mm lens, f/1.8 aperture, shallow depth of field, creamy bokeh background, REDWideGamutRGB color science, "
        "anamorphic lens flares, cinematic film grain"
    )


def test_given_another_camera_and_stop_then_the_words_follow_the_numbers() -> None:
    modifier = master_modifier(
        "ARRI Alexa 35", "Zeiss Supreme 18mm T11", genre="documentary", tone="quiet", extras=["dawn"]
    )
    assert "deep focus" in modifier
    assert "ARRI Wide Gamut 4" in modifier
    assert "flare" not in modifier
    assert "grain" not in modifier
    assert modifier.endswith("quiet documentary mood, dawn")


# H = f^2 / (N c) + f at the c = 0.03 mm that printed tables use, worked by hand; a 36 x 27 gate has that circle.
@pytest.mark.parametrize(
    ("focal", "stop", "metres"),
    [(50, 8, 10.467), (35, 5.6, 7.327), (85, 1.8, 133.88), (24, 11, 1.769), (135, 2.8, 217.1)],
)
def test_given_full_frame_then_hyperfocal_matches_the_table(focal: float, stop: float, metres: float) -> None:
    gate = Camera("test gate", 36, 27, "none")
    assert hyperfocal(gate, LensCharacter(stop, focal)) == pytest.approx(metres, rel=0.001)


@pytest.mark.parametrize(("focal", "degrees"), [(24, 73.6), (35, 54.3), (50, 39.5), (85, 23.9), (135, 15.2)])
def test_given_full_frame_then_horizontal_field_of_view_matches_the_table(focal: float, degrees: float) -> None:
    view = field_of_view(find_camera("Venice 2"), LensCharacter(4, focal))
    assert view.horizontal == pytest.approx(degrees, rel=0.01)
    assert view.vertical < view.horizontal < view.diagonal


def test_given_an_anamorphic_then_it_sees_its_squeeze_wider() -> None:
    spherical, squeezed = LensCharacter(2.3, 50), LensCharacter(2.3, 50, "anamorphic", "oval", 2.0)
    camera = find_camera("Alexa Mini")
    ratio = math.tan(math.radians(field_of_view(camera, squeezed).horizontal / 2)) / math.tan(
        math.radians(field_of_view(camera, spherical).horizontal / 2)
    )
    assert ratio == pytest.approx(2.0)


def test_given_a_subject_at_the_hyperfocal_then_sharpness_runs_from_half_of_it_to_infinity() -> None:
    camera, lens = find_camera("Venice 2"), LensCharacter(8, 50)
    limit = hyperfocal(camera, lens)
    zone = depth_of_field(camera, lens, limit)
    assert zone.near == pytest.approx(limit / 2, rel=0.01)
    assert math.isinf(zone.far)


def test_given_a_limit_of_depth_then_its_blur_disc_is_the_circle_of_confusion() -> None:
    camera, lens = find_camera("RED V-Raptor"), SOP
    zone = depth_of_field(camera, lens, 3.0)
    assert blur_disc(lens, 3.0, zone.near) == pytest.approx(camera.coc, rel=0.001)
    assert blur_disc(lens, 3.0, zone.far) == pytest.approx(camera.coc, rel=0.001)


def test_given_a_rack_then_keyframes_move_once_hold_at_both_ends_and_swap_the_sharp_subject() -> None:
    rack = rack_focus(find_camera("RED V-Raptor"), SOP, 1.2, 4.0, frames=48, hold=6)
    distances = [key.distance for key in rack.keys]
    assert len(rack.keys) == 48
    assert distances == sorted(distances)
    assert distances[:7] == [pytest.approx(1.2)] * 7
    assert distances[-7:] == [pytest.approx(4.0)] * 7
    assert rack.keys[0].blur_from == pytest.approx(0, abs=1e-9)
    assert rack.keys[-1].blur_to == pytest.approx(0, abs=1e-9)
    assert rack.keys[0].blur_to > find_camera("RED V-Raptor").coc


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: LensCharacter(0.3, 50),
        lambda: LensCharacter(2, 2),
        lambda: LensCharacter(2, 50, squeeze=3),
        lambda: depth_of_field(CAMERAS[0], SOP, 0.05),
        lambda: blur_disc(SOP, 3, 0.01),
        lambda: rack_focus(CAMERAS[0], SOP, 1, 2, frames=10, hold=5),
        lambda: read_lens("Lensbaby"),
    ],
)
def test_given_impossible_optics_then_they_are_refused_with_a_reason(impossible: object) -> None:
    with pytest.raises(OpticsError, match=r"\w{3,}"):
        impossible()  # type: ignore[operator]


def test_given_an_unknown_camera_then_the_known_ones_are_named() -> None:
    with pytest.raises(UnknownCamera, match=r"ARRI Alexa 35"):
        find_camera("Brownie box")


def test_given_the_tables_then_cameras_and_lenses_are_many_and_distinct() -> None:
    assert len({camera.name for camera in CAMERAS}) == len(CAMERAS) >= 12
    assert len({lens.name for lens in LENSES}) == len(LENSES) >= 12
    assert all(10 < camera.width < 60 and camera.height < camera.width for camera in CAMERAS)
