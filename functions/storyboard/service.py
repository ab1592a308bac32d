"""Scene chains, segments, frames and shot lock (SOP steps 6, 7 and 9.5)."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.formats import ASPECT_RATIOS, exact_rate
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import new_id
from vibeboard.domain.timeline import check_trims
from vibeboard.film import editing
from vibeboard.film.cut import clip_of
from vibeboard.film.locks import set_shot_lock
from vibeboard.film.look import look_of
from vibeboard.http.access import Caller
from vibeboard.http.deciding import Decision
from vibeboard.jobs.admission import Proof, admit
from vibeboard.jobs.drafts import frame_draft, unlocked_guard
from vibeboard.store import chains, projects
from vibeboard.store.audit import audit_action
from vibeboard.store.chains import PICTURE_OPEN
from vibeboard.store.table import EXISTS, Item, TransactionRefused
from vibeboard.views import chain_view, job_view, segment_view, take_view

CUT = (
    "trimStart", "trimEnd", "audioTrimStart", "audioTrimEnd", "audioGain", "audioFadeIn", "audioFadeOut",
    "transition", "transitionSeconds",
)  # fmt: skip
WORDS = ("prompt", "negativePrompt", "firstFramePrompt", "lastFramePrompt", "duration")


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
    chain, _ = chains.read_chain(caller.project_id, chain_id)
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
        return chain_view(chains.update_chain(chain, changes, condition=condition, extra=[audit]))
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing and standing.get("pictureLockedAt") and "orderIndex" in changes:
            raise chains.picture_refusal(standing) from refused
        raise chains.segment_refusal((standing or {}) | {"lockedAt": None} if standing else None, rev) from refused


def add_segments(caller: Caller, chain_id: str, bodies: list[dict[str, Any]]) -> list[Item]:
    """Add shots at the end of a chain (or at their orderIndex)."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    following = max((segment["orderIndex"] for segment in segments), default=-1) + 1
    fresh = []
    for offset, body in enumerate(bodies):
        index = body["orderIndex"] if body.get("orderIndex") is not None else following + offset
        scene = int(chain["sceneIndex"] if "sceneIndex" in chain else chain["orderIndex"]) + 1
        shot = len(segments) + offset + 1
        fresh.append(body | {"id": new_id("seg"), "orderIndex": index, "shotName": f"SC{scene:02d}_SH{shot:02d}"})
    stored = chains.put_segments(caller.project_id, chain_id, fresh)
    return [segment_view(chain, segment) for segment in stored]


def read_segment(project_id: str, chain_id: str, segment_id: str) -> Item:
    chain, segments = chains.read_chain(project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    position = segments.index(segment)
    return segment_view(chain, segment, segments[position - 1] if position else None)


def change_segment(caller: Caller, chain_id: str, segment_id: str, changes: dict[str, Any], rev: int | None) -> Item:
    """Words need an unlocked shot; trims and transitions an open picture and measured media; sound levels are free."""
    touches_words = any(name in changes for name in WORDS)
    if touches_words and any(name in changes for name in CUT):
        raise Invalid("Words and trims change in two requests", field="body", fix="Send the trims on their own.")
    if not touches_words:
        return _edit_segment(caller, chain_id, segment_id, changes, rev)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    if segment.get("lockedAt"):
        raise chains.segment_refusal(segment)
    return segment_view(chain, chains.update_segment(segment, changes, rev=rev, needs="shot"))


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
    return segment_view(cut.chain, chains.pick(cut.segments, segment_id))


def reorder(caller: Caller, chain_id: str, wanted: list[str]) -> Item:
    """Put the chain's segments into a new order; all of them, once each, in one write. Refused on picture lock."""

    def plan(cut: editing.Cut) -> editing.Change:
        if sorted(wanted) != sorted(segment["id"] for segment in cut.segments):
            raise Invalid(
                "The order must name every segment of the chain exactly once",
                field="segmentIds",
                fix="Read the chain and send all its segment ids.",
            )
        return editing.Change("reorder", chain={"segmentOrder": wanted})

    cut = editing.edit(caller.project_id, chain_id, caller.user, plan)
    return chain_view(cut.chain, cut.segments)


def takes(project_id: str, chain_id: str, segment_id: str) -> dict[str, Any]:
    _, segments = chains.read_chain(project_id, chain_id)
    chains.pick(segments, segment_id)
    return {"takes": [take_view(take) for take in chains.takes_of(project_id, segment_id)]}


def source_frame(segments: list[Item], segment: Item, which: str) -> Item | None:
    """What a frame is edited from: the last frame of the shot before, or the shot's own first frame.

    Raises Conflict when that frame is missing: shots of a chain are drawn in order.
    """
    if which == "last":
        if "firstFrame" not in segment:
            raise Conflict("The first frame comes before the last", code="FRAME_MISSING", fix="Generate it first.")
        return dict(segment["firstFrame"])
    position = segments.index(segment)
    if position == 0:
        return None
    before = segments[position - 1]
    if "lastFrame" not in before:
        raise Conflict(
            f"{before['shotName']} has no last frame to continue from",
            code="FRAME_MISSING",
            fix="Generate the frames of the shots before this one first.",
        )
    return dict(before["lastFrame"])


def order_frame(
    *,
    project_id: str,
    user: str,
    trace_id: str,
    chain_id: str,
    segment_id: str,
    body: dict[str, Any],
    proof: Proof | None = None,
) -> Item:
    """Step 7: one frame of the continuity loop. Gates: master cinematic, shot lock, contract, cap, quota."""
    chain, segments = chains.read_chain(project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    which = body.get("which", "first")
    guard = unlocked_guard(chain, [segment])
    draft = frame_draft(
        chain,
        segment,
        which,
        source_frame(segments, segment, which),
        intent=body.get("intent", ""),
        prompt=body.get("prompt", ""),
    )
    return admit(project_id, user, [draft], guards=[guard], proof=proof, trace_id=trace_id)[0]


def generate_frame(decision: Decision, chain_id: str, segment_id: str, body: dict[str, Any]) -> Item:
    caller = decision.caller
    job = order_frame(
        project_id=caller.project_id,
        user=caller.user,
        trace_id=caller.trace_id,
        chain_id=chain_id,
        segment_id=segment_id,
        body=body,
        proof=lambda jobs: decision.proof(job_view(jobs[0])),
    )
    return job_view(job)


def lock(caller: Caller, chain_id: str, segment_id: str, locked: bool, reason: str) -> Item:
    """Step 9.5: freeze an approved shot with footage, or unlock it with a reason. Decided inside the write."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    set_shot_lock(chain, segment, locked=locked, by=caller.user, reason=reason, trace_id=caller.trace_id)
    return read_segment(caller.project_id, chain_id, segment_id)
