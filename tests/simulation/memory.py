"""The table in memory: what `store.table.Table` promises, serialisable because no operation is ever interrupted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from vibeboard.store.table import (
    Action,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Put,
    TransactionRefused,
    Update,
)

_MISSING = object()


def stored(value: Any) -> Any:
    """A copy as DynamoDB would give it back: no None, lists for tuples, whole floats as integers."""
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is dict:
        return {name: stored(inner) for name, inner in value.items() if inner is not None}
    if kind is list or kind is tuple:
        return [stored(inner) for inner in value]
    if kind is float:
        return int(value) if value.is_integer() else value
    raise TypeError(f"{kind.__name__} does not go into the table")


def holds(condition: ConditionBase | None, item: Item | None) -> bool:
    """Whether a boto3 condition holds for what stands there. A comparison with a missing attribute is false, but <>."""
    if condition is None:
        return True
    parts = condition.get_expression()
    operator, values = parts["operator"], parts["values"]
    if operator == "AND":
        return all(holds(value, item) for value in values)
    if operator == "OR":
        return any(holds(value, item) for value in values)
    if operator == "NOT":
        return not holds(values[0], item)
    subject = (item or {}).get(_name(values[0]), _MISSING)
    if operator == "attribute_exists":
        return subject is not _MISSING
    if operator == "attribute_not_exists":
        return subject is _MISSING
    wanted = values[1]
    if operator == "<>":
        return bool(subject != wanted)
    if subject is _MISSING:
        return False
    match operator:
        case "=":
            return bool(type(subject) is type(wanted) or _number(subject, wanted)) and bool(subject == wanted)
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, subject, wanted)
        case "IN":
            return subject in wanted
        case "begins_with":
            return isinstance(subject, str) and subject.startswith(wanted)
        case "contains":
            return wanted in subject
    raise NotImplementedError(f"condition {operator}")


def _name(attribute: Any) -> str:
    assert isinstance(attribute, Attr)
    return str(attribute.name)


def _number(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    if not (_number(left, right) or type(left) is type(right)):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def held(items: Iterable[Item]) -> int:
    """Micro-dollars that open jobs and batches hold."""
    total = 0
    for item in items:
        hold = item.get("hold")
        if hold == "RESERVED":
            total += item["amount"]
        elif isinstance(hold, int):
            total += hold
    return total


class MemoryTable:
    """Items by (PK, SK). What goes in is copied whole, what comes out at its top, for nobody changes what is inside."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def get(self, key: Mapping[str, Any]) -> Item | None:
        found = self.items.get((key["PK"], key["SK"]))
        return None if found is None else dict(found)

    def peek(self, key: tuple[str, str]) -> Item:
        """The live item, for checks that only look."""
        return self.items[key]

    def holds(self, partition: str) -> int:
        """What jobs and batches of a project hold, for the check after every step."""
        return held(item for (pk, _), item in self.items.items() if pk == partition)

    def query_index(self, partition: str, prefix: str = "", *, limit: int | None = None) -> list[Item]:
        found = [
            item
            for item in self.items.values()
            if item.get("GSI1PK") == partition and item.get("GSI1SK", "").startswith(prefix)
        ]
        found.sort(key=lambda item: (item["GSI1SK"], item["SK"]))
        return [dict(item) for item in found[:limit]]

    def query(
        self, partition: str, prefix: str = "", *, limit: int | None = None, newest_first: bool = False, **_: Any
    ) -> list[Item]:
        found = [key for key in self.items if key[0] == partition and key[1].startswith(prefix)]
        return [dict(self.items[key]) for key in sorted(found, reverse=newest_first)[:limit]]

    def batch_get(self, wanted: Sequence[Mapping[str, Any]]) -> list[Item | None]:
        return [self.get(key) for key in wanted]

    def write(self, action: Put | Update | Delete) -> Item:
        key = _key(action)
        old = self.items.get(key)
        if not holds(action.condition, old):
            raise ConditionFailed(dict(old) if old is not None else None)
        new = _applied(action, old)
        if new is None:
            self.items.pop(key, None)
            new = old or {}
        else:
            self.items[key] = new
        answer: Item = action.item if isinstance(action, Put) else dict(new)
        return answer

    def transact(self, actions: Sequence[Action]) -> None:
        touched = [_key(action) for action in actions]
        assert len(set(touched)) == len(touched) <= 100, "DynamoDB refuses this transaction"
        failed = [
            not holds(action.condition, self.items.get(key)) for action, key in zip(actions, touched, strict=True)
        ]
        if any(failed):
            standing = [self.items.get(key) if bad else None for bad, key in zip(failed, touched, strict=True)]
            raise TransactionRefused(failed, [dict(item) if item is not None else None for item in standing])
        for action, key in zip(actions, touched, strict=True):
            if not isinstance(action, Check):
                new = _applied(action, self.items.get(key))
                if new is None:
                    self.items.pop(key, None)
                else:
                    self.items[key] = new

    def everything(self) -> Iterable[Item]:
        return [self.items[key] for key in sorted(self.items)]


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
            new[name] = stored(value)
    for name, amount in action.add.items():
        new[name] = new[name] + amount  # KeyError, as DynamoDB refuses a path that is not there
    for name in action.remove:
        new.pop(name, None)
    return new
