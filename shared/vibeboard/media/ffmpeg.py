"""FFmpeg as a separate program: found, fenced, run, watched.

Every input is opened with a protocol whitelist (local files only) and a format whitelist (no playlists, no concat
scripts), after its first bytes were looked at. Those options do not reach `movie=` sources inside a filter
graph: these get `FORMAT_OPTS`.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import IO

from vibeboard.media.errors import MediaError

FORMATS = "mov,matroska,wav,mp3"
FORMAT_OPTS = "protocol_whitelist=file\\:format_whitelist=mov,matroska,wav,mp3"
MAX_SIDE = 8192  # pixels: larger pictures are refused before a decoder allocates for them
DEFAULT_TIMEOUT = 900.0  # seconds, the longest a function may run

_FAMILIES: dict[str, frozenset[str]] = {
    "mov": frozenset({".mp4", ".mov", ".m4v", ".m4a", ".qt"}),
    "matroska": frozenset({".mkv", ".webm", ".mka"}),
    "wav": frozenset({".wav", ".wave"}),
    "mp3": frozenset({".mp3"}),
}
_MOV_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}


def ffmpeg_path() -> str:
    """The FFmpeg program: FFMPEG_BINARY when set, else the one of the imageio-ffmpeg wheel."""
    stated = os.environ.get("FFMPEG_BINARY")
    if stated:
        return stated
    import imageio_ffmpeg  # not in the functions' layers, which set FFMPEG_BINARY

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def container_of(path: Path) -> str:
    """The container family by the file's first bytes: mov, matroska, wav or mp3.

    Raises MediaError for a file that is missing, empty, of none of these families, or named as another one.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise MediaError("MEDIA_MISSING", f"{path.name} cannot be opened", error.strerror or "unknown cause") from error
    if not head:
        raise MediaError("MEDIA_EMPTY", f"{path.name} is empty", "the file holds zero bytes", "Upload it again.")
    family = _family(head)
    if family is None:
        raise MediaError(
            "MEDIA_WRONG_TYPE",
            f"{path.name} is no video or sound file",
            "its first bytes are none of MP4/MOV, Matroska/WebM, WAV or MP3",
            "Export it as MP4, MOV or WAV.",
        )
    if path.suffix.lower() not in _FAMILIES[family]:
        expected = ", ".join(sorted(_FAMILIES[family]))
        raise MediaError(
            "MEDIA_WRONG_TYPE",
            f"{path.name} is not what its name says",
            f"the content is {family}, whose names end in {expected}",
            "Rename or export it again.",
        )
    return family


def input_args(path: Path, *before: str) -> list[str]:
    """`-i` for one local media file, fenced; `before` are further input options such as -ss."""
    container_of(path)
    return ["-protocol_whitelist", "file", "-format_whitelist", FORMATS, *before, "-i", f"file:{path}"]


def run(
    arguments: Sequence[str],
    *,
    timeout: float = DEFAULT_TIMEOUT,
    cwd: Path | None = None,
    progress: Callable[[float], None] | None = None,
    frames: int = 0,
    loglevel: str = "error",
) -> str:
    """Runs FFmpeg to its end and returns its log. `progress` gets 0..1 from frames written out of `frames`.

    Raises MediaError MEDIA_TIMEOUT after `timeout` seconds of wall time, MEDIA_FAILED with FFmpeg's own last words.
    """
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", loglevel, "-y"]
    if progress is not None:
        command += ["-progress", "pipe:1", "-stats_period", "0.2"]
    with (
        tempfile.TemporaryFile() as log,
        _started([*command, *arguments], timeout, stdout=subprocess.PIPE, stderr=log, cwd=cwd) as (process, watch),
    ):
        if process.stdout is None:
            raise RuntimeError("FFmpeg was started without its progress pipe")
        for line in process.stdout:
            key, _, value = line.decode("ascii", "replace").strip().partition("=")
            if progress is not None and frames and key == "frame" and value.isdigit():
                progress(min(1.0, int(value) / frames))
        code = process.wait()
        text = _log_text(log)
        if watch.expired:
            raise MediaError("MEDIA_TIMEOUT", "FFmpeg was stopped", f"it ran longer than {timeout:g} s")
        if code != 0:
            raise MediaError("MEDIA_FAILED", "FFmpeg failed", _last_words(text), "Check the input files.")
    return text


def raw_frames(
    path: Path, filters: str, frame_bytes: int, pixel_format: str, *, timeout: float = DEFAULT_TIMEOUT
) -> Iterator[memoryview]:
    """Decodes the first video stream through `filters` and yields raw frames of exactly `frame_bytes` each.

    Frames come as they are stored, none doubled and none dropped. Raises MediaError when decoding fails.
    """
    output = ["-map", "0:v:0", "-an", "-vf", filters, "-fps_mode", "passthrough"]
    output += ["-pix_fmt", pixel_format, "-f", "rawvideo", "pipe:1"]
    for frame in _raw(path, output, frame_bytes, timeout):
        if len(frame) == frame_bytes:  # a part of a frame at the end is no frame
            yield frame


