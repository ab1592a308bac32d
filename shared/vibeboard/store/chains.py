"""Scene chains, their segments and takes. A lock is decided inside the write; `lockRev` on the chain lets a batch of
any size check all its shots' locks with one condition."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import NotFound, StaleRevision
from vibeboard.domain.gates import GateRefused, evaluate
from vibeboard.store import keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Action, Check, Item, Put, TransactionRefused, Update, table

UNLOCKED = Attr("lockedAt").not_exists()
PICTURE_OPEN = Attr("pictureLockedAt").not_exists()


def put_chain(project_id: str, chain: Item, actor: str) -> Item:
    item: Item = {**keys.chain(project_id, chain["id"]), **chain, "projectId": project_id, "rev": 1, "lockRev": 0}
    item["createdAt"] = now()
    table().transact(
        [Put(item, NEW), audit_action(project_id, actor=actor, act="chain.create", chainId=chain["id"])],
    )
    return item


def put_segments(project_id: str, chain_id: str, segments: list[Item]) -> list[Item]:
    """Add segments to a chain, once per id (a repeat changes nothing)."""
    items: list[Item] = []
    for segment in segments:
        key = keys.segment(project_id, chain_id, segment["id"])
        items.append({**key, **segment, "projectId": project_id, "sceneChainId": chain_id, "rev": 1})
    for start in range(0, len(items), 90):
        fresh = items[start : start + 90]
        # A picture lock that has read the chain without these shots must not succeed with them.
        chain_exists = Update(keys.chain(project_id, chain_id), add={"lockRev": 1}, condition=EXISTS & PICTURE_OPEN)
        try:
            table().transact([chain_exists, *(Put(item, NEW) for item in fresh)])
        except TransactionRefused as refused:
            if refused.failed[0]:
                raise picture_refusal(refused.items[0]) from refused
    return items


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
    """By the chain's `segmentOrder` once an editor has set one (then `orderIndex` follows it), else by orderIndex."""
    placed = {name: index for index, name in enumerate(chain.get("segmentOrder", []))}
    ordered = sorted(segments, key=lambda s: (placed.get(s["id"], len(placed)), s["orderIndex"], s["id"]))
    return [segment | {"orderIndex": index} for index, segment in enumerate(ordered)] if placed else ordered


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
