"""Routes of SOP steps 1 and 2: outline, breakdown, prompts, screenplay."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse

from story_editor import answers, outlines, pages, service
from story_editor.models import RewriteAct, WriteBreakdown, WriteOutline, WritePrompts
from vibeboard.http import access, revisions
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]
Number = Annotated[int, Path(ge=1, le=99_999)]
E = P + "/story-editor"


@router.post(E + "/outline", status_code=201)
async def write_outline(
    body: WriteOutline, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    answer = once(caller, "POST story-editor/outline", key, sent, lambda: answers.write_outline(caller, body, sent))
    return answers.answered(response, answer)


@router.get(E + "/outline")
async def read_outline(
    caller: Member, response: Response, version: Annotated[int | None, Query(ge=1, le=99_999)] = None
) -> dict[str, Any]:
    item = outlines.read(caller.project_id, version)
    revisions.tag(response, item["version"])
    listed = [outlines.summary(other) for other in outlines.versions(caller.project_id)]
    return outlines.view(item) | {"versions": listed}


@router.get(E + "/outline/diff")
async def compare_outlines(
    caller: Member,
    old: Annotated[int, Query(alias="from", ge=1, le=99_999)],
    new: Annotated[int, Query(alias="to", ge=1, le=99_999)],
) -> dict[str, Any]:
    return outlines.difference(caller.project_id, old, new)


@router.post(E + "/outline/versions/{version}/restore", status_code=201)
async def restore_outline(
    version: Number, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    route = f"POST story-editor/outline/versions/{version}/restore"
    return answers.answered(response, once(caller, route, key, {}, lambda: answers.restore(caller, version)))


@router.post(E + "/outline/acts/{act}", status_code=201)
async def rewrite_act(
    act: Annotated[int, Path(ge=1, le=8)],
    caller: Member,
    response: Response,
    body: RewriteAct | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    wanted = body or RewriteAct()
    route, sent = f"POST story-editor/outline/acts/{act}", wanted.model_dump(mode="json", by_alias=True)
    return answers.answered(response, once(caller, route, key, sent, lambda: answers.rewrite_act(caller, act, wanted)))


@router.post(E + "/breakdown", status_code=201)
async def write_breakdown(
    caller: Member, response: Response, body: WriteBreakdown | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    version = (body or WriteBreakdown()).outline_version
    sent = {"outlineVersion": version}
    answer = decide(
        caller, "POST story-editor/breakdown", key, sent, lambda asked: answers.order_breakdown(asked, version)
    )
    return answers.with_breakdown(caller, answers.answered(response, answer))


@router.get(E + "/breakdown")
async def read_breakdown(caller: Member) -> dict[str, Any]:
    return service.breakdown_view(caller.project_id)


@router.post(E + "/prompts")
async def write_prompts(caller: Member, body: WritePrompts | None = None) -> dict[str, Any]:  # noqa: ARG001
    return service.prompts(caller.project_id)


@router.get(E + "/screenplay", response_class=PlainTextResponse)
async def read_screenplay(caller: Member, source: pages.Source = "auto") -> PlainTextResponse:
    text = pages.fountain(caller.project_id, source)
    return PlainTextResponse(text, headers=pages.HEADERS)


handler = handler_of(router)
