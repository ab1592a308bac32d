"""Routes of SOP step 4: characters, training, Style Bible."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from foundry import acting, bible, characters, likeness
from foundry.models import CreateCharacter, Grip, Likeness, Performance, StartTraining, WriteBible
from vibeboard.http import access, revisions
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]
BIBLE = P + "/foundry/style-bible"
Version = Annotated[int | None, Query(ge=1, le=99_999)]


@router.get(P + "/foundry/characters")
async def list_characters(caller: Member) -> dict[str, Any]:
    return {"items": [characters.view(item) for item in characters.of_project(caller.project_id)]}


@router.post(P + "/foundry/characters", status_code=201)
async def create_character(body: CreateCharacter, caller: Member, key: IdempotencyKey = None) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return once(caller, "POST foundry/characters", key, sent, lambda: characters.create(caller, body))


@router.post(P + "/training/start", status_code=202)
async def start_training(
    body: StartTraining, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return accepted(
        response,
        once(caller, "POST training/start", key, sent, lambda: characters.start_training(caller, body.character_id)),
    )


@router.get(P + "/training/{characterId}")
async def read_training(characterId: str, caller: Member) -> dict[str, Any]:
    return characters.training(caller.project_id, characterId)


@router.get(P + "/foundry/characters/{characterId}/likeness")
async def read_likeness(characterId: str, caller: Member) -> dict[str, Any]:
    return likeness.view(characters.read(caller.project_id, characterId))


@router.post(P + "/foundry/characters/{characterId}/likeness", status_code=201)
async def sign_likeness(characterId: str, body: Likeness, caller: Member) -> dict[str, Any]:
    return likeness.sign_off(caller, characterId, body)


@router.post(P + "/foundry/characters/{characterId}/perform", status_code=202)
async def perform(
    characterId: str, body: Performance, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    work = lambda decision: acting.perform(decision, characterId, body)  # noqa: E731
    return accepted(response, decide(caller, f"POST {characterId}/perform", key, sent, work))


@router.post(P + "/foundry/characters/{characterId}/contacts", status_code=202)
async def contacts(
    characterId: str, body: Grip, caller: Member, response: Response, key: IdempotencyKey = None
) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    work = lambda decision: acting.grip(decision, characterId, body)  # noqa: E731
    return accepted(response, decide(caller, f"POST {characterId}/contacts", key, sent, work))


@router.get(BIBLE + "/versions")
async def list_bibles(caller: Member) -> dict[str, Any]:
    return {"items": bible.versions(caller.project_id)}


@router.get(BIBLE + "/violations")
async def list_violations(caller: Member) -> dict[str, Any]:
    return {"items": bible.violations(caller.project_id)}


@router.get(BIBLE + "/page")
async def print_bible(caller: Member, version: Version = None) -> HTMLResponse:
    return HTMLResponse(bible.printed(caller.project_id, version))


@router.get(BIBLE)
async def read_bible(caller: Member, response: Response, version: Version = None) -> dict[str, Any]:
    item = bible.read(caller.project_id, version)
    revisions.tag(response, item["version"])
    return bible.view(item)


@router.post(BIBLE, status_code=201)
async def write_bible(
    caller: Member, response: Response, body: WriteBible | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    wanted = (body or WriteBible()).model_dump(mode="json", by_alias=True, exclude_none=True)

    def work() -> dict[str, Any]:
        return bible.order(caller, wanted)

    answer = once(caller, "POST foundry/style-bible", key, wanted, work)
    revisions.tag(response, answer["version"])
    return answer


handler = handler_of(router)
