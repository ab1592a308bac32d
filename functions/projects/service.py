"""Projects and their creative contract (SOP step 0). The ledger holds the cap; both change in one transaction."""

import os
from typing import Any

from projects import views
from projects.models import CreateProject, UpdateProject
from vibeboard.domain.errors import Conflict, Forbidden, Invalid
from vibeboard.domain.formats import contract_fault
from vibeboard.domain.gates import enforce
from vibeboard.domain.pricing import to_micros, to_usd
from vibeboard.domain.roles import may
from vibeboard.http.access import Caller
from vibeboard.jobs import settlement
from vibeboard.store import keys, ledger, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import Action, Item, TransactionRefused, table

# What the lock freezes. Optics are step 5's choice and stay open until a chain references them.
FROZEN = ("title", "concept", "shots", "seed")
DETAILS = {"concept", "shots", "seed", "optics", "credits"}


def create(caller: Caller, body: CreateProject) -> Item:
    """A new project owned by the caller. An incomplete contract is allowed: the contract gate waits for the rest."""
    contract = body.creative_contract.model_dump(by_alias=True)
    _check_together(contract)
    cap = contract.pop("budgetCap")
    if cap is not None:
        contract["budgetCap"] = cap
    title = body.title or (body.concept.concept[:200] if body.concept else "Untitled project")
    project = projects.create(
        title=title,
        contract=contract,
        cap=None if cap is None else to_micros(cap),
        owner=caller.user,
        owner_name=caller.name,
        organization=caller.organization,
        billing=os.environ.get("BILLING", "sandbox"),
        details=body.model_dump(by_alias=True, exclude_none=True, include=DETAILS) | {"contractRevision": 1},
        crew={mate.user_id: (mate.role, mate.name) for mate in body.crew},
    )
    return views.project_view(project, ledger.read(project["projectId"]), "owner")


def listing(caller: Caller) -> list[Item]:
    """The caller's projects, newest first."""
    found = projects.projects_of(caller.user)
    budgets = table().batch_get([keys.budget(project["projectId"]) for project in found])
    return [
        views.project_view(project, budget, project["role"])
        for project, budget in zip(found, budgets, strict=True)
        if budget
    ]


def read(caller: Caller) -> Item:
    project = projects.read(caller.project_id)
    return views.project_view(project, ledger.read(caller.project_id), caller.role or "")


def update(caller: Caller, body: UpdateProject, rev: int | None) -> Item:
    """Change what was sent. A locked contract changes only by an Admin with a reason, as a new contract revision.

    Raises Conflict CONTRACT_LOCKED, Conflict CAP_BELOW_SPEND, Forbidden (the cap is an Admin's), StaleRevision.
    """
    project, budget = projects.read(caller.project_id), ledger.read(caller.project_id)
    sent = body.model_dump(by_alias=True, exclude_unset=True, exclude={"reason", "project_id"})
    contract = project["creativeContract"] | sent.pop("creativeContract", {})
    wanted = {**sent, "creativeContract": contract}
    diff = _difference(project, wanted)
    if not diff:
        return views.project_view(project, budget, caller.role or "")
    _check_lock(caller, project, diff, body.reason)
    _check_together(contract)
    extra = _cap_change(caller, project, budget, contract)
    changes: dict[str, Any] = {name: wanted[name] for name in wanted if any(_top(field) == name for field in diff)}
    if project["contractLocked"] and any(_frozen(field) for field in diff):
        changes["contractRevision"] = project.get("contractRevision", 1) + 1
    extra.append(
        audit_action(
            caller.project_id,
            actor=caller.user,
            act="contract.revise" if project["contractLocked"] else "project.update",
            trace_id=caller.trace_id,
            changes=diff,
            reason=body.reason,
        )
    )
    try:
        changed = projects.update(project, changes, extra, rev)
    except TransactionRefused as refused:
        raise _cap_refusal(refused, contract.get("budgetCap")) from refused
    return views.project_view(changed, ledger.read(caller.project_id), caller.role or "")


def _check_together(contract: dict[str, Any]) -> None:
    """Format, runtime and rate must make a film together. Raises Invalid CONTRACT_INCONSISTENT."""
    known = {name: value for name, value in contract.items() if value is not None}
    fault = contract_fault(
        known.get("targetFormat", "trailer"),
        known.get("targetRuntime", 60),
        known.get("frameRate", 24),
    )
    if fault:
        field = f"creativeContract.{fault.field}"
        raise Invalid(fault.message, field=field, code="CONTRACT_INCONSISTENT", fix=fault.fix)


