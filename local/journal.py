"""What survives `kill -9`: each acknowledged DynamoDB write and S3 object.

One SQLite file (WAL) holds the items and the objects' descriptions; object bytes are files beside it, written
whole and renamed before the answer goes out. Nothing is flushed to the disk platter: the promise is about the
process dying, not the machine. Messages in flight and executions are not kept; the job reconciler takes over there.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.moto_tables import DYNAMODB_LOCK, item_key

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (tab TEXT, hash TEXT, range TEXT, body TEXT NOT NULL, PRIMARY KEY (tab, hash, range));
CREATE TABLE IF NOT EXISTS object (bucket TEXT, key TEXT, file TEXT NOT NULL, head TEXT NOT NULL,
                                   PRIMARY KEY (bucket, key));
"""
_READS = {
    "BatchGetItem", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "GetItem", "ListTables",
    "ListTagsOfResource", "Query", "Scan", "TransactGetItems", "DescribeEndpoints", "DescribeLimits",
}  # fmt: skip
_TABLE_CHANGES = {"CreateTable", "DeleteTable", "TagResource", "UntagResource", "UpdateContinuousBackups",
                  "UpdateTable", "UpdateTimeToLive"}  # fmt: skip


class Journal:
    """The stored state of one data folder. One process at a time may hold it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / "state.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def on_write(self, operation: str, request: dict[str, Any]) -> None:
        """Store the items a DynamoDB call touched. Called with the DynamoDB lock held, before the answer."""
        if operation in _READS or operation in _TABLE_CHANGES:
            return
        from moto.dynamodb.models.utilities import dynamo_json_dump

        with self._transaction() as db:
            for table, key in _touched(operation, request):
                item = table.get_item(*key)
                row = (table.name, *_texts(key))
                if item is None:
                    db.execute("DELETE FROM item WHERE tab = ? AND hash = ? AND range = ?", row)
                else:
                    body = dynamo_json_dump({name: value.to_json() for name, value in item.attrs.items()})
                    db.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", (*row, body))

    def put_object(self, bucket: str, key: str, file: str, head: dict[str, Any]) -> None:
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)", (bucket, key, file, json.dumps(head)))

    def delete_object(self, bucket: str, key: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM object WHERE bucket = ? AND key = ?", (bucket, key))

    def objects(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(bucket, key, file, head) of every stored object."""
        with self._lock:
            rows = self._db.execute("SELECT bucket, key, file, head FROM object ORDER BY bucket, key").fetchall()
        return [(bucket, key, file, json.loads(head)) for bucket, key, file, head in rows]

    def restore_items(self) -> int:
        """Put the stored items into moto's tables; items of tables the template no longer has stay stored."""
        from moto.dynamodb.models.table import Item

        tables = _backend().tables
        with self._lock:
            rows = self._db.execute("SELECT tab, body FROM item").fetchall()
        with DYNAMODB_LOCK:
            for name, body in rows:
                if (table := tables.get(name)) is None:
                    continue
                attributes = json.loads(body)
                hash_key, range_key = item_key(table, attributes) or (None, None)
                item = Item(hash_key, range_key, attributes)
                if table.has_range_key:
                    table.items[hash_key][range_key] = item
                else:
                    table.items[hash_key] = item
        return len(rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _backend() -> Any:
    from moto.dynamodb.models import dynamodb_backends

    from local import ACCOUNT, REGION

    return dynamodb_backends[ACCOUNT][REGION]


def _touched(operation: str, request: dict[str, Any]) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    tables = _backend().tables
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        acts = [(request["TableName"], request.get("Item") or request["Key"])]
    elif operation == "BatchWriteItem":
        acts = [
            (name, next(iter(entry.values())).get("Item") or next(iter(entry.values()))["Key"])
            for name, entries in request["RequestItems"].items()
            for entry in entries
        ]
    elif operation == "TransactWriteItems":
        acts = [
            (act["TableName"], act.get("Item") or act["Key"])
            for entry in request["TransactItems"]
            for act in entry.values()
        ]
    else:
        raise NotImplementedError(f"dynamodb:{operation} would not survive a restart: the journal does not know it")
    for name, attributes in acts:
        table = tables[name.rsplit("/", 1)[-1]]
        key = item_key(table, attributes)
        if key is None:
            raise ValueError(f"dynamodb:{operation} on {name}: no key")
        yield table, key


def _texts(key: tuple[Any, Any]) -> tuple[str, str]:
    first, second = (json.dumps(k.to_json()) if k is not None else "" for k in key)
    return first, second
