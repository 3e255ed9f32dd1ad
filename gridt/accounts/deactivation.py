"""Deactivation: an account that only an admin can reopen.

An account in very many movements leaves them by jobs, some in each transaction. So no transaction
waits long for a lock, and after a crash another process continues.
"""

from gridt.jobs import enqueue, job
from gridt.models import EventKind, User, record
from gridt.runtime.clock import utcnow

#: how many movements one transaction leaves
MOVEMENTS_AT_ONCE = 50


def deactivate(user: User, admin_id: int | None = None) -> None:
    """Leave every movement, and revoke all access.

    Does not commit.

    :param admin_id: the admin who deactivates the account
    :raises LastAdmin: when no admin would be left
    :raises Overtaken: when the user joins a movement just now
    """
    if not leave_by_job(user, delete=False):
        user.leave_everything()
        _close(user)
    record(EventKind.ACCOUNT_DEACTIVATED, actor_id=admin_id, user_id=user.id)


def reactivate(user: User, admin_id: int | None = None) -> None:
    """Let a user log in again.

    They join movements themselves. Does not commit.

    :param admin_id: the admin who reactivates the account
    """
    user.deactivated_at = None
    record(EventKind.ACCOUNT_REACTIVATED, actor_id=admin_id, user_id=user.id)


def leave_by_job(user: User, *, delete: bool) -> bool:
    """Close an account, and leave its many movements by jobs.

    Does not commit.

    :param delete: whether the job deletes the account at the end
    :returns: whether the account is in very many movements; for others, nothing is done
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
    if user is None or (user.deactivated_at is None and not delete):  # an admin reactivated it
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
