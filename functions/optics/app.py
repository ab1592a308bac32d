"""Routes of SOP step 5: the Optics Engine."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from optics import focus, service
from optics.models import RackFocus, Refocus
from vibeboard.http import access
from vibeboard.http.access import Caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Person = Annotated[Caller, Depends(access.caller)]


@router.post("/api/optics/rack-focus")
async def rack_focus(body: RackFocus, caller: Person) -> dict[str, Any]:
    return service.rack_focus(caller, body)


@router.get("/api/optics/gear")
async def gear(caller: Person) -> dict[str, Any]:  # noqa: ARG001 - signed in is enough
    return service.gear_list()


@router.post("/api/optics/refocus", status_code=202)
async def refocus(body: Refocus, caller: Person, response: Response, key: IdempotencyKey = None) -> dict[str, Any]:
    member = caller.join(body.project_id, "generate")
    sent = body.model_dump(mode="json", by_alias=True)
    return accepted(response, once(member, "POST optics/refocus", key, sent, lambda: focus.order(member, body)))


handler = handler_of(router)
