"""Repairs of a shot (SOP step 9): real ones on the CPU. Each writes a new picture and measures before and after.

Every function reads `source` (picture without sound), writes H.264 to `out`, keeps rate and size, and returns
{"operation", "frames", "before": {...}, "after": {...}} with the measure the repair is meant to improve.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import measure
from vibeboard.media.deblur import MIN_BLUR, deconvolved, measured_blur
from vibeboard.media.eraser import Box, Mask, erase
from vibeboard.media.faults import camera_jitter
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.frames import QUANTISER, bgr_frames, write_bgr
from vibeboard.media.graph import COLOUR, encoder_args
from vibeboard.media.probe import MediaInfo, probe
from vibeboard.media.retime import retime

__all__ = ["Box", "CameraMove", "Mask", "camera_move", "change_speed", "erase", "rescue_focus", "reshoot", "stabilise"]

Array = NDArray[Any]
Progress = Callable[[float], None]
Repair = dict[str, Any]

_SAMPLED = 12  # frames that are looked at to measure blur


@dataclass(frozen=True, slots=True)
class CameraMove:
    """A camera path: zoom (1 is the whole picture), pan and tilt (parts of the picture), yaw (degrees), at its ends."""

    zoom: tuple[float, float] = (1.0, 1.2)
    pan: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    yaw: tuple[float, float] = (0.0, 0.0)


def camera_move(path: str, amount: float) -> CameraMove:
    """InfCam's named paths; `amount` in parts of the picture (zoom), or the arc as parts of 45 degrees."""
    moves = {
        "zoom_in": CameraMove(zoom=(1.0, 1 + amount)),
        "zoom_out": CameraMove(zoom=(1 + amount, 1.0)),
        "pan_right": CameraMove(zoom=(1.0, 1.0), pan=(-amount / 2, amount / 2)),
        "pan_left": CameraMove(zoom=(1.0, 1.0), pan=(amount / 2, -amount / 2)),
        "translate_up": CameraMove(zoom=(1.0, 1.0), tilt=(amount / 2, -amount / 2)),
        "translate_down": CameraMove(zoom=(1.0, 1.0), tilt=(-amount / 2, amount / 2)),
        "tilt_up": CameraMove(zoom=(1 + amount, 1 + amount), tilt=(amount / 2, -amount / 2)),
        "tilt_down": CameraMove(zoom=(1 + amount, 1 + amount), tilt=(-amount / 2, amount / 2)),
        "arc_left": CameraMove(zoom=(1.0, 1.0), yaw=(45 * amount, -45 * amount)),
        "arc_right": CameraMove(zoom=(1.0, 1.0), yaw=(-45 * amount, 45 * amount)),
    }
    return moves[path]


def stabilise(source: Path, out: Path, *, smoothing: int = 24) -> Repair:
    """Two passes: measure the camera's path, then follow it smoothed over `smoothing` frames each way, zoomed."""
    info = probe(source)
    before = camera_jitter(measure(info))
    with tempfile.TemporaryDirectory(prefix="stabilise-") as folder:
        work = Path(folder)
        inputs = input_args(source.resolve())
        run([*inputs, "-vf", "vidstabdetect=shakiness=8:accuracy=15:result=path.trf", "-f", "null", "-"], cwd=work)
        steady = f"vidstabtransform=input=path.trf:smoothing={smoothing}:optzoom=1:interpol=bicubic"
        _filtered(info, f"{steady},unsharp=5:5:0.6", out, work)
    made = probe(out)
    after = {"jitter": camera_jitter(measure(made))}
    return _repair("stabilise", made, {"jitter": before}, after)


def change_speed(source: Path, out: Path, *, factor: Fraction, progress: Progress | None = None) -> Repair:
    """Plays `factor` times as fast (1/2 is slow motion), frames between made along the motion.

    The result has exactly round(frames / factor) frames. Raises MediaError outside 1/4 to 4.
    """
    before = probe(source).frames
    retime(source, out, factor=factor, progress=progress)
    made = probe(out)
    return _repair("change_speed", made, {"frames": before}, {"frames": made.frames})


