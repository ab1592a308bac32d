"""An FFmpeg that spoils one shot: it stands in for the program and holds the picture in the first clip it writes."""

import sys
from pathlib import Path

from vibeboard.media.ffmpeg import ffmpeg_path

HELD = (6, 17)  # frames, first and last: they show the frame before them

_PROGRAM = """#!{python}
import os, subprocess, sys

code = subprocess.run([{ffmpeg!r}, *sys.argv[1:]]).returncode
out = sys.argv[-1]
if code == 0 and os.path.basename(out) == ".clip.mp4.part":
    try:
        os.mkdir({mark!r})
    except FileExistsError:
        sys.exit(0)
    held = "[0:v][0:v]freezeframes=first={first}:last={last}:replace={shown}"
    spoilt = out + ".mp4"
    whole = [{ffmpeg!r}, "-v", "error", "-nostdin", "-y", "-i", out, "-filter_complex", held]
    subprocess.run([*whole, "-c:v", "libx264", "-crf", "12", "-bf", "0", "-f", "mp4", spoilt], check=True)
    os.replace(spoilt, out)
sys.exit(code)
"""


def spoiling_ffmpeg(folder: Path) -> Path:
    """The program to name in IMAGEIO_FFMPEG_EXE. Whatever it is asked for is done by the real one."""
    program = folder / "ffmpeg"
    first, last = HELD
    words = {"python": sys.executable, "ffmpeg": ffmpeg_path(), "mark": str(folder / "spoilt")}
    program.write_text(_PROGRAM.format(first=first, last=last, shown=first - 1, **words), encoding="utf-8")
    program.chmod(0o755)
    return program
