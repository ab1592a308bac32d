"""HTTP routes of the Shot Studio (SOP step 8)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from shot_studio import service
from shot_studio.models import Shoot, ShootBatch
from vibeboard.http.access import C, Caller, S, caller
from vibeboard.http.app import handler_of
from vibeboard.http.deciding import decide
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
    work = lambda decision: service.generate(decision, chainId, segmentId, order)  # noqa: E731
    return accepted(response, decide(who, f"generate/{segmentId}", key, order, work))


@router.post(C + "/generate", status_code=202)
async def generate_batch(
    who: Who, chainId: str, response: Response, body: ShootBatch | None = None, key: IdempotencyKey = None
) -> dict[str, Any]:
    order = body or ShootBatch()
    response.headers["Retry-After"] = str(POLL_SECONDS)
    work = lambda decision: service.generate_batch(  # noqa: E731
        decision, chainId, order.segment_ids, order.quality, order.takes
    )
    return decide(who, f"generate-batch/{chainId}", key, order.model_dump(), work)


handler = handler_of(router)
