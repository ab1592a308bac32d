"""ETag and If-Match: a shared object's revision on the wire (design section 10)."""

from typing import Annotated

from fastapi import Header, Response

from vibeboard.domain.errors import Invalid

IfMatch = Annotated[str | None, Header(alias="If-Match")]
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
