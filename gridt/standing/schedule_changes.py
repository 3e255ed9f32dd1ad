"""Changes of what turns are scored by: a user's clock, a movement's interval and allowance.

What held before is stored, so that standings can be recomputed: a user's own at once, those of a
movement's members, who may be a million, in batches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from gridt.models import (
    IN_MOVEMENT,
    FormerClock,
    FormerInterval,
    Movement,
    Subscription,
    User,
    execute,
    keys_of,
    recompute,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

Former = type[FormerClock] | type[FormerInterval]
#: a shuffle key, and whose it is
Place = tuple[int, int]

#: the parts of a user's clock
CLOCK = ("time_zone", "day_starts_at", "week_starts_on")
#: the parts of a movement's terms
TERMS = ("interval", "free_misses", "free_turns")
#: what held for less than this is as if it had never been
BRIEFLY = timedelta(seconds=1)
#: former clocks or intervals that are remembered; the time before them counts as the oldest
MOST_FORMER = 100
#: members whose standings are recomputed together
BATCH = 200

_MINE = (
    select(Subscription.movement_id)
    .where(Subscription.user_id == bindparam("user_id"))
    .order_by(Subscription.movement_id)
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


def change_clock(user: User, **changes: Any) -> None:
    """Change a user's time zone, or when days and weeks begin, and recompute their standings.

    Flushes and does not commit. Locks the account, so that of two changes the second sees the
    first, and the user joins nothing meanwhile; then the subscriptions, by movement.
    """
    if User.lock(user.id) is None:
        return
    now, former = utcnow(), {name: getattr(user, name) for name in CLOCK}
    if not _set(user, changes):
        return
    if not _was_brief(FormerClock, FormerClock.user_id, user.id, now):
        db.session.add(FormerClock(user_id=user.id, ended_at=now, **former))
    db.session.flush()
    _forget_oldest(FormerClock, FormerClock.user_id, user.id)
    for movement_id in execute(_MINE, {"user_id": user.id}).scalars().all():
        recompute(movement_id, [user.id])


def change_terms(movement: Movement, changes: Mapping[str, Any]) -> bool:
    """Change a movement's interval or allowance, and return whether that changed anything.

    Flushes and does not commit; `recompute_batch` recomputes the members' standings afterwards.
    """
    db.session.refresh(movement, with_for_update={"key_share": True})
    now, former = utcnow(), movement.interval
    if not _set(movement, changes):
        return False
    brief = _was_brief(FormerInterval, FormerInterval.movement_id, movement.id, now)
    if movement.interval != former and not brief:
        new = FormerInterval(movement_id=movement.id, ended_at=now, interval=former)
        db.session.add(new)
    db.session.flush()
    _forget_oldest(FormerInterval, FormerInterval.movement_id, movement.id)
    return True


@dataclass(frozen=True, slots=True)
class RecomputedBatch:
    """A batch of members whose standings were recomputed.

    :param members: how many
    :param corrected: how many of them had another standing stored
    :param last: the place, in the movement's order, of the last one; None after the last batch
    """

    members: int
    corrected: int
    last: Place | None


def recompute_batch(movement_id: int, after: Place = (0, 0)) -> RecomputedBatch:
    """Recompute the standings of the next members of a movement, after a place in its order.

    Does not commit. Members who join meanwhile may be left out: they have no standing yet.
    """
    key, user_id = after
    keys = keys_of(movement_id)
    parameters = {"first": max(key, keys["first"]), "end": keys["end"], "after_user": user_id}
    parameters |= {"batch": BATCH}
    rows = execute(_NEXT_MEMBERS, parameters).all()
    corrected = recompute(movement_id, [row.user_id for row in rows]) if rows else 0
    last = rows[-1] if len(rows) == BATCH else None
    return RecomputedBatch(len(rows), corrected, last and (last.shuffle_key, last.user_id))


def _set(model: User | Movement, changes: Mapping[str, Any]) -> bool:
    """Set some attributes, and return whether any of them had another value."""
    differing = {name: new for name, new in changes.items() if new != getattr(model, name)}
    for name, new in differing.items():
        setattr(model, name, new)
    return bool(differing)


def _was_brief(model: Former, owner: InstrumentedAttribute[int], id: int, now: datetime) -> bool:
    """Return whether what holds until now has held for less than a second."""
    last = select(func.max(model.ended_at)).where(owner == id)
    began = db.session.scalars(last).one()
    return began is not None and began > now - BRIEFLY


def _forget_oldest(model: Former, owner: InstrumentedAttribute[int], id: int) -> None:
    newest_first = select(model.ended_at).where(owner == id).order_by(model.ended_at.desc())
    kept = newest_first.limit(MOST_FORMER)
    db.session.execute(
        delete(model).where(owner == id, model.ended_at.not_in(kept)),
        execution_options={"synchronize_session": False},
    )
