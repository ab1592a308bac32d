"""Frames in and out of a film as pictures: BGR, 8 bits, one after the other."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ffmpeg import raw_frames, write_frames
from vibeboard.media.graph import COLOUR, encoder_args
from vibeboard.media.probe import MediaInfo

Array = NDArray[Any]

QUANTISER = 16  # visually lossless: what is written here is an intermediate
# Rounded, not cut off: a shot may go through several repairs, and each would take a level of brightness.
_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"


def bgr_frames(info: MediaInfo) -> Iterator[Array]:
    """Every frame as (height, width, 3) of uint8, as stored: not rotated, none doubled, none dropped."""
    matrix = "" if info.color_matrix else ":in_color_matrix=bt709"
    size = info.width * info.height * 3
    for raw in raw_frames(info.path, f"scale={_EXACT}{matrix},format=bgr24", size, "bgr24"):
        yield np.frombuffer(raw, np.uint8).reshape(info.height, info.width, 3)


def write_bgr(frames: Iterable[Array], size: tuple[int, int], rate: Fraction, out: Path) -> None:
    """H.264 in MP4, Rec. 709, at a constant `rate`; `size` is (width, height). An odd side loses its last column or
    row, which 4:2:0 cannot hold. `out` appears only when it is whole. Raises MediaError."""
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".{out.name}.part")
    even = "" if size[0] % 2 == 0 and size[1] % 2 == 0 else "crop=trunc(iw/2)*2:trunc(ih/2)*2,"
    chain = f"{even}scale={_EXACT}:out_color_matrix=bt709:out_range=tv,format=yuv420p,{COLOUR}"
    video = [*encoder_args("h264", QUANTISER, rate), "-movflags", "+faststart", "-f", "mp4"]
    data = (np.ascontiguousarray(frame).data for frame in frames)
    try:
        write_frames(data, size, rate, "bgr24", ["-vf", chain, *video, str(staged)])
        staged.replace(out)
    finally:
        staged.unlink(missing_ok=True)
