"""Quotas, the soft block: what a person may spend over all projects, who raises it, and the statement of it.

A quota belongs to a person, so no role in a project may raise it: the crew list of the organization says who is an
Admin there (docs/decisions/0031).
"""

import time
from typing import Any

from producer.models import Credit, TopUp
from vibeboard.domain.errors import Conflict, Forbidden, NotFound
from vibeboard.domain.ids import digest
from vibeboard.domain.pricing import to_micros, to_usd
from vibeboard.domain.roles import Role, may
from vibeboard.http.access import USER_ID, Caller
from vibeboard.providers import matrix
from vibeboard.store import keys, quotas
from vibeboard.store.table import table

SAME_REQUEST_SECONDS = 60  # without an Idempotency-Key, the same grant within a minute is the same request
CREDITS_SHOWN = 200


def statement(user: str) -> dict[str, Any]:
    """{userId, granted, available, reserved, committed, credits: newest first}: dollars."""
    quota = quotas.read(user)
    figures = {name: to_usd(quota[name]) for name in ("granted", "available", "reserved", "committed")}
    credits = [
        {name: row.get(name) for name in ("creditId", "kind", "actor", "reason", "reference", "at", "traceId")}
        | {"amount": to_usd(row["amount"])}
        for row in quotas.credits(user, CREDITS_SHOWN)
    ]
    return {"userId": user, **figures, "billing": matrix.billing(), "credits": credits}


def statement_of(caller: Caller, user: str) -> dict[str, Any]:
    """Another person's statement. Raises as `grant` does; one's own is everybody's to read."""
    if user != caller.user:
        _may_grant(caller, user)
    return statement(user)


def grant(caller: Caller, user: str, body: Credit, key: str | None) -> dict[str, Any]:
    """Raise a quota, or take back what is left of it, with a reason; once per key.

    Raises Forbidden below Admin of the organization, NotFound for somebody outside of it, Invalid for taking back more
    than is left.
    """
    _may_grant(caller, user)
    request = [caller.user, user, body.amount, body.reason, key or int(time.time() // SAME_REQUEST_SECONDS)]
    quotas.credit(
        user,
        to_micros(body.amount),
        kind="grant" if body.amount > 0 else "withdrawal",
        actor=caller.user,
        reason=body.reason,
        key=digest(request),
        trace_id=caller.trace_id,
    )
    return statement(user)


def top_up(caller: Caller, body: TopUp, key: str | None) -> dict[str, Any]:
    """Add credits to one's own quota; the same payment counts once. Raises Conflict where credits are real money."""
    if matrix.billing() == "live":
        raise Conflict(
            "Credits are real money here, and no payment is wired to this API",
            code="PAYMENT_REQUIRED",
            fix="Ask an Admin of your organization for a grant (POST /api/quotas/{userId}/grants).",
        )
    request = [caller.user, body.reference or [body.amount, key or int(time.time() // SAME_REQUEST_SECONDS)]]
    quotas.credit(
        caller.user,
        to_micros(body.amount),
        kind="top-up",
        actor=caller.user,
        reference=body.reference,
        key=digest(request),
        trace_id=caller.trace_id,
    )
    return statement(caller.user)


def _may_grant(caller: Caller, user: str) -> None:
    own, other = (
        table().batch_get([keys.crew(caller.organization, name) for name in (caller.user, user)])
        if caller.organization and USER_ID.fullmatch(user) and user != caller.user
        else [table().get(keys.crew(caller.organization or "-", caller.user))] * 2
    )
    role: Role | None = own["role"] if own else None
    if role is None or not may(role, "budget-override"):
        raise Forbidden(
            "Quotas are the organization's: this needs one of its Admins",
            fix="Ask an Admin of your organization.",
            requiredRole="admin",
            role=role,
        )
    if other is None:
        raise NotFound("Nobody of this id is in your organization's crew", fix="Check the user id.")
