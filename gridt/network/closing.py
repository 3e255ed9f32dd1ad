"""Closing movements without creator and members, by jobs.

A leaving member closes their movement at once, if they hold its exclusive lock. In all other cases
one of these jobs takes that lock and decides.
"""

from sqlalchemy import or_, select

from gridt.jobs import enqueue, job
from gridt.models import Event, EventKind, Movement, Subscription, User, in_transaction
from gridt.runtime.extensions import db

#: how many movements one transaction looks at
MOVEMENTS_AT_ONCE = 50
#: how many members one transaction unsubscribes
MEMBERS_AT_ONCE = 50


@in_transaction(EventKind.MOVEMENT_EMPTIED)
def _enqueue_closing(event: Event) -> None:
    movement_id = event.facts["movement_id"]
    enqueue("close-movement", {"movement_id": movement_id}, key=f"close-movement:{movement_id}")


@job("close-movement")
def close_movement(movement_id: int) -> None:
    """Close a movement, if it is abandoned."""
    movement = Movement.find_locked(movement_id, exclusive=True)
    if movement is not None:
        movement.close_if_abandoned()


@job("close-empty-movements")
def close_empty_movements(after: int) -> None:
    """Close movements that earlier versions left empty, after an id.

    A process of the version before may also add members to a closed movement, during an upgrade.
    They are unsubscribed.
    """
    abandoned = Movement.creator_id.is_(None) & (Movement.member_count == 0) & Movement.is_open()
    joined = Movement.closed_at.is_not(None) & (Movement.member_count > 0)
    found = select(Movement.id).where(Movement.id > after, or_(abandoned, joined))
    ids = db.session.scalars(found.order_by(Movement.id).limit(MOVEMENTS_AT_ONCE)).all()
    for movement_id in ids:
        movement = db.session.get_one(Movement, movement_id)
        movement.lock(exclusive=True)
        _empty(movement) if movement.closed_at else movement.lose_creator()
    if len(ids) == MOVEMENTS_AT_ONCE:
        enqueue("close-empty-movements", {"after": ids[-1]}, priority=-1)


def _empty(closed: Movement) -> None:
    """Unsubscribe the first members of a closed movement.

    A job continues with the others.
    """
    members = Subscription.members_of(closed.id).limit(MEMBERS_AT_ONCE)
    for user in db.session.scalars(select(User).where(User.id.in_(members))).all():
        closed.remove_user(user)
    if closed.member_count:
        enqueue("close-empty-movements", {"after": closed.id - 1}, priority=-1)
