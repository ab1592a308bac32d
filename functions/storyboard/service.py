"""Scene chains, segments and shot lock (SOP steps 6 and 9.5)."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Invalid
from vibeboard.domain.formats import ASPECT_RATIOS, exact_rate
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import new_id
from vibeboard.domain.prompts import parse_negative
from vibeboard.domain.timeline import check_trims
from vibeboard.film import editing
from vibeboard.film.continuity import rerun, stale_parts
from vibeboard.film.cut import clip_of
from vibeboard.film.locks import set_shot_lock
from vibeboard.film.look import look_of
from vibeboard.http.access import Caller
from vibeboard.store import chains, projects
from vibeboard.store.audit import audit_action
from vibeboard.store.chains import PICTURE_OPEN
from vibeboard.store.table import EXISTS, Item, TransactionRefused
from vibeboard.views import chain_view, segment_view

CUT = (
    "trimStart", "trimEnd", "audioTrimStart", "audioTrimEnd", "audioGain", "audioFadeIn", "audioFadeOut",
    "transition", "transitionSeconds",
)  # fmt: skip
WORDS = (
    "prompt", "negativePrompt", "firstFramePrompt", "lastFramePrompt", "duration", "intent", "characters", "props",
    "place",
)  # fmt: skip
COPIED = (*WORDS, "shotSize", "angle")


def list_chains(project_id: str) -> dict[str, Any]:
    return {"sceneChains": [chain_view(chain, segments) for chain, segments in chains.chains_of(project_id)]}


def create_chain(caller: Caller, body: dict[str, Any]) -> Item:
    """A new chain; picture format from the contract unless given. Raises Invalid for an unknown format."""
    project = projects.read(caller.project_id)
    contract = project["creativeContract"]
    aspect = body.get("aspectRatio") or contract.get("aspectRatio") or "16:9"
    if aspect not in ASPECT_RATIOS:
        raise Invalid(f"No aspect ratio {aspect}", field="aspectRatio", fix=f"One of {', '.join(ASPECT_RATIOS)}.")
    rate = body.get("frameRate") or contract.get("frameRate") or 24
    try:
        exact_rate(rate)
    except KeyError as error:
        raise Invalid(str(error.args[0]), field="frameRate", fix="Use a listed rate.") from error
    chain = {
        **body,
        "id": new_id("chn"),
        "aspectRatio": aspect,
        "frameRate": rate,
        "seed": project.get("seed", 0),
        "look": look_of(project),
    }
    return chain_view(chains.put_chain(caller.project_id, chain, caller.user), [])


def read_chain(project_id: str, chain_id: str) -> Item:
    chain, segments = chains.read_chain(project_id, chain_id)
    return chain_view(chain, segments)


def change_chain(caller: Caller, chain_id: str, changes: dict[str, Any], rev: int | None) -> Item:
    """Rename, reorder or style a chain. A set masterStyleContext stays (Style Lock); order needs an open picture."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    condition: Any = EXISTS
    if rev is not None:
        condition = condition & Attr("rev").eq(rev)
    if changes.get("masterStyleContext") is not None:
        if chain.get("masterStyleContext") != changes["masterStyleContext"]:
            enforce("styleLock", {"masterStyleContext": chain.get("masterStyleContext", "")})
        condition = condition & (
            Attr("masterStyleContext").eq("")
            | Attr("masterStyleContext").not_exists()
            | Attr("masterStyleContext").eq(changes["masterStyleContext"])
        )
    if "orderIndex" in changes:
        condition = condition & PICTURE_OPEN
    audit = audit_action(caller.project_id, actor=caller.user, act="chain.change", chainId=chain_id, changes=changes)
    try:
        return chain_view(chains.update_chain(chain, changes, condition=condition, extra=[audit]), segments)
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing and standing.get("pictureLockedAt") and "orderIndex" in changes:
            raise chains.picture_refusal(standing) from refused
        if standing and rev is not None and standing["rev"] != rev:
            raise chains.stale_chain(standing, rev) from refused
        if standing and changes.get("masterStyleContext") is not None:
            enforce("styleLock", {"masterStyleContext": standing.get("masterStyleContext", "")})
        raise


