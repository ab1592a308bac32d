"""HTTP routes of the storyboard (SOP steps 6, 7 and 9.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import Field

from storyboard import frames, service
from storyboard.models import (
    SEGMENTS_PER_REQUEST,
    ChainChange,
    FrameOrder,
    Lock,
    NewChain,
    NewSegment,
    Order,
    Rerun,
    SegmentChange,
)
from vibeboard.http.access import C, Caller, P, S, caller
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import POLL_SECONDS, accepted
from vibeboard.http.revisions import IdempotencyKey, IfMatch, revision, tag

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]
TakeId = Annotated[str, Query(min_length=1, max_length=200)]


@router.get(P + "/scene-chains")
async def list_chains(who: Who) -> dict[str, Any]:
    return service.list_chains(who.project_id)


@router.post(P + "/scene-chains", status_code=201)
async def create_chain(who: Who, body: NewChain, response: Response) -> dict[str, Any]:
    chain = service.create_chain(who, body.model_dump(by_alias=True, exclude_none=True))
    tag(response, chain["rev"])
    return chain


@router.post(P + "/scene-chains/export", status_code=201)
async def export_from_breakdown(who: Who) -> dict[str, Any]:
    from storyboard.export import chains_from_breakdown

    return chains_from_breakdown(who.project_id, who.user)


@router.get(C)
async def read_chain(who: Who, chainId: str, response: Response) -> dict[str, Any]:
    chain = service.read_chain(who.project_id, chainId)
    tag(response, chain["rev"])
    return chain


@router.put(C)
async def change_chain(
    who: Who,
    chainId: str,
    body: ChainChange,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    changes = body.model_dump(by_alias=True, exclude_unset=True)
    chain = service.change_chain(who, chainId, changes, revision(if_match))
    tag(response, chain["rev"])
    return chain


@router.post(C + "/segments", status_code=201)
async def add_segments(
    who: Who,
    chainId: str,
    body: Annotated[NewSegment | Annotated[list[NewSegment], Field(max_length=SEGMENTS_PER_REQUEST)], Body()],
) -> dict[str, Any]:
    many = body if isinstance(body, list) else [body]
    added = service.add_segments(who, chainId, [one.model_dump(by_alias=True, exclude_none=True) for one in many])
    return {"segments": added} if isinstance(body, list) else added[0]


@router.put(C + "/segments/order")
async def reorder(who: Who, chainId: str, body: Order, response: Response, if_match: IfMatch = None) -> dict[str, Any]:
    chain = service.reorder(who, chainId, body.segment_ids, revision(if_match))
    tag(response, chain["rev"])
    return chain


@router.post(C + "/rerun", status_code=202)
async def rerun(
    who: Who, chainId: str, response: Response, body: Rerun | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    order = body or Rerun()
    response.headers["Retry-After"] = str(POLL_SECONDS)
    work = lambda: frames.order_rerun(who, chainId, order.footage)  # noqa: E731
    return once(who, f"rerun/{chainId}", key, order.model_dump(), work)


@router.get(S)
async def read_segment(who: Who, chainId: str, segmentId: str, response: Response) -> dict[str, Any]:
    segment = service.read_segment(who.project_id, chainId, segmentId)
    tag(response, segment["rev"])
    return segment


@router.put(S)
async def change_segment(
    who: Who,
    chainId: str,
    segmentId: str,
    body: SegmentChange,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    changes = body.model_dump(by_alias=True, exclude_none=True)
    segment = service.change_segment(who, chainId, segmentId, changes, revision(if_match))
    tag(response, segment["rev"])
    return segment


@router.delete(S)
async def delete_segment(
    who: Who, chainId: str, segmentId: str, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    chain = service.delete_segment(who, chainId, segmentId, revision(if_match))
    tag(response, chain["rev"])
    return chain


@router.post(S + "/duplicate", status_code=201)
async def duplicate(who: Who, chainId: str, segmentId: str, key: IdempotencyKey = None) -> dict[str, Any]:
    return once(who, f"duplicate/{segmentId}", key, {}, lambda: service.duplicate(who, chainId, segmentId))


@router.get(S + "/takes")
async def takes(who: Who, chainId: str, segmentId: str) -> dict[str, Any]:
    return frames.list_takes(who.project_id, chainId, segmentId)


@router.get(S + "/takes/compare")
async def compare_takes(who: Who, chainId: str, segmentId: str, a: TakeId, b: TakeId) -> dict[str, Any]:
    return frames.compare_takes(who.project_id, chainId, segmentId, a, b)


@router.put(S + "/takes/{takeId}/choose")
async def choose_take(who: Who, chainId: str, segmentId: str, takeId: str) -> dict[str, Any]:
    return frames.choose_take(who, chainId, segmentId, takeId)


@router.post(S + "/generate-frame", status_code=202)
async def generate_frame(
    who: Who,
    chainId: str,
    segmentId: str,
    response: Response,
    body: FrameOrder | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    order = (body or FrameOrder()).model_dump(by_alias=True)
    work = lambda decision: frames.generate_frame(decision, chainId, segmentId, order)  # noqa: E731
    return accepted(response, decide(who, f"generate-frame/{segmentId}", key, order, work))


@router.put(S + "/lock")
async def lock(who: Who, chainId: str, segmentId: str, body: Lock) -> dict[str, Any]:
    segment = service.lock(who, chainId, segmentId, body.locked, body.reason)
    return segment | {"segmentId": segmentId, "lockedBy": segment.get("lockedBy"), "lockedAt": segment.get("lockedAt")}


handler = handler_of(router)
