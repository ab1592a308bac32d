"""The one place that talks to DynamoDB: items in and out as plain Python, transactions with named actions.

Numbers: whole numbers come back as int, others as float. Money is always int (micro-dollars).
"""

import contextlib
import functools
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import boto3
from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError

from vibeboard.domain.errors import Busy, VibeBoardError
from vibeboard.store import keys
from vibeboard.store.keys import Key
from vibeboard.store.seen import Place, Seen, Unknown, seen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

CONFLICT_ATTEMPTS = 14  # tries of one transaction under contention; boto3 retries none of these
CONFLICT_BASE_SECONDS = 0.025
CONFLICT_CEILING_SECONDS = 1.0
TRANSACTION_ACTIONS = 100  # DynamoDB's limit
BATCH_KEYS = 100  # DynamoDB's limit for one batch of reads

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
_RETRYABLE = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}


NEW = Attr("PK").not_exists()
EXISTS = Attr("PK").exists()


class ConditionFailed(VibeBoardError):
    """A single write's condition did not hold. `item` is what stands there now (None if nothing)."""

    status, code = 409, "CONDITION_FAILED"

    def __init__(self, item: Item | None) -> None:
        super().__init__("The item was not in the expected state")
        self.item = item


class TransactionRefused(VibeBoardError):
    """A transaction's condition did not hold. failed[i]: action i refused; items[i]: what stood there."""

    status, code = 409, "CONDITION_FAILED"

    def __init__(self, failed: list[bool], items: list[Item | None]) -> None:
        super().__init__("The items were not in the expected state")
        self.failed = failed
        self.items = items


@dataclass(frozen=True)
class Put:
    item: Item
    condition: ConditionBase | None = None


@dataclass(frozen=True)
class Update:
    """Set, add to and remove attributes of one item. `add` takes numbers and needs the attribute to exist."""

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()
    condition: ConditionBase | None = None


@dataclass(frozen=True)
class Delete:
    key: Key
    condition: ConditionBase | None = None


@dataclass(frozen=True)
class Check:
    key: Key
    condition: ConditionBase


Action = Put | Update | Delete | Check


