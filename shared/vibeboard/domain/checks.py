"""One finding of a verification, whatever was verified."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was measured (`value`) and, when it failed, why."""

    name: str
    ok: bool
    value: str = ""
    reason: str = ""
