"""Production tasks of SOP steps 6 and 7. Each finds what is still to do, so a second run repeats nothing."""

from typing import Any

from storyboard.export import chains_from_breakdown
from storyboard.service import order_frame
from vibeboard.domain.errors import Conflict
from vibeboard.store import chains
from vibeboard.store.projects import read as read_project
from vibeboard.tasks import handler_of
from vibeboard.views import frame_is_stale

FRAME_ATTEMPTS = 4  # per frame, before the production stops for a person


def create_chains(event: dict[str, Any]) -> dict[str, Any]:
    return chains_from_breakdown(event["projectId"], read_project(event["projectId"])["createdBy"])


def next_frame(event: dict[str, Any]) -> dict[str, Any]:
    """The continuity loop's step: order the first frame that is missing or stale. {done} or {done, jobId, …}.

    Raises Conflict FRAME_ATTEMPTS_EXHAUSTED when one frame failed again and again.
    """
    project_id, chain_id = event["projectId"], event["chainId"]
    chain, segments = chains.read_chain(project_id, chain_id)
    for before, segment in chains.with_previous(segments):
        if segment.get("lockedAt"):
            continue
        for which in ("first", "last"):
            if f"{which}Frame" in segment and not frame_is_stale(chain, segment, which, before):
                continue
            if segment.get(f"{which}FrameTakes", 0) >= FRAME_ATTEMPTS and f"{which}Frame" not in segment:
                raise Conflict(
                    f"{segment['shotName']}: the {which} frame failed {FRAME_ATTEMPTS} times",
                    code="FRAME_ATTEMPTS_EXHAUSTED",
                    fix="Change the shot's prompt, then run the production again.",
                )
            job = order_frame(
                project_id=project_id,
                user=read_project(project_id)["createdBy"],
                trace_id=event.get("traceId", ""),
                chain_id=chain_id,
                segment_id=segment["id"],
                body={"which": which},
            )
            return {"done": False, "jobId": job["jobId"], "segmentId": segment["id"], "which": which}
    return {"done": True, "jobId": ""}


handler = handler_of({"create_chains": create_chains, "next_frame": next_frame})
