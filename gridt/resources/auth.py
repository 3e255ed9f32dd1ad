"""Registration, sessions and passwords."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt import mail
from gridt.accounts import register
from gridt.errors import (
    AccountDeactivated,
    AnotherAddress,
    Busy,
    EmailTaken,
    InvalidToken,
    InvitationNeeded,
    InvitationNotFound,
    InvitationOver,
    LoginNotFound,
    RegistrationClosed,
    TooManyAttempts,
    UsernameTaken,
    WrongCredentials,
)
from gridt.http.api import Blueprint
from gridt.http.auth import (
    begin_session,
    caller,
    caller_id,
    caller_login_id,
    current_login,
    end_sessions,
    token_jti,
    tokens_for,
    verified,
)
from gridt.http.fields import Message, PageIn
from gridt.http.invitations import ensure_invited
from gridt.http.lookups import id_in
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.http.user_agents import device_of
from gridt.models import ACTIVE_LOGINS, Login, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.schemas.auth import (
    ChangePasswordIn,
    LoginIn,
    LoginOut,
    LogoutIn,
    Registered,
    RegisterIn,
    Tokens,
)
from gridt.schemas.users import ensure_not_own_name

bp = Blueprint("auth", description="Registration and sessions")

#: the problems of people who may not register
_NOT_INVITED = (
    RegistrationClosed,
    InvitationNeeded,
    AnotherAddress,
    InvitationNotFound,
    InvitationOver,
)
_NEWEST_FIRST = Listing(ACTIVE_LOGINS, [(Login.id, True)], Login)


@bp.route("/register", post="registerUser")
class Register(Resource):
    """Registration of accounts."""

    @bp.open
    @bp.limited("register")
    @bp.repeatable(account="id")
    @bp.problems(*_NOT_INVITED, UsernameTaken, EmailTaken, Busy)
    @bp.answers(201, Registered)
    @bp.arguments(RegisterIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Open an account.

        The account works at once. gridt sends an e-mail that asks to confirm the address. `GET /`
        says whether all people can register, or only those with an invitation, or no caller.
        """
        ensure_invited(data.get("invitation"), data["email"])
        _ensure_free(data["username"], data["email"])
        db.session.rollback()  # hashing takes long: hold nothing meanwhile
        user = register(**data)
        mail.ask_to_confirm_email(user)
        answer = {"message": "Your account is ready.", "id": user.id, "username": user.username}
        user.save_to_db()
        return answer, 201


@bp.route("/auth", post="logIn", delete="logOut")
class Auth(Resource):
    """Logging in and out."""

    @bp.open
    @bp.limited("login")
    @bp.answers(200, Tokens)
    @bp.problems(WrongCredentials, AccountDeactivated, TooManyAttempts, Busy)
    @bp.arguments(LoginIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log in.

        The answer has an access token for further requests, and a refresh token for `POST
        /auth/refresh`.
        """
        _, login = begin_session(data)
        answer = tokens_for(login) | {"message": "You are logged in."}
        login.save_to_db()
        return answer

    @bp.own
    @bp.answers(200, Message)
    @bp.arguments(LogoutIn, location="query")
    def delete(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log out.

        The session's tokens stop working at once. With `everywhere`, all sessions of the caller
        end; the secret address of their calendar and the tokens in their e-mails stop working, too.
        """
        message = end_sessions(**data)
        db.session.commit()
        return {"message": message}


@bp.route("/auth/logins", get="listMySessions")
class Logins(Resource):
    """The caller's sessions."""

    @bp.own
    @bp.answers(200, LoginOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List my active sessions, newest first.

        A session starts when the caller logs in. It ends when they log out, when they revoke it, or
        at `expires_at`.
        """
        lifetime = current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
        rows, headers = _NEWEST_FIRST.page(**data, user_id=caller_id(), horizon=utcnow() - lifetime)
        current = caller_login_id()
        logins = [
            {
                "id": row.id,
                "device": device_of(row.user_agent),
                "kind": row.kind,
                "created_at": row.created_at,
                "last_used_at": row.refreshed_at,
                "expires_at": row.refreshed_at + lifetime,
                "current": row.id == current,
            }
            for row in rows
        ]
        return logins, headers


@bp.route("/auth/logins/<login>", delete="revokeSession")
class OneLogin(Resource):
    """One of the caller's sessions."""

    @bp.own
    @bp.problems(LoginNotFound)
    @bp.answers(200, Message)
    def delete(self, login: str) -> ResponseReturnValue:
        """Revoke one of my sessions.

        Its tokens stop working at once.
        """
        row = Login.find_by_id(id_in(login, Login.id))
        if row is None or row.user_id != caller_id():
            raise LoginNotFound
        if row.revoked_at is None:
            row.end()
        row.save_to_db()
        return {"message": "The session has ended."}


@bp.route("/auth/refresh", post="refreshTokens")
class Refresh(Resource):
    """Refresh tokens."""

    @bp.own
    @bp.token("refresh")
    @bp.limited("refresh")
    @bp.answers(200, Tokens)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Exchange a refresh token for new tokens.

        A client that lost the answer sends the same token again. For 30 seconds, and until the new
        refresh token is used, the answer has a refresh token of the same generation: either of the
        two may be used next. After that, a used token ends the session, so that a thief and the
        owner of a token cannot both continue.
        """
        login = current_login()
        if not login.renew(token_jti()):
            login.end_as_copied()
            login.save_to_db()
            raise InvalidToken("This refresh token was used before. Please log in again.")
        answer = tokens_for(login) | {"message": "You stay logged in."}
        login.save_to_db()
        return answer


@bp.route("/user/change_password", post="changeMyPassword")
class ChangePassword(Resource):
    """The caller's password."""

    @bp.own
    @bp.problems(WrongCredentials, TooManyAttempts)
    @bp.answers(200, Message)
    @bp.arguments(ChangePasswordIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change my password.

        Every other session of the caller ends. The secret address of their calendar and the tokens
        in their e-mails stop working.
        """
        ensure_not_own_name(data["new_password"], caller(), "new_password")
        old, new = data["old_password"], data["new_password"]
        user = verified(caller(), old, replace_by=new, complaint="The old password is wrong.")
        user.end_other_logins(keep=caller_login_id())
        mail.tell_password_changed(user)
        user.save_to_db()
        return {"message": "Your password is changed. All your other sessions have ended."}


def _ensure_free(username: str, email: str) -> None:
    if User.find_by_name(username) is not None:
        raise UsernameTaken
    if User.find_by_email(email) is not None:
        raise EmailTaken
