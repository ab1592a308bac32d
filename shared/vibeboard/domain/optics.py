"""SOP step 5: what a camera and a lens do to a picture, by geometry.

Lengths in millimetres unless a name says metres. Formulas: thin lens (Ray, Applied Photographic Optics, ch. 22).
An anamorphic's depth and blur are those of its vertical, unsqueezed focal length.
"""

import math
import re
from dataclasses import dataclass

from vibeboard.domain.gear import BOKEH_SHAPES, LENS_TYPES, Camera, LensFamily, OpticsError, find_lens

MAX_PUPIL = 350.0  # mm; the largest photographic objectives ever ground are under it
DEFAULT_TRANSMITTANCE = 0.90


@dataclass(frozen=True, slots=True)
class LensCharacter:
    """The SOP's lensCharacter. squeeze: the horizontal factor of an anamorphic. t_stop: the marked T-stop, if any.

    Raises OpticsError with the reason for values no lens has.
    """

    f_number: float
    focal_length: float
    lens_type: str = "standard"
    bokeh_shape: str = "round"
    squeeze: float = 1.0
    t_stop: float | None = None

    def __post_init__(self) -> None:
        if not 0.7 <= self.f_number <= 64:
            raise OpticsError(f"f/{self.f_number:g} is outside f/0.7 to f/64: no such aperture exists")
        if not 4 <= self.focal_length <= 1200:
            raise OpticsError(f"focal length {self.focal_length:g} mm is outside 4 to 1200 mm")
        if not 1.0 <= self.squeeze <= 2.0:
            raise OpticsError(f"squeeze {self.squeeze:g} is outside 1.0 (spherical) to 2.0")
        if self.pupil > MAX_PUPIL:
            raise OpticsError(
                f"a {self.focal_length:g} mm lens at f/{self.f_number:g} needs an opening of {self.pupil:.0f} mm; no "
                f"lens is wider than {MAX_PUPIL:g} mm"
            )
        if self.lens_type not in LENS_TYPES:
            raise OpticsError(f"lens type {self.lens_type!r} is unknown; known: {', '.join(LENS_TYPES)}")
        if self.bokeh_shape not in BOKEH_SHAPES:
            raise OpticsError(f"bokeh shape {self.bokeh_shape!r} is unknown; known: {', '.join(BOKEH_SHAPES)}")
        if self.t_stop is not None and self.t_stop < self.f_number:
            raise OpticsError(
                f"T{self.t_stop:g} is faster than f/{self.f_number:g}: glass lets no more light through than it gets"
            )

    @property
    def pupil(self) -> float:
        """Diameter of the entrance pupil."""
        return self.focal_length / self.f_number

    @property
    def marked(self) -> float:
        """The number on the ring, which is what people (and prompts) call the stop."""
        return self.t_stop if self.t_stop is not None else self.f_number


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


def t_stop(f_number: float, transmittance: float) -> float:
    """T = N / sqrt(transmittance): the f-number of a perfect lens that passes as much light."""
    if not 0 < transmittance <= 1:
        raise OpticsError(f"transmittance {transmittance:g} is outside 0 to 1")
    return f_number / math.sqrt(transmittance)


def f_number(t: float, transmittance: float) -> float:
    """The aperture behind a T-stop; geometry asks for this one. Raises OpticsError."""
    if not 0 < transmittance <= 1:
        raise OpticsError(f"transmittance {transmittance:g} is outside 0 to 1")
    return t * math.sqrt(transmittance)


def transmittance_of(family: LensFamily | None) -> float:
    return family.transmittance if family else DEFAULT_TRANSMITTANCE


def read_lens(name: str) -> LensCharacter:
    """Focal length and aperture out of a lens name: "Lensbaby 85mm T1.8", "50 mm f/1.4".

    Behind a T-stop stands a smaller f-number, by the transmittance of the lens family. Raises OpticsError when focal
    length or stop is missing.
    """
    focal = re.search(r"(\d+(?:\.\d+)?)\s*mm\b", name, re.IGNORECASE)
    stop = re.search(r"\b([tf])\s*/?\s*(\d+(?:\.\d+)?)", name, re.IGNORECASE)
    if not focal or not stop:
        raise OpticsError(f"lens {name!r} does not say its focal length and aperture, such as 85mm T1.8")
    family = find_lens(name)
    kind, squeeze = (family.lens_type, family.squeeze) if family else ("standard", 1.0)
    shape = "oval" if kind == "anamorphic" else "round"
    number, length = float(stop[2]), float(focal[1])
    if stop[1].lower() == "f":
        return LensCharacter(number, length, kind, shape, squeeze)
    return LensCharacter(f_number(number, transmittance_of(family)), length, kind, shape, squeeze, number)


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


def blur_at_infinity(lens: LensCharacter, focus: float) -> float:
    """Diameter on the sensor, in millimetres, of a point infinitely far away: f^2 / (N (s - f)). Raises OpticsError."""
    if focus * 1000 <= lens.focal_length:
        raise OpticsError(f"focus must be further than the focal length of {lens.focal_length:g} mm")
    return lens.focal_length**2 / (lens.f_number * (focus * 1000 - lens.focal_length))


def full_frame_equivalent(camera: Camera, lens: LensCharacter) -> float:
    """Focal length that sees as wide on a 36 mm gate."""
    return lens.focal_length * 36.0 / (camera.width * lens.squeeze)
