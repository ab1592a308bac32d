"""Takes (SOP steps 7 and 8): every generation is one, none is ever overwritten, and one of a kind is the shot's.

A take keeps everything its shot needs when it is chosen, so choosing an older one is the same write as making a new.
"""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, NotFound
from vibeboard.store import chains, exceptions, keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.chains import UNLOCKED
from vibeboard.store.table import EXISTS, Action, Item, TransactionRefused, Update, table

KINDS = ("first", "last", "clip")
_FRAME_FIELDS = (
    "takeId", "number", "model", "requestedModel", "reason", "intent", "seed", "promptDigest", "sourceTakeId",
    "continuity", "width", "height",
)  # fmt: skip
_CLIP_FIELDS = (
    "takeId", "number", "jobId", "frames", "samples", "width", "height", "quality", "model", "requestedModel", "seed",
    "operation", "madeOf",
)  # fmt: skip
_CLIP_KEYS = {
    "outputKey": "picture",
    "audioKey": "sound",
    "proxyKey": "proxy",
    "posterKey": "poster",
    "peaksKey": "peaks",
}


def standing(take: Item, at: str) -> dict[str, Any]:
    """What the shot carries of a take that is its own: {firstFrame} or {lastFrame}, or {clip, score, report …}."""
    if take["kind"] in ("first", "last"):
        frame = {name: take[name] for name in _FRAME_FIELDS if name in take} | {"key": take["frame"]}
        return {f"{take['kind']}Frame": frame, "updatedAt": at}
    clip = {name: take[name] for name in _CLIP_FIELDS if name in take}
    clip |= {name: take[field] for name, field in _CLIP_KEYS.items() if take.get(field)}
    report = take["report"]
    return {
        "updatedAt": at,
        "clip": clip | {"at": at},
        "score": report["score"],
        "dailies": report["status"],
        "report": report,
        "review": "pending",  # a review belongs to the take that was watched
    }


def put_in(take: Item, *, counter: str = "", good: str = "", at: str = "") -> list[Action]:
    """Make a take its shot's own; position 0 is the shot, which must be open. Its passes were of another take.

    counter: the shot's count of takes of this kind, for a take that has just been made: it takes its place only if no
    later one is there already, in whatever order two of them come in. good: where the last one that worked is noted.
    """
    key = keys.segment(take["projectId"], take["sceneChainId"], take["segmentId"])
    footage = take["kind"] == "clip"
    change = standing(take, at or take["createdAt"])
    condition = EXISTS & UNLOCKED
    if counter:
        change |= {name: take["number"] for name in (counter, good) if name}
        condition = condition & (Attr(counter).not_exists() | Attr(counter).lte(take["number"]))
    shot = Update(key, set=change, remove=["passes"] if footage else [], add={"rev": 1}, condition=condition)
    if not footage:
        return [shot]
    # Updates, not puts: when the shot was locked meanwhile only puts are kept, and its log must not change then.
    target = {"segmentId": take["segmentId"], "chainId": take["sceneChainId"]}
    log = exceptions.measured(take["projectId"], target, take["takeId"], take["number"], take["report"]["issues"])
    return [shot, *log]


def current(segment: Item, kind: str) -> str:
    """The id of the take that is the shot's own, "" while it has none."""
    field = "clip" if kind == "clip" else f"{kind}Frame"
    return str((segment.get(field) or {}).get("takeId", ""))


def named(rows: dict[str, Item], take_id: str) -> Item:
    """Raises NotFound for a take of another shot."""
    if take_id not in rows:
        raise NotFound("No such take of this shot", fix="List the shot's takes for their ids.")
    return rows[take_id]


def choose(segment: Item, take: Item, *, by: str, trace_id: str = "") -> None:
    """Make an earlier take the shot's own, with its audit row. Decided inside the write.

    Raises Conflict for a failed take or a render pass, GateRefused for a locked shot.
    """
    if take["kind"] not in KINDS:
        raise Conflict(f"A {take['kind']} is no take of the shot", code="NOT_A_TAKE", fix="Choose a frame or footage.")
    if take.get("status") == "failed":
        raise Conflict(
            "A failed take has no picture", code="TAKE_FAILED", fix="Choose another take, or generate a new one."
        )
    before = current(segment, take["kind"])
    if before == take["takeId"] and not segment.get("lockedAt"):
        return
    audit = audit_action(
        segment["projectId"],
        actor=by,
        act="take.choose",
        trace_id=trace_id,
        segmentId=segment["id"],
        kind=take["kind"],
        takeId=take["takeId"],
        before=before,
    )
    try:
        table().transact([*put_in(take, at=now()), audit])
    except TransactionRefused as refused:
        raise chains.segment_refusal(refused.items[0]) from refused
