"""Refocusing a picture (SOP step 5) with a lens blur in place of GenFocus."""

from typing import Any

from media.operations.assets import OWN_LICENCE, kept, parent, recorded
from media.work import Work
from vibeboard.domain.errors import Invalid
from vibeboard.domain.optics import LensCharacter
from vibeboard.providers.sandbox import lens_blur


def refocus(work: Work) -> dict[str, Any]:
    """{frame: key, model, metrics}: the picture in focus where the order says."""
    from PIL import Image

    params, look = work.input["params"], work.input["lens"]
    source = work.fetch(work.input["assets"]["image"])
    with Image.open(source) as opened:
        width, height = opened.size
    focus = (params["focusX"] / width, params["focusY"] / height)
    if max(focus) > 1:
        raise Invalid(f"The focus lies outside the picture of {width} x {height}", field="focusX", fix="Order it anew.")
    lens = LensCharacter(
        look["fNumber"], look["focalLength"], look["lensType"], look["bokehShape"], squeeze=look["squeeze"]
    )
    out = work.out("refocused.png")
    metrics = lens_blur.refocus(
        source, out, lens=lens, sensor_width=look["sensorWidth"], focus=focus, strength=look["strength"]
    )
    file = kept(work, out, "image")
    provenance = recorded(
        work, [file], model=lens_blur.MODEL, licence=OWN_LICENCE, parents=[parent(work, "image")], lens=look
    )
    return {"frame": file["key"], "model": lens_blur.MODEL, "metrics": metrics, "provenance": provenance}