def raw_samples(
    path: Path, *, rate: int = 0, channels: int = 0, block: int = 1 << 16, timeout: float = DEFAULT_TIMEOUT
) -> Iterator[memoryview]:
    """Decodes the first sound stream as signed 16-bit samples, interleaved; rate and channels 0 keep the file's."""
    output = [
        "-map",
        "0:a:0",
        "-vn",
        *(["-ar", str(rate)] if rate else []),
        *(["-ac", str(channels)] if channels else []),
    ]
    yield from _raw(path, [*output, "-f", "s16le", "pipe:1"], block, timeout)


def raw_outputs(
    path: Path, outputs: Sequence[str], block: int, *, cwd: Path | None = None, timeout: float = DEFAULT_TIMEOUT
) -> Iterator[memoryview]:
    """One decode of `path` into several outputs, of which the last is `pipe:1`: that one is yielded in whole blocks.

    Raises MediaError when any of them fails.
    """
    for piece in _raw(path.resolve(), list(outputs), block, timeout, cwd=cwd):
        if len(piece) == block:
            yield piece


def write_frames(
    frames: Iterable[bytes | bytearray | memoryview],
    size: tuple[int, int],
    rate: Fraction,
    pixel_format: str,
    output: Sequence[str],
    *,
    timeout: float = DEFAULT_TIMEOUT,
) -> None:
    """Feeds raw frames of `size` (width, height) to FFmpeg; `output` are its output options and the file's path.

    Raises MediaError when FFmpeg fails or stops reading.
    """
    command = [ffmpeg_path(), "-hide_banner", "-v", "error", "-y", "-f", "rawvideo", "-pixel_format", pixel_format]
    command += ["-video_size", f"{size[0]}x{size[1]}", "-framerate", str(rate), "-i", "pipe:0", *output]
    with (
        tempfile.TemporaryFile() as log,
        _started(command, timeout, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log) as (process, watch),
    ):
        if process.stdin is None:
            raise RuntimeError("FFmpeg was started without its input pipe")
        with suppress(BrokenPipeError):  # its log says why it stopped reading
            for frame in frames:
                process.stdin.write(frame)
            process.stdin.close()
        code = process.wait()
        if watch.expired:
            raise MediaError("MEDIA_TIMEOUT", "FFmpeg was stopped", f"it ran longer than {timeout:g} s")
        if code != 0:
            raise MediaError("MEDIA_FAILED", "FFmpeg failed", _last_words(_log_text(log)))


def _raw(path: Path, output: list[str], block: int, timeout: float, *, cwd: Path | None = None) -> Iterator[memoryview]:
    """FFmpeg's standard output in blocks; the last one may be short."""
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error", "-y", *input_args(path), *output]
    with (
        tempfile.TemporaryFile() as log,
        _started(command, timeout, stdout=subprocess.PIPE, stderr=log, cwd=cwd, bufsize=0) as (process, watch),
    ):
        if process.stdout is None:
            raise RuntimeError("FFmpeg was started without its output pipe")
        while True:
            buffer = bytearray(block)
            filled = _fill(process.stdout, buffer)
            if filled:
                yield memoryview(buffer)[:filled]
            if filled < block:
                break
        code = process.wait()
        if watch.expired:
            raise MediaError("MEDIA_TIMEOUT", f"{path.name}: decoding was stopped", f"it ran longer than {timeout:g} s")
        if code != 0:
            raise MediaError("MEDIA_UNREADABLE", f"{path.name} cannot be decoded", _last_words(_log_text(log)))


class _Watch:
    """Ends a process when its time is up."""

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.expired = False
        self._process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.expired = True
        self._process.kill()

    def stop(self) -> None:
        self._timer.cancel()


@contextmanager
def _started(
    command: list[str],
    timeout: float,
    *,
    stdout: int,
    stderr: IO[bytes],
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    bufsize: int = -1,
) -> Iterator[tuple["subprocess.Popen[bytes]", _Watch]]:
    process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, bufsize=bufsize)
    watch = _Watch(process, timeout)
    try:
        yield process, watch
    finally:
        watch.stop()
        if process.poll() is None:  # the caller stopped reading, or failed
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _family(head: bytes) -> str | None:
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:3] == b"ID3" or (head[0] == 0xFF and len(head) > 1 and head[1] & 0xE6 == 0xE2):
        return "mp3"
    return None


def _fill(stream: IO[bytes], buffer: bytearray) -> int:
    """Fills the buffer from a pipe and returns how far it came before the end."""
    view, filled = memoryview(buffer), 0
    while filled < len(buffer):
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled


def _log_text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode("utf-8", "replace")


def _last_words(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return " / ".join(lines[-3:])[:500] if lines else "it gave no reason"
