"""Stored standings: recomputed from history when the past changes."""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Boolean,
    Integer,
    Interval,
    String,
    Table,
    bindparam,
    case,
    column,
    exists,
    func,
    select,
    table,
    update,
)

from gridt.models.base import Rows, UTCDateTime, execute
from gridt.models.quotas import ensure_turn_allows, posted_in_turn
from gridt.models.rows import (
    FormerClockRow,
    FormerIntervalRow,
    PauseRow,
    StandingRow,
    UpdateTimeRow,
    by_user,
    columns_of,
    fetch,
    fetch_one,
)
from gridt.models.schedule import (
    FormerClock,
    FormerInterval,
    SubscriptionPause,
    periods_of,
)
from gridt.models.standing.reading import full_standing_of, terms_of
from gridt.models.subscription import Subscription
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Turn
from gridt.turns.life import Period, score
from gridt.turns.scoring import Standing, TurnLog, advance, mark_done
from gridt.turns.terms import Pause, Terms, merged

# tables by name, because the models of these import this module
users = table(
    "users",
    column("id", Integer),
    column("time_zone", String),
    column("day_starts_at", Integer),
    column("week_starts_on", Integer),
)
movements = table(
    "movements",
    column("id", Integer),
    column("interval", Interval),
    column("free_misses", Integer),
    column("free_turns", Integer),
    column("counts_every_update", Boolean),
)
_updates = table(
    "updates",
    column("leader_id", Integer),
    column("movement_id", Integer),
    column("time_stamp", UTCDateTime),
    column("late", Boolean),
)

#: the columns of a stored standing
_STANDING_COLUMNS = (
    Subscription.turn_starts_at,
    Subscription.turn_ends_at,
    Subscription.turn_done,
    Subscription.turn_until,
    Subscription.leapt_at,
    Subscription.turn_late,
    Subscription.streak,
    Subscription.recent,
    Subscription.best_streak,
    Subscription.done_turns,
    Subscription.turns,
    Subscription.weeks,
)
_CLOCK_COLUMNS = (users.c.time_zone, users.c.day_starts_at, users.c.week_starts_on)
_RULES_COLUMNS = (movements.c.interval, movements.c.free_misses, movements.c.free_turns)
#: when a standing begins
SINCE = func.coalesce(Subscription.counted_from, Subscription.subscribed_at).label("since")

# Statements are built once, because building one costs as much as running it.

#: selects a `StandingRow` for each subscription
STANDING_ROW: Rows = (
    select(*columns_of(StandingRow, Subscription, users.c, movements.c, since=SINCE))
    .join(users, users.c.id == Subscription.user_id)
    .join(movements, movements.c.id == Subscription.movement_id)
)
_LOAD_ROW = STANDING_ROW.where(
    Subscription.user_id == bindparam("user_id"),
    # the same lock as by the foreign key of an update, but after the subscription
    Subscription.movement_id
    == select(movements.c.id)
    .where(movements.c.id == bindparam("movement_id"))
    .with_for_update(read=True, key_share=True)
    .scalar_subquery(),
)
# not FOR UPDATE, which is the lock of a member who leaves
_LOCK_ROW = _LOAD_ROW.with_for_update(key_share=True, of=Subscription)
_USER_IDS: BindParameter[int] = bindparam("user_ids", expanding=True)
#: also selects other rows, because SQLite would not use an index for pairs
STANDING_ROWS = STANDING_ROW.where(
    Subscription.user_id.in_(_USER_IDS),
    Subscription.movement_id.in_(bindparam("movement_ids", expanding=True)),
)
_MEMBERS = (
    Subscription.user_id.in_(_USER_IDS),
    Subscription.movement_id == bindparam("movement_id"),
)
_LOCK_MEMBERS = (
    select(Subscription.user_id)
    .where(*_MEMBERS)
    .order_by(Subscription.user_id)
    .with_for_update(key_share=True)
)
_LOAD_MEMBERS = STANDING_ROW.where(*_MEMBERS)

