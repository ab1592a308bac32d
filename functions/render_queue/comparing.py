"""A/B compare of two passes (SOP step 11): what each is, and what a measurement of both found, once it is made."""

from typing import Any

from render_queue import service
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.formats import QUALITIES, Quality
from vibeboard.domain.ids import digest
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.store import keys, objects
from vibeboard.store.table import Item, table
from vibeboard.views import JOB_STATUS

ATTEMPTS = 3  # times a measurement that failed is tried anew
PRODUCTS = ("sideBySide", "wipe", "wipeStill", "differenceStill", "perFrame")


def compare(
    caller: Caller, render_id: str, shot_id: str, quality_a: Quality | None, quality_b: Quality | None, sides: Any
) -> dict[str, Any]:
    """Both passes with links, and `comparison`: its state, then SSIM and VMAF with the worst frame and the pictures.

    The first question about a pair starts its measurement, which is our own work and costs nothing; the same pair is
    measured once. Raises NotFound, Conflict for a pass that is not there, Invalid for a quality against itself.
    """
    first: Quality = quality_a or (sides.quality_a if sides else "draft")
    second: Quality = quality_b or (sides.quality_b if sides else "master")
    if first == second:
        raise Invalid("A pass cannot be compared with itself", field="qualityB", fix="Name two qualities.")
    view = service.read(caller.project_id, render_id)
    shot = next((shot for shot in view["shots"] if shot["shotId"] == shot_id), None)
    if shot is None:
        raise NotFound("No such shot in this render job", fix="Read the render job for its shots.")
    found = {}
    for name, quality in (("a", first), ("b", second)):
        row = shot["passes"].get(quality)
        if not row or row["status"] != "completed":
            raise Conflict(f"The {quality} pass is not there", code="PASS_MISSING", fix="Render or promote it first.")
        found[name] = {"quality": quality} | row
    return {
        "shotId": shot_id,
        "shotName": shot["shotName"],
        **found,
        "sameSeed": found["a"]["seed"] == found["b"]["seed"],
        "comparison": _comparison(caller, render_id, shot, first, second),
    }


def _comparison(caller: Caller, render_id: str, shot: Item, first: Quality, second: Quality) -> dict[str, Any]:
    """Measured with the better pass as reference, whichever side it stands on."""
    judged, reference = sorted((first, second), key=list(QUALITIES).index)
    media = {quality: _key(caller.project_id, render_id, shot["shotId"], quality) for quality in (judged, reference)}
    mark = digest([shot["shotId"], media[judged], media[reference]], 24)
    body = {
        "judged": media[judged],
        "reference": media[reference],
        "names": [judged, reference],
        "shotName": shot["shotName"],
    }
    for attempt in range(1, ATTEMPTS + 1):
        draft = JobDraft("pass.compare", {"renderId": render_id, "mark": mark}, body, attempt=attempt, model="vmaf")
        standing = table().get(keys.job(caller.project_id, draft.job_id(caller.project_id)))
        job = standing or admit(caller.project_id, caller.user, [draft], trace_id=caller.trace_id)[0]
        if job["status"] == "SUCCEEDED":
            return {"judged": judged, "reference": reference} | _measured(caller.project_id, mark)
        if job["status"] != "FAILED":
            break
    state = {"status": JOB_STATUS[job["status"]], "jobId": job["jobId"], "progress": job.get("progress", 0)}
    return state | ({"error": job["error"]} if "error" in job else {})


def _measured(project_id: str, mark: str) -> dict[str, Any]:
    row = table().get(keys.comparison(project_id, mark))
    if row is None:
        raise NotFound("The measurement is gone", fix="Render one of the passes again.")
    result = row["result"]
    links = {name: objects.link(result[name]) for name in PRODUCTS if name in result}
    return {"status": "completed", **result["figures"], "links": links}


def _key(project_id: str, render_id: str, shot_id: str, quality: Quality) -> str:
    """Where a pass of a shot lies: rendered for this job, or the take itself."""
    done = table().get(keys.render(project_id, f"{render_id}#{shot_id}#{quality}"))
    if done is not None:
        return str(done["outputKey"])
    _, segment = service._shot(service.render_of(project_id, render_id), shot_id)
    return str(segment["clip"]["outputKey"])
