"""Changes of the terms that score turns.

These are a user's clock, and a movement's interval and allowance. The former terms are stored, so
that standings can be recomputed: a user's own at once, as far as one request can, and those of a
movement's members, who may be a million, in batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from gridt.errors import GoalChangedLately, IntervalChangedLately, TooManyClocks
from gridt.models import (
    IN_MOVEMENT,
    MOST_READ,
    Correction,
    FormerClock,
    FormerGoal,
    FormerInterval,
    Movement,
    Subscription,
    Update,
    User,
    corrections,
    enqueue_recompute_of,
    execute,
    keys_of,
    recompute,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.memberships import recompute_memberships
from gridt.turns.calendar import DAY, Clock
from gridt.turns.clocks import undone_by
from gridt.turns.months import months_of
from gridt.turns.terms import INSTANT

#: a shuffle key, and the id of its user
Place = tuple[int, int]

#: the parts of a user's clock
CLOCK = ("time_zone", "day_starts_at", "week_starts_on")
#: the parts of a movement's terms
TERMS = ("interval", "free_misses", "free_turns")
#: the parts of a movement's goal
GOAL = ("goal", "counts_every_update")
#: a clock that held for less than this is not stored
BRIEFLY = timedelta(seconds=1)
#: changes of the clock that a user may make within a day
MOST_CLOCKS = 10
#: members whose standings are recomputed together, and the updates that these may have
BATCH, BATCH_UPDATES = 200, 4000

_FORMER = (
    select(FormerClock)
    .where(FormerClock.user_id == bindparam("user_id"))
    .order_by(FormerClock.ended_at)
)
_LAST_DONE = select(func.max(Subscription.last_update_at)).where(
    Subscription.user_id == bindparam("user_id")
)
_LAST_INTERVAL = select(func.max(FormerInterval.ended_at)).where(
    FormerInterval.movement_id == bindparam("movement_id")
)
_COUNT_UPDATES = (
    select(Update.leader_id, func.count().label("amount"))
    .where(
        Update.leader_id.in_(bindparam("user_ids", expanding=True)),
        Update.movement_id == bindparam("movement_id"),
    )
    .group_by(Update.leader_id)
)
_NEXT_MEMBERS = (
    select(Subscription.shuffle_key, Subscription.user_id)
    .where(
        IN_MOVEMENT,
        or_(
            Subscription.shuffle_key > bindparam("first"),
            Subscription.user_id > bindparam("after_user"),
        ),
    )
    .order_by(Subscription.shuffle_key, Subscription.user_id)
    .limit(bindparam("batch"))
)


def change_clock(user: User, *, most: int | None = None, **changes: Any) -> None:
    """Change a user's clock, and recompute their standings.

    The clock is the time zone, and when days and weeks begin. Flushes and does not commit. It locks
    the account, so that the second of two changes sees the first, and the user joins nothing
    meanwhile; then it locks the subscriptions, by movement. The first time zone that a user chooses
    holds for all the past, and so does the first other clock of a user who has chosen none.

    :param most: how many changes the user may make within a day, those that set a clock back
        included, because each one recomputes the standings
    :raises TooManyClocks: when this is one more
    """
    if User.lock(user.id) is None:
        return
    now, old = utcnow(), _clock_of(user)
    is_chosen = user.clock_chosen_at is not None
    chooses = not is_chosen and "time_zone" in changes
    if chooses:
        user.clock_chosen_at = now
    if not _set(user, changes):
        return
    if most is not None:
        _count_change(user, now, most)
    db.session.flush()
    former = db.session.scalars(_FORMER, {"user_id": user.id}).all()
    if chooses:
        for row in former:
            db.session.delete(row)
        db.session.flush()
    elif is_chosen or former or old != Clock():
        _store_former(user, old, former, now)
    recompute_memberships(user.id)


def _count_change(user: User, now: datetime, most: int) -> None:
    """Count a change of a user's clock.

    It stands in the row that the change writes anyway.
    """
    moments = [datetime.fromisoformat(moment) for moment in user.clock_changes or ()]
    recent = [moment for moment in moments if now - DAY < moment <= now]
    if len(recent) >= most:
        wait = recent[-most] + DAY - now
        raise TooManyClocks(retry_after=ceil(wait.total_seconds()))
    user.clock_changes = [moment.isoformat() for moment in [*recent, now]]


def _store_former(user: User, old: Clock, former: Sequence[FormerClock], now: datetime) -> None:
    """Store the former clock, or delete those now undone.

    A clock that is set back undoes changes.
    """
    if former:  # our clock may have been set back
        now = max(now, former[-1].ended_at + INSTANT)
    held = [(one.ended_at, _clock_of(one)) for one in former]
    last_done_at = execute(_LAST_DONE, {"user_id": user.id}).scalar_one()
    undone = undone_by(_clock_of(user), now, held, last_done_at)
    if undone is not None:
        for row in former[undone:]:
            db.session.delete(row)
    elif not held or now - held[-1][0] >= BRIEFLY:
        parts = dict(zip(CLOCK, (old.zone, old.day_starts_at, old.week_starts_on), strict=True))
        db.session.add(FormerClock(user_id=user.id, ended_at=now, **parts))
    db.session.flush()


def _clock_of(row: User | FormerClock) -> Clock:
    return Clock(*(getattr(row, name) for name in CLOCK))


def change_terms(
    movement: Movement, changes: Mapping[str, Any], *, at_any_time: bool = False
) -> bool:
    """Change a movement's terms, and return whether any changed.

    The terms are its interval and its allowance. Flushes and does not commit; `recompute_batch`
    recomputes the members' standings afterwards.

    :param at_any_time: whether the interval may change more than once a day
    :raises IntervalChangedLately: when it changed within a day
    """
    db.session.refresh(movement, with_for_update={"key_share": True})
    now, former = utcnow(), movement.interval
    if not _set(movement, changes):
        return False
    if movement.interval != former:
        last = db.session.scalar(_LAST_INTERVAL, {"movement_id": movement.id})
        if last is not None:
            wait = last + DAY - now
            if wait > timedelta() and not at_any_time:
                raise IntervalChangedLately(retry_after=ceil(wait.total_seconds()))
            now = max(now, last + INSTANT)
        length, months = former + timedelta(), months_of(former)
        ids = {"movement_id": movement.id, "ended_at": now}
        db.session.add(FormerInterval(**ids, interval=length, interval_months=months))
    db.session.flush()
    return True


def change_goal(
    movement: Movement, changes: Mapping[str, Any], *, at_any_time: bool = False
) -> bool:
    """Change a movement's goal, or whether it counts every update.

    Turns that have begun keep theirs. Flushes and does not commit.

    :param at_any_time: whether the goal may change more than once a day
    :returns: whether turns that begin from now on have another goal; those that begin before the
        caller commits are scored by the old one, and then have to be recomputed
    :raises GoalChangedLately: when it changed within a day
    """
    db.session.refresh(movement, with_for_update={"key_share": True})
    now, last = utcnow(), movement.goal_since
    former = {name: getattr(movement, name) for name in GOAL}
    if not _set(movement, changes) or former["goal"] is movement.goal is None:
        return False
    if last is not None:
        wait = last + DAY - now
        if wait > timedelta() and not at_any_time:
            raise GoalChangedLately(retry_after=ceil(wait.total_seconds()))
        now = max(now, last + INSTANT)
    movement.goal_since = now
    db.session.add(FormerGoal(movement_id=movement.id, ended_at=now, **former))
    db.session.flush()
    return True


@dataclass(frozen=True, slots=True)
class RecomputedBatch:
    """A batch of members whose standings were recomputed.

    :param members: how many
    :param corrected: how many of the stored standings changed
    :param last: the place of the last member in the movement's order; None after the last batch
    """

    members: int
    corrected: int
    last: Place | None


def recompute_batch(
    movement_id: int, after: Place = (0, 0), *, leaves_long: bool = False
) -> RecomputedBatch:
    """Recompute the next members of a movement, after a place.

    Does not commit. Members who join meanwhile may be left out, because they have no standing yet.

    :param leaves_long: leave members with very many updates to jobs, which go on from checkpoints
    """
    user_ids, last, updates = _next_members(movement_id, after)
    long = [id for id in user_ids if leaves_long and updates.get(id, 0) > MOST_READ]
    for user_id in long:
        enqueue_recompute_of(user_id, movement_id)
    others = [id for id in user_ids if id not in long]
    corrected = recompute(movement_id, others) if others else 0
    return RecomputedBatch(len(user_ids), corrected, last)


def preview_batch(
    movement_id: int, after: Place = (0, 0)
) -> tuple[int, list[Correction], Place | None]:
    """Return the changes that `recompute_batch` would make; store nothing.

    :returns: the number of members, the corrections, and the place of the last member
    """
    user_ids, last, _ = _next_members(movement_id, after)
    return len(user_ids), corrections(movement_id, user_ids) if user_ids else [], last


def _next_members(
    movement_id: int, after: Place
) -> tuple[list[int], Place | None, Mapping[int, int]]:
    """Return the next members, and their numbers of updates.

    After the first, these are as many members as have a bounded number of updates together.
    """
    key, user_id = after
    keys = keys_of(movement_id)
    parameters = {"first": max(key, keys["first"]), "end": keys["end"], "after_user": user_id}
    parameters |= {"batch": BATCH}
    rows = execute(_NEXT_MEMBERS, parameters).all()
    ids = {"movement_id": movement_id, "user_ids": [row.user_id for row in rows]}
    updates = {row.leader_id: row.amount for row in execute(_COUNT_UPDATES, ids)}
    sums = accumulate(updates.get(row.user_id, 0) for row in rows)
    taken = max(1, sum(amount <= BATCH_UPDATES for amount in sums))
    is_last = taken >= len(rows) < BATCH
    last = None if is_last else rows[:taken][-1]
    user_ids = [row.user_id for row in rows[:taken]]
    return user_ids, last and (last.shuffle_key, last.user_id), updates


def _set(model: User | Movement, changes: Mapping[str, Any]) -> bool:
    """Set some attributes, and return whether any value has changed."""
    differing = {name: new for name, new in changes.items() if new != getattr(model, name)}
    for name, new in differing.items():
        setattr(model, name, new)
    return bool(differing)
