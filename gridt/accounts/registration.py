"""Registration and deletion of accounts."""

from typing import Any

from gridt.accounts.deactivation import leave_by_job
from gridt.models import EventKind, Invitation, User, accept_invitation, record
from gridt.runtime.extensions import db


def register(
    username: str, email: str, password: str, *, invitation: str | None = None, **settings: Any
) -> User:
    """Open the account of a person who registers.

    With an invitation into a group, the person also joins that. Flushes and does not commit.

    :param invitation: the code of an invitation, of which this is a use
    :param settings: the language and the parts of the clock that the person chooses, by the names
        of the columns
    :raises InvitationNotFound: when no invitation has this code
    :raises InvitationOver: when it has ended
    :raises AnotherAddress: when it is for another address
    """
    user = User(username, email, password)
    for name, value in settings.items():
        setattr(user, name, value)
    if "time_zone" in settings:
        user.clock_chosen_at = user.created_at
    _open(user)
    used = None if invitation is None else _use(user, invitation)
    record(EventKind.ACCOUNT_REGISTERED, actor_id=user.id, user_id=user.id, subject=used)
    return user


def create_account(username: str, email: str, password: str, role: str = "user") -> User:
    """Open an account for another person, as an operator.

    Flushes and does not commit.
    """
    user = _open(User(username, email, password, role=role))
    record(EventKind.ACCOUNT_REGISTERED, user_id=user.id, role=user.role)
    return user


def delete_account(user: User, actor_id: int | None = None) -> None:
    """Delete an account with all its rows, and commit.

    An account in very many movements is closed at once, and a job deletes it.

    :param actor_id: the user who deletes it; None for an operator
    :raises LastAdmin: when no admin would be left
    :raises Overtaken: when this user joins a movement just now
    """
    record(EventKind.ACCOUNT_DELETED, actor_id=actor_id, user_id=user.id)
    if not leave_by_job(user, delete=True):
        user.remove()
    db.session.commit()


def _use(user: User, code: str) -> Invitation:
    offer = Invitation.offer_of(code)
    offer.ensure_for(user.email)
    if offer.group is None:
        Invitation.use(code, offer)
    else:
        accept_invitation(user, code)
    return db.session.get_one(Invitation, offer.id)


def _open(user: User) -> User:
    db.session.add(user)
    db.session.flush()
    return user
