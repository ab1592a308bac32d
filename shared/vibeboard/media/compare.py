"""Two passes of one shot held against each other (SOP step 11): a side-by-side, a wipe, stills, and figures per frame.

Everything comes of one decode of each. Both are brought to the size of the reference first, within 1080p, because
scores of different sizes say nothing: VMAF's model was trained on pictures of that size.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.graph import COLOUR
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.stills import font_file, frame_image

BOX = (1920, 1080)
SIDE_WIDTH = 960  # of each half of the side-by-side
MODEL = "vmaf_v0.6.1"
SWING_SECONDS = 4.0  # the wipe goes there and back in so long
_PAPER, _EDGE = (244, 240, 232), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was measured. `vmaf` and `ssim` hold one value a frame; `worst` is the frame with the lowest VMAF."""

    frames: int
    size: tuple[int, int]
    vmaf: tuple[float, ...]
    ssim: tuple[float, ...]
    worst: int
    side_by_side: Path
    wipe: Path
    wipe_still: Path
    difference_still: Path

    @property
    def figures(self) -> dict[str, Any]:
        """Means and worst values; JSON."""
        return {
            "frames": self.frames,
            "size": list(self.size),
            "model": MODEL,
            "vmaf": round(sum(self.vmaf) / self.frames, 3),
            "ssim": round(sum(self.ssim) / self.frames, 5),
            "worstFrame": self.worst,
            "worstVmaf": round(self.vmaf[self.worst], 3),
            "worstSsim": round(self.ssim[self.worst], 5),
        }


def compare(
    judged: Path,
    reference: Path,
    folder: Path,
    *,
    names: tuple[str, str],
    progress: Callable[[float], None] | None = None,
) -> Comparison:
    """Holds `judged` against `reference` (the better one). `names` are written into the pictures.

    Raises MediaError when they differ in length or rate.
    """
    a, b = probe(judged), probe(reference)
    if (a.frames, a.rate) != (b.frames, b.rate):
        raise MediaError(
            "PASSES_DIFFER",
            f"The passes are {a.frames} frames at {a.rate} and {b.frames} at {b.rate}",
            fix="Render both from the same take.",
        )
    size = _size(b)
    folder.mkdir(parents=True, exist_ok=True)
    side, wipe = folder / "side-by-side.mp4", folder / "wipe.mp4"
    with tempfile.TemporaryDirectory(prefix="compare-") as work:
        graph = _graph(a, b, size, names, Path(work))
        (Path(work) / "graph.txt").write_text(graph, encoding="utf-8")
        video = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-an"]
        target = ["-r", str(a.rate), *video, "-movflags", "+faststart", "-f", "mp4"]
        command = [*input_args(judged.resolve()), *input_args(reference.resolve()), "-/filter_complex", "graph.txt"]
        command += ["-map", "[side]", *target, str(side.resolve()), "-map", "[wipe]", *target, str(wipe.resolve())]
        run(command, cwd=Path(work), progress=progress, frames=a.frames)
        rows = json.loads((Path(work) / "scores.json").read_text(encoding="utf-8"))["frames"]
    vmaf = tuple(round(float(row["metrics"]["vmaf"]), 4) for row in rows)
    ssim = tuple(round(float(row["metrics"]["float_ssim"]), 6) for row in rows)
    if len(vmaf) != a.frames:
        raise MediaError("COMPARE_FAILED", f"{len(vmaf)} of {a.frames} frames were measured")
    worst = min(range(len(vmaf)), key=lambda frame: (vmaf[frame], ssim[frame]))
    pictures = tuple(frame_image(i.path, worst, width=size[0], info=i).resize(size) for i in (a, b))
    still = _wipe_still(pictures[0], pictures[1], names, folder / "wipe.jpg")
    difference = _difference(pictures[0], pictures[1], folder / "difference.jpg")
    return Comparison(a.frames, size, vmaf, ssim, worst, side, wipe, still, difference)


def _size(reference: MediaInfo) -> tuple[int, int]:
    long, short = max(reference.width, reference.height), min(reference.width, reference.height)
    scale = min(Fraction(BOX[0], long), Fraction(BOX[1], short), Fraction(1))
    return max(4, 4 * round(reference.width * scale / 4)), max(2, 2 * round(reference.height * scale / 2))


def _graph(a: MediaInfo, b: MediaInfo, size: tuple[int, int], names: tuple[str, str], work: Path) -> str:
    """The wipe shows every pixel in its own place: the second picture is cut by as much as the edge has moved."""
    wide, high = size
    half = max(2, 2 * round(SIDE_WIDTH * high / wide / 2))
    font = font_file(work).name
    scores = f"libvmaf=model=version={MODEL}:feature=name=float_ssim:n_threads=2:log_fmt=json:log_path=scores.json"
    swing = f"(.5+.5*sin(2*PI*t/{SWING_SECONDS:g}))"
    edge = f"2*trunc({wide}/2*{swing})"

    def brought(index: int, info: MediaInfo, pads: str) -> str:
        colours = "" if info.color_matrix else f"{COLOUR},"
        scale = f"scale={wide}:{high}:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p"
        return f"[{index}:v]setpts=N/({info.rate})/TB,{colours}{scale},split=3{pads}"

    def label(name: str, text: str, height: int, x: str) -> str:
        (work / name).write_text(text, encoding="utf-8")
        look = f"fontsize={max(14, height // 26)}:fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=6"
        return f"drawtext=fontfile={font}:textfile={name}:expansion=none:{look}:x={x}:y=h-th-{max(10, height // 30)}"

    left, right = f"{max(10, high // 30)}", f"w-tw-{max(10, high // 30)}"
    return ";".join(
        [
            brought(0, a, "[a1][a2][a3]"),
            brought(1, b, "[b1][b2][b3]"),
            f"[a1][b1]{scores},nullsink",
            f"[a2]scale={SIDE_WIDTH}:{half},{label('sa.txt', names[0], half, left)}[sa]",
            f"[b2]scale={SIDE_WIDTH}:{half},{label('sb.txt', names[1], half, left)}[sb]",
            "[sa][sb]hstack[side]",
            f"[b3]pad=2*iw:ih,crop={wide}:{high}:x='{edge}':y=0[cut]",
            f"[a3][cut]overlay=x='{edge}':y=0:eval=frame,{label('wa.txt', names[0], high, left)},"
            f"{label('wb.txt', names[1], high, right)}[wipe]",
        ]
    )


def _wipe_still(a: Image.Image, b: Image.Image, names: tuple[str, str], out: Path) -> Path:
    """Left half one, right half the other, each pixel in its own place, with the edge drawn."""
    middle = a.width // 2
    sheet = a.copy()
    sheet.paste(b.crop((middle, 0, b.width, b.height)), (middle, 0))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=max(14, a.height // 30))
    draw.line([(middle, 0), (middle, a.height)], fill=_EDGE, width=2)
    margin = max(10, a.height // 30)
    for text, left in ((names[0], float(margin)), (names[1], a.width - margin - font.getlength(names[1]))):
        top = a.height - margin - a.height // 30
        box = draw.textbbox((left, top), text, font=font)
        draw.rectangle((box[0] - 6, box[1] - 5, box[2] + 6, box[3] + 5), fill=(0, 0, 0))
        draw.text((left, top), text, font=font, fill=_PAPER)
    sheet.save(out, "JPEG", quality=88)
    return out


def _difference(a: Image.Image, b: Image.Image, out: Path) -> Path:
    """Where they differ, four times as strong."""
    from PIL import ImageChops

    ImageChops.difference(a, b).point(lambda value: min(255, value * 4)).save(out, "JPEG", quality=88)
    return out
