"""What a media file holds, measured: exact rate, frames and samples (docs/decisions/0003)."""

import re
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vibeboard.domain.formats import FRAME_RATES, SAMPLE_RATE
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import MAX_SIDE, container_of, input_args, raw_samples, run
from vibeboard.media.mediainfo import REPAIR, read_tracks


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """One media file. Lengths in frames and samples; width and height as stored, 0 without picture."""

    path: Path
    container: str
    bytes: int
    width: int
    height: int
    rate: Fraction  # frames a second, 0 without picture
    frames: int
    codec: str
    profile: str
    pix_fmt: str
    variable_rate: bool
    rotation: int  # degrees
    color_primaries: str
    color_transfer: str
    color_matrix: str
    color_range: str
    has_audio: bool
    audio_codec: str
    sample_rate: int
    channels: int
    samples: int  # at the file's own sample rate
    start_timecode: str

    @property
    def seconds(self) -> float:
        if self.frames:
            return float(self.frames / self.rate)
        return self.samples / self.sample_rate if self.sample_rate else 0.0

    @property
    def samples_48k(self) -> int:
        """Sound length at the master's sample rate."""
        return round(Fraction(self.samples * SAMPLE_RATE, self.sample_rate)) if self.sample_rate else 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe; the rate as "24000/1001"."""
        return asdict(self) | {"path": self.path.name, "rate": str(self.rate), "seconds": round(self.seconds, 6)}


def probe(path: Path) -> MediaInfo:
    """Measures one file. Raises MediaError when it is no media, damaged, cut short, or beyond size limits."""
    family = container_of(path)
    tracks = read_tracks(path)
    general = tracks.get("General", {})
    video, audio, other = tracks.get("Video", {}), tracks.get("Audio", {}), tracks.get("Other", {})
    if not video and not audio:
        raise MediaError("MEDIA_UNREADABLE", f"{path.name} holds no picture and no sound", "no track found", REPAIR)
    if general.get("istruncated") == "Yes":
        raise MediaError("MEDIA_TRUNCATED", f"{path.name} is cut short", "it ends before its own index does", REPAIR)
    width, height = int(video.get("width") or 0), int(video.get("height") or 0)
    if max(width, height) > MAX_SIDE:
        raise MediaError(
            "MEDIA_TOO_LARGE",
            f"{path.name} is {width}x{height}",
            f"pictures over {MAX_SIDE} pixels a side are not accepted",
            "Scale it down first.",
        )
    rate = _rate(video) if video else Fraction(0)
    frames = _frames(path, video) if video else 0
    if video and (frames < 1 or rate <= 0):
        raise MediaError("MEDIA_UNREADABLE", f"{path.name} holds no frames", "its video track is empty", REPAIR)
    return MediaInfo(
        path=path,
        container=family,
        bytes=path.stat().st_size,
        width=width,
        height=height,
        rate=rate,
        frames=frames,
        codec=str(video.get("format") or ""),
        profile=str(video.get("format_profile") or ""),
        pix_fmt=_pixel_format(video),
        variable_rate=video.get("frame_rate_mode") == "VFR",
        rotation=round(float(video.get("rotation") or 0)),
        color_primaries=str(video.get("color_primaries") or ""),
        color_transfer=str(video.get("transfer_characteristics") or ""),
        color_matrix=str(video.get("matrix_coefficients") or ""),
        color_range=str(video.get("color_range") or ""),
        has_audio=bool(audio),
        audio_codec=str(audio.get("format") or ""),
        sample_rate=int(float(audio.get("sampling_rate") or 0)),
        channels=int(audio.get("channel_s") or 0),
        samples=_samples(path, audio),
        start_timecode=str(other.get("time_code_of_first_frame") or ""),
    )


def count_frames(path: Path) -> int:
    """Video frames by walking every packet of the file; exact for any container, slower than the index."""
    log = run([*input_args(path), "-map", "0:v:0", "-c", "copy", "-f", "null", "-"], loglevel="info", timeout=120)
    counts = re.findall(r"frame=\s*(\d+)", log)
    if not counts:
        raise MediaError("MEDIA_UNREADABLE", f"{path.name} cannot be read to its end", "no frame count", REPAIR)
    return int(counts[-1])


def _frames(path: Path, video: dict[str, Any]) -> int:
    indexed = int(video.get("frame_count") or 0)
    return indexed or count_frames(path)


def _samples(path: Path, audio: dict[str, Any]) -> int:
    """MediaInfo's own sample count comes from milliseconds, so it is not exact."""
    if not audio:
        return 0
    channels, depth = int(audio.get("channel_s") or 0), int(audio.get("bit_depth") or 0)
    if audio.get("format") == "PCM" and audio.get("stream_size") and channels and depth:
        return int(audio["stream_size"]) * 8 // (channels * depth)
    return sum(len(block) for block in raw_samples(path, channels=1)) // 2


def _rate(video: dict[str, Any]) -> Fraction:
    numerator, denominator = video.get("framerate_num"), video.get("framerate_den")
    if numerator and denominator:
        exact = Fraction(int(numerator), int(denominator))
    else:
        exact = Fraction(str(video.get("frame_rate") or 0))
    # Containers with a coarse clock state 23.976 or 29.970: take the standard rate that is meant.
    near = min(FRAME_RATES.values(), key=lambda known: abs(known - exact))
    return near if abs(near - exact) < Fraction(1, 500) else exact


def _pixel_format(video: dict[str, Any]) -> str:
    """In FFmpeg's words, for the YUV kinds that films use: yuv420p, yuv422p10le, yuv444p10le ..."""
    if video.get("color_space") != "YUV":
        return str(video.get("color_space") or "").lower()
    # ProRes states no depth: its decoders give 10 bits, 12 for the 4444 kinds.
    prores = 12 if "4444" in str(video.get("format_profile")) else 10
    depth = int(video.get("bit_depth") or (prores if video.get("format") == "ProRes" else 8))
    chroma = str(video.get("chroma_subsampling") or "4:2:0").split(" ")[0].replace(":", "")
    return f"yuv{chroma}p" + (f"{depth}le" if depth > 8 else "")
