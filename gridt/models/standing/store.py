"""Stored standings: recomputed from history when the past changes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
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

from gridt.models.base import Rows, UTCDateTime, execute
from gridt.models.quotas import ensure_turn_allows, posted_in_turn
from gridt.models.rows import (
    USER_IDS,
    FormerGoalRow,
    PauseRow,
    StandingRow,
    columns_of,
    fetch,
    fetch_one,
)
from gridt.models.schedule import FormerClock, FormerGoal, FormerInterval, SubscriptionPause
from gridt.models.standing.reading import full_standing_of, terms_of
from gridt.models.subscription import Subscription
from gridt.turns.calendar import Turn
from gridt.turns.outcomes import Standing
from gridt.turns.scoring import advance, mark_done
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
    column("interval_months", Integer),
    column("free_misses", Integer),
    column("free_turns", Integer),
    column("counts_every_update", Boolean),
    column("goal", Integer),
    column("goal_since", UTCDateTime),
)
#: the columns of a stored standing
_STANDING_COLUMNS = (
    Subscription.turn_starts_at,
    Subscription.turn_ends_at,
    Subscription.turn_done,
    Subscription.turn_until,
    Subscription.leapt_at,
    Subscription.turn_late,
    Subscription.turn_amount,
    Subscription.turn_counted_on,
    Subscription.turn_counted_from,
    Subscription.turn_amount_on_time,
    Subscription.turn_on_time_on,
    Subscription.turn_on_time_from,
    Subscription.streak,
    Subscription.recent,
    Subscription.best_streak,
    Subscription.done_turns,
    Subscription.turns,
    Subscription.weeks,
)
_CLOCK_COLUMNS = (users.c.time_zone, users.c.day_starts_at, users.c.week_starts_on)
_RULES_COLUMNS = (
    movements.c.interval,
    movements.c.interval_months,
    movements.c.free_misses,
    movements.c.free_turns,
    movements.c.counts_every_update,
    movements.c.goal,
    movements.c.goal_since,
)
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
#: also selects other rows, because SQLite would not use an index for pairs
STANDING_ROWS = STANDING_ROW.where(
    Subscription.user_id.in_(USER_IDS),
    Subscription.movement_id.in_(bindparam("movement_ids", expanding=True)),
)

_UPDATE_ONE = update(cast("Table", Subscription.__table__)).where(
    Subscription.user_id == bindparam("of_user"),
    Subscription.movement_id == bindparam("of_movement"),
)
STORE = _UPDATE_ONE.values(
    {column.key: bindparam(f"new_{column.key}", type_=column.type) for column in _STANDING_COLUMNS}
)
_STORE_PAUSE = _UPDATE_ONE.values(
    paused_from=bindparam("new_start", type_=UTCDateTime()),
    paused_until=bindparam("new_end", type_=UTCDateTime()),
)
_posted_at = bindparam("posted_at", type_=UTCDateTime())
# A transaction that waited for the subscription sees its present row, but the clock and the
# interval as they were when it began to wait.
_STORE_POSTED = STORE.where(
    *(
        exists().where(
            id == bindparam(parameter),
            *(
                column.is_not_distinct_from(bindparam(f"by_{column.name}", type_=column.type))
                for column in columns
            ),
        )
        for id, parameter, columns in (
            (users.c.id, "of_user", _CLOCK_COLUMNS),
            (movements.c.id, "of_movement", _RULES_COLUMNS),
        )
    ),
    # a server whose clock is behind may post before the last change, which then scores the update
    *(
        ~exists().where(owner == bindparam(parameter), ended_at > _posted_at)
        for owner, ended_at, parameter in (
            (FormerClock.user_id, FormerClock.ended_at, "of_user"),
            (FormerInterval.movement_id, FormerInterval.ended_at, "of_movement"),
        )
    ),
).values(
    last_update_at=case(
        (Subscription.last_update_at > _posted_at, Subscription.last_update_at),
        else_=_posted_at,
    ),
    posted=Subscription.posted + 1,
    posted_in_turn=bindparam("new_posted_in_turn"),
    posted_until=bindparam("new_posted_until", type_=UTCDateTime()),
)
PAUSES = (
    select(*columns_of(PauseRow, SubscriptionPause))
    .where(
        SubscriptionPause.user_id.in_(USER_IDS),
        SubscriptionPause.movement_id == bindparam("movement_id"),
    )
    .order_by(SubscriptionPause.user_id, SubscriptionPause.starts_at)
)

_FORMER_GOALS = (
    select(*columns_of(FormerGoalRow, FormerGoal))
    .where(FormerGoal.movement_id.in_(bindparam("movement_ids", expanding=True)))
    .order_by(FormerGoal.movement_id, FormerGoal.ended_at)
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
    row: StandingRow, moment: datetime, most_in_turn: int | None = None
) -> tuple[bool, bool | None]:
    """Store a locked member's update, the latest of all.

    Nothing is stored if the clock or the interval was changed after that moment.

    :param most_in_turn: how many updates the member may post in a turn
    :returns: whether it is stored, and whether it counts towards the goal of its turn: None without
        a goal
    :raises TooManyUpdatesInTurn: when this is one more
    """
    done = _store_done(row, moment, most_in_turn)
    if not done[0] and (current := lock_row(row.user_id, row.movement_id)):
        return _store_done(current, moment, most_in_turn)
    return done


def _store_done(
    row: StandingRow, moment: datetime, most_in_turn: int | None
) -> tuple[bool, bool | None]:
    """Store an update if the row's terms hold.

    Return whether they do, and whether the update counts towards a goal.
    """
    terms = terms_of(row)
    before = advance(full_standing_of(row, terms), moment, terms)
    terms = terms_since(row, before.turn.starts_at)
    standing = mark_done(before, moment, terms)
    counted = None
    if terms.goal_of(before.turn) is not None:
        counted = standing.counted_late != before.counted_late
    posted, until = posted_in_turn(row, standing.turn, moment)
    ensure_turn_allows(row.user_id, posted + 1, most_in_turn, until)
    counts = {"new_posted_in_turn": posted + 1, "new_posted_until": until}
    by = {f"by_{one.name}": getattr(row, one.name) for one in (*_CLOCK_COLUMNS, *_RULES_COLUMNS)}
    values = values_of(row.user_id, row.movement_id, standing) | by | counts
    values["posted_at"] = moment
    return execute(_STORE_POSTED, values).rowcount > 0, counted


def has_counted(before: StandingRow, moment: datetime) -> bool | None:
    """Return whether a new update counts, once it is scored.

    :param before: the row before the update
    :returns: None without a goal, and for an update of an earlier turn
    """
    if before.goal is None and before.goal_since is None:
        return None
    row = load_row(before.user_id, before.movement_id)
    if row is None or row.turn_starts_at is None or row.turn_ends_at is None:
        return None
    turn = Turn(0, row.turn_starts_at, row.turn_ends_at)
    if moment not in turn or terms_since(row, turn.starts_at).goal_of(turn) is None:
        return None
    was_same_turn = before.turn_starts_at == turn.starts_at
    return (row.turn_amount or 0) > ((was_same_turn and before.turn_amount) or 0)


def terms_since(row: StandingRow, moment: datetime | None = None) -> Terms:
    """Return the terms of all turns, or since a moment.

    It sends a statement only if there may be a former goal among theirs.
    """
    if row.goal_since is None or (moment is not None and row.goal_since <= moment):
        return terms_of(row)
    return terms_of(row, former_goals([row.movement_id])[row.movement_id])


def former_goals(movement_ids: Collection[int]) -> Mapping[int, list[FormerGoalRow]]:
    """Return the former goals of some movements, each in order."""
    goals: dict[int, list[FormerGoalRow]] = defaultdict(list)
    for row in fetch(FormerGoalRow, _FORMER_GOALS, {"movement_ids": sorted(movement_ids)}):
        goals[row.movement_id].append(row)
    return goals


def persist_at(user_id: int, movement_id: int, row: StandingRow, moment: datetime) -> None:
    """Store the standing of a locked member before a change."""
    execute(STORE, values_of(user_id, movement_id, standing_at(moment, row)))


def store_pauses(row: StandingRow, moment: datetime) -> None:
    """Store a member's pauses as one, with the row."""
    ids = {"user_ids": [row.user_id], "movement_id": row.movement_id}
    pauses = [Pause(pause.starts_at, pause.ends_at) for pause in fetch(PauseRow, PAUSES, ids)]
    store_merged(row, pauses, standing_at(moment, row).turn)


