"""YouTube Data API v3, resumable upload: start, send a piece, ask how far it came. One call each, none retried here.

The address of an upload in progress is a credential: whoever has it can write the video. It is kept apart
(store/secrets.py), stands in no error or log, and must lie with YouTube.
"""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from vibeboard.domain.errors import ProviderFailed
from vibeboard.providers import settings
from vibeboard.providers.http_client import trusted

UNIT = 262_144  # every piece but the last is a multiple of this
CHUNK_BYTES = 32 * UNIT
PATH = "/upload/youtube/v3/videos"
START_SECONDS, SEND_SECONDS = 30.0, 120.0
CATEGORY = "1"  # Film & Animation


class PublishFailed(ProviderFailed):
    """YouTube refused for good; `code` says why in our words."""

    code, title = "PUBLISH_REFUSED", "YouTube refused the film"


class Trouble(Exception):
    """A broken connection or a 5xx: ask how far it came, and go on. The text names no address."""


class SessionGone(Exception):
    """YouTube does not know this upload any more."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far an upload is: bytes held, a new address when YouTube moved it, the video once it is whole."""

    held: int = 0
    moved: str = ""
    video: dict[str, Any] | None = None


_REASONS = {  # YouTube's reason -> code, what it means, what to do
    "quotaExceeded": ("YOUTUBE_QUOTA", "The day's quota of the API project is used up",
                      "Publish again after midnight Pacific time."),
    "rateLimitExceeded": ("YOUTUBE_QUOTA", "Too many calls at once", "Publish again in a few minutes."),
    "uploadLimitExceeded": ("YOUTUBE_UPLOAD_LIMIT", "The channel may upload no more today", "Publish again tomorrow."),
    "invalidTitle": ("YOUTUBE_METADATA", "The title is refused", "Give another title."),
    "invalidDescription": ("YOUTUBE_METADATA", "The description is refused", "Give another description."),
    "invalidTags": ("YOUTUBE_METADATA", "The tags are refused", "Give other tags."),
    "youtubeSignupRequired": ("YOUTUBE_CHANNEL", "The account has no channel", "Make a channel for it first."),
    "forbidden": ("YOUTUBE_FORBIDDEN", "The account may not upload", "Check the token's scope youtube.upload."),
}  # fmt: skip


