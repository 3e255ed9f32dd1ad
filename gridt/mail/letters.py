"""The e-mails that gridt sends: each enqueued in a transaction.

A job finds the receiver when it sends the e-mail, and makes its token then: no token lies in the
database, and a request does the same whether or not the user is known.
"""

import logging
from hashlib import sha256
from typing import Any

from flask import current_app

from gridt.addresses import fold_address
from gridt.jobs import enqueue, job
from gridt.mail.message import Refused, compose
from gridt.mail.tokens import Purpose, issue, state_of
from gridt.mail.transport import deliver
from gridt.models import User, delay_of_mail
from gridt.runtime.database import let_go
from gridt.runtime.extensions import db
from gridt.words import LANGUAGES

log = logging.getLogger(__name__)

#: the priority of e-mails that a user is waiting for
_AWAITED = 1


def ask_to_confirm_email(user: User) -> None:
    """Send `user` a token that confirms their address."""
    key = f"confirm-email:{user.id}"
    _ask_for("send-email-confirmation", {"user_id": user.id}, key, user.email)


def ask_to_reset_password(email: str) -> None:
    """Send the user with this address a password token.

    Nothing is sent if no user has it.
    """
    key = f"reset-password:{_digest(email)}"
    _ask_for("send-password-reset", {"email": email}, key, email)


def ask_to_change_email(user: User, new_email: str) -> None:
    """Send a new address the token that makes it `user`'s.

    An address that another user has gets a notice instead. Nothing is sent if the password or the
    address changes before: another person may have asked.
    """
    state = state_of(Purpose.CHANGE_EMAIL, user)
    key = f"change-email:{user.id}:{_digest(new_email)}:{state[:16]}"
    arguments = {"user_id": user.id, "new_email": new_email, "state": state}
    _ask_for("send-email-change", arguments, key, new_email)


def tell_password_changed(user: User) -> None:
    """Notify `user` of a new password, at their present address."""
    _notify("password_changed", user.email, user.language)


def tell_email_changed(user: User, old_email: str) -> None:
    """Notify an old address that its account has another one."""
    _notify("email_changed", old_email, user.language)


def _notify(letter: str, email: str, language: str) -> None:
    enqueue("send-notice", {"letter": letter, "email": email, "language": language})


def _ask_for(name: str, arguments: dict[str, Any], key: str, email: str) -> None:
    """Enqueue an e-mail, later if many were asked for before."""
    delay = delay_of_mail(email, current_app.config["SECRET_KEY"])
    enqueue(name, arguments, key=key, priority=_AWAITED, delay=delay)


@job("send-email-confirmation", writes=False)
def _send_email_confirmation(user_id: int) -> None:
    user = User.find_by_id(user_id)
    if user is not None and user.email_confirmed_at is None and user.deactivated_at is None:
        _send("confirm_email", user.email, user.language, issue(Purpose.CONFIRM_EMAIL, user))


@job("send-password-reset", writes=False)
def _send_password_reset(email: str) -> None:
    user = User.find_by_email(email)
    if user is None:
        return
    # never to the typed address: it may equal the stored one for us, but not for a mail server
    if user.deactivated_at is None:
        _send("reset_password", user.email, user.language, issue(Purpose.RESET_PASSWORD, user))
    else:  # the answer promised an e-mail; its absence would look like a fault
        _send("account_deactivated", user.email, user.language)


@job("send-email-change", writes=False)
def _send_email_change(user_id: int, new_email: str, state: str | None = None) -> None:
    user, holder = User.find_by_id(user_id), User.find_by_email(new_email)
    if user is None or user.deactivated_at is not None:
        return
    if state not in (
        None,
        state_of(Purpose.CHANGE_EMAIL, user),
    ):  # None: a job of the version before
        return
    if holder in (None, user):
        token = issue(Purpose.CHANGE_EMAIL, user, new_email)
        _send("change_email", new_email, user.language, token)
    else:
        _send("email_in_use", holder.email, holder.language)


@job("send-notice", writes=False)
def _send_notice(letter: str, email: str, language: str = LANGUAGES[0]) -> None:
    _send(letter, email, language)  # a job of the version before has no language


def _send(letter: str, email: str, language: str, token: str | None = None) -> None:
    db.session.rollback()
    let_go()  # a mail server may be slow: hold no connection meanwhile
    try:
        deliver(compose(letter, email, token, language))
    except Refused as error:
        log.error("gave up an e-mail (%s): %s", letter, error)


def _digest(email: str) -> str:
    """Return the name of an address in a job's key.

    Every way to write the address has the same name.
    """
    return sha256(fold_address(email).encode()).hexdigest()
