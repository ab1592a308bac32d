"""S3 objects as files, so that a 300 MB master costs no memory and is there again after a restart.

moto keeps an object's bytes in a spooled buffer and reads all of it for every range. Here each object is a file;
its value is a memory map of it, so a range reads only itself. A finished multipart upload is its parts appended in
a file, not in memory.
"""

import base64
import hashlib
import mmap
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local import ACCOUNT
from local.journal import Journal

_HEAD_FIELDS = ("checksum_algorithm", "checksum_value", "checksum_type", "checksum_parts", "encryption", "_etag")


class ObjectFiles:
    """The folder the objects are in. With a journal their descriptions are stored too."""

    def __init__(self, folder: Path, journal: Journal | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.journal = journal
        self.closing = False

    def new(self) -> Path:
        return self.folder / uuid.uuid4().hex

    def restore(self) -> int:
        """Put the stored objects back into moto by reference (no bytes are read)."""
        if self.journal is None:
            return 0
        import moto.s3.models as models

        backend = models.s3_backends[ACCOUNT]["aws"]
        rows = self.journal.objects()
        for bucket_name, key, file, head in rows:
            bucket = backend.buckets.get(bucket_name)
            if bucket is None or not (self.folder / file).is_file():
                continue
            restored = backend.put_object(
                bucket_name, key, StoredFile(self.folder / file), storage=head["storage"], disable_notification=True
            )
            restored._metadata.clear()
            restored._metadata.update(head["metadata"])
            restored.last_modified = datetime.fromisoformat(head["last_modified"])
            for field in _HEAD_FIELDS:
                setattr(restored, field, head[field])
            if head["tags"]:
                backend.put_object_tagging(restored, head["tags"])
        return len(rows)

    def sweep(self) -> None:
        """Remove files no stored object names: uploads a kill cut off, objects replaced. Before the stack is made."""
        named = {file for _, _, file, _ in self.journal.objects()} if self.journal else set()
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink()

    def record(self, bucket_name: str, key_name: str) -> None:
        """Bring the journal up to date with one object, put or gone."""
        if self.journal is None or bucket_name == "local-code":
            return
        import moto.s3.models as models

        backend = models.s3_backends[ACCOUNT]["aws"]
        key = backend.buckets[bucket_name].keys.get(key_name) if bucket_name in backend.buckets else None
        if not isinstance(key, models.FakeKey):
            self.journal.delete_object(bucket_name, key_name)
            return
        key.etag  # noqa: B018 - computed at first reading
        head = {field: getattr(key, field) for field in _HEAD_FIELDS}
        head["storage"] = key.storage_class
        head["metadata"] = dict(key.metadata)
        head["last_modified"] = key.last_modified.isoformat()
        head["tags"] = backend.tagger.get_tag_dict_for_resource(key.arn)
        self.journal.put_object(bucket_name, key_name, key.file.name, head)


class StoredFile:
    """Bytes that are already a file of the store: a key takes the file over instead of writing it."""

    def __init__(self, path: Path) -> None:
        self.path = path


@contextmanager
def applied(files: ObjectFiles) -> Iterator[None]:
    """Make moto's S3 keep its objects in `files`."""
    import moto.s3.models as models
    import moto.s3.responses as responses

    class FileKey(models.FakeKey):  # type: ignore[misc]
        """moto's object with its bytes in a file."""

        file: Path
        _etag: str | None
        disposed: bool

        @property
        def value(self) -> Any:
            return _mapped(self.file)

        @value.setter
        def value(self, new_value: Any) -> None:
            previous = getattr(self, "file", None)
            if isinstance(new_value, StoredFile):
                self.file = new_value.path
            else:
                self.file = files.new()
                part = self.file.with_name(f".{self.file.name}")
                part.write_bytes(new_value.encode() if isinstance(new_value, str) else new_value)
                part.rename(self.file)
            self.contentsize = self.file.stat().st_size
            if previous is not None:
                previous.unlink(missing_ok=True)

        @property
        def etag(self) -> str:
            if self._etag is None:
                with self.file.open("rb") as source:
                    self._etag = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            return f'"{self._etag}"'

        def dispose(self, garbage: bool = False) -> None:
            """Called when replaced or deleted, and by `__del__` with `garbage`."""
            del garbage
            if not self.disposed and not files.closing:
                self.file.unlink(missing_ok=True)
            self.disposed = True
            if self.multipart is not None:
                self.multipart.dispose()

    class FileMultipart(models.FakeMultipart):  # type: ignore[misc]
        """moto's multipart upload, joined in a file."""

        def complete(self, body: Iterator[tuple[int, str]]) -> tuple[Any, str, Any]:
            asked = [(number, etag.replace('"', "")) for number, etag in body]
            if not asked:
                raise models.MalformedXML
            digests = b""
            for index, (number, etag) in enumerate(asked):
                part = self.parts.get(number)
                if part is None or part.etag.strip('"') != etag:
                    raise models.InvalidPart()
                if index < len(asked) - 1 and part.contentsize < models.S3_UPLOAD_PART_MIN_SIZE:
                    raise models.EntityTooSmall()
                digests += bytes.fromhex(etag)
            whole = files.new()
            pending = whole.with_name(f".{whole.name}")
            with pending.open("wb") as target:
                for number, _ in asked:
                    with self.parts[number].file.open("rb") as source:
                        shutil.copyfileobj(source, target, 1 << 20)
            pending.rename(whole)
            etag = hashlib.md5(digests, usedforsecurity=False).hexdigest()
            checksum = self._checksum([self.parts[number] for number, _ in asked])
            self.dispose()
            return StoredFile(whole), f"{etag}-{len(asked)}", checksum

        def _checksum(self, parts: list[Any]) -> tuple[str, str, int] | None:
            algorithm = self.metadata.get("x-amz-checksum-algorithm")
            if algorithm is None or self.metadata.get("x-amz-checksum-type") == "FULL_OBJECT":
                return None
            values = b"".join(
                base64.b64decode(part.checksum_value)
                if part.checksum_value
                else models.compute_checksum(part.value, algorithm, encode_base64=False)
                for part in parts
            )
            return "COMPOSITE", models.compute_checksum(values, algorithm).decode(), len(parts)

    delete_object = models.S3Backend.delete_object

    def delete(self: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        result = delete_object(self, bucket_name, key_name, *args, **kwargs)
        files.record(bucket_name, key_name)
        return result

    put_object = models.S3Backend.put_object
    put = threading.local()

    def remember(self: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        put.__dict__.setdefault("keys", []).append((bucket_name, key_name))
        return put_object(self, bucket_name, key_name, *args, **kwargs)

    def recorded(respond: Callable[..., Any]) -> Callable[..., Any]:
        # After the answer is made, because moto sets an object's metadata after storing it; before it goes out.
        def response(self: Any, *args: Any, **kwargs: Any) -> Any:
            put.keys = []
            answer = respond(self, *args, **kwargs)
            for bucket_name, key_name in dict.fromkeys(put.keys):
                files.record(bucket_name, key_name)
            return answer

        return response

    with ExitStack() as stack:
        stack.enter_context(patch.object(models, "FakeKey", FileKey))
        stack.enter_context(patch.object(models, "FakeMultipart", FileMultipart))
        stack.enter_context(patch.object(models.S3Backend, "delete_object", delete))
        stack.enter_context(patch.object(models.S3Backend, "put_object", remember))
        stack.enter_context(patch.object(responses.S3Response, "_handle_encoded_body", _decoded))
        for name in ("key_response", "bucket_response"):
            original = getattr(responses.S3Response, name)
            stack.enter_context(patch.object(responses.S3Response, name, recorded(original)))
        try:
            yield
        finally:
            files.closing = True


def _decoded(_: Any, body: Any) -> bytes:
    """An aws-chunked body without its framing. moto's own takes time with the square of the size."""
    source = BytesIO(body) if isinstance(body, bytes) else body
    parts: list[bytes] = []
    while source and (size := int(source.readline().strip(), 16)):
        parts.append(source.read(size))
        source.readline()
    return b"".join(parts)


def _mapped(path: Path) -> bytes | mmap.mmap:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size == 0:
            return b""
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


class MappedBody(BytesIO):
    """A response body for botocore that reads a memory map without copying it first."""

    def __init__(self, source: mmap.mmap) -> None:
        super().__init__()
        self._source = source

    def read(self, size: int | None = -1) -> bytes:
        return self._source.read(None if size is None or size < 0 else size)

    def stream(self, amt: int = 1 << 16, **_: Any) -> Iterator[bytes]:
        while block := self._source.read(amt):
            yield block
