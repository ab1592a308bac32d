"""HTTP routes of delivery (SOP step 12)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import RedirectResponse

from delivery import service
from delivery.models import ExportOrder, PublishOrder
from vibeboard.http.access import Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
from vibeboard.http.jobs import POLL_SECONDS
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.get(P + "/export/qc")
async def qc(
    who: Who, scene_chain_id: Annotated[str | None, Query(alias="sceneChainId")] = None, resolution: str = "4k"
) -> dict[str, Any]:
    return service.qc_for(who, scene_chain_id, resolution)


@router.post(P + "/export/master", status_code=202)
async def export_master(who: Who, body: ExportOrder, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    answer = decide(
        who,
        "export-master",
        key,
        order,
        lambda decision: service.order_export(
            who.project_id, who.user, who.name, who.organization, order, who.trace_id, decision
        ),
    )
    response.headers["Location"] = f"/api/exports/jobs/{answer['jobId']}"
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return answer


@router.get("/api/exports/jobs/{jobId}")
async def poll(who: Who, jobId: str) -> dict[str, Any]:
    return service.export_job(who.project_id, jobId)


@router.post("/api/exports/{exportId}/publish", status_code=202)
async def publish(
    who: Who, exportId: str, body: PublishOrder, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    answer = decide(who, f"publish/{exportId}", key, order, lambda decision: service.publish(decision, exportId, order))
    response.headers["Location"] = f"/api/exports/jobs/{answer['jobId']}"
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return answer


def _redirect(who: Caller, export_id: str, what: str) -> RedirectResponse:
    return RedirectResponse(service.download(who.project_id, export_id, what), status_code=302)


@router.get("/api/exports/{exportId}/video")
async def video(who: Who, exportId: str) -> RedirectResponse:
    return _redirect(who, exportId, "video")


@router.get("/api/exports/{exportId}/edl")
async def edl(who: Who, exportId: str) -> RedirectResponse:
    return _redirect(who, exportId, "edl")


@router.get("/api/exports/{exportId}/sidecar")
async def sidecar(who: Who, exportId: str) -> RedirectResponse:
    return _redirect(who, exportId, "sidecar")


@router.get("/api/exports/{exportId}/epk")
async def epk(who: Who, exportId: str) -> RedirectResponse:
    return _redirect(who, exportId, "epk")


@router.get("/api/exports/{exportId}/manifest")
async def manifest(who: Who, exportId: str) -> RedirectResponse:
    return _redirect(who, exportId, "manifest")


@router.get("/api/exports/{exportId}/files/{name}")
async def further_file(who: Who, exportId: str, name: str) -> RedirectResponse:
    return _redirect(who, exportId, name)


@router.get("/api/exports/{exportId}")
async def read_export(who: Who, exportId: str) -> dict[str, Any]:
    return service.read_export(who.project_id, exportId)


handler = handler_of(router)
