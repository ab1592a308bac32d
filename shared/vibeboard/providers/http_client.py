"""One HTTP call to a vendor, as it happened: nothing is retried, redirected or guessed.

For a paid submission it matters how a call ended: `NeverSent` (no connection, so nothing was taken) against
`AnswerLost` (something may have been).
"""

import json
import ssl
from dataclasses import dataclass, field
from functools import cache
from typing import Any

SUBMIT_SECONDS = 20.0  # well under the submit function's timeout
ASK_SECONDS = 10.0
ANSWER_BYTES = 4 * 1024 * 1024


class NeverSent(Exception):
    """No connection was made; the vendor saw nothing."""


class AnswerLost(Exception):
    """The request went out, no readable answer came back."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]  # lower-case names
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def text(self) -> str:
        """What it says, short enough for a message: the `detail` or `error` of a JSON body, else its first words."""
        found = self.json()
        if isinstance(found, dict):
            said = found.get("detail") or found.get("error") or found.get("message") or found
            if isinstance(said, list) and said and isinstance(said[0], dict):
                said = "; ".join(str(row.get("msg", row)) for row in said[:3])
            return str(said)[:300]
        return self.body[:300].decode("utf-8", "replace")

    @property
    def retry_after(self) -> float:
        try:
            return max(1.0, min(3600.0, float(self.headers.get("retry-after", "30"))))
        except ValueError:
            return 30.0


@cache
def trusted() -> ssl.SSLContext:
    """The authorities a vendor's certificate may come from. Reading them takes longer than the call they serve."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def call(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    body: Any = None,
    params: dict[str, str] | None = None,
    timeout: float = ASK_SECONDS,
) -> Reply:
    """Make one call. Raises NeverSent or AnswerLost."""
    import httpx

    try:
        with (
            httpx.Client(
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
                transport=httpx.HTTPTransport(verify=trusted(), retries=0, trust_env=False),
            ) as client,
            client.stream(method, url, headers=headers, json=body, params=params) as answer,
        ):
            received = b""
            for chunk in answer.iter_bytes():
                received += chunk
                if len(received) > ANSWER_BYTES:
                    raise AnswerLost(f"{method}: the answer is larger than {ANSWER_BYTES} bytes")
            return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, received)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise NeverSent(f"{method}: {type(error).__name__}") from error
    except httpx.HTTPError as error:
        raise AnswerLost(f"{method}: {type(error).__name__}") from error
