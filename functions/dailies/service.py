"""Dailies (SOP step 8.5): report and reviews over one chain."""

from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.film import dailies
from vibeboard.http.access import Caller
from vibeboard.store import chains
from vibeboard.store.table import Item
from vibeboard.views import segment_view


def report(project_id: str, chain_id: str) -> dict[str, Any]:
    return dailies.report(*chains.read_chain(project_id, chain_id))


def _with_reason(verdict: str, reason: str) -> None:
    if verdict == "revise" and not reason.strip():
        raise Invalid("Sending a shot back needs a reason", field="reason", fix="Say what has to change.")


def review(caller: Caller, chain_id: str, segment_id: str, body: dict[str, Any]) -> Item:
    _with_reason(body["review"], body["reason"])
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    dailies.review(chain, segment, body["review"], by=caller.user, reason=body["reason"], notes=body["notes"])
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    return segment_view(chain, chains.pick(segments, segment_id))


def review_many(caller: Caller, chain_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Answers which shots were reviewed and which were left, with why."""
    _with_reason(body["review"], body["reason"])
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    wanted = [chains.pick(segments, name) for name in body["segmentIds"]] or segments
    done, left = [], []
    for segment in wanted:
        below = body["aboveScore"] is not None and segment.get("score", 0) < body["aboveScore"]
        if below or not segment.get("clip") or segment.get("lockedAt"):
            why = "below the score" if below else ("locked" if segment.get("lockedAt") else "no footage")
            left.append({"segmentId": segment["id"], "shotName": segment["shotName"], "why": why})
            continue
        dailies.review(chain, segment, body["review"], by=caller.user, reason=body["reason"])
        done.append(segment["id"])
    return {"reviewed": done, "left": left, "review": body["review"]}
