"""Exit codes of the `vibeboard` command, and the failures that carry them (docs/reference/command.md)."""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    GATE_REFUSED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    PROVIDER_FAILED = 6
    VERIFICATION_FAILED = 7
    ENVIRONMENT = 8


class CommandFailed(Exception):
    """Ends the command: what went wrong, why, what to do next."""

    def __init__(self, code: Exit, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.code, self.what, self.why, self.fix = code, what, why, fix

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        rows = [self.what]
        if self.why:
            rows.append(f"  why: {self.why}")
        if self.fix:
            rows.append(f"  fix: {self.fix}")
        return rows


def exit_of(status: int) -> Exit:
    """The exit code that stands for an HTTP refusal."""
    if status in (402, 409, 403):
        return Exit.GATE_REFUSED
    if status in (412, 423):
        return Exit.CONFLICT
    if status == 404:
        return Exit.NOT_FOUND
    if status in (400, 401, 413, 422):
        return Exit.USAGE
    return Exit.PROVIDER_FAILED if status == 502 else Exit.UNEXPECTED
