"""Who may do what (SOP section D): one ladder of roles, one table from permission to role."""

from typing import Literal

Role = Literal["viewer", "editor", "admin", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin", "owner")

Permission = Literal[
    "signed-url", "signed-in", "view", "edit", "generate", "vfx", "review", "contract", "shot-lock", "picture-lock",
    "budget-override", "members", "produce", "export", "delete",
]  # fmt: skip

# "signed-url" needs no person: the address itself is signed by us, and the body by who sends it (webhooks).
# "signed-in" needs no membership: it is for what belongs to no project yet.
PERMISSIONS: dict[Permission, Role | None] = {
    "signed-url": None,
    "signed-in": None,
    "view": "viewer",
    "edit": "editor",
    "generate": "editor",
    "vfx": "editor",
    "review": "editor",
    "produce": "editor",
    "contract": "admin",
    "shot-lock": "admin",
    "picture-lock": "admin",
    "budget-override": "admin",
    "members": "admin",
    "export": "owner",
    "delete": "owner",
}


def may(role: Role, permission: Permission) -> bool:
    """True if a member with this role has this permission."""
    needed = PERMISSIONS[permission]
    return needed is None or ROLES.index(role) >= ROLES.index(needed)


# gate of an approval -> the least role that may decide it (SOP section D; design section 6)
APPROVAL_ROLES: dict[str, Role] = {
    "contract": "admin",
    "outline": "editor",
    "budget": "admin",
    "dailies": "editor",
    "shotLock": "admin",
    "pictureLock": "admin",
    "delivery": "owner",
}
