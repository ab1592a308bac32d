"""HTTP routes of the timeline (SOP steps 10 and 10.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from timeline import service, sounds
from timeline.models import Assemble, CueChange, Markers, NewCue, PictureLock
from vibeboard.http.access import C, Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]
T = P + "/sequencer/timeline/{chainId}"


@router.get(T)
async def timeline(who: Who, chainId: str) -> dict[str, Any]:
    return service.timeline(who.project_id, chainId)


@router.post(T + "/assemble")
async def first_cut(who: Who, chainId: str, body: Assemble | None = None) -> dict[str, Any]:
    return service.first_cut(who, chainId, (body or Assemble()).variation)


@router.post(T + "/cues", status_code=202)
async def add_cue(
    who: Who, chainId: str, body: NewCue, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    return accepted(response, once(who, f"cue/{chainId}", key, order, lambda: sounds.add_cue(who, chainId, order)))


@router.put(T + "/cues/{cueId}")
async def change_cue(who: Who, chainId: str, cueId: str, body: CueChange) -> dict[str, Any]:
    return sounds.change_cue(who, chainId, cueId, body.model_dump(by_alias=True, exclude_none=True))


@router.delete(T + "/cues/{cueId}")
async def remove_cue(who: Who, chainId: str, cueId: str) -> dict[str, Any]:
    return sounds.change_cue(who, chainId, cueId, {"removed": True})


@router.put(T + "/markers")
async def set_markers(who: Who, chainId: str, body: Markers) -> dict[str, Any]:
    return service.set_markers(who, chainId, [marker.model_dump(by_alias=True) for marker in body.markers])


@router.get(T + "/revisions")
async def revisions(who: Who, chainId: str) -> dict[str, Any]:
    return service.revisions(who.project_id, chainId)


@router.post(T + "/revisions/{revision}/restore")
async def restore(who: Who, chainId: str, revision: int) -> dict[str, Any]:
    return service.restore(who, chainId, revision)


@router.post(T + "/preview", status_code=202)
async def preview(who: Who, chainId: str, response: Response) -> dict[str, Any]:
    return accepted(response, service.preview(who, chainId))


@router.put(C + "/picture-lock")
async def picture_lock(who: Who, chainId: str, body: PictureLock) -> dict[str, Any]:
    return service.picture_lock(who, chainId, body.picture_locked, body.reason)


handler = handler_of(router)
