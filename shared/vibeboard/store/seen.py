"""What one request has read and written, so that it asks the table for nothing twice.

A request's answer is about one moment anyway; whatever it decides is decided by the conditions of its writes. When one
of them does not hold, everything is forgotten and read again.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

Raw = dict[str, Any]  # an item as DynamoDB writes it
Place = tuple[str, str]  # partition and sort key


_seen: ContextVar["Seen | None"] = ContextVar("what this request has seen", default=None)


class Unknown(Exception):
    """Nothing is known about this: ask the table."""


class Seen:
    """Items by place (None: there is none), and which parts of which partitions are known whole."""

    def __init__(self) -> None:
        self._items: dict[Place, Raw | None] = {}
        self._whole: set[Place] = set()
        self._lost: set[Place] = set()  # changed in a way that only the table knows
        self.documents: dict[str, bytes] = {}  # JSON objects in S3 that this request wrote, by key

    def get(self, place: Place) -> Raw | None:
        """Raises Unknown."""
        if place in self._items:
            return self._items[place]
        if place not in self._lost and self._covers(*place):
            return None
        raise Unknown

    def query(self, partition: str, prefix: str) -> list[Raw]:
        """The items of a part that is known whole, in order. Raises Unknown."""
        if not self._covers(partition, prefix) or any(
            pk == partition and sk.startswith(prefix) for pk, sk in self._lost
        ):
            raise Unknown
        found = [
            (sk, raw) for (pk, sk), raw in self._items.items() if raw and pk == partition and sk.startswith(prefix)
        ]
        return [raw for _, raw in sorted(found, key=lambda pair: pair[0])]

    def _covers(self, partition: str, prefix: str) -> bool:
        return any(pk == partition and prefix.startswith(known) for pk, known in self._whole)

    def read(self, place: Place, raw: Raw | None) -> None:
        self._items[place] = raw
        self._lost.discard(place)

    def read_whole(self, partition: str, prefix: str, rows: Iterable[Raw]) -> None:
        """Everything there is under a prefix."""
        for place in [p for p in self._items if p[0] == partition and p[1].startswith(prefix)]:
            del self._items[place]
        for raw in rows:
            self.read((raw["PK"]["S"], raw["SK"]["S"]), raw)
        self._lost = {p for p in self._lost if not (p[0] == partition and p[1].startswith(prefix))}
        self._whole.add((partition, prefix))

    def changed(self, place: Place, sets: Mapping[str, Any], adds: Mapping[str, int], removes: Iterable[str]) -> None:
        """An update went through. `sets` as DynamoDB writes values."""
        standing = self._items.get(place)
        if not standing or any("N" not in standing.get(name, {}) for name in adds):
            self._items.pop(place, None)
            self._lost.add(place)
            return
        new = standing | dict(sets)
        new |= {name: {"N": str(Decimal(standing[name]["N"]) + amount)} for name, amount in adds.items()}
        self._items[place] = {name: value for name, value in new.items() if name not in set(removes)}

    def forget(self) -> None:
        self._items.clear()
        self._whole.clear()
        self._lost.clear()
        self.documents.clear()


def remember() -> None:
    """From here on this request (its context) asks for nothing twice."""
    _seen.set(Seen())


def seen() -> Seen | None:
    """What this request has seen; None where nobody remembers."""
    return _seen.get()
