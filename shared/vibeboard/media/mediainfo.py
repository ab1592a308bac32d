"""MediaInfo in a process of its own, with a deadline (docs/decisions/0003).

A damaged index can send a parser round for hours inside native code, where no signal handler of ours runs: one
changed byte of a master has done so. A worker that does not answer in time is ended, and the file is refused.
A worker is kept for the next file: starting one takes ten times as long as reading a file.
"""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from vibeboard.media.errors import MediaError

PROBE_SECONDS = 20.0  # a long 4K master takes under one
REPAIR = "Export it again, or upload it again if the transfer was cut short."
_MOST_IDLE = 4

Tracks = dict[str, dict[str, Any]]

# The worker opens the file itself and hands over bytes: the library never learns a path, so it follows no reference.
_WORKER = """
import json, sys
from pymediainfo import MediaInfo
for line in sys.stdin:
    try:
        with open(json.loads(line), "rb") as file:
            tracks = {}
            for track in MediaInfo.parse(file, cover_data=False).tracks:
                tracks.setdefault(str(track.track_type), track.to_data())
        answer = {"tracks": tracks}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""

_idle: "LifoQueue[subprocess.Popen[bytes]]" = LifoQueue(_MOST_IDLE)


def read_tracks(path: Path, seconds: float = PROBE_SECONDS) -> Tracks:
    """The first track of each kind ("General", "Video", "Audio", "Other") in MediaInfo's own words.

    Raises MediaError MEDIA_UNREADABLE when the file cannot be read, or not within `seconds`.
    """
    worker = _worker()
    answer = None
    try:
        answer = _ask(worker, path, seconds)
    finally:
        if answer is None:
            worker.kill()
            worker.communicate()
        else:
            _keep(worker)
    if "error" in answer:
        raise _unreadable(path, str(answer["error"]))
    tracks: Tracks = answer["tracks"]
    return tracks


def _ask(worker: "subprocess.Popen[bytes]", path: Path, seconds: float) -> dict[str, Any]:
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("a worker is started with both its pipes")
    deadline = time.monotonic() + seconds
    said = b""
    try:
        worker.stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
        worker.stdin.flush()
    except BrokenPipeError as error:
        raise _unreadable(path, "the reader was ended") from error
    while not said.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([worker.stdout], [], [], left)[0]:
            raise _unreadable(path, f"its index sends the reader round for more than {seconds:g} s")
        part = os.read(worker.stdout.fileno(), 1 << 16)
        if not part:
            raise _unreadable(path, "the reader ended while it read it")
        said += part
    answer: dict[str, Any] = json.loads(said)
    return answer


def _worker() -> "subprocess.Popen[bytes]":
    while True:
        try:
            worker = _idle.get_nowait()
        except Empty:
            return subprocess.Popen(
                [sys.executable, "-c", _WORKER],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        if worker.poll() is None:
            return worker


def _keep(worker: "subprocess.Popen[bytes]") -> None:
    if _idle.full():
        worker.kill()
        worker.communicate()
    else:
        _idle.put(worker)


def _unreadable(path: Path, why: str) -> MediaError:
    return MediaError("MEDIA_UNREADABLE", f"{path.name} cannot be read", why, REPAIR)
