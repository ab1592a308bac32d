"""Many download links at once: S3's presigned GET (Signature Version 4, query form), signed with the SDK's own words.

The SDK takes most of a millisecond for a link, and a timeline of 600 shots has 3,000. It is asked once for a period,
and gives host, path, credential and date; each further link differs in its key and name, and costs one HMAC. The first
is signed both ways: should the two ever differ, the SDK signs them all.
"""

import functools
import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PROBE = "probe"


class Signer:
    """Links of one bucket that all carry one date. Raises nothing of its own; falls back to the SDK."""

    def __init__(self, client: "S3Client", bucket: str, seconds: int) -> None:
        self._client, self._bucket, self._seconds = client, bucket, seconds
        sample = self._by_sdk(_PROBE, "")
        address = urlsplit(sample)
        query = dict(pair.split("=", 1) for pair in address.query.split("&"))
        self._origin, self._host = f"{address.scheme}://{address.netloc}", address.netloc
        self._prefix = address.path.removesuffix(_PROBE)
        signature = query.pop("X-Amz-Signature", "")
        self._query, self._secret = query, _secret(client)
        self.ours = (
            bool(self._secret and signature)
            and "X-Amz-Credential" in query
            and self._sign(_PROBE, "").endswith(signature)
        )

    def link(self, key: str, name: str) -> str:
        return self._sign(key, name) if self.ours else self._by_sdk(key, name)

    def _by_sdk(self, key: str, name: str) -> str:
        params = {"Bucket": self._bucket, "Key": key}
        if name:
            params["ResponseContentDisposition"] = _disposition(name)
        return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=self._seconds)

    def _sign(self, key: str, name: str) -> str:
        path = self._prefix + quote(key, safe="/~")
        query = dict(self._query)
        if name:
            query["response-content-disposition"] = quote(_disposition(name), safe="")
        listed = "&".join(f"{field}={query[field]}" for field in sorted(query))
        request = f"GET\n{path}\n{listed}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        scope = query["X-Amz-Credential"].split("%2F", 1)[1].replace("%2F", "/")
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
        signature = hmac.new(_key(self._secret, scope), text.encode(), hashlib.sha256).hexdigest()
        return f"{self._origin}{path}?{listed}&X-Amz-Signature={signature}"


def _disposition(name: str) -> str:
    return f'attachment; filename="{name}"'


def _secret(client: Any) -> str:
    """The secret key the client signs with now."""
    found = client._request_signer._credentials
    return str(found.get_frozen_credentials().secret_key) if found else ""


@functools.lru_cache(maxsize=8)
def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
