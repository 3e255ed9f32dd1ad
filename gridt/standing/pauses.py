"""Pauses: stretches without due turns, by a member's choice."""

from datetime import UTC, date, datetime, timedelta
from typing import cast

from sqlalchemy import Select, select

from gridt.errors import Invalid, NotSubscribed
from gridt.models import (
    StandingRow,
    SubscriptionPause,
    clock_of,
    is_complete,
    load_row,
    lock_row,
    persist_at,
    recompute,
    store_pauses,
)
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: how far ahead a pause may end
LONGEST = timedelta(days=366)


def pause(
    user_id: int, movement_id: int, until: date | datetime, reason: str | None = None
) -> SubscriptionPause:
    """Pause a member until a moment or day of theirs.

    Flushes and does not commit. If the member is paused already, the end of that pause moves. A
    pause that is over does not change, because nothing may score the past in another way now.

    :raises NotSubscribed: when the user is no member
    :raises Invalid: when `until` is past, or more than a year ahead
    """
    row, now = _settled(user_id, movement_id)
    ends_at = _moment(until, row, now)
    last = _last(user_id, movement_id)
    # the subscription has only the last one, because earlier pauses alone touch no turn to come
    if last is None or (last.ends_at <= now and last.starts_at < now):
        last = SubscriptionPause(user_id=user_id, movement_id=movement_id, starts_at=now)
        db.session.add(last)
    last.reason = reason
    _end(last, ends_at, row, now)
    return last


def resume(user_id: int, movement_id: int) -> None:
    """End a member's pause now.

    Flushes and does not commit; without a pause, it does nothing.

    :raises NotSubscribed: when the user is no member
    """
    row, now = _settled(user_id, movement_id)
    last = _last(user_id, movement_id)
    if last is not None and row.paused_until is not None and row.paused_until > now:
        _end(last, now, row, now)


def pause_of(user_id: int, movement_id: int) -> SubscriptionPause | None:
    """Return the pause that a member is in, or None.

    :raises NotSubscribed: when the user is no member
    """
    if load_row(user_id, movement_id) is None:
        raise NotSubscribed
    return current_pause(user_id, movement_id)


def current_pause(user_id: int, movement_id: int) -> SubscriptionPause | None:
    """Return the pause that a user is in, or None."""
    last = _last(user_id, movement_id)
    return last if last is not None and last.ends_at > utcnow() else None


def _settled(user_id: int, movement_id: int) -> tuple[StandingRow, datetime]:
    """Lock a subscription, and store its standing before a change.

    :returns: the member's standing row, and the present moment
    """
    if lock_row(user_id, movement_id) is None:
        raise NotSubscribed
    # a change of the clock locks this row too; now that we have the lock, the clock is final
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
    # a day that is still one is years away
    is_past = until <= now if isinstance(until, datetime) else until.year < now.year
    if is_past:
        raise Invalid.member("#/until", Refusal(Code.PAST))
    if not isinstance(until, datetime) or until > now + LONGEST:
        raise Invalid.member("#/until", Refusal(Code.TOO_FAR_AHEAD, maximum=LONGEST.days))
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


def _end(pause: SubscriptionPause, ends_at: datetime, row: StandingRow, now: datetime) -> None:
    pause.ends_at = ends_at
    db.session.flush()
    store_pauses(row, now)
