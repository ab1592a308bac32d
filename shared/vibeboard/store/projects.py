"""Projects, their members and the crew of an organization."""

from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import NotFound, StaleRevision
from vibeboard.domain.ids import new_id, seed_of
from vibeboard.domain.roles import Role
from vibeboard.store import keys, ledger
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Action, Delete, Item, Put, TransactionRefused, Update, table


def member_item(project_id: str, user: str, role: Role, name: str = "") -> Item:
    return {
        **keys.member(project_id, user),
        "GSI1PK": keys.memberships_of(user),
        "GSI1SK": f"PROJECT#{project_id}",
        "userId": user,
        "role": role,
        "name": name,
        "projectId": project_id,
    }


def crew_of(organization: str) -> list[Item]:
    """Who joins each new project of an organization: items {userId, role, name}."""
    return table().query(f"ORG#{organization}", "CREW#") if organization else []


def set_crew(organization: str, user: str, role: Role, name: str = "") -> Item:
    return table().write(Put({**keys.crew(organization, user), "userId": user, "role": role, "name": name}))


def create(
    *,
    title: str,
    contract: dict[str, Any],
    cap: int | None,
    owner: str,
    owner_name: str,
    organization: str,
    billing: str,
    details: dict[str, Any] | None = None,
    crew: dict[str, tuple[Role, str]] | None = None,
) -> Item:
    """A project with its owner, its crew and its budget, in one transaction. crew: user -> (role, name)."""
    project_id = new_id("prj")
    item: Item = {
        **keys.project(project_id),
        "projectId": project_id,
        "title": title,
        "creativeContract": contract,
        "contractLocked": False,
        "organization": organization,
        "createdBy": owner,
        "createdByName": owner_name,
        "billing": billing,
        "createdAt": now(),
        "rev": 1,
        "seed": seed_of(project_id),
        **(details or {}),
    }
    budget = ledger.budget_item(project_id, cap, len(contract.get("referencePack", [])), billing)
    members = {owner: member_item(project_id, owner, "owner", owner_name)}
    for user, (role, name) in (crew or {}).items():
        members.setdefault(user, member_item(project_id, user, role, name))
    for mate in crew_of(organization):
        members.setdefault(mate["userId"], member_item(project_id, mate["userId"], mate["role"], mate.get("name", "")))
    known = table().batch_get([keys.quota(user) for user in members])
    newcomers = [user for user, quota in zip(members, known, strict=True) if quota is None]
    made: list[Action] = [
        Put(item, NEW),
        Put(budget, NEW),
        ledger.entry_action(project_id, "open", cap or 0, actor=owner),
        audit_action(project_id, actor=owner, act="project.create", title=title),
        *(Put(member, NEW) for member in members.values()),
    ]
    # a newcomer who joins another project at this very moment has a quota from there: `write_each` leaves it out
    table().write_each([*made, *(Put(ledger.first_quota(user), NEW) for user in newcomers)])
    return item


def read(project_id: str) -> Item:
    item = table().get(keys.project(project_id))
    if item is None:
        raise NotFound("No such project", fix="Check the project id, or ask its Owner to add you.")
    return item


def projects_of(user: str) -> list[Item]:
    """Projects this user is a member of, newest first, each with the user's role."""
    memberships = table().query_index(keys.memberships_of(user), "PROJECT#")[:100]
    found = table().batch_get([keys.project(row["projectId"]) for row in memberships])
    joined = [item | {"role": row["role"]} for item, row in zip(found, memberships, strict=True) if item]
    return sorted(joined, key=lambda item: item["createdAt"], reverse=True)


def update(project: Item, changes: dict[str, Any], extra: list[Action], rev: int | None) -> Item:
    """Write changes with a new revision. Raises StaleRevision when `rev` (or what was read) is no longer current."""
    expected = rev if rev is not None else project["rev"]
    changed = changes | {"rev": expected + 1, "updatedAt": now()}
    write = Update(keys.project(project["projectId"]), set=changed, condition=Attr("rev").eq(expected))
    try:
        table().transact([write, *extra])
    except TransactionRefused as refused:
        if refused.failed[0]:
            current = (refused.items[0] or {}).get("rev")
            raise StaleRevision(
                f"The project is at revision {current}, not {expected}",
                fix="Read it again and repeat your change.",
                currentRevision=current,
            ) from refused
        raise
    return project | changed


def members(project_id: str) -> list[Item]:
    return table().query(f"PROJECT#{project_id}", "MEMBER#")


def membership(project_id: str, user: str) -> Item | None:
    """The user's membership; project, budget and quota come along in the same call, for most requests need them."""
    likely = [keys.project(project_id), keys.budget(project_id), keys.quota(user)]
    return table().read_ahead(keys.member(project_id, user), likely)


def set_member(project_id: str, user: str, role: Role, name: str, actor: str) -> Item:
    item = member_item(project_id, user, role, name)
    ledger.ensure_quota(user)
    table().transact(
        [Put(item), audit_action(project_id, actor=actor, act="member.set", userId=user, role=role)],
    )
    return item


def remove_member(project_id: str, user: str, actor: str) -> None:
    table().transact(
        [
            Delete(keys.member(project_id, user), EXISTS),
            audit_action(project_id, actor=actor, act="member.remove", userId=user),
        ]
    )


def delete(project_id: str) -> int:
    """Remove every item of the project. Returns how many."""
    rows = table().query(f"PROJECT#{project_id}")
    for row in rows:
        table().write(Delete({"PK": row["PK"], "SK": row["SK"]}))
    return len(rows)
