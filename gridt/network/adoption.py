"""Adoption: a follower for a member who returns.

They get one after a long silence, if they have none. A job does this, because a change of the
network waits for the movement's lock. A post never waits.
"""

from gridt.jobs import enqueue, job
from gridt.models import Event, EventKind, Movement, User, in_transaction


@in_transaction(EventKind.MEMBER_RETURNED)
def _enqueue_adoption(event: Event) -> None:
    ids = {"movement_id": event.facts["movement_id"], "user_id": event.actor_id}
    enqueue("adopt-member", ids, key=f"adopt-member:{ids['movement_id']}:{ids['user_id']}")


@job("adopt-member")
def adopt_member(movement_id: int, user_id: int) -> None:
    """Give a member a follower, if they have none."""
    user = User.find_by_id(user_id)
    movement = Movement.find_locked(movement_id)
    if user is not None and movement is not None:
        movement.adopt(user)
