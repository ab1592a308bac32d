"""HTTP routes of the render queue (SOP step 11). The estimate lives with the producer (step 7.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from render_queue import comparing, service
from render_queue.models import Change, NewRender, Promote, Quality, Sides
from vibeboard.http.access import Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
from vibeboard.http.jobs import POLL_SECONDS, accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]
JOB = P + "/render-queue/jobs/{renderId}"
SHOT = JOB + "/shots/{shotId}"


@router.post(P + "/render-queue/jobs", status_code=202)
async def create(who: Who, body: NewRender, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    made = decide(who, "render-queue", key, order, lambda decision: {"jobId": service.create(who, order, decision)})
    render = service.read(who.project_id, made["jobId"])
    response.headers["Location"] = f"/api/projects/{who.project_id}/render-queue/jobs/{render['jobId']}"
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return render


@router.get(JOB)
async def read(who: Who, renderId: str) -> dict[str, Any]:
    return service.read(who.project_id, renderId)


@router.post(SHOT + "/promote", status_code=202)
async def promote(
    who: Who, renderId: str, shotId: str, body: Promote, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    return accepted(
        response,
        decide(
            who,
            f"promote/{renderId}/{shotId}",
            key,
            body.model_dump(),
            lambda decision: service.promote(decision, renderId, shotId, body.quality),
        ),
    )


@router.get(SHOT + "/compare")
async def compare(
    who: Who,
    renderId: str,
    shotId: str,
    quality_a: Annotated[Quality | None, Query(alias="qualityA")] = None,
    quality_b: Annotated[Quality | None, Query(alias="qualityB")] = None,
    body: Sides | None = None,
) -> dict[str, Any]:
    return comparing.compare(who, renderId, shotId, quality_a, quality_b, body)


@router.post(JOB + "/promote", status_code=202)
async def promote_all(who: Who, renderId: str, body: Promote, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body.model_dump()
    work = lambda decision: service.promote_all(decision, renderId, body.quality)  # noqa: E731
    ordered = decide(who, f"promote/{renderId}", key, order, work)
    return service.read(who.project_id, renderId) | ordered


@router.post(JOB + "/retry", status_code=202)
async def retry(who: Who, renderId: str, key: IdempotencyKey = None) -> dict[str, Any]:
    ordered = decide(who, f"retry/{renderId}", key, {}, lambda decision: service.retry(decision, renderId))
    return service.read(who.project_id, renderId) | ordered


@router.put(JOB)
async def change(who: Who, renderId: str, body: Change) -> dict[str, Any]:
    return service.change(who, renderId, body.paused, body.priority)


@router.post(JOB + "/cancel")
async def cancel(who: Who, renderId: str) -> dict[str, Any]:
    return service.cancel(who, renderId)


handler = handler_of(router)
