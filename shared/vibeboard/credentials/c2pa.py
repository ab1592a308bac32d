"""C2PA manifests in media files: written last, read with the reasons a person can act on."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vibeboard import __version__
from vibeboard.credentials.identity import Identity

MEDIA_TYPES = {
    ".mov": "video/quicktime", ".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png",
}  # fmt: skip
PACKAGE = "com.vibeboard.package"  # assertion: the other files of the release, each with its SHA-256
PROVENANCE = "com.vibeboard.provenance"  # assertion: which project, export and models
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"

State = Literal["trusted", "valid", "invalid", "missing"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file's credentials state. `models` are the engines that made the picture; `assertions` by label."""

    title: str
    models: Sequence[str]
    assertions: Mapping[str, Any] = field(default_factory=dict)
    edited: str = ""  # what was done after creation, in words


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file's credentials are worth: `trusted` ends at a given anchor, `valid` is whole but of unknown origin."""

    state: State
    reason: str = ""
    signer: str = ""
    serial: str = ""  # hexadecimal, of the signing certificate
    expires: str = ""
    assertions: Mapping[str, Any] = field(default_factory=dict)


def sign(source: Path, target: Path, claim: Claim, identity: Identity) -> Path:
    """Writes `source` with credentials to `target`. Nothing may change the file afterwards.

    Raises C2paError, which names the fault of the certificate or file.
    """
    from c2pa import Builder, C2paSigningAlg, Context, Signer

    signer = Signer.from_callback(identity.sign, C2paSigningAlg.ES256, identity.chain, None)
    context = Context.from_dict({"verify": {"verify_after_sign": False}})  # `package verify` reads every one of them
    with (
        Builder(_manifest(claim), context=context) as builder,
        source.open("rb") as unsigned,
        target.open("w+b") as signed,
    ):
        builder.sign(signer, MEDIA_TYPES[source.suffix.lower()], unsigned, signed)
    return target


def _manifest(claim: Claim) -> dict[str, Any]:
    made_here = all(model.startswith("sandbox/") for model in claim.models)
    kind = "algorithmicMedia" if made_here else "trainedAlgorithmicMedia"
    created: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": _SOURCE_TYPE + kind,
        "softwareAgent": {"name": ", ".join(claim.models) or "VibeBoard"},
    }
    actions = [created]
    if claim.edited:
        agent = {"name": "VibeBoard", "version": __version__}
        actions.append({"action": "c2pa.edited", "softwareAgent": agent, "description": claim.edited})
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]
    assertions += [{"label": label, "data": data} for label, data in claim.assertions.items()]
    generator = [{"name": "VibeBoard", "version": __version__}]
    return {"claim_generator_info": generator, "title": claim.title, "assertions": assertions}


def read(media: Path | bytes, name: str, anchors: str = "") -> Credentials:
    """The credentials of a file or of its bytes. `anchors`: PEM roots to trust. Never raises for what a file holds."""
    from c2pa import C2paError, Context, Reader

    suffix = Path(name).suffix.lower()
    if suffix not in MEDIA_TYPES:
        return Credentials("missing", f"{name} is of no kind that carries credentials")
    trust = {"trust_anchors": anchors} if anchors else {}
    context = Context.from_dict({"trust": trust, "verify": {"verify_trust": True}})
    try:
        stream = io.BytesIO(media) if isinstance(media, bytes) else media.open("rb")
    except OSError as error:
        return Credentials("missing", f"{name} cannot be opened: {error.strerror}")
    try:
        with stream, Reader(MEDIA_TYPES[suffix], stream, context=context) as reader:
            state, stated = reader.get_validation_state(), json.loads(reader.crjson())
            results = reader.get_validation_results() or {}
    except C2paError as error:
        if "ManifestNotFound" in type(error).__name__ or "no JUMBF" in str(error):
            return Credentials("missing", f"{name} carries no credentials")
        return Credentials("invalid", f"{name}: its credentials cannot be read: {error}")
    manifest = stated["manifests"][0] if stated.get("manifests") else {}
    certificate = manifest.get("signature", {}).get("certificateInfo", {})
    expires = certificate.get("validity", {}).get("notAfter", "")
    failures = [row["code"] for row in results.get("activeManifest", {}).get("failure", [])]
    subject = certificate.get("subject", {})
    found = {"trusted": "trusted", "valid": "valid"}.get(str(state).lower(), "invalid")
    return Credentials(
        state=found,  # type: ignore[arg-type]
        reason=_reason(name, failures, expires) if found == "invalid" else "",
        signer=", ".join(subject[part] for part in ("O", "CN") if part in subject),
        serial=str(certificate.get("serialNumber", "")),
        expires=expires,
        assertions=manifest.get("assertions", {}),
    )


def _reason(name: str, failures: Sequence[str], expires: str) -> str:
    if any(code.endswith("Hash.mismatch") for code in failures):
        return f"{name} was changed after it was signed ({', '.join(failures)})"
    if "signingCredential.expired" in failures:
        return f"{name}: the certificate that signed it expired on {expires[:10]}"
    return f"{name}: its credentials do not hold ({', '.join(failures) or 'no reason given'})"
