"""The Master Cinematic Modifier of SOP step 5: the numbers of camera and lens in the words a model reads."""

from collections.abc import Sequence

from vibeboard.domain.gear import Camera, find_camera, find_lens
from vibeboard.domain.optics import LensCharacter, depth_of_field, read_lens

# Grain belongs to the look of drama shot for the screen; these genres are kept clean.
_CLEAN = ("commercial", "animation", "documentary", "sci-fi", "science")


def master_modifier(
    camera: str,
    lens: str,
    lens_character: LensCharacter | None = None,
    genre: str = "",
    tone: str = "",
    extras: Sequence[str] = (),
) -> str:
    """The modifier in the SOP's order: lens, aperture, depth, bokeh, colour science, flares, grain.

    What follows is drawn from the numbers, then genre, tone and `extras`. Raises UnknownCamera or OpticsError.
    """
    body, character, family = find_camera(camera), lens_character or read_lens(lens), find_lens(lens)
    parts = [
        f"{character.focal_length:g}mm lens",
        f"f/{character.marked:g} aperture",
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