def add_segments(caller: Caller, chain_id: str, bodies: list[dict[str, Any]]) -> list[Item]:
    """Add shots at the end of a chain, or each at its orderIndex: what stands there moves on by one."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    for body in bodies:
        _check_words(body)
    fresh = named(chain, segments, bodies)
    chains.put_segments(caller.project_id, chain_id, fresh, chain, segments)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    stale = stale_parts(chain, segments)
    made = {segment["id"]: segment for segment in segments}
    return [segment_view(made[segment["id"]], stale) for segment in fresh]


def named(chain: Item, segments: list[Item], bodies: list[dict[str, Any]]) -> list[Item]:
    """New shots with an id and a name that no shot of the chain has."""
    scene = int(chain["sceneIndex"] if "sceneIndex" in chain else chain["orderIndex"]) + 1
    number = chains.next_shot_number(chain, segments)
    return [
        body | {"id": new_id("seg"), "shotName": f"SC{scene:02d}_SH{number + offset:02d}"}
        for offset, body in enumerate(bodies)
    ]


def read_segment(project_id: str, chain_id: str, segment_id: str) -> Item:
    chain, segments = chains.read_chain(project_id, chain_id)
    return segment_view(chains.pick(segments, segment_id), stale_parts(chain, segments))


def _check_words(changes: dict[str, Any]) -> None:
    try:
        parse_negative(changes.get("negativePrompt") or "")
    except ValueError as error:
        raise Invalid(str(error), field="negativePrompt", fix="Weigh a term from 0.1 to 2.0.") from error


def change_segment(caller: Caller, chain_id: str, segment_id: str, changes: dict[str, Any], rev: int | None) -> Item:
    """Words need an unlocked shot; trims and transitions an open picture and measured media; sound levels are free.

    Changed words answer with `staleness`: what no longer follows in the chain, and what a re-run would cost.
    """
    touches_words = any(name in changes for name in WORDS)
    if touches_words and any(name in changes for name in CUT):
        raise Invalid("Words and trims change in two requests", field="body", fix="Send the trims on their own.")
    if not touches_words:
        return _edit_segment(caller, chain_id, segment_id, changes, rev)
    _check_words(changes)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    if segment.get("lockedAt"):
        raise chains.segment_refusal(segment)
    updated = chains.update_segment(segment, changes, rev=rev, needs="shot")
    after = [updated if other["id"] == segment_id else other for other in segments]
    return segment_view(updated, stale_parts(chain, after)) | {"staleness": rerun(chain, after)}


def _edit_segment(caller: Caller, chain_id: str, segment_id: str, changes: dict[str, Any], rev: int | None) -> Item:
    def plan(cut: editing.Cut) -> editing.Change:
        segment = chains.pick(cut.segments, segment_id)
        if rev is not None and segment["rev"] != rev:
            raise chains.segment_refusal(segment | {"lockedAt": None}, rev)
        change = editing.Change("trim", {segment_id: changes} if changes else {})
        if change.moves_picture and cut.chain.get("pictureLockedAt"):
            raise chains.picture_refusal(cut.chain)
        check_trims(clip_of(cut.chain, segment | changes), exact_rate(cut.chain["frameRate"]))
        return change

    seen = (segment_id, rev) if rev is not None else None
    cut = editing.edit(caller.project_id, chain_id, caller.user, plan, segment_rev=seen)
    return segment_view(chains.pick(cut.segments, segment_id), stale_parts(cut.chain, cut.segments))


def reorder(caller: Caller, chain_id: str, wanted: list[str], rev: int | None) -> Item:
    """Put the chain's segments into a new order; all of them, once each, in one write. Refused on picture lock."""

    def plan(cut: editing.Cut) -> editing.Change:
        if rev is not None and cut.chain["rev"] != rev:
            raise chains.stale_chain(cut.chain, rev)
        if sorted(wanted) != sorted(segment["id"] for segment in cut.segments):
            raise Invalid(
                "The order must name every segment of the chain exactly once",
                field="segmentIds",
                fix="Read the chain and send all its segment ids.",
            )
        return editing.Change("reorder", chain={"segmentOrder": wanted})

    cut = editing.edit(caller.project_id, chain_id, caller.user, plan)
    return chain_view(cut.chain, cut.segments)


def duplicate(caller: Caller, chain_id: str, segment_id: str) -> Item:
    """A new shot right behind, with the same words and no takes of its own yet."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    original = chains.pick(segments, segment_id)
    body = {name: original[name] for name in COPIED if name in original}
    fresh = named(chain, segments, [body | {"orderIndex": original["orderIndex"] + 1}])
    chains.put_segments(caller.project_id, chain_id, fresh, chain, segments)
    return read_segment(caller.project_id, chain_id, fresh[0]["id"])


def delete_segment(caller: Caller, chain_id: str, segment_id: str, rev: int | None) -> Item:
    """Take a shot out of the film: the chain as it is then. Its takes, bills and audit rows stay.

    Raises GateRefused for a locked shot or a locked picture, StaleRevision.
    """
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    if segment.get("lockedAt") or (rev is not None and segment["rev"] != rev):
        raise chains.segment_refusal(segment, rev)
    audit = audit_action(
        caller.project_id,
        actor=caller.user,
        act="segment.delete",
        trace_id=caller.trace_id,
        chainId=chain_id,
        segmentId=segment_id,
        shotName=segment["shotName"],
    )
    numbers = chains.next_shot_number(chain, segments) - 1
    chains.remove_segment(chain, segment, [audit], standing=segments, numbers=numbers)
    return read_chain(caller.project_id, chain_id)


def lock(caller: Caller, chain_id: str, segment_id: str, locked: bool, reason: str) -> Item:
    """Step 9.5: freeze an approved shot with footage, or unlock it with a reason. Decided inside the write."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    set_shot_lock(chain, segment, locked=locked, by=caller.user, reason=reason, trace_id=caller.trace_id)
    return read_segment(caller.project_id, chain_id, segment_id)
