"""Members of a project and what they did: crew, audit, operations log."""

from collections.abc import Callable
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Conflict, Forbidden, Invalid, NotFound
from vibeboard.domain.roles import Role
from vibeboard.http.access import USER_ID, Caller
from vibeboard.store import keys, ledger, projects
from vibeboard.store.audit import audit_action
from vibeboard.store.table import EXISTS, Action, Check, Delete, Item, Put, TransactionRefused, table

PAGE = 50  # rows of a page, unless `limit` says otherwise
MAX_PAGE = 200


def member_view(item: Item) -> Item:
    return {"userId": item["userId"], "role": item["role"], "name": item.get("name", "")}


def members(caller: Caller) -> list[Item]:
    return [member_view(item) for item in projects.members(caller.project_id)]


def set_member(caller: Caller, user: str, role: Role, name: str) -> Item:
    """Give a person a role. Only an Owner makes or unmakes an Owner; the last one stays.

    Raises Invalid (user id), Forbidden, Conflict LAST_OWNER.
    """
    if not USER_ID.fullmatch(user):
        raise Invalid(f"{user[:60]!r} is no user id", field="userId", fix="Use the subject of the person's token.")
    standing = projects.membership(caller.project_id, user)
    was_owner = standing is not None and standing["role"] == "owner"
    if role == "owner" or was_owner:
        _only_owner(caller)
    item = projects.member_item(caller.project_id, user, role, name or (standing or {}).get("name", ""))
    ledger.ensure_quota(user)
    _write(caller, user, Put(item), "member.set", leaves_owner=was_owner and role != "owner", role=role)
    return member_view(item)


def remove_member(caller: Caller, user: str) -> dict[str, Any]:
    """Take a person off the project. Raises NotFound, Forbidden (an Owner), Conflict LAST_OWNER."""
    standing = projects.membership(caller.project_id, user)
    if standing is None:
        raise NotFound("No such member", fix="List the project's members for their ids.")
    was_owner = standing["role"] == "owner"
    if was_owner:
        _only_owner(caller)
    gone = Delete(keys.member(caller.project_id, user), EXISTS)
    _write(caller, user, gone, "member.remove", leaves_owner=was_owner, role=standing["role"])
    return {"userId": user, "removed": True}


def _only_owner(caller: Caller) -> None:
    if caller.role != "owner":
        raise Forbidden(
            f"Only an Owner makes or removes an Owner; your role in this project is {caller.role}",
            fix="Ask an Owner of the project.",
            requiredRole="owner",
            role=caller.role,
        )


def _write(caller: Caller, user: str, change: Put | Delete, act: str, *, leaves_owner: bool, role: str) -> None:
    """One transaction; when an Owner steps down, another one must still be there at that very moment."""
    audit = audit_action(
        caller.project_id, actor=caller.user, act=act, trace_id=caller.trace_id, userId=user, role=role
    )
    actions: list[Action] = [change, audit]
    last = Conflict(
        "A project keeps at least one Owner",
        code="LAST_OWNER",
        fix="Make somebody else Owner first.",
    )
    if leaves_owner:
        rows = projects.members(caller.project_id)
        other = next((row for row in rows if row["role"] == "owner" and row["userId"] != user), None)
        if other is None:
            raise last
        actions.append(Check(keys.member(caller.project_id, other["userId"]), Attr("role").eq("owner")))
    try:
        table().transact(actions)
    except TransactionRefused as refused:
        if leaves_owner and refused.failed[-1]:
            raise last from refused
        raise NotFound("No such member", fix="List the project's members for their ids.") from refused


def page(read: Callable[[str, int, str], list[Item]], project_id: str, limit: int, cursor: str) -> dict[str, Any]:
    """{items, nextCursor}, newest first; nextCursor is null on the last page. Raises Invalid for a foreign cursor."""
    if cursor and not cursor.startswith(("AUDIT#", "OPLOG#")):
        raise Invalid("This cursor is not ours", field="cursor", fix="Send the nextCursor of the page before.")
    rows = read(project_id, limit + 1, cursor)
    more = len(rows) > limit
    shown = rows[:limit]
    return {
        "items": [{name: value for name, value in row.items() if name != "cursor"} for row in shown],
        "nextCursor": shown[-1]["cursor"] if more else None,
    }
