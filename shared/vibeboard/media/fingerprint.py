"""Small likenesses of single frames, to tell later whether a picture still is the cut it claims to be.

A likeness is the frame's luma averaged into 8 by 6 cells, as hexadecimal: it survives another decoder, and no other
shot has it. It proves nothing about an intruder who makes new ones; the signature over the sidecar does.
"""

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import FORMAT_OPTS, container_of, run
from vibeboard.media.graph import seek_point

COLUMNS, ROWS = 8, 6
TOLERANCE = 3.0  # mean difference of two likenesses, in 8-bit codes, that still is the same frame
_AT_ONCE = 40  # sources open in one graph


def likenesses(path: Path, frames: Sequence[int], rate: Fraction) -> list[str]:
    """The likeness of each frame number of a film, in the order asked. Raises MediaError for a frame that is not there.

    Frames are sought, not played through: an intra-coded master costs one decoded frame each.
    """
    container_of(path)
    found: list[str] = []
    for start in range(0, len(frames), _AT_ONCE):
        found += _some(path, frames[start : start + _AT_ONCE], rate)
    return found


def differ(one: str, other: str) -> float:
    """Mean difference of two likenesses in 8-bit codes; 255 when they cannot be compared."""
    try:
        a, b = bytes.fromhex(one), bytes.fromhex(other)
    except ValueError:
        return 255.0
    if len(a) != len(b) or not a:
        return 255.0
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)


def _some(path: Path, frames: Sequence[int], rate: Fraction) -> list[str]:
    size = COLUMNS * ROWS
    with tempfile.TemporaryDirectory(prefix="likeness-") as folder:
        work = Path(folder)
        name = f"film{path.suffix.lower()}"
        (work / name).symlink_to(path.resolve())
        chains = []
        for index, frame in enumerate(frames):
            start = float(seek_point(frame, rate))
            seek = f":seek_point={max(0.0, start - 0.001):.6f}" if frame else ""
            first = f"trim=start={start:.6f}," if frame else ""
            chains.append(
                f"movie={name}:s=dv:dec_threads=1{seek}:format_opts='{FORMAT_OPTS}',{first}trim=end_frame=1,"
                f"setpts=N/25/TB,settb=AVTB,scale={COLUMNS}:{ROWS}:flags=area,format=gray[f{index}]"
            )
        pads = "".join(f"[f{index}]" for index in range(len(frames)))
        graph = ";".join([*chains, f"{pads}concat=n={len(frames)}:v=1:a=0,setpts=N/25/TB[v]"])
        (work / "graph.txt").write_text(graph, encoding="utf-8")
        raw = ["-map", "[v]", "-fps_mode", "passthrough", "-f", "rawvideo", "frames.raw"]
        run(["-/filter_complex", "graph.txt", *raw], cwd=work, timeout=300)
        data = (work / "frames.raw").read_bytes()
    if len(data) != size * len(frames):
        raise MediaError("FRAME_OUT_OF_RANGE", f"{path.name} does not hold every frame asked for")
    return [data[at : at + size].hex() for at in range(0, len(data), size)]
