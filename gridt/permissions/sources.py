"""Sources: sets of ids that depend on the caller.

A source is a union of SELECTs. A filter takes them whole, and a question about one row looks into
their indexes, so both always agree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    Integer,
    String,
    bindparam,
    column,
    false,
    or_,
    select,
    table,
    union_all,
)

from gridt.runtime.extensions import db

_groups = table(
    "groups",
    column("id", Integer),
    column("parent_id", Integer),
    column("organisation_id", Integer),
)
_memberships = table(
    "memberships",
    column("user_id", Integer),
    column("group_id", Integer),
    column("organisation_id", Integer),
    column("managed", Boolean),
)
_roles = table(
    "roles", column("user_id", Integer), column("group_id", Integer), column("kind", String)
)
_settings = table(
    "organisation_settings",
    column("organisation_id", Integer),
    column("listed", Boolean),
    column("member_can_start_movements", Boolean),
)


@dataclass(frozen=True)
class Source:
    """A set of ids that depends on a caller.

    :param parts: returns SELECTs whose union is the set; for None, the id of a visitor, too
    """

    parts: Callable[[Any], list[Any]]

    def ids(self, caller_id: int | None) -> Any:
        """Return the SELECT of all the ids."""
        first, *others = self.parts(caller_id)
        return union_all(first, *others) if others else first

    def contains(self, caller_id: int | None, id: int | None) -> bool:
        """Return whether an id is in the set, by indexes."""
        values = {"caller_id": caller_id, "asked_id": id}
        return id is not None and bool(db.session.scalar(self._question, values))

    @cached_property
    def _question(self) -> Any:
        # built once, because building it costs more than running it
        asked = bindparam("asked_id", type_=Integer)
        parts = self.parts(bindparam("caller_id", type_=Integer))
        return _any_row(*(part.where(_column_of(part) == asked) for part in parts))


def has(*queries: Any) -> bool:
    """Return whether one of some SELECTs has a row."""
    return bool(db.session.scalar(_any_row(*queries)))


def _any_row(*queries: Any) -> Any:
    return select(or_(false(), *(query.exists() for query in queries)))


def _column_of(query: Any) -> Any:
    (ids,) = query.selected_columns
    return ids


#: the groups of which the caller is a member
MEMBER = Source(
    lambda caller_id: [select(_memberships.c.group_id).where(_memberships.c.user_id == caller_id)]
)
#: those of them where members may start movements
STARTED_BY_MEMBERS = Source(
    lambda caller_id: [
        select(_memberships.c.group_id)
        .join(_settings, _settings.c.organisation_id == _memberships.c.organisation_id)
        .where(_memberships.c.user_id == caller_id, _settings.c.member_can_start_movements)
    ]
)
#: the organisations that everybody sees
LISTED = Source(lambda _: [select(_settings.c.organisation_id).where(_settings.c.listed)])


@cache
def led(*kinds: str) -> Source:
    """Return the groups where the caller has some role.

    A role reaches the groups below: that of an organisation all of its groups, that of a team the
    groups of the team.
    """

    def parts(caller_id: Any) -> list[Any]:
        mine = (_roles.c.user_id == caller_id, _roles.c.kind.in_(kinds))
        own = select(_roles.c.group_id).where(*mine)
        below = [
            select(_groups.c.id).join(_roles, above == _roles.c.group_id).where(*mine)
            for above in (_groups.c.organisation_id, _groups.c.parent_id)
        ]
        return [own, *below]

    return Source(parts)


@cache
def people(*kinds: str) -> Source:
    """Return the members where the caller has a role.

    Members of a group below are members of that group, too.
    """
    return Source(lambda caller_id: [_people(caller_id, kinds)])


@cache
def managed_people(*kinds: str) -> Source:
    """Return those of `people` whose account the organisation manages."""
    return Source(lambda caller_id: [_people(caller_id, kinds).where(_memberships.c.managed)])


def _people(caller_id: Any, kinds: tuple[str, ...]) -> Any:
    joined = select(_memberships.c.user_id).join(
        _roles, _roles.c.group_id == _memberships.c.group_id
    )
    return joined.where(_roles.c.user_id == caller_id, _roles.c.kind.in_(kinds))
