"""The time of the job protocol, in one place, so that leases can be tested with clocks that disagree."""

import time
from datetime import UTC, datetime


def seconds() -> float:
    """Unix time."""
    return time.time()


def stamp() -> str:
    """The same moment in the SOP's form, with milliseconds."""
    return datetime.fromtimestamp(seconds(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(at: str) -> float:
    """Seconds since a stamp."""
    return seconds() - datetime.fromisoformat(at).timestamp()
