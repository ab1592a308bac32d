"""The production's tasks about the contract and the run itself. Each may run twice and changes nothing more then."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from projects import service, views
from vibeboard.domain.causes import cause_in_words
from vibeboard.domain.errors import NotFound
from vibeboard.domain.pricing import to_usd
from vibeboard.store import keys, ledger, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table
from vibeboard.tasks import handler_of

DETAIL_CHARACTERS = 2_000
TERMINAL = ("DELIVERED", "REFUSED", "FAILED", "STOPPED", "DECLINED", "EXPIRED")


def contract_gate(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId} -> the contract gate's verdict with the contract's figures; what a person signs."""
    project, budget = projects.read(event["projectId"]), ledger.read(event["projectId"])
    decision = views.contract_decision(project, budget)
    contract = project["creativeContract"]
    statement = ledger.statement(budget)
    return {
        "allowed": decision.allowed,
        "locked": bool(project["contractLocked"]) and decision.allowed,
        "code": decision.code,
        "message": decision.message,
        "missing": list(decision.missing),
        "title": project["title"],
        "budgetCap": statement["budgetCap"],
        "available": statement["available"],
        "billing": statement["billing"],
        "referencePack": len(contract.get("referencePack", [])),
        "targetFormat": contract.get("targetFormat"),
        "targetRuntime": contract.get("targetRuntime"),
        "aspectRatio": contract.get("aspectRatio"),
        "frameRate": contract.get("frameRate"),
    }


def lock_contract(event: dict[str, Any]) -> dict[str, Any]:
    project = service.lock_contract(event["projectId"], event["by"], event.get("traceId", ""))
    return {"locked": True, "lockedBy": project["contractLockedBy"], "lockedAt": project["contractLockedAt"]}


def reopen_contract(event: dict[str, Any]) -> dict[str, Any]:
    service.reopen_contract(event["projectId"], event["by"], event.get("reason", ""), event.get("traceId", ""))
    return {"locked": False}


def _run(project_id: str, number: int) -> Item:
    run = table().get(keys.run(project_id, number))
    if run is None:
        raise NotFound(f"No production run {number}", fix="Start the production.")
    return run


def set_phase(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId, run, phase, status?} -> the run's phases {name: {startedAt, endedAt}}; entering one ends the last.

    A phase entered again (a reshoot) keeps its first start and loses its end.
    """
    project_id, number, phase = event["projectId"], event["run"], event["phase"]
    run = _run(project_id, number)
    status = event.get("status", "RUNNING")
    phases: dict[str, Any] = run.get("phases", {})
    if run.get("phase") == phase and run.get("status") == status and phase in phases:
        return {"phase": phase, "phases": phases}
    at = now()
    last = run.get("phase")
    if last and last != phase and last in phases and "endedAt" not in phases[last]:
        phases[last] = phases[last] | {"endedAt": at}
    phases[phase] = {"startedAt": phases.get(phase, {}).get("startedAt", at)}
    changes = {"phase": phase, "status": status, "phases": phases, "updatedAt": at}
    table().write(Update(keys.run(project_id, number), set=changes, condition=EXISTS))
    return {"phase": phase, "phases": phases}


def grant_override(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId, amountMicros, by, reason, key} -> what may be spent now; once per key."""
    reason = event.get("reason") or "Approved in the production"
    budget = ledger.override(
        event["projectId"],
        int(event["amountMicros"]),
        actor=event["by"],
        reason=reason,
        key=event["key"],
        trace_id=event.get("traceId", ""),
    )
    return {"available": to_usd(budget["available"]), "overrides": to_usd(budget["overrides"])}


def finish_run(event: dict[str, Any]) -> dict[str, Any]:
    """{projectId, run, status, detail} -> the run's end, kept once with its audit row."""
    project_id, number = event["projectId"], event["run"]
    run = _run(project_id, number)
    at = now()
    phases: dict[str, Any] = run.get("phases", {})
    last = run.get("phase")
    if last in phases and "endedAt" not in phases[last]:
        phases[last] = phases[last] | {"endedAt": at}
    detail = cause_in_words(str(event.get("detail", "")))[:DETAIL_CHARACTERS]
    end = Update(
        keys.run(project_id, number),
        set={"status": event["status"], "detail": detail, "phases": phases, "endedAt": at, "updatedAt": at},
        condition=EXISTS & ~Attr("status").is_in(list(TERMINAL)),
    )
    audit = audit_action(
        project_id,
        actor="production",
        act=f"production.{event['status'].lower()}",
        trace_id=event.get("traceId", ""),
        run=number,
        detail=detail,
    )
    try:
        table().transact([end, audit])
    except TransactionRefused:
        return {"status": _run(project_id, number)["status"]}
    return {"status": event["status"]}


handler = handler_of(
    {
        "contract_gate": contract_gate,
        "lock_contract": lock_contract,
        "reopen_contract": reopen_contract,
        "set_phase": set_phase,
        "grant_override": grant_override,
        "finish_run": finish_run,
    }
)
