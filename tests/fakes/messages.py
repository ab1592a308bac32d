"""The Messages API as Anthropic and MiniMax speak it on the wire; unknown and missing fields are 400."""

import itertools
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import Fake, Request, Response

KEY = "sk-words"
SAMPLING = {"temperature", "top_p", "top_k"}
TOP_LEVEL = {
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "output_config",
    "thinking",
    "metadata",
}
UNSUPPORTED = {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern", "multipleOf"}
IGNORED_BY_MINIMAX = {"output_config"}


@dataclass
class Reply:
    """One prepared answer. content: what the model says, as JSON (or text as it is)."""

    content: Any
    stop_reason: str = "end_turn"
    sent: int = 1_200
    written: int = 800
    cache_read: int = 0
    cache_write: int = 0
    thinking: bool = True


@dataclass
class _Model:
    forced_tools: bool
    structured: bool
    sampling: bool


MODELS = {
    "claude-sonnet-5-5": _Model(forced_tools=False, structured=True, sampling=False),
    "MiniMax-M2.1": _Model(forced_tools=True, structured=False, sampling=True),
}


@dataclass
class FakeMessages(Fake):
    """Both vendors: MiniMax under /anthropic/v1/messages, Anthropic under /v1/messages."""

    replies: deque[Reply] = field(default_factory=deque)

    def __post_init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "BILLING": "live",
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_URL": self.url,
            "MINIMAX_API_KEY": KEY,
            "MINIMAX_URL": f"{self.url}/anthropic",
        }

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, in order."""
        return [request.json for request in self.log if request.path.endswith("/v1/messages")]

    def is_submission(self, request: Request) -> bool:
        return request.method == "POST"

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "authentication_error", "invalid bearer token")
        if request.path not in ("/v1/messages", "/anthropic/v1/messages"):
            return error(404, "not_found_error", "no such path")
        if "anthropic-version" not in request.headers:
            return error(400, "invalid_request_error", "anthropic-version: header is required")
        body = request.json
        fault = self._fault(body)
        if fault:
            return error(400, "invalid_request_error", fault)
        if body["model"] not in MODELS:
            return error(404, "not_found_error", f"model: {body['model']}")
        if not self.replies:
            return error(500, "api_error", "no reply was prepared")
        return self._speak(body, self.replies.popleft())

    def _fault(self, body: dict[str, Any]) -> str:
        missing = {"model", "max_tokens", "messages"} - body.keys()
        if missing:
            return f"{sorted(missing)[0]}: Field required"
        unknown = body.keys() - TOP_LEVEL - SAMPLING
        if unknown:
            return f"{sorted(unknown)[0]}: Extra inputs are not permitted"
        model = MODELS.get(body["model"])
        if model is None:
            return ""
        if not model.sampling and body.keys() & SAMPLING:
            return "sampling parameters are not supported by this model"
        if body["messages"][-1]["role"] != "user":
            return "assistant prefill is not supported by this model"
        if not model.forced_tools and body.get("tool_choice", {}).get("type") in ("tool", "any"):
            return "tool_choice: forced tool use is not supported by this model"
        if model.structured and "output_config" in body:
            return _schema_fault(body["output_config"]["format"]["schema"])
        return ""

    def _speak(self, body: dict[str, Any], reply: Reply) -> Response:
        text = reply.content if isinstance(reply.content, str) else json.dumps(reply.content)
        number = next(self.numbers)
        content: list[dict[str, Any]] = []
        if reply.thinking:
            content.append({"type": "thinking", "thinking": "", "signature": "c2ln"})
        stop = reply.stop_reason
        if (
            MODELS[body["model"]].forced_tools
            and body.get("tool_choice", {}).get("type") == "tool"
            and stop == "end_turn"
        ):
            tool = {
                "type": "tool_use",
                "id": f"toolu_{number}",
                "name": body["tool_choice"]["name"],
                "input": reply.content,
            }
            content.append(tool)
            stop = "tool_use"
        elif stop != "refusal":
            content.append({"type": "text", "text": text})
        message = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": reply.sent,
                "output_tokens": reply.written,
                "cache_read_input_tokens": reply.cache_read,
                "cache_creation_input_tokens": reply.cache_write,
            },
        }
        return Response(200, message, {"request-id": f"req_{number}"})


def error(status: int, kind: str, text: str, **headers: str) -> Response:
    """An error as the API words it."""
    body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_0"}
    return Response(status, body, {"request-id": "req_0"} | {name.replace("_", "-"): v for name, v in headers.items()})


def _schema_fault(node: Any, path: str = "schema") -> str:
    """The limits of structured output: objects are closed, every property is required, no numeric or length limits."""
    if isinstance(node, list):
        return next(filter(None, (_schema_fault(entry, path) for entry in node)), "")
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "object":
        if node.get("additionalProperties") is not False:
            return f"{path}: additionalProperties must be false"
        if set(node.get("required", [])) != set(node.get("properties", {})):
            return f"{path}: every property must be required"
        return next(filter(None, (_schema_fault(v, f"{path}.{k}") for k, v in node.get("properties", {}).items())), "")
    wrong = node.keys() & UNSUPPORTED
    if wrong:
        return f"{path}: {sorted(wrong)[0]} is not supported"
    return next(filter(None, (_schema_fault(value, f"{path}.{name}") for name, value in node.items())), "")
