"""SOP step 5: what a camera and a lens do to a picture, by geometry, and the words that say it to a model.

Lengths in millimetres unless a name says metres. Circle of confusion: sensor diagonal / 1500.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

DIAGONALS_PER_COC = 1500.0


class OpticsError(ValueError):
    """Values no lens can have; the message gives the reason."""


class UnknownCamera(OpticsError):
    """The camera is in no sensor table; the message names those that are."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Sensor size of the recorded open gate and the maker's colour science."""

    name: str
    width: float
    height: float
    color_science: str
    aliases: tuple[str, ...] = ()

    @property
    def coc(self) -> float:
        """Circle of confusion."""
        return math.hypot(self.width, self.height) / DIAGONALS_PER_COC


@dataclass(frozen=True, slots=True)
class LensCharacter:
    """The SOP's lensCharacter. `squeeze` is the horizontal factor of an anamorphic."""

    f_number: float
    focal_length: float
    lens_type: str = "standard"
    bokeh_shape: str = "round"
    squeeze: float = 1.0

    def __post_init__(self) -> None:
        if not 0.7 <= self.f_number <= 64:
            raise OpticsError(f"f/{self.f_number:g} is outside f/0.7 to f/64: no such aperture exists")
        if not 4 <= self.focal_length <= 1200:
            raise OpticsError(f"focal length {self.focal_length:g} mm is outside 4 to 1200 mm")
        if not 1.0 <= self.squeeze <= 2.0:
            raise OpticsError(f"squeeze {self.squeeze:g} is outside 1.0 (spherical) to 2.0")


@dataclass(frozen=True, slots=True)
class LensFamily:
    """How a maker's lenses draw, in words."""

    name: str
    look: str
    lens_type: str = "standard"
    squeeze: float = 1.0


@dataclass(frozen=True, slots=True)
class DepthOfField:
    """Metres; `far` and `total` are infinite from the hyperfocal distance on."""

    near: float
    far: float
    hyperfocal: float

    @property
    def total(self) -> float:
        """Depth that is acceptably sharp."""
        return self.far - self.near


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """Degrees."""

    horizontal: float
    vertical: float
    diagonal: float


@dataclass(frozen=True, slots=True)
class FocusKey:
    """One keyframe of a rack: frame number from 0, distance in metres, blur discs on the sensor of both subjects."""

    frame: int
    distance: float
    blur_from: float
    blur_to: float


@dataclass(frozen=True, slots=True)
class RackFocus:
    """A rack focus: where it starts and ends, what is sharp there, and how the ring is turned."""

    start: DepthOfField
    end: DepthOfField
    field_of_view: FieldOfView
    keys: tuple[FocusKey, ...]


CAMERAS: tuple[Camera, ...] = (
    Camera("RED V-Raptor 8K VV", 40.96, 21.60, "REDWideGamutRGB", ("red v-raptor", "v-raptor", "red raptor")),
    Camera("RED Komodo 6K", 27.03, 14.26, "REDWideGamutRGB", ("red komodo", "komodo")),
    Camera("RED Monstro 8K VV", 40.96, 21.60, "REDWideGamutRGB", ("red monstro", "monstro")),
    Camera("ARRI Alexa 35", 27.99, 19.22, "ARRI Wide Gamut 4", ("alexa 35", "arri alexa 35")),
    Camera("ARRI Alexa Mini LF", 36.70, 25.54, "ARRI Wide Gamut 3", ("alexa mini lf", "mini lf", "alexa lf")),
    Camera("ARRI Alexa Mini", 28.25, 18.17, "ARRI Wide Gamut 3", ("alexa mini", "arri alexa", "alexa")),
    Camera("ARRI Alexa 65", 54.12, 25.58, "ARRI Wide Gamut 3", ("alexa 65",)),
    Camera("Sony Venice 2 8K", 35.90, 24.00, "S-Gamut3.Cine", ("sony venice 2", "venice 2", "venice", "sony venice")),
    Camera("Sony FX6", 35.60, 18.80, "S-Gamut3.Cine", ("fx6",)),
    Camera("Sony FX3", 35.60, 23.80, "S-Gamut3.Cine", ("fx3",)),
    Camera("Canon EOS C500 Mark II", 38.10, 20.10, "Canon Cinema Gamut", ("canon c500", "c500 mark ii")),
    Camera("Canon EOS C300 Mark III", 26.20, 13.80, "Canon Cinema Gamut", ("canon c300", "c300 mark iii")),
    Camera(
        "Blackmagic URSA Mini Pro 12K", 27.03, 14.25, "Blackmagic Wide Gamut", ("ursa mini pro", "ursa 12k", "ursa")
    ),
    Camera("Blackmagic Pocket 6K", 23.10, 12.99, "Blackmagic Wide Gamut", ("bmpcc 6k", "pocket 6k")),
    Camera("Panasonic VariCam LT", 26.69, 14.18, "V-Gamut", ("varicam",)),
    Camera("Super 16 film", 12.52, 7.41, "Kodak Vision3 color negative", ("super 16", "16mm film", "arriflex 416")),
    Camera("Super 35 film", 24.89, 18.66, "Kodak Vision3 color negative", ("super 35", "35mm film", "arricam")),
    Camera("65 mm film", 52.48, 23.01, "Kodak Vision3 color negative", ("65mm", "panavision 65")),
)

