"""ETag and If-Match: a shared object's revision on the wire (design section 10)."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header, Response

from vibeboard.domain.errors import Invalid

IfMatch = Annotated[str | None, Header(alias="If-Match")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=200)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


def revision(if_match: str | None) -> int | None:
    """The revision a client wants to change; None when it sent none. Raises Invalid for anything but our own ETag."""
    if if_match is None or if_match == "*":
        return None
    text = if_match.removeprefix("W/").strip('"')
    if not text.isdigit():
        raise Invalid("If-Match is not an ETag of this API", field="If-Match", fix="Send the ETag you were given.")
    return int(text)


def tag(response: Response, rev: int) -> None:
    response.headers["ETag"] = f'"{rev}"'


def if_changed(page: dict[str, Any], if_none_match: str | None) -> Response:
    """A page that is asked for again and again: tagged by its content, and not sent (304) to who has it."""
    text = json.dumps(page, ensure_ascii=False)
    headers = {"ETag": f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
