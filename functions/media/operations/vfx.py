"""VFX (SOP step 9) with FFmpeg and OpenCV: each makes a new take, which is measured like any other."""

from typing import Any

from media.operations.clips import ingest
from media.work import Work
from vibeboard.media import vfx


def run(work: Work) -> dict[str, Any]:
    """The job's operation on the shot's current take; before and after are kept with the new take."""
    body, params = work.input, work.input["params"]
    source, out = work.fetch(body["picture"], "take.mp4"), work.out("fixed.mp4")
    sound = work.fetch(body["sound"], "sound.wav") if body.get("sound") else None
    match work.job["operation"]:
        case "vfx.reshoot":
            measured = vfx.reshoot(source, out, path=params["cameraPath"], amount=params["amount"])
        case "vfx.rescue-focus":
            measured = vfx.rescue_focus(source, out, sigma=params.get("sigma"))
        case "vfx.motion-fix":
            measured = vfx.motion_fix(source, out, stabilize=params["stabilize"], speed=params["speed"])
        case _:
            box = (params["x"], params["y"], params["width"], params["height"])
            measured = vfx.magic_eraser(source, out, box=box)
    planned = round(body["frames"] / float(params.get("speed", 1.0)))
    return ingest(work, out, sound, planned) | {"model": measured.pop("model"), "vfx": measured}
