"""Tokens: the caller's identity and session."""

import time
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, TypeVar

import jwt
from flask import current_app, request
from flask_jwt_extended import create_access_token, create_refresh_token
from jwt.types import Options
from sqlalchemy import Row, bindparam, select

from gridt.access import Operation, ensure
from gridt.errors import InvalidToken, WrongCredentials
from gridt.http import app_session
from gridt.http.in_flight import in_flight
from gridt.http.rate_limits import address
from gridt.models import (
    AccountRow,
    Login,
    PasswordAttempt,
    User,
    account_row,
    execute,
    largest_in,
)
from gridt.runtime.clock import LEEWAY
from gridt.runtime.database import READING, REPLICA
from gridt.runtime.extensions import db, passwords
from gridt.runtime.request_state import Caller, request_state

#: the words before a token; the published client says the second
_WORDS = {"bearer", "jwt"}
#: how many tokens with a valid signature a process caches; some 5 MB
_REMEMBERED = 4096
#: Required claims. `exp` is checked on each use, because decoded tokens are cached.
_CLAIMS: Options = {"verify_exp": False, "require": ["sub", "jti", "exp", "iat", "type"]}

#: the kind of the token of a browser's session
_APP = "app"
#: the refusal of a token whose session is gone
_ENDED = "This session has ended. Please log in again."

_Found = TypeVar("_Found")

_STANDING = select(
    Login.user_id, Login.wrote_at, Login.nonce, Login.nonce_since, Login.created_at
).where(Login.id == bindparam("login_id"), Login.revoked_at.is_(None))


def verify_token(kind: str) -> Caller:
    """Return the caller, if their token and session are valid.

    The request takes one of the account's places before it reads the database: a request that waits
    for a place must not keep others from writing.

    :param kind: `access`, `refresh` or `app`; a browser's session does for `access`, too
    :raises InvalidToken: when there is no token, or it is not valid
    :raises TooManyAtOnce: when the account has too many requests at the same time
    """
    token, kind = _sent_token(kind)
    config = current_app.config
    try:
        claims = _signed(token, config["SECRET_KEY"], config["SECRET_KEY_FALLBACKS"])
    except jwt.PyJWTError:
        raise InvalidToken("The token is not valid here.") from None
    if claims["type"] != kind or not isinstance(claims.get("exp"), int):
        raise InvalidToken("The token is not valid here.")
    if kind == _APP and not app_session.is_key_of(claims):
        raise InvalidToken("The key is not that of the cookie.")
    if claims["exp"] <= time.time():
        raise InvalidToken("The token has expired.")
    in_flight.enter(claims["sub"])
    caller = request_state().caller = _standing(claims)
    return caller


def has_credentials() -> bool:
    """Return whether the request has a credential."""
    return "Authorization" in request.headers or bool(app_session.sent_cookie())


def _sent_token(kind: str) -> tuple[str, str]:
    """Return the token of the request, and its kind.

    The token of a browser's session is in a cookie only, and the others in the Authorization header
    only. Where a request has both, the header counts.
    """
    header = request.headers.get("Authorization")
    if header is None and kind != "refresh" and (cookie := app_session.sent_cookie()):
        return cookie, _APP
    if kind == _APP:
        raise InvalidToken("This needs the cookie and the key of a session in a browser.")
    word, _, token = (header or "").partition(" ")
    if word and not token and word.lower() not in _WORDS:
        raise InvalidToken('Write "Bearer" before the token in the Authorization header.')
    if word.lower() not in _WORDS or not token:
        raise InvalidToken("There is no token in the Authorization header.")
    return token.strip(), kind


@lru_cache(_REMEMBERED)
def _signed(token: str, key: str, earlier: tuple[str, ...]) -> dict[str, Any]:
    """Return the claims of a token signed by us.

    One of our keys signed it, the current or an earlier one. The result is cached, since checking a
    signature takes longer than looking up a session. So the keys are tried one after the other: a
    token that named its key would not be faster.
    """
    decode = partial(jwt.decode, algorithms=["HS256"], options=_CLAIMS, leeway=LEEWAY)
    for candidate in (key, *earlier):
        with suppress(jwt.InvalidSignatureError):
            claims: dict[str, Any] = decode(token, candidate)
            return claims
    raise jwt.InvalidSignatureError


def _standing(claims: dict[str, Any]) -> Caller:
    """Return the caller, if their session has not ended."""
    login_id = claims.get("login")
    # exactly this type: in Python, True is an integer, too
    if type(login_id) is int and 0 < login_id <= largest_in(Login.id):
        login = execute(_STANDING, {"login_id": login_id}).one_or_none()
        if login is not None and str(login.user_id) == claims["sub"] and _is_of(login, claims):
            return Caller(login.user_id, login_id, str(claims["jti"]), login.wrote_at)
    raise InvalidToken(_ENDED)


def _is_of(login: Row[*tuple[Any, ...]], claims: dict[str, Any]) -> bool:
    """Return whether a token belongs to this session.

    Another session may have had the same id. Tokens of earlier versions have no nonce. They are
    valid if they were issued while the session had none, and not before the session: after a
    restore of a backup, its id had another owner then.
    """
    if "nonce" in claims:
        return login.nonce is not None and bool(claims["nonce"] == login.nonce)
    issued_at, until = claims["iat"], login.nonce_since
    if login.nonce is not None and (until is None or issued_at > until.timestamp()):
        return False
    return bool(issued_at >= int(login.created_at.timestamp()))


