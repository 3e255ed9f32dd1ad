"""The rules: one for each permission.

A rule depends only on its arguments.
"""

from collections.abc import Callable
from typing import Any

from gridt.access.permissions import Permission
from gridt.errors import NotAllowed
from gridt.models import User

Rule = Callable[[User, Any], bool]

#: the rule of each permission, and the message for a user without it
_RULES: dict[Permission, tuple[Rule, str]] = {
    Permission.ADMINISTER: (
        lambda user, _: user.is_admin,
        "Only admins may do this.",
    ),
    Permission.MOVEMENT_START: (
        lambda user, starters: user.is_admin or starters == "everybody",
        "Only admins may start movements here.",
    ),
    Permission.MOVEMENT_OWN: (
        lambda user, movement: user.is_admin or user.id == movement.creator_id,
        "Only the creator of this movement and admins may do this.",
    ),
    Permission.UPDATE_DELETE: (
        lambda user, update: user.is_admin or user.id == update.leader_id,
        "Only the author of this update and admins may do this.",
    ),
}


def can(user: User, permission: Permission, what: Any = None) -> bool:
    """Return whether a user has a permission."""
    rule, _ = _RULES[permission]
    return rule(user, what)


def ensure(user: User, permission: Permission, what: Any = None) -> None:
    """Do nothing if a user has a permission.

    :raises NotAllowed: when they do not have it
    """
    if not can(user, permission, what):
        raise NotAllowed(_RULES[permission][1])
