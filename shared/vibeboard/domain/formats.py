"""Picture formats: aspect ratios, frame rates and render qualities, each named once (SOP steps 0 and 11)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Quality = Literal["draft", "review", "master"]

ASPECT_RATIOS: dict[str, Fraction] = {
    "21:9": Fraction(21, 9),
    "2.39:1": Fraction(239, 100),
    "2.35:1": Fraction(235, 100),
    "1.85:1": Fraction(185, 100),
    "16:9": Fraction(16, 9),
    "4:3": Fraction(4, 3),
    "1:1": Fraction(1, 1),
    "4:5": Fraction(4, 5),
    "9:16": Fraction(9, 16),
}

# The number people write -> the exact rate the frames run at.
FRAME_RATES: dict[str, Fraction] = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
}

# What is delivered -> the longest it may be, in seconds. Forty minutes divide shorts from features.
LONGEST: dict[str, int] = {
    "trailer": 300,
    "short": 2_400,
    "teaser": 90,
    "commercial": 300,
    "music-video": 1_200,
    "episode": 5_400,
    "feature": 7_200,
}
TARGET_FORMATS: tuple[str, ...] = tuple(LONGEST)

SAMPLE_RATE = 48_000  # Hz, of every sound file and master


@dataclass(frozen=True, slots=True)
class QualitySpec:
    """One pass of SOP step 11: the box (pixels) that the picture is fitted into."""

    name: Quality
    label: str
    long_side: int
    short_side: int


QUALITIES: dict[Quality, QualitySpec] = {
    "draft": QualitySpec("draft", "720p", 1280, 720),
    "review": QualitySpec("review", "1080p", 1920, 1080),
    "master": QualitySpec("master", "4K", 3840, 2160),
}


def exact_rate(frame_rate: float | int | str) -> Fraction:
    """23.976 -> 24000/1001. Raises KeyError with the known rates when the rate is not one of them."""
    text = f"{float(frame_rate):g}"
    if text not in FRAME_RATES:
        raise KeyError(f"{frame_rate} is not a frame rate of {', '.join(FRAME_RATES)}")
    return FRAME_RATES[text]


@dataclass(frozen=True, slots=True)
class ContractFault:
    """Two fields of a creative contract that do not go together. `field` is the one to change first."""

    field: str
    message: str
    fix: str


def contract_fault(target_format: str, runtime: float, frame_rate: float) -> ContractFault | None:
    """What is wrong with format, runtime and rate taken together; None when a film can be made of them.

    Raises KeyError for a format or rate that does not exist.
    """
    longest, nominal = LONGEST[target_format], round(float(exact_rate(frame_rate)))
    if runtime > longest:
        roomier = ", ".join(name for name, seconds in LONGEST.items() if seconds >= runtime)
        return ContractFault(
            "targetRuntime",
            f"A {target_format} lasts at most {longest} s, and this one {runtime:g} s",
            f"Shorten it, or deliver it as {roomier}." if roomier else "Shorten it.",
        )
    if runtime * nominal % 1:
        return ContractFault(
            "targetRuntime",
            f"{runtime:g} s at {frame_rate:g} frames a second are {runtime * nominal:g} frames",
            "Choose whole seconds, or a rate of 24 or 30.",
        )
    return None


def frame_size(aspect_ratio: str, quality: Quality) -> tuple[int, int]:
    """Width and height in pixels, both even: the largest picture of that shape inside the quality's box."""
    ratio, box = ASPECT_RATIOS[aspect_ratio], QUALITIES[quality]
    limit_w, limit_h = (box.long_side, box.short_side) if ratio >= 1 else (box.short_side, box.long_side)
    width, height = (Fraction(limit_w), limit_w / ratio)
    if height > limit_h:
        width, height = limit_h * ratio, Fraction(limit_h)
    return _even(width), _even(height)


def frames_of(seconds: float | Fraction, rate: Fraction) -> int:
    """Whole frames nearest to a length in seconds."""
    return round(Fraction(seconds).limit_denominator(1_000_000) * rate)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))
