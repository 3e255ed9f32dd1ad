"""The errors of groups, and the organisations of rows."""

from typing import Any


class GroupError(ValueError):
    """A change of a group that is not possible."""


class TooManyOfGroup(GroupError):
    """A group that owns as many movements as it may."""


class OrganisationMismatch(GroupError):
    """A row of one organisation that names another."""


class InvalidHierarchy(GroupError):
    """A group under no parent, or under a wrong one."""


def infer_organisation(group: Any) -> int:
    """Return the id of a group's organisation.

    :raises OrganisationMismatch: when it has none, because it is not saved
    """
    found: int | None = getattr(group, "organisation_id", None)
    if found is None:
        raise OrganisationMismatch("the group is not saved yet, and has no organisation")
    return found


def ensure_organisation(group: Any, given: int | None) -> int:
    """Return the id of a group's organisation, and check it.

    :param given: None if any will do
    :raises OrganisationMismatch: when it is another one
    """
    found = infer_organisation(group)
    if given is not None and given != found:
        raise OrganisationMismatch(f"the group is in organisation {found}, not in {given}")
    return found
