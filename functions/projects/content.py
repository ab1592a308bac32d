"""What an uploaded file is, judged by its content and never by its name alone."""

import io
import json
import struct
from pathlib import PurePosixPath
from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.store.objects import UPLOAD_BYTES

IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
SUFFIXES: dict[str, frozenset[str]] = {
    "reference": IMAGES,
    "frame": IMAGES,
    "screenplay": frozenset({".fountain", ".txt", ".fdx"}),
    "clip": frozenset({".mp4", ".mov"}),
    "asset": IMAGES | {".glb", ".ply", ".json", ".wav", ".mp4", ".mov", ".zip"},
}
MAX_BYTES: dict[str, int] = {
    "reference": 40 * 1024 * 1024,
    "frame": 40 * 1024 * 1024,
    "screenplay": 2 * 1024 * 1024,
    "clip": UPLOAD_BYTES,
    "asset": UPLOAD_BYTES,
}
MIN_SIDE = 64  # pixels; below this a reference tells nothing
MAX_SIDE = 16_384
MAX_PIXELS = 64_000_000  # decoded once at 3 bytes each: 192 MB in a 512 MB function
THUMBNAIL_SIDE = 480
MAX_JSON_BYTES = 5 * 1024 * 1024

# (offset, bytes) that a file of this kind carries
_SIGNATURES: dict[str, tuple[int, bytes]] = {
    ".ply": (0, b"ply"),
    ".wav": (8, b"WAVE"),
    ".mp4": (4, b"ftyp"),
    ".mov": (4, b"ftyp"),
}


def refused(name: str, why: str, fix: str) -> Invalid:
    return Invalid(f"{name} {why}", field="file", code="UPLOAD_REFUSED", fix=fix)


def examine(kind: str, name: str, body: bytes) -> dict[str, Any]:
    """Facts about the file: pictures {width, height, format, thumbnail}, screenplays {scenes, speakers}.

    Raises Invalid UPLOAD_REFUSED with what is wrong and what to do.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if kind == "screenplay":
        return _screenplay(name, body)
    if suffix in IMAGES:
        return _picture(name, body)
    if suffix == ".json":
        return _json(name, body)
    if suffix in (".glb", ".zip"):
        return _structured(name, suffix, body)
    offset, signature = _SIGNATURES[suffix]
    if body[offset : offset + len(signature)] != signature:
        raise refused(name, f"is no {suffix} file", "Export it again and upload that.")
    return {}


def _picture(name: str, body: bytes) -> dict[str, Any]:
    from PIL import Image, ImageOps

    no_image = refused(name, "is no image that can be read", "Upload a JPEG, PNG or WebP picture.")
    try:
        picture = Image.open(io.BytesIO(body), formats=["JPEG", "PNG", "WEBP"])
        width, height = picture.size
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:  # before a pixel is decoded
            raise refused(
                name,
                f"has {width} x {height} pixels",
                f"Send at most {MAX_SIDE:,} pixels a side and {MAX_PIXELS // 1_000_000} megapixels.",
            )
        if min(width, height) < MIN_SIDE:
            raise refused(name, f"has {width} x {height} pixels", f"Send at least {MIN_SIDE} pixels a side.")
        picture.draft("RGB", (width, height))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as fault:
        raise no_image from fault
    width, height = upright.size
    upright.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    thumbnail = io.BytesIO()
    upright.save(thumbnail, "JPEG", quality=85)
    return {"width": width, "height": height, "format": picture.format, "thumbnail": thumbnail.getvalue()}


def _screenplay(name: str, body: bytes) -> dict[str, Any]:
    from vibeboard.providers.screenplay import ScreenplayUnreadable, read_screenplay

    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise refused(name, "is no UTF-8 text", "Save it as Fountain or Final Draft FDX.") from fault
    try:
        screenplay = read_screenplay(text, name)
    except ScreenplayUnreadable as fault:
        raise refused(name, f"cannot be read: {fault.why}", fault.fix) from fault
    return {"scenes": len(screenplay.scenes), "speakers": list(screenplay.speakers)[:100]}


def _structured(name: str, suffix: str, body: bytes) -> dict[str, Any]:
    """Files with an inside that others will open: a GLB by its rules, a ZIP by what it would unpack to."""
    from vibeboard.media import archives, glb

    faults = glb.faults(body) if suffix == ".glb" else archives.faults(body)
    if faults:
        told = "; ".join(faults[:3])
        raise refused(name, f"is no {suffix[1:].upper()} that can be used: {told}", "Export it again and upload that.")
    return {}


def _json(name: str, body: bytes) -> dict[str, Any]:
    if len(body) > MAX_JSON_BYTES:
        raise refused(name, f"has {len(body):,} bytes", f"JSON files have at most {MAX_JSON_BYTES:,}.")
    try:
        json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise refused(name, "is no JSON", "Export it again and upload that.") from fault
    return {}
