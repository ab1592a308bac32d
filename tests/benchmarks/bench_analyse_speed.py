"""What the analysis costs beside its two unavoidable parts, and whether memory follows the length of a clip.

    python -m tests.benchmarks.bench_analyse_speed [--minutes 10]

Speed: 720p footage; the floor is the same decode plus the same flow call on the same frames, in the same run. Bounds:
at least half the floor's frame rate, faster than real time. Memory: peak resident size of this process and its decoder
over a clip of ten minutes, under 1 GB. Exits 1 when a bound is missed.
"""
# ruff: noqa: T201 - what is printed is the result

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.footage import decode, fetch
from vibeboard.media.coherence import DETAIL_WIDTH, FLOW_WIDTH
from vibeboard.media.dailies import analyze
from vibeboard.media.ffmpeg import ffmpeg_path, raw_frames
from vibeboard.media.planes import reduced
from vibeboard.media.probe import MediaInfo, probe

FLOOR_SHARE = 0.5
MEMORY_MB = 1024


def looped(path: Path, seconds: float, size: str = "1280:720") -> Path:
    """Real footage, over and over, at 720p and 24 frames a second."""
    command = [ffmpeg_path(), "-v", "error", "-y", "-stream_loop", "-1", "-i", str(fetch("bunny")), "-t", str(seconds)]
    command += ["-vf", f"scale={size}", "-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", str(path)]
    subprocess.run(command, check=True)
    return path


def floor(info: MediaInfo) -> int:
    """Decodes as the analysis does and calls the same flow on the same small frames. Frames handled."""
    width = min(DETAIL_WIDTH, info.width) // 4 * 4
    height = round(info.height * width / info.width / 4) * 4
    small = (FLOW_WIDTH, round(height * FLOW_WIDTH / width))
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    before, count = None, 0
    for raw in raw_frames(info.path, "null", width * height * 3 // 2, "yuv420p"):
        luma = np.frombuffer(raw, np.uint8)[: width * height].reshape(height, width)
        grey = reduced(luma, small)
        if before is not None:
            flow.calc(grey, before, None)
        before, count = grey, count + 1
    return count


def _cpu() -> float:
    return sum(os.times()[:4])  # this process and its decoders


def speed(path: Path, rounds: int) -> dict[str, float]:
    """Frames a second of wall time and CPU seconds a frame, best of some rounds taken in turns."""
    info = probe(path)
    best = {"floor": (1e9, 1e9), "analysis": (1e9, 1e9)}
    for _ in range(rounds):
        for name, work in (("floor", lambda: floor(info)), ("analysis", lambda: analyze(path))):
            wall, cpu = time.monotonic(), _cpu()
            work()
            best[name] = min(best[name], (time.monotonic() - wall, _cpu() - cpu))
    frames = info.frames
    return {
        "floor fps": frames / best["floor"][0],
        "analysis fps": frames / best["analysis"][0],
        "floor CPU ms a frame": 1000 * best["floor"][1] / frames,
        "analysis CPU ms a frame": 1000 * best["analysis"][1] / frames,
        "share of the floor, wall": best["floor"][0] / best["analysis"][0],
        "share of the floor, CPU": best["floor"][1] / best["analysis"][1],
        "times real time": frames / best["analysis"][0] / float(info.rate),
    }


def peak_mb() -> float:
    """Peak resident megabytes of this process plus that of the largest child."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description="Speed and memory of the dailies analyser.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=10, help="Length of the clip whose speed is taken.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--speed-only", action="store_true")
    options = parser.parse_args()
    decode.cache_clear()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        figures = speed(looped(Path(folder) / "short.mp4", options.seconds), options.rounds)
        for name, value in figures.items():
            print(f"{name}: {value:.2f}")
        slow = figures["share of the floor, wall"] < FLOOR_SHARE or figures["times real time"] < 1
        print("MISSED: speed" if slow else "held: speed")
        failed |= slow
        if not options.speed_only:
            path = looped(Path(folder) / "long.mp4", options.minutes * 60)
            resource_before = peak_mb()
            started = time.monotonic()
            report = analyze(path)
            print(f"{report.frames} frames in {time.monotonic() - started:.0f} s")
            print(f"peak memory {peak_mb():.0f} MB (before: {resource_before:.0f} MB)")
            big = peak_mb() >= MEMORY_MB
            print("MISSED: memory" if big else "held: memory")
            failed |= big
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
