"""`vibeboard doctor`: what a film needs from this machine, tried rather than assumed."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FREE_BYTES = 4 * 1000**3  # a minute at review quality with its working files
ENCODERS = ("prores_ks", "libx264", "pcm_s24le", "aac")


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    value: str
    fix: str = ""


def examine() -> list[Finding]:
    """Python, FFmpeg and its encoders, the measuring library, the sentence model, disk, loopback."""
    return [_python(), *_ffmpeg(), _mediainfo(), _model(), _disk(), _cores(), _loopback()]


def _python() -> Finding:
    value = sys.version.split()[0]
    return Finding("python", sys.version_info[:2] == (3, 13), value, "run `make setup` with Python 3.13 at hand")


def _ffmpeg() -> list[Finding]:
    from vibeboard.media.ffmpeg import ffmpeg_path

    path = ffmpeg_path()
    out = subprocess.run([path, "-hide_banner", "-encoders"], capture_output=True, text=True, timeout=30, check=False)
    missing = [name for name in ENCODERS if name not in out.stdout]
    return [
        Finding("ffmpeg", out.returncode == 0, Path(path).name, "run `make setup` again"),
        Finding("encoders", not missing, ", ".join(missing or ENCODERS), "use the FFmpeg of `make setup`"),
    ]


def _mediainfo() -> Finding:
    from pymediainfo import MediaInfo

    return Finding("mediainfo", bool(MediaInfo.can_parse()), "found", "run `make setup` again")


def _model() -> Finding:
    from vibeboard.providers.sandbox.embeddings import embed

    shape = embed(["a neon sign in the rain"]).shape
    return Finding("sentence model", shape[1] == 384, f"{shape[1]} dimensions", "run `make setup` again")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    return Finding("disk", free >= FREE_BYTES, f"{free / 1000**3:.1f} GB free", "free some space here")


def _cores() -> Finding:
    count = len(os.sched_getaffinity(0))
    return Finding("cores", count >= 1, str(count))


def _loopback() -> Finding:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return Finding("loopback", True, f"port {listener.getsockname()[1]} opened")
