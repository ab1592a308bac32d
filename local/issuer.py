"""The local identity provider: signs the tokens that the template's JWT authorizer asks for.

The template decides issuer and audience; whatever they resolve to is what this issuer calls itself. The key lives
in the data folder, so that tokens stay good across restarts.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID = "local"
LIFETIME = 12 * 3600
"""Seconds a minted token is good for."""


class Unauthorized(Exception):
    """The token is missing, malformed, expired, or made by or for somebody else."""


class Issuer:
    """Mints and checks RS256 access tokens."""

    def __init__(self, folder: Path | None) -> None:
        self._key = _key(folder)
        self._public = self._key.public_key()

    def mint(self, issuer: str, audience: str, subject: str, lifetime: int = LIFETIME, **claims: Any) -> str:
        """A token of `subject`; `claims` are added as they are (a lifetime below zero makes an expired one)."""
        now = int(time.time())
        body = {
            "iss": issuer,
            "aud": audience,
            "client_id": audience,
            "sub": subject,
            "iat": now,
            "nbf": min(now, now + lifetime),
            "exp": now + lifetime,
            "token_use": "access",
        }
        return jwt.encode(body | claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def check(self, token: str, issuer: str, audience: Sequence[str]) -> dict[str, Any]:
        """The claims of a good token. Raises `Unauthorized`."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                issuer=issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized(str(error)) from error
        # API Gateway: `aud`, or `client_id` where a token has no `aud`.
        given = claims.get("aud", claims.get("client_id"))
        if not set(audience) & set([given] if isinstance(given, str) else given or []):
            raise Unauthorized("audience")
        return claims


def _key(folder: Path | None) -> rsa.RSAPrivateKey:
    path = folder / "issuer.pem" if folder else None
    if path and path.is_file():
        stored = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(stored, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key")
        return stored
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if path:
        text = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        pending = path.with_suffix(".part")
        pending.touch(mode=0o600)
        pending.write_bytes(text)
        pending.rename(path)
    return made
