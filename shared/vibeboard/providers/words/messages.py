"""One question to a writer over the Messages API: Claude by structured output, MiniMax by a tool it must call.

Exactly one answer is paid for: what surely was not taken (no connection, 429, 5xx) is asked again within the time
there is; a call that went out and was never answered is not.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from vibeboard.domain.pricing import price_text
from vibeboard.providers import settings
from vibeboard.providers.words.answers import wire_schema
from vibeboard.providers.words.asks import Ask
from vibeboard.providers.words.errors import WordsFailed

if TYPE_CHECKING:
    from anthropic.types import Message

TOTAL_SECONDS = 100.0  # of one question, retries included; under the functions' 120 s
CONNECT_SECONDS = 5.0
ATTEMPTS = 4
PARTS_AT_ONCE = 20
LONGEST_WAIT_SECONDS = 30.0  # a longer retry-after is not waited for
_TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
TOOL = "hand_in"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the vendor counted them."""

    sent: int
    written: int
    cache_read: int = 0
    cache_write: int = 0

    def cost(self, model: str) -> int:
        """Micro-dollars by the price table."""
        return price_text(model, self.sent, self.written, self.cache_read, self.cache_write)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.sent + other.sent,
            self.written + other.written,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )

    def to_dict(self) -> dict[str, int]:
        return {
            "sent": self.sent,
            "written": self.written,
            "cacheRead": self.cache_read,
            "cacheWrite": self.cache_write,
        }


@dataclass(frozen=True, slots=True)
class Written:
    """A writer's answer, validated, and what it took. reference: the vendor's id of the message."""

    answer: BaseModel
    usage: Usage
    model: str
    reference: str


class _Dialect(Protocol):
    key: str
    url: str

    def request(self, ask: Ask, model: str) -> dict[str, Any]: ...
    def reply(self, message: "Message") -> Any: ...


class _Claude:
    key, url = "ANTHROPIC_API_KEY", "ANTHROPIC_URL"

    def request(self, ask: Ask, model: str) -> dict[str, Any]:
        """Rules and material are marked for Anthropic's prompt cache: they come again with the next question."""
        cached = {"cache_control": {"type": "ephemeral"}}
        return {
            "model": model,
            "max_tokens": ask.max_tokens,
            "system": [{"type": "text", "text": ask.rules, **cached}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": ask.material, **cached},
                        {"type": "text", "text": ask.task},
                    ],
                }
            ],
            "output_config": {
                "effort": "medium",
                "format": {"type": "json_schema", "schema": wire_schema(ask.answer)},
            },
        }

    def reply(self, message: "Message") -> Any:
        """Blocks are told apart by type: thinking may come first."""
        return json.loads("".join(block.text for block in message.content if block.type == "text"))


class _MiniMax:
    key, url = "MINIMAX_API_KEY", "MINIMAX_URL"

    def request(self, ask: Ask, model: str) -> dict[str, Any]:
        tool = {"name": TOOL, "description": "Hand in the finished work.", "input_schema": wire_schema(ask.answer)}
        return {
            "model": model,
            "max_tokens": ask.max_tokens,
            "system": ask.rules,
            "messages": [{"role": "user", "content": f"{ask.material}\n\n{ask.task}"}],
            "tools": [tool],
            "tool_choice": {"type": "tool", "name": TOOL},
        }

    def reply(self, message: "Message") -> Any:
        used = [block.input for block in message.content if block.type == "tool_use" and block.name == TOOL]
        if len(used) != 1:
            raise ValueError(f"the tool was called {len(used)} times")
        return used[0]


_DIALECTS: dict[str, _Dialect] = {"anthropic": _Claude(), "minimax": _MiniMax()}


