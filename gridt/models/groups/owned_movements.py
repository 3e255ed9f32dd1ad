"""The movements of groups, when members leave or groups end."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update

from gridt.errors import GroupInUse, Overtaken
from gridt.models.groups.account_groups import lock_groups
from gridt.models.groups.group_rows import ROSTER_KEYS, Membership
from gridt.models.groups.scope import TooManyOfGroup
from gridt.models.movement import Movement
from gridt.models.subscription import Subscription
from gridt.models.user import User
from gridt.runtime.extensions import db

#: how many movements a group may own; a member who leaves leaves them in one transaction
MOST_MOVEMENTS = 100


def leave_movements(user: User, group_ids: Sequence[int]) -> None:
    """Leave the movements that a user joined by a group.

    It locks them one after the other, by id. Flushes and does not commit.

    :param user: who is locked
    :param group_ids: the groups whose memberships end
    """
    keys = [ROSTER_KEYS * group_id + user.id for group_id in group_ids]
    joined = select(Subscription.movement_id, Membership.group_id)
    joined = joined.join(Membership, Membership.roster_key == Subscription.roster_key)
    joined = joined.where(Subscription.roster_key.in_(keys)).order_by(Subscription.movement_id)
    for movement_id, group_id in db.session.execute(joined).all():
        movement = Movement.find_locked(movement_id)
        if movement is None:
            raise Overtaken(retry_after=1)  # another transaction deleted it
        if movement.gate_id == group_id:
            movement.remove_user(user)
        else:
            _forget_key(user.id, movement_id)


def _forget_key(user_id: int, movement_id: int) -> None:
    """Let a member stay in a movement with another gate."""
    member = Subscription.user_id == user_id, Subscription.movement_id == movement_id
    db.session.execute(update(Subscription).where(*member).values(roster_key=None))


def release_movements(group_ids: Sequence[int]) -> None:
    """Take the movements of groups away from them.

    A hidden one is closed, since its audience ends, and a public one is open then. It locks them by
    id, before any group. Flushes and does not commit.

    :raises GroupInUse: when one of them has members
    """
    for movement in db.session.scalars(_owned_by(group_ids)).all():
        movement.lock(exclusive=True)
        if movement.member_count:
            raise GroupInUse
        movement.leave_group()


def ensure_none_owned(group_ids: Sequence[int]) -> None:
    """Check that locked groups own no movement.

    :raises Overtaken: when another transaction started one meanwhile
    """
    if db.session.scalar(_owned_by(group_ids).limit(1)) is not None:
        raise Overtaken(retry_after=1)


def ensure_may_own_another(group_id: int) -> None:
    """Lock a group, and check that it has room.

    :raises TooManyOfGroup: when it owns as many movements as a group may
    """
    lock_groups([group_id])
    owned = select(Movement.id).where(Movement.group_id == group_id).limit(MOST_MOVEMENTS)
    if len(db.session.scalars(owned).all()) == MOST_MOVEMENTS:
        raise TooManyOfGroup


def _owned_by(group_ids: Sequence[int]) -> Select[Movement]:
    owned = select(Movement).where(Movement.group_id.in_(group_ids))
    return owned.order_by(Movement.id)
