"""How a writer can fail, and whether that is billed."""

from typing import TYPE_CHECKING, Any

from vibeboard.domain.errors import VibeBoardError

if TYPE_CHECKING:
    from vibeboard.providers.words.messages import Usage


class WordsFailed(VibeBoardError):
    """A writer gave no usable answer.

    usage: the tokens its vendor counted, which are billed; None when nothing was taken. unknown: the call went out and
    no answer came, so that it counts as billed until somebody says otherwise.
    """

    status, code, title = 502, "WRITER_FAILED", "The writer failed"

    def __init__(
        self, detail: str, *, fix: str, code: str, usage: "Usage | None" = None, unknown: bool = False, **extra: Any
    ) -> None:
        super().__init__(detail, fix=fix, code=code, **extra)
        self.usage, self.unknown = usage, unknown
        self.status = _STATUS.get(code, 502)


_STATUS = {"WRITER_REFUSED": 422, "WRITER_BUSY": 503}
