"""Ids: prefixed, sortable by time, and, for what is looked up without its project, carrying the project inside."""

import hashlib
import json
import secrets
import time
from typing import Any

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def _encode(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 32)
        text = _CROCKFORD[digit] + text
    return text


def ulid(now: float | None = None) -> str:
    """26 characters, sortable by millisecond (ULID layout, lower case)."""
    return _encode(int((time.time() if now is None else now) * 1000), 10) + _encode(secrets.randbits(80), 16)


def new_id(prefix: str) -> str:
    return f"{prefix}_{ulid()}"


def child_id(prefix: str, project_id: str, suffix: str | None = None) -> str:
    """An id whose project can be read back from it: `job_<project>_<suffix>`."""
    return f"{prefix}_{project_id.removeprefix('prj_')}_{suffix or ulid()}"


def project_of(identifier: str) -> str | None:
    """The project a `child_id` belongs to, or None when it is no such id."""
    parts = identifier.split("_")
    return f"prj_{parts[1]}" if len(parts) == 3 and len(parts[1]) == 26 else None


def digest(value: Any, length: int = 20) -> str:
    """Stable hash of JSON-safe data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def seed_of(*parts: Any) -> int:
    """A 31-bit seed from whatever identifies the work, so that a rerun draws the same."""
    return int(digest(list(parts), 8), 16) & 0x7FFFFFFF
