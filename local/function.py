"""A function of the template, and what one invocation of it gave."""

import json
from dataclasses import dataclass
from typing import Any

from local import ACCOUNT, REGION


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the template."""

    logical_id: str
    name: str
    handler: str
    timeout: float
    """Seconds."""
    memory: int
    """MB."""
    environment: dict[str, str]

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one invocation gave: the JSON payload, and whether it is an error."""

    payload: bytes
    failed: bool

    def value(self) -> Any:
        return json.loads(self.payload)


def failed(kind: str, message: str) -> Outcome:
    """An invocation that the service ended, not the handler."""
    body = {"errorType": kind, "errorMessage": message, "stackTrace": []}
    return Outcome(json.dumps(body).encode(), failed=True)


def timed_out(function: Function, request_id: str) -> Outcome:
    message = f"RequestId: {request_id} Error: Task timed out after {function.timeout:.2f} seconds"
    return failed("Sandbox.Timedout", message)
