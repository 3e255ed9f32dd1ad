"""The permissions: what not everybody may do."""

from enum import StrEnum


class Permission(StrEnum):
    """What not everybody may do, and with what: the second argument of its rule."""

    #: whatever is under /admin; with None
    ADMINISTER = "service:administer"
    #: with the setting MOVEMENTS_BY
    MOVEMENT_START = "movement:start"
    #: change or delete it, and see who its members are; with a `Movement`
    MOVEMENT_OWN = "movement:own"
    #: with an `Update`
    UPDATE_DELETE = "update:delete"
