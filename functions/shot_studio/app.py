"""HTTP routes of the Shot Studio (SOP step 8)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from shot_studio import service
from shot_studio.models import Shoot, ShootBatch
from vibeboard.http.access import C, Caller, S, caller
from vibeboard.http.app import handler_of
from vibeboard.http.idempotency import once
from vibeboard.http.jobs import POLL_SECONDS, accepted
from vibeboard.http.revisions import IdempotencyKey

router = APIRouter()
Who = Annotated[Caller, Depends(caller)]


@router.post(S + "/generate", status_code=202)
async def generate(
    who: Who,
    chainId: str,
    segmentId: str,
    response: Response,
    body: Shoot | None = None,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    order = (body or Shoot()).model_dump(by_alias=True)
    return accepted(
        response,
        once(who, f"generate/{segmentId}", key, order, lambda: service.generate(who, chainId, segmentId, order)),
    )


@router.post(C + "/generate", status_code=202)
async def generate_batch(
    who: Who, chainId: str, response: Response, body: ShootBatch | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    order = body or ShootBatch()
    response.headers["Retry-After"] = str(POLL_SECONDS)
    return once(
        who,
        f"generate-batch/{chainId}",
        key,
        order.model_dump(),
        lambda: service.generate_batch(who, chainId, order.segment_ids, order.quality),
    )


handler = handler_of(router)
