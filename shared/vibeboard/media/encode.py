"""Raw pictures into an H.264 file through FFmpeg's standard input."""

import contextlib
import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ffmpeg import ffmpeg_path

PIPE_SIZE = 1 << 20
F_SETPIPE_SZ = 1031


class EncodeError(RuntimeError):
    """FFmpeg refused or failed; the message ends with its own last words."""


def _bt709() -> NDArray[np.float32]:
    """8-bit BGR to Y'CbCr at video range, as one affine matrix (3, 4)."""
    red, blue = 0.2126, 0.0722
    luma = np.array([blue, 1 - red - blue, red])
    cb = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - blue))
    cr = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - red))
    rows = np.stack([luma * 219, cb * 224, cr * 224]) / 255
    return np.column_stack([rows, (16, 128, 128)]).astype(np.float32)


_BT709 = _bt709()


def _planes(picture: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """The three planes of yuv420p: each chroma sample is the mean of its four pixels."""
    height, width = picture.shape[:2]
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return [cv2.transform(picture, _BT709[:1]), *cv2.split(cv2.transform(half, _BT709[1:]))]


class H264Writer:
    """Takes 8-bit BGR pictures and writes them as constant-rate H.264 yuv420p, BT.709, closed GOP of one second."""

    def __init__(self, pipe: IO[bytes], width: int, height: int) -> None:
        self._pipe, self._size = pipe, (height, width)
        self.frames = 0

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Appends one frame (height, width, 3). Raises ValueError on another size, EncodeError when FFmpeg is gone."""
        if picture.shape != (*self._size, 3):
            raise ValueError(
                f"a frame is {picture.shape[1]}x{picture.shape[0]}, the file is {self._size[1]}x{self._size[0]}"
            )
        try:
            for plane in _planes(picture):
                self._pipe.write(plane.data)
        except BrokenPipeError as broken:
            raise EncodeError("FFmpeg stopped reading") from broken
        self.frames += 1


@contextlib.contextmanager
def h264_writer(
    path: Path, width: int, height: int, rate: Fraction, *, crf: int = 18, preset: str = "ultrafast", threads: int = 1
) -> Iterator[H264Writer]:
    """Opens `path` for frames of that size and exact rate; the file is complete when the block ends.

    A block that raises leaves no file. Raises EncodeError when FFmpeg fails, ValueError on odd sizes.
    """
    if width % 2 or height % 2:
        raise ValueError(f"yuv420p needs even sides, not {width}x{height}")
    part = path.with_name(f".{path.name}.part")
    gop = max(1, round(rate))
    command = [
        ffmpeg_path(),
        "-hide_banner",
        "-loglevel",
        "error",
        "-nostdin",
        "-y",
        "-f",
        "rawvideo",
        "-pixel_format",
        "yuv420p",
        "-video_size",
        f"{width}x{height}",
        "-framerate",
        f"{rate.numerator}/{rate.denominator}",
        "-i",
        "pipe:0",
        "-vf",
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        "-an",
        "-c:v",
        "libx264",
        "-preset",
        preset,
        "-crf",
        str(crf),
        # As shipped, key frames keep the grain that the frames between them lose: the picture pulses once a second.
        "-tune",
        "grain",
        "-x264-params",
        "ipratio=1.0",
        "-pix_fmt",
        "yuv420p",
        "-bf",
        "0",
        "-g",
        str(gop),
        "-keyint_min",
        str(gop),
        "-sc_threshold",
        "0",
        "-flags",
        "+cgop",
        "-threads",
        str(threads),
        "-fps_mode",
        "passthrough",
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-colorspace",
        "bt709",
        "-color_range",
        "tv",
        "-movflags",
        "+faststart",
        "-f",
        "mp4",
        str(part),
    ]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints)
        pipe = process.stdin
        if pipe is None:
            raise EncodeError("FFmpeg has no input")
        with contextlib.suppress(OSError):  # a smaller pipe is only slower
            fcntl.fcntl(pipe.fileno(), F_SETPIPE_SZ, PIPE_SIZE)
        writer = H264Writer(pipe, width, height)
        done = False
        try:
            yield writer
            done = True
        finally:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
            if not done:
                process.kill()
            code = process.wait()
            if not done:
                part.unlink(missing_ok=True)
        if code != 0:
            complaints.seek(0)
            part.unlink(missing_ok=True)
            raise EncodeError(f"FFmpeg ended with {code}: {complaints.read()[-400:].decode(errors='replace').strip()}")
    part.replace(path)
