"""The right to invite people into a group.

A condition answers it, so that one statement reads an invitation and asks whether its maker may
still invite.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    String,
    and_,
    bindparam,
    column,
    exists,
    or_,
    select,
    table,
    true,
)

from gridt.models.groups.group_rows import Role
from gridt.permissions import ADMIN, COACH
from gridt.runtime.extensions import db

# by name, because the models of these tables import this module
_groups = table(
    "groups",
    column("id", Integer),
    column("name", String),
    column("kind", String),
    column("parent_id", Integer),
    column("organisation_id", Integer),
)
_users = table(
    "users",
    column("id", Integer),
    column("role", String),
    column("deactivated_at", DateTime),
    column("secured_at", DateTime),
)
_settings = table(
    "organisation_settings",
    column("organisation_id", Integer),
    column("coach_can_invite", Boolean),
)

#: the group of an invitation, and its organisation
INVITED_GROUP, INVITED_ORGANISATION = _groups.alias("invited"), _groups.alias("its_organisation")


def may_invite_into(user_id: Any, role: Any, since: Any = None) -> ColumnElement[bool]:
    """Return the condition for a user who may invite.

    Admins may invite anybody into their organisation's groups. Coaches may invite, without a role,
    into the groups that they coach, unless the organisation's settings forbid it. The statement
    reads the group as `INVITED_GROUP`.

    :param role: the role that comes with the invitation; SQL's null for none
    :param since: only if no other person could have made something for the user at this time
    """
    maker, group = _users.alias("maker"), INVITED_GROUP.c
    # SQLAlchemy itself finds only the statement right around, and these lie two deep
    role_of_maker = exists().where(Role.user_id == maker.c.id).correlate_except(Role)
    admin = role_of_maker.where(Role.group_id == group.organisation_id, Role.kind == ADMIN)
    coach = role_of_maker.where(
        Role.kind == COACH, Role.group_id.in_([group.id, group.parent_id, group.organisation_id])
    )
    allows_coaches = (
        exists()
        .where(_settings.c.organisation_id == group.organisation_id, _settings.c.coach_can_invite)
        .correlate_except(_settings)
    )
    safe = (
        true() if since is None else or_(maker.c.secured_at.is_(None), maker.c.secured_at < since)
    )
    may = or_(maker.c.role == "admin", admin, and_(role.is_(None), allows_coaches, coach))
    can_log_in = maker.c.deactivated_at.is_(None)
    found = exists().where(maker.c.id == user_id, can_log_in, safe, may)
    return found.correlate_except(maker)


_MAY_INVITE = select(INVITED_GROUP.c.id).where(
    INVITED_GROUP.c.id == bindparam("group_id", type_=Integer),
    may_invite_into(
        bindparam("user_id", type_=Integer), bindparam("invited_role", type_=String(32))
    ),
)


def may_invite(user_id: int, group_id: int, role: str | None = None) -> bool:
    """Return whether a user may invite people into a group.

    :param role: the role that comes with the invitation
    """
    values = {"user_id": user_id, "group_id": group_id, "invited_role": role}
    return db.session.scalar(_MAY_INVITE, values) is not None
