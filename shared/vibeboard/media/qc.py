"""One look at a whole master (SOP step 12): the trailer is encoded and everything a broadcaster measures is measured
from the same decode.

Pictures are judged on a grid of real, unscaled pixels (nearest neighbour), so that filtering neither makes nor hides
an excursion. Sound is measured by FFmpeg's EBU R 128 meter.
"""

import math
import re
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.domain.qc import GAMUT_AREA, SILENCE_LUFS, Screening
from vibeboard.media.ffmpeg import raw_outputs
from vibeboard.media.graph import COLOUR, Codec
from vibeboard.media.probe import MediaInfo
from vibeboard.media.proxies import trailer_encoder, trailer_size

GRID_WIDTH = 192  # pixels looked at across a frame
_BLACK_CODE = 82  # 10 bits: 2 % above black
_BLACK_AREA = 0.995
_STILL = 0.05  # mean step between two frames, in 10-bit codes, that is no movement
_NITS = 200.0  # display peak that ITU-R BT.1702 judges flashes at
_FLASH_STEP, _FLASH_DARK, _FLASH_AREA = 20.0, 160.0, 0.25  # cd/m2, cd/m2, share of the picture

# FFmpeg, pymediainfo and people name the same things differently: these are pymediainfo's.
CODECS: dict[Codec, tuple[str, str, str]] = {
    "prores_hq": ("ProRes", "422 HQ", "yuv422p10le"),
    "prores_4444": ("ProRes", "4444", "yuv444p12le"),
    "h264": ("AVC", "High", "yuv420p"),
}
COLOURS = ("BT.709", "BT.709", "BT.709", "Limited")  # ProRes states no range: it has only this one
AUDIO = ("PCM", 48_000, 2)


