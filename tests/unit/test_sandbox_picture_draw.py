"""The sandbox storyboard: same request, same frame; who, where, how near and how lit is told by the words."""

import cv2
import numpy as np
import pytest

from vibeboard.providers.ports import CharacterLook, FrameRequest
from vibeboard.providers.sandbox.picture import cutouts, draw_frame
from vibeboard.providers.sandbox.picture.identity import person_of
from vibeboard.providers.sandbox.picture.read import read
from vibeboard.providers.sandbox.picture.staging import Staging, stage_request

FEMME = CharacterLook(
    "femme_fatale",
    "Femme Fatale",
    attributes={"gender": "female", "hairColor": "dark"},
    wardrobe=("Black trench coat", "Red lipstick", "No hats"),
)
COLE = CharacterLook("cole", "Cole", attributes={"gender": "male"}, wardrobe=("Brown duster coat", "cowboy hat"))


def request(prompt: str, *, seed: int = 7, width: int = 640, height: int = 274, **fields: object) -> FrameRequest:
    base: dict[str, object] = {
        "palette": ("#1a1a2e", "#e94560", "#0f3460"),
        "place": "laundromat_interior",
        "cast": (FEMME,),
        "genre": "thriller",
        "tone": "dark",
    }
    return FrameRequest(prompt=prompt, width=width, height=height, seed=seed, **(base | fields))  # type: ignore[arg-type]


def pixels(png: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def figure_height(staging: Staging) -> float:
    """Pixels from the lead's feet to the crown, in or out of the frame."""
    lead = next(f for f in staging.figures if f.person is not None and not f.extra)
    foot, top = staging.camera.project(np.array([[lead.x, lead.y, lead.z], [lead.x, lead.y + lead.height, lead.z]]))
    return float(foot[1] - top[1])


def test_given_the_same_request_when_drawn_twice_then_the_bytes_are_the_same() -> None:
    assert draw_frame(request("Wide shot, femme fatale in steam")) == draw_frame(
        request("Wide shot, femme fatale in steam")
    )


def test_given_another_seed_when_drawn_then_the_frame_differs() -> None:
    assert draw_frame(request("Wide shot", seed=1)) != draw_frame(request("Wide shot", seed=2))


@pytest.mark.parametrize(("width", "height"), [(640, 268), (640, 360), (360, 640), (400, 400)])
def test_given_any_aspect_ratio_when_drawn_then_the_frame_has_the_size_and_the_face_is_inside(
    width: int, height: int
) -> None:
    asked = request("Close-up of the femme fatale", width=width, height=height)
    assert pixels(draw_frame(asked)).shape == (height, width, 3)
    staging = stage_request(asked)
    lead = staging.figures[-1]
    eyes = staging.camera.project(np.array([[lead.x, lead.height * 0.93, lead.z]]))[0]
    assert width * 0.2 < eyes[0] < width * 0.8
    assert height * 0.15 < eyes[1] < height * 0.65


def test_given_tighter_shot_sizes_when_staged_then_the_figure_grows_on_screen() -> None:
    sizes = ["Extreme wide shot", "Wide shot", "Medium shot", "Close-up of her face"]
    heights = [figure_height(stage_request(request(size))) for size in sizes]
    assert heights == sorted(heights)
    assert heights[-1] > 4 * heights[1]


def test_given_a_wide_and_a_close_shot_when_drawn_then_skin_fills_more_of_the_close_one() -> None:
    pale = CharacterLook("ann", attributes={"gender": "female", "skin": "pale"}, wardrobe=("Blue coat",))

    def skin(prompt: str) -> float:
        hsv = cv2.cvtColor(
            pixels(draw_frame(request(prompt, cast=(pale,), place="field", genre="drama", tone="", palette=()))),
            cv2.COLOR_BGR2HSV,
        )
        return float(((hsv[..., 0] < 18) & (hsv[..., 1] > 60) & (hsv[..., 2] > 110)).mean())

    assert skin("Close-up of Ann at noon") > 3 * skin("Wide shot of Ann at noon")


def test_given_one_look_when_read_in_two_shots_then_it_is_the_same_person_and_another_look_is_not() -> None:
    assert person_of(FEMME) == person_of(FEMME)
    first, second = person_of(FEMME), person_of(COLE)
    assert first.cloth != second.cloth
    assert (first.female, second.female) == (True, False)
    assert (first.hat, second.hat) == ("", "stetson")  # "No hats" is heard


def test_given_a_red_coat_when_drawn_near_and_far_then_its_colour_holds() -> None:
    red = CharacterLook("rosa", attributes={"gender": "female"}, wardrobe=("Red coat",))
    green = CharacterLook("gina", attributes={"gender": "female"}, wardrobe=("Green coat",))

    def redness(look: CharacterLook, prompt: str) -> float:
        staging = stage_request(request(prompt, cast=(look,), place="office", genre="drama", tone="", palette=()))
        sprite = cutouts.cut_out(staging, staging.figures[-1], staging.camera)
        assert sprite is not None
        blue, green, red = sprite.light[sprite.alpha > 0.9].mean(0)
        return float(red / (blue + green + red))

    for prompt in ("Wide shot by day", "Medium shot by day"):
        assert redness(red, prompt) > redness(green, prompt) + 0.1


def test_given_the_same_place_when_drawn_with_other_seeds_then_it_is_nearer_to_itself_than_to_another_place() -> None:
    def look(place: str, seed: int) -> np.ndarray:
        picture = pixels(
            draw_frame(request("Wide shot, empty", cast=(), place=place, seed=seed, palette=(), genre="drama", tone=""))
        )
        histogram = cv2.calcHist([cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)], [1, 2], None, [24, 24], [90, 166, 90, 166])
        return np.asarray(cv2.normalize(histogram, None, norm_type=cv2.NORM_L1))

    same = cv2.compareHist(look("laundromat", 1), look("laundromat", 5), cv2.HISTCMP_BHATTACHARYYA)
    other = cv2.compareHist(look("laundromat", 1), look("desert", 5), cv2.HISTCMP_BHATTACHARYYA)
    assert same < other


