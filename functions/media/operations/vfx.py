"""VFX (SOP step 9) with FFmpeg and OpenCV: each makes a new take, which is measured like any other."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from media.operations.clips import ingest
from media.work import Work
from vibeboard.media import vfx
from vibeboard.media.vfx import Box, CameraMove

MODEL = "sandbox/vfx"
DEFAULT_BLUR = 1.5  # sigma in pixels, where nobody measured it


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


def _repair(work: Work, source: Path, out: Path) -> dict[str, Any]:
    params = work.input["params"]
    match work.job["operation"]:
        case "vfx.reshoot":
            return vfx.reshoot(source, out, move=camera_move(params["cameraPath"], params["amount"]))
        case "vfx.rescue-focus":
            return vfx.rescue_focus(source, out, sigma=params.get("sigma") or DEFAULT_BLUR)
        case "vfx.motion-fix":
            return _motion_fix(work, source, out)
        case _:
            left, top = params["x"], params["y"]
            box = Box(left, top, min(1.0, left + params["width"]), min(1.0, top + params["height"]))
            return vfx.erase(source, out, box=box)


def _motion_fix(work: Work, source: Path, out: Path) -> dict[str, Any]:
    params = work.input["params"]
    factor = Fraction(params["speed"]).limit_denominator(1000)
    steady = source
    repair: dict[str, Any] = {"operation": "motion-fix"}
    if params["stabilize"]:
        steady = out if factor == 1 else work.out("steady.mp4")
        repair |= vfx.stabilise(source, steady)
    if factor != 1 or not params["stabilize"]:
        repair |= {"speed": vfx.change_speed(steady, out, factor=factor)}
    return repair


def run(work: Work) -> dict[str, Any]:
    """The job's operation on the shot's current take; before and after are kept with the new take."""
    body = work.input
    source, out = work.fetch(body["picture"], "take.mp4"), work.out("fixed.mp4")
    sound = work.fetch(body["sound"], "sound.wav") if body.get("sound") else None
    repair = _repair(work, source, out)
    planned = round(body["frames"] / Fraction(body["params"].get("speed", 1)).limit_denominator(1000))
    return ingest(work, out, sound, planned) | {"model": MODEL, "vfx": repair}
