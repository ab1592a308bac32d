"""HTTP routes of the timeline (SOP steps 10 and 10.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from timeline import service
from timeline.models import Assemble, PictureLock
from vibeboard.http.access import C, Caller, P, caller
from vibeboard.http.app import handler_of

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.get(P + "/sequencer/timeline/{chainId}")
async def timeline(who: Who, chainId: str) -> dict[str, Any]:
    return service.timeline(who.project_id, chainId)


@router.post(P + "/sequencer/timeline/{chainId}/assemble")
async def first_cut(who: Who, chainId: str, body: Assemble | None = None) -> dict[str, Any]:
    return service.first_cut(who, chainId, (body or Assemble()).variation)


@router.put(C + "/picture-lock")
async def picture_lock(who: Who, chainId: str, body: PictureLock) -> dict[str, Any]:
    return service.picture_lock(who, chainId, body.picture_locked, body.reason)


handler = handler_of(router)
