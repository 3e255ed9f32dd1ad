"""The past of members, from which their standings are scored."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Boolean, ColumnElement, Integer, bindparam, column, func, select, table

from gridt.models.base import Rows, UTCDateTime, execute
from gridt.models.rows import (
    USER_IDS,
    FormerClockRow,
    FormerGoalRow,
    FormerIntervalRow,
    PauseRow,
    StandingRow,
    UpdateTimeRow,
    by_user,
    columns_of,
    fetch,
)
from gridt.models.schedule import FormerClock, FormerInterval, periods_of
from gridt.models.standing.checkpoints import bases_of
from gridt.models.standing.reading import terms_of
from gridt.models.standing.store import PAUSES, STANDING_ROW, former_goals
from gridt.models.subscription import Subscription
from gridt.turns.life import Base, KeptBases, Period, clockless, is_reached, score
from gridt.turns.months import longest
from gridt.turns.outcomes import Standing, TurnLog
from gridt.turns.terms import SET_LATE, SPREAD, Pause, Terms

#: a past with more updates than this is read from a checkpoint on
MOST_READ = 2000

_EVER = datetime.max.replace(tzinfo=UTC)
#: a limit above every number of updates
_ANY_NUMBER = 2**31 - 1

_updates = table(
    "updates",
    column("leader_id", Integer),
    column("movement_id", Integer),
    column("time_stamp", UTCDateTime),
    column("late", Boolean),
)
#: selects members of a movement
MEMBERS = (
    Subscription.user_id.in_(USER_IDS),
    Subscription.movement_id == bindparam("movement_id"),
)
_LOAD_MEMBERS = STANDING_ROW.where(*MEMBERS)


def _times(*conditions: ColumnElement[bool]) -> Rows:
    return select(*columns_of(UpdateTimeRow, _updates.c, user_id=_updates.c.leader_id)).where(
        _updates.c.movement_id == bindparam("movement_id"), *conditions
    )


_UPDATE_TIMES = _times(_updates.c.leader_id.in_(USER_IDS)).order_by(
    _updates.c.leader_id, _updates.c.time_stamp
)
_TIMES_BETWEEN = (
    _times(
        _updates.c.leader_id == bindparam("user_id"),
        _updates.c.time_stamp >= bindparam("starts_at", type_=UTCDateTime()),
        _updates.c.time_stamp < bindparam("ends_at", type_=UTCDateTime()),
    )
    .order_by(_updates.c.time_stamp)
    .limit(bindparam("most"))
)
_LAST_BEFORE = select(func.max(_updates.c.time_stamp)).where(
    _updates.c.movement_id == bindparam("movement_id"),
    _updates.c.leader_id == bindparam("user_id"),
    _updates.c.time_stamp < bindparam("ends_at", type_=UTCDateTime()),
)
_CLOCKS = (
    select(*columns_of(FormerClockRow, FormerClock))
    .where(FormerClock.user_id.in_(USER_IDS))
    .order_by(FormerClock.user_id, FormerClock.ended_at)
)
_INTERVALS = (
    select(*columns_of(FormerIntervalRow, FormerInterval))
    .where(FormerInterval.movement_id == bindparam("movement_id"))
    .order_by(FormerInterval.ended_at)
)


@dataclass(frozen=True, slots=True)
class MemberPast:
    """The facts that score a member's standing.

    :param row: the stored row
    :param terms: the pauses, and the present interval, clock and allowance
    :param periods: the intervals and clocks since they subscribed, one after the other
    :param moments: the times of their updates, in order
    :param late: the times of updates that were too late for a streak
    :param base: the standing with which scoring begins; not all moments before it are known
    :param is_cut: whether there are later moments that were not read
    """

    row: StandingRow
    terms: Terms
    periods: Sequence[Period]
    moments: Sequence[datetime] = ()
    late: Set[datetime] = frozenset()
    base: Base | None = None
    is_cut: bool = False

    def latest(self, now: datetime) -> datetime:
        """Return the present, or a later last event's time."""
        return max([now, self.periods[-1].starts_at, *self.moments[-1:]])

    def scored(
        self, until: datetime, log: TurnLog | None = None, kept: KeptBases | None = None
    ) -> Standing:
        """Return the member's standing at a moment.

        :param log: gets the turns that were over by then
        :param kept: gets bases
        """
        return score(self.periods, self.moments, self.terms, until, log, self.late, self.base, kept)

    def with_updates(self, most: int | None = None) -> "MemberPast":
        """Return the past with updates, perhaps from a checkpoint.

        :param most: how many updates to read at most; if there are more, the past is cut
        """
        past = self._between(self.terms.since, _EVER, MOST_READ)
        if not past.is_cut:
            return past
        bases = bases_of(self.row.user_id, self.row.movement_id, self.terms, self.periods)
        return self._after(self._within_reach(bases), most)

    def _after(self, base: Base | None, most: int | None) -> "MemberPast":
        starts_at = self.terms.since if base is None else base.at
        return replace(self._between(starts_at, _EVER, most), base=base)

    def _within_reach(self, bases: Iterable[Base]) -> Base | None:
        """Return the first base that no clock reaches, or None."""
        last_deeds: dict[datetime, datetime] = {}
        for base in bases:
            if is_reached(base, self.periods, ()):  # the last updates before changes decide that
                self._find_last_deeds(base, last_deeds)
                if is_reached(base, self.periods, sorted(last_deeds.values())):
                    continue
            return base
        return None

    def _find_last_deeds(self, base: Base, found: dict[datetime, datetime]) -> None:
        """Add the last updates before changes near a base.

        These are the changes of two days after it.
        """
        ids = {"user_id": self.row.user_id, "movement_id": self.row.movement_id}
        for period in self.periods:
            starts_at = period.starts_at
            if base.at < starts_at < base.at + SET_LATE and starts_at not in found:
                row = execute(_LAST_BEFORE, ids | {"ends_at": starts_at}).scalar_one()
                found[starts_at] = row or self.terms.since

    def stretch(
        self, starts_at: datetime, ends_at: datetime, now: datetime
    ) -> tuple["MemberPast", datetime]:
        """Return the past that scores a stretch of time.

        A turn at the end of the stretch is over within its interval and 26 hours. Two days later,
        no change of clock can change it any more.

        :returns: the past, and the moment at which these turns are known
        """
        past = self._between(self.terms.since, _EVER, MOST_READ)
        if not past.is_cut:
            return past, now
        settling = max(longest(period.interval) for period in self.periods)
        if clockless(self.periods) < len(self.periods):
            settling += SPREAD + SET_LATE
        until = now if ends_at > now - settling else ends_at + settling
        bases = bases_of(self.row.user_id, self.row.movement_id, self.terms, self.periods)
        past = self
        if until < now:
            periods = [period for period in self.periods if period.starts_at <= until]
            past = replace(self, periods=periods or self.periods[:1])
        base = past._within_reach(base for base in bases if base.at <= starts_at)
        first = self.terms.since if base is None else base.standing.turn.starts_at
        past = past._between(first, until if until < now else _EVER, None)
        return replace(past, base=base), until

    def _between(self, starts_at: datetime, ends_at: datetime, most: int | None) -> "MemberPast":
        ids = {"user_id": self.row.user_id, "movement_id": self.row.movement_id}
        stretch = {"starts_at": starts_at, "ends_at": ends_at}
        limit = {"most": _ANY_NUMBER if most is None else most + 1}
        rows = fetch(UpdateTimeRow, _TIMES_BETWEEN, ids | stretch | limit)
        is_cut = most is not None and len(rows) > most
        if is_cut:  # either all updates of one moment are read, or none
            rows = rows[: bisect_left(rows, rows[-1].time_stamp, key=lambda row: row.time_stamp)]
        return replace(_with(self, rows), is_cut=is_cut)


