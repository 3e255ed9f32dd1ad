"""Groups, members and roles, as callers see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Row, bindparam, select, union_all

from gridt.models.base import Rows, execute
from gridt.models.groups.collection import Collection
from gridt.models.groups.group_rows import ROSTER_KEYS, Membership, Role
from gridt.models.user import User, avatar_of
from gridt.permissions import ADMIN, COACH, MEMBER, led

_CALLER: Any = bindparam("caller_id", type_=Integer)
_GROUP = bindparam("group_id", type_=Integer)

#: all groups, with what the caller is there; its parameter is `caller_id`
GROUPS: Rows = select(
    Collection.id,
    Collection.kind,
    Collection.name,
    Collection.description,
    Collection.parent_id,
    Collection.organisation_id,
    Collection.member_count,
    Collection.created_at,
    Collection.id.in_(MEMBER.ids(_CALLER)).label("is_member"),
    Collection.id.in_(led(ADMIN).ids(_CALLER)).label("is_admin"),
    Collection.id.in_(led(COACH).ids(_CALLER)).label("is_coach"),
)
#: the condition for groups of which the caller is a member, or where they have a role
MINE = Collection.id.in_(union_all(MEMBER.ids(_CALLER), *led(ADMIN, COACH).parts(_CALLER)))
_ONE = GROUPS.where(Collection.id == _GROUP)

# the members of a group lie next to each other in the index of `roster_key`
_first = bindparam("first", type_=Membership.roster_key.type)
_organisations = Membership.__table__.alias("of_organisation")
_managed = (
    select(_organisations.c.managed)
    .where(
        _organisations.c.user_id == Membership.user_id,
        _organisations.c.group_id == Membership.organisation_id,
    )
    .correlate(Membership)
    .scalar_subquery()
)
#: the members of a group, by id; its parameters are those of `roster_of`
ROSTER: Rows = (
    select(User.id, User.username, User.email, Membership.joined_at, _managed.label("managed"))
    .join(User, User.id == Membership.user_id)
    .where(Membership.roster_key > _first, Membership.roster_key < _first + ROSTER_KEYS)
)
#: all roles, with their users
ROLES: Rows = select(
    User.id, User.username, User.email, Role.kind.label("role"), Role.group_id
).join(User, User.id == Role.user_id)
_COACHES = (
    ROLES.where(Role.kind.in_((ADMIN, COACH)))
    .order_by(Role.group_id, Role.user_id, Role.kind)
    .limit(100)
)
_MEMBERSHIPS = (
    select(
        Collection.id,
        Collection.kind,
        Collection.name,
        Collection.parent_id,
        Collection.organisation_id,
        Membership.joined_at,
    )
    .join(Membership, Membership.group_id == Collection.id)
    .where(Membership.user_id == _CALLER)
    .order_by(Collection.id)
)
_OWN_ROLES = (
    select(
        Collection.id,
        Collection.kind,
        Collection.name,
        Collection.parent_id,
        Collection.organisation_id,
        Role.kind.label("role"),
    )
    .join(Role, Role.group_id == Collection.id)
    .where(Role.user_id == _CALLER)
    .order_by(Collection.id, Role.kind)
)
_PLACE = ("id", "kind", "name", "parent_id", "organisation_id")


def roster_of(group_id: int) -> dict[str, int]:
    """Return the parameters of `ROSTER` for a group."""
    return {"first": ROSTER_KEYS * group_id}


def group_view(row: Row[Any], *, is_superuser: bool) -> dict[str, Any]:
    """Return a row of `GROUPS` as its caller sees it.

    A member without a role does not see the number of members.
    """
    roles = [kind for kind, has in ((ADMIN, row.is_admin), (COACH, row.is_coach)) if has]
    view = {name: getattr(row, name) for name in (*_PLACE, "description", "created_at")}
    view["mine"] = {"member": bool(row.is_member), "roles": roles}
    if roles or is_superuser:
        view["member_count"] = row.member_count
    return view


def find_group_view(group: Collection, caller: User) -> dict[str, Any]:
    """Return a group as a caller sees it.

    A member, and a user with a role, also sees who has a role that reaches the group.
    """
    row = execute(_ONE, {"group_id": group.id, "caller_id": caller.id}).one()
    view = group_view(row, is_superuser=caller.is_superuser)
    if row.is_member or "member_count" in view:
        view["coaches"] = coaches_of(group)
    return view


def coaches_of(group: Collection) -> list[dict[str, Any]]:
    """Return the first hundred roles that reach a group."""
    rows = execute(_COACHES.where(Role.group_id.in_(reaching(group))))
    return [role_view(row) for row in rows]


def reaching(group: Collection) -> Sequence[int]:
    """Return the ids of a group and of those above."""
    above = (group.id, group.parent_id, group.organisation_id)
    return sorted({id for id in above if id is not None})


def card(row: Row[Any]) -> dict[str, Any]:
    """Return a user as members of their groups see them."""
    return {"id": row.id, "username": row.username, "avatar": avatar_of(row.email)}


def member_view(row: Row[Any]) -> dict[str, Any]:
    """Return a row of `ROSTER`."""
    return card(row) | {"joined_at": row.joined_at, "managed": bool(row.managed)}


def role_view(row: Row[Any]) -> dict[str, Any]:
    """Return a row of `ROLES`."""
    return {"user": card(row), "kind": row.role, "group_id": row.group_id}


def groups_of(user_id: int) -> dict[str, Any]:
    """Return the memberships and roles of a user."""
    caller = {"caller_id": user_id}
    return {
        "memberships": [
            {"group": _place(row), "joined_at": row.joined_at}
            for row in execute(_MEMBERSHIPS, caller)
        ],
        "roles": [{"group": _place(row), "kind": row.role} for row in execute(_OWN_ROLES, caller)],
    }


def _place(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _PLACE}
