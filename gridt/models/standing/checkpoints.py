"""Checkpoints: stored standings in long pasts, from which scoring continues.

A member with very many updates has a checkpoint for each `EVERY` of them. A checkpoint is valid
while the past before it is unchanged. Its digest (`past`) covers the clocks, intervals, pauses and
the allowance; a change of the updates deletes all later checkpoints (`forget_since`).
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    JSON,
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
from gridt.models.rows import USER_IDS, columns_of, fetch
from gridt.models.subscription import Subscription
from gridt.turns.calendar import Turn
from gridt.turns.goals import Count
from gridt.turns.life import Base, Period
from gridt.turns.outcomes import Standing
from gridt.turns.terms import Terms

#: updates between two checkpoints
EVERY = 500
#: the version of the rules; a change of scoring raises it, and so makes all checkpoints invalid
RULES = 1
#: the same for members whose movement has, or had, a goal
GOAL_RULES = 2
#: the fields of a standing that are counts
_COUNTS = ("counted", "counted_late")


def _checkpoints_of(movement_id: int) -> ColumnElement[bool]:
    """Return the condition for the checkpoints in a movement."""
    return and_(
        Checkpoint.user_id.in_(Subscription.members_of(movement_id)),
        Checkpoint.movement_id == movement_id,
    )


class Checkpoint(Model):
    """A member's standing right after an event.

    The event is an update, or a change of clock or interval.

    :param past: a digest of the clocks, intervals and pauses until then
    """

    __tablename__ = "checkpoints"
    # on delete cascade, because the version before deletes without this table
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
        Checkpoint.user_id.in_(USER_IDS),
        Checkpoint.movement_id == bindparam("movement_id"),
    )
    .returning(Checkpoint.user_id)
)


def bases_of(user_id: int, movement_id: int, terms: Terms, periods: Sequence[Period]) -> list[Base]:
    """Return the valid bases of a member, the latest first."""
    rows = fetch(_CheckpointRow, _SELECT, {"user_id": user_id, "movement_id": movement_id})
    return [
        Base(row.at, _standing(row.standing))
        for row in rows
        if row.past == _digest(row.at, terms, periods)
    ]


def store_bases(
    user_id: int, movement_id: int, terms: Terms, periods: Sequence[Period], bases: Sequence[Base]
) -> None:
    """Replace a member's checkpoints since the first base."""
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
    """Delete a member's checkpoints since a change of their past."""
    execute(_DELETE_SINCE, {"user_id": user_id, "movement_id": movement_id, "since": since})


def forget_all(movement_id: int, user_ids: Collection[int]) -> set[int]:
    """Delete checkpoints, and return the members who had any."""
    ids = {"movement_id": movement_id, "user_ids": sorted(user_ids)}
    return set(execute(_DELETE_ALL, ids).scalars())


def _digest(at: datetime, terms: Terms, periods: Sequence[Period]) -> str:
    """Return a digest of a past, without updates."""
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
    facts: tuple[object, ...] = (RULES, _text(terms.since), terms.allowance, held, pauses)
    if goals := [(_text(goal.since), goal.goal) for goal in terms.goals if goal.since <= at]:
        facts += (GOAL_RULES, goals)
    return sha256(repr(facts).encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _json(standing: Standing) -> dict[str, Any]:
    values = standing._asdict()
    del values["turn"]
    values |= {name: _json_of(values[name]) for name in _COUNTS}
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
    counts: dict[str, Any] = {name: _count(*values[name]) for name in _COUNTS if name in values}
    others = {name: value for name, value in values.items() if name not in {*names, *_COUNTS}}
    return Standing(turn=turn, **others, **counts, **moments)


def _json_of(count: Count) -> tuple[int, str | None, str | None]:
    number, day, since = count
    return number, day.isoformat() if day else None, since.isoformat() if since else None


def _count(number: int, day: str | None, since: str | None = None) -> Count:
    return Count(
        number,
        None if day is None else date.fromisoformat(day),
        None if since is None else datetime.fromisoformat(since),
    )
