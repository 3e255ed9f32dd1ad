"""Blocking somebody, and letting it be: one transaction over all movements that two share.

Both accounts are held first, as each of the two does who joins a movement: so those that they
share are known. Then comes one movement after the other, by id, each locked as for any change of
its network. See "Locks" in docs/leader-network.md.
"""

from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import aliased

from gridt.errors import Invalid, TooManyBlocks, UserNotFound
from gridt.models import Block, Movement, Subscription, User, barred_from
from gridt.models import MovementUserAssociation as Association
from gridt.runtime.extensions import db

#: as many people one may block; a movement is searched past so many for somebody to follow
MOST_BLOCKED = 1000


def block(blocker: User, blocked: User) -> Block:
    """Keep two users from leading each other, from now on and where they do already.

    Flushes and does not commit. Does nothing the second time.

    :raises Invalid: when both are the same
    :raises UserNotFound: when one of them was deleted meanwhile
    :raises TooManyBlocks: when the blocker has blocked as many as one may
    """
    if blocker.id == blocked.id:
        raise Invalid([{"pointer": "#/user", "detail": "You are that yourself.", "in": "path"}])
    _hold_both(blocker, blocked)
    found = db.session.get(Block, (blocker.id, blocked.id), populate_existing=True)
    if found is not None:
        return found
    mine = select(func.count()).select_from(Block).where(Block.blocker_id == blocker.id)
    if db.session.scalars(mine).one() >= MOST_BLOCKED:
        raise TooManyBlocks
    ends = (Association.follower_id == blocker.id, Association.leader_id == blocked.id)
    followed_in = db.session.scalars(select(Association.movement_id).where(*ends)).all()
    new = Block(blocker_id=blocker.id, blocked_id=blocked.id, followed_in=sorted(followed_in))
    db.session.add(new)
    db.session.flush()
    _in_shared_movements(blocker, blocked, Movement.part)
    return new


def unblock(blocker: User, blocked: User) -> None:
    """Take a block back; slots that only it kept open are filled.

    Flushes and does not commit. Does nothing where there is no block.
    """
    _hold_both(blocker, blocked)
    ends = (Block.blocker_id == blocker.id, Block.blocked_id == blocked.id)
    taken_back = db.session.execute(delete(Block).where(*ends).returning(Block.blocker_id)).all()
    if taken_back and not barred_from(blocker.id, [blocked.id]):
        _in_shared_movements(blocker, blocked, Movement.meet_again)


def _hold_both(one: User, other: User) -> None:
    """Let nobody block or unblock one of two meanwhile, nor them join a movement."""
    # not FOR UPDATE: who posts holds what we want next, and asks for this row by a foreign key
    both = select(User.id).where(User.id.in_([one.id, other.id])).order_by(User.id)
    if len(db.session.scalars(both.with_for_update(key_share=True)).all()) < 2:
        raise UserNotFound


def _in_shared_movements(
    one: User, other: User, change: Callable[[Movement, User, User], None]
) -> None:
    theirs = aliased(Subscription)
    shared = (
        select(Subscription.movement_id)
        .join(theirs, theirs.movement_id == Subscription.movement_id)
        .where(Subscription.user_id == one.id, theirs.user_id == other.id)
        .order_by(Subscription.movement_id)
    )
    for movement_id in db.session.scalars(shared).all():
        movement = Movement.find_locked(movement_id)
        if movement is not None:
            change(movement, one, other)
