"""The permissions: rights that only some users have."""

from enum import StrEnum


class Permission(StrEnum):
    """A permission.

    Its comment names the second argument of its rule.
    """

    #: use everything under /admin; with None
    ADMINISTER = "service:administer"
    #: start a movement; with the setting MOVEMENTS_BY
    MOVEMENT_START = "movement:start"
    #: change or delete a movement, and see its list of members; with a `Movement`
    MOVEMENT_OWN = "movement:own"
    #: delete an update; with an `Update`
    UPDATE_DELETE = "update:delete"
