"""Production tasks of SOP steps 6 and 7. Each finds what is still to do, so a second run repeats nothing."""

from typing import Any

from storyboard.export import chains_from_breakdown
from storyboard.frames import order_frame
from vibeboard.domain.errors import Conflict
from vibeboard.film.continuity import to_make
from vibeboard.jobs.admission import JOBS_PER_TRANSACTION, admit
from vibeboard.jobs.drafts import clip_draft, unlocked_guard
from vibeboard.store import chains
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import Item
from vibeboard.tasks import handler_of

FRAME_ATTEMPTS = 4  # per frame since the last that worked, before the production stops for a person


def create_chains(event: dict[str, Any]) -> dict[str, Any]:
    return chains_from_breakdown(event["projectId"], read_project(event["projectId"])["createdBy"])


def next_frame(event: dict[str, Any]) -> dict[str, Any]:
    """The continuity loop's step: order the first frame that is missing or stale. {done} or {done, jobId, …}.

    user: who pays, by default who made the project. footage: order the stale footage too, once all frames are there.
    Raises Conflict FRAME_ATTEMPTS_EXHAUSTED when one frame failed again and again.
    """
    project_id, chain_id = event["projectId"], event["chainId"]
    chain, segments = chains.read_chain(project_id, chain_id)
    user = event.get("user") or read_project(project_id)["createdBy"]
    todo = list(to_make(chain, segments))
    frames = [(segment, part) for segment, part, _ in todo if part != "clip"]
    if not frames:
        stale = [segment for segment, part, _ in todo if part == "clip"] if event.get("footage") else []
        return {"done": True, "jobId": "", "clips": _order_clips(project_id, user, chain, stale, event)}
    segment, which = frames[0]
    if segment.get(f"{which}FrameTakes", 0) - segment.get(f"{which}FrameGood", 0) >= FRAME_ATTEMPTS:
        raise Conflict(
            f"{segment['shotName']}: the {which} frame failed {FRAME_ATTEMPTS} times",
            code="FRAME_ATTEMPTS_EXHAUSTED",
            fix="Change the shot's prompt, then run the production again.",
        )
    job = order_frame(
        project_id=project_id,
        user=user,
        trace_id=event.get("traceId", ""),
        chain_id=chain_id,
        segment_id=segment["id"],
        body={"which": which},
    )
    return {"done": False, "jobId": job["jobId"], "segmentId": segment["id"], "which": which}


def _order_clips(project_id: str, user: str, chain: Item, segments: list[Item], event: dict[str, Any]) -> int:
    """Order new takes of footage whose words or frames changed, each at the quality it had."""
    for start in range(0, len(segments), JOBS_PER_TRANSACTION):
        part = segments[start : start + JOBS_PER_TRANSACTION]
        drafts = [clip_draft(chain, segment, quality=segment["clip"]["quality"]) for segment in part]
        guard = unlocked_guard(chain, part)
        admit(project_id, user, drafts, guards=[guard], trace_id=event.get("traceId", ""))
    return len(segments)


handler = handler_of({"create_chains": create_chains, "next_frame": next_frame})
