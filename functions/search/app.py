"""The route of the RAG gate (SOP step 1): search over the reference corpus."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from search import service
from search.models import Search
from vibeboard.http import access
from vibeboard.http.access import Caller
from vibeboard.http.app import handler_of

router = APIRouter()
Person = Annotated[Caller, Depends(access.caller)]


@router.post("/api/search/semantic")
async def semantic(body: Search, caller: Person) -> dict[str, Any]:  # noqa: ARG001 - signed in is enough
    return service.semantic(body.query, body.limit)


handler = handler_of(router)
