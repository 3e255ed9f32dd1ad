"""The domain: users who subscribe to movements and lead each other there."""

from gridt.models.block import Block
from gridt.models.blocking import block, unblock
from gridt.models.login import Login
from gridt.models.movement import Movement
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.report import Report
from gridt.models.subscription import Subscription
from gridt.models.update import Update
from gridt.models.user import User

__all__ = [
    "Block",
    "Login",
    "Movement",
    "MovementUserAssociation",
    "Report",
    "Subscription",
    "Update",
    "User",
    "block",
    "unblock",
]
