"""HTTP routes of the vendors' webhooks. Nobody signs in here: the address is signed by us, the body by the vendor."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from vibeboard.http.app import handler_of
from webhooks import service

router = APIRouter()


@router.post("/api/webhooks/{provider}/{jobId}/{attempt}/{signature}", status_code=202)
async def receive(
    request: Request,
    provider: Annotated[str, Path(max_length=20)],
    jobId: Annotated[str, Path(max_length=120)],
    attempt: Annotated[int, Path(ge=1, le=1000)],
    signature: Annotated[str, Path(max_length=128)],
) -> Response:
    body = await request.body()
    return Response(status_code=service.receive(provider, jobId, attempt, signature, request.headers, body))


handler = handler_of(router)