LENSES: tuple[LensFamily, ...] = (
    LensFamily("Lensbaby", "dreamy edge falloff, anamorphic lens flares"),
    LensFamily("Cooke S4", "warm rounded skin tones"),
    LensFamily("Cooke Anamorphic", "oval highlights, anamorphic lens flares", "anamorphic", 2.0),
    LensFamily("Panavision C-Series", "blue streak flares, anamorphic lens flares", "anamorphic", 2.0),
    LensFamily("ARRI Master Anamorphic", "clean anamorphic lens flares", "anamorphic", 2.0),
    LensFamily("Atlas Orion", "characterful anamorphic lens flares", "anamorphic", 2.0),
    LensFamily("Zeiss Supreme", "crisp micro-contrast"),
    LensFamily("Zeiss Super Speed", "triangular highlights wide open"),
    LensFamily("ARRI Signature", "smooth silky falloff"),
    LensFamily("Leica Summilux-C", "gentle contrast with clean edges"),
    LensFamily("Canon K35", "soft vintage halation", "vintage"),
    LensFamily("Helios", "swirling vintage background", "vintage"),
    LensFamily("Sigma Cine", "neutral modern sharpness"),
    LensFamily("Fujinon Premista", "even zoom rendering", "zoom"),
    LensFamily("Angénieux Optimo", "warm zoom rendering", "zoom"),
    LensFamily("Laowa Probe", "deep macro perspective", "macro"),
)

# Grain belongs to the look of drama shot for the screen; these genres are kept clean.
_CLEAN = ("commercial", "animation", "documentary", "sci-fi", "science")


def find_camera(name: str) -> Camera:
    """The camera by name or common short name, case aside. Raises UnknownCamera naming the known ones."""
    wanted = " ".join(name.lower().replace("-", " ").split())
    for camera in CAMERAS:
        names = (camera.name, *camera.aliases)
        if wanted in {" ".join(known.lower().replace("-", " ").split()) for known in names}:
            return camera
    raise UnknownCamera(f"camera {name!r} is not in the sensor table; known: {', '.join(c.name for c in CAMERAS)}")


def find_lens(name: str) -> LensFamily | None:
    """The lens family a lens name begins with, or None."""
    lower = name.lower()
    return next((lens for lens in LENSES if lower.startswith(lens.name.lower())), None)


def read_lens(name: str) -> LensCharacter:
    """Focal length and aperture out of a lens name: "Lensbaby 85mm T1.8", "50 mm f/1.4".

    A T-stop is taken for the f-number when nothing better is known. Raises OpticsError when either is missing.
    """
    focal = re.search(r"(\d+(?:\.\d+)?)\s*mm\b", name, re.IGNORECASE)
    stop = re.search(r"\b[tf]\s*/?\s*(\d+(?:\.\d+)?)", name, re.IGNORECASE)
    if not focal or not stop:
        raise OpticsError(f"lens {name!r} does not say its focal length and aperture, such as 85mm T1.8")
    family = find_lens(name)
    kind, squeeze = (family.lens_type, family.squeeze) if family else ("standard", 1.0)
    return LensCharacter(float(stop[1]), float(focal[1]), kind, "oval" if kind == "anamorphic" else "round", squeeze)


def field_of_view(camera: Camera, lens: LensCharacter) -> FieldOfView:
    """Angles of view of the whole sensor; an anamorphic sees its squeeze wider."""
    width = camera.width * lens.squeeze

    def angle(size: float) -> float:
        return math.degrees(2 * math.atan(size / (2 * lens.focal_length)))

    return FieldOfView(angle(width), angle(camera.height), angle(math.hypot(width, camera.height)))


def hyperfocal(camera: Camera, lens: LensCharacter) -> float:
    """Metres: f² / (N c) + f."""
    return (lens.focal_length**2 / (lens.f_number * camera.coc) + lens.focal_length) / 1000


