"""Blocking and unblocking a user, in all shared movements.

One transaction stores the block and changes the first movements. A job changes the others, some in
each of its transactions, so that no other transaction waits long for a lock.

Both accounts are locked first. Joining a movement locks the newcomer's account too, so the list of
shared movements cannot change. Then the movements are locked in the order of their ids, as for any
change of a network. See "Locks" in docs/leader-network.md.
"""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import aliased

from gridt.errors import Invalid, TooManyBlocks, UserNotFound
from gridt.jobs import enqueue, job
from gridt.models import Block, Movement, Subscription, User, blocked_among
from gridt.models import MovementUserAssociation as Association
from gridt.refusals import Code, Refusal
from gridt.runtime.extensions import db

#: how many users a user may block; a search for a leader reads past all of them
MOST_BLOCKED = 1000
#: how many movements one transaction changes
MOVEMENTS_AT_ONCE = 50


def block(blocker: User, blocked: User) -> Block:
    """Keep two users from leading each other, now and later.

    Flushes and does not commit. Does nothing the second time.

    :raises Invalid: when both are the same user
    :raises UserNotFound: when one of them was deleted meanwhile
    :raises TooManyBlocks: when the blocker has blocked as many users as they may
    """
    if blocker.id == blocked.id:
        raise Invalid.member("#/user", Refusal(Code.YOURSELF), "path")
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
    _change_shared_movements(blocker, blocked, separate=True)
    return new


def unblock(blocker: User, blocked: User) -> None:
    """Remove a block, and fill slots that it kept open.

    Flushes and does not commit. Does nothing where there is no block.
    """
    _lock_both(blocker, blocked)
    ends = (Block.blocker_id == blocker.id, Block.blocked_id == blocked.id)
    removed = db.session.execute(delete(Block).where(*ends).returning(Block.blocker_id)).all()
    if removed and not blocked_among(blocker.id, [blocked.id]):
        _change_shared_movements(blocker, blocked, separate=False)


def _lock_both(blocker: User, blocked: User) -> None:
    """Keep both users from being blocked, unblocked or joining meanwhile."""
    # Not FOR UPDATE: a transaction that posts an update has locked rows that we lock later, and its
    # foreign key needs a lock of these two.
    both = select(User.id).where(User.id.in_([blocker.id, blocked.id])).order_by(User.id)
    if len(db.session.scalars(both.with_for_update(key_share=True)).all()) < 2:
        raise UserNotFound


def _change_shared_movements(
    blocker: User, blocked: User, after: int = 0, *, separate: bool
) -> None:
    """Separate or reconnect two users in some shared movements.

    It enqueues the rest.

    At most one job of the two waits. A block or unblock begins with the first movements, so it lets
    a waiting job go on after these; the next job of a series changes none that waits.

    :param after: the id of the last movement that is done
    """
    theirs = aliased(Subscription)
    shared = (
        select(Subscription.movement_id)
        .join(theirs, theirs.movement_id == Subscription.movement_id)
        .where(Subscription.user_id == blocker.id, theirs.user_id == blocked.id)
        .where(Subscription.movement_id > after)
        .order_by(Subscription.movement_id)
        .limit(MOVEMENTS_AT_ONCE + 1)
    )
    ids = db.session.scalars(shared).all()
    change = Movement.separate if separate else Movement.reconnect
    for movement_id in ids[:MOVEMENTS_AT_ONCE]:
        movement = Movement.find_locked(movement_id)
        if movement is not None:
            change(movement, blocker, blocked)
    if len(ids) > MOVEMENTS_AT_ONCE:
        ends = {"blocker_id": blocker.id, "blocked_id": blocked.id}
        enqueue(
            "change-shared-movements",
            ends | {"after": ids[MOVEMENTS_AT_ONCE - 1], "separate": separate},
            key=f"change-shared-movements:{blocker.id}:{blocked.id}",
            priority=1,
            replaces=not after,
        )


@job("change-shared-movements")
def _change_more(blocker_id: int, blocked_id: int, after: int, separate: bool) -> None:
    blocker, blocked = User.find_by_id(blocker_id), User.find_by_id(blocked_id)
    if blocker is None or blocked is None:
        return
    _lock_both(blocker, blocked)
    if bool(blocked_among(blocker_id, [blocked_id])) is separate:  # or it was undone meanwhile
        _change_shared_movements(blocker, blocked, after, separate=separate)
