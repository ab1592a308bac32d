"""The table in memory: what `store.table.Table` promises, serialisable because no operation is ever interrupted."""

import operator as operators
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from boto3.dynamodb.conditions import ConditionBase

from vibeboard.store.table import (
    Action,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Table,
    TransactionRefused,
    Update,
)

_MISSING = object()
_SCALARS = frozenset({str, int, bool})


def stored(value: Any) -> Any:
    """A copy as DynamoDB would give it back: no None, lists for tuples, whole floats as integers."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        return {
            name: inner if type(inner) in _SCALARS else stored(inner)
            for name, inner in value.items()
            if inner is not None
        }
    if kind is list or kind is tuple:
        return [stored(inner) for inner in value]
    if kind is float:
        return int(value) if value.is_integer() else value
    raise TypeError(f"{kind.__name__} does not go into the table")


def holds(condition: ConditionBase | None, item: Item | None) -> bool:
    """Whether a boto3 condition holds for what stands there. A comparison with a missing attribute is false, but <>."""
    if condition is None:
        return True
    operator: str = condition.expression_operator
    values: Any = condition._values  # type: ignore[attr-defined]
    if operator == "AND":
        return holds(values[0], item) and holds(values[1], item)
    if operator == "OR":
        return holds(values[0], item) or holds(values[1], item)
    if operator == "NOT":
        return not holds(values[0], item)
    subject = _MISSING if item is None else item.get(values[0].name, _MISSING)
    if operator == "attribute_exists":
        return subject is not _MISSING
    if operator == "attribute_not_exists":
        return subject is _MISSING
    wanted = values[1]
    if operator == "<>":
        return bool(subject != wanted)
    if subject is _MISSING:
        return False
    if operator == "=":
        return bool(subject == wanted) and (type(subject) is type(wanted) or _number(subject, wanted))
    compare = _ORDERS.get(operator)
    if compare:
        return (type(subject) is type(wanted) or _number(subject, wanted)) and bool(compare(subject, wanted))
    match operator:
        case "IN":
            return bool(subject in wanted)
        case "begins_with":
            return isinstance(subject, str) and subject.startswith(wanted)
        case "contains":
            return isinstance(subject, str | list) and wanted in subject
    raise NotImplementedError(f"condition {operator}")


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operators.lt, "<=": operators.le, ">": operators.gt, ">=": operators.ge,
}  # fmt: skip


def _number(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def held(items: Iterable[Item]) -> int:
    """Micro-dollars that open jobs and batches hold."""
    return sum(_hold(item) for item in items)


def _hold(item: Item | None) -> int:
    hold = item.get("hold") if item else None
    if hold == "RESERVED":
        return int(item["amount"]) if item else 0
    return hold if type(hold) is int else 0


class MemoryTable:
    """Items by (PK, SK). What goes in is copied whole, what comes out at its top, for nobody changes what is inside.

    Beside the items it keeps what the checks ask after every step: the index, and what each partition holds.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self._index: dict[str, dict[tuple[str, str], Item]] = {}
        self._holds: dict[str, int] = {}

    def get(self, key: Mapping[str, Any]) -> Item | None:
        found = self.items.get((key["PK"], key["SK"]))
        return None if found is None else dict(found)

    def peek(self, key: tuple[str, str]) -> Item:
        """The live item, for checks that only look."""
        return self.items[key]

    def holds(self, partition: str) -> int:
        """What jobs and batches of a project hold, for the check after every step."""
        return self._holds.get(partition, 0)

    def query_index(self, partition: str, prefix: str = "", *, limit: int | None = None) -> list[Item]:
        found = list(self._index.get(partition, {}).values())
        if prefix:
            found = [item for item in found if item["GSI1SK"].startswith(prefix)]
        found.sort(key=_in_index)
        return [dict(item) for item in found[:limit]]

    def query(
        self, partition: str, prefix: str = "", *, limit: int | None = None, newest_first: bool = False, **_: Any
    ) -> list[Item]:
        found = [key for key in self.items if key[0] == partition and key[1].startswith(prefix)]
        return [dict(self.items[key]) for key in sorted(found, reverse=newest_first)[:limit]]

    def batch_get(self, wanted: Sequence[Mapping[str, Any]]) -> list[Item | None]:
        return [self.get(key) for key in wanted]

    def read_ahead(self, key: Mapping[str, Any], likely: Sequence[Mapping[str, Any]]) -> Item | None:  # noqa: ARG002
        return self.get(key)

    def write(self, action: Put | Update | Delete) -> Item:
        key = _key(action)
        old = self.items.get(key)
        if not holds(action.condition, old):
            raise ConditionFailed(dict(old) if old is not None else None)
        new = _applied(action, old)
        self._stand(key, old, new)
        answer: Item = action.item if isinstance(action, Put) else dict(new or old or {})
        return answer

    def transact(self, actions: Sequence[Action]) -> None:
        touched = [_key(action) for action in actions]
        assert len(set(touched)) == len(touched) <= 100, "DynamoDB refuses this transaction"
        standing = [self.items.get(key) for key in touched]
        failed = [not holds(action.condition, old) for action, old in zip(actions, standing, strict=True)]
        if True in failed:
            found = zip(failed, standing, strict=True)
            raise TransactionRefused(failed, [dict(old) if bad and old is not None else None for bad, old in found])
        for action, key, old in zip(actions, touched, standing, strict=True):
            if not isinstance(action, Check):
                self._stand(key, old, _applied(action, old))

    def write_each(self, actions: Sequence[Action]) -> list[Action]:
        return Table.write_each(self, actions)  # type: ignore[arg-type]

    def _stand(self, key: tuple[str, str], old: Item | None, new: Item | None) -> None:
        if old is not None and "GSI1PK" in old:
            del self._index[old["GSI1PK"]][key]
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new
            if "GSI1PK" in new:
                self._index.setdefault(new["GSI1PK"], {})[key] = new
        change = _hold(new) - _hold(old)
        if change:
            self._holds[key[0]] = self._holds.get(key[0], 0) + change

    def everything(self) -> Iterable[Item]:
        return [self.items[key] for key in sorted(self.items)]


def _in_index(item: Item) -> tuple[str, str]:
    return item["GSI1SK"], item["SK"]


def _key(action: Action) -> tuple[str, str]:
    key = action.item if isinstance(action, Put) else action.key
    return key["PK"], key["SK"]


def _applied(action: Put | Update | Delete, old: Item | None) -> Item | None:
    if isinstance(action, Put):
        new: Item = stored(action.item)
        return new
    if isinstance(action, Delete):
        return None
    new = dict(old) if old is not None else dict(action.key)
    for name, value in action.set.items():
        if value is not None:
            new[name] = value if type(value) in _SCALARS else stored(value)
    for name, amount in action.add.items():
        new[name] = new[name] + amount  # KeyError, as DynamoDB refuses a path that is not there
    for name in action.remove:
        new.pop(name, None)
    return new
