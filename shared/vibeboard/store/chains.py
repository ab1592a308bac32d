"""Scene chains, their segments and takes. A lock is decided inside the write; `lockRev` on the chain lets a batch of
any size check all its shots' locks with one condition.

What a shot is and where it stands are kept apart: the chain holds the order as one list of segment ids, so inserting,
deleting and reordering are one conditional write each, at any length. `orderIndex` is read from it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Busy, NotFound, StaleRevision
from vibeboard.domain.gates import GateRefused, evaluate
from vibeboard.store import keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Action, Check, Delete, Item, Put, TransactionRefused, Update, table

UNLOCKED = Attr("lockedAt").not_exists()
PICTURE_OPEN = Attr("pictureLockedAt").not_exists()
WRITES_PER_TRANSACTION = 90  # of DynamoDB's 100 actions; the rest are the chain, its audit row and guards
ORDER_ATTEMPTS = 8
_SHOT = re.compile(r"_SH(\d+)$")


def put_chain(project_id: str, chain: Item, actor: str) -> Item:
    item = _chain_item(project_id, chain, [])
    created = audit_action(project_id, actor=actor, act="chain.create", chainId=chain["id"])
    table().transact([Put(item, NEW), created, *freeze_bible(project_id, chain)])
    return item


def put_chains(project_id: str, plan: Sequence[tuple[Item, list[Item]]], actor: str) -> None:
    """New chains with their segments, as many in one transaction as fit. Raises TransactionRefused when any of a
    transaction is there already.

    A chain that fits into no transaction is made first and its segments after.
    """
    batch: list[Action] = []
    for chain, segments in plan:
        whole = len(segments) <= WRITES_PER_TRANSACTION
        inside = segments if whole else []
        actions: list[Action] = [
            Put(_chain_item(project_id, chain, [segment["id"] for segment in inside]), NEW),
            audit_action(project_id, actor=actor, act="chain.create", chainId=chain["id"]),
            *(Put(item, NEW) for item in _segment_items(project_id, chain["id"], inside)),
        ]
        if batch and len(batch) + len(actions) > WRITES_PER_TRANSACTION:
            table().transact(batch)
            batch = []
        batch += actions if batch else [*actions, *freeze_bible(project_id, chain)]
        if not whole:
            table().transact(batch)
            batch = []
            put_segments(project_id, chain["id"], segments)
    if batch:
        table().transact(batch)


def _chain_item(project_id: str, chain: Item, order: list[str]) -> Item:
    item: Item = {**keys.chain(project_id, chain["id"]), **chain, "projectId": project_id, "rev": 1, "lockRev": 0}
    return item | {"segmentOrder": order, "createdAt": now()}


def _segment_items(project_id: str, chain_id: str, segments: Sequence[Item]) -> list[Item]:
    """As they are stored: without a place, for the chain holds the order."""
    return [
        {
            **keys.segment(project_id, chain_id, segment["id"]),
            **{name: value for name, value in segment.items() if name != "orderIndex"},
            "projectId": project_id,
            "sceneChainId": chain_id,
            "rev": 1,
        }
        for segment in segments
    ]


def freeze_bible(project_id: str, chain: Item) -> list[Action]:
    """The first chain that uses the Style Bible freezes it, in the transaction that makes the chain."""
    look = chain.get("look", {})
    if not look.get("styleBibleId"):
        return []
    standing = table().get(keys.bible(project_id)) or {}
    change = {"frozenAt": standing.get("frozenAt") or now(), "frozenBy": standing.get("frozenBy") or chain["id"]}
    unmoved = EXISTS & Attr("version").eq(look.get("styleBibleVersion", standing.get("version")))
    return [Update(keys.bible(project_id), set=change, condition=unmoved)]


def put_segments(
    project_id: str, chain_id: str, segments: list[Item], chain: Item | None = None, standing: Sequence[Item] = ()
) -> list[Item]:
    """Add segments to a chain, each at its orderIndex or at the end, once per id (a repeat changes nothing).

    chain, standing: the chain and its segments as they were read, if they were.
    Raises NotFound, GateRefused on picture lock.
    """
    items = _segment_items(project_id, chain_id, segments)
    for start in range(0, len(items), WRITES_PER_TRANSACTION):
        fresh = items[start : start + WRITES_PER_TRANSACTION]
        wanted = segments[start : start + WRITES_PER_TRANSACTION]
        try:
            change_order(
                keys.chain(project_id, chain_id),
                lambda order, wanted=wanted: _with(order, wanted),  # type: ignore[misc]
                [Put(item, NEW) for item in fresh],
                chain=chain if not start else None,
                standing=[segment["id"] for segment in standing],
            )
        except TransactionRefused:
            continue  # they are there already
    return items


def _with(order: list[str], segments: Sequence[Item]) -> list[str]:
    for segment in segments:
        if segment["id"] not in order:
            index = segment.get("orderIndex")
            order.insert(len(order) if index is None else min(index, len(order)), segment["id"])
    return order


def change_order(
    key: keys.Key,
    change: Callable[[list[str]], list[str]],
    actions: Sequence[Action] = (),
    *,
    chain: Item | None = None,
    standing: Sequence[str] = (),
    rev: int | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write a chain's new order together with `actions`. `change` may be called again with a newer order.

    standing: ids in their order, for segments that were written without a place in the list. rev: the revision
    somebody wants to change. Raises NotFound, GateRefused on picture lock, StaleRevision,
    TransactionRefused when one of `actions` was refused (their positions begin at 1).
    """
    for _ in range(ORDER_ATTEMPTS):
        chain = chain or table().get(key)
        if chain is None or chain.get("pictureLockedAt"):
            raise picture_refusal(chain)
        if rev is not None and chain["rev"] != rev:
            raise stale_chain(chain, rev)
        listed = chain.get("segmentOrder", [])
        order = change([*listed, *(name for name in standing if name not in listed)])
        write = Update(
            key,
            set={"segmentOrder": order, "cutRev": chain.get("cutRev", 0) + 1, "updatedAt": now(), **(facts or {})},
            # a picture lock that has read the chain with other shots must not succeed
            add={"rev": 1, "lockRev": 1},
            condition=EXISTS & PICTURE_OPEN & Attr("rev").eq(chain["rev"]),
        )
        try:
            table().transact([write, *actions])
            return
        except TransactionRefused as refused:
            if not refused.failed[0]:
                raise
            chain = refused.items[0]
            if chain is None:
                raise picture_refusal(None) from refused
    raise Busy("Others change this chain at this very moment", fix="Send the same request again.")


