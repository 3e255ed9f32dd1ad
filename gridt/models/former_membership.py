"""Former memberships: what has to outlive a subscription.

They keep two things. A member who was removed and let in again goes on where they were, so that a
creator cannot end a streak. And the missed turns of a former membership stay missed, whatever is
imported after rejoining.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import JSON, Table, bindparam, delete, false, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    exported_as,
    owned_by_movement,
    owned_by_user,
)
from gridt.models.rows import columns_of, fetch, fetch_one
from gridt.models.schedule import SubscriptionPause
from gridt.models.standing import load_row, recompute_soon, turn_of
from gridt.models.subscription import Subscription
from gridt.runtime.clock import utcnow


class FormerMembership(Model):
    """A membership that has ended.

    :param judged_until: the beginning of the turn in which it ended; earlier turns are over
    :param open_until: the end of that turn
    :param removed: whether the creator or an admin ended it, and it may go on
    :param kept_pauses: the pauses of a removed member, each with its start, end and reason
    """

    __tablename__ = "former_memberships"

    # on delete cascade: the version before this table deletes users and movements without it
    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    left_at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    subscribed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    judged_until: Mapped[datetime] = mapped_column(UTCDateTime)
    open_until: Mapped[datetime] = mapped_column(UTCDateTime)
    removed: Mapped[bool] = mapped_column(server_default=false())
    counted_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    imported_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    kept_pauses: Mapped[list[tuple[str, str, str | None]]] = mapped_column(JSON)


exported_as(
    "former_memberships",
    select(
        FormerMembership.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        FormerMembership.subscribed_at,
        FormerMembership.left_at,
        FormerMembership.judged_until,
        FormerMembership.open_until,
        FormerMembership.removed,
        FormerMembership.counted_from,
        FormerMembership.imported_at,
        FormerMembership.kept_pauses,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == FormerMembership.movement_id)
    .where(FormerMembership.user_id == EXPORTED_USER)
    .order_by(FormerMembership.movement_id, FormerMembership.left_at),
)


class _Span(NamedTuple):
    """A pause of a former membership."""

    starts_at: datetime
    ends_at: datetime
    reason: str | None


class Stretch(NamedTuple):
    """The time of a former membership."""

    subscribed_at: datetime
    left_at: datetime
    judged_until: datetime


class _RemovedRow(NamedTuple):
    left_at: datetime
    subscribed_at: datetime
    judged_until: datetime
    open_until: datetime
    counted_from: datetime | None
    imported_at: datetime | None
    kept_pauses: list[tuple[str, str, str | None]]


_table = cast("Table", FormerMembership.__table__)
_pauses_table = cast("Table", SubscriptionPause.__table__)
_OF_MEMBER = (
    FormerMembership.user_id == bindparam("user_id"),
    FormerMembership.movement_id == bindparam("movement_id"),
)
_INSERT = insert(_table)
_STRETCHES = (
    select(*columns_of(Stretch, FormerMembership))
    .where(*_OF_MEMBER)
    .order_by(FormerMembership.left_at)
)
_TAKE_REMOVED = (
    delete(_table)
    .where(*_OF_MEMBER, FormerMembership.removed)
    .returning(*columns_of(_RemovedRow, FormerMembership))
)
_PAUSES = (
    select(*columns_of(_Span, SubscriptionPause))
    .where(
        SubscriptionPause.user_id == bindparam("user_id"),
        SubscriptionPause.movement_id == bindparam("movement_id"),
    )
    .order_by(SubscriptionPause.starts_at)
)
_INSERT_PAUSES = insert(_pauses_table)
_GO_ON = (
    update(cast("Table", Subscription.__table__))
    .where(
        Subscription.user_id == bindparam("of_user"),
        Subscription.movement_id == bindparam("of_movement"),
    )
    .values(
        subscribed_at=bindparam("first_at", type_=UTCDateTime()),
        counted_from=bindparam("since", type_=UTCDateTime()),
        imported_at=bindparam("by_clock_of", type_=UTCDateTime()),
        paused_from=bindparam("new_start", type_=UTCDateTime()),
        paused_until=bindparam("new_end", type_=UTCDateTime()),
    )
)


def keep_membership(user_id: int, movement_id: int, *, removed: bool) -> None:
    """Store a locked membership that ends now.

    One of less than half an interval is not stored if the member leaves by themselves: no turn of
    it is judged missed.
    """
    row, now = load_row(user_id, movement_id), utcnow()
    if row is None or not (removed or now - row.subscribed_at >= row.interval / 2):
        return
    ids = {"user_id": user_id, "movement_id": movement_id}
    turn = turn_of(row, now)
    pauses = fetch(_Span, _PAUSES, ids) if removed else ()
    values = {
        "left_at": now,
        "subscribed_at": row.subscribed_at,
        "judged_until": turn.starts_at,
        "open_until": turn.ends_at,
        "removed": removed,
        "counted_from": row.since if row.since != row.subscribed_at else None,
        "imported_at": row.imported_at,
        "kept_pauses": [_written(pause) for pause in pauses],
    }
    execute(_INSERT, ids | values)


def stretches_of(user_id: int, movement_id: int) -> Sequence[Stretch]:
    """Return a user's former memberships of a movement, in order."""
    return fetch(Stretch, _STRETCHES, {"user_id": user_id, "movement_id": movement_id})


def go_on(user_id: int, movement_id: int) -> None:
    """Continue a membership that a removal ended.

    The time since then counts as a pause. Does nothing for a user who left by themselves.
    """
    ids = {"user_id": user_id, "movement_id": movement_id}
    row = fetch_one(_RemovedRow, _TAKE_REMOVED, ids)
    if row is None:
        return
    pauses = _with_absence([_read(*pause) for pause in row.kept_pauses], row, utcnow())
    values = {
        "of_user": user_id,
        "of_movement": movement_id,
        "first_at": row.subscribed_at,
        "since": row.counted_from,
        "by_clock_of": row.imported_at,
        "new_start": pauses[-1].starts_at,
        "new_end": pauses[-1].ends_at,
    }
    execute(_GO_ON, values)
    execute(_INSERT_PAUSES, [ids | pause._asdict() for pause in pauses])
    recompute_soon(user_id, movement_id)


def _with_absence(pauses: Sequence[_Span], row: _RemovedRow, now: datetime) -> list[_Span]:
    """Return pauses, with one since a removal.

    It begins with the turn of the removal if that ended meanwhile: the member could not do it in
    the rest of that turn.
    """
    starts_at = row.left_at if now < row.open_until else row.judged_until
    before = [pause for pause in pauses if pause.ends_at < starts_at]
    joined = pauses[len(before) :]
    ends_at = max([now, *(pause.ends_at for pause in joined)])
    starts_at = min([starts_at, *(pause.starts_at for pause in joined)])
    reason = joined[-1].reason if joined else None
    return [*before, _Span(starts_at, ends_at, reason)]


def _written(pause: _Span) -> tuple[str, str, str | None]:
    return pause.starts_at.isoformat(), pause.ends_at.isoformat(), pause.reason


def _read(starts_at: str, ends_at: str, reason: str | None) -> _Span:
    return _Span(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at), reason)
