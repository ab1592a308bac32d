"""Cinema cameras and lens families: sensor sizes, colour science, squeeze, transmittance, image circle (SOP step 5).

Millimetres. Sizes are the makers' published sizes of the largest recorded area; a lens family's transmittance and
image circle are those typical of the family, for a set differs from lens to lens.
"""

import math
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
    def diagonal(self) -> float:
        return math.hypot(self.width, self.height)

    @property
    def coc(self) -> float:
        """Circle of confusion: the sensor's diagonal / 1500."""
        return self.diagonal / DIAGONALS_PER_COC


@dataclass(frozen=True, slots=True)
class LensFamily:
    """How a maker's lenses draw, in words; squeeze is an anamorphic's horizontal factor.

    transmittance: share of the light that arrives, T = N / sqrt(transmittance). circle: image circle.
    """

    name: str
    look: str
    lens_type: str = "standard"
    squeeze: float = 1.0
    transmittance: float = 0.90
    circle: float = 46.3
    aliases: tuple[str, ...] = ()


FULL_FRAME, SUPER_35, LARGE = 46.3, 33.5, 60.0
_RED, _ARRI3, _ARRI4 = "REDWideGamutRGB", "ARRI Wide Gamut 3", "ARRI Wide Gamut 4"
_SONY, _CANON, _BMD = "S-Gamut3.Cine", "Canon Cinema Gamut", "Blackmagic Wide Gamut"
_PANASONIC, _KODAK = "V-Gamut", "Kodak Vision3 color negative"

CAMERAS: tuple[Camera, ...] = (
    Camera("RED V-Raptor 8K VV", 40.96, 21.60, _RED, ("red v-raptor", "v-raptor", "red raptor", "red v-raptor xl")),
    Camera("RED V-Raptor 8K S35", 26.21, 13.82, _RED, ("v-raptor s35",)),
    Camera("RED Komodo 6K", 27.03, 14.26, _RED, ("red komodo", "komodo", "red komodo-x", "komodo-x")),
    Camera("RED Monstro 8K VV", 40.96, 21.60, _RED, ("red monstro", "monstro")),
    Camera("RED Helium 8K S35", 29.90, 15.77, _RED, ("red helium", "helium")),
    Camera("RED Gemini 5K S35", 30.72, 18.00, _RED, ("red gemini", "gemini")),
    Camera("ARRI Alexa 35", 27.99, 19.22, _ARRI4, ("alexa 35", "arri alexa 35", "alexa 35 xtreme")),
    Camera("ARRI Alexa 265", 54.12, 25.58, _ARRI4, ("alexa 265",)),
    Camera("ARRI Alexa Mini LF", 36.70, 25.54, _ARRI3, ("alexa mini lf", "mini lf", "alexa lf", "arri alexa lf")),
    Camera("ARRI Alexa Mini", 28.25, 18.17, _ARRI3, ("alexa mini", "arri alexa", "alexa")),
    Camera("ARRI Alexa 65", 54.12, 25.58, _ARRI3, ("alexa 65",)),
    Camera("ARRI Amira", 26.40, 14.85, _ARRI3, ("amira",)),
    Camera("Sony Venice 2 8K", 35.90, 24.00, _SONY, ("sony venice 2", "venice 2", "venice", "sony venice")),
    Camera("Sony Venice 2 6K", 36.20, 24.10, _SONY, ("venice 2 6k", "venice 6k")),
    Camera("Sony Burano 8K", 35.90, 24.00, _SONY, ("sony burano", "burano")),
    Camera("Sony FX9", 35.70, 18.80, _SONY, ("fx9",)),
    Camera("Sony FX6", 35.60, 18.80, _SONY, ("fx6",)),
    Camera("Sony FX3", 35.60, 23.80, _SONY, ("fx3",)),
    Camera("Sony FX30", 23.30, 15.50, _SONY, ("fx30",)),
    Camera("Sony F65", 24.70, 13.10, "S-Gamut", ("f65",)),
    Camera("Canon EOS C500 Mark II", 38.10, 20.10, _CANON, ("canon c500", "c500 mark ii")),
    Camera("Canon EOS C400", 36.00, 19.00, _CANON, ("canon c400", "c400", "canon c80", "c80")),
    Camera("Canon EOS C300 Mark III", 26.20, 13.80, _CANON, ("canon c300", "c300 mark iii")),
    Camera("Canon EOS C70", 26.20, 13.80, _CANON, ("canon c70", "c70")),
    Camera("Blackmagic URSA Cine 17K 65", 50.81, 23.32, _BMD, ("ursa cine 17k", "ursa 17k")),
    Camera("Blackmagic URSA Cine 12K LF", 35.64, 23.32, _BMD, ("ursa cine", "ursa cine 12k")),
    Camera("Blackmagic URSA Mini Pro 12K", 27.03, 14.25, _BMD, ("ursa mini pro", "ursa 12k", "ursa")),
    Camera("Blackmagic PYXIS 6K", 36.00, 24.00, _BMD, ("pyxis", "pyxis 6k", "blackmagic cinema camera 6k")),
    Camera("Blackmagic Pocket 6K", 23.10, 12.99, _BMD, ("bmpcc 6k", "pocket 6k")),
    Camera("Blackmagic Pocket 4K", 18.96, 10.00, _BMD, ("bmpcc 4k", "pocket 4k")),
    Camera("Panasonic VariCam LT", 26.69, 14.18, _PANASONIC, ("varicam", "varicam 35")),
    Camera("Panasonic Lumix S1H", 35.60, 23.80, _PANASONIC, ("s1h", "lumix s1h")),
    Camera("Panasonic Lumix GH7", 17.30, 13.00, _PANASONIC, ("gh7", "lumix gh7", "gh6")),
    Camera("Panavision Millennium DXL2", 40.96, 21.60, "Light Iron Color 2", ("dxl2", "panavision dxl2")),
    Camera("DJI Ronin 4D 6K", 35.90, 24.00, "D-Gamut", ("ronin 4d",)),
    Camera("Kinefinity MAVO Edge 8K", 36.00, 24.00, "Kinefinity Wide Gamut", ("mavo edge", "kinefinity mavo")),
    Camera("Z CAM E2-F6", 37.09, 24.75, "Z CAM Z-Log2", ("z cam", "e2-f6")),
    Camera("Super 8 film", 5.79, 4.01, _KODAK, ("super 8", "8mm film")),
    Camera("Super 16 film", 12.52, 7.41, _KODAK, ("super 16", "16mm film", "arriflex 416")),
    Camera("Academy 35 film", 21.95, 16.00, _KODAK, ("academy 35",)),
    Camera("Super 35 film", 24.89, 18.66, _KODAK, ("super 35", "35mm film", "arricam")),
    Camera("VistaVision film", 37.72, 24.92, _KODAK, ("vistavision", "beaumont")),
    Camera("65 mm film", 52.48, 23.01, _KODAK, ("65mm", "panavision 65")),
    Camera("IMAX 15/70 film", 70.41, 52.63, _KODAK, ("imax", "imax 70mm", "imax film")),
)

