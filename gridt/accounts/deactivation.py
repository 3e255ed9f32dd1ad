"""Deactivation: an account that cannot be used, until an admin reactivates it."""

from gridt.models import EventKind, User, record
from gridt.runtime.clock import utcnow


def deactivate(user: User, admin_id: int | None = None) -> None:
    """Leave every movement, and end all that opens the account. Does not commit.

    :param admin_id: the admin who wishes so
    :raises LastAdmin: when no admin would be left
    :raises Overtaken: when the user joins a movement just now
    """
    user.leave_everything()
    user.deactivated_at = user.deactivated_at or utcnow()
    user.shut_out()
    record(EventKind.ACCOUNT_DEACTIVATED, actor_id=admin_id, user_id=user.id)


def reactivate(user: User, admin_id: int | None = None) -> None:
    """Let a user log in again; they join movements themselves. Does not commit.

    :param admin_id: the admin who wishes so
    """
    user.deactivated_at = None
    record(EventKind.ACCOUNT_REACTIVATED, actor_id=admin_id, user_id=user.id)
