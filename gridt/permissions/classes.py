"""Permission classes: the answers to four questions, and a filter.

A model declares `permissions`, made of these classes. `A | B` permits if either does, `A & B` if
both do. The first one decides alone if it can.
"""

from typing import Any

from gridt.permissions.role_kinds import ADMIN, role_kinds
from gridt.permissions.rules import (
    SITE,
    Always,
    Arm,
    Caller,
    In,
    Mine,
    Never,
    Rule,
    both,
    either,
)
from gridt.permissions.sources import LISTED, MEMBER, led


class Permissions:
    """The base class, which answers nothing itself."""

    def user_can_create_object(self, user: Caller, obj: Any) -> bool:
        """Return whether a user may save a new row."""
        raise NotImplementedError

    def user_can_read_object(self, user: Caller, obj: Any) -> bool:
        """Return whether a user may see a row."""
        raise NotImplementedError

    def user_can_update_object(self, user: Caller, obj: Any) -> bool:
        """Return whether a user may change a row."""
        raise NotImplementedError

    def user_can_delete_object(self, user: Caller, obj: Any) -> bool:
        """Return whether a user may delete a row."""
        raise NotImplementedError

    def readable_by_user_filter(self, user: Caller, model: Any) -> list[Arm]:
        """Return the arms of the rows that users may see."""
        raise NotImplementedError

    def __or__(self, other: "Permissions") -> "Permissions":
        return _Either(self, other)

    def __and__(self, other: "Permissions") -> "Permissions":
        return _Both(self, other)


class _Combined(Permissions):
    def __init__(self, first: Permissions, second: Permissions) -> None:
        self.first, self.second = first, second

    def user_can_create_object(self, user: Caller, obj: Any) -> bool:
        return self._ask("create", user, obj)

    def user_can_read_object(self, user: Caller, obj: Any) -> bool:
        return self._ask("read", user, obj)

    def user_can_update_object(self, user: Caller, obj: Any) -> bool:
        return self._ask("update", user, obj)

    def user_can_delete_object(self, user: Caller, obj: Any) -> bool:
        return self._ask("delete", user, obj)

    def _ask(self, operation: str, user: Caller, obj: Any) -> bool:
        name = f"user_can_{operation}_object"
        answers = (getattr(each, name)(user, obj) for each in (self.first, self.second))
        return self._decide(answers)

    def _decide(self, answers: Any) -> bool:
        raise NotImplementedError


class _Either(_Combined):
    def _decide(self, answers: Any) -> bool:
        return any(answers)

    def readable_by_user_filter(self, user: Caller, model: Any) -> list[Arm]:
        first = self.first.readable_by_user_filter(user, model)
        return either(first, lambda: self.second.readable_by_user_filter(user, model))


class _Both(_Combined):
    def _decide(self, answers: Any) -> bool:
        return all(answers)

    def readable_by_user_filter(self, user: Caller, model: Any) -> list[Arm]:
        first = self.first.readable_by_user_filter(user, model)
        return both(first, lambda: self.second.readable_by_user_filter(user, model))


_ALWAYS, _NEVER = Always(), Never()


class Ruled(Permissions):
    """Permissions by a rule for each operation.

    An operation without a rule is not permitted.
    """

    def __init__(
        self,
        *,
        create: Rule = _NEVER,
        read: Rule = _NEVER,
        update: Rule = _NEVER,
        delete: Rule = _NEVER,
    ) -> None:
        self.create, self.read, self.update, self.delete = create, read, update, delete

    def user_can_create_object(self, user: Caller, obj: Any) -> bool:
        return self.create.holds(user, obj)

    def user_can_read_object(self, user: Caller, obj: Any) -> bool:
        return self.read.holds(user, obj)

    def user_can_update_object(self, user: Caller, obj: Any) -> bool:
        return self.update.holds(user, obj)

    def user_can_delete_object(self, user: Caller, obj: Any) -> bool:
        return self.delete.holds(user, obj)

    def readable_by_user_filter(self, user: Caller, model: Any) -> list[Arm]:
        return self.read.arms(user, model)


class AllowAll(Ruled):
    """Permits everything."""

    def __init__(self) -> None:
        super().__init__(create=_ALWAYS, read=_ALWAYS, update=_ALWAYS, delete=_ALWAYS)


class DenyAll(Ruled):
    """Permits nothing."""


class IsOwn(Ruled):
    """Permits the user whose id is in a column.

    :param read_only: permit only to read
    """

    def __init__(self, column: str = "user_id", *, read_only: bool = False) -> None:
        own = Mine(column)
        write: Rule = _NEVER if read_only else own
        super().__init__(create=write, read=own, update=write, delete=write)


class IsSelf(IsOwn):
    """Permits users to act on their own account."""

    def __init__(self, *, read_only: bool = False) -> None:
        super().__init__("id", read_only=read_only)


class IsMember(Ruled):
    """Permits members of the group in a column to read."""

    def __init__(self, column: str = "group_id") -> None:
        super().__init__(read=In(column, MEMBER))


class IsListed(Ruled):
    """Permits everybody to read what belongs to a listed organisation.

    :param column: the column with the organisation's id
    """

    def __init__(self, column: str = "organisation_id") -> None:
        super().__init__(read=In(column, LISTED))


class IsSiteAdmin(Ruled):
    """Permits admins of the service."""

    def __init__(self, *, update: bool = True) -> None:
        super().__init__(create=SITE, read=SITE, update=SITE if update else _NEVER, delete=SITE)


class RoleBased(Ruled):
    """Permits users with roles in the group of a column.

    :param target: the column with the group's id
    :param create: the kinds of roles that permit to create; the others likewise
    """

    def __init__(
        self,
        target: str,
        *,
        create: tuple[str, ...] = (),
        read: tuple[str, ...] = (),
        update: tuple[str, ...] = (),
        delete: tuple[str, ...] = (),
    ) -> None:
        kinds = {"create": create, "read": read, "update": update, "delete": delete}
        super().__init__(
            **{name: In(target, led(*role_kinds(some))) for name, some in kinds.items() if some}
        )


class IsAdminForOwnOrganisation(RoleBased):
    """Permits the admins of the organisation in a column."""

    def __init__(self, column: str = "organisation_id") -> None:
        admins = (ADMIN,)
        super().__init__(column, create=admins, read=admins, update=admins, delete=admins)
