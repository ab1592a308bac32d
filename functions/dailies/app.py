"""HTTP routes of Dailies (SOP step 8.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from dailies import service
from dailies.models import Review, Reviews
from vibeboard.http.access import C, Caller, S, caller
from vibeboard.http.app import handler_of

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.get(C + "/continuity-report")
async def report(who: Who, chainId: str) -> dict[str, Any]:
    return service.report(who.project_id, chainId)


@router.put(S + "/review")
async def review(who: Who, chainId: str, segmentId: str, body: Review) -> dict[str, Any]:
    return service.review(who, chainId, segmentId, body.model_dump(by_alias=True, exclude_none=True))


@router.post(C + "/reviews")
async def review_many(who: Who, chainId: str, body: Reviews) -> dict[str, Any]:
    return service.review_many(who, chainId, body.model_dump(by_alias=True))


handler = handler_of(router)
