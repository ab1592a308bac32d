"""Who signs for the studio: a key in AWS KMS by setting, else a development key made on first use.

| setting | meaning |
|---|---|
| C2PA_KMS_KEY | id, ARN or alias of an ECC_NIST_P256 signing key; empty: the development key |
| C2PA_CERTIFICATES | PEM chain of that key, signing certificate first (value, or ARN of a secret) |

The development key lies in the studio's table (encrypted at rest), under a key of its own, and leaves it for nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import boto3

from vibeboard.credentials.certificates import issue, root_of, serial_of
from vibeboard.providers import settings
from vibeboard.store import keys
from vibeboard.store.table import NEW, ConditionFailed, Item, Put, table

RENEW_DAYS = 30  # a development certificate with less time left is replaced before it signs
KMS_MESSAGE_BYTES = 4096  # the most KMS takes as it is; longer ones are hashed here
_HALF = 32  # bytes of r and of s on P-256


@dataclass(frozen=True, slots=True)
class Identity:
    """A signer. `sign` takes the bytes to be signed and gives ECDSA P-256 over SHA-256 as raw r and s, 64 bytes."""

    kind: Literal["development", "kms"]
    chain: str  # PEM, signing certificate first
    sign: Callable[[bytes], bytes]

    @property
    def root(self) -> str:
        return root_of(self.chain)

    @property
    def serial(self) -> str:
        return serial_of(self.chain)


def identity() -> Identity:
    """The studio's signer. Raises NotSet when a KMS key is named without its certificates."""
    key = settings.get("C2PA_KMS_KEY")
    if key:
        return kms_identity(key, settings.secret("C2PA_CERTIFICATES"))
    row = _development()
    return local_identity(row["chain"], row["key"])


def local_identity(chain: str, key: str) -> Identity:
    """A signer whose private key (PEM, PKCS #8) is at hand."""

    def sign(data: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        private = serialization.load_pem_private_key(key.encode(), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key is no elliptic-curve key")
        return raw_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))

    return Identity("development", chain, sign)


def kms_identity(key: str, chain: str) -> Identity:
    """A signer in AWS KMS: the private key never leaves it."""

    def sign(data: bytes) -> bytes:
        import hashlib

        whole = len(data) <= KMS_MESSAGE_BYTES
        answer = boto3.client("kms").sign(
            KeyId=key,
            Message=data if whole else hashlib.sha256(data).digest(),
            MessageType="RAW" if whole else "DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return raw_signature(answer["Signature"])

    return Identity("kms", chain, sign)


def raw_signature(der: bytes) -> bytes:
    """ASN.1 DER, as KMS and most libraries give it, to r and s of 32 bytes each, as COSE wants it."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def _development() -> Item:
    standing = table().get(keys.SIGNER)
    if standing and _lasts(standing):
        return standing
    made = issue()
    row: Item = {**keys.SIGNER, "chain": made.chain, "key": made.key, "serial": made.serial, "expires": made.expires}
    try:
        return table().write(Put(row, None if standing else NEW))
    except ConditionFailed as other:  # two first films at once: one key
        if other.item is None:
            raise
        return other.item


def _lasts(row: Item) -> bool:
    return datetime.fromisoformat(row["expires"]) > datetime.now(UTC) + timedelta(days=RENEW_DAYS)
