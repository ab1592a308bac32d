"""Refocusing one picture (SOP step 5, GenFocus): a job that leaves a new picture and the one it came from."""

from typing import Any

from optics.models import Refocus
from optics.service import choose, style_of
from vibeboard.domain import optics
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import digest
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.providers import worker_ops
from vibeboard.store import objects
from vibeboard.views import job_view

MODEL = "runpod/genfocus"
K_PER_DISC = 1_000.0  # GenFocus' blur strength: a far point's disc, in thousandths of the picture's width
MAX_K = 60.0
PORTRAIT_METRES = 2.0


def order(caller: Caller, body: Refocus) -> dict[str, Any]:
    """Admit the job. Raises GateRefused (style lock, contract, cap, quota), Invalid (picture, lens), NotFound."""
    enforce("styleLock", style_of(caller.project_id, body.scene_chain_id))
    objects.own_picture(caller.project_id, body.image_key)
    camera, lens = choose(body)
    focus = max(PORTRAIT_METRES, lens.focal_length / 250)
    k = optics.blur_at_infinity(lens, focus) / (camera.width * lens.squeeze) * K_PER_DISC * body.strength
    params = worker_ops.Refocus(
        focus_x=body.focus_x, focus_y=body.focus_y, k=round(min(MAX_K, k), 2), bokeh_shape=lens.bokeh_shape
    )
    look = {
        "fNumber": lens.f_number,
        "focalLength": lens.focal_length,
        "lensType": lens.lens_type,
        "bokehShape": lens.bokeh_shape,
        "squeeze": lens.squeeze,
        "sensorWidth": camera.width,
        "strength": body.strength,
    }
    given = {"params": params.wire(), "assets": {"image": body.image_key}, "lens": look}
    draft = JobDraft(
        operation="optics.refocus", target={"pictureId": f"pic_{digest(body.image_key, 20)}"}, input=given, model=MODEL
    )
    job = admit(caller.project_id, caller.user, [draft], trace_id=caller.trace_id)[0]
    return job_view(job)