def store_merged(row: StandingRow, pauses: Sequence[Pause], turn: Turn) -> None:
    ids = {"of_user": row.user_id, "of_movement": row.movement_id}
    # pauses that were over before the turn have no effect, but the last one stays stored
    pause = merged(pauses, turn) if pauses[-1].ends_at > turn.starts_at else pauses[-1]
    execute(_STORE_PAUSE, ids | {"new_start": pause.starts_at, "new_end": pause.ends_at})


def standing_at(moment: datetime, row: StandingRow) -> Standing:
    """Return the stored standing, advanced to a moment."""
    terms = terms_of(row)
    return advance(full_standing_of(row, terms), moment, terms)


def turn_of(row: StandingRow, moment: datetime) -> Turn:
    """Return a member's turn at a moment."""
    return standing_at(moment, row).turn


def values_of(user_id: int, movement_id: int, standing: Standing) -> dict[str, Any]:
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
        "turn_amount": standing.counted_late.number or None,
        "turn_counted_on": standing.counted_late.day,
        "turn_counted_from": standing.counted_late.since,
        "turn_amount_on_time": standing.counted.number or None,
        "turn_on_time_on": standing.counted.day,
        "turn_on_time_from": standing.counted.since,
        "streak": standing.streak,
        "best_streak": standing.best_streak,
        "done_turns": standing.done_turns,
        "turns": standing.turns,
        "recent": standing.recent,
        "weeks": standing.weeks,
    }
