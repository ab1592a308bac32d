"""The time of the job protocol, in one place, so that leases can be tested with clocks that disagree."""

import time
from datetime import UTC, datetime


def seconds() -> float:
    """Unix time."""
    return time.time()


def stamp() -> str:
    """The same moment in the SOP's form, with milliseconds."""
    return stamp_of(seconds())


def stamp_of(moment: float) -> str:
    """Unix time in the SOP's form."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(at: str) -> float:
    """Seconds since a stamp."""
    return seconds() - datetime.fromisoformat(at).timestamp()