class Table:
    """Plain-Python access to the single table."""

    def __init__(self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get(self, key: Key) -> Item | None:
        memory, place = seen(), _place(key)
        if memory:
            with contextlib.suppress(Unknown):
                known = memory.get(place)
                return None if known is None else _load(known)
        raw = self.client.get_item(TableName=self.name, Key=_dump(key), ConsistentRead=True).get("Item")
        if memory:
            memory.read(place, raw)
        return _load(raw) if raw else None

    def batch_get(self, wanted: Sequence[Key]) -> list[Item | None]:
        """Items in the order asked for (at most BATCH_KEYS), None where there is none."""
        memory, found = seen(), dict[Place, dict[str, Any] | None]()
        missing: list[Key] = []
        for key in wanted:
            try:
                found[_place(key)] = (memory or Seen()).get(_place(key))
            except Unknown:
                missing.append(key)
        request: Any = {self.name: {"Keys": [_dump(key) for key in missing], "ConsistentRead": True}} if missing else {}
        while request:
            answer = self.client.batch_get_item(RequestItems=request)
            for raw in answer["Responses"].get(self.name, []):
                found[raw["PK"]["S"], raw["SK"]["S"]] = raw
            request = answer.get("UnprocessedKeys") or {}
        if memory:
            for key in missing:
                memory.read(_place(key), found.get(_place(key)))
        rows = [found.get(_place(key)) for key in wanted]
        return [None if raw is None else _load(raw) for raw in rows]

    def read_ahead(self, key: Key, likely: Sequence[Key]) -> Item | None:
        """An item, and in the same call what a request that remembers will most likely `get` next."""
        return self.batch_get([key, *likely] if seen() else [key])[0]

    def query(
        self,
        partition: str,
        prefix: str = "",
        *,
        limit: int | None = None,
        after: str = "",
        newest_first: bool = False,
        only: Sequence[str] = (),
    ) -> list[Item]:
        """Items of one partition whose SK begins with `prefix`, in SK order; `after` is an SK to go on from.

        only: the attributes wanted (`a.b` for one inside a map), when the items are large and most of them is not.
        """
        memory = seen()
        if memory:
            with contextlib.suppress(Unknown):
                rows = memory.query(partition, prefix)
                if newest_first:
                    rows.reverse()
                if after:
                    rows = [row for row in rows if (row["SK"]["S"] < after if newest_first else row["SK"]["S"] > after)]
                return [_load(row) for row in rows[:limit]]
        values = {":pk": {"S": partition}}
        condition = "PK = :pk"
        if prefix:
            condition += " AND begins_with(SK, :sk)"
            values[":sk"] = {"S": prefix}
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if only:
            parts = {part for path in only for part in path.split(".")}
            request["ExpressionAttributeNames"] = {f"#{part}": part for part in sorted(parts)}
            request["ProjectionExpression"] = ", ".join(".".join(f"#{p}" for p in path.split(".")) for path in only)
        if after:
            request["ExclusiveStartKey"] = {"PK": {"S": partition}, "SK": {"S": after}}
        found = self._pages(request, limit)
        if memory and limit is None and not after and not only:
            memory.read_whole(partition, prefix, found)
        return [_load(raw) for raw in found]

    def query_index(self, partition: str, prefix: str = "", *, limit: int | None = None) -> list[Item]:
        """Items of one GSI1 partition. Eventually consistent: never decide a gate from this."""
        values = {":pk": {"S": partition}}
        condition = "GSI1PK = :pk"
        if prefix:
            condition += " AND begins_with(GSI1SK, :sk)"
            values[":sk"] = {"S": prefix}
        request = {
            "TableName": self.name,
            "IndexName": keys.INDEX,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        return [_load(raw) for raw in self._pages(request, limit)]

    def _pages(self, request: dict[str, Any], limit: int | None) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        while True:
            if limit is not None:
                request["Limit"] = limit - len(items)
            answer = self.client.query(**request)
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(items) >= limit):
                return items
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, action: Put | Update | Delete) -> Item:
        """One conditional write. Returns the new item (the old one for Delete). Raises ConditionFailed."""
        request = {"TableName": self.name, **_request(action)}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            if isinstance(action, Put):
                self._retrying(lambda: self.client.put_item(**request))
                _note([action])
                return action.item
            if isinstance(action, Delete):
                answer = self._retrying(lambda: self.client.delete_item(**request, ReturnValues="ALL_OLD"))
                _note([action])
            else:
                answer = self._retrying(lambda: self.client.update_item(**request, ReturnValues="ALL_NEW"))
                if memory := seen():
                    memory.read(_place(action.key), answer["Attributes"])
            return _load(answer.get("Attributes", {}))
        except ClientError as error:
            _forget()
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                standing = cast(dict[str, Any], error.response).get("Item")
                raise ConditionFailed(_load(standing) if standing else None) from error
            raise

    def transact(self, actions: Sequence[Action]) -> None:
        """All actions or none. Conflicts are retried with full jitter; a failed condition raises TransactionRefused."""
        if len(actions) > TRANSACTION_ACTIONS:
            raise ValueError(f"{len(actions)} actions in one transaction; DynamoDB takes {TRANSACTION_ACTIONS}")
        items = [self._transact_item(action) for action in actions]
        for attempt in range(CONFLICT_ATTEMPTS):
            try:
                self.client.transact_write_items(TransactItems=cast(Any, items))
                _note(actions)
                return
            except ClientError as error:
                _forget()
                reasons = cast(list[dict[str, Any]], cast(Any, error.response).get("CancellationReasons") or [])
                codes = [reason.get("Code", "None") for reason in reasons]
                if "ConditionalCheckFailed" in codes:
                    raise TransactionRefused(
                        [code == "ConditionalCheckFailed" for code in codes],
                        [_load(reason["Item"]) if reason.get("Item") else None for reason in reasons],
                    ) from error
                if "TransactionConflict" not in codes and error.response["Error"]["Code"] not in _RETRYABLE:
                    raise
                self._back_off(attempt)
        raise Busy("The ledger is busy; nothing was written", fix="Send the same request again in a few seconds.")

    def write_each(self, actions: Sequence[Action]) -> list[Action]:
        """Writes that do not depend on each other, as many in one transaction as fit; one whose condition does not
        hold is left out. Returns those that were written."""
        written: list[Action] = []
        for start in range(0, len(actions), TRANSACTION_ACTIONS):
            part = list(actions[start : start + TRANSACTION_ACTIONS])
            while part:
                try:
                    self.transact(part)
                    written += part
                    break
                except TransactionRefused as refused:
                    part = [action for action, failed in zip(part, refused.failed, strict=True) if not failed]
        return written

    def _retrying(self, call: Callable[[], Any]) -> Any:
        for attempt in range(CONFLICT_ATTEMPTS):
            try:
                return call()
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"TransactionConflictException", *_RETRYABLE}:
                    raise
                self._back_off(attempt)
        raise Busy("The store is busy; nothing was written", fix="Send the same request again in a few seconds.")

    def _back_off(self, attempt: int) -> None:
        ceiling = min(CONFLICT_CEILING_SECONDS, CONFLICT_BASE_SECONDS * 2**attempt)
        self._sleep(random.uniform(0, ceiling))

    def _transact_item(self, action: Action) -> dict[str, Any]:
        kind = "ConditionCheck" if isinstance(action, Check) else type(action).__name__
        body = {"TableName": self.name, **_request(action)}
        body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return {kind: body}


