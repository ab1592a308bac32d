"""A studio's own certificate authority for development: a root and one signing certificate, by the C2PA profile.

Verifiers elsewhere call its signatures valid but untrusted. A certificate from an authority on the C2PA trust list
comes with the KMS key instead (identity.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import Certificate, Name

ROOT_DAYS = 20 * 365
LEAF_DAYS = 5 * 365  # without a timestamp authority a signature ages with its certificate
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Issued:
    """What a development authority leaves behind; its root key is thrown away, so it signs nothing else."""

    chain: str  # PEM: signing certificate, then root
    key: str  # PEM, PKCS #8, unencrypted
    serial: str  # hexadecimal, of the signing certificate
    expires: str  # ISO 8601


def issue(organization: str = "VibeBoard studio", *, lifetime: timedelta | None = None) -> Issued:
    """A new root and a signing certificate under it, P-256 with SHA-256, valid since yesterday."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name(common: str) -> x509.Name:
        parts = ((NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, organization[:64]))
        return x509.Name([x509.NameAttribute(k, v) for k, v in (*parts, (NameOID.COMMON_NAME, common))])

    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + (lifetime if lifetime is not None else timedelta(days=LEAF_DAYS))
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = name("VibeBoard development root")
    root = _certificate(root_name, root_name, root_key, root_key, now + timedelta(days=ROOT_DAYS), authority=True)
    leaf = _certificate(name("VibeBoard development signer"), root_name, leaf_key, root_key, ends, authority=False)
    pem = serialization.Encoding.PEM
    secret = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = (leaf.public_bytes(pem) + root.public_bytes(pem)).decode()
    return Issued(chain, secret.decode(), f"{leaf.serial_number:x}", leaf.not_valid_after_utc.isoformat())


def root_of(chain: str) -> str:
    """The last certificate of a PEM chain: what verifiers are given to trust."""
    mark = "-----BEGIN CERTIFICATE-----"
    return mark + chain.rpartition(mark)[2]


def serial_of(chain: str) -> str:
    """Serial number of the first certificate of a PEM chain, hexadecimal."""
    from cryptography import x509

    return f"{x509.load_pem_x509_certificate(chain.encode()).serial_number:x}"


def _certificate(
    subject: "Name",
    issuer: "Name",
    key: "ec.EllipticCurvePrivateKey",
    signed_by: "ec.EllipticCurvePrivateKey",
    ends: datetime,
    *,
    authority: bool,
) -> "Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    allowed = {"key_cert_sign", "crl_sign"} if authority else {"digital_signature"}
    usage: dict[str, Any] = {name: name in allowed for name in _USAGES}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not authority:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key())
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(above, critical=False).add_extension(purpose, critical=False)
    return builder.sign(signed_by, hashes.SHA256())
