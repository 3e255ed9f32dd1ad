"""What is stored about a user, for the user: a query for each section of the export.

Of others only the username is told, where the user sees it anyway; of an admin only that it was
one; and not who blocked or reported the user. What proves who somebody is, such as the hash of a
password, stays here.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, select
from sqlalchemy.orm import aliased

from gridt.models import (
    FETCHED_AT_ONCE,
    AuditEntry,
    Block,
    CalendarToken,
    EventKind,
    FormerClock,
    Login,
    Movement,
    Report,
    Rows,
    Subscription,
    SubscriptionPause,
    Update,
    User,
    execute,
    record,
)
from gridt.models import MovementUserAssociation as Association

_me: BindParameter[int] = bindparam("user_id")
_other = aliased(User)
_movement = Movement.name.label("movement")

#: the sections in their order; each selects by the parameter `user_id`, and as few or as many rows
#: as there are. A table that names users in a new way needs a section here.
SECTIONS: dict[str, Rows] = {
    "account": select(
        User.id,
        User.username,
        User.email,
        User.email_confirmed_at,
        User.role,
        User.bio,
        User.time_zone,
        User.day_starts_at,
        User.week_starts_on,
        User.created_at,
        User.deactivated_at,
        User.email_changed_at,
    ).where(User.id == _me),
    "logins": select(
        Login.id, Login.created_at, Login.refreshed_at, Login.revoked_at, Login.user_agent
    )
    .where(Login.user_id == _me)
    .order_by(Login.id),
    "subscriptions": select(
        Subscription.movement_id,
        _movement,
        Subscription.subscribed_at,
        Subscription.last_update_at,
        Subscription.counted_from,
        Subscription.turn_starts_at,
        Subscription.turn_ends_at,
        Subscription.turn_done,
        Subscription.streak,
        Subscription.best_streak,
        Subscription.done_turns,
        Subscription.turns,
        Subscription.recent,
        Subscription.weeks,
    )
    .join(Movement, Movement.id == Subscription.movement_id)
    .where(Subscription.user_id == _me)
    .order_by(Subscription.movement_id),
    "pauses": select(
        SubscriptionPause.movement_id,
        _movement,
        SubscriptionPause.starts_at,
        SubscriptionPause.ends_at,
        SubscriptionPause.reason,
    )
    .join(Movement, Movement.id == SubscriptionPause.movement_id)
    .where(SubscriptionPause.user_id == _me)
    .order_by(SubscriptionPause.movement_id, SubscriptionPause.starts_at),
    "former_clocks": select(
        FormerClock.ended_at,
        FormerClock.time_zone,
        FormerClock.day_starts_at,
        FormerClock.week_starts_on,
    )
    .where(FormerClock.user_id == _me)
    .order_by(FormerClock.ended_at),
    "leaders": select(Association.movement_id, Association.slot, _other.username.label("leader"))
    .join(_other, _other.id == Association.leader_id)
    .where(Association.follower_id == _me)
    .order_by(Association.movement_id, Association.slot),
    "followers": select(Association.movement_id, _other.username.label("follower"))
    .join(_other, _other.id == Association.follower_id)
    .where(Association.leader_id == _me)
    .order_by(Association.movement_id, Association.follower_id),
    "updates": select(Update.id, Update.movement_id, _movement, Update.time_stamp, Update.message)
    .join(Movement, Movement.id == Update.movement_id)
    .where(Update.leader_id == _me)
    .order_by(Update.movement_id, Update.time_stamp, Update.id),
    "created_movements": select(
        Movement.id,
        Movement.name,
        Movement.short_description,
        Movement.description,
        Movement.interval,
        Movement.created_at,
    )
    .where(Movement.creator_id == _me)
    .order_by(Movement.id),
    "blocks": select(Block.created_at, _other.username.label("blocked"), Block.followed_in)
    .join(_other, _other.id == Block.blocked_id)
    .where(Block.blocker_id == _me)
    .order_by(Block.blocked_id),
    "reports": select(
        Report.id,
        Report.movement_id,
        Report.update_id,
        Report.category,
        Report.reason,
        Report.created_at,
        Report.closed_at,
        Report.resolution,
    )
    .where(Report.reporter_id == _me)
    .order_by(Report.id),
    "calendar": select(CalendarToken.created_at).where(CalendarToken.user_id == _me),
    "audit": select(
        AuditEntry.at,
        AuditEntry.action,
        case((AuditEntry.actor_id == _me, True), else_=False).label("by_yourself"),
        AuditEntry.details,
    )
    .where(AuditEntry.concerning(_me))
    .order_by(AuditEntry.id),
}


def sections_about(user_id: int) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each section's name and its rows, fetched from the database a few at a time.

    Each is read when it is asked for, and has to be read to its end before the next.
    """
    for name, query in SECTIONS.items():
        yield name, _rows(query, user_id)


def record_export(user_id: int) -> None:
    """Record that an operator exports an account. Does not commit."""
    record(EventKind.ACCOUNT_EXPORTED, user_id=user_id)


def _rows(query: Rows, user_id: int) -> Iterator[dict[str, Any]]:
    streamed = query.execution_options(yield_per=FETCHED_AT_ONCE)
    for row in execute(streamed, {"user_id": user_id}):
        yield dict(row._mapping)