_UPDATE_ONE = update(cast("Table", Subscription.__table__)).where(
    Subscription.user_id == bindparam("of_user"),
    Subscription.movement_id == bindparam("of_movement"),
)
_STORE = _UPDATE_ONE.values(
    {column.key: bindparam(f"new_{column.key}", type_=column.type) for column in _STANDING_COLUMNS}
)
_STORE_PAUSE = _UPDATE_ONE.values(
    paused_from=bindparam("new_start", type_=UTCDateTime()),
    paused_until=bindparam("new_end", type_=UTCDateTime()),
)
_posted_at = bindparam("posted_at", type_=UTCDateTime())
# A transaction that waited for the subscription sees its present row, but the clock and the
# interval as they were when it began to wait.
_STORE_POSTED = _STORE.where(
    *(
        exists().where(
            id == bindparam(parameter),
            *(column == bindparam(f"by_{column.name}", type_=column.type) for column in columns),
        )
        for id, parameter, columns in (
            (users.c.id, "of_user", _CLOCK_COLUMNS),
            (movements.c.id, "of_movement", _RULES_COLUMNS),
        )
    )
).values(
    last_update_at=case(
        (Subscription.last_update_at > _posted_at, Subscription.last_update_at),
        else_=_posted_at,
    ),
    posted=Subscription.posted + 1,
    posted_in_turn=bindparam("new_posted_in_turn"),
    posted_until=bindparam("new_posted_until", type_=UTCDateTime()),
)
_UPDATE_TIMES = (
    select(*columns_of(UpdateTimeRow, _updates.c, user_id=_updates.c.leader_id))
    .where(
        _updates.c.leader_id.in_(_USER_IDS),
        _updates.c.movement_id == bindparam("movement_id"),
    )
    .order_by(_updates.c.leader_id, _updates.c.time_stamp)
)
_CLOCKS = (
    select(*columns_of(FormerClockRow, FormerClock))
    .where(FormerClock.user_id.in_(_USER_IDS))
    .order_by(FormerClock.user_id, FormerClock.ended_at)
)
_INTERVALS = (
    select(*columns_of(FormerIntervalRow, FormerInterval))
    .where(FormerInterval.movement_id == bindparam("movement_id"))
    .order_by(FormerInterval.ended_at)
)
_PAUSES = (
    select(*columns_of(PauseRow, SubscriptionPause))
    .where(
        SubscriptionPause.user_id.in_(_USER_IDS),
        SubscriptionPause.movement_id == bindparam("movement_id"),
    )
    .order_by(SubscriptionPause.user_id, SubscriptionPause.starts_at)
)


def lock_row(user_id: int, movement_id: int) -> StandingRow | None:
    """Return a member's standing row, locked until the transaction ends.

    It locks the movement's row as the foreign key of an update does, and then the subscription: in
    the same order as a member who leaves.

    :returns: None for a user who is not subscribed
    """
    ids = {"user_id": user_id, "movement_id": movement_id}
    return fetch_one(StandingRow, _LOCK_ROW, ids)


def load_row(user_id: int, movement_id: int) -> StandingRow | None:
    """Return a member's standing row, or None without a subscription."""
    ids = {"user_id": user_id, "movement_id": movement_id}
    return fetch_one(StandingRow, _LOAD_ROW, ids)


def record_done(
    user_id: int,
    movement_id: int,
    row: StandingRow,
    moment: datetime,
    most_in_turn: int | None = None,
) -> None:
    """Store a locked member's update, the latest of all.

    :param most_in_turn: how many updates the member may post in a turn
    :raises TooManyUpdatesInTurn: when this is one more
    """
    if not _store_done(user_id, movement_id, row, moment, most_in_turn) and (
        current := lock_row(user_id, movement_id)
    ):
        _store_done(user_id, movement_id, current, moment, most_in_turn)


def _store_done(
    user_id: int, movement_id: int, row: StandingRow, moment: datetime, most_in_turn: int | None
) -> bool:
    """Store an update if the row's terms hold; return whether."""
    terms = terms_of(row)
    standing = mark_done(full_standing_of(row, terms), moment, terms)
    posted, until = posted_in_turn(row, standing.turn, moment)
    ensure_turn_allows(user_id, posted + 1, most_in_turn, until)
    counts = {"new_posted_in_turn": posted + 1, "new_posted_until": until}
    by = {f"by_{one.name}": getattr(row, one.name) for one in (*_CLOCK_COLUMNS, *_RULES_COLUMNS)}
    values = _values(user_id, movement_id, standing) | by | counts | {"posted_at": moment}
    return execute(_STORE_POSTED, values).rowcount > 0


def persist_at(user_id: int, movement_id: int, row: StandingRow, moment: datetime) -> None:
    """Store the standing of a locked member before a change."""
    execute(_STORE, _values(user_id, movement_id, _standing_at(moment, row)))


def store_pauses(row: StandingRow, moment: datetime) -> None:
    """Store a member's pauses as one, with the row."""
    ids = {"user_ids": [row.user_id], "movement_id": row.movement_id}
    pauses = [Pause(pause.starts_at, pause.ends_at) for pause in fetch(PauseRow, _PAUSES, ids)]
    _store_merged(row, pauses, _standing_at(moment, row).turn)


def _store_merged(row: StandingRow, pauses: Sequence[Pause], turn: Turn) -> None:
    ids = {"of_user": row.user_id, "of_movement": row.movement_id}
    # pauses that were over before the turn have no effect, but the last one stays stored
    pause = merged(pauses, turn) if pauses[-1].ends_at > turn.starts_at else pauses[-1]
    execute(_STORE_PAUSE, ids | {"new_start": pause.starts_at, "new_end": pause.ends_at})


