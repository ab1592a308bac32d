"""What the production asks of an engine, whoever runs it. Every adapter, vendor or sandbox, takes and gives these.

Prompts are what a vendor model would receive. The fields beside them (cast, place, palette …) are what an engine
needs to keep people and places recognisable; a text-only model gets them rendered into its prompt.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

Progress = Callable[[float], None]  # 0.0 .. 1.0


@dataclass(frozen=True, slots=True)
class CharacterLook:
    """How one character looks in every shot: from the foundry and the Style Bible (SOP step 4)."""

    name: str  # "femme_fatale": the id used by breakdown and prompts
    display_name: str = ""
    trigger_word: str = ""
    attributes: dict[str, str] = field(default_factory=dict)  # age, gender, hairColor, build …
    wardrobe: tuple[str, ...] = ()
    lighting: tuple[str, ...] = ()
    pose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """One storyboard frame (SOP step 7). `negative` holds rendered terms, e.g. "(crowd:1.5), (daylight:1.3)"."""

    prompt: str
    width: int
    height: int
    seed: int
    negative: str = ""
    style: str = ""  # masterStyleContext
    genre: str = ""
    tone: str = ""
    palette: tuple[str, ...] = ()  # "#rrggbb"
    required: tuple[str, ...] = ()  # Style Bible requiredElements
    banned: tuple[str, ...] = ()
    cast: tuple[CharacterLook, ...] = ()  # in the frame, most important first
    place: str = ""  # "laundromat_interior": the location's id
    props: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One shot as moving picture plus its sound bed (SOP step 8). Lengths in frames of `rate`."""

    first_frame: Path
    last_frame: Path
    prompt: str
    width: int
    height: int
    rate: Fraction
    frames: int
    seed: int
    tone: str = ""
    genre: str = ""
    sound_frames: int = 0  # length of the sound bed; longer than the picture, so that a cut can be split
    cast: tuple[CharacterLook, ...] = ()
    place: str = ""
    palette: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipResult:
    """Files written by a clip engine."""

    picture: Path  # .mp4, H.264 yuv420p, GOP of one second, constant rate, no sound
    sound: Path  # .wav, 48 kHz stereo, s24
    frames: int
    model: str
    seed: int
