"""Scratch sound beds: exact, even, quiet enough, and told apart by mood."""

import wave
from pathlib import Path

import numpy as np
import pytest

from vibeboard.providers.sandbox.sound import scratch_bed


def bed(path: Path, samples: int = 96_000, **fields: object) -> np.ndarray:
    told: dict[str, object] = {"tone": "dark", "genre": "thriller", "seed": 3} | fields
    scratch_bed(path, samples=samples, **told)  # type: ignore[arg-type]
    with wave.open(str(path), "rb") as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 3, 48_000)
        raw = np.frombuffer(sound.readframes(sound.getnframes()), np.uint8).reshape(-1, 3)
    value = (
        raw[:, 0].astype(np.int32) | raw[:, 1].astype(np.int32) << 8 | raw[:, 2].astype(np.int8).astype(np.int32) << 16
    )
    return value.reshape(-1, 2) / 2**23


MOODS = [
    ("dark", "thriller"),
    ("light", "comedy"),
    ("tense", "action"),
    ("warm", "romance"),
    ("eerie", "horror"),
    ("", "documentary"),
    ("", "sci-fi"),
    ("", "western"),
    ("", "fantasy"),
    ("", ""),
]


@pytest.mark.parametrize(("tone", "genre"), MOODS)
def test_given_a_mood_when_scored_then_length_peak_and_level_hold(tmp_path: Path, tone: str, genre: str) -> None:
    sound = bed(tmp_path / "bed.wav", 70_001, tone=tone, genre=genre, prompt="Rain on the street, footsteps, a clock")
    assert sound.shape == (70_001, 2)
    assert 0.05 < np.abs(sound).max() < 10 ** (-6 / 20)
    whole = np.sqrt((sound**2).mean())
    for part in (sound[:9600], sound[-9600:]):
        assert np.sqrt((part**2).mean()) > 0.25 * whole


def test_given_the_same_arguments_when_scored_then_the_bytes_are_the_same_and_another_seed_differs(
    tmp_path: Path,
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        scratch_bed(tmp_path / name, samples=24_000, tone="dark", genre="noir", seed=seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_given_dark_and_comic_tones_when_scored_then_the_dark_one_lies_lower(tmp_path: Path) -> None:
    def centre(tone: str, genre: str) -> float:
        spectrum = np.abs(np.fft.rfft(bed(tmp_path / "x.wav", tone=tone, genre=genre)[:, 0])) ** 2
        return float((spectrum * np.fft.rfftfreq(96_000, 1 / 48_000)).sum() / spectrum.sum())

    assert centre("dark", "thriller") < 0.6 * centre("light", "comedy")


def test_given_rain_in_the_prompt_when_scored_then_there_is_more_hiss(tmp_path: Path) -> None:
    def hiss(prompt: str) -> float:
        spectrum = np.abs(np.fft.rfft(bed(tmp_path / "x.wav", prompt=prompt)[:, 0])) ** 2
        return float(spectrum[8000:].sum() / spectrum.sum())

    assert hiss("She runs through the rain") > 5 * hiss("She thinks")


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_given_a_tiny_length_when_scored_then_it_is_exact(tmp_path: Path, samples: int) -> None:
    assert bed(tmp_path / "x.wav", samples).shape == (samples, 2)


def test_given_a_negative_length_when_scored_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="-1"):
        scratch_bed(tmp_path / "x.wav", samples=-1, tone="", genre="", seed=1)
