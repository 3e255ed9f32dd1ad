"""Schedules: members' former clocks, movements' former intervals, and pauses.

Standings can be recomputed from these and the updates.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Interval,
    SmallInteger,
    String,
    Text,
    and_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    Policy,
    exported_as,
    names_movement,
    names_user,
    owned_by_movement,
    owned_by_user,
)
from gridt.models.rows import (
    FormerClockRow,
    FormerGoalRow,
    FormerIntervalRow,
    MovementRow,
    StandingRow,
)
from gridt.models.subscription import Subscription
from gridt.turns.calendar import Clock
from gridt.turns.goals import Goal, GoalSince
from gridt.turns.life import Period
from gridt.turns.months import interval_of
from gridt.turns.terms import Terms

_EVER = datetime.min.replace(tzinfo=UTC)


class FormerClock(Model):
    """A clock that a user had until `ended_at`."""

    __tablename__ = "former_clocks"

    user_id: Mapped[int] = mapped_column(owned_by_user(), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    day_starts_at: Mapped[int] = mapped_column(SmallInteger)
    week_starts_on: Mapped[int] = mapped_column(SmallInteger)


class FormerInterval(Model):
    """An interval that a movement had until `ended_at`."""

    __tablename__ = "former_intervals"

    movement_id: Mapped[int] = mapped_column(owned_by_movement(), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    #: of months, their mean length
    interval: Mapped[timedelta] = mapped_column(Interval)
    interval_months: Mapped[int | None] = mapped_column(SmallInteger)


class FormerGoal(Model):
    """A goal, or none, that a movement had until `ended_at`."""

    __tablename__ = "former_goals"

    # on delete cascade: the version before this table deletes movements without their rows
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True
    )
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    goal: Mapped[int | None] = mapped_column(SmallInteger)
    counts_every_update: Mapped[bool]


def _pauses_of(movement_id: int) -> ColumnElement[bool]:
    """Return the condition for a movement's pauses.

    An index finds them by the member.
    """
    return and_(
        SubscriptionPause.user_id.in_(Subscription.members_of(movement_id)),
        SubscriptionPause.movement_id == movement_id,
    )


class SubscriptionPause(Model):
    """A stretch of time in which no turn is due."""

    __tablename__ = "pauses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_pauses_subscription",
        ),
    )

    user_id: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, info=names_user(Policy.LEAVE)
    )
    movement_id: Mapped[int] = mapped_column(
        primary_key=True,
        autoincrement=False,
        info=names_movement(Policy.DELETE, rows_of=_pauses_of),
    )
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(Text)


exported_as(
    "pauses",
    select(
        SubscriptionPause.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        SubscriptionPause.starts_at,
        SubscriptionPause.ends_at,
        SubscriptionPause.reason,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == SubscriptionPause.movement_id)
    .where(SubscriptionPause.user_id == EXPORTED_USER)
    .order_by(SubscriptionPause.movement_id, SubscriptionPause.starts_at),
)
exported_as(
    "former_clocks",
    select(
        FormerClock.ended_at,
        FormerClock.time_zone,
        FormerClock.day_starts_at,
        FormerClock.week_starts_on,
    )
    .where(FormerClock.user_id == EXPORTED_USER)
    .order_by(FormerClock.ended_at),
)


def clock_of(row: StandingRow | MovementRow | FormerClockRow) -> Clock:
    """Return the clock whose parts a row has."""
    return Clock(row.time_zone, row.day_starts_at, row.week_starts_on)


def goals_of(
    row: StandingRow | MovementRow, former: Sequence[FormerGoalRow] = ()
) -> tuple[GoalSince, ...]:
    """Return the goals of a movement's turns, in order.

    :param former: in order; without these, only the present goal is known
    """
    goals, since = list[GoalSince](), _EVER
    for one in former:
        goals.append(GoalSince(since, _goal(one.goal, one.counts_every_update)))
        since = one.ended_at
    if row.goal is None and row.goal_since is None:
        return ()
    present = _goal(row.goal, row.counts_every_update)
    return (*goals, GoalSince(row.goal_since or _EVER, present))


def _goal(at_least: int | None, every_update: bool) -> Goal | None:
    return None if at_least is None else Goal(at_least, every_update)


def periods_of(
    row: StandingRow,
    terms: Terms,
    clocks: Sequence[FormerClockRow],
    intervals: Sequence[FormerIntervalRow],
) -> list[Period]:
    """Return the periods of a member's standing, in order.

    For the time before the member subscribed, the clock of the last import of that time holds.
    """
    arrived_at = row.subscribed_at
    first = _clock_at(clocks, row.imported_at or arrived_at, terms)
    ends = {clock.ended_at for clock in clocks if clock.ended_at > arrived_at}
    ends |= {former.ended_at for former in intervals}
    if first != _clock_at(clocks, arrived_at, terms):
        ends.add(arrived_at)
    return [
        Period(
            moment,
            _interval_at(intervals, moment, terms),
            first if moment < arrived_at else _clock_at(clocks, moment, terms),
        )
        for moment in [terms.since, *sorted(end for end in ends if end > terms.since)]
    ]


def _clock_at(clocks: Sequence[FormerClockRow], moment: datetime, terms: Terms) -> Clock:
    place = bisect_right(clocks, moment, key=lambda former: former.ended_at)
    return terms.clock if place == len(clocks) else clock_of(clocks[place])


def _interval_at(
    intervals: Sequence[FormerIntervalRow], moment: datetime, terms: Terms
) -> timedelta:
    place = bisect_right(intervals, moment, key=lambda former: former.ended_at)
    if place == len(intervals):
        return terms.interval
    return interval_of(intervals[place].interval, intervals[place].interval_months)
