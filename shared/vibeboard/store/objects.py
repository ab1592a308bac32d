"""Media in S3: small reads and writes, downloads to a job's own folder, and short-lived links for people."""

import functools
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.store import keys
from vibeboard.store.links import Signer
from vibeboard.store.seen import seen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
VIDEOS = frozenset({".mp4", ".mov"})
LINK_SECONDS = 900  # life of a download link
LINK_REUSE_SECONDS = 300  # links of so long a time carry one date, so that they are cheap to sign and a browser caches
UPLOAD_LINK_SECONDS = 300
UPLOAD_BYTES = 200 * 1024 * 1024  # largest upload

CONTENT_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".mp4": "video/mp4",
    ".mov": "video/quicktime", ".wav": "audio/wav", ".json": "application/json", ".edl": "text/plain",
    ".zip": "application/zip", ".glb": "model/gltf-binary", ".ply": "application/octet-stream", ".md": "text/markdown",
    ".otio": "application/json", ".fcpxml": "application/xml",
}  # fmt: skip


@functools.lru_cache
def s3() -> "S3Client":
    return boto3.client("s3", config=Config(signature_version="s3v4", retries={"mode": "standard", "max_attempts": 4}))


def bucket() -> str:
    return os.environ[keys.BUCKET_ENV]


def content_type(name: str) -> str:
    return CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def own_picture(project_id: str, key: str, field: str = "imageKey") -> str:
    """A picture of the project. Raises Invalid."""
    return own_file(project_id, key, field, PICTURES)


def own_file(project_id: str, key: str, field: str, suffixes: frozenset[str]) -> str:
    """A file must lie under the project's own prefix: another project's key reads as missing. Raises Invalid."""
    ours = key.startswith(keys.media_prefix(project_id)) and ".." not in key
    if not ours or Path(key).suffix.lower() not in suffixes or not exists(key):
        what = "picture" if suffixes == PICTURES else "video"
        raise Invalid(
            f"{field} names no {what} of this project", field=field, fix=f"Upload the {what} and use its key."
        )
    return key


def read(key: str) -> bytes:
    """Bytes of an object. Raises NotFound."""
    try:
        return s3().get_object(Bucket=bucket(), Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise NotFound(f"No object {key}") from error
        raise


def read_json(key: str) -> Any:
    """A document. Raises NotFound."""
    memory = seen()
    known = memory.documents.get(key) if memory else None
    return json.loads(read(key) if known is None else known)


def exists(key: str) -> bool:
    try:
        s3().head_object(Bucket=bucket(), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def size(key: str) -> int:
    """Bytes of an object. Raises NotFound."""
    try:
        return s3().head_object(Bucket=bucket(), Key=key)["ContentLength"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            raise NotFound(f"No object {key}", fix="Upload the file first.") from error
        raise


def read_range(key: str, start: int, count: int) -> bytes:
    """`count` bytes of an object from `start` on. Raises NotFound."""
    try:
        asked = f"bytes={start}-{start + count - 1}"
        return s3().get_object(Bucket=bucket(), Key=key, Range=asked)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise NotFound(f"No object {key}") from error
        raise


def write(key: str, body: bytes, *, only_if_new: bool = False) -> None:
    """Put bytes. With only_if_new, raises Conflict when the key is taken (conditional put)."""
    conditional: dict[str, Any] = {"IfNoneMatch": "*"} if only_if_new else {}
    try:
        s3().put_object(Bucket=bucket(), Key=key, Body=body, ContentType=content_type(key), **conditional)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
            raise Conflict(f"{key} exists already") from error
        raise


def write_json(key: str, value: Any, *, only_if_new: bool = False) -> None:
    body = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    write(key, body, only_if_new=only_if_new)
    if memory := seen():
        memory.documents[key] = body


def download(key: str, path: Path) -> Path:
    """Copy an object to a file. Raises NotFound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        s3().download_file(bucket(), key, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            raise NotFound(f"No object {key}") from error
        raise
    return path


def upload(path: Path, key: str) -> str:
    s3().upload_file(str(path), bucket(), key, ExtraArgs={"ContentType": content_type(key)})
    return key


def link(key: str | None, *, name: str = "", seconds: int = LINK_SECONDS) -> str | None:
    """A link that works for `seconds`, less up to LINK_REUSE_SECONDS, or None for no key.

    `name` is what a browser saves it as.
    """
    if not key:
        return None
    return _signer(s3(), bucket(), seconds, int(time.time() // LINK_REUSE_SECONDS)).link(key, name)


@functools.lru_cache(maxsize=16)
def _signer(client: "S3Client", bucket_name: str, seconds: int, _period: int) -> Signer:
    return Signer(client, bucket_name, seconds)


def put_link(key: str, seconds: int) -> dict[str, Any]:
    """Where and how a worker of ours puts one object, once: {url, headers}; a second put is refused (412)."""
    params = {"Bucket": bucket(), "Key": key, "ContentType": content_type(key), "IfNoneMatch": "*"}
    url = s3().generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)
    return {"url": url, "headers": {"Content-Type": content_type(key), "If-None-Match": "*"}}


def upload_link(key: str) -> dict[str, Any]:
    """A form a client posts one file to: {url, fields, expiresIn, maxBytes}. The size limit is in the policy."""
    form = s3().generate_presigned_post(
        bucket(),
        key,
        Conditions=[["content-length-range", 1, UPLOAD_BYTES]],
        ExpiresIn=UPLOAD_LINK_SECONDS,
    )
    return {"url": form["url"], "fields": form["fields"], "expiresIn": UPLOAD_LINK_SECONDS, "maxBytes": UPLOAD_BYTES}


def delete_prefix(prefix: str) -> int:
    """Delete everything under a prefix; returns how many objects."""
    count = 0
    for page in s3().get_paginator("list_objects_v2").paginate(Bucket=bucket(), Prefix=prefix):
        found = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if found:
            s3().delete_objects(Bucket=bucket(), Delete={"Objects": found})  # type: ignore[typeddict-item]
            count += len(found)
    return count
