"""The job that recomputes the standings of a movement.

It follows a change of the movement's interval or allowance. Each batch is a job, and so a
transaction, of its own, and enqueues the next. A batch that runs twice has the same result.
"""

from gridt.jobs import enqueue, job
from gridt.standing.schedule_changes import Place, recompute_batch

#: mail goes first; until this job is done, standings continue from their stored values
_PRIORITY = -1


def enqueue_recompute(movement_id: int, after: Place = (0, 0)) -> None:
    """Enqueue the recomputation of a movement's members after a place."""
    shuffle_key, user_id = after
    enqueue(
        "retell-members",
        {"movement_id": movement_id, "shuffle_key": shuffle_key, "user_id": user_id},
        key=f"retell-members:{movement_id}:{shuffle_key}:{user_id}",
        priority=_PRIORITY,
    )


@job("retell-members")
def _recompute_members(movement_id: int, shuffle_key: int, user_id: int) -> None:
    batch = recompute_batch(movement_id, (shuffle_key, user_id), leaves_long=True)
    if batch.last is not None:
        enqueue_recompute(movement_id, batch.last)
