"""The domain: users who subscribe to movements and lead each other there."""

from gridt.models.audit import AuditEntry
from gridt.models.block import Block
from gridt.models.blocking import block, unblock
from gridt.models.calendar_address import CalendarAddress
from gridt.models.history import FormerClock, FormerInterval, SubscriptionPause
from gridt.models.job import Job
from gridt.models.login import Login
from gridt.models.movement import Movement
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.password_attempts import PasswordAttempt, PasswordAttempts
from gridt.models.report import Report
from gridt.models.subscription import Subscription
from gridt.models.update import Update
from gridt.models.user import User

__all__ = [
    "AuditEntry",
    "Block",
    "CalendarAddress",
    "FormerClock",
    "FormerInterval",
    "Job",
    "Login",
    "Movement",
    "MovementUserAssociation",
    "PasswordAttempt",
    "PasswordAttempts",
    "Report",
    "Subscription",
    "SubscriptionPause",
    "Update",
    "User",
    "block",
    "unblock",
]
