"""Shapes of rows: a named tuple for each.

`columns_of` makes the columns from the fields, and `read` the tuple from a row. A statement may
add columns after those of its shape.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Executable, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from gridt.models.base import execute

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Shape = TypeVar("Shape", bound=NamedTuple)

#: the parameter of statements about some users
USER_IDS: BindParameter[int] = bindparam("user_ids", expanding=True)


class Rules(NamedTuple):
    """The rules of a movement for its members' turns.

    :param goal_since: as in `Movement`
    """

    interval: timedelta
    free_misses: int
    free_turns: int
    goal: int | None = None
    goal_since: datetime | None = None


class StandingRow(NamedTuple):
    """A member's stored standing, with the columns that score it."""

    user_id: int
    movement_id: int
    last_update_at: datetime | None
    turn_starts_at: datetime | None
    turn_ends_at: datetime | None
    turn_done: bool
    streak: int
    recent: str | None
    best_streak: int
    done_turns: int
    turns: int
    since: datetime
    paused_from: datetime | None
    paused_until: datetime | None
    time_zone: str
    day_starts_at: int
    week_starts_on: int
    weeks: str | None
    turn_until: datetime | None
    leapt_at: datetime | None
    turn_late: bool
    subscribed_at: datetime
    imported_at: datetime | None
    interval: timedelta
    interval_months: int | None
    free_misses: int
    free_turns: int
    counts_every_update: bool
    goal: int | None
    goal_since: datetime | None
    turn_amount: float | None
    turn_counted_on: date | None
    turn_counted_from: datetime | None
    turn_amount_on_time: float | None
    turn_on_time_on: date | None
    turn_on_time_from: datetime | None
    posted: int
    posted_in_turn: int
    posted_until: datetime | None


class FormerClockRow(NamedTuple):
    """A clock that a user had until a moment."""

    user_id: int
    ended_at: datetime
    time_zone: str
    day_starts_at: int
    week_starts_on: int


class FormerIntervalRow(NamedTuple):
    """An interval that a movement had until a moment."""

    ended_at: datetime
    interval: timedelta
    interval_months: int | None


class FormerGoalRow(NamedTuple):
    """A goal, or none, until a moment."""

    movement_id: int
    ended_at: datetime
    goal: int | None
    counts_every_update: bool


class PauseRow(NamedTuple):
    """A pause of a member."""

    user_id: int
    starts_at: datetime
    ends_at: datetime


class UpdateTimeRow(NamedTuple):
    """The time of a member's update."""

    user_id: int
    time_stamp: datetime
    late: bool


class MovementRow(NamedTuple):
    """A movement with a user's subscription, last update and standing.

    From `subscribed_at` on, every value is None for a user who is not subscribed.
    """

    id: int
    name: str
    short_description: str
    description: str
    interval: timedelta
    interval_months: int | None
    free_misses: int
    free_turns: int
    counts_every_update: bool
    goal: int | None
    goal_since: datetime | None
    created_at: datetime
    creator_id: int | None
    member_count: int
    subscribed_at: datetime | None
    update_id: int | None
    last_update_at: datetime | None
    message: str | None
    late: bool | None
    turn_starts_at: datetime | None
    turn_ends_at: datetime | None
    turn_done: bool
    streak: int
    recent: str | None
    best_streak: int
    done_turns: int
    turns: int
    since: datetime
    paused_from: datetime | None
    paused_until: datetime | None
    turn_until: datetime | None
    leapt_at: datetime | None
    turn_late: bool
    turn_amount: float | None
    turn_counted_on: date | None
    turn_counted_from: datetime | None
    turn_amount_on_time: float | None
    turn_on_time_on: date | None
    turn_on_time_from: datetime | None
    time_zone: str
    day_starts_at: int
    week_starts_on: int


class PersonRow(NamedTuple):
    """A leader or follower, with last update and standing."""

    movement_id: int
    id: int
    username: str
    bio: str
    email: str
    update_id: int | None
    last_update_at: datetime | None
    message: str | None
    late: bool | None
    turn_starts_at: datetime | None
    turn_ends_at: datetime | None
    turn_done: bool
    turn_until: datetime | None
    turn_amount: float | None
    since: datetime
    streak: int
    paused_until: datetime | None
    time_zone: str
    day_starts_at: int
    week_starts_on: int


def columns_of(shape: type[Shape], *sources: Any, **computed: Column) -> list[Column]:
    """Return the columns to select for a shape, in order.

    :param sources: models, or the columns of tables; each field takes the first column of its name
    :param computed: columns of other names or tables, by the field's name
    """
    columns: list[Column] = []
    for name in shape._fields:
        column = computed.get(name)
        if column is None:
            column = next(getattr(source, name) for source in sources if hasattr(source, name))
        columns.append(column if column.key == name else column.label(name))
    return columns


def read(shape: type[Shape], row: Sequence[Any]) -> Shape:
    """Return the part of a row with a shape."""
    return shape._make(row[: len(shape._fields)])


def fetch(shape: type[Shape], statement: Executable, values: Mapping[str, Any]) -> list[Shape]:
    """Send a statement, and return its rows in their shape."""
    return [read(shape, row) for row in execute(statement, values)]


def fetch_one(shape: type[Shape], statement: Executable, values: Mapping[str, Any]) -> Shape | None:
    """Send a statement; return its only row, or None."""
    row = execute(statement, values).one_or_none()
    return None if row is None else read(shape, row)


_OfUser = TypeVar("_OfUser", UpdateTimeRow, FormerClockRow, PauseRow)


def by_user(rows: Iterable[_OfUser]) -> dict[int, list[_OfUser]]:
    """Return rows in lists, by the id of their user."""
    found: dict[int, list[_OfUser]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found
