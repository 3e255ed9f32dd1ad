"""Blocking and unblocking a user: one transaction over all movements that the two share.

Both accounts are locked first, as joining a movement locks the account of the newcomer: so the
shared movements are known. The movements follow by id, each locked as for any change of its
network. See "Locks" in docs/leader-network.md.
"""

from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import aliased

from gridt.errors import Invalid, TooManyBlocks, UserNotFound
from gridt.models import Block, Movement, Subscription, User, blocked_among
from gridt.models import MovementUserAssociation as Association
from gridt.runtime.extensions import db

#: how many users a user may block; a search for a leader reads past all of them
MOST_BLOCKED = 1000


def block(blocker: User, blocked: User) -> Block:
    """Keep two users from leading each other, now and later.

    Flushes and does not commit. Does nothing the second time.

    :raises Invalid: when both are the same
    :raises UserNotFound: when one of them was deleted meanwhile
    :raises TooManyBlocks: when the blocker has blocked as many users as they may
    """
    if blocker.id == blocked.id:
        raise Invalid([{"pointer": "#/user", "detail": "You are that yourself.", "in": "path"}])
    _lock_both(blocker, blocked)
    existing = db.session.get(Block, (blocker.id, blocked.id), populate_existing=True)
    if existing is not None:
        return existing
    blocks = select(func.count()).select_from(Block).where(Block.blocker_id == blocker.id)
    if db.session.scalars(blocks).one() >= MOST_BLOCKED:
        raise TooManyBlocks
    ends = (Association.follower_id == blocker.id, Association.leader_id == blocked.id)
    followed_in = db.session.scalars(select(Association.movement_id).where(*ends)).all()
    new = Block(blocker_id=blocker.id, blocked_id=blocked.id, followed_in=sorted(followed_in))
    db.session.add(new)
    db.session.flush()
    _change_shared_movements(blocker, blocked, Movement.separate)
    return new


def unblock(blocker: User, blocked: User) -> None:
    """Remove a block, and fill slots that only it kept open.

    Flushes and does not commit. Does nothing where there is no block.
    """
    _lock_both(blocker, blocked)
    ends = (Block.blocker_id == blocker.id, Block.blocked_id == blocked.id)
    removed = db.session.execute(delete(Block).where(*ends).returning(Block.blocker_id)).all()
    if removed and not blocked_among(blocker.id, [blocked.id]):
        _change_shared_movements(blocker, blocked, Movement.reconnect)


def _lock_both(blocker: User, blocked: User) -> None:
    """Keep both users from being blocked, unblocked or joining meanwhile."""
    # Not FOR UPDATE: a transaction that posts an update holds rows that we lock later, and its
    # foreign key asks for these rows.
    both = select(User.id).where(User.id.in_([blocker.id, blocked.id])).order_by(User.id)
    if len(db.session.scalars(both.with_for_update(key_share=True)).all()) < 2:
        raise UserNotFound


def _change_shared_movements(
    blocker: User, blocked: User, change: Callable[[Movement, User, User], None]
) -> None:
    """Apply a change to each movement that two users share."""
    theirs = aliased(Subscription)
    shared = (
        select(Subscription.movement_id)
        .join(theirs, theirs.movement_id == Subscription.movement_id)
        .where(Subscription.user_id == blocker.id, theirs.user_id == blocked.id)
        .order_by(Subscription.movement_id)
    )
    for movement_id in db.session.scalars(shared).all():
        movement = Movement.find_locked(movement_id)
        if movement is not None:
            change(movement, blocker, blocked)
