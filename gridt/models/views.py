"""Views: rows as a user sees them, by one statement.

Loading object graphs and dumping them costs several times as much on the hot paths.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, ScalarSelect, and_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from gridt.models.base import Rows, execute
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.rows import FormerGoalRow, MovementRow, PersonRow, Rules, columns_of, read
from gridt.models.standing import (
    SINCE,
    fast_summary,
    goals_before,
    own_standing_view,
    own_turns_view,
    summaries_for_others,
    users,
)
from gridt.models.subscription import Subscription
from gridt.models.update import Update
from gridt.models.user import User, avatar_of
from gridt.runtime.clock import utcnow
from gridt.turns.months import interval_of

#: a row of a statement, which may have more columns than its shape
AnyRow = Row[*tuple[Any, ...]]


def last_update_id(
    leader_id: InstrumentedAttribute[Any] | BindParameter[Any],
    movement_id: InstrumentedAttribute[Any],
) -> ScalarSelect[int]:
    """Return the subquery for a leader's last update.

    Correlated: one index lookup per leader. A `GROUP BY` with `max()` reads the whole history of
    each leader (28 times the work at 5,000 updates).
    """
    last = Update.__table__.alias()
    return (
        select(last.c.id)
        .where(last.c.leader_id == leader_id, last.c.movement_id == movement_id)
        .order_by(last.c.time_stamp.desc(), last.c.id.desc())
        .limit(1)
        .correlate_except(last)
        .scalar_subquery()
    )


def _people(end: InstrumentedAttribute[Any]) -> Rows:
    """Select a `PersonRow` per user at one end.

    It hides an account that has ended at once; a job may take minutes to leave its movements.
    """
    columns = columns_of(
        PersonRow,
        Association,
        User,
        Subscription,
        update_id=Update.id,
        last_update_at=Update.time_stamp,
        message=Update.message,
        late=Update.late,
        since=SINCE,
    )
    return (
        select(*columns)
        .join(User, and_(User.id == end, User.deactivated_at.is_(None)))
        .join(
            Subscription,
            and_(Subscription.user_id == end, Subscription.movement_id == Association.movement_id),
        )
        .outerjoin(Update, Update.id == last_update_id(end, Association.movement_id))
    )


# Statements are built once, because building one costs as much as running it.
_LEADERS = (
    _people(Association.leader_id)
    .where(Association.follower_id == bindparam("follower_id"), Association.leader_id.is_not(None))
    .order_by(Association.movement_id, Association.slot)
)
_LEADERS_IN_SOME = _LEADERS.where(
    Association.movement_id.in_(bindparam("movement_ids", expanding=True))
)
_LEADERS_IN_ONE = _LEADERS.where(Association.movement_id == bindparam("movement_id"))
_ONE_LEADER = _LEADERS_IN_ONE.where(Association.leader_id == bindparam("leader_id"))
_FOLLOWING = (
    select(Association.slot)
    .join(User, and_(User.id == Association.leader_id, User.deactivated_at.is_(None)))
    .where(
        Association.follower_id == bindparam("follower_id"),
        Association.movement_id == bindparam("movement_id"),
        Association.leader_id == bindparam("leader_id"),
    )
)

#: the followers of a leader in a movement, for `people_views`
FOLLOWERS_QUERY = _people(Association.follower_id).where(
    Association.leader_id == bindparam("leader_id"),
    Association.movement_id == bindparam("movement_id"),
)

#: a leader's updates in a movement, for `update_view`
UPDATES_QUERY: Rows = select(Update.id, Update.time_stamp, Update.message, Update.late).where(
    Update.leader_id == bindparam("leader_id"), Update.movement_id == bindparam("movement_id")
)
_MESSAGES = (
    UPDATES_QUERY.where(Update.message.is_not(None))
    .order_by(Update.time_stamp.desc(), Update.id.desc())
    .limit(bindparam("most"))
)


def movement_query(movement: Any) -> Rows:
    """Return the statement whose rows `movement_views` makes into views.

    Each row has the subscription and the last update of the user `caller_id`.

    :param movement: the class `Movement`, which imports this module
    """
    last = Update.__table__.alias()
    columns = columns_of(
        MovementRow,
        movement,
        Subscription,
        users.c,
        update_id=last.c.id,
        last_update_at=last.c.time_stamp,
        message=last.c.message,
        late=last.c.late,
        since=SINCE,
    )
    mine = and_(
        Subscription.user_id == bindparam("caller_id"), Subscription.movement_id == movement.id
    )
    is_last = and_(
        Subscription.last_update_at.is_not(None),
        last.c.id == last_update_id(bindparam("caller_id"), movement.id),
    )
    return (
        select(*columns)
        .outerjoin(Subscription, mine)
        .outerjoin(users, users.c.id == Subscription.user_id)
        .outerjoin(last, is_last)
    )


def update_view(update: Update | AnyRow) -> dict[str, Any]:
    """Return an update as a user sees it."""
    return {
        "id": update.id,
        "time_stamp": update.time_stamp,
        "message": update.message,
        "late": update.late,
    }


def last_update_view(row: MovementRow | PersonRow) -> dict[str, Any] | None:
    """Return a row's last update as seen, or None."""
    if row.update_id is None:
        return None
    return {
        "id": row.update_id,
        "time_stamp": row.last_update_at,
        "message": row.message,
        "late": row.late,
    }