def test_given_an_unknown_place_when_staged_twice_then_the_same_set_is_built_and_another_name_gives_another() -> None:
    def walls(place: str) -> list[tuple[float, ...]]:
        return [
            tuple(face.colour)
            for group in stage_request(request("Wide shot", place=place)).model.groups
            for face in group.faces
        ]

    assert walls("the zorbly interior") == walls("the zorbly interior")
    assert walls("the zorbly interior") != walls("the quibble interior")


def test_given_a_crowd_is_ruled_out_when_drawn_then_no_extras_stand_there() -> None:
    def extras(negative: str) -> int:
        return sum(
            f.extra for f in stage_request(request("Wide shot, crowd at the machines", negative=negative)).figures
        )

    assert extras("") > 5
    assert extras("(crowd:1.5), (daylight:1.3)") == 0


def test_given_daylight_is_ruled_out_when_drawn_then_it_is_night_and_darker() -> None:
    light = request("Wide shot, morning daylight")
    dark = request("Wide shot, morning daylight", negative="(daylight:1.3)")
    assert (read(light).time, read(dark).time) == ("day", "night")
    assert pixels(draw_frame(dark)).mean() < pixels(draw_frame(light)).mean() - 10


def test_given_required_elements_when_read_then_they_are_in_the_shot_unless_banned() -> None:
    shot = read(request("Wide shot", required=("neon reflections", "smoke/haze", "wet surfaces")))
    assert (shot.neon, shot.wet, shot.fog > 0) == (True, True, True)
    assert read(request("Wide shot in the haze", banned=("haze",))).fog == 0


def test_given_wet_surfaces_when_drawn_then_the_floor_shines() -> None:
    dry, wet = (
        pixels(draw_frame(request("Wide shot, empty", cast=(), place="street at night", required=r)))
        for r in ((), ("wet surfaces",))
    )
    assert np.abs(dry[200:].astype(int) - wet[200:]).mean() > 3 * np.abs(dry[:70].astype(int) - wet[:70]).mean()


def test_given_a_closeup_of_a_thing_when_read_then_the_thing_is_framed_not_a_face() -> None:
    shot = read(request("Close-up of door handle turning"))
    assert (shot.size, shot.props[0]) == ("insert", "door_handle")
    assert read(request("Close-up of the femme fatale, gun in hand")).size == "cu"


def test_given_lens_and_aperture_when_staged_then_long_and_open_lenses_compress_and_blur() -> None:
    long, wide = (
        stage_request(request("Medium shot, 135mm lens, f/1.4")),
        stage_request(request("Medium shot, 24mm lens, f/11")),
    )
    assert long.focus > 3 * wide.focus  # the camera stands further off
    assert long.blur > 3 * wide.blur


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "x" * 6000,
        "💥🎬",
        "Плотный кадр: женщина входит в дом",
        "クローズアップ、雨の夜",
        "Nahaufnahme: sie wartet im Waschsalon",
        "qwrt zxcv plmk",
        "insert",
        "close-up of",
        "(((:1.5)))",
        "over the shoulder top shot low angle dutch pov",
        "f/0 0mm lens \x00",
    ],
)
def test_given_odd_text_when_drawn_then_a_frame_comes_back(prompt: str) -> None:
    for cast in ((), (FEMME, COLE)):
        asked = request(
            prompt, width=160, height=90, cast=cast, place="" if not cast else "nowhere at all", props=("gizmo", "key")
        )
        assert pixels(draw_frame(asked)).shape == (90, 160, 3)
