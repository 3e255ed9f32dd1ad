"""Sessions of the web app in browsers."""

from typing import Any, cast

from flask import request
from flask.typing import ResponseReturnValue

from gridt.errors import AccountDeactivated, Busy, NotAllowed, TooManyAttempts, WrongCredentials
from gridt.http import app_session
from gridt.http.api import Blueprint
from gridt.http.auth import app_token, begin_session, current_login, end_sessions
from gridt.http.fields import Message
from gridt.http.openapi import NEW_KEY
from gridt.http.requests import Resource
from gridt.models import AccountRow, Login, account_row
from gridt.runtime.extensions import db
from gridt.schemas.auth import LoginIn, LogoutIn
from gridt.schemas.sessions import AppSession, NewAppSession
from gridt.schemas.users import identity_of

bp = Blueprint("sessions", description="Sessions in browsers")


@bp.route("/auth/session", post="startAppSession", put="renewAppSession", delete="endAppSession")
class AppSessions(Resource):
    """The session of the web app in a browser."""

    @bp.open
    @bp.limited("login")
    @bp.answers(200, NewAppSession)
    @bp.problems(WrongCredentials, NotAllowed, AccountDeactivated, TooManyAttempts, Busy)
    @bp.header(NEW_KEY)
    @bp.arguments(LoginIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log in to the web app.

        The answer has a key, and sets a cookie. Each further request needs both: the cookie, which
        the browser sends, and the key in the header `X-Gridt-Key`. Clients that are not web pages
        of gridt use `POST /auth`.
        """
        app_session.ensure_from_app()
        user, login = begin_session(data, in_browser=True)
        account = cast(AccountRow, account_row(user.id))  # the password was right: it exists
        key = app_session.new_key()
        answer = _view(login) | {
            "message": "You are logged in.",
            "key": key,
            "identity": identity_of(account),
        }
        headers = app_session.cookie_of(app_token(login, key))
        login.save_to_db()
        return answer, headers

    @bp.own
    @bp.token("app")
    @bp.answers(200, AppSession)
    @bp.bodyless
    def put(self) -> ResponseReturnValue:
        """Stay logged in to the web app.

        The session and its cookie last as long as after a login, with the same key.
        """
        login = current_login()
        login.prolong()
        answer = _view(login) | {"message": "You stay logged in."}
        headers = app_session.cookie_of(app_token(login, app_session.sent_key() or ""))
        login.save_to_db()
        return answer, headers

    @bp.own
    @bp.token("app")
    @bp.answers(200, Message)
    @bp.arguments(LogoutIn, location="query")
    def delete(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Log out of the web app.

        The session ends at once, and the answer removes the cookie. With `everywhere`, all sessions
        of the caller end, as with `DELETE /auth`.
        """
        message = end_sessions(**data)
        headers = app_session.no_cookie()
        db.session.commit()
        return {"message": message}, headers


def _view(login: Login) -> dict[str, Any]:
    return {
        "expires_at": login.refreshed_at + app_session.lifetime(),
        "secure": request.is_secure,
    }
