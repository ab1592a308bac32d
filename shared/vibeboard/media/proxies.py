"""What a browser and a reviewer get instead of the master: proxies, passes with burn-in, trailers, sound peaks."""

import json
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vibeboard.domain.formats import SAMPLE_RATE
from vibeboard.domain.timecode import to_timecode
from vibeboard.media.ffmpeg import input_args, raw_samples, run
from vibeboard.media.graph import COLOUR, PIXELS, Codec, Fit, encoder_args, fit_filter
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.stills import font_file

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class BurnIn:
    """What is written into the picture of a review pass (SOP step 11, burnInMetadata)."""

    shot: str
    take: int
    quality: str
    start_frame: int = 0  # timecode of the first frame, as a frame number
    watermark: str = ""
    date: str = ""


def web_proxy(
    picture: Path,
    out: Path,
    *,
    sound: Path | None = None,
    width: int = 960,
    burn_in: BurnIn | None = None,
    progress: Progress | None = None,
) -> MediaInfo:
    """H.264 with AAC for a browser: half-second GOP, no B frames, index in front. Never wider than the source.

    Picture keeps every frame; `sound` (default: the picture file's own) is cut or padded to the picture's length.
    """
    info = probe(picture)
    wide = min(width, info.width) // 2 * 2
    high = max(2, 2 * round(info.height * wide / info.width / 2))
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "24", "-g", "12", "-bf", "0", "-pix_fmt", "yuv420p"]
    return _encoded(info, out, sound, wide, high, "stretch", "yuv420p", video, burn_in, progress)


def trailer(master: Path, out: Path, *, progress: Progress | None = None) -> MediaInfo:
    """The master as a web-playable film: H.264/AAC in MP4, fitted into 1280x720 (720x1280 upright), index in front."""
    info = probe(master)
    wide, high = trailer_size(info)
    return _encoded(info, out, None, wide, high, "stretch", "yuv420p", trailer_encoder(), None, progress)


def trailer_size(info: MediaInfo) -> tuple[int, int]:
    """What fits into 1280x720, or 720x1280 upright; never larger than the master."""
    scale = min(Fraction(1280, max(info.width, info.height)), Fraction(720, min(info.width, info.height)), Fraction(1))
    return max(2, 2 * round(info.width * scale / 2)), max(2, 2 * round(info.height * scale / 2))


def trailer_encoder() -> list[str]:
    return ["-c:v", "libx264", "-preset", "superfast", "-crf", "23", "-g", "48", "-pix_fmt", "yuv420p"]


def render_pass(
    picture: Path,
    out: Path,
    *,
    width: int,
    height: int,
    sound: Path | None = None,
    fit: Fit = "letterbox",
    codec: Codec = "h264",
    quantiser: int = 0,
    burn_in: BurnIn | None = None,
    progress: Progress | None = None,
) -> MediaInfo:
    """One shot at one quality (SOP step 11), at exactly width x height, every frame kept."""
    info = probe(picture)
    level = quantiser or (20 if codec == "h264" else 6)
    video = encoder_args(codec, level, info.rate)
    return _encoded(info, out, sound, width, height, fit, PIXELS[codec], video, burn_in, progress)


def peaks(sound: Path, out: Path, *, per_second: int = 50) -> dict[str, Any]:
    """Waveform for a timeline: lowest and highest sample (-1..1) of each step, mono, written as JSON and returned."""
    step = SAMPLE_RATE // per_second
    lows: list[float] = []
    highs: list[float] = []
    total = 0
    for block in raw_samples(sound, rate=SAMPLE_RATE, channels=1, block=step * 2):
        values = struct.unpack(f"<{len(block) // 2}h", block)
        total += len(values)
        lows.append(round(min(values) / 32768, 4))
        highs.append(round(max(values) / 32768, 4))
    body = {"sampleRate": SAMPLE_RATE, "samplesPerPeak": step, "samples": total, "min": lows, "max": highs}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(body, separators=(",", ":")), encoding="utf-8")
    return body


def _encoded(
    info: MediaInfo,
    out: Path,
    sound: Path | None,
    width: int,
    height: int,
    fit: Fit,
    pixel_format: str,
    video: list[str],
    burn_in: BurnIn | None,
    progress: Progress | None,
) -> MediaInfo:
    samples = round(info.frames * SAMPLE_RATE / info.rate)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pass-") as folder:
        work = Path(folder)
        colours = "" if info.color_matrix else f"{COLOUR},"
        written = f",{_drawn(burn_in, info, height, work)}" if burn_in else ""
        fitted = f"setpts=N/({info.rate})/TB,{colours}{fit_filter(width, height, fit)}"
        chain = f"{fitted}{written},format={pixel_format},{COLOUR}"
        inputs = input_args(info.path.resolve())
        audio = _audio(info, sound, samples, lossless=pixel_format != "yuv420p")
        if sound is not None:
            inputs += input_args(sound.resolve())
        container = ["-f", "mov" if out.suffix.lower() == ".mov" else "mp4", "-movflags", "+faststart+write_colr"]
        made = work / f"made{out.suffix.lower()}"
        command = [*inputs, "-map", "0:v:0", "-vf", chain, "-r", str(info.rate), *video, *audio, *container]
        run([*command, str(made)], cwd=work, progress=progress, frames=info.frames)
        staged = out.with_name(f".{out.name}.part")
        staged.write_bytes(made.read_bytes())
        staged.replace(out)
    return probe(out)


def _audio(info: MediaInfo, sound: Path | None, samples: int, *, lossless: bool) -> list[str]:
    if sound is None and not info.has_audio:
        return ["-an"]
    codec = ["-c:a", "pcm_s24le"] if lossless else ["-c:a", "aac", "-b:a", "160k"]
    exact = f"aresample={SAMPLE_RATE},apad=whole_len={samples},atrim=end_sample={samples}"
    return ["-map", "0:a:0" if sound is None else "1:a:0", "-af", exact, *codec, "-ar", str(SAMPLE_RATE)]


def _drawn(burn: BurnIn, info: MediaInfo, height: int, work: Path) -> str:
    """drawtext filters. Text comes from files and is never expanded, so a name cannot become a filter."""
    font = font_file(work).name
    size, margin = max(10, height // 28), max(6, height // 40)
    box = "fontcolor=white:box=1:boxcolor=black@0.55:boxborderw=5"

    def corner(name: str, text: str, x: str, y: str) -> str:
        (work / name).write_text(text, encoding="utf-8")
        return f"drawtext=fontfile={font}:textfile={name}:expansion=none:fontsize={size}:{box}:x={x}:y={y}"

    start = to_timecode(burn.start_frame, info.rate).replace(":", "\\:").replace(";", "\\;")
    clock = f"timecode='{start}':timecode_rate={info.rate}:fontfile={font}:fontsize={size}:{box}"
    filters = [
        corner("shot.txt", burn.shot, str(margin), str(margin)),
        corner("take.txt", f"take {burn.take}", f"w-tw-{margin}", str(margin)),
        corner("quality.txt", " ".join(filter(None, (burn.quality, burn.date))), f"w-tw-{margin}", f"h-th-{margin}"),
        f"drawtext={clock}:x={margin}:y=h-th-{margin}",
    ]
    if burn.watermark:
        (work / "mark.txt").write_text(burn.watermark, encoding="utf-8")
        look = f"fontsize={max(16, height // 9)}:fontcolor=white@0.18:x=(w-tw)/2:y=(h-th)/2"
        filters.append(f"drawtext=fontfile={font}:textfile=mark.txt:expansion=none:{look}")
    return ",".join(filters)
