"""Who signs: the development key is made once and kept, a KMS key signs without leaving KMS."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.media.release import bench
from vibeboard.credentials import c2pa, certificates
from vibeboard.credentials.identity import RENEW_DAYS, Identity, identity
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.providers.settings import NotSet
from vibeboard.store import keys
from vibeboard.store.table import Update, table


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=24", "-frames:v", "4", "-pix_fmt", "yuv420p"]
    subprocess.run([ffmpeg_path(), "-v", "error", *source, str(path)], check=True)
    return path


def signed_by(who: Identity, clip: Path, folder: Path, models: tuple[str, ...] = ("sandbox/animatic",)) -> Path:
    return c2pa.sign(clip, folder / "signed.mp4", c2pa.Claim("Clip", models), who)


def test_given_a_first_film_then_a_key_is_made_kept_and_used_again(clip: Path, tmp_path: Path) -> None:
    with bench():
        first, second = identity(), identity()
        stored = table().get(keys.SIGNER)
    assert first.chain == second.chain
    assert stored is not None
    assert stored["serial"] == first.serial
    path = signed_by(first, clip, tmp_path)
    assert c2pa.read(path, path.name, second.root).state == "trusted"
    assert c2pa.read(path, path.name, certificates.root_of(certificates.issue().chain)).state == "valid"


def test_given_a_certificate_about_to_expire_then_it_is_replaced(clip: Path, tmp_path: Path) -> None:
    with bench():
        old = identity()
        soon = (datetime.now(UTC) + timedelta(days=RENEW_DAYS - 1)).isoformat()
        table().write(Update(keys.SIGNER, set={"expires": soon}))
        new = identity()
        assert identity().serial == new.serial != old.serial


def test_given_a_kms_key_then_the_signature_verifies_and_the_key_stays_there(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench():
        kms = boto3.client("kms")
        key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        assert isinstance(public, ec.EllipticCurvePublicKey)
        chain = chain_for(public)
        monkeypatch.setenv("C2PA_KMS_KEY", key)
        with pytest.raises(NotSet):
            identity()
        monkeypatch.setenv("C2PA_CERTIFICATES", chain)
        who = identity()
        assert who.kind == "kms"
        path = signed_by(who, clip, tmp_path)
        assert c2pa.read(path, path.name, who.root).state == "trusted"
        assert table().get(keys.SIGNER) is None


def test_given_vendor_models_then_the_source_type_says_generated(clip: Path, tmp_path: Path) -> None:
    made = certificates.issue()
    from vibeboard.credentials.identity import local_identity

    who = local_identity(made.chain, made.key)
    kinds = []
    for models in (("sandbox/animatic",), ("sandbox/animatic", "fal-ai/flux/dev")):
        found = c2pa.read(signed_by(who, clip, tmp_path, models), "signed.mp4", who.root)
        kinds.append(found.assertions["c2pa.actions.v2"]["actions"][0]["digitalSourceType"].rpartition("/")[2])
    assert kinds == ["algorithmicMedia", "trainedAlgorithmicMedia"]


def chain_for(public: ec.EllipticCurvePublicKey) -> str:
    """A chain for a key of which only the public half is known, as an authority would issue it."""
    made = certificates.issue()
    leaf = x509.load_pem_x509_certificate(made.chain.encode())
    root_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Authority")])
    root = certificates._certificate(
        name, name, root_key, root_key, datetime.now(UTC) + timedelta(days=9), authority=True
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(leaf.subject)
        .issuer_name(name)
        .public_key(public)
        .serial_number(77)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=9))
    )
    for extension in leaf.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier | x509.SubjectKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    signed = builder.add_extension(above, critical=False).sign(root_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    return (signed.public_bytes(pem) + root.public_bytes(pem)).decode()
