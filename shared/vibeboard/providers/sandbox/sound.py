"""Scratch sound beds: the mood of a scene by tone and genre, and the noises its prompt names."""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000  # Hz
PEAK = 10 ** (-9 / 20)  # full scale; beds stay well under -6 dBFS
Wave = NDArray[np.float64]

MOODS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("horror", ("horror", "terror", "gothic", "haunted", "slasher")),
    ("dark", ("noir", "thriller", "dark", "crime", "mystery", "suspense", "tense", "bleak", "ominous")),
    ("action", ("action", "war", "chase", "heist", "martial", "adrenaline")),
    ("comedy", ("comedy", "comic", "quirky", "whimsical", "playful", "light", "funny")),
    ("romance", ("romance", "romantic", "love", "warm", "tender", "hopeful", "nostalgic", "family")),
    ("space", ("sci-fi", "science fiction", "scifi", "cyberpunk", "space", "futuristic")),
    ("western", ("western", "frontier")),
    ("wonder", ("fantasy", "adventure", "epic", "wonder", "fairy")),
    ("neutral", ("documentary", "neutral", "observational", "realist", "drama")),
)
NOISES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rain", ("rain", "storm", "downpour", "drizzle", "wet street")),
    ("steam", ("steam", "hiss", "smoky", "vent")),
    ("steps", ("walk", "walks", "enters", "footsteps", "steps", "strides", "crosses", "runs", "approaches")),
    ("waves", ("sea", "ocean", "beach", "wave", "waves", "shore", "harbour", "harbor", "lake")),
    ("wind", ("wind", "desert", "field", "mountain", "snow", "rooftop", "cliff", "hill")),
    ("traffic", ("street", "traffic", "city", "car", "road", "alley", "taxi")),
    (
        "machine",
        (
            "machine",
            "machines",
            "laundromat",
            "washer",
            "washing",
            "factory",
            "warehouse",
            "engine",
            "train",
            "lab",
            "spaceship",
        ),
    ),
    ("birds", ("forest", "garden", "park", "morning", "meadow", "birds")),
    ("crowd", ("bar", "diner", "market", "crowd", "restaurant", "party")),
    ("clock", ("clock", "watch", "tick", "countdown")),
)


def scratch_bed(path: Path, *, samples: int, tone: str, genre: str, seed: int, prompt: str = "") -> None:
    """Writes a 48 kHz stereo 24-bit WAV of exactly `samples` samples, peak below -6 dBFS, level even to both ends.

    The same arguments give the same bytes. Raises ValueError for a negative length.
    """
    if samples < 0:
        raise ValueError(f"a sound cannot have {samples} samples")
    rng = np.random.default_rng(seed)
    mood = _first(f"{tone} {genre}".lower(), MOODS) or "neutral"
    length = max(1, samples)
    bed = _MOODS[mood](length, rng)
    for name in _all(prompt.lower(), NOISES)[:3]:
        bed = bed + _NOISES[name](length, rng)
    peak = float(np.abs(bed).max()) or 1.0
    bed = np.tanh(bed / peak * 1.3) / np.tanh(1.3) * PEAK
    frames = np.round(bed.T[:samples] * (2**23 - 1)).astype("<i4")
    packed = frames.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(3)
        out.setframerate(RATE)
        out.writeframes(packed.tobytes())


