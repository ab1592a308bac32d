"""The continuity loop (SOP step 7): ordering frames, their takes, and making again what is stale."""

from typing import Any

from vibeboard import machines
from vibeboard.domain.continuity import asked_of
from vibeboard.domain.errors import Conflict
from vibeboard.domain.gates import enforce
from vibeboard.domain.ids import digest
from vibeboard.domain.pricing import to_micros, to_usd
from vibeboard.film import takes
from vibeboard.film.continuity import rerun, stale_parts
from vibeboard.http.access import Caller
from vibeboard.http.deciding import Decision
from vibeboard.jobs.admission import Proof, admit
from vibeboard.jobs.drafts import frame_choice, frame_draft, unlocked_guard
from vibeboard.store import chains, keys, ledger
from vibeboard.store.table import Item, table
from vibeboard.views import job_view, segment_view, take_view

COMPARED = ("prompt", "negativePrompt", "seed", "model", "requestedModel", "score", "cost", "quality", "reason")


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
    asked = body.get("intent") or asked_of(segment, which)
    continues = which == "last" or segments.index(segment) > 0
    choice = frame_choice(chain, segment, which, has_source=continues, asked=asked)
    source = source_frame(segments, segment, which) if choice.edits or not continues else None
    draft = frame_draft(chain, segment, which, source, intent=asked, prompt=body.get("prompt", ""))
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


def list_takes(project_id: str, chain_id: str, segment_id: str) -> dict[str, Any]:
    _, segments = chains.read_chain(project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    return {"takes": [take_view(take, segment) for take in chains.takes_of(project_id, segment_id)]}


def compare_takes(project_id: str, chain_id: str, segment_id: str, a: str, b: str) -> dict[str, Any]:
    """Two takes of one kind side by side: {a, b, differs: {field: [a's, b's]}}.

    Raises NotFound, Conflict when one is a frame and the other footage.
    """
    _, segments = chains.read_chain(project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    rows = {take["takeId"]: take for take in chains.takes_of(project_id, segment_id)}
    left, right = (take_view(takes.named(rows, take_id), segment) for take_id in (a, b))
    if left["kind"] != right["kind"]:
        raise Conflict(
            f"A {left['kind']} and a {right['kind']} are not two takes of one thing",
            code="TAKES_DIFFER",
            fix="Compare two first frames, two last frames, or two takes of footage.",
        )
    differs = {name: [left.get(name), right.get(name)] for name in COMPARED if left.get(name) != right.get(name)}
    return {"segmentId": segment_id, "kind": left["kind"], "a": left, "b": right, "differs": differs}


def choose_take(caller: Caller, chain_id: str, segment_id: str, take_id: str) -> Item:
    """Make a take the shot's own. The answer says what is stale by it, and what a re-run would cost."""
    _, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    rows = {take["takeId"]: take for take in chains.takes_of(caller.project_id, segment_id)}
    takes.choose(segment, takes.named(rows, take_id), by=caller.user, trace_id=caller.trace_id)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    view = segment_view(chains.pick(segments, segment_id), stale_parts(chain, segments))
    return view | {"staleness": rerun(chain, segments)}


def order_rerun(caller: Caller, chain_id: str, footage: bool) -> dict[str, Any]:
    """Make what is stale or missing of a chain again, in order: {sceneChainId, status, staleness, estimatedCost}.

    Frames follow one another in the continuity loop's state machine; stale footage is ordered when they are done. The
    gates are asked for the whole before it starts, and each frame is still admitted on its own.
    """
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    plan = rerun(chain, segments)
    wanted = [row for row in [*plan["stale"], *plan["missing"]] if footage or row["part"] != "clip"]
    if not wanted:
        raise Conflict("Nothing is stale or missing in this chain", code="NOTHING_TO_DO", fix="Change a shot first.")
    total = sum(to_micros(row["estimatedCost"]) for row in wanted)
    budget = ledger.read(caller.project_id)
    quota = table().get(keys.quota(caller.user)) or {"available": 0}
    enforce("contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)})
    enforce("producerHard", ledger.cap_facts(budget, total))
    enforce("producerSoft", {"estimatedMicros": total, "quotaRemainingMicros": quota["available"]})
    takes_now = [
        [segment.get(f"{name}Takes", 0) for name in ("firstFrame", "lastFrame", "clip")] for segment in segments
    ]
    machines.start(
        "CONTINUITY_MACHINE_ARN",
        f"{chain_id}-{digest([wanted, takes_now, chain['rev']], 16)}",
        {
            "projectId": caller.project_id,
            "run": 0,
            "traceId": caller.trace_id,
            "chainId": chain_id,
            "user": caller.user,
            "footage": footage,
        },
    )
    return {
        "sceneChainId": chain_id,
        "status": "queued",
        "parts": len(wanted),
        "estimatedCost": to_usd(total),
        "staleness": plan,
    }
