"""Repairs of a shot (SOP step 9): real ones on the CPU. Each writes a new picture and measures before and after.

Every function reads `source` (picture without sound), writes H.264 to `out`, keeps rate and size, and returns
{"operation", "frames", "before": {...}, "after": {...}} with the measure the repair is meant to improve.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.coherence import measure
from vibeboard.media.errors import MediaError
from vibeboard.media.faults import camera_jitter
from vibeboard.media.ffmpeg import input_args, raw_frames, run, write_frames
from vibeboard.media.graph import COLOUR, clock, encoder_args
from vibeboard.media.probe import MediaInfo, probe

Array = NDArray[Any]
Progress = Callable[[float], None]
Repair = dict[str, Any]

_QUANTISER = 16  # visually lossless: the repair is an intermediate


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in parts of the picture (0..1), so that it means the same at every quality."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class CameraMove:
    """A camera path: zoom (1 is the whole picture), pan and tilt (parts of the picture), yaw (degrees), at its ends."""

    zoom: tuple[float, float] = (1.0, 1.2)
    pan: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    yaw: tuple[float, float] = (0.0, 0.0)


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


def change_speed(source: Path, out: Path, *, factor: Fraction) -> Repair:
    """Plays `factor` times as fast (1/2 is slow motion), frames between made along the motion.

    The result has exactly round(frames / factor) frames. Raises MediaError outside 1/4 to 4.
    """
    info = probe(source)
    if not Fraction(1, 4) <= factor <= 4:
        raise MediaError("SPEED_OUT_OF_RANGE", f"A speed of {float(factor):g} is too far", "usable are 0.25 to 4")
    frames = max(1, round(info.frames / factor))
    # First frame on first, last on last: nothing is left to hold at the end. The interpolator wants frames to look
    # ahead to, which are cut off again.
    stretch = Fraction(max(1, frames - 1), max(1, info.frames - 1))
    between = f"minterpolate=fps={info.rate}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1"
    smooth = f"tpad=stop=4:stop_mode=clone,{between}" if factor < 1 else f"fps={info.rate}"
    paced = f"settb=1/{clock(info.rate)},setpts=(PTS-STARTPTS)*{stretch}"
    chain = f"{paced},{smooth},tpad=stop=-1:stop_mode=clone,trim=end_frame={frames}"
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        _filtered(info, f"{chain},setpts=N/({info.rate})/TB", out, Path(folder))
    made = probe(out)
    if made.frames != frames:
        raise MediaError("SPEED_NOT_EXACT", "The speed change missed its length", f"{made.frames} frames, not {frames}")
    return _repair("change_speed", made, {"frames": info.frames}, {"frames": made.frames})


def rescue_focus(source: Path, out: Path, *, sigma: float, noise: float = 0.01) -> Repair:
    """Takes back a Gaussian blur of `sigma` pixels by a Wiener filter on luma; `noise` is the noise-to-signal ratio.

    A deconvolution, not a sharpening: it restores what the blur left, and invents nothing.
    """
    info = probe(source)
    undo = _Wiener(info.width, info.height, sigma, noise)

    def restored() -> Iterator[Array]:
        for frame in _frames(info):
            luma, *chroma = cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2YCrCb))
            yield cv2.cvtColor(cv2.merge([undo(luma), *chroma]), cv2.COLOR_YCrCb2BGR)

    _write(restored(), info, out)
    made = probe(out)
    sharpness = [{"edgeSharpness": float(np.median(np.array(measure(part).edges)))} for part in (info, made)]
    return _repair("rescue_focus", made, *sharpness)


def erase(source: Path, out: Path, *, box: Box, window: int = 24) -> Repair:
    """Removes what is inside the box: from frames where the camera saw behind it, else painted in from around.

    Neighbouring frames within `window` are aligned by the background's motion; the median of what they show there
    fills the box. Measures how much the picture changed inside and outside the box, in levels.
    """
    info = probe(source)
    frames = list(_frames(info))
    if len(frames) * info.width * info.height > 1 << 31:
        raise MediaError("SHOT_TOO_LONG", f"{source.name} is too long to erase in one go", "split it first")
    mask = np.zeros((info.height, info.width), np.uint8)
    rows = slice(int(box.top * info.height), max(int(box.top * info.height) + 1, int(box.bottom * info.height)))
    columns = slice(int(box.left * info.width), max(int(box.left * info.width) + 1, int(box.right * info.width)))
    mask[rows, columns] = 255
    if not mask.any() or mask.all():
        raise MediaError("MASK_EMPTY", "The box holds nothing, or the whole picture", "nothing could be filled in")
    steps = [_background_motion(one, two, mask) for one, two in pairwise(frames)]
    filled = [_fill(frames, steps, mask, index, window) for index in range(len(frames))]
    _write(iter(filled), info, out)
    made = probe(out)
    inside = mask > 0
    change = [np.abs(a.astype(np.int16) - b).mean(axis=2) for a, b in zip(frames, _frames(made), strict=True)]
    measured = {
        "changedInside": float(np.mean([c[inside].mean() for c in change])),
        "changedOutside": float(np.mean([c[~inside].mean() for c in change])),
        "restlessInside": _restless(_frames(made), inside),
    }
    return _repair("erase", made, {"restlessInside": _restless(frames, inside)}, measured)


def reshoot(source: Path, out: Path, *, move: CameraMove) -> Repair:
    """Re-photographs the shot along another camera path, eased in and out: push, pan, tilt and a turn in perspective.

    The picture is flat to this camera: there is no parallax, and nothing beyond the old frame. Black never shows:
    the zoom is raised where the path would leave the picture.
    """
    info = probe(source)
    count = info.frames

    def photographed() -> Iterator[Array]:
        for number, frame in enumerate(_frames(info)):
            part = number / max(1, count - 1)
            matrix = _camera(move, part * part * (3 - 2 * part), info.width, info.height)
            yield cv2.warpPerspective(
                frame, matrix, (info.width, info.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )

    _write(photographed(), info, out)
    made = probe(out)
    travel = [{"cameraTravel": _travel(part)} for part in (info, made)]
    return _repair("reshoot", made, *travel)


def _repair(operation: str, made: MediaInfo, before: dict[str, Any], after: dict[str, Any]) -> Repair:
    return {"operation": operation, "frames": made.frames, "before": before, "after": after}


def _filtered(info: MediaInfo, filters: str, out: Path, work: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    made = work / "made.mp4"
    chain = f"{filters},format=yuv420p,{COLOUR}"
    video = encoder_args("h264", _QUANTISER, info.rate)
    run([*input_args(info.path.resolve()), "-vf", chain, "-an", *video, "-movflags", "+faststart", str(made)], cwd=work)
    staged = out.with_name(f".{out.name}.part")
    staged.write_bytes(made.read_bytes())
    staged.replace(out)


# Rounded, not cut off: a shot may go through several repairs, and each would take a level of brightness.
_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"


def _frames(info: MediaInfo) -> Iterator[Array]:
    matrix = "" if info.color_matrix else ":in_color_matrix=bt709"
    size = info.width * info.height * 3
    for raw in raw_frames(info.path, f"scale={_EXACT}{matrix},format=bgr24", size, "bgr24"):
        yield np.frombuffer(raw, np.uint8).reshape(info.height, info.width, 3)


def _write(frames: Iterable[Array], info: MediaInfo, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".{out.name}.part")
    chain = f"scale={_EXACT}:out_color_matrix=bt709:out_range=tv,format=yuv420p,{COLOUR}"
    video = [*encoder_args("h264", _QUANTISER, info.rate), "-movflags", "+faststart", "-f", "mp4"]
    data = (np.ascontiguousarray(frame).data for frame in frames)
    try:
        write_frames(data, (info.width, info.height), info.rate, "bgr24", ["-vf", chain, *video, str(staged)])
        staged.replace(out)
    finally:
        staged.unlink(missing_ok=True)


class _Wiener:
    """The inverse of a Gaussian blur, as far as noise lets it be inverted. Made once for all frames of a size."""

    def __init__(self, width: int, height: int, sigma: float, noise: float) -> None:
        if not 0 < sigma <= 12:
            raise MediaError("BLUR_OUT_OF_RANGE", f"A blur of {sigma:g} pixels cannot be undone", "usable are 0 to 12")
        self._pad = max(24, int(4 * sigma))
        rows, columns = height + 2 * self._pad, width + 2 * self._pad
        squared = np.fft.fftfreq(rows)[:, None] ** 2 + np.fft.rfftfreq(columns)[None] ** 2
        transfer = np.exp(-2 * (np.pi * sigma) ** 2 * squared)
        self._inverse = (transfer / (transfer**2 + noise)).astype(np.float32)
        # Flat areas must keep their level.
        self._inverse /= self._inverse[0, 0]

    def __call__(self, luma: Array) -> Array:
        padded = np.pad(luma.astype(np.float32), self._pad, mode="reflect")
        sharp = np.fft.irfft2(np.fft.rfft2(padded) * self._inverse, s=padded.shape)
        inner = sharp[self._pad : -self._pad, self._pad : -self._pad]
        return np.asarray(np.clip(np.rint(inner), 0, 255).astype(np.uint8))


def _background_motion(one: Array, two: Array, mask: Array) -> Array:
    """Homography that carries points of `one` to `two`, from what is outside the mask; none found means no motion."""
    orb = cv2.ORB.create(800)
    outside = cv2.bitwise_not(cv2.dilate(mask, np.ones((9, 9), np.uint8)))
    points_one, marks_one = orb.detectAndCompute(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), outside)
    points_two, marks_two = orb.detectAndCompute(cv2.cvtColor(two, cv2.COLOR_BGR2GRAY), outside)
    if marks_one is None or marks_two is None:
        return np.eye(3)
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks_one, marks_two)
    if len(matches) < 12:
        return np.eye(3)
    start = np.array([points_one[m.queryIdx].pt for m in matches], np.float32)
    end = np.array([points_two[m.trainIdx].pt for m in matches], np.float32)
    found, _ = cv2.findHomography(start, end, cv2.RANSAC, 2.0)
    return np.eye(3) if found is None else np.asarray(found)


def _fill(frames: Sequence[Array], steps: Sequence[Array], mask: Array, index: int, window: int) -> Array:
    height, width = mask.shape
    hole = cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0
    top, bottom = np.flatnonzero(hole.any(axis=1))[[0, -1]]
    left, right = np.flatnonzero(hole.any(axis=0))[[0, -1]]
    part = (slice(top, bottom + 1), slice(left, right + 1))
    offset = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], float)
    size = (int(right - left + 1), int(bottom - top + 1))
    seen: list[Array] = []
    for other, path in _paths(steps, index, len(frames), window):
        to_box = offset @ path
        picture = cv2.warpPerspective(frames[other], to_box, size).astype(np.float32)
        visible = np.where(hole, 0, 255).astype(np.uint8)
        shown = cv2.warpPerspective(visible, to_box, size, flags=cv2.INTER_NEAREST) == 255
        picture[~shown] = np.nan
        seen.append(picture)
    result = frames[index].copy()
    if seen:
        stack = np.array(seen)
        known = ~np.isnan(stack[..., 0]).all(axis=0)
        values = np.zeros_like(stack[0])
        values[known] = np.nanmedian(stack[:, known], axis=0)
    else:
        known, values = np.zeros(size[::-1], bool), np.zeros((*size[::-1], 3))
    inside = hole[part]
    use = inside & known
    result[part][use] = values[use].astype(np.uint8)
    never = np.zeros((height, width), np.uint8)
    never[part][inside & ~known] = 255
    return cv2.inpaint(result, never, 5, cv2.INPAINT_TELEA) if never.any() else result


def _paths(steps: Sequence[Array], index: int, count: int, window: int) -> Iterator[tuple[int, Array]]:
    """Every second frame around `index` with the homography that carries it there."""
    forward = np.eye(3)
    for other in range(index - 1, max(-1, index - window - 1), -1):
        forward = forward @ steps[other]
        if (index - other) % 2 == 0:
            yield other, forward
    back = np.eye(3)
    for other in range(index + 1, min(count, index + window + 1)):
        back = back @ np.linalg.inv(steps[other - 1])
        if (other - index) % 2 == 0:
            yield other, back


def _restless(frames: Iterable[Array], inside: Array) -> float:
    """Mean change from frame to frame inside the mask, in levels."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[inside].astype(np.int16) for frame in frames]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(grey)])) if len(grey) > 1 else 0.0


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
