"""The domain: users who subscribe to movements and lead each other there."""

from gridt.models.audit import Action, AuditEntry, entries
from gridt.models.base import Model, Rows, UTCDateTime, execute, largest_in
from gridt.models.block import DIRECTIONS, Block, barred_from, followed_before
from gridt.models.calendar_token import CalendarToken
from gridt.models.job import DEAD, PRIORITIES, RUNNING, Job
from gridt.models.login import LIVE_LOGINS, Login
from gridt.models.login_throttle import LoginThrottle, PasswordAttempt, delay_of_mail
from gridt.models.movement import Movement
from gridt.models.movement_user_association import SLOTS, MovementUserAssociation
from gridt.models.network.membership import FETCHED_AT_ONCE
from gridt.models.network.selection import CHOICES, WINDOW
from gridt.models.ownership import MOVEMENTS, SECTIONS, USERS, references
from gridt.models.report import CATEGORIES, Report
from gridt.models.schedule import (
    FormerClock,
    FormerInterval,
    StandingRow,
    SubscriptionPause,
    clock_in,
)
from gridt.models.standing.store import (
    MEMBER_IN_TOLD,
    STANDING_ROW,
    is_complete,
    load_row,
    lock_row,
    past_of,
    persist_at,
    recompute,
    terms_in,
    to_columns,
    whole_in,
)
from gridt.models.standing.summaries import own_standing_view
from gridt.models.subscription import IN_MOVEMENT, KEYS, Subscription, keys_of, random_key
from gridt.models.update import Update, count_from, note_past
from gridt.models.user import User, avatar_of
from gridt.models.views import (
    FOLLOWERS,
    UPDATES,
    is_leader,
    leader_view,
    message_history,
    people_views,
    update_view,
)

__all__ = [
    "CATEGORIES",
    "CHOICES",
    "DEAD",
    "DIRECTIONS",
    "FETCHED_AT_ONCE",
    "FOLLOWERS",
    "IN_MOVEMENT",
    "KEYS",
    "LIVE_LOGINS",
    "MEMBER_IN_TOLD",
    "MOVEMENTS",
    "PRIORITIES",
    "RUNNING",
    "SECTIONS",
    "SLOTS",
    "STANDING_ROW",
    "UPDATES",
    "USERS",
    "WINDOW",
    "Action",
    "AuditEntry",
    "Block",
    "CalendarToken",
    "FormerClock",
    "FormerInterval",
    "Job",
    "Login",
    "LoginThrottle",
    "Model",
    "Movement",
    "MovementUserAssociation",
    "PasswordAttempt",
    "Report",
    "Rows",
    "StandingRow",
    "Subscription",
    "SubscriptionPause",
    "UTCDateTime",
    "Update",
    "User",
    "avatar_of",
    "barred_from",
    "clock_in",
    "count_from",
    "delay_of_mail",
    "entries",
    "execute",
    "followed_before",
    "is_complete",
    "is_leader",
    "keys_of",
    "largest_in",
    "leader_view",
    "load_row",
    "lock_row",
    "message_history",
    "note_past",
    "own_standing_view",
    "past_of",
    "people_views",
    "persist_at",
    "random_key",
    "recompute",
    "references",
    "terms_in",
    "to_columns",
    "update_view",
    "whole_in",
]