def past_of(user_id: int, movement_id: int) -> MemberPast | None:
    """Return a member's past, or None; lock nothing."""
    past = schedule_of(user_id, movement_id)
    return past and past.with_updates()


def schedule_of(user_id: int, movement_id: int) -> MemberPast | None:
    """Return a member's past without updates, or None."""
    ids = {"movement_id": movement_id, "user_ids": [user_id]}
    return next(_schedules(ids), None)


def pasts_of(movement_id: int, user_ids: Collection[int]) -> Iterator[MemberPast]:
    """Read the whole pasts of some members, by five statements."""
    ids = {"movement_id": movement_id, "user_ids": sorted(user_ids)}
    schedules = list(_schedules(ids))
    times = by_user(fetch(UpdateTimeRow, _UPDATE_TIMES, ids))
    for past in schedules:
        user_id, since = past.row.user_id, past.terms.since
        yield _with(past, [row for row in times[user_id] if row.time_stamp >= since])


def _schedules(ids: dict[str, object]) -> Iterator[MemberPast]:
    rows = fetch(StandingRow, _LOAD_MEMBERS, ids)
    clocks = by_user(fetch(FormerClockRow, _CLOCKS, ids))
    pauses = by_user(fetch(PauseRow, PAUSES, ids))
    intervals = fetch(FormerIntervalRow, _INTERVALS, ids)
    goals: Sequence[FormerGoalRow] = ()
    if rows and rows[0].goal_since is not None:  # else the goal is as old as the movement
        goals = former_goals([rows[0].movement_id])[rows[0].movement_id]
    for row in rows:
        own_pauses = [Pause(pause.starts_at, pause.ends_at) for pause in pauses[row.user_id]]
        terms = replace(terms_of(row, goals), pauses=own_pauses)
        yield MemberPast(row, terms, periods_of(row, terms, clocks[row.user_id], intervals))


def _with(past: MemberPast, rows: Sequence[UpdateTimeRow]) -> MemberPast:
    late = {update.time_stamp for update in rows if update.late}
    late -= {update.time_stamp for update in rows if not update.late}
    return replace(past, moments=[update.time_stamp for update in rows], late=late)
