"""Dailies (SOP step 8.5): report, exceptions, reviews and notes over one chain."""

from typing import Any

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.formats import exact_rate
from vibeboard.domain.markers import MAX_EVENTS, Reel, marker_csv, marker_edl
from vibeboard.film import dailies
from vibeboard.film.continuity import stale_parts
from vibeboard.http.access import Caller
from vibeboard.store import chains, exceptions
from vibeboard.store.table import Item
from vibeboard.views import segment_view


def report(project_id: str, chain_id: str) -> dict[str, Any]:
    chain, segments = chains.read_chain(project_id, chain_id)
    return dailies.report(chain, segments, exceptions.of_project(project_id, chain_id))


def exceptions_log(project_id: str, chain_id: str, state: str | None) -> dict[str, Any]:
    """The whole Continuity Exceptions Log of a chain, or its entries of one state."""
    chain, segments = chains.read_chain(project_id, chain_id)
    rows = dailies.log(segments, exceptions.of_project(project_id, chain_id))
    return {"sceneChainId": chain["id"], "exceptions": [row for row in rows if state in (None, row["state"])]}


def decide(caller: Caller, chain_id: str, segment_id: str, issue: str, body: dict[str, Any]) -> dict[str, Any]:
    if body["state"] == "accepted" and not body["reason"].strip():
        raise Invalid("Accepting an exception needs a reason", field="reason", fix="Say why it may stay.")
    _, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    entry = exceptions.decide(caller.project_id, segment, issue, body["state"], by=caller.user, reason=body["reason"])
    return dailies.log(segments, [entry])[0]


def notes_edl(project_id: str, chain_id: str) -> str:
    chain, reels = _reels(project_id, chain_id)
    return marker_edl(f"{chain['name']} dailies", reels, exact_rate(chain["frameRate"]))


def notes_csv(project_id: str, chain_id: str) -> str:
    chain, reels = _reels(project_id, chain_id)
    return marker_csv(reels, exact_rate(chain["frameRate"]))


def _reels(project_id: str, chain_id: str) -> tuple[Item, list[Reel]]:
    chain, segments = chains.read_chain(project_id, chain_id)
    reels = dailies.reels(segments, exceptions.of_project(project_id, chain_id))
    if not reels:
        raise Conflict("No shot has footage yet", code="FOOTAGE_MISSING", fix="Generate the shots first.")
    if len(reels) > MAX_EVENTS:
        raise Conflict(f"{len(reels)} shots do not fit into one list", code="TOO_MANY_SHOTS", fix="Export per chain.")
    return chain, reels


def _with_reason(verdict: str, reason: str) -> None:
    if verdict == "revise" and not reason.strip():
        raise Invalid("Sending a shot back needs a reason", field="reason", fix="Say what has to change.")


def review(caller: Caller, chain_id: str, segment_id: str, body: dict[str, Any]) -> Item:
    _with_reason(body["review"], body["reason"])
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    segment = chains.pick(segments, segment_id)
    dailies.check_notes(segment, body["notes"])
    dailies.review(chain, segment, body["review"], by=caller.user, reason=body["reason"], notes=body["notes"])
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    return segment_view(chains.pick(segments, segment_id), stale_parts(chain, segments))


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
