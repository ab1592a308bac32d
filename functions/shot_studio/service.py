"""Footage (SOP step 8): single shots and batches, admitted with one reservation each."""

from collections.abc import Sequence
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import Quality
from vibeboard.domain.gates import enforce
from vibeboard.domain.pricing import to_usd
from vibeboard.http.deciding import Decision
from vibeboard.jobs.admission import Guard, admit
from vibeboard.jobs.batches import admit_batch
from vibeboard.jobs.drafts import clip_draft, unlocked_guard
from vibeboard.store import chains
from vibeboard.store.table import Item
from vibeboard.views import job_line, job_view


def generate(decision: Decision, chain_id: str, segment_id: str, body: dict[str, Any]) -> Item:
    """One shot. Gates: master cinematic, shot lock, contract, hard and soft block."""
    caller = decision.caller
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    guard = unlocked_guard(chain, [segment])
    drafts = [
        clip_draft(
            chain, segment, quality=body["quality"], prompt=body["prompt"], duration=body.get("duration"), take=take
        )
        for take in range(1, body["takes"] + 1)
    ]

    def view(jobs: list[Item]) -> Item:
        more = {"takes": [job_line(job) for job in jobs]} if len(jobs) > 1 else {}
        return job_view(jobs[0]) | {"segmentId": segment_id} | more

    def proof(jobs: list[Item]) -> Sequence[Guard]:
        return decision.proof(view(jobs))

    return view(admit(caller.project_id, caller.user, drafts, guards=[guard], proof=proof, trace_id=caller.trace_id))


def generate_batch(
    decision: Decision, chain_id: str, wanted: list[str], quality: Quality, takes: int = 1
) -> dict[str, Any]:
    """All shots or none: one reservation for the whole batch. Locked shots are left out unless they were named."""
    caller = decision.caller
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    enforce("masterCinematic", {"masterStyleContext": chain.get("masterStyleContext", "")})
    chosen = [chains.pick(segments, name) for name in dict.fromkeys(wanted)]
    chosen = chosen or [segment for segment in segments if not segment.get("lockedAt")]
    if not chosen:
        raise Conflict("There is no shot to generate", code="NOTHING_TO_DO", fix="Add segments, or unlock some.")
    guard = unlocked_guard(chain, chosen)
    drafts = [
        clip_draft(chain, segment, quality=quality, take=take) for segment in chosen for take in range(1, takes + 1)
    ]

    def proof(jobs: list[Item]) -> Sequence[Guard]:
        return decision.proof(_batch_view(chain_id, quality, takes, jobs))

    jobs = admit_batch(caller.project_id, caller.user, drafts, guards=[guard], proof=proof, trace_id=caller.trace_id)
    return _batch_view(chain_id, quality, takes, jobs)


def _batch_view(chain_id: str, quality: Quality, takes: int, jobs: list[Item]) -> dict[str, Any]:
    """The batch with a line per job: small enough to be kept under an Idempotency-Key at any size."""
    return {
        "sceneChainId": chain_id,
        "quality": quality,
        "shotCount": len(jobs) // takes,
        "takes": takes,
        "estimatedCost": to_usd(sum(job["amount"] for job in jobs)),
        "jobs": [job_line(job) for job in jobs],
        "status": "queued",
    } | ({"batchId": jobs[0]["batchId"]} if "batchId" in jobs[0] else {})


def admit_shots(
    project_id: str, user: str, chain: Item, segments: list[Item], quality: Quality, trace_id: str
) -> list[Item]:
    """Reserve and create the footage jobs of these segments of one chain, in one transaction."""
    guard = unlocked_guard(chain, segments)
    drafts = [clip_draft(chain, segment, quality=quality) for segment in segments]
    return admit(project_id, user, drafts, guards=[guard], trace_id=trace_id)
