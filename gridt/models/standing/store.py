"""How members stand: kept with their subscription, and told anew when the past is another now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
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

from gridt.errors import NotInTime
from gridt.models.base import Rows, UTCDateTime, execute
from gridt.models.schedule import (
    FormerClock,
    FormerInterval,
    StandingRow,
    SubscriptionPause,
    clock_in,
    periods_of,
)
from gridt.models.subscription import Subscription
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Turn
from gridt.turns.scoring import (
    INSTANT,
    Allowance,
    Pause,
    Period,
    Record,
    Standing,
    Terms,
    advance,
    initial,
    mark_done,
    score,
)

# by name, since the models of these import this module
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
)

#: what is kept of a standing, by its name in a subscription: what no list shows, and the rest
_WEEKS = Subscription.weeks
_KEPT = (
    Subscription.turn_starts_at,
    Subscription.turn_ends_at,
    Subscription.turn_done,
    Subscription.streak,
    Subscription.recent,
    Subscription.best_streak,
    Subscription.done_turns,
    Subscription.turns,
)
_SINCE = func.coalesce(Subscription.counted_from, Subscription.subscribed_at).label("since")
#: from these, and the user's clock, mostly follows whether others see it done
FOR_OTHERS = (
    Subscription.turn_ends_at,
    Subscription.turn_done,
    Subscription.streak,
    Subscription.paused_until,
)
OF_USER = (users.c.time_zone, users.c.day_starts_at, users.c.week_starts_on)
#: with these and `last_update_at` a row tells how the member stands
OF_MEMBER = (*_KEPT, _SINCE, Subscription.paused_from, Subscription.paused_until, *OF_USER)
OF_MOVEMENT = (movements.c.interval, movements.c.free_misses, movements.c.free_turns)

# Statements are made once: to build one costs as much as to run it.

#: the place in a row of `TOLD` at which the values of `OF_MEMBER` begin
MEMBER_IN_TOLD = 3
#: what tells how members stand, for `terms_in` and `standing_in`
STANDING_ROW: Rows = (
    select(
        Subscription.user_id,
        Subscription.movement_id,
        Subscription.last_update_at,
        *OF_MEMBER,
        _WEEKS,
        *OF_MOVEMENT,
        movements.c.counts_every_update,
    )
    .join(users, users.c.id == Subscription.user_id)
    .join(movements, movements.c.id == Subscription.movement_id)
)
_ONE = STANDING_ROW.where(
    Subscription.user_id == bindparam("user_id"),
    # what the foreign key of an update locks as well, but after the subscription
    Subscription.movement_id
    == select(movements.c.id)
    .where(movements.c.id == bindparam("movement_id"))
    .with_for_update(read=True, key_share=True)
    .scalar_subquery(),
)
# not FOR UPDATE, which would say that the member leaves
_HELD = _ONE.with_for_update(key_share=True, of=Subscription)
#: more than are asked for, but SQLite would not use an index for pairs
SEVERAL = STANDING_ROW.where(
    Subscription.user_id.in_(bindparam("user_ids", expanding=True)),
    Subscription.movement_id.in_(bindparam("movement_ids", expanding=True)),
)
_OF_SOME = (
    Subscription.user_id.in_(bindparam("user_ids", expanding=True)),
    Subscription.movement_id == bindparam("movement_id"),
)
_HOLD_SOME = (
    select(Subscription.user_id)
    .where(*_OF_SOME)
    .order_by(Subscription.user_id)
    .with_for_update(key_share=True)
)
_SOME = STANDING_ROW.where(*_OF_SOME)

_KEEP = (
    update(cast("Table", Subscription.__table__))
    .where(
        Subscription.user_id == bindparam("of_user"),
        Subscription.movement_id == bindparam("of_movement"),
    )
    .values({one.key: bindparam(f"new_{one.key}", type_=one.type) for one in (*_KEPT, _WEEKS)})
)
_posted_at = bindparam("posted_at", type_=UTCDateTime())
# Who waited for the subscription has it as it is now, but the clock and the interval as they were
# when they began to wait.
_KEEP_POSTED = _KEEP.where(
    *(
        exists().where(
            id == bindparam(given),
            *(one == bindparam(f"by_{one.name}", type_=one.type) for one in terms),
        )
        for id, given, terms in (
            (users.c.id, "of_user", OF_USER),
            (movements.c.id, "of_movement", OF_MOVEMENT),
        )
    )
).values(
    last_update_at=case(
        (Subscription.last_update_at > _posted_at, Subscription.last_update_at),
        else_=_posted_at,
    )
)
_MOMENTS = (
    select(_updates.c.leader_id, _updates.c.time_stamp)
    .where(
        _updates.c.leader_id.in_(bindparam("user_ids", expanding=True)),
        _updates.c.movement_id == bindparam("movement_id"),
    )
    .order_by(_updates.c.leader_id, _updates.c.time_stamp)
)
_CLOCKS = (
    select(FormerClock.__table__)
    .where(FormerClock.user_id.in_(bindparam("user_ids", expanding=True)))
    .order_by(FormerClock.user_id, FormerClock.ended_at)
)
_INTERVALS = (
    select(FormerInterval.ended_at, FormerInterval.interval)
    .where(FormerInterval.movement_id == bindparam("movement_id"))
    .order_by(FormerInterval.ended_at)
)
_PAUSES = (
    select(SubscriptionPause.user_id, SubscriptionPause.starts_at, SubscriptionPause.ends_at)
    .where(
        SubscriptionPause.user_id.in_(bindparam("user_ids", expanding=True)),
        SubscriptionPause.movement_id == bindparam("movement_id"),
    )
    .order_by(SubscriptionPause.user_id, SubscriptionPause.starts_at)
)

#: a movement's interval, how many misses it overlooks, and in how many turns
Rules = tuple[timedelta, int, int]


def lock_row(user_id: int, movement_id: int) -> StandingRow | None:
    """Return what a member's standing is told by, theirs to change until the transaction ends.

    Locks the movement's row as the foreign key of an update does, and then the subscription: in
    the order in which who leaves does it.

    :returns: None for somebody who is not subscribed
    """
    return execute(_HELD, {"user_id": user_id, "movement_id": movement_id}).one_or_none()


def load_row(user_id: int, movement_id: int) -> StandingRow | None:
    """Return what a member's standing is told by, or None for who is not subscribed."""
    return execute(_ONE, {"user_id": user_id, "movement_id": movement_id}).one_or_none()


