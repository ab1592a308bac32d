"""The money: one counter item per project (hard block) and per user (soft block), two-phase like TigerBeetle.

available + reserved + committed = cap + overrides, all >= 0, in micro-dollars, always. DynamoDB conditions have no
arithmetic, so `available` is stored; a hold lives in the job's own item and resolves once. Every change is one
transaction with its ledger entry. These functions only build the actions; `jobs/admission.py` and `jobs/settlement.py`
put them together with the job.
"""

import os
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.gates import GateRefused, evaluate
from vibeboard.domain.ids import ulid
from vibeboard.domain.pricing import to_micros, to_usd
from vibeboard.store import keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import (
    EXISTS,
    NEW,
    Action,
    ConditionFailed,
    Item,
    Put,
    TransactionRefused,
    Update,
    public,
    table,
)

DEFAULT_QUOTA_USD = "50"  # what a new user may spend over all projects, unless DEFAULT_QUOTA_USD says otherwise


def entry_action(project_id: str, kind: str, amount: int, *, actor: str, trace_id: str = "", **facts: Any) -> Put:
    """An immutable ledger entry, amount in micro-dollars.

    kind: open|reserve|settle|void|overrun|true-up|cap|override.
    """
    stamp = ulid()
    return Put(
        {
            **keys.entry(project_id, stamp),
            "entryId": f"ent_{stamp}",
            "kind": kind,
            "amount": amount,
            "actor": actor,
            "traceId": trace_id,
            "at": now(),
            **facts,
        },
        NEW,
    )


def budget_item(project_id: str, cap: int | None, references: int, billing: str) -> Item:
    """A fresh counter. cap None = no budget cap yet: nothing can be reserved."""
    return {
        **keys.budget(project_id),
        "cap": cap,
        "overrides": 0,
        "available": cap or 0,
        "reserved": 0,
        "committed": 0,
        "referencePack": references,
        "contractComplete": evaluate("contract", {"budgetCap": cap, "referencePack": references}).allowed,
        "billing": billing,
    }


def first_quota(user: str) -> Item:
    """What a user may spend on first sight."""
    granted = to_micros(os.environ.get("DEFAULT_QUOTA_USD", DEFAULT_QUOTA_USD))
    return {**keys.quota(user), "granted": granted, "available": granted, "reserved": 0, "committed": 0}


def ensure_quota(user: str) -> None:
    """Give a user the default quota on first sight."""
    try:
        table().write(Put(first_quota(user), NEW))
    except ConditionFailed:
        return


def reserve_actions(project_id: str, user: str, amount: int, billing: str = "sandbox") -> list[Action]:
    """Hold `amount` on the project and on the user. Position 0 is the hard block, position 1 the soft one.

    billing: what the work is paid with; a project never mixes the two.
    """
    enough = Attr("available").gte(amount)
    move = {"available": -amount, "reserved": amount}
    ready = Attr("contractComplete").eq(True) & Attr("billing").eq(billing)
    return [
        Update(keys.budget(project_id), add=move, condition=ready & enough),
        Update(keys.quota(user), add=move, condition=enough),
    ]


def resolve_actions(project_id: str, user: str, held: int, actual: int) -> list[Action]:
    """Turn a hold into what was really spent; the rest becomes available again. actual = 0 voids it."""
    move = {"reserved": -held, "committed": actual, "available": held - actual}
    condition = Attr("reserved").gte(held)
    return [
        Update(keys.budget(project_id), add=move, condition=condition),
        Update(keys.quota(user), add=move, condition=condition),
    ]


def give_back_actions(project_id: str, user: str, amount: int) -> list[Action]:
    """Return what was recorded as spent and was not (a job assumed billed, whose bill came late and lower)."""
    move = {"committed": -amount, "available": amount}
    enough = Attr("committed").gte(amount)
    return [
        Update(keys.budget(project_id), add=move, condition=enough),
        Update(keys.quota(user), add=move, condition=enough),
    ]