def _difference(project: Item, wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """field -> {from, to}, contract fields as creativeContract.<field>."""
    diff: dict[str, dict[str, Any]] = {}
    for name, value in wanted.items():
        if name == "creativeContract":
            before = project["creativeContract"]
            for field in value:
                if value[field] != before.get(field):
                    diff[f"creativeContract.{field}"] = {"from": before.get(field), "to": value[field]}
        elif value != project.get(name):
            diff[name] = {"from": project.get(name), "to": value}
    return diff


def _top(field: str) -> str:
    return field.partition(".")[0]


def _frozen(field: str) -> bool:
    return _top(field) == "creativeContract" or field in FROZEN


def _check_lock(caller: Caller, project: Item, diff: dict[str, Any], reason: str) -> None:
    frozen = [field for field in diff if _frozen(field)]
    if not project["contractLocked"] or not frozen:
        return
    if caller.role and may(caller.role, "contract") and reason.strip():
        return
    raise Conflict(
        f"The creative contract is locked; {', '.join(frozen)} cannot change",
        code="CONTRACT_LOCKED",
        fix="An Admin changes it with a `reason`, which makes a new contract revision.",
        fields=frozen,
        lockedBy=project.get("contractLockedBy"),
        lockedAt=project.get("contractLockedAt"),
    )


def _cap_change(caller: Caller, project: Item, budget: Item, contract: dict[str, Any]) -> list[Action]:
    """The ledger's part of a contract change: nothing when neither cap nor reference count changed."""
    before = project["creativeContract"]
    references = len(contract.get("referencePack", []))
    new_cap = contract.get("budgetCap")
    if new_cap != before.get("budgetCap") and not (caller.role and may(caller.role, "budget-override")):
        raise Forbidden(
            f"Only an Admin sets the budget cap; your role in this project is {caller.role}",
            fix="Ask an Admin or the Owner of the project.",
            requiredRole="admin",
            role=caller.role,
        )
    if new_cap == before.get("budgetCap") and references == len(before.get("referencePack", [])):
        return []
    cap = None if new_cap is None else to_micros(new_cap)
    return ledger.cap_actions(budget, caller.project_id, cap, references, caller.user)


def _cap_refusal(refused: TransactionRefused, new_cap: float | None) -> Conflict:
    standing = next((item for item in refused.items[1:] if item), None)
    if standing is None:
        return Conflict("The project changed meanwhile", fix="Read it again and repeat your change.")
    figures = ledger.statement(standing)
    needed = standing["committed"] + standing["reserved"] - standing["overrides"]
    return Conflict(
        f"{to_usd(standing['committed'])} USD are spent and {to_usd(standing['reserved'])} USD are held; "
        f"the cap cannot become {new_cap or 0}",
        code="CAP_BELOW_SPEND",
        fix=f"Set a cap of at least {to_usd(max(needed, 0)):.2f} USD, or cancel jobs that are still open.",
        budget=figures,
    )


def lock_contract(project_id: str, by: str, trace_id: str = "") -> Item:
    """Freeze the contract. It passes the contract gate first; a locked one stays as it is.

    Raises GateRefused CONTRACT_INCOMPLETE.
    """
    project, budget = projects.read(project_id), ledger.read(project_id)
    if project["contractLocked"]:
        return project
    enforce("contract", views.contract_facts(project, budget))
    changes = {"contractLocked": True, "contractLockedBy": by, "contractLockedAt": now()}
    facts = {"contract": project["creativeContract"], "revision": project.get("contractRevision", 1)}
    audit = audit_action(project_id, actor=by, act="contract.lock", trace_id=trace_id, **facts)
    return projects.update(project, changes, [audit], None)


def reopen_contract(project_id: str, by: str, reason: str, trace_id: str = "") -> Item:
    """Open the contract for changes again; an open one stays as it is. `reason` goes into the audit."""
    project = projects.read(project_id)
    if not project["contractLocked"] and project.get("contractReopenedFor") == reason:
        return project
    audit = audit_action(project_id, actor=by, act="contract.reopen", trace_id=trace_id, reason=reason)
    return projects.update(project, {"contractLocked": False, "contractReopenedFor": reason}, [audit], None)


def lock(caller: Caller) -> Item:
    project = lock_contract(caller.project_id, caller.user, caller.trace_id)
    return views.project_view(project, ledger.read(caller.project_id), caller.role or "")


def delete(caller: Caller, force: bool) -> dict[str, Any]:
    """Remove the project, every item and every file. Open jobs stop it, unless forced: then their holds are released.

    Work a vendor already has is settled at what was held, because it will be billed. Raises Conflict JOBS_OPEN.
    """
    project_id = caller.project_id
    jobs = [job for job in table().query(f"PROJECT#{project_id}", "JOB#") if job["status"] not in settlement.AT_REST]
    if jobs and not force:
        raise Conflict(
            f"{len(jobs)} jobs of this project are still open",
            code="JOBS_OPEN",
            fix="Wait for them, cancel them, or delete with ?force=true.",
            jobs=[job["jobId"] for job in jobs[:20]],
        )
    for job in jobs:
        billed = 0 if job["status"] == "RESERVED" or job["provider"] == "sandbox" else job["amount"]
        stopped = {"code": "PROJECT_DELETED", "message": "The project was deleted"}
        settlement.fail(job, stopped, cost=billed, status="CANCELLED")
    files = objects.delete_prefix(keys.media_prefix(project_id))
    items = projects.delete(project_id)
    return {"projectId": project_id, "deleted": True, "items": items, "files": files, "jobsCancelled": len(jobs)}
