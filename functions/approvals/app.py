"""HTTP routes of productions and approvals."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from approvals import service
from approvals.models import Decision, Start
from vibeboard.http.access import Caller, P, caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.post(P + "/production", status_code=202)
async def start(who: Who, body: Start | None = None, key: IdempotencyKey = None) -> dict[str, Any]:
    order = body or Start()
    return once(who, "production", key, order.model_dump(), lambda: service.start(who, order.quality))


@router.get(P + "/production")
async def status(who: Who) -> dict[str, Any]:
    return service.status(who.project_id)


@router.get(P + "/approvals")
async def list_approvals(who: Who, status: str = "") -> dict[str, Any]:
    return service.list_approvals(who.project_id, status)


@router.get("/api/approvals/{approvalId}")
async def read_approval(who: Who, approvalId: str) -> dict[str, Any]:
    return service.read_approval(who.project_id, approvalId)


@router.post("/api/approvals/{approvalId}/decision")
async def decide(who: Who, approvalId: str, body: Decision) -> dict[str, Any]:
    return service.decide(who, approvalId, body.decision == "approve", body.reason, body.note)


handler = handler_of(router)
