"""The job that recomputes a movement's members after a change of its interval or allowance.

Each batch is a job, and so a transaction, of its own, and enqueues the next. A batch that runs
twice has the same result.
"""

from gridt.jobs import enqueue, job
from gridt.standing.schedule_changes import Place, recompute_batch

#: mail goes first; until this job is done, standings are carried on as they were
_PRIORITY = -1


def enqueue_recompute(movement_id: int, after: Place = (0, 0)) -> None:
    """Have the members of a movement recomputed by jobs, after a place in its order."""
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
