"""The Optics Engine (SOP step 5): the master cinematic modifier and a rack focus, from real geometry."""

import math
from typing import Any

from optics.models import Lens, RackFocus
from vibeboard.domain import optics
from vibeboard.domain.errors import Invalid
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.http.access import Caller
from vibeboard.store import chains


def rack_focus(caller: Caller, body: RackFocus) -> dict[str, Any]:
    """{masterCinematic, camera, lens, fieldOfView, depthOfField, rackFocus}: metres, degrees, millimetres, frames.

    Raises GateRefused STYLE_LOCKED for a chain that has its style, NotFound for a project or chain that is not the
    caller's, Invalid OPTICS_IMPOSSIBLE with the reason for values no lens can have.
    """
    style = {"masterStyleContext": ""}
    if body.scene_chain_id is not None and body.project_id is None:
        raise Invalid("sceneChainId needs its projectId", field="projectId", fix="Send both.")
    if body.project_id is not None:
        member = caller.join(body.project_id, "edit")
        if body.scene_chain_id is not None:
            chain, _ = chains.read_chain(member.project_id, body.scene_chain_id)
            style = {"masterStyleContext": chain.get("masterStyleContext", "")}
            enforce("styleLock", style)
    try:
        camera = optics.find_camera(body.camera)
        lens = _lens(body)
        modifier = optics.master_modifier(body.camera, body.lens, lens, body.genre, body.tone)
        plan = optics.rack_focus(camera, lens, body.focus_from, body.focus_to, body.frames, body.hold)
    except optics.UnknownCamera as fault:
        raise Invalid(
            str(fault), field="camera", code="CAMERA_UNKNOWN", fix="Use one of the cameras in the sensor table."
        ) from fault
    except optics.OpticsError as fault:
        raise Invalid(
            str(fault), field="lensCharacter", code="OPTICS_IMPOSSIBLE", fix="Give values that a real lens has."
        ) from fault
    return {
        "masterCinematic": modifier,
        "camera": {
            "name": camera.name,
            "sensorWidth": camera.width,
            "sensorHeight": camera.height,
            "colorScience": camera.color_science,
            "circleOfConfusion": round(camera.coc, 5),
        },
        "lens": {
            "name": body.lens,
            "fNumber": lens.f_number,
            "focalLength": lens.focal_length,
            "lensType": lens.lens_type,
            "bokehShape": lens.bokeh_shape,
            "squeeze": lens.squeeze,
        },
        "fieldOfView": {
            "horizontal": round(plan.field_of_view.horizontal, 3),
            "vertical": round(plan.field_of_view.vertical, 3),
            "diagonal": round(plan.field_of_view.diagonal, 3),
        },
        "depthOfField": {"from": _depth(plan.start), "to": _depth(plan.end)},
        "rackFocus": {
            "frames": body.frames,
            "hold": body.hold,
            "keyframes": [
                {
                    "frame": key.frame,
                    "distance": round(key.distance, 4),
                    "blurFrom": round(key.blur_from, 5),
                    "blurTo": round(key.blur_to, 5),
                }
                for key in plan.keys
            ],
        },
        "gates": {"styleLock": evaluate("styleLock", style).to_dict()},
    }


def _lens(body: RackFocus) -> optics.LensCharacter:
    """What was sent, else what the lens name says. Raises OpticsError."""
    sent: Lens | None = body.lens_character
    if sent is None:
        return optics.read_lens(body.lens)
    family = optics.find_lens(body.lens)
    squeeze = sent.squeeze if sent.squeeze is not None else (family.squeeze if family else 1.0)
    return optics.LensCharacter(sent.f_number, sent.focal_length, sent.lens_type, sent.bokeh_shape, squeeze)


def _depth(zone: optics.DepthOfField) -> dict[str, float | None]:
    """Metres; null for infinity, which JSON has no number for."""
    return {
        "near": round(zone.near, 4),
        "far": None if math.isinf(zone.far) else round(zone.far, 4),
        "total": None if math.isinf(zone.total) else round(zone.total, 4),
        "hyperfocal": round(zone.hyperfocal, 3),
    }
