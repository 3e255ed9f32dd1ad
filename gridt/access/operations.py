"""Operations that only some users may do, with rules.

A rule depends only on its arguments, and on the roles that the database has.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from gridt.errors import NotAllowed
from gridt.models import Principal
from gridt.permissions import ADMIN, COACH


class Operation(StrEnum):
    """An operation that not all users may do."""

    #: use everything under /admin, and make organisations
    ADMINISTER = "service:administer"
    #: start a movement; its rule takes the setting MOVEMENTS_BY
    MOVEMENT_START = "movement:start"
    #: change or delete a movement, and see its list of members
    MOVEMENT_OWN = "movement:own"
    UPDATE_DELETE = "update:delete"
    GROUP_READ = "group:read"
    #: change the name or description of a group
    GROUP_EDIT = "group:edit"
    #: delete a group
    GROUP_CLOSE = "group:close"
    #: make a group below
    GROUP_DIVIDE = "group:divide"
    #: see the members of a group, and the roles of others
    GROUP_ROSTER = "group:roster"
    #: put members into a group, and take them out
    GROUP_MEMBERS = "group:members"
    #: give and end roles
    GROUP_ROLES = "group:roles"
    #: invite people into a group
    GROUP_INVITE = "group:invite"
    #: end an invitation into a group
    INVITATION_REVOKE = "invitation:revoke"
    #: change the settings of an organisation
    SETTINGS_EDIT = "settings:edit"
    #: end a membership; its rule takes the membership
    MEMBERSHIP_END = "membership:end"


class _Entry(NamedTuple):
    #: the thing in the path that the operation is about; nothing if there is none
    kind: str
    allows: Callable[[Any, Any], bool]
    #: the sentence for a user who may not
    refusal: str


def _leads(user: Principal, group: Any) -> bool:
    return user.has_role_for_collection((ADMIN, COACH), group)


def _administers(user: Principal, group: Any) -> bool:
    return user.has_role_for_collection(ADMIN, group)


_BY_LEADERS = "Only admins and coaches of this group may do this."
_BY_ADMINS = "Only admins of the organisation may do this."
_BY_MANAGERS = (
    "Only admins of the organisation may do this. In squads and pickup groups, coaches may, too."
)

#: the kind of thing, the rule and the refusal of each operation
_TABLE: dict[Operation, _Entry] = {
    Operation.ADMINISTER: _Entry(
        "",
        lambda user, _: user.is_superuser,
        "Only admins may do this.",
    ),
    Operation.MOVEMENT_START: _Entry(
        "",
        lambda user, starters: user.is_superuser or starters == "everybody",
        "Only admins may start movements here.",
    ),
    Operation.MOVEMENT_OWN: _Entry(
        "movement",
        lambda user, movement: user.is_superuser or user.id == movement.creator_id,
        "Only the creator of this movement and admins may do this.",
    ),
    Operation.UPDATE_DELETE: _Entry(
        "update",
        lambda user, update: user.is_superuser or user.id == update.leader_id,
        "Only the author of this update and admins may do this.",
    ),
    Operation.GROUP_READ: _Entry(
        "group",
        lambda user, group: user.can_read(group),
        "Only members, coaches and admins of this group may do this.",
    ),
    Operation.GROUP_EDIT: _Entry("group", lambda user, group: user.can_update(group), _BY_MANAGERS),
    Operation.GROUP_CLOSE: _Entry(
        "group",
        lambda user, group: user.can_delete(group),
        "Only admins of the organisation may do this, and in squads and pickup groups its coaches."
        " Only an admin of the service may delete an organisation.",
    ),
    Operation.GROUP_DIVIDE: _Entry(
        "group",
        lambda user, group: (_administers if group.parent_id is None else _leads)(user, group),
        "Only admins of the organisation may do this. In a team, its coaches may, too.",
    ),
    Operation.GROUP_ROSTER: _Entry("group", _leads, _BY_LEADERS),
    Operation.GROUP_MEMBERS: _Entry(
        "group",
        # the same people who may change the group
        lambda user, group: user.can_update(group),
        _BY_MANAGERS,
    ),
    Operation.GROUP_ROLES: _Entry("group", _administers, _BY_ADMINS),
    Operation.GROUP_INVITE: _Entry("group", _leads, _BY_LEADERS),
    Operation.INVITATION_REVOKE: _Entry(
        "invitation",
        lambda user, invitation: user.can_delete(invitation),
        "Only the maker of this invitation and admins may do this.",
    ),
    Operation.SETTINGS_EDIT: _Entry("group", _administers, _BY_ADMINS),
    Operation.MEMBERSHIP_END: _Entry(
        "group",
        lambda user, membership: user.can_delete(membership),
        "This organisation does not let its members leave. Please ask an admin of it.",
    ),
}

#: the kind of thing that each operation is about, as paths name it
KINDS = {operation: entry.kind for operation, entry in _TABLE.items()}


def can(user: Principal, operation: Operation, what: Any = None) -> bool:
    """Return whether a user may do an operation.

    :param what: the object, or what else the operation's rule takes
    """
    return _TABLE[operation].allows(user, what)


def ensure(user: Principal, operation: Operation, what: Any = None) -> None:
    """Do nothing if a user may do an operation.

    :raises NotAllowed: when they may not
    """
    if not can(user, operation, what):
        raise NotAllowed(_TABLE[operation].refusal)
