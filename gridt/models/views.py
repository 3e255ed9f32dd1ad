"""What a person sees, built from rows: one statement, whatever it is about.

Loading object graphs and dumping them costs several times as much on the hot paths.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from gridt.models.base import Rows, execute
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.standing import (
    FOR_OTHERS,
    Rules,
    fast_summary,
    own_standing_view,
    summaries_for_others,
)
from gridt.models.subscription import Subscription
from gridt.models.update import Update, last_update_id
from gridt.models.user import User, avatar_of
from gridt.runtime.clock import utcnow

#: what everybody sees of a movement
MOVEMENT = (
    "id",
    "name",
    "short_description",
    "description",
    "interval",
    "free_misses",
    "free_turns",
    "counts_every_update",
    "created_at",
    "creator_id",
    "member_count",
)
#: where the standing begins in a row: after the movement, `subscribed_at`, and the last update
_STANDING = len(MOVEMENT) + 4


def _people(end: InstrumentedAttribute[Any]) -> Rows:
    """Select the users at one end of associations, each with their last update there."""
    return (
        select(
            Association.movement_id,
            User.id,
            User.username,
            User.bio,
            User.email,
            Update.id.label("update_id"),
            Update.time_stamp.label("last_update_at"),
            Update.message,
            *FOR_OTHERS,
            User.time_zone,
            User.day_starts_at,
            User.week_starts_on,
        )
        .join(User, User.id == end)
        .join(
            Subscription,
            and_(Subscription.user_id == end, Subscription.movement_id == Association.movement_id),
        )
        .outerjoin(Update, Update.id == last_update_id(end, Association.movement_id))
    )


# Statements are made once: to build one costs as much as to run it.
_LEADERS = (
    _people(Association.leader_id)
    .where(Association.follower_id == bindparam("follower_id"), Association.leader_id.is_not(None))
    .order_by(Association.movement_id, Association.slot)
)
_LEADERS_IN_SOME = _LEADERS.where(
    Association.movement_id.in_(bindparam("movement_ids", expanding=True))
)
_LEADERS_IN_ONE = _LEADERS.where(Association.movement_id == bindparam("movement_id"))
_ONE_LEADER = _LEADERS_IN_ONE.where(Association.leader_id == bindparam("one"))
_FOLLOWING = select(Association.slot).where(
    Association.follower_id == bindparam("follower_id"),
    Association.movement_id == bindparam("movement_id"),
    Association.leader_id == bindparam("leader_id"),
)

#: who follows a leader in a movement, as `people_seen` shows them
FOLLOWERS = _people(Association.follower_id).where(
    Association.leader_id == bindparam("leader_id"),
    Association.movement_id == bindparam("movement_id"),
)

#: a leader's updates in a movement, as `update_seen` shows them
UPDATES: Rows = select(Update.id, Update.time_stamp, Update.message).where(
    Update.leader_id == bindparam("leader_id"), Update.movement_id == bindparam("movement_id")
)
_MESSAGES = (
    UPDATES.where(Update.message.is_not(None))
    .order_by(Update.time_stamp.desc(), Update.id.desc())
    .limit(bindparam("most"))
)


def update_view(update: Update | Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return an update as it is shown."""
    return {"id": update.id, "time_stamp": update.time_stamp, "message": update.message}


def last_update_view(
    id: int | None, time_stamp: datetime | None, message: str | None
) -> dict[str, Any] | None:
    """Return the last update that a row carries as it is shown, or None."""
    return None if id is None else {"id": id, "time_stamp": time_stamp, "message": message}


def movement_views(rows: Sequence[Row[*tuple[Any, ...]]], user_id: int) -> list[dict[str, Any]]:
    """Return movements as a user sees them, subscribers with their standing and leaders."""
    moment = utcnow()
    rules = {
        row.id: (row.interval, row.free_misses, row.free_turns)
        for row in rows
        if row.subscribed_at is not None
    }
    leaders = leader_views(user_id, rules, moment) if rules else {}
    return [_movement_view(row, leaders, moment) for row in rows]


def _movement_view(
    row: Row[*tuple[Any, ...]], leaders: dict[int, list[dict[str, Any]]], moment: datetime
) -> dict[str, Any]:
    *columns, subscribed_at, update_id, time_stamp, message = row[:_STANDING]
    seen = dict(zip(MOVEMENT, columns, strict=True))
    seen["subscribed"] = subscribed_at is not None
    if subscribed_at is not None:
        seen["subscribed_at"] = subscribed_at
        seen["last_update"] = last_update_view(update_id, time_stamp, message)
        seen["standing"] = own_standing_view(row, _STANDING, moment)
        seen["leaders"] = leaders[seen["id"]]
    return seen


def leader_views(
    follower_id: int, rules: Mapping[int, Rules], moment: datetime
) -> dict[int, list[dict[str, Any]]]:
    """Return the leaders that a follower sees in some movements, by movement, in slot order.

    :param rules: of each of the movements, by its id
    """
    seen: dict[int, list[dict[str, Any]]] = {id: [] for id in rules}
    if len(seen) == 1:  # an IN is spelled out anew each time
        (only,) = seen
        rows = execute(_LEADERS_IN_ONE, {"follower_id": follower_id, "movement_id": only})
    else:
        given = {"follower_id": follower_id, "movement_ids": list(seen)}
        rows = execute(_LEADERS_IN_SOME, given)
    people = rows.all()
    for row, person in zip(people, people_views(people, rules, moment), strict=True):
        seen[row.movement_id].append(person)
    return seen


def leader_view(
    follower_id: int, movement_id: int, rules: Rules, leader_id: int
) -> dict[str, Any] | None:
    """Return a leader as their follower sees them, or None.

    :param rules: of the movement
    :returns: None for a user who is no leader of the follower
    """
    parameters = {"follower_id": follower_id, "movement_id": movement_id, "one": leader_id}
    row = execute(_ONE_LEADER, parameters).one_or_none()
    return None if row is None else people_views([row], {movement_id: rules}, utcnow())[0]


def is_leader(leader_id: int, follower_id: int, movement_id: int) -> bool:
    """Tell whether one user follows another in a movement."""
    given = {"leader_id": leader_id, "follower_id": follower_id, "movement_id": movement_id}
    return execute(_FOLLOWING, given).first() is not None


def people_views(
    rows: Sequence[Row[*tuple[Any, ...]]], rules: Mapping[int, Rules], moment: datetime
) -> list[dict[str, Any]]:
    """Return leaders or followers as the other sees them; of the e-mail only the picture's key.

    :param rules: of each of the movements, by its id
    """
    seen, unclear = [], {}
    for row in rows:
        movement_id, id, username, bio, email, update_id, updated_at, message = row[:8]
        values = row[8:15]  # FOR_OTHERS, and the clock
        until = values[3]
        person = {
            "id": id,
            "username": username,
            "bio": bio,
            "avatar": avatar_of(email),
            "last_update": last_update_view(update_id, updated_at, message),
            "paused_until": until if until is not None and until > moment else None,
        }
        seen.append(person)
        told = fast_summary(values, updated_at, rules[movement_id], moment)
        if told is None:
            unclear[id, movement_id] = person
        else:
            person["done"], person["streak"] = told
    if unclear:
        for member, told in summaries_for_others(unclear, moment).items():
            unclear[member]["done"], unclear[member]["streak"] = told
    return seen


def message_history(leader_id: int, movement_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """Return a leader's last updates that have a message, newest first."""
    given = {"leader_id": leader_id, "movement_id": movement_id, "most": limit}
    return [update_view(row) for row in execute(_MESSAGES, given)]