def _first(text: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return next((name for name, words in table if any(word in text for word in words)), "")


def _all(text: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
    padded = f" {''.join(c if c.isalnum() else ' ' for c in text)} "
    return [name for name, words in table if any(f" {word} " in padded for word in words)]


def _time(n: int) -> Wave:
    out: Wave = np.arange(n) / RATE
    return out


def _noise(n: int, rng: np.random.Generator, low: float, high: float, tilt: float = 0.0) -> Wave:
    """Stereo noise (2, n) of unit loudness between two frequencies (Hz); tilt < 0 darkens."""
    size = 1 << max(10, (n - 1).bit_length())
    size = min(size, 1 << 19)
    freq = np.fft.rfftfreq(size, 1 / RATE)
    shape = (
        (freq > low * 0.7)
        / (1 + (low / np.maximum(freq, 1)) ** 4)
        / (1 + (freq / high) ** 4)
        * np.maximum(freq, 20) ** tilt
    )
    spectrum = (rng.standard_normal((2, len(freq))) + 1j * rng.standard_normal((2, len(freq)))) * shape
    loop = np.fft.irfft(spectrum, size)
    loop /= loop.std() + 1e-12
    out: Wave = np.take(loop, np.arange(n), axis=1, mode="wrap")
    return out


def _tone(n: int, hz: float, phase: float = 0.0, partials: tuple[float, ...] = (1.0,)) -> Wave:
    t = _time(n)
    out: Wave = sum(
        (level * np.sin(2 * np.pi * hz * (k + 1) * t + phase * (k + 1)) for k, level in enumerate(partials)),
        np.zeros(n),
    )
    return out


def _wide(left: Wave, right: Wave) -> Wave:
    return np.stack([left, right])


def _events(
    n: int,
    every: float,
    rng: np.random.Generator,
    make: Callable[[int], Wave],
    jitter: float = 0.1,
    offset: float = 0.0,
) -> Wave:
    """A short sound repeated through the length, panned about; late ones wrap to the start, so no end is bare."""
    out = np.zeros((2, n))
    step = max(1, int(every * RATE))
    for index, start in enumerate(range(int(offset * RATE), n + step, step)):
        piece = make(index)
        at = start + int(rng.uniform(-jitter, jitter) * step)
        places = (at + np.arange(len(piece))) % n
        pan = rng.uniform(0.35, 0.65)
        np.add.at(out[0], places, piece * (1 - pan))
        np.add.at(out[1], places, piece * pan)
    return out


def _decay(seconds: float, hz: float, rng: np.random.Generator, noise: float = 0.0, bend: float = 0.0) -> Wave:
    n = int(seconds * RATE)
    t = _time(n)
    pitch = hz * (1 + bend * np.exp(-t * 30))
    body = np.sin(2 * np.pi * np.cumsum(pitch) / RATE)
    out: Wave = (body + noise * rng.standard_normal(n)) * np.exp(-t * 5 / seconds) * np.minimum(1, t * 400)
    return out


def _drone(
    n: int, roots: tuple[float, ...], level: float, rng: np.random.Generator, partials: tuple[float, ...]
) -> Wave:
    t = _time(n)
    out = np.zeros((2, n))
    for root in roots:
        for side in (0, 1):
            drift = 1 + 0.0012 * np.sin(2 * np.pi * 0.07 * t + rng.uniform(0, 6))
            swell = 0.8 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.05, 0.14) * t + rng.uniform(0, 6))
            phase = 2 * np.pi * np.cumsum(root * (1 + 0.002 * side) * drift) / RATE
            out[side] += swell * sum(a * np.sin(phase * (k + 1)) for k, a in enumerate(partials))
    out *= level / max(1e-9, float(out.std()))
    return out


def _dark(n: int, rng: np.random.Generator) -> Wave:
    root = float(rng.choice([36.7, 41.2, 43.65]))
    bed = _drone(n, (root, root * 1.5, root * 2.378), 0.20, rng, (1.0, 0.5, 0.25, 0.12))
    bed += _noise(n, rng, 60, 900, -0.5) * 0.035 + _wide(_tone(n, 59.9), _tone(n, 60.1)) * 0.02
    return bed + _events(
        n, 1.6, rng, lambda i: _decay(0.9, root * 1.02, rng, 0.01, 0.6) * (0.5 if i % 2 else 0.32), 0.02
    )


def _horror(n: int, rng: np.random.Generator) -> Wave:
    root = float(rng.choice([46.2, 49.0, 51.9]))
    bed = _drone(n, (root, root * 1.414, root * 4.243, root * 4.5), 0.18, rng, (1.0, 0.3, 0.3))
    bed += _noise(n, rng, 900, 4000, -0.3) * 0.02
    return bed + _events(n, 2.7, rng, lambda i: _decay(1.6, root * (8.5 if i % 2 else 8.0), rng, 0.05) * 0.10, 0.2)


def _action(n: int, rng: np.random.Generator) -> Wave:
    bed = _drone(n, (55.0, 82.4), 0.12, rng, (1.0, 0.7, 0.5, 0.3)) + _noise(n, rng, 100, 2000, -0.5) * 0.02
    bed += _events(
        n, 0.46, rng, lambda i: _decay(0.35, 58 if i % 4 else 44, rng, 0.05, 2.0) * (0.8 if i % 4 == 0 else 0.5), 0.0
    )
    return bed + _events(n, 0.23, rng, lambda i: _decay(0.07, 5200, rng, 1.0) * (0.10 if i % 2 else 0.05), 0.0)


