"""Routes of SOP step 7.5: estimate, statement, budget override."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from producer import service
from producer.models import Estimate, Override
from vibeboard.http import access
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]


@router.get(P + "/statement")
async def read_statement(caller: Member) -> dict[str, Any]:
    return service.statement(caller)


@router.post(P + "/budget/overrides", status_code=201)
async def override_budget(body: Override, caller: Member, key: IdempotencyKey = None) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return once(caller, "POST budget/overrides", key, sent, lambda: service.override(caller, body, key))


@router.post(P + "/render-queue/estimate")
async def estimate(body: Estimate, caller: Member) -> dict[str, Any]:
    return service.estimate(caller, body)


handler = handler_of(router)
