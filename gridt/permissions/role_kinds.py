"""The kinds of roles in groups."""

from collections.abc import Iterable

ADMIN, COACH = "admin", "coach"
#: a user who may become coach of a team; the role itself permits nothing
ASSIGNABLE_COACH = "assignable coach"
ROLE_KINDS = (ADMIN, COACH, ASSIGNABLE_COACH)


class InvalidRoleKind(ValueError):
    """A role that does not exist, or not there."""


def role_kinds(kinds: str | Iterable[str]) -> frozenset[str]:
    """Return one or more kinds as a set.

    :raises InvalidRoleKind: for a kind that does not exist
    :raises TypeError: for anything else
    """
    found = frozenset([kinds] if isinstance(kinds, str) else kinds)
    for kind in found.difference(ROLE_KINDS):
        raise InvalidRoleKind(f"there is no role {kind!r}")
    return found
