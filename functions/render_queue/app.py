"""HTTP routes of the render queue (SOP step 11). The estimate lives with the producer (step 7.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from render_queue import service
from render_queue.models import NewRender, Promote, Quality
from vibeboard.http.access import Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import POLL_SECONDS, accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]
SHOT = P + "/render-queue/jobs/{renderId}/shots/{shotId}"


@router.post(P + "/render-queue/jobs", status_code=202)
async def create(who: Who, body: NewRender, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    render = once(who, "render-queue", key, order, lambda: service.create(who, order))
    response.headers["Location"] = f"/api/projects/{who.project_id}/render-queue/jobs/{render['jobId']}"
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return render


@router.get(P + "/render-queue/jobs/{renderId}")
async def read(who: Who, renderId: str) -> dict[str, Any]:
    return service.read(who.project_id, renderId)


@router.post(SHOT + "/promote", status_code=202)
async def promote(
    who: Who, renderId: str, shotId: str, body: Promote, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    return accepted(
        response,
        once(
            who,
            f"promote/{renderId}/{shotId}",
            key,
            body.model_dump(),
            lambda: service.promote(who, renderId, shotId, body.quality),
        ),
    )


@router.get(SHOT + "/compare")
async def compare(
    who: Who,
    renderId: str,
    shotId: str,
    quality_a: Annotated[Quality, Query(alias="qualityA")] = "draft",
    quality_b: Annotated[Quality, Query(alias="qualityB")] = "master",
) -> dict[str, Any]:
    return service.compare(who.project_id, renderId, shotId, quality_a, quality_b)


handler = handler_of(router)
