import math

import pytest

from vibeboard.domain.gear import CAMERAS, LENSES, Camera, OpticsError, UnknownCamera, find_camera, find_lens
from vibeboard.domain.modifier import master_modifier
from vibeboard.domain.optics import (
    LensCharacter,
    blur_at_infinity,
    blur_disc,
    depth_of_field,
    f_number,
    field_of_view,
    full_frame_equivalent,
    hyperfocal,
    rack_focus,
    read_lens,
    t_stop,
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
        lambda: LensCharacter(0.7, 1200),
        lambda: LensCharacter(2, 50, "kaleidoscope"),
        lambda: LensCharacter(2, 50, "standard", "heart of gold"),
        lambda: LensCharacter(2.8, 50, t_stop=2.0),
        lambda: t_stop(2.0, 1.2),
        lambda: f_number(2.0, 0.0),
        lambda: blur_at_infinity(SOP, 0.08),
        lambda: rack_focus(CAMERAS[0], SOP, 0.05, 2, frames=24),
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
    assert len({camera.name for camera in CAMERAS}) == len(CAMERAS) >= 25
    assert len({lens.name for lens in LENSES}) == len(LENSES) >= 40
    assert all(5 < camera.width < 71 and camera.height < camera.width for camera in CAMERAS)
    assert len({camera.color_science for camera in CAMERAS}) >= 8
    squeezes = {lens.squeeze for lens in LENSES if lens.lens_type == "anamorphic"}
    assert {1.25, 1.33, 1.5, 1.8, 2.0} <= squeezes
    assert all(lens.squeeze == 1.0 for lens in LENSES if lens.lens_type != "anamorphic")


def test_given_every_camera_by_every_name_then_it_is_found_and_no_name_is_anothers() -> None:
    for camera in CAMERAS:
        for name in (camera.name, *camera.aliases):
            assert find_camera(name.upper()) is camera, name
    for lens in LENSES:
        for name in (lens.name, *lens.aliases):
            assert find_lens(f"{name} 50mm T2.0") is lens, name


def test_given_a_t_stop_then_a_smaller_f_number_stands_behind_it_and_the_words_keep_the_mark() -> None:
    lens = read_lens("Zeiss Supreme 50mm T1.5")
    assert lens.f_number == pytest.approx(1.5 * math.sqrt(0.9), rel=1e-6)
    assert lens.t_stop == 1.5
    assert "f/1.5 aperture" in master_modifier("ARRI Alexa 35", "Zeiss Supreme 50mm T1.5")
    assert read_lens("Zeiss Supreme 50mm f/1.5").f_number == 1.5


# Angles of view of 36 x 24 mm as printed in lens tables (horizontal, vertical, diagonal; three digits).
PRINTED_ANGLES = [
    (24, 73.7, 53.1, 84.1), (28, 65.5, 46.4, 75.4), (35, 54.4, 37.8, 63.4), (50, 39.6, 27.0, 46.8),
    (70, 28.8, 19.5, 34.4), (85, 23.9, 16.1, 28.6), (105, 19.5, 13.0, 23.3), (135, 15.2, 10.2, 18.2),
    (200, 10.3, 6.87, 12.3), (300, 6.87, 4.58, 8.25), (400, 5.15, 3.44, 6.19), (600, 3.44, 2.29, 4.12),
]  # fmt: skip


@pytest.mark.parametrize(("focal", "horizontal", "vertical", "diagonal"), PRINTED_ANGLES)
def test_given_a_focal_length_then_its_angles_are_the_printed_ones(
    focal: float, horizontal: float, vertical: float, diagonal: float
) -> None:
    view = field_of_view(Camera("still", 36, 24, "none"), LensCharacter(4, focal))
    assert view.horizontal == pytest.approx(horizontal, rel=0.01)
    assert view.vertical == pytest.approx(vertical, rel=0.01)
    assert view.diagonal == pytest.approx(diagonal, rel=0.01)


# Cinematographers' hyperfocal tables, circle of confusion 0.025 mm (a 30 x 22.5 mm gate has it), f^2 / (N c) in metres.
@pytest.mark.parametrize(
    ("focal", "stop", "metres"),
    [(25, 4, 6.25), (32, 5.6, 7.31), (50, 2.8, 35.7), (75, 2, 112.5), (100, 5.6, 71.4), (40, 11, 5.82)],
)
def test_given_super_35_then_hyperfocal_is_the_manuals(focal: float, stop: float, metres: float) -> None:
    gate = Camera("35 mm gate", 30, 22.5, "none")
    assert gate.coc == pytest.approx(0.025)
    assert hyperfocal(gate, LensCharacter(stop, focal)) == pytest.approx(metres, rel=0.01)


# Depth of field by another published form of the formula (Ray): near, far = s f^2 / (f^2 +- N c (s - f)).
DEPTH_CASES = [
    (50, 2.8, 3.0),
    (85, 1.8, 2.0),
    (35, 5.6, 4.0),
    (24, 8, 1.2),
    (100, 4, 10.0),
    (135, 2, 3.5),
    (18, 2.8, 1.0),
]


@pytest.mark.parametrize(("focal", "stop", "metres"), DEPTH_CASES)
def test_given_a_subject_then_its_limits_are_those_of_the_second_form(focal: float, stop: float, metres: float) -> None:
    gate, lens, s = Camera("gate", 36, 27, "none"), LensCharacter(stop, focal), metres * 1000
    drop = stop * 0.03 * (s - focal)
    zone = depth_of_field(gate, lens, metres)
    assert zone.near == pytest.approx(s * focal**2 / (focal**2 + drop) / 1000, rel=0.01)
    far = s * focal**2 / (focal**2 - drop) / 1000 if drop < focal**2 else math.inf
    assert zone.far == pytest.approx(far, rel=0.01)


@pytest.mark.parametrize(
    ("focal", "stop", "metres", "near", "far"),
    [(50, 2.8, 3.0, 2.73, 3.33), (50, 8, 5.0, 3.39, 9.52), (35, 5.6, 4.0, 2.59, 8.75), (85, 1.8, 2.0, 1.97, 2.03)],
)
def test_given_the_printed_table_then_near_and_far_are_its_numbers(
    focal: float, stop: float, metres: float, near: float, far: float
) -> None:
    zone = depth_of_field(Camera("gate", 36, 27, "none"), LensCharacter(stop, focal), metres)
    assert (zone.near, zone.far) == (pytest.approx(near, rel=0.01), pytest.approx(far, rel=0.01))


@pytest.mark.parametrize(("focal", "stop", "focus", "point"), [(50, 1.4, 2, 5), (85, 1.8, 3, 1.5), (35, 2, 4, 40)])
def test_given_a_point_then_its_disc_is_magnification_times_pupil_times_defocus(
    focal: float, stop: float, focus: float, point: float
) -> None:
    magnification = focal / (focus * 1000 - focal)
    disc = magnification * (focal / stop) * abs(point - focus) / point
    assert blur_disc(LensCharacter(stop, focal), focus, point) == pytest.approx(disc, rel=0.01)
    assert blur_at_infinity(LensCharacter(stop, focal), focus) == pytest.approx(magnification * focal / stop, rel=0.01)


# The textbook lens of f/2 with 75 % transmittance is T2.31; the rest by the same rule, printed to three digits.
@pytest.mark.parametrize(("stop", "transmittance", "t"), [(2.0, 0.75, 2.31), (2.8, 0.8, 3.13), (1.4, 0.9, 1.48)])
def test_given_a_transmittance_then_t_stop_and_f_number_are_each_others(
    stop: float, transmittance: float, t: float
) -> None:
    assert t_stop(stop, transmittance) == pytest.approx(t, rel=0.01)
    assert f_number(t, transmittance) == pytest.approx(stop, rel=0.01)


@pytest.mark.parametrize(("camera", "focal", "equivalent"), [("Alexa 35", 50, 64.3), ("Lumix GH7", 25, 52.0)])
def test_given_another_gate_then_the_full_frame_equivalent_is_by_its_crop(
    camera: str, focal: float, equivalent: float
) -> None:
    lens = LensCharacter(4, focal)
    assert full_frame_equivalent(find_camera(camera), lens) == pytest.approx(equivalent, rel=0.01)
