"""Permissions: rules that give SQL and Python from one declaration.

It knows tables by name only, and no models.
"""

from gridt.permissions.classes import (
    AllowAll,
    DenyAll,
    IsAdminForOwnOrganisation,
    IsListed,
    IsMember,
    IsOwn,
    IsSelf,
    IsSiteAdmin,
    Permissions,
    RoleBased,
    Ruled,
)
from gridt.permissions.role_kinds import (
    ADMIN,
    ASSIGNABLE_COACH,
    COACH,
    ROLE_KINDS,
    InvalidRoleKind,
    role_kinds,
)
from gridt.permissions.rules import SITE, Arm, Caller, In, Mine, Missing, Others, Rule
from gridt.permissions.sources import (
    MEMBER,
    STARTED_BY_MEMBERS,
    Source,
    has,
    led,
    managed_people,
    people,
)

__all__ = [
    "ADMIN",
    "ASSIGNABLE_COACH",
    "COACH",
    "MEMBER",
    "ROLE_KINDS",
    "SITE",
    "STARTED_BY_MEMBERS",
    "AllowAll",
    "Arm",
    "Caller",
    "DenyAll",
    "In",
    "InvalidRoleKind",
    "IsAdminForOwnOrganisation",
    "IsListed",
    "IsMember",
    "IsOwn",
    "IsSelf",
    "IsSiteAdmin",
    "Mine",
    "Missing",
    "Others",
    "Permissions",
    "RoleBased",
    "Rule",
    "Ruled",
    "Source",
    "has",
    "led",
    "managed_people",
    "people",
    "role_kinds",
]