def _comedy(n: int, rng: np.random.Generator) -> Wave:
    scale = (261.6, 329.6, 392.0, 440.0, 523.3, 392.0, 329.6, 293.7)
    bed = _noise(n, rng, 200, 3000, -0.6) * 0.015
    bed += _events(n, 0.34, rng, lambda i: _decay(0.4, scale[(i * 3 + i // 5) % 8], rng, 0.01) * 0.35, 0.0)
    return bed + _events(n, 0.68, rng, lambda i: _decay(0.5, (130.8, 98.0, 110.0, 98.0)[i % 4], rng) * 0.4, 0.0)


def _romance(n: int, rng: np.random.Generator) -> Wave:
    bed = (
        _drone(n, (130.8, 164.8, 196.0, 246.9), 0.16, rng, (1.0, 0.35, 0.12)) + _noise(n, rng, 150, 1500, -0.7) * 0.012
    )
    return bed + _events(
        n, 0.9, rng, lambda i: _decay(1.4, (523.3, 659.3, 784.0, 493.9, 587.3)[(i * 2) % 5], rng) * 0.13, 0.03
    )


def _space(n: int, rng: np.random.Generator) -> Wave:
    bed = _drone(n, (48.0, 72.0, 144.3), 0.17, rng, (1.0, 0.5, 0.33, 0.25)) + _noise(n, rng, 200, 1200, -0.2) * 0.03
    return bed + _events(n, 1.3, rng, lambda i: _decay(0.5, (1244.5, 1864.7, 932.3)[i % 3], rng) * 0.05, 0.25)


def _western(n: int, rng: np.random.Generator) -> Wave:
    bed = _noise(n, rng, 150, 900, -0.5) * 0.06 + _drone(n, (73.4, 110.0), 0.07, rng, (1.0, 0.4))
    return bed + _events(
        n,
        0.75,
        rng,
        lambda i: _decay(1.2, (146.8, 220.0, 174.6, 196.0, 146.8, 130.8)[i % 6], rng, 0.0, 0.02) * 0.35,
        0.02,
    )


def _wonder(n: int, rng: np.random.Generator) -> Wave:
    bed = _drone(n, (98.0, 146.8, 220.0, 293.7), 0.17, rng, (1.0, 0.5, 0.2))
    return bed + _events(
        n, 0.55, rng, lambda i: _decay(1.0, (880.0, 1174.7, 1318.5, 987.8)[(i * 3) % 4], rng) * 0.07, 0.1
    )


def _neutral(n: int, rng: np.random.Generator) -> Wave:
    return _noise(n, rng, 80, 1200, -0.6) * 0.10 + _drone(n, (98.0, 147.0), 0.03, rng, (1.0, 0.2))


def _swell(n: int, rng: np.random.Generator, hz: float, depth: float) -> Wave:
    out: Wave = 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * hz * _time(n) + rng.uniform(0, 6)))
    return out


_MOODS: dict[str, Callable[[int, np.random.Generator], Wave]] = {
    "dark": _dark,
    "horror": _horror,
    "action": _action,
    "comedy": _comedy,
    "romance": _romance,
    "space": _space,
    "western": _western,
    "wonder": _wonder,
    "neutral": _neutral,
}
_NOISES: dict[str, Callable[[int, np.random.Generator], Wave]] = {
    "rain": lambda n, rng: (
        _noise(n, rng, 800, 9000, -0.3) * 0.09
        + _events(n, 0.11, rng, lambda _: _decay(0.02, 2600, rng, 0.8) * 0.08, 0.45)
    ),
    "steam": lambda n, rng: _noise(n, rng, 3000, 11000, 0.0) * 0.03 * _swell(n, rng, 0.3, 0.5),
    "steps": lambda n, rng: _events(
        n, 0.54, rng, lambda i: _decay(0.09, 190 if i % 2 else 170, rng, 0.5, 1.0) * 0.35, 0.02, 0.12
    ),
    "waves": lambda n, rng: _noise(n, rng, 150, 2500, -0.5) * 0.16 * _swell(n, rng, 0.13, 0.6),
    "wind": lambda n, rng: _noise(n, rng, 200, 900, -0.2) * 0.10 * _swell(n, rng, 0.21, 0.5),
    "traffic": lambda n, rng: _noise(n, rng, 50, 500, -0.5) * 0.09 * _swell(n, rng, 0.17, 0.4),
    "machine": lambda n, rng: (
        (
            _noise(n, rng, 90, 700, -0.4) * 0.05
            + _wide(_tone(n, 49.9, 0, (1, 0.6, 0.4)), _tone(n, 50.1, 1, (1, 0.6, 0.4))) * 0.04
        )
        * _swell(n, rng, 1.7, 0.35)
    ),
    "birds": lambda n, rng: _events(
        n, 0.8, rng, lambda i: _decay(0.12, 3400 + 500 * (i % 3), rng, 0.0, 0.2) * 0.06, 0.4
    ),
    "crowd": lambda n, rng: _noise(n, rng, 250, 1500, -0.4) * 0.06 * _swell(n, rng, 0.9, 0.25),
    "clock": lambda n, rng: _events(n, 0.5, rng, lambda i: _decay(0.03, 2100 if i % 2 else 1700, rng, 0.4) * 0.18, 0.0),
}