_FLARES = "anamorphic lens flares"


def _anamorphic(
    name: str, look: str, squeeze: float = 2.0, circle: float = SUPER_35, *aliases: str, light: float = 0.80
) -> LensFamily:
    return LensFamily(name, f"{look}, {_FLARES}", "anamorphic", squeeze, light, circle, aliases)


def _old(name: str, look: str, circle: float = FULL_FRAME, *aliases: str) -> LensFamily:
    return LensFamily(name, look, "vintage", 1.0, 0.82, circle, aliases)


def _zoom(name: str, look: str, circle: float = SUPER_35, *aliases: str) -> LensFamily:
    return LensFamily(name, look, "zoom", 1.0, 0.78, circle, aliases)


# Longer names before the shorter ones they begin with: a lens belongs to the first family its name starts with.
LENSES: tuple[LensFamily, ...] = (
    LensFamily("Lensbaby", f"dreamy edge falloff, {_FLARES}"),
    LensFamily("Cooke S7", "warm rounded skin tones on large format"),
    LensFamily("Cooke S8", "warm rounded skin tones with round highlights wide open"),
    LensFamily("Cooke S5", "warm skin tones in low light", circle=SUPER_35),
    LensFamily("Cooke S4", "warm rounded skin tones", circle=SUPER_35),
    LensFamily("Cooke miniS4", "warm rounded skin tones", circle=SUPER_35, aliases=("Cooke mini S4",)),
    LensFamily("Cooke Panchro", "gentle classic contrast", "vintage", circle=FULL_FRAME),
    _old("Cooke Speed Panchro", "soft warm classic halation", SUPER_35),
    _anamorphic("Cooke Anamorphic FF", "oval highlights on large format", 1.8, FULL_FRAME, "Cooke Anamorphic/i Full"),
    _anamorphic("Cooke Anamorphic", "oval highlights"),
    _anamorphic("Panavision C-Series", "blue streak flares", 2.0, SUPER_35, "Panavision C Series"),
    _anamorphic("Panavision E-Series", "clean classic scope rendering", 2.0, SUPER_35, "Panavision E Series"),
    _anamorphic("Panavision G-Series", "compact scope rendering", 2.0, SUPER_35, "Panavision G Series"),
    _anamorphic("Panavision T-Series", "even scope rendering", 2.0, SUPER_35, "Panavision T Series"),
    _anamorphic("Panavision Ultra Panatar", "epic 65 mm scope rendering", 1.25, LARGE),
    LensFamily("Panavision Primo", "crisp rounded contrast", circle=SUPER_35),
    _anamorphic("ARRI Master Anamorphic", "clean controlled rendering"),
    LensFamily("ARRI Signature", "smooth silky falloff", transmittance=0.89),
    LensFamily("ARRI Ensō", "soft transitions with selectable backgrounds", aliases=("ARRI Enso",)),
    LensFamily("ARRI DNA", "characterful mottled falloff", "vintage", 1.0, 0.85, LARGE),
    LensFamily("ARRI/Zeiss Master Prime", "neutral sharpness at every stop", transmittance=0.85, circle=SUPER_35,
               aliases=("Zeiss Master Prime", "ARRI Master Prime")),
    LensFamily("ARRI/Zeiss Ultra Prime", "neutral even contrast", circle=SUPER_35,
               aliases=("Zeiss Ultra Prime", "ARRI Ultra Prime")),
    _anamorphic("Atlas Orion", "characterful rendering"),
    _anamorphic("Atlas Mercury", "light large format rendering", 1.5, FULL_FRAME),
    _anamorphic("Hawk V-Lite", "soft edges with oval highlights", 2.0, SUPER_35),
    _anamorphic("Hawk class-X", "even large format rendering", 2.0, SUPER_35),
    _anamorphic("Kowa Anamorphic", "low contrast golden veiling", 2.0, SUPER_35, light=0.72),
    _anamorphic("Lomo Anamorphic", "wild edges with blue veiling", 2.0, SUPER_35, light=0.70),
    _anamorphic("Sirui Anamorphic", "long blue streak flares", 1.33, SUPER_35, "Sirui Nightwalker", "Sirui Venus"),
    _anamorphic("Laowa Nanomorph", "thin coloured streak flares", 1.5, SUPER_35),
    _anamorphic("Laowa Proteus", "clean oval highlights", 2.0, SUPER_35),
    _anamorphic("Vantage One4", "clean fast scope rendering", 2.0, SUPER_35),
    LensFamily("Zeiss Supreme", "crisp micro-contrast"),
    LensFamily("Zeiss CP.3", "clean neutral contrast", aliases=("Zeiss Compact Prime",)),
    _old("Zeiss Super Speed", "triangular highlights wide open", SUPER_35),
    _old("Zeiss B-Speed", "triangular highlights with low contrast", SUPER_35),
    LensFamily("Leica Summilux-C", "gentle contrast with clean edges", circle=SUPER_35, aliases=("Leitz Summilux-C",)),
    LensFamily("Leica Summicron-C", "calm even contrast", circle=SUPER_35, aliases=("Leitz Summicron-C",)),
    LensFamily("Leitz Prime", "smooth large format falloff", circle=LARGE),
    LensFamily("Leitz Thalia", "painterly medium format falloff", circle=LARGE),
    LensFamily("Leitz Hugo", "photographic softness wide open"),
    _old("Canon K35", "soft vintage halation"),
    LensFamily("Canon Sumire", "delicate glow wide open"),
    LensFamily("Canon CN-E", "warm clean contrast"),
    _old("Helios", "swirling vintage background"),
    _old("Bausch & Lomb Super Baltar", "creamy amber halation", SUPER_35, "Super Baltar"),
    _old("Kinoptik", "nervous sharp centre with soft corners", SUPER_35),
    _old("Petzval", "strongly swirling background"),
    _old("Nikon AI-S", "hard vintage contrast"),
    LensFamily("Sigma Cine", "neutral modern sharpness", aliases=("Sigma FF High Speed", "Sigma Aizu")),
    LensFamily("Tokina Vista", "clean modern falloff", circle=LARGE),
    LensFamily("Samyang Xeen", "soft modern contrast", aliases=("Xeen", "Rokinon Xeen")),
    LensFamily("DZOFilm Vespid", "gentle modern contrast"),
    LensFamily("Blackwing7", "tuned halation with subtle edge distortion", aliases=("Tribe7 Blackwing7",)),
    LensFamily("NiSi Athena", "clean modern contrast"),
    LensFamily("Meike Cine", "plain modern contrast"),
    _zoom("Fujinon Premista", "even zoom rendering", FULL_FRAME),
    _zoom("Fujinon Cabrio", "crisp zoom rendering"),
    _zoom("Angénieux Optimo", "warm zoom rendering", SUPER_35, "Angenieux Optimo"),
    _zoom("Angénieux EZ", "light warm zoom rendering", SUPER_35, "Angenieux EZ"),
    _zoom("Canon Flex", "even large format zoom rendering", FULL_FRAME),
    LensFamily("Laowa Probe", "deep macro perspective", "macro", 1.0, 0.80, FULL_FRAME),
)  # fmt: skip

# The shape of a point out of focus: what the diaphragm, or the glass, makes of it.
BOKEH_SHAPES = ("round", "oval", "hexagonal", "octagonal", "pentagonal", "triangular", "swirl", "cat-eye", "bubble")
LENS_TYPES = ("standard", "anamorphic", "vintage", "zoom", "macro", "wide", "telephoto", "tilt-shift", "probe")


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").split())


def find_camera(name: str) -> Camera:
    """The camera by name or common short name, case aside. Raises UnknownCamera naming the known ones."""
    wanted = _plain(name)
    for camera in CAMERAS:
        if wanted in {_plain(known) for known in (camera.name, *camera.aliases)}:
            return camera
    raise UnknownCamera(f"camera {name!r} is not in the sensor table; known: {', '.join(c.name for c in CAMERAS)}")


def find_lens(name: str) -> LensFamily | None:
    """The lens family a lens name begins with, or None."""
    lower = name.lower()
    return next(
        (lens for lens in LENSES if any(lower.startswith(known.lower()) for known in (lens.name, *lens.aliases))), None
    )
