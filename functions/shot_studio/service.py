"""Footage (SOP step 8): single shots and batches, admitted with one reservation each."""

from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import Quality
from vibeboard.domain.gates import enforce
from vibeboard.domain.pricing import to_usd
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import admit
from vibeboard.jobs.drafts import clip_draft, unlocked_guard
from vibeboard.store import chains
from vibeboard.store.table import Item
from vibeboard.views import job_view


def generate(caller: Caller, chain_id: str, segment_id: str, body: dict[str, Any]) -> Item:
    """One shot. Gates: master cinematic, shot lock, contract, hard and soft block."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    guard = unlocked_guard(chain, [segment])
    draft = clip_draft(
        chain,
        segment,
        quality=body["quality"],
        prompt=body.get("prompt", ""),
        duration=body.get("duration"),
    )
    job = admit(caller.project_id, caller.user, [draft], guards=[guard], trace_id=caller.trace_id)[0]
    return job_view(job) | {"segmentId": segment_id}


def generate_batch(caller: Caller, chain_id: str, wanted: list[str], quality: Quality) -> dict[str, Any]:
    """All shots or none: one reservation for the whole batch. Locked shots are left out unless they were named."""
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    chosen = [chains.pick(segments, name) for name in wanted] if wanted else []
    chosen = chosen or [segment for segment in segments if not segment.get("lockedAt")]
    if not chosen:
        raise Conflict("There is no shot to generate", code="NOTHING_TO_DO", fix="Add segments, or unlock some.")
    jobs = admit_shots(caller.project_id, caller.user, chain, chosen, quality, caller.trace_id)
    return {
        "sceneChainId": chain_id,
        "quality": quality,
        "shotCount": len(jobs),
        "estimatedCost": to_usd(sum(job["amount"] for job in jobs)),
        "jobs": [job_view(job) | {"segmentId": job["target"]["segmentId"]} for job in jobs],
        "status": "queued",
    }


def admit_shots(
    project_id: str, user: str, chain: Item, segments: list[Item], quality: Quality, trace_id: str
) -> list[Item]:
    """Reserve and create the footage jobs of these segments of one chain, in one transaction."""
    guard = unlocked_guard(chain, segments)
    drafts = [clip_draft(chain, segment, quality=quality) for segment in segments]
    return admit(project_id, user, drafts, guards=[guard], trace_id=trace_id)
