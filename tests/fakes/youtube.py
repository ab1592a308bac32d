"""YouTube's resumable upload and Google's token service on loopback, with the ways they break."""

import uuid
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.server import Fake, Request, Response

PATH = "/upload/youtube/v3/videos"


class FakeYouTube(Fake):
    """`spoil` takes the fate of the next call to an upload: "before" it counts, or "after"."""

    def __init__(self) -> None:
        super().__init__()
        self.uploads: dict[str, dict[str, Any]] = {}
        self.videos: list[dict[str, Any]] = []
        self.tokens = 0
        self.refuse_start: Response | None = None
        self.silent = False  # 308 without Range although bytes are held... of which it then holds none
        self.move_next = False

    @property
    def environment(self) -> dict[str, str]:
        return {
            "YOUTUBE_URL": self.url,
            "YOUTUBE_TOKEN_URL": f"{self.url}/token",
            "YOUTUBE_CLIENT_ID": "client",
            "YOUTUBE_CLIENT_SECRET": "hush",
            "YOUTUBE_REFRESH_TOKEN": "refresh",
        }

    def is_submission(self, request: Request) -> bool:
        return request.method == "PUT"

    def answer(self, request: Request) -> Response:
        if request.path == "/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return Response(401, error(401, "authError", "Invalid Credentials"))
        return self._start(request) if request.method == "POST" else self._put(request)

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        wanted = {"client_id": "client", "client_secret": "hush", "refresh_token": "refresh"}
        if form != wanted | {"grant_type": "refresh_token"}:
            return Response(400, {"error": "invalid_grant"})
        self.tokens += 1
        return Response(200, {"access_token": f"token-{self.tokens}", "expires_in": 3599, "token_type": "Bearer"})

    def _start(self, request: Request) -> Response:
        if self.refuse_start is not None:
            return self.refuse_start
        assert request.path == PATH
        assert request.query == {"uploadType": "resumable", "part": "snippet,status"}
        upload = uuid.uuid4().hex
        size = int(request.headers["x-upload-content-length"])
        self.uploads[upload] = {"body": b"", "size": size, "video": request.json,
                                "mime": request.headers["x-upload-content-type"]}  # fmt: skip
        return Response(200, b"", {"Location": self._address(upload)})

    def _address(self, upload: str) -> str:
        return f"{self.url}{PATH}?uploadType=resumable&upload_id={upload}"

    def _put(self, request: Request) -> Response:
        upload = self.uploads.get(request.query.get("upload_id", ""))
        if upload is None:
            return Response(404, error(404, "notFound", "upload not found"))
        span, size = request.headers["content-range"].removeprefix("bytes ").split("/")
        assert int(size) == upload["size"]
        if span != "*":
            first, last = map(int, span.split("-"))
            assert len(request.body) == last - first + 1
            assert (last + 1) % 262_144 == 0 or last + 1 == upload["size"], "a piece of an odd length"
            if first != len(upload["body"]):
                return Response(400, error(400, "badRequest", "Invalid range"))
            upload["body"] += request.body
        if self.silent:
            upload["body"], self.silent = b"", False
        return self._state(request.query["upload_id"], upload)

    def _state(self, name: str, upload: dict[str, Any]) -> Response:
        if len(upload["body"]) == upload["size"]:
            if "id" not in upload:
                upload["id"] = f"vid{len(self.videos)}"
                self.videos.append(upload)
            status = upload["video"]["status"] | {"uploadStatus": "uploaded"}
            return Response(200, {"id": upload["id"], "snippet": upload["video"]["snippet"], "status": status})
        headers = {"Range": f"bytes=0-{len(upload['body']) - 1}"} if upload["body"] else {}
        if self.move_next:
            moved, self.move_next = uuid.uuid4().hex, False
            self.uploads[moved] = self.uploads.pop(name)
            headers["Location"] = self._address(moved)
        return Response(308, b"", headers)


def error(code: int, reason: str, message: str) -> dict[str, Any]:
    rows = [{"domain": "youtube", "reason": reason, "message": message}]
    return {"error": {"code": code, "message": message, "errors": rows}}
