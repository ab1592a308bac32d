"""fal's webhook signature: Ed25519 over request id, user id, time and the hash of the raw body.

All of fal's customers are signed by the same keys, so the user id must be ours. Without keys nothing is believed.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vibeboard.domain.errors import Unauthenticated, VibeBoardError
from vibeboard.jobs import clock
from vibeboard.providers import http_client, settings

TOLERANCE_SECONDS = 300
KEYS_AGE_SECONDS = 24 * 3600
RELOAD_SECONDS = 60  # an unknown signature makes us look for new keys, at most this often
HEADERS = ("request-id", "user-id", "timestamp", "signature")


class KeysUnavailable(VibeBoardError):
    """The keys cannot be had, so the report cannot be believed; the vendor sends it again."""

    status, code, title = 503, "KEYS_UNAVAILABLE", "The vendor's keys cannot be read"


@dataclass
class Keys:
    """fal's public keys, at most a day old."""

    found: tuple[bytes, ...] = ()
    read_at: float = field(default=float("-inf"))
    tried_at: float = field(default=float("-inf"))
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, *, fresh: bool = False) -> tuple[bytes, ...]:
        """The keys. fresh: read them again, unless that was tried a moment ago. Raises KeysUnavailable."""
        with self.lock:
            url, now = settings.get("FAL_JWKS_URL"), time.monotonic()
            if url != self.url:
                self.found, self.read_at, self.tried_at, self.url = (), float("-inf"), float("-inf"), url
            stale = now - self.read_at > KEYS_AGE_SECONDS
            if stale or (fresh and now - self.tried_at > RELOAD_SECONDS):
                self.tried_at = now
                try:
                    self.found, self.read_at = _read(url), now
                except KeysUnavailable:
                    if stale:
                        raise
            return self.found


def _read(url: str) -> tuple[bytes, ...]:
    try:
        reply = http_client.call("GET", url, headers={}, timeout=5.0)
    except (http_client.NeverSent, http_client.AnswerLost) as error:
        raise KeysUnavailable("fal's key server does not answer") from error
    listed = reply.json() if reply.status == 200 else None
    rows = listed.get("keys", []) if isinstance(listed, dict) else []
    found = tuple(_raw(row) for row in rows if isinstance(row, dict) and row.get("crv") == "Ed25519")
    if not found:
        raise KeysUnavailable(f"fal's key server answered {reply.status} without a key")
    return found


def _raw(row: dict[str, Any]) -> bytes:
    text = str(row.get("x", ""))
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


KEYS = Keys()


def verify(headers: Mapping[str, str], body: bytes) -> None:
    """Raises Unauthenticated for a report that fal did not sign for us within five minutes, else returns.

    Raises KeysUnavailable when that cannot be known. headers: names in lower case or case-insensitive.
    """
    request_id, user_id, timestamp, signature = (headers.get(f"x-fal-webhook-{name}", "") for name in HEADERS)
    if not (request_id and user_id and timestamp.isdecimal() and signature):
        raise Unauthenticated("The report is not signed")
    if abs(clock.seconds() - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthenticated("The report's signature is out of date")
    if user_id != settings.get("FAL_USER_ID"):
        raise Unauthenticated("The report is for another customer")
    try:
        signed = bytes.fromhex(signature)
    except ValueError as error:
        raise Unauthenticated("The signature is no hex") from error
    message = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest())).encode()
    if not (_matches(KEYS.get(), signed, message) or _matches(KEYS.get(fresh=True), signed, message)):
        raise Unauthenticated("The report's signature is wrong")


def _matches(keys: tuple[bytes, ...], signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False