class YouTube:
    """A client of one channel. Raises NotSet when the deployment has no account."""

    def __init__(self) -> None:
        self._base = settings.get("YOUTUBE_URL")
        self._token_url = settings.get("YOUTUBE_TOKEN_URL")
        self._client_id = settings.secret("YOUTUBE_CLIENT_ID")
        self._client_secret = settings.secret("YOUTUBE_CLIENT_SECRET")
        self._refresh_token = settings.secret("YOUTUBE_REFRESH_TOKEN")
        self._token = ""
        for name in ("httpx", "httpcore"):  # their logs hold whole addresses
            logging.getLogger(name).setLevel(logging.WARNING)

    def start(self, video: dict[str, Any], size: int, mime: str) -> str:
        """Opens an upload; returns its address. Raises PublishFailed, Trouble."""
        status, headers, body = self._call(
            "POST",
            f"{self._base}{PATH}",
            params={"uploadType": "resumable", "part": "snippet,status"},
            headers={
                "Content-Type": "application/json; charset=UTF-8",
                "X-Upload-Content-Type": mime,
                "X-Upload-Content-Length": str(size),
            },
            content=json.dumps(video).encode(),
            timeout=START_SECONDS,
        )
        if status != 200:
            raise _refusal(status, body)
        return self._address(headers.get("location", ""), self._base)

    def send(self, address: str, offset: int, piece: bytes, size: int) -> Step:
        """Sends bytes from `offset`. Raises PublishFailed, Trouble, SessionGone."""
        span = f"bytes {offset}-{offset + len(piece) - 1}/{size}"
        return self._put(address, {"Content-Range": span}, piece, size)

    def ask(self, address: str, size: int) -> Step:
        """How far an upload came. Raises PublishFailed, Trouble, SessionGone."""
        return self._put(address, {"Content-Range": f"bytes */{size}"}, b"", size)

    def _put(self, address: str, headers: dict[str, str], piece: bytes, size: int) -> Step:
        status, answered, body = self._call("PUT", address, headers=headers, content=piece, timeout=SEND_SECONDS)
        if status in (200, 201):
            return Step(held=size, video=_json(body))
        if status in (404, 410):
            raise SessionGone
        if status != 308:  # here 308 means "go on", and is no redirect
            raise _refusal(status, body)
        found = re.fullmatch(r"bytes=0-(\d+)", answered.get("range", "").strip())
        moved = answered.get("location", "")
        held = int(found[1]) + 1 if found else 0  # no Range: nothing is held
        if held > size:
            raise Trouble("YouTube says it holds more than there is")
        return Step(held=held, moved=self._address(moved, address) if moved else "")

    def _address(self, location: str, base: str) -> str:
        """An upload's address, absolute. Raises PublishFailed for one that leads away from YouTube."""
        address = urljoin(base, location)
        ours, theirs = urlsplit(self._base), urlsplit(address)
        same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
        google = theirs.scheme == "https" and (theirs.hostname or "").endswith(".googleapis.com")
        if not location or not (same or google) or "@" in theirs.netloc:
            raise PublishFailed("YouTube named no address of its own to upload to", fix="Publish again.")
        return address

    def _call(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes,
        timeout: float,
        params: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        status, answered, body = self._once(method, url, headers, content, timeout, params)
        if status == 401:  # the token ran out on the way
            self._token = ""
            status, answered, body = self._once(method, url, headers, content, timeout, params)
        if status >= 500:
            raise Trouble(f"YouTube answered {status}")
        return status, answered, body

    def _once(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes,
        timeout: float,
        params: dict[str, str] | None,
    ) -> tuple[int, dict[str, str], bytes]:
        token = {"Authorization": f"Bearer {self._access()}"}
        return _http(method, url, headers | token, content, timeout, params)

    def _access(self) -> str:
        if not self._token:
            form = {
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "refresh_token": self._refresh_token,
                "grant_type": "refresh_token",
            }
            status, _, body = _http("POST", self._token_url, {}, form, START_SECONDS, None)
            if status >= 500:
                raise Trouble(f"The token service answered {status}")
            found = _json(body)
            if status != 200 or not found.get("access_token"):
                raise PublishFailed(
                    f"Google gives no token: {str(found.get('error', status))[:100]}",
                    code="YOUTUBE_TOKEN",
                    fix="Authorise the channel again and set YOUTUBE_REFRESH_TOKEN.",
                )
            self._token = str(found["access_token"])
        return self._token


def video_resource(
    title: str, description: str, tags: list[str], privacy: str, *, made_for_kids: bool
) -> dict[str, Any]:
    """The metadata of an upload. A generated film always says that it is synthetic."""
    return {
        "snippet": {"title": title, "description": description, "tags": tags, "categoryId": CATEGORY},
        "status": {
            "privacyStatus": privacy,
            "selfDeclaredMadeForKids": made_for_kids,
            "containsSyntheticMedia": True,
        },
    }


def _http(
    method: str,
    url: str,
    headers: dict[str, str],
    content: bytes | dict[str, str],
    timeout: float,
    params: dict[str, str] | None,
) -> tuple[int, dict[str, str], bytes]:
    import httpx

    form, raw = (content, None) if isinstance(content, dict) else (None, content)
    try:
        with httpx.Client(verify=trusted(), timeout=timeout, follow_redirects=False, trust_env=False) as client:
            answer = client.request(method, url, headers=headers, params=params, data=form, content=raw)
            return answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content
    except httpx.HTTPError as error:
        raise Trouble(f"The connection broke: {type(error).__name__}") from None  # its text may hold the address


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, body: bytes) -> PublishFailed:
    error = _json(body).get("error")
    stated = error if isinstance(error, dict) else {}
    rows = stated.get("errors")
    reason = str(rows[0].get("reason", "")) if isinstance(rows, list) and rows and isinstance(rows[0], dict) else ""
    code, told, fix = _REASONS.get(reason, ("PUBLISH_REFUSED", f"YouTube answered {status}", "Read what it says."))
    said = str(stated.get("message", ""))[:200]
    return PublishFailed(f"{told}{f' ({reason}: {said})' if reason or said else ''}", code=code, fix=fix)
