"""Adoption of members who return: whoever was inactive for long may have no follower left.

A job looks, because a change of the network waits for the movement's lock, and a post does not.
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