def rescue_focus(
    source: Path, out: Path, *, sigma: float | None = None, noise: float | None = None, progress: Progress | None = None
) -> Repair:
    """Takes back a Gaussian blur of `sigma` pixels, measured when left out, by a Wiener filter on luma.

    A deconvolution, not a sharpening: it restores what the blur left, and invents nothing. `noise` is the
    noise-to-signal ratio. The answer also holds `sigma` as used.
    """
    info = probe(source)
    before = _blur_of(info)
    used = sigma or max(MIN_BLUR, before)

    def restored() -> Iterator[Array]:
        for number, frame in enumerate(bgr_frames(info)):
            yield deconvolved(frame, used, noise)
            if progress is not None:
                progress(number / info.frames)

    write_bgr(restored(), (info.width, info.height), info.rate, out)
    made = probe(out)
    facts = [
        {"edgeSharpness": float(np.median(np.array(measure(part).edges))), "blurSigma": round(blur, 3)}
        for part, blur in ((info, before), (made, _blur_of(made)))
    ]
    return _repair("rescue_focus", made, *facts) | {"sigma": round(used, 3)}


def _blur_of(info: MediaInfo) -> float:
    step = max(1, info.frames // _SAMPLED)
    return measured_blur(frame for number, frame in enumerate(bgr_frames(info)) if number % step == 0)


def reshoot(source: Path, out: Path, *, move: CameraMove, progress: Progress | None = None) -> Repair:
    """Re-photographs the shot along another camera path, eased in and out: push, pan, tilt and a turn in perspective.

    The picture is flat to this camera: there is no parallax, and nothing beyond the old frame. Black never shows:
    the zoom is raised where the path would leave the picture.
    """
    info = probe(source)
    count, size = info.frames, (info.width, info.height)

    def photographed() -> Iterator[Array]:
        for number, frame in enumerate(bgr_frames(info)):
            part = number / max(1, count - 1)
            matrix = _camera(move, part * part * (3 - 2 * part), *size)
            yield cv2.warpPerspective(frame, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            if progress is not None:
                progress(part)

    write_bgr(photographed(), size, info.rate, out)
    made = probe(out)
    travel = [{"cameraTravel": _travel(part)} for part in (info, made)]
    return _repair("reshoot", made, *travel)


def _repair(operation: str, made: MediaInfo, before: dict[str, Any], after: dict[str, Any]) -> Repair:
    return {"operation": operation, "frames": made.frames, "before": before, "after": after}


def _filtered(info: MediaInfo, filters: str, out: Path, work: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    made = work / "made.mp4"
    chain = f"{filters},format=yuv420p,{COLOUR}"
    video = encoder_args("h264", QUANTISER, info.rate)
    run([*input_args(info.path.resolve()), "-vf", chain, "-an", *video, "-movflags", "+faststart", str(made)], cwd=work)
    staged = out.with_name(f".{out.name}.part")
    staged.write_bytes(made.read_bytes())
    staged.replace(out)


def _camera(move: CameraMove, part: float, width: int, height: int) -> Array:
    def at(ends: tuple[float, float]) -> float:
        return ends[0] + (ends[1] - ends[0]) * part

    turn = np.tan(np.radians(at(move.yaw))) * 0.5
    zoom = max(at(move.zoom), 1 + 2 * max(abs(at(move.pan)), abs(at(move.tilt))) + abs(turn) * 1.2)
    # Around the picture's middle, in parts of its width: turn, then zoom, then move.
    centre = np.array([[1 / width, 0, -0.5], [0, 1 / width, -0.5 * height / width], [0, 0, 1]])
    yaw = np.array([[1, 0, 0], [0, 1, 0], [turn, 0, 1]])
    scale = np.array([[zoom, 0, -zoom * at(move.pan)], [0, zoom, -zoom * at(move.tilt) * height / width], [0, 0, 1]])
    return np.asarray(np.linalg.inv(centre) @ scale @ yaw @ centre)


def _travel(info: MediaInfo) -> float:
    """Length of the camera's way through the shot, in parts of the picture's width."""
    return float(np.sum(measure(info).speed)) / min(480, info.width)
