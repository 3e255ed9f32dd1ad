"""Pauses: times in which nothing is expected of a member, who begin and end them themselves."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

from sqlalchemy import Select, Table, bindparam, select, update

from gridt.errors import Invalid, NotSubscribed
from gridt.models import (
    StandingRow,
    Subscription,
    SubscriptionPause,
    clock_of,
    execute,
    is_complete,
    load_row,
    lock_row,
    persist_at,
    recompute,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: so far ahead a pause may end
LONGEST = timedelta(days=366)

_NOTE = (
    update(cast("Table", Subscription.__table__))
    .where(
        Subscription.user_id == bindparam("of_user"),
        Subscription.movement_id == bindparam("of_movement"),
    )
    .values(paused_from=bindparam("starts_at"), paused_until=bindparam("ends_at"))
)


def pause(
    user_id: int, movement_id: int, until: date | datetime, reason: str | None = None
) -> SubscriptionPause:
    """Expect nothing of a member until a moment, or until a day of theirs begins.

    Flushes and does not commit. Of who is paused, that pause ends then instead. One that is over
    stays as it was: the past is not judged otherwise by what is said now.

    :raises NotSubscribed: when the user is no member
    :raises Invalid: when `until` is past, or more than a year ahead
    """
    row, now = _settled(user_id, movement_id)
    ends_at = _moment(until, row, now)
    found = _last(user_id, movement_id)
    # the subscription carries the last one: no turn to come is touched by those before alone
    if found is None or (found.ends_at <= now and found.starts_at < now):
        found = SubscriptionPause(user_id=user_id, movement_id=movement_id, starts_at=now)
        db.session.add(found)
    found.reason = reason
    _end(found, ends_at)
    return found


def resume(user_id: int, movement_id: int) -> None:
    """End a member's pause now. Flushes and does not commit; does nothing where there is none.

    :raises NotSubscribed: when the user is no member
    """
    row, now = _settled(user_id, movement_id)
    found = _last(user_id, movement_id)
    if found is not None and row.paused_until is not None and row.paused_until > now:
        _end(found, now)


def pause_of(user_id: int, movement_id: int) -> SubscriptionPause | None:
    """Return the pause that a member is in, or None.

    :raises NotSubscribed: when the user is no member
    """
    if load_row(user_id, movement_id) is None:
        raise NotSubscribed
    found = _last(user_id, movement_id)
    return found if found is not None and found.ends_at > utcnow() else None


def _settled(user_id: int, movement_id: int) -> tuple[StandingRow, datetime]:
    """Hold a subscription, and keep how its member stands before something changes.

    :returns: the row that tells it, and the present moment
    """
    if lock_row(user_id, movement_id) is None:
        raise NotSubscribed
    # who changed the clock held this row: now that we do, it is seen as it is
    row = cast("StandingRow", load_row(user_id, movement_id))
    if not is_complete(row):
        recompute(movement_id, [user_id])
        row = cast("StandingRow", load_row(user_id, movement_id))
    now = utcnow()
    persist_at(user_id, movement_id, row, now)
    return row, now


def _moment(until: date | datetime, row: StandingRow, now: datetime) -> datetime:
    """Return when a pause ends, as far as it can."""
    if not isinstance(until, datetime) and now.year <= until.year <= now.year + 2:
        until = clock_of(row).start_of(until)
    if not isinstance(until, datetime) or not now < until <= now + LONGEST:
        raise Invalid([{"pointer": "#/until", "detail": "Past, or more than a year ahead."}])
    return until.astimezone(UTC)


def _last(user_id: int, movement_id: int) -> SubscriptionPause | None:
    return db.session.scalar(_of(user_id, movement_id).limit(1))


def _of(user_id: int, movement_id: int) -> Select[SubscriptionPause]:
    mine = SubscriptionPause.user_id == user_id, SubscriptionPause.movement_id == movement_id
    newest_first = SubscriptionPause.starts_at.desc()
    return (
        select(SubscriptionPause)
        .where(*mine)
        .order_by(newest_first)
        .execution_options(populate_existing=True)
    )


def _end(one: SubscriptionPause, ends_at: datetime) -> None:
    one.ends_at = ends_at
    db.session.flush()
    times = {"starts_at": one.starts_at, "ends_at": ends_at}
    execute(_NOTE, {"of_user": one.user_id, "of_movement": one.movement_id} | times)
