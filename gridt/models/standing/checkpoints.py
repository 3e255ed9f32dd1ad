"""Checkpoints: standings of long pasts, from which recomputing goes on.

A member who has posted very often has one for each `EVERY` updates. It holds as long as the past
before it is the one that it was made of: what held then is compared (`past`), and a change among
the updates deletes the later ones (`forget_since`).
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    ForeignKeyConstraint,
    String,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import Policy, names_movement, names_user
from gridt.models.rows import columns_of, fetch
from gridt.models.subscription import Subscription
from gridt.turns.calendar import Turn
from gridt.turns.life import Base, Period
from gridt.turns.scoring import Standing
from gridt.turns.terms import Terms

#: updates between two checkpoints
EVERY = 500


def _checkpoints_of(movement_id: int) -> ColumnElement[bool]:
    """Return the condition for the checkpoints in a movement."""
    return and_(
        Checkpoint.user_id.in_(Subscription.members_of(movement_id)),
        Checkpoint.movement_id == movement_id,
    )


class Checkpoint(Model):
    """A member's standing right after an update, or after a change of clock or interval.

    :param past: digests what held until then
    """

    __tablename__ = "checkpoints"
    # on delete cascade: the version before deletes without knowing of this table
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_checkpoints_subscription",
            ondelete="CASCADE",
        ),
    )

    user_id: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, info=names_user(Policy.LEAVE)
    )
    movement_id: Mapped[int] = mapped_column(
        primary_key=True,
        autoincrement=False,
        info=names_movement(Policy.DELETE, rows_of=_checkpoints_of),
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    past: Mapped[str] = mapped_column(String(64))
    standing: Mapped[dict[str, Any]] = mapped_column(JSON)


class _CheckpointRow(NamedTuple):
    at: datetime
    past: str
    standing: dict[str, Any]


_USER_IDS: BindParameter[int] = bindparam("user_ids", expanding=True)
_OF_MEMBER = (
    Checkpoint.user_id == bindparam("user_id"),
    Checkpoint.movement_id == bindparam("movement_id"),
)
_SELECT = (
    select(*columns_of(_CheckpointRow, Checkpoint))
    .where(*_OF_MEMBER)
    .order_by(Checkpoint.at.desc())
)
_table = cast("Table", Checkpoint.__table__)
_INSERT = insert(_table)
_DELETE_SINCE = delete(_table).where(
    *_OF_MEMBER, Checkpoint.at >= bindparam("since", type_=UTCDateTime())
)
_DELETE_ALL = (
    delete(_table)
    .where(
        Checkpoint.user_id.in_(_USER_IDS),
        Checkpoint.movement_id == bindparam("movement_id"),
    )
    .returning(Checkpoint.user_id)
)


def bases_of(user_id: int, movement_id: int, terms: Terms, periods: Sequence[Period]) -> list[Base]:
    """Return the bases of a member that are of their past as it is, the latest first."""
    rows = fetch(_CheckpointRow, _SELECT, {"user_id": user_id, "movement_id": movement_id})
    return [
        Base(row.at, _standing(row.standing))
        for row in rows
        if row.past == _digest(row.at, terms, periods)
    ]


def store_bases(
    user_id: int, movement_id: int, terms: Terms, periods: Sequence[Period], bases: Sequence[Base]
) -> None:
    """Store bases instead of all that a member has since the first of them."""
    if not bases:
        return
    forget_since(user_id, movement_id, bases[0].at)
    ids = {"user_id": user_id, "movement_id": movement_id}
    rows = [
        {"at": base.at, "past": _digest(base.at, terms, periods), "standing": _json(base.standing)}
        for base in bases
    ]
    execute(_INSERT, [ids | row for row in rows])


def forget_since(user_id: int, movement_id: int, since: datetime) -> None:
    """Delete the checkpoints of a member whose past changes at a moment."""
    execute(_DELETE_SINCE, {"user_id": user_id, "movement_id": movement_id, "since": since})


def forget_all(movement_id: int, user_ids: Collection[int]) -> set[int]:
    """Delete the checkpoints of some members, and return those who had any."""
    ids = {"movement_id": movement_id, "user_ids": sorted(user_ids)}
    return set(execute(_DELETE_ALL, ids).scalars())


def _digest(at: datetime, terms: Terms, periods: Sequence[Period]) -> str:
    """Return a digest of all but the updates that a standing at a moment is scored from."""
    held = [
        (_text(period.starts_at), period.interval, period.clock)
        for period in periods
        if period.starts_at <= at
    ]
    pauses = [
        (_text(pause.starts_at), _text(min(pause.ends_at, at)))
        for pause in terms.pauses
        if pause.starts_at < at
    ]
    return sha256(repr((_text(terms.since), terms.allowance, held, pauses)).encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _json(standing: Standing) -> dict[str, Any]:
    values = standing._asdict()
    del values["turn"]
    moments = {
        "until": standing.until,
        "leapt_at": standing.leapt_at,
        "starts_at": standing.turn.starts_at,
        "ends_at": standing.turn.ends_at,
    }
    return values | {name: moment and moment.isoformat() for name, moment in moments.items()}


def _standing(values: dict[str, Any]) -> Standing:
    names = ("until", "leapt_at", "starts_at", "ends_at")
    moments: dict[str, Any] = {
        name: values[name] and datetime.fromisoformat(values[name]) for name in names
    }
    turn = Turn(0, moments.pop("starts_at"), moments.pop("ends_at"))
    others = {name: value for name, value in values.items() if name not in names}
    return Standing(turn=turn, **others, **moments)
