"""Roles and claims: the ladder of the SOP's section D, and API Gateway's way with arrays."""

import itertools

import pytest

from vibeboard.domain.errors import Unauthenticated
from vibeboard.domain.roles import PERMISSIONS, ROLES, Permission, Role, may
from vibeboard.http.access import claims_of, parse_groups

SOP_ROLES: list[tuple[Role, Permission, bool]] = [
    ("viewer", "view", True),
    ("viewer", "generate", False),
    ("editor", "generate", True),
    ("editor", "vfx", True),
    ("editor", "shot-lock", False),
    ("editor", "budget-override", False),
    ("admin", "shot-lock", True),
    ("admin", "picture-lock", True),
    ("admin", "budget-override", True),
    ("admin", "export", False),
    ("admin", "delete", False),
    ("owner", "export", True),
    ("owner", "delete", True),
]


@pytest.mark.parametrize(("role", "permission", "allowed"), SOP_ROLES)
def test_the_sops_roles(role: Role, permission: Permission, allowed: bool) -> None:
    assert may(role, permission) is allowed


def test_a_higher_role_has_every_permission_of_a_lower_one() -> None:
    for lower, higher in itertools.pairwise(ROLES):
        assert all(may(higher, permission) for permission in PERMISSIONS if may(lower, permission))


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("[editor viewer]", ("editor", "viewer")),
        ("editor,viewer", ("editor", "viewer")),
        ("admin", ("admin",)),
        (["admin"], ("admin",)),
        ("[]", ()),
        ("<script>", ()),
        ({"admin": True}, ()),
        (None, ()),
    ],
)
def test_group_claims_are_read_strictly(claim: object, groups: tuple[str, ...]) -> None:
    assert parse_groups(claim) == groups


@pytest.mark.parametrize("sub", [None, "", "a b", "x" * 129])
def test_a_token_without_a_usable_subject_is_no_token(sub: str | None) -> None:
    event = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": sub} if sub is not None else {}}}}}
    with pytest.raises(Unauthenticated):
        claims_of(event)
