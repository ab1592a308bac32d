"""Edits of a chain's cut (SOP step 10): each one decided in one write with the chain's cut revision, and undoable.

The chain's `cutRev` counts its edits. An edit writes the new count, the revision row (what was, what is) and the
changed items in one transaction, under the condition that nobody edited or locked the picture since the chain was read.
An edit of more items than a transaction takes marks the chain as `cutting` in its first write and clears it in its
last; whoever comes upon the mark finishes that edit first, and a picture lock waits for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Busy, NotFound, StaleRevision
from vibeboard.store import chains, keys
from vibeboard.store.audit import now
from vibeboard.store.chains import PICTURE_OPEN
from vibeboard.store.table import EXISTS, Action, Check, Item, Put, TransactionRefused, Update, public, table

LEVELS = frozenset({"audioGain", "audioFadeIn", "audioFadeOut", "gain", "fadeIn", "fadeOut"})  # free under picture lock
NOTES = frozenset({"markers"})
ATTEMPTS = 6  # of an edit that somebody else's edit overtakes
ITEMS_PER_WRITE = 90
REVISIONS_SHOWN = 100

Fields = dict[str, Any]  # None takes a field away


@dataclass(frozen=True)
class Change:
    """What an edit sets. `segments` and `cues` by id."""

    act: str
    segments: dict[str, Fields] = field(default_factory=dict)
    cues: dict[str, Fields] = field(default_factory=dict)
    chain: Fields = field(default_factory=dict)

    @property
    def moves_picture(self) -> bool:
        """Whether a picture lock refuses it: everything but levels and notes."""
        named = {name for fields in (*self.segments.values(), *self.cues.values(), self.chain) for name in fields}
        return not named <= LEVELS | NOTES


@dataclass(frozen=True)
class Cut:
    """A chain with its segments in order and its cues, as one edit saw them."""

    chain: Item
    segments: list[Item]
    cues: list[Item]


Plan = Callable[[Cut], Change]


def read_cut(project_id: str, chain_id: str) -> Cut:
    """The chain's cut, after finishing an edit that was cut short. Raises NotFound."""
    chain, segments = chains.read_chain(project_id, chain_id)
    if "cutting" in chain:
        finish(chain)
        chain, segments = chains.read_chain(project_id, chain_id)
    return Cut(chain, segments, cues_of(project_id, chain_id))


def cues_of(project_id: str, chain_id: str = "") -> list[Item]:
    """Cues of a chain, or of the whole film, without those that were taken away."""
    rows = table().query(f"PROJECT#{project_id}", f"CUE#{chain_id}#" if chain_id else "CUE#")
    return sorted((row for row in rows if not row.get("removed")), key=lambda row: (row["at"], row["id"]))


def edit(project_id: str, chain_id: str, by: str, plan: Plan, *, segment_rev: tuple[str, int] | None = None) -> Cut:
    """Carry out what `plan` makes of the cut; planned anew when another edit came first. Returns the cut as it is now.

    `segment_rev`: a segment and the revision the caller saw of it. Raises GateRefused on picture lock, StaleRevision,
    NotFound, Busy when ATTEMPTS edits in a row came first, and whatever `plan` raises.
    """
    for _ in range(ATTEMPTS):
        cut = read_cut(project_id, chain_id)
        change = plan(cut)
        if not (change.segments or change.cues or change.chain):
            return cut
        if change.moves_picture and cut.chain.get("pictureLockedAt"):
            raise chains.picture_refusal(cut.chain)
        try:
            _write(cut, change, by, segment_rev)
        except TransactionRefused as refused:
            _explain(refused, change, segment_rev)
            continue
        return read_cut(project_id, chain_id)
    raise Busy("Others keep editing this chain; nothing was written", fix="Send the same request again.")


def _explain(refused: TransactionRefused, change: Change, segment_rev: tuple[str, int] | None) -> None:
    """Raises what no second attempt would mend."""
    standing = refused.items[0]
    if refused.failed[0]:
        if standing is None:
            raise NotFound("No such scene chain") from refused
        if change.moves_picture and standing.get("pictureLockedAt"):
            raise chains.picture_refusal(standing) from refused
        return
    if segment_rev and any(refused.failed[2:]):
        segment = next((item for item in refused.items[2:] if item), None)
        if segment and segment["rev"] != segment_rev[1]:
            raise StaleRevision(
                f"The segment is at revision {segment['rev']}, not {segment_rev[1]}",
                fix="Read it again and repeat your change.",
                currentRevision=segment["rev"],
            ) from refused