def caller_id() -> int:
    """Return the caller's id."""
    return request_state().verified_caller().user_id


def caller_login_id() -> int:
    """Return the id of the caller's session."""
    return request_state().verified_caller().login_id


def caller() -> User:
    """Return the caller.

    :raises InvalidToken: when the account was deleted meanwhile
    """
    return _existing(User.find_by_id(caller_id()))


def caller_account() -> AccountRow:
    """Return the caller's account with its preferences.

    :raises InvalidToken: when the account was deleted meanwhile
    """
    return _existing(account_row(caller_id()))


def locked_caller() -> User:
    """Return the caller, locked before any movement.

    The lock lets quotas be counted.

    :raises InvalidToken: when the account was deleted meanwhile
    """
    return _existing(User.lock(caller_id()))


def _existing(found: _Found | None) -> _Found:
    if found is None:
        raise InvalidToken(_ENDED)
    return found


def admin() -> User:
    """Return the caller, if they are an admin.

    :raises NotAllowed: when they are not
    """
    state = request_state()
    if state.bind == REPLICA:  # the replica may not know yet that they are no longer an admin
        state.bind = READING
    user = caller()
    ensure(user, Operation.ADMINISTER)
    return user


def locked_admin() -> User:
    """Return the caller, locked, if they are an admin.

    An end of the account, or of its role, waits for this transaction, or was before it.

    :raises InvalidToken: when the account has ended meanwhile
    :raises NotAllowed: when they are no admin
    """
    user = locked_caller()
    if user.deactivated_at is not None:
        raise InvalidToken(_ENDED)
    ensure(user, Operation.ADMINISTER)
    return user


def current_login() -> Login:
    """Return the caller's session.

    :raises InvalidToken: when it was deleted meanwhile
    """
    return _existing(Login.find_by_id(caller_login_id()))


def token_jti() -> str:
    """Return the id of the caller's token."""
    return request_state().verified_caller().jti


def tokens_for(login: Login) -> dict[str, Any]:
    """Return a session's tokens.

    The lifetime of the access token, in seconds, is with them.
    """
    identity = str(login.user_id)
    claims: dict[str, Any] = {"login": login.id}
    if login.nonce is not None:  # a session of an earlier version has none until its next refresh
        claims["nonce"] = login.nonce
    refresh_claims = claims | {"jti": login.refresh_jti}
    lifetime = current_app.config["JWT_ACCESS_TOKEN_EXPIRES"]
    return {
        "access_token": create_access_token(identity, additional_claims=claims),
        "refresh_token": create_refresh_token(identity, additional_claims=refresh_claims),
        "expires_in": int(lifetime.total_seconds()),
    }


def app_token(login: Login, key: str) -> str:
    """Return the token for the cookie of a browser's session."""
    claims = {"login": login.id, "nonce": login.nonce, "type": _APP}
    token: str = create_access_token(
        str(login.user_id),
        expires_delta=app_session.lifetime(),
        additional_claims=claims | {"half": app_session.half_of(key)},
    )
    return token


def begin_session(credentials: dict[str, str], *, in_browser: bool = False) -> tuple[User, Login]:
    """Return a user and their new session. Does not commit.

    :param credentials: a `LoginIn`
    :raises AccountDeactivated: when the account is deactivated
    :raises TooManyAttempts: when there were too many wrong passwords before
    :raises WrongCredentials: when the name or the password is wrong
    """
    name = credentials["username"]
    user = verified(User.find_by_login(name), credentials["password"], login=name)
    Login.forget_ended(user.id, current_app.config["JWT_REFRESH_TOKEN_EXPIRES"])
    return user, user.log_in(request.user_agent.string, in_browser=in_browser)


def end_sessions(*, everywhere: bool) -> str:
    """End the caller's session; return a sentence about it.

    Does not commit.

    :param everywhere: end all of the caller's sessions
    :raises InvalidToken: when the session or the account was deleted meanwhile
    """
    if everywhere:
        locked_caller().log_out_everywhere()
        return "You are logged out everywhere. Your calendar's address no longer works."
    current_login().end()
    return "You are logged out."


def verified(
    user: User | None,
    password: str,
    *,
    login: str = "",
    replace_by: str | None = None,
    complaint: str | None = None,
) -> User:
    """Return the user, locked, if the password is theirs.

    :param user: None, for an unknown user, takes as long and fails in the same way
    :param login: the name that the caller gave, for an account that may not exist
    :param replace_by: the user's new password
    :param complaint: the sentence about a wrong password; by default, about both
    :raises WrongCredentials: when the password is wrong, or has changed meanwhile
    :raises TooManyAttempts: when there were too many wrong passwords before
    """
    account = login if user is None else user.id
    attempt = PasswordAttempt.on(account, address(), current_app.config["SECRET_KEY"])
    attempt.ensure_allowed()
    user_id, stored = (None, None) if user is None else (user.id, user.password_hash)
    # hashing is slow: a lock or connection held here would block all other writes
    db.session.rollback()
    right, renewed = passwords.verify(password, stored)
    if right and replace_by is not None:
        renewed = passwords.hash(replace_by)
    # only the lock shows whether the password or the account has changed meanwhile
    locked = User.lock(user_id) if right and user_id is not None else None
    if locked is None or locked.password_hash != stored:
        attempt.fail(user_id)
        raise WrongCredentials(complaint)
    attempt.succeed()
    if renewed is not None:
        locked.password_hash = renewed
    return locked
