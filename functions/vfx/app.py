"""HTTP routes of the VFX Suite (SOP step 9)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from vfx import service
from vfx.models import AiReshoot, MagicEraser, MotionFix, RescueFocus, Reshoot, Shot
from vibeboard.http.access import Caller, caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


def _run(who: Caller, operation: str, body: Shot, key: str | None, response: Response) -> dict[str, Any]:
    order = body.model_dump(by_alias=True, exclude_none=True)
    return accepted(response, once(who, operation, key, order, lambda: service.run(who, operation, order)))


@router.post("/api/vfx/reshoot", status_code=202)
async def reshoot(who: Who, body: Reshoot, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    return _run(who, "vfx.reshoot", body, key, response)


@router.post("/api/vfx/rescue-focus", status_code=202)
async def rescue_focus(who: Who, body: RescueFocus, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    return _run(who, "vfx.rescue-focus", body, key, response)


@router.post("/api/vfx/motion-fix", status_code=202)
async def motion_fix(who: Who, body: MotionFix, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    return _run(who, "vfx.motion-fix", body, key, response)


@router.post("/api/process/magic-eraser", status_code=202)
async def magic_eraser(who: Who, body: MagicEraser, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    return _run(who, "vfx.magic-eraser", body, key, response)


@router.post("/api/vfx/ai-reshoot", status_code=202)
async def ai_reshoot(who: Who, body: AiReshoot, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body.model_dump(by_alias=True)
    return accepted(response, once(who, "vfx.ai-reshoot", key, order, lambda: service.ai_reshoot(who, order)))


handler = handler_of(router)
