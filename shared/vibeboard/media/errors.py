"""What goes wrong with media, said so that a person can act on it."""

from typing import Any

from vibeboard.domain.errors import VibeBoardError


class MediaError(VibeBoardError):
    """A media file or a media tool that failed. `what` happened to which file, `why`, and what to do (`fix`)."""

    status, code, title = 422, "MEDIA_FAILED", "The media cannot be used"

    def __init__(self, code: str, what: str, why: str = "", fix: str = "", **extra: Any) -> None:
        super().__init__(f"{what}: {why}" if why else what, fix=fix, code=code, **extra)
        self.what = what
        self.why = why
