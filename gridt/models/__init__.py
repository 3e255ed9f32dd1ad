"""The domain: users who subscribe to movements and lead each other there."""

from gridt.models.audit import Action, AuditEntry, entries
from gridt.models.base import Model, Rows, UTCDateTime, execute, lacking, largest_in
from gridt.models.block import DIRECTIONS, Block, barred_from, followed_before
from gridt.models.calendar_token import CalendarToken
from gridt.models.job import DEAD, PRIORITIES, RUNNING, Job
from gridt.models.login import LIVE_LOGINS, Login
from gridt.models.login_throttle import LoginThrottle, PasswordAttempt, delay_of_mail
from gridt.models.movement import Movement
from gridt.models.movement_user_association import SLOTS, MovementUserAssociation
from gridt.models.network.membership import FETCHED_AT_ONCE
from gridt.models.network.selection import CHOICES, WINDOW
from gridt.models.report import CATEGORIES, Report
from gridt.models.rows import StandingRow, fetch, read
from gridt.models.schedule import FormerClock, FormerInterval, SubscriptionPause, clock_of
from gridt.models.standing import (
    STANDING_ROW,
    full_standing_of,
    is_complete,
    load_row,
    lock_row,
    own_standing_view,
    past_of,
    persist_at,
    recompute,
    terms_of,
    to_columns,
)
from gridt.models.subscription import IN_MOVEMENT, KEYS, Subscription, keys_of, random_key
from gridt.models.update import Update, count_from, recompute_member
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
    "PRIORITIES",
    "RUNNING",
    "SLOTS",
    "STANDING_ROW",
    "UPDATES",
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
    "clock_of",
    "count_from",
    "delay_of_mail",
    "entries",
    "execute",
    "fetch",
    "followed_before",
    "full_standing_of",
    "is_complete",
    "is_leader",
    "keys_of",
    "lacking",
    "largest_in",
    "leader_view",
    "load_row",
    "lock_row",
    "message_history",
    "own_standing_view",
    "past_of",
    "people_views",
    "persist_at",
    "random_key",
    "read",
    "recompute",
    "recompute_member",
    "terms_of",
    "to_columns",
    "update_view",
]
