"""What a user did, and what is due, in the words and on the clock of their own days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BindParameter, and_, bindparam, select
from sqlalchemy.orm import aliased

from gridt.models import (
    FETCHED_AT_ONCE,
    STANDING_ROW,
    Movement,
    Rows,
    StandingRow,
    Subscription,
    Update,
    User,
    UTCDateTime,
    execute,
    own_standing_view,
    read,
)
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Clock, turn_at

#: what somebody did lately: so long ago, and at most so often
LATELY, MOST = timedelta(days=366), 1000


@dataclass(frozen=True, slots=True)
class CompletedTurn:
    """Something that a user did.

    :param at: in their own time zone
    :param day: their own date on which the turn of that began
    """

    id: int
    movement: str
    at: datetime
    day: date
    message: str | None


@dataclass(frozen=True, slots=True)
class DueTurn:
    """Something that a user is to do, from when it can be done to when it has to be."""

    movement_id: int
    movement: str
    starts_at: datetime
    due_at: datetime


#: beside the table of that name that the standing is told by
_named = aliased(Movement)
_me: BindParameter[int] = bindparam("user_id")

# Statements are made once: to build one costs as much as to run it.
_CLOCK = select(User.time_zone, User.day_starts_at, User.week_starts_on).where(User.id == _me)
_UPDATES: Rows = (
    select(
        Update.id,
        Movement.name.label("movement"),
        Movement.interval,
        Update.time_stamp,
        Update.message,
        Subscription.subscribed_at,
        Subscription.counted_from,
    )
    .join(Movement, Movement.id == Update.movement_id)
    .where(Update.leader_id == _me)
)
_MEMBERSHIP = and_(
    Subscription.user_id == Update.leader_id, Subscription.movement_id == Update.movement_id
)
_DONE = (
    _UPDATES.outerjoin(Subscription, _MEMBERSHIP)
    .order_by(Update.movement_id, Update.time_stamp, Update.id)
    .execution_options(yield_per=FETCHED_AT_ONCE)
)
_DONE_LATELY = (
    _UPDATES.join(Subscription, _MEMBERSHIP)
    .where(Update.time_stamp >= bindparam("horizon", type_=UTCDateTime()))
    .order_by(Update.time_stamp.desc(), Update.id.desc())
    .limit(MOST)
)
_DUE: Rows = (
    STANDING_ROW.add_columns(_named.name.label("movement"))
    .join(_named, _named.id == Subscription.movement_id)
    .where(Subscription.user_id == _me)
    .order_by(Subscription.movement_id)
)


def done_by(user_id: int) -> Iterator[CompletedTurn]:
    """Yield all that a user did, movement by movement, fetched a few at a time."""
    return _told(_DONE, user_id)


def lately(user_id: int) -> Iterator[CompletedTurn | DueTurn]:
    """Yield what a user did lately in the movements that they belong to, and is to do next."""
    yield from _told(_DONE_LATELY, user_id, horizon=utcnow() - LATELY)
    yield from _due(user_id)


def _due(user_id: int) -> Iterator[DueTurn]:
    moment = utcnow()
    for row in execute(_DUE, {"user_id": user_id}):
        standing = own_standing_view(read(StandingRow, row), moment)
        turn = standing["turn"]
        starts_at = turn["ends_at"] if turn["done"] else turn["starts_at"]
        # nothing is expected in a pause
        starts_at = max(starts_at, standing["paused_until"] or starts_at)
        yield DueTurn(row.movement_id, row.movement, starts_at, standing["due_at"])


def _told(query: Rows, user_id: int, **given: datetime) -> Iterator[CompletedTurn]:
    clock_of = execute(_CLOCK, {"user_id": user_id}).one_or_none()
    if clock_of is None:  # they are gone
        return
    clock = Clock(*clock_of)
    for row in execute(query, {"user_id": user_id, **given}):
        # who left a movement has nothing to count from
        since = row.counted_from or row.subscribed_at or row.time_stamp
        turn = turn_at(row.time_stamp, row.interval, clock, since)
        at = row.time_stamp.astimezone(clock.tzinfo)
        yield CompletedTurn(row.id, row.movement, at, clock.day_of(turn.starts_at), row.message)