def movement_views(
    rows: Sequence[AnyRow], user_id: int, *, turns: bool = False
) -> list[dict[str, Any]]:
    """Return movements as a user sees them.

    Members see their standing and leaders.

    :param rows: rows that begin with a `MovementRow`
    :param turns: whether members see the outcomes of their last turns, too
    """
    moment = utcnow()
    movements = [read(MovementRow, row) for row in rows]
    rules = {
        row.id: Rules(
            interval_of(row.interval, row.interval_months),
            row.free_misses,
            row.free_turns,
            row.goal,
            row.goal_since,
        )
        for row in movements
        if row.subscribed_at is not None
    }
    leaders = leader_views(user_id, rules, moment) if rules else {}
    former = goals_before({row.id: row for row in movements if row.subscribed_at is not None})
    return [
        _movement_view(row, leaders, former.get(row.id, ()), moment, turns=turns)
        for row in movements
    ]


def _movement_view(
    row: MovementRow,
    leaders: dict[int, list[dict[str, Any]]],
    former: Sequence[FormerGoalRow],
    moment: datetime,
    *,
    turns: bool,
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "short_description": row.short_description,
        "description": row.description,
        "interval": interval_of(row.interval, row.interval_months),
        "free_misses": row.free_misses,
        "free_turns": row.free_turns,
        "counts_every_update": row.counts_every_update,
        "goal": row.goal,
        "created_at": row.created_at,
        "creator_id": row.creator_id,
        "member_count": row.member_count,
        "who_sees_members": "admins" if row.creator_id is None else "creator-and-admins",
        "subscribed": row.subscribed_at is not None,
    }
    if row.subscribed_at is not None:
        view["subscribed_at"] = row.subscribed_at
        view["last_update"] = last_update_view(row)
        if turns:
            view["standing"], view["last_turns"] = own_turns_view(row, moment, former)
        else:
            view["standing"] = own_standing_view(row, moment, former)
        view["leaders"] = leaders[row.id]
    return view


def leader_views(
    follower_id: int, rules: Mapping[int, Rules], moment: datetime
) -> dict[int, list[dict[str, Any]]]:
    """Return a follower's leaders by movement, in slot order.

    :param rules: of each of the movements, by its id
    """
    leaders: dict[int, list[dict[str, Any]]] = {id: [] for id in rules}
    if len(leaders) == 1:  # SQLAlchemy renders an IN each time
        (only,) = leaders
        rows = execute(_LEADERS_IN_ONE, {"follower_id": follower_id, "movement_id": only})
    else:
        parameters = {"follower_id": follower_id, "movement_ids": list(leaders)}
        rows = execute(_LEADERS_IN_SOME, parameters)
    people = [read(PersonRow, row) for row in rows]
    for row, view in zip(people, _person_views(people, rules, moment), strict=True):
        leaders[row.movement_id].append(view)
    return leaders


def leader_view(
    follower_id: int, movement_id: int, rules: Rules, leader_id: int
) -> dict[str, Any] | None:
    """Return a leader as their follower sees them, or None.

    :param rules: of the movement
    :returns: None for a user who is no leader of the follower
    """
    parameters = {"follower_id": follower_id, "movement_id": movement_id, "leader_id": leader_id}
    row = execute(_ONE_LEADER, parameters).one_or_none()
    return None if row is None else people_views([row], {movement_id: rules}, utcnow())[0]


def is_leader(leader_id: int, follower_id: int, movement_id: int) -> bool:
    """Return whether one user follows another, whose account is open."""
    ids = {"leader_id": leader_id, "follower_id": follower_id, "movement_id": movement_id}
    return execute(_FOLLOWING, ids).first() is not None


def people_views(
    rows: Sequence[AnyRow], rules: Mapping[int, Rules], moment: datetime
) -> list[dict[str, Any]]:
    """Return leaders or followers as the other sees them.

    Of the e-mail they have only the picture's key.

    :param rows: rows that begin with a `PersonRow`
    :param rules: of each of the movements, by its id
    """
    return _person_views([read(PersonRow, row) for row in rows], rules, moment)


def _person_views(
    rows: Sequence[PersonRow], rules: Mapping[int, Rules], moment: datetime
) -> list[dict[str, Any]]:
    views, unclear = [], {}
    for row in rows:
        until = row.paused_until
        view = {
            "id": row.id,
            "username": row.username,
            "bio": row.bio,
            "avatar": avatar_of(row.email),
            "last_update": last_update_view(row),
            "paused_until": until if until is not None and until > moment else None,
        }
        views.append(view)
        summary = fast_summary(row, rules[row.movement_id], moment)
        if summary is None:
            unclear[row.id, row.movement_id] = view
        else:
            view.update(summary._asdict())
    if unclear:
        for member, summary in summaries_for_others(unclear, moment).items():
            unclear[member].update(summary._asdict())
    return views


def message_history(leader_id: int, movement_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """Return a leader's last updates with messages, newest first."""
    parameters = {"leader_id": leader_id, "movement_id": movement_id, "most": limit}
    return [update_view(row) for row in execute(_MESSAGES, parameters)]
