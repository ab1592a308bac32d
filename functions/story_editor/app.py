"""Routes of SOP steps 1 and 2: outline, breakdown, prompts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from story_editor import outlines, service
from story_editor.models import WriteBreakdown, WriteOutline, WritePrompts
from vibeboard.http import access, revisions
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]
E = P + "/story-editor"


@router.post(E + "/outline", status_code=201)
async def write_outline(
    body: WriteOutline, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)

    def work() -> dict[str, Any]:
        item = outlines.write(
            caller.project_id,
            caller.user,
            sent=sent,
            pinned=body.pinned_references,
            variation=body.variation,
            trace_id=caller.trace_id,
        )
        return outlines.view(item)

    answer = once(caller, "POST story-editor/outline", key, sent, work)
    revisions.tag(response, answer["version"])
    return answer


@router.get(E + "/outline")
async def read_outline(
    caller: Member, response: Response, version: Annotated[int | None, Query(ge=1, le=99_999)] = None
) -> dict[str, Any]:
    item = outlines.read(caller.project_id, version)
    revisions.tag(response, item["version"])
    return outlines.view(item) | {
        "versions": [
            {
                "version": other["version"],
                "status": other["status"],
                "logline": other["outline"]["logline"],
                "createdAt": other["createdAt"],
            }
            for other in outlines.versions(caller.project_id)
        ]
    }


@router.post(E + "/breakdown", status_code=201)
async def write_breakdown(
    caller: Member, body: WriteBreakdown | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    version = body.outline_version if body else None

    def work() -> dict[str, Any]:
        service.write_breakdown(caller.project_id, caller.user, version, caller.trace_id)
        return {"written": True}

    once(caller, "POST story-editor/breakdown", key, {"outlineVersion": version}, work)
    return service.breakdown_view(caller.project_id)


@router.get(E + "/breakdown")
async def read_breakdown(caller: Member) -> dict[str, Any]:
    return service.breakdown_view(caller.project_id)


@router.post(E + "/prompts")
async def write_prompts(caller: Member, body: WritePrompts | None = None) -> dict[str, Any]:  # noqa: ARG001
    return service.prompts(caller.project_id)


handler = handler_of(router)
