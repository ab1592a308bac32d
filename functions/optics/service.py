"""The Optics Engine (SOP step 5): the master cinematic modifier and a rack focus, from real geometry."""

import math
from typing import Any

from optics.models import Lens, RackFocus, Refocus
from vibeboard.domain import optics
from vibeboard.domain.errors import Invalid
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.domain.gear import (
    BOKEH_SHAPES,
    CAMERAS,
    LENS_TYPES,
    LENSES,
    Camera,
    OpticsError,
    UnknownCamera,
    find_camera,
    find_lens,
)
from vibeboard.domain.modifier import master_modifier
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
        style = style_of(member.project_id, body.scene_chain_id)
        enforce("styleLock", style)
    camera, lens = choose(body)
    try:
        modifier = master_modifier(body.camera, body.lens, lens, body.genre, body.tone)
        plan = optics.rack_focus(camera, lens, body.focus_from, body.focus_to, body.frames, body.hold)
    except OpticsError as fault:
        raise _impossible(fault) from fault
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
            **_light(body.lens, lens),
            "fullFrameEquivalent": round(optics.full_frame_equivalent(camera, lens), 2),
            "coversSensor": _covers(camera, body.lens),
        },
        "fieldOfView": {
            "horizontal": round(plan.field_of_view.horizontal, 3),
            "vertical": round(plan.field_of_view.vertical, 3),
            "diagonal": round(plan.field_of_view.diagonal, 3),
        },
        "blurAtInfinity": {
            "from": round(optics.blur_at_infinity(lens, body.focus_from), 5),
            "to": round(optics.blur_at_infinity(lens, body.focus_to), 5),
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


def style_of(project_id: str, chain_id: str | None) -> dict[str, str]:
    """The facts of the style lock: the chain's context, empty without a chain. Raises NotFound."""
    if chain_id is None:
        return {"masterStyleContext": ""}
    chain, _ = chains.read_chain(project_id, chain_id)
    return {"masterStyleContext": chain.get("masterStyleContext", "")}


def choose(body: RackFocus | Refocus) -> tuple[Camera, optics.LensCharacter]:
    """Camera and lens as asked for. Raises Invalid CAMERA_UNKNOWN or OPTICS_IMPOSSIBLE with the reason."""
    try:
        return find_camera(body.camera), _lens(body)
    except UnknownCamera as fault:
        raise Invalid(
            str(fault), field="camera", code="CAMERA_UNKNOWN", fix="Use one of the cameras in the sensor table."
        ) from fault
    except OpticsError as fault:
        raise _impossible(fault) from fault


def _impossible(fault: OpticsError) -> Invalid:
    return Invalid(str(fault), field="lensCharacter", code="OPTICS_IMPOSSIBLE", fix="Give values that a real lens has.")


def _lens(body: RackFocus | Refocus) -> optics.LensCharacter:
    """What was sent, else what the lens name says. Raises OpticsError."""
    sent: Lens | None = body.lens_character
    if sent is None:
        return optics.read_lens(body.lens)
    family = find_lens(body.lens)
    squeeze = sent.squeeze if sent.squeeze is not None else (family.squeeze if family else 1.0)
    return optics.LensCharacter(sent.f_number, sent.focal_length, sent.lens_type, sent.bokeh_shape, squeeze)


def _light(name: str, lens: optics.LensCharacter) -> dict[str, float]:
    """T-stop, as marked or by the family's typical transmittance."""
    share = optics.transmittance_of(find_lens(name))
    t = lens.t_stop if lens.t_stop is not None else optics.t_stop(lens.f_number, share)
    return {"tStop": round(t, 3), "transmittance": share}


def _covers(camera: Camera, name: str) -> bool | None:
    """Whether the family's image circle reaches the sensor's corners; null for a lens of no known family."""
    family = find_lens(name)
    return family.circle >= camera.diagonal if family else None


def gear_list() -> dict[str, Any]:
    """Every camera and lens family known, as the tables have them."""
    return {
        "cameras": [
            {
                "name": camera.name,
                "sensorWidth": camera.width,
                "sensorHeight": camera.height,
                "colorScience": camera.color_science,
                "circleOfConfusion": round(camera.coc, 5),
                "aliases": list(camera.aliases),
            }
            for camera in CAMERAS
        ],
        "lenses": [
            {
                "name": lens.name,
                "look": lens.look,
                "lensType": lens.lens_type,
                "squeeze": lens.squeeze,
                "transmittance": lens.transmittance,
                "imageCircle": lens.circle,
            }
            for lens in LENSES
        ],
        "bokehShapes": list(BOKEH_SHAPES),
        "lensTypes": list(LENS_TYPES),
    }


def _depth(zone: optics.DepthOfField) -> dict[str, float | None]:
    """Metres; null for infinity, which JSON has no number for."""
    return {
        "near": round(zone.near, 4),
        "far": None if math.isinf(zone.far) else round(zone.far, 4),
        "total": None if math.isinf(zone.total) else round(zone.total, 4),
        "hyperfocal": round(zone.hyperfocal, 3),
    }
