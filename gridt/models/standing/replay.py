"""Standings are scored from the past again, and stored.

A request reads a bounded number of updates. If there are more, a job continues in steps, and each
step stores checkpoints.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from gridt.models.base import execute
from gridt.models.job import Job
from gridt.models.standing import checkpoints
from gridt.models.standing.past import MEMBERS, MOST_READ, MemberPast, pasts_of, schedule_of
from gridt.models.standing.store import STORE, standing_at, store_merged, values_of
from gridt.models.subscription import Subscription
from gridt.runtime.clock import utcnow
from gridt.runtime.request_state import request_state
from gridt.turns.life import KeptBases, is_reached
from gridt.turns.outcomes import Standing

#: the job that recomputes a member's standing; `gridt.standing.recompute_job` has its function
RECOMPUTE_MEMBER = "recompute-member"

_LOCK_MEMBERS = (
    select(Subscription.user_id)
    .where(*MEMBERS)
    .order_by(Subscription.user_id)
    .with_for_update(key_share=True)
)


def recompute(movement_id: int, user_ids: Collection[int]) -> int:
    """Recompute the standings of some members from the beginning.

    It sends a constant number of statements, and locks the subscriptions. Jobs make new checkpoints
    for members who had any.

    :returns: how many of the stored standings were corrected
    """
    _lock(movement_id, user_ids)
    now = utcnow()
    rows, corrected = [], 0
    for past in pasts_of(movement_id, user_ids):
        until = past.latest(now)
        standing = past.scored(until)
        corrected += standing != standing_at(until, past.row)
        rows.append(values_of(past.row.user_id, movement_id, standing))
        if len(past.terms.pauses) > 1:
            store_merged(past.row, past.terms.pauses, standing.turn)
    if rows:
        execute(STORE, rows)
    for user_id in sorted(checkpoints.forget_all(movement_id, user_ids)):
        enqueue_recompute_of(user_id, movement_id)
    return corrected


def recompute_soon(user_id: int, movement_id: int, since: datetime | None = None) -> int:
    """Recompute a member's standing, or enqueue a job for it.

    It enqueues a job if there are many updates to read, and then sets `standing_follows` of the
    `RequestState`.

    :param since: the first moment at which updates were inserted or deleted
    :returns: how many updates were read
    """
    _lock(movement_id, [user_id])
    if since is not None:
        checkpoints.forget_since(user_id, movement_id, since)
    past = _past(user_id, movement_id)
    if past is None:
        return 0
    if past.is_cut:
        enqueue_recompute_of(user_id, movement_id)
        request_state().standing_follows = True
    else:
        _store(past)
    return len(past.moments)


def recompute_step(user_id: int, movement_id: int) -> bool:
    """Take one step of recomputing a member's standing.

    It reads a bounded number of updates. Does not commit. It stores checkpoints, and after the last
    step the standing.

    :returns: whether there is more to do
    """
    _lock(movement_id, [user_id])
    past = _past(user_id, movement_id)
    if past is None:
        return False
    if past.is_cut and _store_reached(past):
        return True
    if past.is_cut:  # each base may be reached by a later clock: read on to the end
        past = past.with_updates()
    kept = KeptBases(checkpoints.EVERY)
    _store(past, kept)
    if past.base is not None or len(past.moments) > MOST_READ:
        checkpoints.store_bases(user_id, movement_id, past.terms, past.periods, kept)
    return False


def enqueue_recompute_of(user_id: int, movement_id: int) -> None:
    """Enqueue a job that recomputes one member's standing."""
    ids = {"user_id": user_id, "movement_id": movement_id}
    Job.insert(RECOMPUTE_MEMBER, ids, f"{RECOMPUTE_MEMBER}:{user_id}:{movement_id}", 0, utcnow())


def _store_reached(past: MemberPast) -> bool:
    """Store the bases of the part that was read."""
    until = past.moments[-1]
    periods = [period for period in past.periods if period.starts_at <= until]
    kept = KeptBases(checkpoints.EVERY)
    replace(past, periods=periods).scored(until, kept=kept)
    # a clock after the part that was read may reach the bases of its last two days
    bases = [base for base in kept if not is_reached(base, past.periods, past.moments)]
    ids = (past.row.user_id, past.row.movement_id)
    checkpoints.store_bases(*ids, past.terms, past.periods, bases)
    return bool(bases) and (past.base is None or bases[-1].at > past.base.at)


def _store(past: MemberPast, kept: KeptBases | None = None) -> None:
    ids = (past.row.user_id, past.row.movement_id)
    standing = past.scored(past.latest(utcnow()), kept=kept)
    if len(past.terms.pauses) > 1:
        store_merged(past.row, past.terms.pauses, standing.turn)
    execute(STORE, values_of(*ids, standing))


def _past(user_id: int, movement_id: int) -> MemberPast | None:
    past = schedule_of(user_id, movement_id)
    return past and past.with_updates(MOST_READ)


def _lock(movement_id: int, user_ids: Collection[int]) -> None:
    # first of all, so that the following reads see the commits of others
    execute(_LOCK_MEMBERS, {"movement_id": movement_id, "user_ids": sorted(user_ids)})


@dataclass(frozen=True, slots=True)
class Correction:
    """The change of a member's standing by recomputing it."""

    user_id: int
    stored: Standing
    scored: Standing


def corrections(movement_id: int, user_ids: Collection[int]) -> list[Correction]:
    """Return the changes that `recompute` would make; store nothing."""
    now, found = utcnow(), []
    for past in pasts_of(movement_id, user_ids):
        until = past.latest(now)
        stored, scored = standing_at(until, past.row), past.scored(until)
        if stored != scored:
            found.append(Correction(past.row.user_id, stored, scored))
    return found
