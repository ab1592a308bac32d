"""HTTP routes of Dailies (SOP step 8.5)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from dailies import service
from dailies.models import ExceptionDecision, Review, Reviews
from vibeboard.http.access import C, Caller, S, caller
from vibeboard.http.app import handler_of

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.get(C + "/continuity-report")
async def report(who: Who, chainId: str) -> dict[str, Any]:
    return service.report(who.project_id, chainId)


@router.get(C + "/exceptions")
async def exceptions(
    who: Who, chainId: str, state: Literal["open", "accepted", "fixed"] | None = None
) -> dict[str, Any]:
    return service.exceptions_log(who.project_id, chainId, state)


@router.put(S + "/exceptions/{issue}")
async def decide(who: Who, chainId: str, segmentId: str, issue: str, body: ExceptionDecision) -> dict[str, Any]:
    return service.decide(who, chainId, segmentId, issue, body.model_dump(by_alias=True))


@router.get(C + "/notes/edl")
async def notes_edl(who: Who, chainId: str) -> Response:
    return _file(service.notes_edl(who.project_id, chainId), "text/plain", "dailies.edl")


@router.get(C + "/notes/csv")
async def notes_csv(who: Who, chainId: str) -> Response:
    return _file(service.notes_csv(who.project_id, chainId), "text/csv", "dailies.csv")


@router.put(S + "/review")
async def review(who: Who, chainId: str, segmentId: str, body: Review) -> dict[str, Any]:
    return service.review(who, chainId, segmentId, body.model_dump(by_alias=True, exclude_none=True))


@router.post(C + "/reviews")
async def review_many(who: Who, chainId: str, body: Reviews) -> dict[str, Any]:
    return service.review_many(who, chainId, body.model_dump(by_alias=True))


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


handler = handler_of(router)
