"""What one can do who reads mail at an address: confirm it, move to it, set a new password.

Who asks for a mail gets the same answer whether or not the address is known, after the same
statements: the request asks for a job, and the job finds out.
"""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt import mail
from gridt.errors import EmailTaken
from gridt.http.api import Blueprint
from gridt.http.auth import caller, verified
from gridt.http.fields import Message
from gridt.http.requests import Resource
from gridt.mail import MailToken, Purpose
from gridt.models import User
from gridt.runtime.extensions import db, passwords
from gridt.schemas.recovery import (
    ChangeEmailRequestIn,
    MailTokenIn,
    ResetPasswordConfirmIn,
    ResetPasswordRequestIn,
)
from gridt.schemas.users import ensure_not_own_name

bp = Blueprint("recovery", description="What one can do who reads mail at an address")


@bp.route("/user/reset_password/request")
class ResetPasswordRequest(Resource):
    """Passwords that are lost."""

    @bp.token(None)
    @bp.limited("mail")
    @bp.problems(503)
    @bp.answers(200, Message)
    @bp.arguments(ResetPasswordRequestIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Ask for a mail to set a new password with."""
        mail.ask_to_reset_password(data["email"])
        db.session.commit()
        return {"message": "If this address has an account, a mail is on its way."}


@bp.route("/user/reset_password/confirm")
class ResetPasswordConfirm(Resource):
    """Passwords that are lost, and found anew."""

    @bp.token(None)
    @bp.problems(401, 503)
    @bp.answers(200, Message)
    @bp.arguments(ResetPasswordConfirmIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Set a new password; every login ends, and the address counts as confirmed."""
        token = MailToken.read(Purpose.RESET_PASSWORD, data["token"])
        ensure_not_own_name(data["password"], token.user())  # a spent token costs no hash
        db.session.rollback()  # hashing takes long: hold nothing meanwhile
        password_hash = passwords.hash(data["password"])
        user = token.user(lock=True)
        user.reset_password(password_hash)
        mail.tell_password_changed(user)
        user.save_to_db()
        return {"message": "Your password is changed; please log in with it."}


@bp.route("/user/change_email/request")
class ChangeEmailRequest(Resource):
    """Addresses to move to."""

    @bp.limited("mail")
    @bp.answers(200, Message)
    @bp.arguments(ChangeEmailRequestIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Ask for a mail to a new address, to move to it with."""
        user = verified(caller(), data["password"])
        mail.ask_to_change_email(user, data["new_email"])
        user.save_to_db()
        return {"message": "A mail to your new address is on its way; it tells how to go on."}


@bp.route("/user/change_email/confirm")
class ChangeEmailConfirm(Resource):
    """Addresses that one moves to."""

    @bp.token(None)
    @bp.problems(401, 409, 503)
    @bp.answers(200, Message)
    @bp.arguments(MailTokenIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Move to a new address; the old one is told."""
        token = MailToken.read(Purpose.CHANGE_EMAIL, data["token"])
        user = token.user(lock=True)
        if User.find_by_email(token.address) not in (None, user):
            raise EmailTaken
        mail.tell_email_changed(user.email)
        user.change_email(token.address)
        user.save_to_db()
        return {"message": "Your e-mail address is changed."}


@bp.route("/user/confirm_email/request")
class ConfirmEmailRequest(Resource):
    """Addresses that nobody has shown to read mail at."""

    @bp.limited("mail")
    @bp.answers(200, Message)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Ask for a mail to confirm one's address with, as registering does."""
        mail.ask_to_confirm_email(caller())
        db.session.commit()
        return {"message": "Unless your address is confirmed already, a mail is on its way."}


@bp.route("/user/confirm_email/confirm")
class ConfirmEmailConfirm(Resource):
    """Addresses that somebody shows to read mail at."""

    @bp.token(None)
    @bp.problems(401, 503)
    @bp.answers(200, Message)
    @bp.arguments(MailTokenIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Confirm one's address."""
        user = MailToken.read(Purpose.CONFIRM_EMAIL, data["token"]).user(lock=True)
        if user.email_confirmed_at is not None:
            return {"message": "Your e-mail address is already confirmed."}
        user.confirm_email()
        user.save_to_db()
        return {"message": "Your e-mail address is confirmed."}
