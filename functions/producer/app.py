"""Routes of SOP step 7.5: estimate, statements, budget override, quotas."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from producer import quotas, service, statements
from producer.models import Credit, Estimate, Override, TopUp
from vibeboard.http import access
from vibeboard.http.access import Caller, P
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Member = Annotated[Caller, Depends(access.caller)]
CSV = "text/csv; charset=utf-8"


@router.get(P + "/statement")
async def read_statement(caller: Member) -> dict[str, Any]:
    return statements.statement(caller.project_id)


@router.get(P + "/statement.csv")
async def read_statement_csv(caller: Member) -> Response:
    name = f'attachment; filename="statement-{caller.project_id}.csv"'
    return Response(statements.as_csv(caller.project_id), media_type=CSV, headers={"Content-Disposition": name})


@router.post(P + "/budget/overrides", status_code=201)
async def override_budget(body: Override, caller: Member, key: IdempotencyKey = None) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return once(caller, "POST budget/overrides", key, sent, lambda: service.override(caller, body, key))


@router.post(P + "/render-queue/estimate")
async def estimate(body: Estimate, caller: Member) -> dict[str, Any]:
    return service.estimate(caller, body)


@router.get("/api/me/quota")
async def read_own_quota(caller: Member) -> dict[str, Any]:
    return quotas.statement(caller.user)


@router.post("/api/me/quota/top-ups", status_code=201)
async def top_up(body: TopUp, caller: Member, key: IdempotencyKey = None) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return once(caller, "POST me/quota/top-ups", key, sent, lambda: quotas.top_up(caller, body, key))


@router.get("/api/quotas/{userId}")
async def read_quota(caller: Member, userId: str) -> dict[str, Any]:
    return quotas.statement_of(caller, userId)


@router.post("/api/quotas/{userId}/grants", status_code=201)
async def grant(body: Credit, caller: Member, userId: str, key: IdempotencyKey = None) -> dict[str, Any]:
    sent = body.model_dump(mode="json", by_alias=True)
    return once(caller, f"POST quotas/{userId}/grants", key, sent, lambda: quotas.grant(caller, userId, body, key))


handler = handler_of(router)
