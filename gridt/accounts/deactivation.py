"""Deactivation: an account that cannot be used, until an admin reactivates it.

An account in very many movements leaves them by jobs, some in each transaction: so nobody waits
long for a lock, and a process that is killed half-way leaves the rest to another.
"""

from gridt.jobs import enqueue, job
from gridt.models import EventKind, User, record
from gridt.runtime.clock import utcnow

#: how many movements one transaction leaves
MOVEMENTS_AT_ONCE = 50


def deactivate(user: User, admin_id: int | None = None) -> None:
    """Leave every movement, and end all that opens the account. Does not commit.

    :param admin_id: the admin who wishes so
    :raises LastAdmin: when no admin would be left
    :raises Overtaken: when the user joins a movement just now
    """
    if not leave_by_job(user, delete=False):
        user.leave_everything()
        _close(user)
    record(EventKind.ACCOUNT_DEACTIVATED, actor_id=admin_id, user_id=user.id)


def reactivate(user: User, admin_id: int | None = None) -> None:
    """Let a user log in again; they join movements themselves. Does not commit.

    :param admin_id: the admin who wishes so
    """
    user.deactivated_at = None
    record(EventKind.ACCOUNT_REACTIVATED, actor_id=admin_id, user_id=user.id)


def leave_by_job(user: User, *, delete: bool) -> bool:
    """Close an account in very many movements, and have a job leave them. Does not commit.

    :param delete: whether the account is deleted at last
    :returns: whether there are so many; for others it does nothing
    :raises LastAdmin: when no admin would be left
    """
    if not user.leave_some(MOVEMENTS_AT_ONCE, disown=delete):
        return False
    _close(user)
    enqueue("end-account", {"user_id": user.id, "delete": delete}, priority=1)
    return True


@job("end-account")
def _end_account(user_id: int, delete: bool) -> None:
    user = User.find_by_id(user_id)
    if user is None or (user.deactivated_at is None and not delete):  # it was reactivated
        return
    if leave_by_job(user, delete=delete):
        return
    if delete:
        user.remove()
    else:
        user.leave_everything()


def _close(user: User) -> None:
    user.deactivated_at = user.deactivated_at or utcnow()
    user.shut_out()
