"""What a person sees, built from rows: one statement, whatever it is about.

Loading object graphs and dumping them costs several times as much on the hot paths.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from gridt.clock import utcnow
from gridt.models.base import Rows, execute
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.standings import (
    OF_MOVEMENT,
    OF_SUBSCRIPTION,
    movements,
    shown_to_others,
)
from gridt.models.subscription import Subscription
from gridt.models.update import Update, last_update_id
from gridt.models.user import User, avatar_of


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
            Update.time_stamp,
            Update.message,
            Subscription.subscribed_at,
            *OF_SUBSCRIPTION,
            User.time_zone,
            User.day_starts_at,
            User.week_starts_on,
            *OF_MOVEMENT,
        )
        .join(User, User.id == end)
        .join(
            Subscription,
            and_(Subscription.user_id == end, Subscription.movement_id == Association.movement_id),
        )
        .join(movements, movements.c.id == Association.movement_id)
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

#: who follows a leader in a movement, as `person_seen` shows them
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


def update_seen(update: Update | Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return an update as it is shown."""
    return {"id": update.id, "time_stamp": update.time_stamp, "message": update.message}


def last_update_seen(
    id: int | None, time_stamp: datetime | None, message: str | None
) -> dict[str, Any] | None:
    """Return the last update that a row carries as it is shown, or None."""
    return None if id is None else {"id": id, "time_stamp": time_stamp, "message": message}


def leaders_seen(
    follower_id: int, movement_ids: Collection[int]
) -> dict[int, list[dict[str, Any]]]:
    """Return the leaders that a follower sees in some movements, by movement, in slot order."""
    seen: dict[int, list[dict[str, Any]]] = {id: [] for id in movement_ids}
    if len(seen) == 1:  # an IN is spelled out anew each time
        (only,) = seen
        rows = execute(_LEADERS_IN_ONE, {"follower_id": follower_id, "movement_id": only})
    else:
        given = {"follower_id": follower_id, "movement_ids": list(seen)}
        rows = execute(_LEADERS_IN_SOME, given)
    for row in rows:
        seen[row.movement_id].append(person_seen(row))
    return seen


def leader_seen(follower_id: int, movement_id: int, leader_id: int) -> dict[str, Any] | None:
    """Return one leader as their follower sees them, or None for somebody else."""
    given = {"follower_id": follower_id, "movement_id": movement_id, "one": leader_id}
    row = execute(_ONE_LEADER, given).one_or_none()
    return None if row is None else person_seen(row)


def is_leader(leader_id: int, follower_id: int, movement_id: int) -> bool:
    """Tell whether one user follows another in a movement."""
    given = {"leader_id": leader_id, "follower_id": follower_id, "movement_id": movement_id}
    return execute(_FOLLOWING, given).first() is not None


def person_seen(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a leader or follower as the other sees them; of the e-mail only the picture's key."""
    _movement_id, id, username, bio, email, *last_update = row[:8]
    return {
        "id": id,
        "username": username,
        "bio": bio,
        "avatar": avatar_of(email),
        "last_update": last_update_seen(*last_update),
        **shown_to_others(row, utcnow()),
    }


def message_history(leader_id: int, movement_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """Return a leader's last updates that have a message, newest first."""
    given = {"leader_id": leader_id, "movement_id": movement_id, "most": limit}
    return [update_seen(row) for row in execute(_MESSAGES, given)]
