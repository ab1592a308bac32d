"""S3 on loopback: presigned URLs for browsers, ranges, large media without memory."""

import hashlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.aws import EmbeddedAws
from local.gateway import Response

MB = 1 << 20


def fetch(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


def presigned(do: Callable[..., Response], key: str, kind: str = "video/mp4") -> dict[str, Any]:
    urls: dict[str, Any] = do("presign", json.dumps({"key": key, "type": kind})).json()
    return urls


def test_a_presigned_upload_and_download_go_over_loopback(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    urls = presigned(do, "rushes/a take.mp4")

    assert urls["put"].startswith(aws.s3_url)
    assert fetch(urls["put"], "PUT", b"frames", Content_Type="video/mp4")[0] == 200
    status, headers, body = fetch(urls["get"])

    assert (status, body) == (200, b"frames")
    assert headers["content-type"] == "video/mp4"
    assert headers["accept-ranges"] == "bytes"
    stored = aws.client("s3").get_object(Bucket=aws.outputs["BucketName"], Key="rushes/a take.mp4")
    assert stored["Body"].read() == b"frames"


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-", 206, (0, 1000)),
        ("bytes=10-19", 206, (10, 20)),
        ("bytes=-5", 206, (995, 1000)),
        ("bytes=1000-", 416, None),
    ],
)
def test_ranges(
    do: Callable[..., Response], aws: EmbeddedAws, asked: str, status: int, span: tuple[int, int] | None
) -> None:
    content = bytes(n % 251 for n in range(1000))
    aws.client("s3").put_object(Bucket=aws.outputs["BucketName"], Key="ranged", Body=content)

    got, headers, body = fetch(presigned(do, "ranged")["get"], Range=asked)

    assert got == status
    if span:
        assert body == content[span[0] : span[1]]
        assert headers["content-range"] == f"bytes {span[0]}-{span[1] - 1}/1000"
        assert headers["content-length"] == str(span[1] - span[0])


def test_a_form_upload_is_taken(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    form = presigned(do, "forms/ref.png", "image/png")["post"]
    edge = uuid.uuid4().hex
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in form["fields"].items()
    ]
    parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="ref.png"\r\n\r\n')
    body = "".join(parts).encode() + b"\x89PNG" + f"\r\n--{edge}--\r\n".encode()

    status, _, _ = fetch(form["url"], "POST", body, Content_Type=f"multipart/form-data; boundary={edge}")

    assert status in (200, 204)
    stored = aws.client("s3").get_object(Bucket=aws.outputs["BucketName"], Key="forms/ref.png")
    assert stored["Body"].read() == b"\x89PNG"


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_unsigned_and_expired_requests_are_refused(aws: EmbeddedAws, signature: str) -> None:
    bucket = aws.outputs["BucketName"]
    client = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=aws.s3_url, config=Config(signature_version=signature)
    )
    client.put_object(Bucket=bucket, Key="private", Body=b"secret")
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "private"}, ExpiresIn=60)
    split = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qs(split.query)
    query |= {"Expires": ["1"]} if signature == "s3" else {"X-Amz-Date": ["20200101T000000Z"]}
    expired = urllib.parse.urlunsplit(split._replace(query=urllib.parse.urlencode(query, doseq=True)))

    assert fetch(url)[0] == 200
    assert fetch(urllib.parse.urlunsplit(split._replace(query="")))[0] == 403
    assert fetch(expired)[0] == 403


def test_a_browser_of_another_origin_may_read(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    aws.client("s3").put_object(Bucket=aws.outputs["BucketName"], Key="audio", Body=b"peaks")

    _, headers, _ = fetch(presigned(do, "audio")["get"], Origin="http://127.0.0.1:9999")
    asked = fetch(
        presigned(do, "audio")["put"], "OPTIONS", Origin="http://127.0.0.1:9999", Access_Control_Request_Method="PUT"
    )

    assert headers["access-control-allow-origin"] in ("*", "http://127.0.0.1:9999")
    assert "Content-Range" in headers["access-control-expose-headers"]
    assert asked[0] == 200
    assert "PUT" in asked[1]["access-control-allow-methods"]


def test_large_media_goes_through_in_parts(aws: EmbeddedAws, tmp_path: Path) -> None:
    bucket, source, back = aws.outputs["BucketName"], tmp_path / "master.mov", tmp_path / "back.mov"
    digest = hashlib.sha256()
    with source.open("wb") as file:
        for n in range(40):
            block = bytes([n]) * MB
            digest.update(block)
            file.write(block)
    s3 = aws.client("s3")

    s3.upload_file(str(source), bucket, "master.mov", ExtraArgs={"ContentType": "video/quicktime"})
    s3.download_file(bucket, "master.mov", str(back))

    head = s3.head_object(Bucket=bucket, Key="master.mov")
    assert (head["ContentLength"], head["ContentType"]) == (40 * MB, "video/quicktime")
    assert head["ETag"].strip('"').endswith("-5")
    assert hashlib.file_digest(back.open("rb"), "sha256").hexdigest() == digest.hexdigest()
    part = s3.get_object(Bucket=bucket, Key="master.mov", Range=f"bytes={MB - 1}-{MB}")
    assert part["Body"].read() == b"\x00\x01"


def test_copies_and_overwrites_keep_their_own_bytes(aws: EmbeddedAws) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["BucketName"]
    s3.put_object(Bucket=bucket, Key="one", Body=b"first", Metadata={"seed": "7"})
    s3.copy_object(Bucket=bucket, Key="two", CopySource={"Bucket": bucket, "Key": "one"})
    s3.put_object(Bucket=bucket, Key="one", Body=b"second")
    s3.delete_object(Bucket=bucket, Key="one")

    kept = s3.get_object(Bucket=bucket, Key="two")
    assert (kept["Body"].read(), kept["Metadata"]) == (b"first", {"seed": "7"})
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="one")


def test_an_empty_object_can_be_read(aws: EmbeddedAws) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["BucketName"]
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")

    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_a_client_with_the_loopback_endpoint_reaches_the_same_objects(aws: EmbeddedAws) -> None:
    """What a function's client does, because AWS_ENDPOINT_URL_S3 is set for it."""
    bucket = aws.outputs["BucketName"]
    other = boto3.client("s3", region_name="us-east-1", endpoint_url=aws.s3_url)
    other.put_object(Bucket=bucket, Key="via endpoint", Body=b"x")

    assert aws.client("s3").get_object(Bucket=bucket, Key="via endpoint")["Body"].read() == b"x"


def test_one_connection_serves_many_requests(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    aws.client("s3").put_object(Bucket=aws.outputs["BucketName"], Key="kept", Body=b"alive")
    split = urllib.parse.urlsplit(presigned(do, "kept")["get"])
    connection = http.client.HTTPConnection(split.netloc, timeout=10)

    for _ in range(3):
        connection.request("GET", f"{split.path}?{split.query}")
        assert connection.getresponse().read() == b"alive"
    connection.close()
