"""Account recovery and e-mail addresses, with tokens sent by e-mail.

A client that asks for an e-mail gets the same answer, after the same statements, whether or not an
account has the address: the request enqueues a job, and the job looks for the account.
"""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt import mail
from gridt.errors import Busy, EmailTaken, InvalidMailToken, TooManyAttempts, WrongCredentials
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

bp = Blueprint("recovery", description="Account recovery and e-mail addresses")


@bp.route("/user/reset_password/request", post="requestPasswordReset")
class ResetPasswordRequest(Resource):
    """Requests to reset a password."""

    @bp.open
    @bp.limited("mail")
    @bp.problems(Busy)
    @bp.answers(200, Message)
    @bp.arguments(ResetPasswordRequestIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Ask for an e-mail to reset a password.

        The answer does not reveal whether an account has this address. The token in the e-mail
        works once, for two hours.
        """
        mail.ask_to_reset_password(data["email"])
        db.session.commit()
        return {"message": "If this address has an account, an e-mail is on its way."}


@bp.route("/user/reset_password/confirm", post="resetPassword")
class ResetPasswordConfirm(Resource):
    """New passwords, with a token from an e-mail."""

    @bp.open
    @bp.problems(InvalidMailToken, Busy)
    @bp.answers(200, Message)
    @bp.arguments(ResetPasswordConfirmIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Set a new password with a token from an e-mail.

        Every session of the account ends. Its e-mail address counts as confirmed.
        """
        token = MailToken.read(Purpose.RESET_PASSWORD, data["token"])
        ensure_not_own_name(data["password"], token.user())  # a spent token costs no hash
        db.session.rollback()  # hashing takes long: hold nothing meanwhile
        password_hash = passwords.hash(data["password"])
        user = token.user(lock=True)
        user.reset_password(password_hash)
        mail.tell_password_changed(user)
        user.save_to_db()
        return {"message": "Your password is changed. Please log in with it."}


@bp.route("/user/change_email/request", post="requestEmailChange")
class ChangeEmailRequest(Resource):
    """Requests to change an e-mail address."""

    @bp.own
    @bp.limited("mail")
    @bp.problems(WrongCredentials, TooManyAttempts)
    @bp.answers(200, Message)
    @bp.arguments(ChangeEmailRequestIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Ask for an e-mail to change my address.

        gridt sends the e-mail to the new address. Its token works once, for two hours.
        """
        user = verified(caller(), data["password"], complaint="The password is wrong.")
        mail.ask_to_change_email(user, data["new_email"])
        user.save_to_db()
        return {"message": "An e-mail to your new address is on its way. It says what to do next."}


@bp.route("/user/change_email/confirm", post="changeEmail")
class ChangeEmailConfirm(Resource):
    """New e-mail addresses, with a token from an e-mail."""

    @bp.open
    @bp.problems(InvalidMailToken, EmailTaken, Busy)
    @bp.answers(200, Message)
    @bp.arguments(MailTokenIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change an e-mail address with a token from an e-mail.

        gridt notifies the old address.
        """
        token = MailToken.read(Purpose.CHANGE_EMAIL, data["token"])
        user = token.user(lock=True)
        if User.find_by_email(token.address) not in (None, user):
            raise EmailTaken
        mail.tell_email_changed(user, user.email)
        user.change_email(token.address)
        user.save_to_db()
        return {"message": "Your e-mail address is changed."}


@bp.route("/user/confirm_email/request", post="requestEmailConfirmation")
class ConfirmEmailRequest(Resource):
    """Requests to confirm an e-mail address."""

    @bp.own
    @bp.limited("mail")
    @bp.answers(200, Message)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Ask for an e-mail to confirm my address.

        Registration sends the same e-mail. gridt sends none if the address is confirmed already.
        """
        mail.ask_to_confirm_email(caller())
        db.session.commit()
        return {"message": "An e-mail is on its way, unless your address is confirmed already."}


@bp.route("/user/confirm_email/confirm", post="confirmEmail")
class ConfirmEmailConfirm(Resource):
    """Confirmed e-mail addresses."""

    @bp.open
    @bp.problems(InvalidMailToken, Busy)
    @bp.answers(200, Message)
    @bp.arguments(MailTokenIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Confirm an e-mail address with a token from an e-mail.

        The token works once, for two hours.
        """
        user = MailToken.read(Purpose.CONFIRM_EMAIL, data["token"]).user(lock=True)
        if user.email_confirmed_at is not None:
            return {"message": "Your e-mail address is already confirmed."}
        user.confirm_email()
        user.save_to_db()
        return {"message": "Your e-mail address is confirmed."}
