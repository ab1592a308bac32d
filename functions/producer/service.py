"""The Producer Agent (SOP step 7.5): what it would cost, whether it may, and what it did cost."""

import time
from collections import defaultdict
from typing import Any

from producer.models import Estimate, Override
from vibeboard.domain.gates import evaluate
from vibeboard.domain.ids import digest
from vibeboard.domain.pricing import price, to_micros, to_usd
from vibeboard.http.access import Caller
from vibeboard.store import chains, keys, ledger
from vibeboard.store.table import Item, public, table

ENTRIES_SHOWN = 500
SAME_REQUEST_SECONDS = 60  # without an Idempotency-Key, the same override within a minute is the same request

# operation -> the SOP step that spends it
STEPS: dict[str, str] = {
    "asset.deconstruct": "3 Asset Bin",
    "asset.materials": "3 Asset Bin",
    "character.train": "4 Character Foundry",
    "frame.draw": "7 Storyboard",
    "frame.edit": "7 Storyboard",
    "clip.generate": "8 Shot Studio",
    "clip.render": "11 Render Queue",
}


def statement(caller: Caller) -> dict[str, Any]:
    """{budget, byStep, byModel, entries}: figures in dollars; the sums run over everything that was committed."""
    budget = ledger.read(caller.project_id)
    rows = table().query(f"PROJECT#{caller.project_id}", "ENTRY#")
    by_step: dict[str, int] = defaultdict(int)
    by_model: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["kind"] == "settle":
            operation = row.get("operation", "")
            step = "9 VFX Suite" if operation.startswith("vfx.") else STEPS.get(operation, operation or "other")
            by_step[step] += row["amount"]
            by_model[row.get("model") or operation or "other"] += row["amount"]
    return {
        "projectId": caller.project_id,
        "billing": budget["billing"],
        "budget": ledger.statement(budget),
        "byStep": {name: to_usd(amount) for name, amount in sorted(by_step.items())},
        "byModel": {name: to_usd(amount) for name, amount in sorted(by_model.items())},
        "entries": [_entry(row) for row in reversed(rows[-ENTRIES_SHOWN:])],
    }


def _entry(row: Item) -> Item:
    in_dollars = {name: to_usd(row[name]) for name in ("amount", "held", "fromCap", "toCap") if row.get(name)}
    return public(row) | {"amount": 0.0} | in_dollars


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
    """The SOP's estimate with its verdict. The price is the one admission will hold.

    quotaRemaining is what the caller's quota would be after it (the SOP's 50.0 - 14.5 = 35.5); quotaAvailable is what
    is there now, and the soft gate compares with that. projectSpentToDate counts what is held as well.
    """
    shots = _shots(caller.project_id, body)
    total = sum(shot["micros"] for shot in shots)
    budget = ledger.read(caller.project_id)
    quota = table().get(keys.quota(caller.user)) or {"granted": 0, "available": 0}
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
    return {
        "sceneChainId": body.scene_chain_id,
        "quality": body.quality,
        "shotCount": len(shots),
        "estimatedCost": to_usd(total),
        "userQuota": to_usd(quota["granted"]),
        "quotaRemaining": to_usd(quota["available"] - total),
        "projectBudgetCap": None if budget.get("cap") is None else to_usd(cap["capMicros"]),
        "projectSpentToDate": to_usd(cap["spentMicros"]),
        "quotaAvailable": to_usd(quota["available"]),
        "takes": body.takes,
        "billing": budget["billing"],
        "shots": [
            {name: value for name, value in shot.items() if name != "micros"}
            | {"estimatedCost": to_usd(shot["micros"])}
            for shot in shots
        ],
        "gates": {name: decision.to_dict() for name, decision in gates.items()},
        "decision": "NO-GO" if refused else "GO",
        "blockedBy": refused,
    }


def _shots(project_id: str, body: Estimate) -> list[dict[str, Any]]:
    """The shots to price, each {segmentId, shotName, sceneChainId, duration, micros}. Raises NotFound."""
    wanted = list(dict.fromkeys([*([body.scene_chain_id] if body.scene_chain_id else []), *body.scene_chain_ids]))
    if wanted:
        film = [chains.read_chain(project_id, chain_id) for chain_id in wanted]
    else:
        film = [] if body.shot_count else chains.chains_of(project_id)
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
    return price("clip.generate", {"quality": body.quality, "seconds": seconds, "takes": body.takes})