def is_complete(row: StandingRow) -> bool:
    """Tell whether a row has all that is known: those from before standing was kept may not."""
    if row.turn_starts_at is not None:
        return row.weeks is not None
    return row.last_update_at is None or row.last_update_at < row.since


def terms_in(row: StandingRow) -> Terms:
    """Return what a member's turns are judged by, from now on, of a row that tells it."""
    pauses = () if row.paused_from is None else (Pause(row.paused_from, row.paused_until),)
    allowance = Allowance(row.free_misses, row.free_turns)
    return Terms(row.interval, clock_in(row), row.since, allowance, pauses)


def whole_in(row: StandingRow, terms: Terms) -> Standing:
    """Return the standing as it was kept in a row of `TOLD`, to be kept again."""
    if row.turn_starts_at is None:
        return _begun_in(row, terms)
    return replace(standing_in(row, terms), weeks=row.weeks or "")


def standing_in(row: StandingRow, terms: Terms) -> Standing:
    """Return the standing as it was kept in a row that tells it, but for the weeks."""
    if row.turn_starts_at is None:
        return replace(_begun_in(row, terms), weeks=None)
    return Standing(
        Turn(0, row.turn_starts_at, row.turn_ends_at),
        row.turn_done,
        row.streak,
        row.best_streak,
        row.done_turns,
        row.turns,
        row.recent,
    )


def _begun_in(row: StandingRow, terms: Terms) -> Standing:
    if is_complete(row):
        return initial(terms)
    # until it is told anew, all that is known is the last update
    return mark_done(initial(replace(terms, since=row.last_update_at)), row.last_update_at, terms)


def record_done(user_id: int, movement_id: int, row: StandingRow, moment: datetime) -> None:
    """Keep that a member, whose row is held, did it at a moment that is not before others."""
    if not _keep_done(user_id, movement_id, row, moment) and (
        now := lock_row(user_id, movement_id)
    ):
        _keep_done(user_id, movement_id, now, moment)


def _keep_done(user_id: int, movement_id: int, row: StandingRow, moment: datetime) -> bool:
    """Keep that a member did it, if what their row tells of their terms holds; tell whether so."""
    terms = terms_in(row)
    standing = mark_done(whole_in(row, terms), moment, terms)
    by = {f"by_{one.name}": getattr(row, one.name) for one in (*OF_USER, *OF_MOVEMENT)}
    given = _kept(user_id, movement_id, standing) | by | {"posted_at": moment}
    return execute(_KEEP_POSTED, given).rowcount > 0