def depth_of_field(camera: Camera, lens: LensCharacter, distance: float) -> DepthOfField:
    """Near and far limits in metres for a subject `distance` metres away.

    near = s(H-f)/(H+s-2f), far = s(H-f)/(H-s). Raises OpticsError when the subject is inside the focal length.
    """
    focus, focal = distance * 1000, lens.focal_length
    if focus <= focal:
        raise OpticsError(
            f"a {focal:g} mm lens cannot focus at {distance:g} m: the subject must be further than its focal length"
        )
    limit = hyperfocal(camera, lens) * 1000
    near = focus * (limit - focal) / (limit + focus - 2 * focal)
    far = focus * (limit - focal) / (limit - focus) if focus < limit else math.inf
    return DepthOfField(near / 1000, far / 1000, limit / 1000)


def blur_disc(lens: LensCharacter, focus: float, subject: float) -> float:
    """Diameter on the sensor, in millimetres, of a point `subject` metres away when focused at `focus` metres.

    f²/N * |s2 - s1| / (s2 (s1 - f)). Raises OpticsError for distances inside the focal length.
    """
    s1, s2, focal = focus * 1000, subject * 1000, lens.focal_length
    if min(s1, s2) <= focal:
        raise OpticsError(f"distances must be greater than the focal length of {focal:g} mm")
    return focal**2 / lens.f_number * abs(s2 - s1) / (s2 * (s1 - focal))


def rack_focus(camera: Camera, lens: LensCharacter, start: float, end: float, frames: int, hold: int = 0) -> RackFocus:
    """Plan a rack from `start` to `end` metres over `frames` frames, holding `hold` frames at either end.

    The ring turns evenly in 1/distance, as a focus ring is marked, eased in and out. Raises OpticsError for fewer than
    two frames, holds that leave no move, or distances the lens cannot focus at.
    """
    if frames < 2 or hold < 0 or 2 * hold > frames - 2:
        raise OpticsError(f"{frames} frames with {hold} held at either end leave no room for a move")
    first, last = depth_of_field(camera, lens, start), depth_of_field(camera, lens, end)
    keys = []
    for frame in range(frames):
        progress = min(1.0, max(0.0, (frame - hold) / (frames - 1 - 2 * hold)))
        eased = progress * progress * (3 - 2 * progress)
        distance = 1 / ((1 - eased) / start + eased / end)
        keys.append(FocusKey(frame, distance, blur_disc(lens, distance, start), blur_disc(lens, distance, end)))
    return RackFocus(first, last, field_of_view(camera, lens), tuple(keys))


def master_modifier(
    camera: str,
    lens: str,
    lens_character: LensCharacter | None = None,
    genre: str = "",
    tone: str = "",
    extras: Sequence[str] = (),
) -> str:
    """The Master Cinematic Modifier, in the SOP's order: lens, aperture, depth, bokeh, colour science, flares, grain.

    What follows is drawn from the numbers, then genre, tone and `extras`. Raises UnknownCamera or OpticsError.
    """
    body, character, family = find_camera(camera), lens_character or read_lens(lens), find_lens(lens)
    parts = [
        f"{character.focal_length:g}mm lens",
        f"f/{character.f_number:g} aperture",
        _depth(body, character),
        _bokeh(character),
    ]
    parts.append(f"{body.color_science} color science")
    parts += [part for part in (family.look if family else "").split(", ") if "flare" in part]
    if not family and character.lens_type == "anamorphic":
        parts.append("anamorphic lens flares")
    if not any(word in genre.lower() for word in _CLEAN):
        parts.append("cinematic film grain")
    parts += [part for part in (family.look if family else "").split(", ") if part and "flare" not in part]
    mood = " ".join(word for word in (tone.strip().lower(), genre.strip().lower()) if word)
    parts += [f"{mood} mood"] if mood else []
    return ", ".join(dict.fromkeys([*parts, *(extra.strip() for extra in extras if extra.strip())]))


def _depth(camera: Camera, lens: LensCharacter) -> str:
    """Measured at portrait distance, two metres (or the closest the lens allows)."""
    zone = depth_of_field(camera, lens, max(2.0, lens.focal_length / 250))
    return "shallow depth of field" if zone.total < 0.4 else "deep focus" if zone.far > 8 else "moderate depth of field"


def _bokeh(lens: LensCharacter) -> str:
    shape = "" if lens.bokeh_shape == "round" else f"{lens.bokeh_shape} "
    return f"creamy {shape}bokeh background" if lens.f_number <= 2.8 else f"softly drawn {shape}background"
