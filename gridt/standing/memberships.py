"""The recomputing of one user's standings in all their movements.

A transaction reads a bounded number of updates, so that others wait for it only briefly. Jobs do
the rest, in steps of the same size.
"""

from sqlalchemy import bindparam, select

from gridt.jobs import enqueue, job
from gridt.models import (
    MOST_READ,
    RECOMPUTE_MEMBER,
    Subscription,
    enqueue_recompute_of,
    execute,
    recompute_soon,
    recompute_step,
)
from gridt.runtime.request_state import request_state

#: the most movements in one transaction
MOVEMENTS_AT_ONCE = 50

_NEXT = (
    select(Subscription.movement_id)
    .where(
        Subscription.user_id == bindparam("user_id"), Subscription.movement_id > bindparam("after")
    )
    .order_by(Subscription.movement_id)
    .limit(bindparam("most"))
)


def recompute_memberships(user_id: int, after: int = 0) -> None:
    """Recompute a user's standings, the last ones by a job.

    It locks the subscriptions by movement. At most one job of a user waits; it begins after the
    movements that the latest change has recomputed itself.

    :param after: the id of the last movement that is done
    """
    left, is_first = MOST_READ // 2, not after
    values = {"user_id": user_id, "after": after, "most": MOVEMENTS_AT_ONCE + 1}
    movement_ids = execute(_NEXT, values).scalars().all()
    for place, movement_id in enumerate(movement_ids):
        if left <= 0 or place == MOVEMENTS_AT_ONCE:
            enqueue(
                "recompute-memberships",
                {"user_id": user_id, "after": after},
                key=f"recompute-memberships:{user_id}",
                replaces=is_first,
            )
            request_state().standing_follows = True
            return
        left -= recompute_soon(user_id, movement_id)
        after = movement_id


@job("recompute-memberships")
def _recompute_memberships(user_id: int, after: int) -> None:
    recompute_memberships(user_id, after)


@job(RECOMPUTE_MEMBER)
def _recompute_member(user_id: int, movement_id: int) -> None:
    if recompute_step(user_id, movement_id):
        enqueue_recompute_of(user_id, movement_id)