def screen(
    master: MediaInfo, trailer: Path, *, progress: Callable[[float], None] | None = None, timeout: float = 900.0
) -> Screening:
    """Writes the web trailer of `master` and measures the master, in one decode. Raises MediaError."""
    across = GRID_WIDTH
    down = max(2, round(master.height * across / master.width))
    wide, high = trailer_size(master)
    pixels = across * down
    watch = _Watch(pixels, master.rate)
    with tempfile.TemporaryDirectory(prefix="qc-") as folder:
        levels = Path(folder) / "levels.txt"
        graph = (
            f"[0:v]split=2[a][b];[a]scale={wide}:{high}:flags=bicubic,setsar=1,format=yuv420p,{COLOUR}[t];"
            f"[b]scale={across}:{down}:flags=neighbor,format=yuv444p10le[g]"
        )
        sound: list[str] = []
        if master.has_audio:
            meter = f"ebur128=peak=true:metadata=1,ametadata=mode=print:file={levels.name},anullsink"
            graph += f";[0:a]asplit=2[s][m];[m]{meter}"
            sound = ["-map", "[s]", "-c:a", "aac", "-b:a", "160k", "-ar", "48000"]
        target = ["-map", "[t]", *sound, "-r", str(master.rate), *trailer_encoder()]
        target += ["-movflags", "+faststart+write_colr", "-f", "mp4", str(trailer.resolve())]
        grid = ["-map", "[g]", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
        command = ["-filter_complex", graph, *target, *grid]
        trailer.parent.mkdir(parents=True, exist_ok=True)
        for frame in raw_outputs(master.path, command, pixels * 6, cwd=Path(folder), timeout=timeout):
            watch.take(np.frombuffer(frame, "<u2").reshape(3, pixels))
            if progress is not None and watch.frames % 12 == 0:
                progress(min(1.0, watch.frames / master.frames))
        meters = _meters(levels) if master.has_audio else _Meters()
    return Screening(
        frames=watch.frames,
        black=watch.black.longest,
        frozen=watch.frozen.longest,
        gamut_frames=watch.gamut_frames,
        gamut_worst=round(watch.gamut_worst, 6),
        flashes=watch.flashes(),
        loudness=meters.loudness,
        loudness_range=meters.loudness_range,
        true_peak=meters.true_peak,
        silence=meters.silence,
    )


def as_measured(info: MediaInfo) -> dict[str, Any]:
    """A master as the rules of domain/qc.py compare it."""
    return {
        "frames": info.frames,
        "samples": info.samples,
        "size": f"{info.width}x{info.height}",
        "rate": str(info.rate),
        "codec": f"{info.codec} {info.profile.split('@')[0]} {info.pix_fmt}",
        "colour": "/".join(
            (info.color_primaries, info.color_transfer, info.color_matrix, info.color_range or COLOURS[3])
        ),
        "startTimecode": info.start_timecode,
        "audio": f"{info.audio_codec} {info.sample_rate} Hz, {info.channels} channels",
    }


def as_ordered(
    codec: Codec, size: tuple[int, int], frames: int, samples: int, rate: Fraction, start: str, loudness: float | None
) -> dict[str, Any]:
    """What the rules expect of a master ordered so."""
    name, profile, pixels = CODECS[codec]
    return {
        "frames": frames,
        "samples": samples,
        "size": f"{size[0]}x{size[1]}",
        "rate": str(rate),
        "codec": f"{name} {profile} {pixels}",
        "colour": "/".join(COLOURS),
        "startTimecode": start,
        "audio": f"{AUDIO[0]} {AUDIO[1]} Hz, {AUDIO[2]} channels",
        "loudness": loudness,
    }


class _Run:
    """The longest run of frames for which something held."""

    def __init__(self) -> None:
        self.longest = (0, 0)
        self._first, self._length = 0, 0

    def take(self, frame: int, held: bool, *, before: int = 0) -> None:
        """`before`: frames ahead of the first that belong to the run (a frozen picture starts one frame earlier)."""
        if not held:
            self._length = 0
            return
        if not self._length:
            self._first, self._length = frame - before, before
        self._length += 1
        if self._length > self.longest[1]:
            self.longest = (self._first, self._length)


class _Watch:
    """Looks at every frame once: (3, pixels) of 10-bit Y, Cb, Cr."""

    def __init__(self, pixels: int, rate: Fraction) -> None:
        self.frames, self.black, self.frozen = 0, _Run(), _Run()
        self.gamut_frames, self.gamut_worst = 0, 0.0
        self._pixels, self._rate = pixels, rate
        self._luma: NDArray[np.uint16] | None = None
        self._turns: list[tuple[int, int]] = []  # (frame, +1 brighter or -1 darker)
        codes = (np.arange(1024, dtype=np.float64) - 64) / 876
        self._nits = (_NITS * np.clip(codes, 0, 1) ** 2.4).astype(np.float32)

    def take(self, planes: NDArray[np.uint16]) -> None:
        luma = planes[0]
        self.black.take(self.frames, float(np.mean(luma <= _BLACK_CODE)) >= _BLACK_AREA)
        if self._luma is not None:
            step = np.abs(luma.astype(np.int16) - self._luma.astype(np.int16))
            self.frozen.take(self.frames, float(step.mean()) <= _STILL, before=1)
            if int(step.max()) >= 32:  # no flash is smaller
                self._look_for_flash(luma)
        self._luma = luma.copy()
        outside = _outside(planes) / self._pixels
        self.gamut_frames += outside > GAMUT_AREA
        self.gamut_worst = max(self.gamut_worst, outside)
        self.frames += 1

    def _look_for_flash(self, luma: NDArray[np.uint16]) -> None:
        if self._luma is None:
            return
        before, after = self._nits[self._luma], self._nits[luma]
        step, dark = after - before, np.minimum(before, after) < _FLASH_DARK
        for sign in (1, -1):
            if float(np.mean((sign * step >= _FLASH_STEP) & dark)) >= _FLASH_AREA:
                self._turns.append((self.frames, sign))

    def flashes(self) -> int:
        """Most flashes in any second; a flash is a pair of opposite changes."""
        most, second = 0, math.ceil(self._rate)
        for index, (start, sign) in enumerate(self._turns):
            turns, last = 1, sign
            for frame, way in self._turns[index + 1 :]:
                if frame - start >= second:
                    break
                if way != last:
                    turns, last = turns + 1, way
            most = max(most, turns // 2)
        return most


def _outside(planes: NDArray[np.uint16]) -> int:
    """Pixels with luma, red, green or blue outside -5 to 105 % (BT.709)."""
    y, cb, cr = (planes[0] - np.float32(64)) / 876, (planes[1] - np.float32(512)) / 896, (planes[2] - np.float32(512))
    cr = cr / np.float32(896)
    red = y + np.float32(1.5748) * cr
    blue = y + np.float32(1.8556) * cb
    green = y - np.float32(0.468124) * cr - np.float32(0.187324) * cb
    low = np.minimum(np.minimum(red, green), np.minimum(blue, y)) < -0.05
    high = np.maximum(np.maximum(red, green), np.maximum(blue, y)) > 1.05
    return int(np.count_nonzero(low | high))


class _Meters:
    """What the loudness meter said at the end; None when there was nothing to hear."""

    loudness: float | None = None
    loudness_range: float | None = None
    true_peak: float | None = None
    silence: float = 0.0


def _meters(path: Path) -> _Meters:
    """Reads the meter's log: one block each 100 ms; integrated values and peaks stand in the last."""
    found, quiet = _Meters(), 0
    last: dict[str, float] = {}
    peak = 0.0
    if not path.exists():
        return found
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            match = re.match(r"lavfi\.r128\.(\w+)=(\S+)", line)
            if not match:
                continue
            value = float(match[2]) if match[2] not in ("nan", "-nan") else -math.inf
            if match[1].startswith("true_peak"):
                peak = max(peak, value)
            last[match[1]] = value
            if match[1] == "M":
                quiet = quiet + 1 if value < SILENCE_LUFS else 0
                found.silence = max(found.silence, quiet / 10)
    if last.get("I", -70.0) > -70.0:
        found.loudness, found.loudness_range = last["I"], last.get("LRA")
    if peak > 0:
        found.true_peak = round(20 * math.log10(peak), 2)
    return found