def write(
    provider: str,
    ask: Ask,
    model: str,
    *,
    seconds: float = TOTAL_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Written:
    """Ask a vendor. Raises WordsFailed: refused, truncated, unusable, busy, rejected or unanswered; NotSet."""
    dialect = _DIALECTS[provider]
    message = _send(dialect, dialect.request(ask, model), seconds, sleep)
    used = message.usage
    usage = Usage(
        used.input_tokens, used.output_tokens, used.cache_read_input_tokens or 0, used.cache_creation_input_tokens or 0
    )
    if message.stop_reason == "refusal":
        raise WordsFailed(
            "The writer refused this material",
            fix="Change the concept or the screenplay: the vendor's rules do not allow it as it is.",
            code="WRITER_REFUSED",
            usage=usage,
        )
    if message.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        raise WordsFailed(
            f"The answer was cut off after {usage.written} tokens",
            fix="Ask for fewer shots, or divide the screenplay.",
            code="ANSWER_TRUNCATED",
            usage=usage,
        )
    try:
        answer = ask.answer.model_validate(dialect.reply(message))
    except (ValidationError, ValueError) as fault:
        raise unusable(_faults(fault), usage) from fault
    return Written(answer, usage, model, message.id)


def write_parts(provider: str, asks: Sequence[Ask], model: str) -> tuple[list[Written], Usage]:
    """Ask for all parts of a film at once, so that it takes no longer than one. ([answers in order], their usage).

    Raises WordsFailed with the usage of all parts that were answered, so that they are billed.
    """

    def one(ask: Ask) -> Written | WordsFailed:
        try:
            return write(provider, ask, model)
        except WordsFailed as fault:
            return fault

    with ThreadPoolExecutor(min(len(asks), PARTS_AT_ONCE)) as pool:
        answers = list(pool.map(one, asks))
    usage = sum((answer.usage for answer in answers if answer.usage), Usage(0, 0))
    faults = [answer for answer in answers if isinstance(answer, WordsFailed)]
    if faults:
        worst = next((fault for fault in faults if fault.unknown), faults[0])
        worst.usage = usage if usage != Usage(0, 0) else None
        raise worst
    return [answer for answer in answers if isinstance(answer, Written)], usage


def unusable(why: str, usage: Usage | None) -> WordsFailed:
    """An answer that does not fit what was asked; it is billed."""
    return WordsFailed(f"The answer cannot be used: {why}", fix="Try again.", code="ANSWER_UNUSABLE", usage=usage)


def _faults(fault: Exception) -> str:
    """Where an answer is wrong; never its text."""
    if isinstance(fault, ValidationError):
        rows = fault.errors(include_input=False, include_url=False)[:3]
        return "; ".join(f"{'.'.join(str(part) for part in row['loc'])[:80]}: {row['type']}" for row in rows)
    return "it is no JSON of the agreed shape"


def _send(dialect: _Dialect, request: dict[str, Any], seconds: float, sleep: Callable[[float], None]) -> "Message":
    import anthropic
    import httpx2

    deadline = time.monotonic() + seconds
    key = settings.secret(dialect.key)
    with anthropic.Anthropic(api_key=key, base_url=settings.get(dialect.url), max_retries=0) as client:
        for attempt in range(1, ATTEMPTS + 1):
            left = deadline - time.monotonic()
            timeout = httpx2.Timeout(max(left, 1.0), connect=min(CONNECT_SECONDS, max(left, 1.0)))
            try:
                return _whole(client.messages.create(**request, timeout=timeout))
            except anthropic.APIStatusError as error:
                if error.status_code not in _TRY_AGAIN or error.response.headers.get("x-should-retry") == "false":
                    raise _rejected(error) from error
                wait, trouble = _wait(error, attempt), f"HTTP {error.status_code}"
            except anthropic.APIConnectionError as error:
                if not isinstance(error.__cause__, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)):
                    raise WordsFailed(
                        "The writer did not answer in time; the question counts as billed",
                        fix="Ask again. The amount is corrected when the bill says otherwise.",
                        code="OUTCOME_UNKNOWN",
                        unknown=True,
                    ) from error
                wait, trouble = _backoff(attempt), "no connection"
            except (anthropic.AnthropicError, ValueError) as error:
                raise _unreadable() from error
            if attempt == ATTEMPTS or wait > LONGEST_WAIT_SECONDS or time.monotonic() + wait > deadline:
                break
            sleep(wait)
    raise WordsFailed(
        f"The writer takes no questions right now ({trouble})",
        fix=f"Try again in {max(1, round(wait))} seconds; nothing was billed.",
        code="WRITER_BUSY",
        retryAfter=max(1, round(wait)),
    )


def _whole(message: Any) -> "Message":
    """The client takes any JSON for a message; only one with its usage can be read and billed."""
    if any(getattr(message, name, None) is None for name in ("content", "stop_reason", "usage", "id")):
        raise _unreadable()
    found: Message = message
    return found


def _unreadable() -> WordsFailed:
    return WordsFailed(
        "The writer's answer cannot be read; it counts as billed",
        fix="Ask again.",
        code="OUTCOME_UNKNOWN",
        unknown=True,
    )


def _wait(error: Any, attempt: int) -> float:
    """What the vendor asks for (retry-after-ms, retry-after), else half a second doubling."""
    headers = error.response.headers
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / scale)
        except (KeyError, ValueError):
            continue
    return _backoff(attempt)


def _backoff(attempt: int) -> float:
    return float(min(0.5 * 2 ** (attempt - 1), 8.0))


def _rejected(error: Any) -> WordsFailed:
    """A 4xx: our request, our key or our account; nothing is billed."""
    what = {401: "does not know our key", 402: "wants payment", 403: "does not allow this", 404: "has no such model"}
    said = what.get(error.status_code, f"refused the request (HTTP {error.status_code})")
    return WordsFailed(
        f"The writer {said}",
        fix="Check the writer's key, model and account in the settings.",
        code="WRITER_REJECTED",
        requestId=str(error.request_id or ""),
    )
