"""moto's DynamoDB as it has to be under threads: one call is one step; and at a speed that a film can bear.

Installed by `local.moto_fixes`; `tests/local/test_embedded_table.py` has the tests that fail without it.
"""

import base64
import copy
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol
from unittest.mock import patch

DYNAMODB_LOCK = threading.RLock()
"""Held for each DynamoDB call: one call is one step, as in DynamoDB."""
ITEM_BYTES = 405_000
"""The largest item, as moto has it (400 KB in AWS's own words)."""


class DynamoObserver(Protocol):
    """Told of each successful write while the lock is held."""

    def __call__(self, operation: str, request: dict[str, Any]) -> None: ...


def table_fixes(on_write: DynamoObserver | None) -> Iterator[Any]:
    import moto.dynamodb.models as models
    from moto.dynamodb.models.dynamo_type import DynamoType, Item
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler, DynamoResult

    call = DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with DYNAMODB_LOCK:
            response = call(self)
            if on_write is not None and response[0] == 200:
                on_write(self._get_action(), self.body)
            return response

    class Copies:
        """`copy` for the transaction code: tables are not copied, because `transact` restores what it touched."""

        @staticmethod
        def deepcopy(value: Any) -> Any:
            return value if isinstance(value, Table) else copy.deepcopy(value)

        copy = staticmethod(copy.copy)

    transact = models.DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = [(table, key, copy.deepcopy(table.get_item(*key))) for table, key in _touched(self, transact_items)]
        try:
            transact(self, transact_items)
        except BaseException:
            for table, (hash_key, range_key), item in before:
                _restore(table, hash_key, range_key, item)
            raise

    yield patch.object(DynamoHandler, "call_action", call_action)
    yield patch.object(DynamoResult, "execute_result", _written_at_once)
    yield patch.object(Table, "query", _narrowed(Table.query))
    yield patch.object(DynamoType, "size", _weighed)
    yield patch.object(DynamoType, "__deepcopy__", _cloned)
    yield patch.object(Item, "__init__", _item)
    yield patch.object(models, "copy", Copies)
    yield patch.object(models.DynamoDBBackend, "transact_write_items", transact_write_items)


def _written_at_once(self: Any, _context: Any) -> tuple[int, dict[str, str], str]:
    """Items are kept in their wire form; as shipped each value is looked up by its shape: nine tenths of a read."""
    body = json.dumps(self.result, default=_wire)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, body


def _wire(value: Any) -> str | float:
    """Binary values and the dates of table descriptions, as the protocol writes them."""
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(value).decode("ascii")


def _narrowed(query: Callable[..., Any]) -> Callable[..., Any]:
    """A query looks at its own partition and range; as shipped it sorts the table and weighs all of the partition."""

    def narrowed(self: Any, hash_key: Any, comparison: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        _limit, _start, _forward, _projections, index, *_ = args
        if index is None and self.range_key_attr:
            held = self.items.get(hash_key, {}).values()
            items = [item for item in held if not comparison or item.range_key.compare(comparison, values)]
        else:
            items = [item for part in self.items.values() for item in part.values()]
        self.all_items = lambda: items
        try:
            return query(self, hash_key, comparison, values, *args, **kwargs)
        finally:
            del self.all_items

    return narrowed


def _weighed(value: Any) -> int:
    """Bytes of a value. As shipped, each value in a map is made anew before it is weighed."""
    held, kind = value.value, value.type
    if kind == "S":
        return len(held) if held.isascii() else len(held.encode())
    if kind == "M":
        return sum(len(name.encode()) + _weighed(part) for name, part in held.items())
    if kind == "L":
        return sum(map(_weighed, held))
    if kind in ("SS", "NS", "BS"):
        return sum(len(part) for part in held)
    return 1 if isinstance(held, bool) else len(str(held)) if kind == "N" else len(held)


def _cloned(value: Any, _memo: Any = None) -> Any:
    """A copy that no change of the other can reach; values that are never changed in place are shared."""
    kind = value.type
    if kind == "M":
        held: Any = {name: _cloned(part) for name, part in value.value.items()}
    elif kind == "L":
        held = [_cloned(part) for part in value.value]
    elif kind in ("SS", "NS", "BS"):
        held = list(value.value)
    else:
        return value
    result = object.__new__(type(value))
    result.type, result.value = kind, held
    return result


def _item(self: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    """An item that is weighed once; as shipped all of it is weighed again for each attribute."""
    from moto.dynamodb.exceptions import ItemSizeTooLarge
    from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict

    self.hash_key, self.range_key = hash_key, range_key
    self.attrs = LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(self.attrs, name, DynamoType(value))
    if sum(len(name.encode()) + _weighed(value) for name, value in self.attrs.items()) > ITEM_BYTES:
        raise ItemSizeTooLarge


def _touched(backend: Any, transact_items: list[dict[str, Any]]) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    for action in transact_items:
        for operation in action.values():
            table = backend.tables.get(operation.get("TableName"))
            if table is not None and (key := item_key(table, operation.get("Item") or operation.get("Key") or {})):
                yield table, key


def item_key(table: Any, attributes: dict[str, Any]) -> tuple[Any, Any] | None:
    """(hash, range) of an item of a moto table as its DynamoTypes; None where a key attribute is missing."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    names = [table.hash_key_attr] + ([table.range_key_attr] if table.has_range_key else [])
    if any(name not in attributes for name in names):
        return None
    keys = [DynamoType(attributes[name]) for name in names]
    return keys[0], keys[1] if table.has_range_key else None


def _restore(table: Any, hash_key: Any, range_key: Any, item: Any) -> None:
    if table.has_range_key:
        if item is None:
            table.items.get(hash_key, {}).pop(range_key, None)
        else:
            table.items[hash_key][range_key] = item
    elif item is None:
        table.items.pop(hash_key, None)
    else:
        table.items[hash_key] = item