def persist_at(user_id: int, movement_id: int, row: StandingRow, moment: datetime) -> None:
    """Keep how a member, whose row is held, stands at a moment, before something changes."""
    execute(_KEEP, _kept(user_id, movement_id, _at(moment, row)))


def turn_open_for(row: StandingRow, at: datetime, moment: datetime, grace: timedelta) -> Turn:
    """Return the turn of a moment that a member reports late, where that may still be done.

    :param grace: after a turn's end
    :raises NotInTime: when `at` is in the future, or in a turn that is over for too long
    """
    if at > moment:
        raise NotInTime("In the future.")
    terms = terms_in(row)
    turn = advance(standing_in(row, terms), moment, terms).turn
    if at in turn:
        return turn
    before = terms.turn_at(turn.starts_at - INSTANT)
    if at < max(before.starts_at, terms.since) or moment >= turn.starts_at + grace:
        raise NotInTime("In a turn that is over for too long, or before you subscribed.")
    return before


def recompute(movement_id: int, user_ids: Collection[int]) -> int:
    """Tell the standing of some members of a movement from the past, and keep it.

    By a constant number of statements; holds their subscriptions.

    :returns: how many stood otherwise by what was kept
    """
    # before all else is read: what others changed until then is seen
    execute(_HOLD_SOME, {"movement_id": movement_id, "user_ids": sorted(user_ids)})
    now = utcnow()
    new, otherwise = [], 0
    for past in _pasts(movement_id, user_ids):
        standing = past.judged(now)
        otherwise += standing != _at(now, past.row)
        new.append(_kept(past.row.user_id, movement_id, standing))
    if new:
        execute(_KEEP, new)
    return otherwise


def _at(moment: datetime, row: StandingRow) -> Standing:
    """Return how a member stands at a moment by what is kept."""
    terms = terms_in(row)
    return advance(whole_in(row, terms), moment, terms)


@dataclass(frozen=True, slots=True)
class MemberPast:
    """All that a member's standing is told from.

    :param row: what is kept
    :param terms: the pauses, and what holds now
    :param periods: what held since they subscribed, one after the other
    :param moments: when they did it, in order
    """

    row: StandingRow
    terms: Terms
    periods: Sequence[Period]
    moments: Sequence[datetime]

    def judged(self, until: datetime, record: Record | None = None) -> Standing:
        """Return how the member stood at a moment.

        :param record: what turns are noted in that were over by then
        """
        return score(self.periods, self.moments, self.terms, until, record)


def past_of(user_id: int, movement_id: int) -> MemberPast | None:
    """Return a member's past, or None for who is not subscribed; holds nothing."""
    return next(_pasts(movement_id, [user_id]), None)


def _pasts(movement_id: int, user_ids: Collection[int]) -> Iterator[MemberPast]:
    """Read the pasts of some members, by five statements."""
    given = {"movement_id": movement_id, "user_ids": sorted(user_ids)}
    rows = execute(_SOME, given).all()
    moments = _by_user(execute(_MOMENTS, given))
    clocks = _by_user(execute(_CLOCKS, given))
    pauses = _by_user(execute(_PAUSES, given))
    intervals = execute(_INTERVALS, given).all()
    for row in rows:
        stretches = [Pause(one.starts_at, one.ends_at) for one in pauses[row.user_id]]
        terms = replace(terms_in(row), pauses=stretches)
        times = [one.time_stamp for one in moments[row.user_id] if one.time_stamp >= row.since]
        yield MemberPast(row, terms, periods_of(terms, clocks[row.user_id], intervals), times)


def _by_user(rows: Iterable[StandingRow]) -> dict[int, list[StandingRow]]:
    found: dict[int, list[StandingRow]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _kept(user_id: int, movement_id: int, standing: Standing) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in to_columns(standing).items()}
    return {"of_user": user_id, "of_movement": movement_id} | new


def to_columns(standing: Standing) -> dict[str, Any]:
    """Return a standing as a subscription keeps it, by the names of its columns."""
    return {
        "turn_starts_at": standing.turn.starts_at,
        "turn_ends_at": standing.turn.ends_at,
        "turn_done": standing.done,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "recent": standing.recent,
        "weeks": standing.weeks,
    }
