"""Deactivation: an account that cannot be used, until an admin reactivates it."""

from gridt.models import CalendarToken, Login, User
from gridt.runtime.clock import utcnow


def deactivate(user: User) -> None:
    """Leave every movement, end every login and the calendar's address. Does not commit.

    :raises LastAdmin: when no admin would be left
    :raises Overtaken: when the user joins a movement just now
    """
    user.leave_everything()
    user.deactivated_at = user.deactivated_at or utcnow()
    Login.revoke_all(user)
    CalendarToken.revoke(user.id)


def reactivate(user: User) -> None:
    """Let a user log in again; they join movements themselves. Does not commit."""
    user.deactivated_at = None
