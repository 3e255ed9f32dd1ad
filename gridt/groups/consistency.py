"""Faults of groups that no constraint of the database prevents.

A process of the version before groups may cause the first two, which can be repaired.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.orm import aliased

from gridt.models import Collection, Membership, Organisation, Role, Rows, Team, User
from gridt.models import OrganisationSettings as Settings
from gridt.runtime.extensions import db

#: members of each group; a correlated subquery, because groups are few
_MEMBERS = (
    select(func.count())
    .select_from(Membership)
    .where(Membership.group_id == Collection.id)
    .correlate(Collection)
    .scalar_subquery()
)
_MISCOUNTED = Collection.member_count != _MEMBERS
_DEACTIVATED = Role.user_id.in_(select(User.id).where(User.deactivated_at.is_not(None)))


@dataclass(frozen=True, slots=True)
class GroupFault:
    """A broken rule of a group, perhaps about one user."""

    rule: str
    group_id: int
    user_id: int | None


def group_faults() -> Iterator[GroupFault]:
    """Check all groups; yield each fault.

    This is invariant I16. Foreign keys hold the rest of it.
    """
    for rule, query in _checks():
        for group_id, user_id in db.session.execute(query):
            yield GroupFault(rule, group_id, user_id)


def _checks() -> Iterator[tuple[str, Rows]]:
    """Yield each rule with the query for its faults.

    Such a query selects the id of the group and of a user, or null.
    """
    of_group = select(Collection.id, null()).order_by(Collection.id)
    yield "member_count is the number of members", of_group.where(_MISCOUNTED)
    roles = select(Role.group_id, Role.user_id).order_by(Role.group_id, Role.user_id)
    yield "no deactivated user has a role", roles.where(_DEACTIVATED)
    squads = roles.join(Collection, Collection.id == Role.group_id)
    kinds = [kind.__mapper__.polymorphic_identity for kind in (Organisation, Team)]
    yield "only organisations and teams have roles", squads.where(Collection.kind.not_in(kinds))
    above = aliased(Collection, flat=True)
    below = of_group.join(above, above.id == Collection.parent_id)
    below = below.where(Collection.kind != "team", above.kind != "team")
    yield "every squad and pickup group is in a team", below
    unset = of_group.outerjoin(Settings, Settings.organisation_id == Collection.id)
    unset = unset.where(Collection.parent_id.is_(None), Settings.organisation_id.is_(None))
    yield "every organisation has settings", unset


def repair_groups() -> None:
    """Count members again, and end roles of deactivated accounts.

    Does not commit.
    """
    unsynchronized = {"synchronize_session": False}
    ended = delete(Role).where(_DEACTIVATED)
    counted = update(Collection).where(_MISCOUNTED).values(member_count=_MEMBERS)
    for statement in (ended, counted):
        db.session.execute(statement, execution_options=unsynchronized)
    db.session.expire_all()
