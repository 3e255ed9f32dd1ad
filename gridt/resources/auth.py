"""Registering, logging in and out."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt import mail
from gridt.api import Blueprint, Resource
from gridt.auth import caller, current_login, token_jti, tokens_for, verified
from gridt.errors import EmailTaken, InvalidToken, UsernameTaken
from gridt.extensions import db
from gridt.models import Login, User
from gridt.schemas.base import Message
from gridt.schemas.users import ChangePasswordIn, LoginIn, LogoutIn, Registered, RegisterIn, Tokens

bp = Blueprint("auth", description="Registering, logging in and out")


@bp.route("/register")
class Register(Resource):
    """Accounts to open."""

    @bp.token(None)
    @bp.problems(409, 503)
    @bp.answers(201, Registered)
    @bp.arguments(RegisterIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Open an account."""
        _ensure_free(data["username"], data["email"])
        db.session.rollback()  # hashing takes long: hold nothing meanwhile
        user = User(data["username"], data["email"], data["password"])
        db.session.add(user)
        db.session.flush()
        mail.ask_to_confirm_email(user)
        answer = {"message": "Your account is ready.", "id": user.id, "username": user.username}
        user.save_to_db()
        return answer, 201


@bp.route("/auth")
class Auth(Resource):
    """Logging in and out."""

    @bp.token(None)
    @bp.answers(200, Tokens)
    @bp.problems(401, 503)
    @bp.arguments(LoginIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log in."""
        user = verified(User.find_by_login(data["username"]), data["password"])
        Login.forget_ended(user, current_app.config["JWT_REFRESH_TOKEN_EXPIRES"])
        login = Login(user)
        db.session.add(login)
        db.session.flush()
        answer = tokens_for(login) | {"message": "You are logged in."}
        login.save_to_db()
        return answer

    @bp.answers(200, Message)
    @bp.arguments(LogoutIn, location="query")
    def delete(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log out: this login's tokens, or those of all, are worthless at once."""
        login = current_login()
        if data["everywhere"]:
            Login.revoke_all(caller())
        login.revoke()
        login.save_to_db()
        return {"message": "You are logged out."}


@bp.route("/auth/refresh")
class Refresh(Resource):
    """Staying logged in."""

    @bp.token("refresh")
    @bp.answers(200, Tokens)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Spend a refresh token on new tokens; spent twice, it ends the login."""
        login = current_login()
        if not login.renew(token_jti()):
            login.revoke()
            login.save_to_db()
            raise InvalidToken("This refresh token was spent before; please log in again")
        answer = tokens_for(login) | {"message": "You stay logged in."}
        login.save_to_db()
        return answer


@bp.route("/user/change_password")
class ChangePassword(Resource):
    """One's password."""

    @bp.answers(200, Message)
    @bp.arguments(ChangePasswordIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change one's password; every other login ends."""
        login_id = current_login().id
        user = verified(caller(), data["old_password"])
        db.session.rollback()  # hashing takes long: hold nothing meanwhile
        user.hash_password(data["new_password"])
        Login.revoke_all(user, keep=login_id)
        mail.tell_password_changed(user)
        user.save_to_db()
        return {"message": "Your password is changed; every other login has ended."}


def _ensure_free(username: str, email: str) -> None:
    if User.find_by_name(username) is not None:
        raise UsernameTaken
    if User.find_by_email(email) is not None:
        raise EmailTaken