def recompute(movement_id: int, user_ids: Collection[int]) -> int:
    """Recompute and store the standings of some members.

    It sends a constant number of statements, and locks the subscriptions.

    :returns: how many of the stored standings were corrected
    """
    # first of all, so that the following reads see the commits of others
    execute(_LOCK_MEMBERS, {"movement_id": movement_id, "user_ids": sorted(user_ids)})
    now = utcnow()
    rows, corrected = [], 0
    for past in _pasts(movement_id, user_ids):
        until = past.latest(now)
        standing = past.scored(until)
        corrected += standing != _standing_at(until, past.row)
        rows.append(_values(past.row.user_id, movement_id, standing))
        if len(past.terms.pauses) > 1:
            _store_merged(past.row, past.terms.pauses, standing.turn)
    if rows:
        execute(_STORE, rows)
    return corrected


@dataclass(frozen=True, slots=True)
class Correction:
    """The change of a member's standing by recomputing it."""

    user_id: int
    stored: Standing
    scored: Standing


def corrections(movement_id: int, user_ids: Collection[int]) -> list[Correction]:
    """Return the changes that `recompute` would make; store nothing."""
    now, found = utcnow(), []
    for past in _pasts(movement_id, user_ids):
        until = past.latest(now)
        stored, scored = _standing_at(until, past.row), past.scored(until)
        if stored != scored:
            found.append(Correction(past.row.user_id, stored, scored))
    return found


def _standing_at(moment: datetime, row: StandingRow) -> Standing:
    """Return the stored standing, advanced to a moment."""
    terms = terms_of(row)
    return advance(full_standing_of(row, terms), moment, terms)


@dataclass(frozen=True, slots=True)
class MemberPast:
    """The facts that score a member's standing.

    :param row: the stored row
    :param terms: the pauses, and the present interval, clock and allowance
    :param periods: the intervals and clocks since they subscribed, one after the other
    :param moments: the times of their updates, in order
    :param late: the times of updates that were too late for a streak
    """

    row: StandingRow
    terms: Terms
    periods: Sequence[Period]
    moments: Sequence[datetime]
    late: Set[datetime]

    def latest(self, now: datetime) -> datetime:
        """Return the present, or a later last event's time."""
        return max([now, self.periods[-1].starts_at, *self.moments[-1:]])

    def scored(self, until: datetime, log: TurnLog | None = None) -> Standing:
        """Return the member's standing at a moment.

        :param log: gets the turns that were over by then
        """
        return score(self.periods, self.moments, self.terms, until, log, self.late)


def past_of(user_id: int, movement_id: int) -> MemberPast | None:
    """Return a member's past, or None; lock nothing."""
    return next(_pasts(movement_id, [user_id]), None)


def _pasts(movement_id: int, user_ids: Collection[int]) -> Iterator[MemberPast]:
    """Read the pasts of some members, by five statements."""
    ids = {"movement_id": movement_id, "user_ids": sorted(user_ids)}
    rows = fetch(StandingRow, _LOAD_MEMBERS, ids)
    times = by_user(fetch(UpdateTimeRow, _UPDATE_TIMES, ids))
    clocks = by_user(fetch(FormerClockRow, _CLOCKS, ids))
    pauses = by_user(fetch(PauseRow, _PAUSES, ids))
    intervals = fetch(FormerIntervalRow, _INTERVALS, ids)
    for row in rows:
        own_pauses = [Pause(pause.starts_at, pause.ends_at) for pause in pauses[row.user_id]]
        terms = replace(terms_of(row), pauses=own_pauses)
        own = [update for update in times[row.user_id] if update.time_stamp >= row.since]
        moments = [update.time_stamp for update in own]
        late = {update.time_stamp for update in own if update.late}
        late -= {update.time_stamp for update in own if not update.late}
        periods = periods_of(row, terms, clocks[row.user_id], intervals)
        yield MemberPast(row, terms, periods, moments, late)


def _values(user_id: int, movement_id: int, standing: Standing) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in to_columns(standing).items()}
    return {"of_user": user_id, "of_movement": movement_id} | new


def to_columns(standing: Standing) -> dict[str, Any]:
    """Return a standing as columns of a subscription, by name."""
    return {
        "turn_starts_at": standing.turn.starts_at,
        "turn_ends_at": standing.turn.ends_at,
        "turn_done": standing.done,
        "turn_until": standing.until,
        "leapt_at": standing.leapt_at,
        "turn_late": standing.late,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "recent": standing.recent,
        "weeks": standing.weeks,
    }
