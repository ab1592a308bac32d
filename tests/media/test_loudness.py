"""The master's loudness, measured by another meter than the one that set it; and no sample moves on the way."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.policy import POLICIES, failures
from tests.media.ruler import write_picture
from vibeboard.domain.timeline import Clip, assemble
from vibeboard.media.conform import ClipSource, MasterSpec, conform

RATE, SECONDS = Fraction(24), 5
CLICKS = [12_000, 60_001, 119_999, 200_003]


def write_mix(path: Path, peaky: bool) -> None:
    """Pink-ish noise that swells, with clicks on known samples when `peaky`."""
    rng = np.random.default_rng(3)
    count = SECONDS * 48_000
    noise = np.cumsum(rng.normal(0, 1, count))
    noise -= np.convolve(noise, np.ones(400) / 400, "same")
    noise *= 0.03 / np.std(noise) * (1 + 0.5 * np.sin(np.arange(count) / 30_000))
    noise[:4800] *= np.linspace(0, 1, 4800)  # an abrupt end rings over in any resampler
    noise[-4800:] *= np.linspace(1, 0, 4800)
    if peaky:
        for at in CLICKS:
            noise[at : at + 3] = (0.9, -0.95, 0.85)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48000, 0, "NONE", ""))
        file.writeframes((np.clip(noise, -1, 1) * 32767).astype("<i2").repeat(2).tobytes())


def sound_of(path: Path) -> NDArray[np.float64]:
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float64) / 2**31


def true_peak(samples: NDArray[np.float64]) -> float:
    from scipy.signal import resample_poly  # a second of imports, which only the worker that comes here spends

    return float(20 * np.log10(np.abs(resample_poly(samples, 8, 1, axis=0)).max()))


@pytest.mark.parametrize(("target", "peaky"), [(-23.0, False), (-14.0, False), (-14.0, True)])
def test_given_a_target_then_another_meter_agrees_and_peaks_stay_under_the_ceiling(
    tmp_path: Path, target: float, peaky: bool
) -> None:
    frames = SECONDS * 24
    write_picture(tmp_path / "p.mp4", 1, frames, RATE)
    write_mix(tmp_path / "s.wav", peaky)
    clip = Clip.from_frames("c", RATE, media_frames=frames, media_samples=SECONDS * 48_000)
    sources = {"c": ClipSource(tmp_path / "p.mp4", tmp_path / "s.wav")}
    spec = MasterSpec(320, 64, quantiser=8, loudness=target)
    made = conform(assemble([clip], RATE), sources, spec, tmp_path / "m.mov")
    sound = sound_of(tmp_path / "m.mov")
    assert len(sound) == SECONDS * 48_000
    import pyloudnorm

    assert pyloudnorm.Meter(48_000).integrated_loudness(sound) == pytest.approx(target, abs=0.3)
    assert true_peak(sound) <= -0.9
    assert made.limited == (target == -14.0)  # quiet enough for broadcast, too peaky for the web
    if peaky:
        quiet = np.abs(sound[:, 0])
        found = [int(np.argmax(quiet[at - 400 : at + 400])) + at - 400 for at in CLICKS]
        assert all(abs(place - at - 1) <= 1 for place, at in zip(found, CLICKS, strict=True)), found


@pytest.mark.parametrize("codec", ["prores_hq", "prores_4444"])
def test_given_a_master_then_an_independent_policy_passes_and_finds_the_wrong_one(tmp_path: Path, codec: str) -> None:
    write_picture(tmp_path / "p.mp4", 1, 24, RATE)
    clip = Clip.from_frames("c", RATE, media_frames=24)
    spec = MasterSpec(320, 64, codec, quantiser=8)  # type: ignore[arg-type]
    master = conform(assemble([clip], RATE), {"c": ClipSource(tmp_path / "p.mp4")}, spec, tmp_path / "m.mov")
    own, other = ("prores-422-hq", "prores-4444") if codec == "prores_hq" else ("prores-4444", "prores-422-hq")
    assert failures(master.info.path, POLICIES / f"{own}.xml") == []
    assert len(failures(master.info.path, POLICIES / f"{other}.xml")) >= 3
