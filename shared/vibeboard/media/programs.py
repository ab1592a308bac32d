"""Programs that are not FFmpeg: a research model's own scripts, run with a deadline and a way to call them off."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from vibeboard.media.errors import MediaError

POLL_SECONDS = 0.2
GRACE_SECONDS = 5.0
LAST_WORDS = 500  # characters of its log that a failure tells


def run_program(
    command: Sequence[str],
    *,
    cwd: Path,
    timeout: float,
    stop: threading.Event | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run one program to its end and return its log, the last megabyte of it.

    Raises MediaError PROGRAM_FAILED with its last words, PROGRAM_TIMEOUT, or CANCELLED when `stop` is set meanwhile;
    its children end with it.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        deadline = time.monotonic() + timeout
        code: str = ""
        try:
            while process.poll() is None:
                if stop is not None and stop.wait(POLL_SECONDS):
                    code = "CANCELLED"
                elif stop is None:
                    time.sleep(POLL_SECONDS)
                if not code and time.monotonic() > deadline:
                    code = "PROGRAM_TIMEOUT"
                if code:
                    break
        finally:
            _end(process)
        log.seek(max(0, log.seek(0, os.SEEK_END) - 1_000_000))
        text = log.read().decode("utf-8", "replace")
    name = Path(command[-1] if len(command) > 1 else command[0]).name
    if code:
        raise MediaError(code, f"{name} was stopped", "called off" if code == "CANCELLED" else f"over {timeout:g} s")
    if process.returncode != 0:
        raise MediaError("PROGRAM_FAILED", f"{name} failed", text.strip()[-LAST_WORDS:] or "it gave no reason")
    return text


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The whole group: a program's workers would keep the GPU."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()
