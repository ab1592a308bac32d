"""Approvals: a state machine waits, a person decides. People see the approval id; the task token never leaves here."""

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.ids import child_id
from vibeboard.domain.roles import APPROVAL_ROLES
from vibeboard.store import keys
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, ConditionFailed, Item, Put, TransactionRefused, Update, public, table

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

APPROVAL_DAYS = 14  # how long a production waits for a person
_GONE = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


def open_approval(project_id: str, gate: str, token: str, *, subject: dict[str, Any], attempt: int) -> Item:
    """Ask for a decision. An older question on the same gate is superseded: its token is dead."""
    for older in pending(project_id):
        if older["gate"] == gate:
            _supersede(older)
    approval_id = child_id("apr", project_id)
    item: Item = {
        **keys.approval(project_id, approval_id),
        "approvalId": approval_id,
        "projectId": project_id,
        "gate": gate,
        "requiredRole": APPROVAL_ROLES[gate],
        "status": "PENDING",
        "attempt": attempt,
        "subject": subject,
        "taskToken": token,
        "requestedAt": now(),
        "expiresAt": int(time.time()) + APPROVAL_DAYS * 86_400,
    }
    table().transact(
        [Put(item, NEW), audit_action(project_id, actor="production", act=f"approval.ask.{gate}", attempt=attempt)]
    )
    return item


def pending(project_id: str) -> list[Item]:
    return [item for item in of_project(project_id) if item["status"] == "PENDING"]


def of_project(project_id: str) -> list[Item]:
    return table().query(f"PROJECT#{project_id}", "APPROVAL#")


def read(project_id: str, approval_id: str) -> Item:
    item = table().get(keys.approval(project_id, approval_id))
    if item is None:
        raise NotFound("No such approval", fix="List the project's approvals for their ids.")
    return item


def decide(item: Item, approved: bool, *, by: str, reason: str, note: dict[str, Any] | None = None) -> Item:
    """Write the decision once, then resume the state machine. A repeat by the same person only resumes again.

    Raises Invalid (a rejection needs a reason), Conflict (decided otherwise, superseded or expired).
    """
    if not approved and not reason.strip():
        raise Invalid("A rejection needs a reason", field="reason", fix="Say what has to change.")
    wanted = "APPROVED" if approved else "REJECTED"
    decision = {"status": wanted, "decidedBy": by, "decidedAt": now(), "reason": reason, "note": note or {}}
    write = Update(
        keys.approval(item["projectId"], item["approvalId"]), set=decision, condition=Attr("status").eq("PENDING")
    )
    audit = audit_action(
        item["projectId"], actor=by, act=f"approval.{wanted.lower()}.{item['gate']}", reason=reason, note=note or {}
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        standing = refused.items[0] or item
        if standing["status"] != wanted or standing.get("decidedBy") != by:
            raise Conflict(
                f"This approval is {standing['status']}"
                + (f" by {standing['decidedBy']}" if standing.get("decidedBy") else ""),
                code="APPROVAL_DECIDED",
                fix="List the pending approvals; a newer one may have replaced this.",
            ) from refused
    output = {"decision": wanted, "by": by, "reason": reason[:500], "note": note or {}, "attempt": item["attempt"]}
    try:
        _step_functions().send_task_success(taskToken=item["taskToken"], output=json.dumps(output))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        table().write(Update(keys.approval(item["projectId"], item["approvalId"]), set={"resumed": False}))
    return item | decision


def _supersede(item: Item) -> None:
    try:
        table().write(
            Update(
                keys.approval(item["projectId"], item["approvalId"]),
                set={"status": "SUPERSEDED"},
                condition=Attr("status").eq("PENDING"),
            )
        )
    except ConditionFailed:
        return  # decided in this very moment


def view(item: Item) -> Item:
    """An approval as people see it."""
    return public(item)


def _step_functions() -> "SFNClient":
    return boto3.client("stepfunctions")
