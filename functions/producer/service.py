"""The Producer Agent (SOP step 7.5): what it would cost, whether it may, and who may spend more."""

import time
from typing import Any

from producer.models import Estimate, Override
from vibeboard.domain.errors import NotFound
from vibeboard.domain.formats import QUALITIES
from vibeboard.domain.gates import evaluate
from vibeboard.domain.ids import digest
from vibeboard.domain.pricing import price, to_micros, to_usd
from vibeboard.film.continuity import rerun
from vibeboard.http.access import Caller
from vibeboard.store import chains, keys, ledger
from vibeboard.store.table import Item, table

SAME_REQUEST_SECONDS = 60  # without an Idempotency-Key, the same override within a minute is the same request


def override(caller: Caller, body: Override, key: str | None) -> dict[str, Any]:
    """Raise what may be spent, by a named person with a reason (SOP section A); once per key."""
    request = [caller.user, body.amount, body.reason, key or int(time.time() // SAME_REQUEST_SECONDS)]
    budget = ledger.override(
        caller.project_id,
        to_micros(body.amount),
        actor=caller.user,
        reason=body.reason,
        key=digest(request),
        trace_id=caller.trace_id,
    )
    return {
        "projectId": caller.project_id,
        "amount": body.amount,
        "reason": body.reason,
        "by": caller.user,
        "budget": ledger.statement(budget),
    }


def estimate(caller: Caller, body: Estimate) -> dict[str, Any]:
    """The SOP's estimate with its verdict. The price is the one admission will hold, shot by shot and take by take.

    quotaRemaining is what the caller's quota would be after it (the SOP's 50.0 - 14.5 = 35.5); quotaAvailable is what
    is there now, and the soft gate compares with that. projectSpentToDate counts what is held as well; committed and
    reserved tell the two apart. storyboard: the frames that have to be drawn before, which are not in the total.
    """
    film = _film(caller.project_id, body)
    shots = _shots(film, body)
    total = sum(shot["micros"] for shot in shots)
    budget = ledger.read(caller.project_id)
    quota = table().get(keys.quota(caller.user)) or {"granted": 0, "available": 0, "reserved": 0, "committed": 0}
    cap = ledger.cap_facts(budget, total)
    contract_facts = {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)}
    gates = {
        "contract": evaluate("contract", contract_facts),
        "producerSoft": evaluate(
            "producerSoft", {"estimatedMicros": total, "quotaRemainingMicros": quota["available"]}
        ),
        "producerHard": evaluate("producerHard", cap),
    }
    refused = [name for name, decision in gates.items() if not decision.allowed]
    frames = [rerun(chain, segments) for chain, segments in film]
    return {
        "sceneChainId": body.scene_chain_id,
        "quality": body.wanted,
        "shotCount": len(shots),
        "estimatedCost": to_usd(total),
        "userQuota": to_usd(quota["granted"]),
        "quotaRemaining": to_usd(quota["available"] - total),
        "projectBudgetCap": None if budget.get("cap") is None else to_usd(cap["capMicros"]),
        "projectSpentToDate": to_usd(cap["spentMicros"]),
        "resolution": QUALITIES[body.wanted].label,
        "takes": body.takes,
        "quotaAvailable": to_usd(quota["available"]),
        "quotaReserved": to_usd(quota["reserved"]),
        "projectCommitted": to_usd(budget["committed"]),
        "projectReserved": to_usd(budget["reserved"]),
        "projectAvailable": to_usd(budget["available"]),
        "billing": budget["billing"],
        "shots": [
            {name: value for name, value in shot.items() if name != "micros"}
            | {"takes": body.takes, "estimatedCost": to_usd(shot["micros"])}
            for shot in shots
        ],
        "storyboard": {
            "missing": sum(len(plan["missing"]) for plan in frames),
            "stale": sum(plan["frames"] for plan in frames),
            "estimatedCost": to_usd(
                sum(
                    to_micros(row["estimatedCost"])
                    for plan in frames
                    for row in [*plan["missing"], *plan["stale"]]
                    if row["part"] != "clip"
                )
            ),
        },
        "gates": {name: decision.to_dict() for name, decision in gates.items()},
        "decision": "NO-GO" if refused else "GO",
        "blockedBy": refused,
    }


def _film(project_id: str, body: Estimate) -> list[tuple[Item, list[Item]]]:
    """The chains that are asked about, in at most one query. Raises NotFound."""
    wanted = list(dict.fromkeys([*([body.scene_chain_id] if body.scene_chain_id else []), *body.scene_chain_ids]))
    if len(wanted) == 1:
        return [chains.read_chain(project_id, wanted[0])]
    if not wanted and body.shot_count:
        return []
    film = chains.chains_of(project_id)
    if not wanted:
        return film
    found = {chain["id"]: (chain, segments) for chain, segments in film}
    if missing := [name for name in wanted if name not in found]:
        raise NotFound(f"No such scene chain: {missing[0]}", fix="List the project's scene chains for their ids.")
    return [found[name] for name in wanted]


def _shots(film: list[tuple[Item, list[Item]]], body: Estimate) -> list[dict[str, Any]]:
    """The shots to price, each {segmentId, shotName, sceneChainId, duration, micros}; micros covers all takes."""
    if body.shot_count:
        cost = _cost(body, body.seconds)
        return [{"duration": body.seconds, "micros": cost} for _ in range(body.shot_count)]
    return [
        {
            "segmentId": segment["id"],
            "shotName": segment.get("shotName"),
            "sceneChainId": chain["id"],
            "duration": segment["duration"],
            "micros": _cost(body, segment["duration"]),
        }
        for chain, segments in film
        for segment in segments
    ]


def _cost(body: Estimate, seconds: float) -> int:
    return price("clip.generate", {"quality": body.wanted, "seconds": seconds, "takes": body.takes})
