"""The route of SOP step 5: the Optics Engine."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from optics import service
from optics.models import RackFocus
from vibeboard.http import access
from vibeboard.http.access import Caller
from vibeboard.http.app import handler_of

router = APIRouter()
Person = Annotated[Caller, Depends(access.caller)]


@router.post("/api/optics/rack-focus")
async def rack_focus(body: RackFocus, caller: Person) -> dict[str, Any]:
    return service.rack_focus(caller, body)


handler = handler_of(router)
