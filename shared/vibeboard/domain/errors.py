"""One error base for everything VibeBoard refuses. `http/problems.py` turns it into an RFC 9457 problem."""

from typing import Any


class VibeBoardError(Exception):
    """A refusal that a person can act on.

    code: stable upper-case word, the problem's type. detail: what and why. fix: what to do next.
    extra: members merged into the problem document (JSON-safe).
    """

    status = 400
    code = "BAD_REQUEST"
    title = "The request cannot be carried out"

    def __init__(self, detail: str, *, fix: str = "", code: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix
        self.code = code or type(self).code
        self.extra = extra


class NotFound(VibeBoardError):
    """No such thing, or it belongs to a project the caller is no member of: both read the same."""

    status, code, title = 404, "NOT_FOUND", "Not found"


class Forbidden(VibeBoardError):
    status, code, title = 403, "ROLE_INSUFFICIENT", "Your role does not allow this"


class Unauthenticated(VibeBoardError):
    status, code, title = 401, "UNAUTHENTICATED", "Sign in first"


class Invalid(VibeBoardError):
    """A payload that breaks a rule. `errors` is a list of {field, message, fix}."""

    status, code, title = 422, "VALIDATION_FAILED", "The request has faults"

    def __init__(self, detail: str, *, field: str = "", fix: str = "", code: str | None = None, **extra: Any) -> None:
        if field:
            extra.setdefault("errors", [{"field": field, "message": detail, "fix": fix}])
        super().__init__(detail, fix=fix, code=code, **extra)


class Conflict(VibeBoardError):
    status, code, title = 409, "STATE_CONFLICT", "The present state does not allow this"


class StaleRevision(VibeBoardError):
    status, code, title = 412, "STALE_WRITE", "Somebody changed this since you read it"


class Busy(VibeBoardError):
    """The store kept refusing for contention; nothing was written. Try again."""

    status, code, title = 503, "BUSY", "Busy"


class ProviderFailed(VibeBoardError):
    status, code, title = 502, "PROVIDER_FAILED", "The engine failed"
