"""Productions: starting the state machine, where it stands, and the decisions it waits for."""

import json
import os
from typing import Any

from botocore.exceptions import ClientError

from vibeboard import machines
from vibeboard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from vibeboard.domain.gates import evaluate
from vibeboard.domain.ids import project_of
from vibeboard.domain.roles import ROLES
from vibeboard.http.access import Caller
from vibeboard.store import approvals, keys, ledger, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Item, Put, TransactionRefused, public, table

NOTE_BYTES = 8_000
RUNNING = "RUNNING"


def start(caller: Caller, quality: str) -> dict[str, Any]:
    """Start the production state machine, or answer the run that is on. Raises GateRefused without a contract."""
    project = projects.read(caller.project_id)
    runs = table().query(f"PROJECT#{caller.project_id}", "RUN#", newest_first=True, limit=1)
    if runs and _state(runs[0]) == RUNNING:
        return view(runs[0])
    contract = project["creativeContract"]
    facts = {"budgetCap": contract.get("budgetCap"), "referencePack": len(contract.get("referencePack", []))}
    decision = evaluate("contract", facts)
    number = runs[0]["number"] + 1 if runs else 1
    name = f"{caller.project_id}-{number:03d}"
    item: Item = {
        **keys.run(caller.project_id, number),
        "number": number,
        "executionName": name,
        "options": {"quality": quality},
        "status": RUNNING,
        "phase": "",
        "startedBy": caller.user,
        "startedAt": now(),
        "traceId": caller.trace_id,
        "contractGate": decision.to_dict(),
    }
    audit = audit_action(caller.project_id, actor=caller.user, act="production.start", run=number, quality=quality)
    try:
        table().transact([Put(item, NEW), audit])
    except TransactionRefused as refused:
        raise Conflict("Somebody started it at this very moment", fix="Read the production.") from refused
    machines.start(
        "PRODUCTION_MACHINE_ARN", name, {"projectId": caller.project_id, "run": number, "traceId": caller.trace_id}
    )
    return view(item)


def _execution_arn(name: str) -> str:
    machine = os.environ["PRODUCTION_MACHINE_ARN"]
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def _state(run: Item) -> str:
    """RUNNING, or how the execution ended; an execution nobody knows any more is LOST."""
    if run["status"] != RUNNING:
        return str(run["status"])
    try:
        answer = machines.step_functions().describe_execution(executionArn=_execution_arn(run["executionName"]))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return "LOST"
        raise
    return str(answer["status"])


def status(project_id: str) -> dict[str, Any]:
    """The newest run: status, phase, and what it waits for."""
    runs = table().query(f"PROJECT#{project_id}", "RUN#", newest_first=True, limit=1)
    if not runs:
        raise NotFound("No production was started", fix="POST to this address to start it.")
    return view(runs[0]) | {
        "status": _state(runs[0]),
        "waitingFor": [approvals.view(item) for item in approvals.pending(project_id)],
        "budget": ledger.statement(ledger.read(project_id)),
    }


def view(run: Item) -> Item:
    return public(run)


def list_approvals(project_id: str, status_wanted: str) -> dict[str, Any]:
    items = [approvals.view(item) for item in approvals.of_project(project_id)]
    return {"items": [item for item in items if not status_wanted or item["status"] == status_wanted]}


def read_approval(project_id: str, approval_id: str) -> Item:
    return approvals.view(approvals.read(project_id, approval_id))


def decide(caller: Caller, approval_id: str, approve: bool, reason: str, note: dict[str, Any]) -> Item:
    """Decide by a role that may. Raises Forbidden below the gate's role, Conflict when it is decided."""
    if len(json.dumps(note)) > NOTE_BYTES:
        raise Invalid(f"The note is longer than {NOTE_BYTES} bytes", field="note", fix="Shorten it.")
    item = approvals.read(project_of(approval_id) or "", approval_id)
    if caller.role is None or ROLES.index(caller.role) < ROLES.index(item["requiredRole"]):
        raise Forbidden(
            f"The {item['gate']} approval needs the role {item['requiredRole']}; yours is {caller.role}",
            fix="Ask somebody with that role.",
            requiredRole=item["requiredRole"],
        )
    return approvals.view(approvals.decide(item, approve, by=caller.user, reason=reason, note=note))
