"""The end of an account, in its groups.

The account is locked meanwhile, so its user gets no membership or role.
"""

from collections.abc import Sequence

from sqlalchemy import DateTime, Integer, column, delete, select, table, update
from sqlalchemy import Text as SqlText

from gridt.errors import LastAdmin
from gridt.models.base import execute
from gridt.models.groups.group_rows import Membership, Role
from gridt.permissions import ADMIN
from gridt.runtime.extensions import db

# by name, because the models of these tables import this module
_groups = table(
    "groups", column("id", Integer), column("name", SqlText), column("member_count", Integer)
)
_users = table("users", column("id", Integer), column("deactivated_at", DateTime))


def end_roles(user_id: int) -> None:
    """End all roles of a user. Does not commit.

    :raises LastAdmin: when an organisation would have no admin left
    """
    led = select(Role.organisation_id).where(Role.user_id == user_id, Role.kind == ADMIN)
    for organisation_id in db.session.scalars(led).all():
        ensure_another_admin(organisation_id, user_id)
    db.session.execute(delete(Role).where(Role.user_id == user_id))


def end_memberships(user_id: int) -> None:
    """End the memberships of a user without roles.

    Does not commit.
    """
    joined = select(Membership.group_id).where(Membership.user_id == user_id)
    leave_groups(user_id, db.session.scalars(joined).all())


def leave_groups(user_id: int, group_ids: Sequence[int]) -> None:
    """End some memberships of a user, and count them off.

    They end in one statement, because those below name those above.
    """
    lock_groups(group_ids)
    left = Membership.user_id == user_id, Membership.group_id.in_(group_ids)
    db.session.execute(delete(Membership).where(*left))
    count_members(group_ids, -1)


def ensure_another_admin(organisation_id: int, user_id: int) -> None:
    """Check that an organisation keeps an admin without a user.

    It locks the organisation, so of two admins who leave at once, the second waits. An admin who
    cannot log in does not count.

    :raises LastAdmin: when there is no other admin
    """
    lock_groups([organisation_id])
    other = select(Role.user_id).join(_users, _users.c.id == Role.user_id)
    other = other.where(Role.group_id == organisation_id, Role.kind == ADMIN)
    other = other.where(Role.user_id != user_id, _users.c.deactivated_at.is_(None))
    if db.session.scalar(other.limit(1)) is None:
        name = db.session.scalar(select(_groups.c.name).where(_groups.c.id == organisation_id))
        raise LastAdmin(
            f"This is the last admin of {name}. Make another member an admin first, or ask the"
            " operator to delete the organisation."
        )


def lock_groups(group_ids: Sequence[int]) -> None:
    """Lock groups until this transaction ends, those above first."""
    groups = select(_groups.c.id).where(_groups.c.id.in_(group_ids)).order_by(_groups.c.id)
    db.session.execute(groups.with_for_update(key_share=True))


def count_members(group_ids: Sequence[int], joined: int) -> int:
    """Add to the numbers of members.

    :returns: how many of the groups there are
    """
    counted = update(_groups).where(_groups.c.id.in_(group_ids))
    return execute(counted.values(member_count=_groups.c.member_count + joined)).rowcount