def stale_chain(standing: Item, rev: int) -> StaleRevision:
    return StaleRevision(
        f"The scene chain is at revision {standing['rev']}, not {rev}",
        fix="Read it again and repeat your change.",
        currentRevision=standing["rev"],
    )


def remove_segment(
    chain: Item, segment: Item, extra: Sequence[Action], *, standing: Sequence[Item], numbers: int
) -> None:
    """Take a shot out of its chain; its takes and its bills stay on record. numbers: shot numbers given out so far.

    Raises GateRefused for a locked shot or picture, NotFound.
    """
    project_id, chain_id = chain["projectId"], chain["id"]
    flags = table().query(f"PROJECT#{project_id}", f"EXCEPTION#{segment['id']}#")
    shot = Delete(keys.segment(project_id, chain_id, segment["id"]), EXISTS & UNLOCKED)
    rest: list[Action] = [Delete({"PK": row["PK"], "SK": row["SK"]}) for row in flags[:WRITES_PER_TRANSACTION]]
    without = lambda order: [name for name in order if name != segment["id"]]  # noqa: E731
    try:
        change_order(
            keys.chain(project_id, chain_id),
            without,
            [shot, *rest, *extra],
            chain=chain,
            standing=[other["id"] for other in standing],
            facts={"shots": numbers},
        )
    except TransactionRefused as refused:
        if refused.failed[1]:
            raise segment_refusal(refused.items[1]) from refused
        raise


def next_shot_number(chain: Item, segments: list[Item]) -> int:
    """A number no shot of this chain has or had: names stay with their shots wherever these are moved."""
    taken = [int(found[1]) for segment in segments if (found := _SHOT.search(str(segment.get("shotName", ""))))]
    return max([int(chain.get("shots", 0)), len(segments), *taken]) + 1


def picture_refusal(chain: Item | None) -> NotFound | GateRefused:
    if chain is None:
        return NotFound("No such scene chain")
    return GateRefused(evaluate("pictureLock", {"locked": True, "lockedAt": chain.get("pictureLockedAt")}))


def chains_of(project_id: str) -> list[tuple[Item, list[Item]]]:
    """Every chain with its segments, both by orderIndex, in one query."""
    rows = table().query(f"PROJECT#{project_id}", "CHAIN#")
    chains = [row for row in rows if "#SEG#" not in row["SK"]]
    by_chain: dict[str, list[Item]] = {chain["id"]: [] for chain in chains}
    for row in rows:
        if "#SEG#" in row["SK"]:
            by_chain.setdefault(row["sceneChainId"], []).append(row)
    ordered = sorted(chains, key=lambda chain: (chain["orderIndex"], chain["id"]))
    return [(chain, in_order(chain, by_chain[chain["id"]])) for chain in ordered]


