"""A scratch voice: syllables of a line as sung vowels and breath, so that a cut can be timed before anybody speaks it.

It states no words. Pitch, pace and pauses follow the text; the formants are the textbook's for five vowels.
"""

import re
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PEAK = 0.35
SYLLABLE = 0.19  # seconds
GAP = 0.07  # between words
PAUSE = 0.32  # at a comma or the end of a sentence
FORMANTS = {  # Hz of the first three, men's averages
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
Wave = NDArray[np.float64]


def scratch_voice(path: Path, *, samples: int, text: str, seed: int) -> None:
    """Writes a 48 kHz stereo 24-bit WAV of exactly `samples` samples; the line is cut off or followed by silence."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(95, 210)
    track = np.zeros(samples)
    position = round(0.1 * RATE)
    words = re.findall(r"[A-Za-z\u00c0-\u024f']+|[.,;:!?]", text) or ["ah"]
    for index, word in enumerate(words):
        if not word[0].isalpha():
            position += round(PAUSE * RATE)
            continue
        fall = 1.12 - 0.24 * index / len(words)
        for vowel in re.findall(r"[aeiouy]+", word.lower()) or ["u"]:
            sung = _syllable(vowel[0], base * fall * rng.uniform(0.94, 1.06), rng)
            room = sung[: max(0, samples - position)]
            track[position : position + len(room)] += room
            position += round(SYLLABLE * RATE * 0.92)
        position += round(GAP * RATE)
    peak = float(np.abs(track).max(initial=0.0)) or 1.0
    whole = np.round(track / peak * PEAK * (2**23 - 1)).astype("<i4")
    packed = np.repeat(whole.view(np.uint8).reshape(-1, 4)[:, :3], 2, axis=0)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(3)
        out.setframerate(RATE)
        out.writeframes(packed.tobytes())


def _syllable(vowel: str, pitch: float, rng: np.random.Generator) -> Wave:
    """A breath of noise, then harmonics of a gliding pitch under the vowel's formants."""
    n = round(SYLLABLE * RATE)
    time = np.arange(n) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.04 * np.sin(2 * np.pi * 5 * time) - 0.25 * time)) / RATE
    centres = np.array(FORMANTS.get(vowel, FORMANTS["i"]), float)
    sung = np.zeros(n)
    for number in range(1, int(4000 / pitch) + 1):
        level = float(np.exp(-(((number * pitch - centres) / (60 + 0.06 * centres)) ** 2)).dot([1.0, 0.5, 0.25]))
        if level > 0.001:
            sung += level * np.sin(number * phase)
    breath = rng.normal(0, 0.08, n) * np.exp(-time / 0.02)
    swell = np.minimum(1, np.minimum(time / 0.03, (SYLLABLE - time) / 0.05))
    return np.asarray((sung * swell + breath) * rng.uniform(0.8, 1.0))
