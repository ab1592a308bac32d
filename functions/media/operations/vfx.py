"""VFX (SOP step 9): each makes a new take, which is measured like any other; before and after are kept with it.

With FFmpeg and OpenCV here, or by a vendor (the GPU worker, fal's inpainting), whose picture is taken in.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

from media.operations.clips import UPSCALED, ingest
from media.work import Work
from vibeboard.domain.errors import ProviderFailed
from vibeboard.media import vfx
from vibeboard.media.eraser import Box, Mask, Plate
from vibeboard.media.probe import probe
from vibeboard.media.proxies import render_pass
from vibeboard.media.retime import retimed_frames, stretch_sound
from vibeboard.media.stills import poster_frame

MODEL = "sandbox/vfx"


def run(work: Work) -> dict[str, Any]:
    """The job's operation on the shot's current take, by our own engines."""
    source, out = work.fetch(work.input["picture"], "take.mp4"), work.out("fixed.mp4")
    return _taken(work, out, _repair(work, source, out), MODEL)


def from_vendor(work: Work, picture: Path, model: str) -> dict[str, Any]:
    """A vendor's version of the shot: at the shot's size, its sound kept. fal's is one frame without the thing, from
    which the eraser takes what no other frame shows."""
    source, out = work.fetch(work.input["picture"], "take.mp4"), work.out("fixed.mp4")
    if work.job["operation"] == "vfx.magic-eraser":
        painted = cv2.imread(str(picture), cv2.IMREAD_COLOR)
        if painted is None:
            raise ProviderFailed("The provider's picture cannot be read", fix="Order it again.")
        plate = Plate(poster_frame(work.input["frames"]), painted)
        repair = vfx.erase(source, out, **_erased(work), plate=plate, progress=work.share(0.0, 0.6))
        return _taken(work, out, repair, f"{model} + {MODEL}")
    info = probe(picture)
    if (info.width, info.height) != (work.input["width"], work.input["height"]):
        render_pass(picture, out, width=work.input["width"], height=work.input["height"], burn_in=None)
        picture, model = out, f"{model} + {UPSCALED}"
    return _taken(work, picture, {"operation": work.job["operation"].removeprefix("vfx.")}, model)


def _taken(work: Work, picture: Path, repair: dict[str, Any], model: str) -> dict[str, Any]:
    """The new take, with what the shot measured before and measures now."""
    body, speed = work.input, _speed(work)
    frames = retimed_frames(body["frames"], speed)
    result = ingest(work, picture, _sound(work, speed), frames) | {"model": model}
    report = result["report"]
    before = body.get("before", {}) | {"measure": repair.pop("before", {})}
    after = {"score": report["score"], "metrics": report["metrics"], "measure": repair.pop("after", {})}
    return result | {"vfx": repair | {"sourceTakeId": body["sourceTakeId"], "before": before, "after": after}}


def _speed(work: Work) -> Fraction:
    return Fraction(work.input["params"].get("speed", 1)).limit_denominator(1000)


def _sound(work: Work, speed: Fraction) -> Path | None:
    """The shot's own sound; at another speed, stretched at its pitch to exactly as long as it must be."""
    if not work.input.get("sound"):
        return None
    sound = work.fetch(work.input["sound"], "sound.wav")
    if speed == 1:
        return sound
    out = work.out("paced.wav")
    stretch_sound(sound, out, factor=speed, samples=round(probe(sound).samples_48k / speed))
    return out


def _repair(work: Work, source: Path, out: Path) -> dict[str, Any]:
    params, progress = work.input["params"], work.share(0.0, 0.6)
    match work.job["operation"]:
        case "vfx.reshoot":
            move = vfx.camera_move(params["cameraPath"], params["amount"])
            return vfx.reshoot(source, out, move=move, progress=progress)
        case "vfx.rescue-focus":
            return vfx.rescue_focus(source, out, sigma=params.get("sigma"), progress=progress)
        case "vfx.motion-fix":
            return _motion_fix(work, source, out)
        case _:
            return vfx.erase(source, out, **_erased(work), progress=progress)


def _erased(work: Work) -> dict[str, Any]:
    """The box or mask of the order."""
    params = work.input["params"]
    path = {row["frame"]: (row["x"], row["y"]) for row in params.get("path", [])}
    if params.get("mask"):
        return {"mask": Mask([[(x, y) for x, y in polygon] for polygon in params["mask"]], path)}
    left, top = params["x"], params["y"]
    box = Box(left, top, min(1.0, left + params["width"]), min(1.0, top + params["height"]))
    return {"mask": Mask([box.outline()], path)}


def _motion_fix(work: Work, source: Path, out: Path) -> dict[str, Any]:
    params, factor = work.input["params"], _speed(work)
    steady = source
    repair: dict[str, Any] = {"operation": "motion-fix"}
    if params["stabilize"]:
        steady = out if factor == 1 else work.out("steady.mp4")
        repair |= vfx.stabilise(source, steady)
    if factor != 1 or not params["stabilize"]:
        repair |= {"speed": vfx.change_speed(steady, out, factor=factor, progress=work.share(0.2, 0.6))}
    return repair