def in_order(chain: Item, segments: list[Item]) -> list[Item]:
    """The segments as the chain orders them, each with its `orderIndex`."""
    place = {name: index for index, name in enumerate(chain.get("segmentOrder", []))}
    rows = sorted(segments, key=lambda s: (place.get(s["id"], len(place)), s.get("orderIndex", 0), s["id"]))
    return [row | {"orderIndex": index} for index, row in enumerate(rows)]


def with_previous(segments: list[Item]) -> list[tuple[Item | None, Item]]:
    """Each segment with the one before it."""
    return [(segments[index - 1] if index else None, segment) for index, segment in enumerate(segments)]


def read_chain(project_id: str, chain_id: str) -> tuple[Item, list[Item]]:
    """One chain and its segments in order, in one query. Raises NotFound."""
    rows = table().query(f"PROJECT#{project_id}", f"CHAIN#{chain_id}")
    chain = next((row for row in rows if row["SK"] == f"CHAIN#{chain_id}"), None)
    if chain is None:
        raise NotFound("No such scene chain", fix="List the project's scene chains for their ids.")
    return chain, in_order(chain, [row for row in rows if row["SK"].startswith(f"CHAIN#{chain_id}#SEG#")])


def pick(segments: list[Item], segment_id: str) -> Item:
    found = next((segment for segment in segments if segment["id"] == segment_id), None)
    if found is None:
        raise NotFound("No such segment in this chain", fix="List the chain's segments for their ids.")
    return found


def update_segment(
    segment: Item,
    changes: dict[str, Any],
    *,
    rev: int | None = None,
    needs: str = "",
    extra: list[Action] | None = None,
) -> Item:
    """Change a segment. needs: "" | "shot" (refused when the shot is locked) | "picture" (refused on picture lock).

    Raises GateRefused with the lock's sentence, StaleRevision, NotFound.
    """
    project_id, chain_id = segment["projectId"], segment["sceneChainId"]
    condition: Any = EXISTS
    if rev is not None:
        condition = condition & Attr("rev").eq(rev)
    if needs == "shot":
        condition = condition & UNLOCKED
    present = {name: value for name, value in changes.items() if value is not None}
    gone = [name for name, value in changes.items() if value is None]
    write = Update(
        keys.segment(project_id, chain_id, segment["id"]),
        set=present | {"updatedAt": now()},
        add={"rev": 1},
        remove=gone,
        condition=condition,
    )
    actions: list[Action] = [write, *(extra or [])]
    if needs == "picture":
        actions.append(Check(keys.chain(project_id, chain_id), PICTURE_OPEN))
    try:
        table().transact(actions)
    except TransactionRefused as refused:
        if needs == "picture" and refused.failed[-1]:
            raise picture_refusal(refused.items[-1]) from refused
        if refused.failed[0]:
            raise segment_refusal(refused.items[0], rev) from refused
        raise
    return {name: value for name, value in (segment | changes).items() if value is not None} | {
        "rev": segment["rev"] + 1
    }


def segment_refusal(standing: Item | None, rev: int | None = None) -> NotFound | GateRefused | StaleRevision:
    """Why a write on a segment was refused, from what stands there."""
    if standing is None:
        return NotFound("No such segment")
    if standing.get("lockedAt"):
        facts = {"locked": True, "lockedBy": standing.get("lockedBy"), "lockedAt": standing["lockedAt"]}
        return GateRefused(evaluate("shotLock", facts))
    return StaleRevision(
        f"The segment is at revision {standing['rev']}, not {rev}",
        fix="Read it again and repeat your change.",
        currentRevision=standing["rev"],
    )


def update_chain(
    chain: Item, changes: dict[str, Any], *, condition: Any = EXISTS, extra: list[Action] | None = None
) -> Item:
    """Change a chain under a condition. Raises TransactionRefused (position 0 is the chain)."""
    present = {name: value for name, value in changes.items() if value is not None}
    gone = [name for name, value in changes.items() if value is None]
    write = Update(
        keys.chain(chain["projectId"], chain["id"]),
        set=present | {"updatedAt": now()},
        add={"rev": 1},
        remove=gone,
        condition=condition,
    )
    table().transact([write, *(extra or [])])
    return {name: value for name, value in (chain | changes).items() if value is not None} | {"rev": chain["rev"] + 1}


def takes_of(project_id: str, segment_id: str, kind: str = "") -> list[Item]:
    """Takes of a segment, oldest first. kind: first | last | clip | ""."""
    return table().query(f"PROJECT#{project_id}", f"TAKE#{segment_id}#{kind}")
