"""What is asked of a finished master (SOP step 12), as one table: each check with its limit and whether it blocks.

The five checks before the export are the gate's (domain/gates.py). These follow it: a failed blocking check fails the
export and nothing is delivered; a failed warning is delivered, and stands in the sidecar with its value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

Kind = Literal["block", "warn"]

TRUE_PEAK_DBTP = -1.0  # EBU R 128
TRUE_PEAK_TOLERANCE = 0.1  # dB, what two meters may differ by
LOUDNESS_TOLERANCE = 0.5  # LU, EBU R 128 for programmes
LOUDNESS_RANGE_LU = 20.0
SILENCE_LUFS = -60.0  # momentary loudness under which nothing is heard
SILENCE_SECONDS = 5.0
BLACK_SECONDS = 2.0
FROZEN_SECONDS = 2.0
GAMUT_AREA = 0.01  # of a frame, EBU R 103: less is ringing
FLASHES_PER_SECOND = 3  # ITU-R BT.1702


@dataclass(frozen=True, slots=True)
class QcRule:
    """One check of a master: what it asks, in whose words, and what happens when it fails."""

    name: str
    kind: Kind
    asks: str
    source: str = ""


RULES: dict[str, QcRule] = {
    rule.name: rule
    for rule in (
        QcRule("frameCount", "block", "as many frames as the cut"),
        QcRule("audioSamples", "block", "the sound is as long as the picture, to the sample"),
        QcRule("resolution", "block", "the size that was ordered"),
        QcRule("frameRate", "block", "the rate of the contract"),
        QcRule("codec", "block", "codec and profile as ordered, with the chroma they promise"),
        QcRule("colourTags", "block", "primaries, transfer and matrix say BT.709, range says limited"),
        QcRule("timecode", "block", "a timecode track that starts where the cut starts"),
        QcRule("audioFormat", "block", "stereo PCM, 24 bit, 48 kHz"),
        QcRule("truePeak", "block", f"at most {TRUE_PEAK_DBTP:g} dBTP", "EBU R 128"),
        QcRule("loudness", "warn", f"within {LOUDNESS_TOLERANCE:g} LU of the target", "EBU R 128"),
        QcRule("loudnessRange", "warn", f"at most {LOUDNESS_RANGE_LU:g} LU", "EBU Tech 3342"),
        QcRule("silence", "warn", f"no {SILENCE_SECONDS:g} s without sound"),
        QcRule("blackFrames", "warn", f"no {BLACK_SECONDS:g} s of black"),
        QcRule("frozenFrames", "warn", f"no {FROZEN_SECONDS:g} s of one picture"),
        QcRule("gamut", "warn", f"at most {GAMUT_AREA:.0%} of any frame outside -5 to 105 % in R'G'B' or luma",
               "EBU R 103"),
        QcRule("flashes", "warn", f"at most {FLASHES_PER_SECOND} flashes in any second", "ITU-R BT.1702"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Screening:
    """What one look at a whole master measured. Runs are (first frame, frames); None: not measurable, no sound."""

    frames: int
    black: tuple[int, int]  # the longest run
    frozen: tuple[int, int]
    gamut_frames: int  # frames with more than GAMUT_AREA outside
    gamut_worst: float  # share of the worst frame that is outside
    flashes: int  # most in any second
    loudness: float | None  # LUFS
    loudness_range: float | None  # LU
    true_peak: float | None  # dBTP
    silence: float  # seconds, the longest


def judge(measured: Mapping[str, Any], wanted: Mapping[str, Any], seen: Screening) -> list[dict[str, Any]]:
    """Every check as {name, ok, kind, value, expected, asks}, in the table's order.

    `measured` and `wanted` hold frames, samples, width, height, rate, codec, profile, chroma, colour, startTimecode,
    audio (as media/qc.py words them); `wanted` also loudness in LUFS, or None when levels were left alone.
    """
    rate = Fraction(wanted["rate"])
    target = wanted["loudness"]
    rows: dict[str, tuple[bool, Any, Any]] = {
        "frameCount": _same(measured, wanted, "frames"),
        "audioSamples": _same(measured, wanted, "samples"),
        "resolution": _same(measured, wanted, "size"),
        "frameRate": _same(measured, wanted, "rate"),
        "codec": _same(measured, wanted, "codec"),
        "colourTags": _same(measured, wanted, "colour"),
        "timecode": _same(measured, wanted, "startTimecode"),
        "audioFormat": _same(measured, wanted, "audio"),
        "truePeak": _at_most(seen.true_peak, TRUE_PEAK_DBTP, TRUE_PEAK_TOLERANCE, "dBTP"),
        "loudness": _near(seen.loudness, target, LOUDNESS_TOLERANCE),
        "loudnessRange": _at_most(seen.loudness_range, LOUDNESS_RANGE_LU, 0.0, "LU"),
        "silence": (seen.silence < SILENCE_SECONDS, f"{seen.silence:.1f} s", f"under {SILENCE_SECONDS:g} s"),
        "blackFrames": _run(seen.black, rate, BLACK_SECONDS),
        "frozenFrames": _run(seen.frozen, rate, FROZEN_SECONDS),
        "gamut": (
            seen.gamut_frames == 0,
            f"{seen.gamut_frames} frames, the worst {seen.gamut_worst:.2%}",
            f"at most {GAMUT_AREA:.0%} of each frame",
        ),
        "flashes": (seen.flashes <= FLASHES_PER_SECOND, seen.flashes, f"at most {FLASHES_PER_SECOND} a second"),
    }
    return [
        {"name": name, "ok": ok, "kind": RULES[name].kind, "value": value, "expected": expected}
        for name, (ok, value, expected) in rows.items()
    ]


def blocking(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failed checks that keep a master in the house."""
    return [check for check in checks if not check["ok"] and check["kind"] == "block"]


def _same(measured: Mapping[str, Any], wanted: Mapping[str, Any], name: str) -> tuple[bool, Any, Any]:
    return measured[name] == wanted[name], measured[name], wanted[name]


def _at_most(value: float | None, limit: float, tolerance: float, unit: str) -> tuple[bool, str, str]:
    if value is None:
        return True, "no sound", f"at most {limit:g} {unit}"
    return value <= limit + tolerance, f"{value:.1f} {unit}", f"at most {limit:g} {unit}"


def _near(value: float | None, target: float | None, tolerance: float) -> tuple[bool, str, str]:
    expected = "left as it was" if target is None else f"{target:g} LUFS"
    if value is None:
        return target is None, "no sound", expected
    return target is None or abs(value - target) <= tolerance, f"{value:.1f} LUFS", expected


def _run(run: tuple[int, int], rate: Fraction, limit: float) -> tuple[bool, str, str]:
    first, frames = run
    seconds = float(frames / rate)
    value = f"{seconds:.2f} s from frame {first}" if frames else "none"
    return seconds < limit, value, f"under {limit:g} s"