def _place(key: Mapping[str, Any]) -> Place:
    return key["PK"], key["SK"]


def _note(actions: Sequence[Action]) -> None:
    memory = seen()
    if memory is None:
        return
    for action in actions:
        if isinstance(action, Put):
            memory.read(_place(action.item), _dump(action.item))
        elif isinstance(action, Delete):
            memory.read(_place(action.key), None)
        elif isinstance(action, Update):
            sets = {name: _serialize(_plain(value)) for name, value in action.set.items()}
            memory.changed(_place(action.key), sets, action.add, action.remove)


def _forget() -> None:
    if memory := seen():
        memory.forget()


def _request(action: Action) -> dict[str, Any]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    request: dict[str, Any] = {}
    if isinstance(action, Put):
        request["Item"] = _dump(action.item)
    else:
        request["Key"] = _dump(action.key)
    if action.condition is not None:
        built = ConditionExpressionBuilder().build_expression(action.condition)
        request["ConditionExpression"] = built.condition_expression
        names |= built.attribute_name_placeholders
        values |= {name: _serialize(_plain(value)) for name, value in built.attribute_value_placeholders.items()}
    if isinstance(action, Update):
        request["UpdateExpression"] = _update_expression(action, names, values)
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def _update_expression(action: Update, names: dict[str, str], values: dict[str, Any]) -> str:
    sets, removes = [], []
    for index, (name, value) in enumerate(action.set.items()):
        names[f"#s{index}"], values[f":s{index}"] = name, _serialize(_plain(value))
        sets.append(f"#s{index} = :s{index}")
    for index, (name, amount) in enumerate(action.add.items()):
        names[f"#a{index}"], values[f":a{index}"] = name, _serialize(amount)
        sets.append(f"#a{index} = #a{index} + :a{index}")
    for index, name in enumerate(action.remove):
        names[f"#r{index}"] = name
        removes.append(f"#r{index}")
    return " ".join(
        filter(None, ["SET " + ", ".join(sets) if sets else "", "REMOVE " + ", ".join(removes) if removes else ""])
    )


def _plain(value: Any) -> Any:
    """What boto3's serializer takes: floats become Decimal, tuples lists."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _python(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _python(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_python(inner) for inner in value]
    return value


def _dump(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(_plain(value)) for name, value in item.items() if value is not None}


def _load(raw: Mapping[str, Any]) -> Item:
    return {name: _python(_deserialize(value)) for name, value in raw.items()}


def public(item: Mapping[str, Any], hide: Iterable[str] = ()) -> Item:
    """An item without its keys, for an answer."""
    hidden = {"PK", "SK", "GSI1PK", "GSI1SK", "taskToken", *hide}
    return {name: value for name, value in item.items() if name not in hidden}


@functools.lru_cache
def table() -> Table:
    """The table of this deployment (environment TABLE_NAME), built at first use."""
    client = boto3.client("dynamodb", config=Config(retries={"mode": "standard", "max_attempts": 4}))
    return Table(client, os.environ[keys.TABLE_ENV])
