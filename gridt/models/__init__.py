"""The domain: users who subscribe to movements and lead each other there."""

from gridt.models.history import FormerClock, FormerInterval, SubscriptionPause
from gridt.models.login import Login
from gridt.models.movement import Movement
from gridt.models.movement_user_association import MovementUserAssociation
from gridt.models.subscription import Subscription
from gridt.models.update import Update
from gridt.models.user import User

__all__ = [
    "FormerClock",
    "FormerInterval",
    "Login",
    "Movement",
    "MovementUserAssociation",
    "Subscription",
    "SubscriptionPause",
    "Update",
    "User",
]