def refusal(
    failed: list[bool], items: list[Item | None], amount: int, billing: str = "sandbox"
) -> GateRefused | Conflict | None:
    """Which gate stands behind a refused reserve: contract, hard block or soft block; None if neither did.

    Conflict when the project's money is of the other kind.
    """
    budget, quota = items[0], items[1]
    if failed[0] and budget:
        contract = evaluate(
            "contract", {"budgetCap": budget.get("cap"), "referencePack": budget.get("referencePack", 0)}
        )
        if not contract.allowed:
            return GateRefused(contract)
        if budget["billing"] != billing:
            return Conflict(
                f"This project books {budget['billing']} money, and the engines here are paid with {billing} money",
                code="BILLING_MIXED",
                fix="Make a new project for the other kind of money.",
            )
        return GateRefused(evaluate("producerHard", cap_facts(budget, amount)))
    if failed[1]:
        left = quota["available"] if quota else 0
        return GateRefused(evaluate("producerSoft", {"estimatedMicros": amount, "quotaRemainingMicros": left}))
    return None


def cap_facts(budget: Item, amount: int) -> dict[str, Any]:
    """Facts of the hard block. Spent counts what is committed and what is reserved."""
    return {
        "estimatedMicros": amount,
        "spentMicros": budget["committed"] + budget["reserved"],
        "capMicros": (budget.get("cap") or 0) + budget["overrides"],
    }


def read(project_id: str) -> Item:
    item = table().get(keys.budget(project_id))
    if item is None:
        raise Conflict("This project has no budget", fix="Create the project again.")
    return item


def statement(budget: Item) -> dict[str, Any]:
    """The counter in dollars, for people."""
    cap = budget.get("cap")
    return {
        "budgetCap": None if cap is None else to_usd(cap),
        "overrides": to_usd(budget["overrides"]),
        "available": to_usd(budget["available"]),
        "reserved": to_usd(budget["reserved"]),
        "committed": to_usd(budget["committed"]),
        "billing": budget["billing"],
    }


def entries(project_id: str, limit: int = 200, after: str = "") -> list[Item]:
    rows = table().query(f"PROJECT#{project_id}", "ENTRY#", limit=limit, after=after)
    return [public(row) | {"cursor": row["SK"]} for row in rows]


def cap_actions(budget: Item, project_id: str, cap: int | None, references: int, actor: str) -> list[Action]:
    """Set the contract's cap and reference count. A cap is lowered only as far as nothing spent or held needs it."""
    old = budget.get("cap") or 0
    delta = (cap or 0) - old
    complete = evaluate("contract", {"budgetCap": cap, "referencePack": references}).allowed
    condition = Attr("cap").eq(budget["cap"]) if budget.get("cap") is not None else Attr("cap").not_exists()
    changes: dict[str, Any] = {"referencePack": references, "contractComplete": complete}
    actions: list[Action] = [
        Update(
            keys.budget(project_id),
            set=changes | ({"cap": cap} if cap is not None else {}),
            add={"available": delta},
            remove=["cap"] if cap is None and budget.get("cap") is not None else [],
            condition=condition & Attr("available").gte(-delta),
        )
    ]
    if delta:
        actions.append(entry_action(project_id, "cap", delta, actor=actor, fromCap=old, toCap=cap))
    return actions


def override(project_id: str, amount: int, *, actor: str, reason: str, key: str, trace_id: str = "") -> Item:
    """Raise what may be spent by a named person with a reason; once per idempotency key (SOP section A).

    Raises Invalid for an amount that is not positive or an empty reason.
    """
    if amount <= 0:
        raise Invalid("An override raises the cap by more than nothing", field="amount", fix="Give a positive amount.")
    if not reason.strip():
        raise Invalid("A budget override needs a reason", field="reason", fix="Say why the cap is raised.")
    once = Put({"PK": f"PROJECT#{project_id}", "SK": f"OVERRIDE#{key}", "amount": amount, "actor": actor}, NEW)
    actions: list[Action] = [
        once,
        Update(keys.budget(project_id), add={"available": amount, "overrides": amount}, condition=EXISTS),
        entry_action(project_id, "override", amount, actor=actor, reason=reason, trace_id=trace_id),
        audit_action(
            project_id, actor=actor, act="budget.override", trace_id=trace_id, amountMicros=amount, reason=reason
        ),
    ]
    try:
        table().transact(actions)
    except TransactionRefused as refused:
        if not refused.failed[0]:
            raise
    return read(project_id)
