"""Rules: conditions on a row, in SQL and in Python."""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlalchemy import ColumnElement, and_, or_, true

from gridt.permissions.sources import Source

#: a condition for the rows that a caller sees; at least one of several must hold
Arm: TypeAlias = ColumnElement[bool]
_EVERYTHING: Arm = true()


class Caller(Protocol):
    """A user or visitor who asks.

    The id of a visitor is None.
    """

    @property
    def id(self) -> Any: ...

    @property
    def is_superuser(self) -> bool: ...


class Rule:
    """A condition on a caller and a row."""

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        """Return the conditions for the rows of a model.

        Without a condition, the rule holds for no row.
        """
        raise NotImplementedError

    def holds(self, caller: Caller, row: Any) -> bool:
        """Return whether the rule holds for a row."""
        raise NotImplementedError

    def __or__(self, other: "Rule") -> "Rule":
        return _Either(self, other)

    def __and__(self, other: "Rule") -> "Rule":
        return _Both(self, other)


class Never(Rule):
    """Holds for no row."""

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return []

    def holds(self, caller: Caller, row: Any) -> bool:
        return False


class Always(Rule):
    """Holds for every row."""

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [_EVERYTHING]

    def holds(self, caller: Caller, row: Any) -> bool:
        return True


class _OfSiteAdmins(Rule):
    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [_EVERYTHING] if caller.is_superuser else []

    def holds(self, caller: Caller, row: Any) -> bool:
        return caller.is_superuser


#: holds for admins of the service
SITE: Rule = _OfSiteAdmins()


@dataclass(frozen=True)
class Mine(Rule):
    """Holds if a column has the caller's id."""

    column: str

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [] if caller.id is None else [getattr(model, self.column) == caller.id]

    def holds(self, caller: Caller, row: Any) -> bool:
        return caller.id is not None and bool(getattr(row, self.column) == caller.id)


@dataclass(frozen=True)
class Others(Rule):
    """Holds if a column does not have the caller's id."""

    column: str

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [_EVERYTHING if caller.id is None else getattr(model, self.column) != caller.id]

    def holds(self, caller: Caller, row: Any) -> bool:
        return caller.id is None or bool(getattr(row, self.column) != caller.id)


@dataclass(frozen=True)
class Missing(Rule):
    """Holds if a column is null."""

    column: str

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [getattr(model, self.column).is_(None)]

    def holds(self, caller: Caller, row: Any) -> bool:
        return getattr(row, self.column) is None


@dataclass(frozen=True)
class In(Rule):
    """Holds if a column has an id of a source."""

    column: str
    source: Source

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return [getattr(model, self.column).in_(self.source.ids(caller.id))]

    def holds(self, caller: Caller, row: Any) -> bool:
        return self.source.contains(caller.id, getattr(row, self.column))


@dataclass(frozen=True)
class _Either(Rule):
    first: Rule
    second: Rule

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return either(self.first.arms(caller, model), lambda: self.second.arms(caller, model))

    def holds(self, caller: Caller, row: Any) -> bool:
        return self.first.holds(caller, row) or self.second.holds(caller, row)


@dataclass(frozen=True)
class _Both(Rule):
    first: Rule
    second: Rule

    def arms(self, caller: Caller, model: Any) -> list[Arm]:
        return both(self.first.arms(caller, model), lambda: self.second.arms(caller, model))

    def holds(self, caller: Caller, row: Any) -> bool:
        return self.first.holds(caller, row) and self.second.holds(caller, row)


def either(first: list[Arm], second: Any) -> list[Arm]:
    """Join two lists of arms.

    It asks for the second only if that counts.
    """
    if _holds_always(first):
        return first
    joined = [*first, *second()]
    return [_EVERYTHING] if _holds_always(joined) else joined


def both(first: list[Arm], second: Any) -> list[Arm]:
    """Require two lists of arms.

    It asks for the second only if that counts.
    """
    if not first:
        return []
    required = second()
    return [and_(or_(*first), or_(*required))] if required else []


def _holds_always(arms: list[Arm]) -> bool:
    return any(arm is _EVERYTHING for arm in arms)