def _write(cut: Cut, change: Change, by: str, segment_rev: tuple[str, int] | None) -> None:
    chain, number = cut.chain, cut.chain.get("cutRev", 0) + 1
    segments = {segment["id"]: segment for segment in cut.segments}
    cues = {cue["id"]: cue for cue in cut.cues}
    row: Item = {
        **keys.cut_revision(chain["projectId"], chain["id"], number),
        "revision": number,
        "act": change.act,
        "by": by,
        "at": now(),
        "chain": _both(chain, change.chain),
        "segments": {name: _both(segments[name], fields) for name, fields in change.segments.items()},
        "cues": {name: _both(cues[name], fields) for name, fields in change.cues.items()},
    }
    seen = dict([segment_rev]) if segment_rev else {}
    writes = [
        _update(keys.segment(chain["projectId"], chain["id"], name), fields, seen.get(name))
        for name, fields in change.segments.items()
    ]
    writes += [_update(keys.cue(chain["projectId"], chain["id"], name), fields) for name, fields in change.cues.items()]
    long = len(writes) > ITEMS_PER_WRITE
    unmoved = Attr("cutRev").eq(number - 1) if number > 1 else Attr("cutRev").not_exists() | Attr("cutRev").eq(0)
    condition = EXISTS & unmoved & Attr("cutting").not_exists()
    if change.moves_picture:
        condition = condition & PICTURE_OPEN
    first = Update(
        keys.chain(chain["projectId"], chain["id"]),
        set={name: value for name, value in change.chain.items() if value is not None}
        | {"cutRev": number, "updatedAt": now()}
        | ({"cutting": number} if long else {}),
        add={"rev": 1},
        remove=[name for name, value in change.chain.items() if value is None],
        condition=condition,
    )
    table().transact([first, Put(row), *writes[:ITEMS_PER_WRITE]])
    if long:
        _finish(chain, number, writes[ITEMS_PER_WRITE:])


def _finish(chain: Item, number: int, writes: list[Update]) -> None:
    key = keys.chain(chain["projectId"], chain["id"])
    ours = EXISTS & Attr("cutting").eq(number)
    for start in range(0, len(writes), ITEMS_PER_WRITE):
        rest = writes[start : start + ITEMS_PER_WRITE]
        last = start + ITEMS_PER_WRITE >= len(writes)
        mark: Action = Update(key, remove=["cutting"], condition=ours) if last else Check(key, ours)
        table().transact([mark, *rest])


def finish(chain: Item) -> None:
    """Roll an edit forward that was cut short between its writes."""
    number = chain["cutting"]
    row = table().get(keys.cut_revision(chain["projectId"], chain["id"], number))
    if row is None:
        raise NotFound(f"Cut revision {number} is missing")
    writes = [
        _update(keys.segment(chain["projectId"], chain["id"], name), _side(both, "after"))
        for name, both in row["segments"].items()
    ]
    writes += [
        _update(keys.cue(chain["projectId"], chain["id"], name), _side(both, "after"))
        for name, both in row["cues"].items()
    ]
    try:
        _finish(chain, number, writes)
    except TransactionRefused as refused:
        if not refused.failed[0]:
            raise  # somebody else finished it: all is well


def _update(key: keys.Key, fields: Fields, seen: int | None = None) -> Update:
    return Update(
        key,
        set={name: value for name, value in fields.items() if value is not None} | {"updatedAt": now()},
        add={"rev": 1},
        remove=[name for name, value in fields.items() if value is None],
        condition=EXISTS if seen is None else EXISTS & Attr("rev").eq(seen),
    )


def _both(item: Item, fields: Fields) -> dict[str, Fields]:
    """Before and after, with every name: a field may be absent on a side."""
    before = {name: item[name] for name in fields if item.get(name) is not None}
    after = {name: value for name, value in fields.items() if value is not None}
    return {"before": before, "after": after, "names": dict.fromkeys(fields, True)}


def _side(both: dict[str, Any], side: str) -> Fields:
    return {name: both[side].get(name) for name in both["names"]}


def revisions(project_id: str, chain_id: str) -> list[Item]:
    """The chain's edits, newest first: {revision, act, by, at, chain, segments, cues} with before and after."""
    rows = table().query(f"PROJECT#{project_id}", f"CUT#{chain_id}#", newest_first=True, limit=REVISIONS_SHOWN)
    return [public(row) for row in rows]


def restore(project_id: str, chain_id: str, revision: int, by: str) -> Cut:
    """The cut as it was after `revision` (0: before the first edit), as one more edit that can be undone in turn.

    Takes are not edits: the shots keep the footage they have. Raises NotFound for a revision to come, GateRefused.
    """

    def plan(cut: Cut) -> Change:
        now_at = cut.chain.get("cutRev", 0)
        if not 0 <= revision <= now_at:
            raise NotFound(f"There is no cut revision {revision}", fix=f"The latest is {now_at}.")
        rows = table().query(f"PROJECT#{project_id}", f"CUT#{chain_id}#", newest_first=True)
        change = Change(f"restore {revision}")
        segments = {segment["id"] for segment in cut.segments}
        # A cue taken away since is not among the cut's: it is read back before it can be given back.
        for row in (row for row in rows if row["revision"] > revision):
            change.chain.update(_side(row["chain"], "before"))
            for name, both in row["segments"].items():
                if name in segments:
                    change.segments.setdefault(name, {}).update(_side(both, "before"))
            for name, both in row["cues"].items():
                change.cues.setdefault(name, {}).update(_side(both, "before"))
        known = {cue["id"] for cue in cut.cues}
        for name in change.cues.keys() - known:
            gone = table().get(keys.cue(project_id, chain_id, name))
            if gone:
                cut.cues.append(gone)
        return change

    return edit(project_id, chain_id, by, plan)
