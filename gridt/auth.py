"""Tokens: who is calling, and whether their login still stands."""

from typing import Any

from flask import Flask, current_app, request
from flask_jwt_extended import (
    create_access_token,
    create_refresh_token,
    get_current_user,
    get_jwt,
    verify_jwt_in_request,
)
from sqlalchemy import bindparam, select

from gridt.errors import WrongCredentials
from gridt.extensions import db, jwt, passwords
from gridt.models import Login, User
from gridt.models.base import largest_in

#: the words before a token; the published client says the second
_WORDS = {"bearer", "jwt"}


_STANDING = (
    select(User, Login)
    .join(Login, Login.user_id == User.id)
    .where(Login.id == bindparam("login_id"), Login.revoked_at.is_(None))
)


def register_auth(app: Flask) -> None:
    """Accept either word before the token, which the extension knows only one of."""

    @app.before_request
    def _one_word() -> None:
        word, _, token = request.headers.get("Authorization", "").partition(" ")
        if word.lower() in _WORDS:
            request.environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    jwt.user_lookup_loader(_user_of)


def verify_token(kind: str) -> None:
    """Check the caller's token.

    :param kind: `access` or `refresh`
    """
    verify_jwt_in_request(refresh=kind == "refresh")


def caller() -> User:
    """Return the user who calls."""
    user: User = get_current_user()[0]
    return user


def current_login() -> Login:
    """Return the login that the caller's token belongs to."""
    login: Login = get_current_user()[1]
    return login


def token_jti() -> str:
    """Return the identity of the caller's token."""
    return str(get_jwt()["jti"])


def tokens_for(login: Login) -> dict[str, Any]:
    """Return a new access token and the refresh token of a login, and their life in seconds."""
    identity, claims = str(login.user_id), {"login": login.id}
    refresh_claims = claims | {"jti": login.refresh_jti}
    lifetime = current_app.config["JWT_ACCESS_TOKEN_EXPIRES"]
    return {
        "access_token": create_access_token(identity, additional_claims=claims),
        "refresh_token": create_refresh_token(identity, additional_claims=refresh_claims),
        "expires_in": int(lifetime.total_seconds()),
    }


def verified(user: User | None, password: str) -> User:
    """Return the user if the password is theirs; a hash takes long, so hold nothing meanwhile.

    :param user: None, for somebody who does not exist, takes as long and fails alike
    :raises WrongCredentials: when it is not, or has changed meanwhile
    """
    user_id, stored = (None, None) if user is None else (user.id, user.password_hash)
    db.session.rollback()  # a lock or connection held here would stop everybody else's writing
    right, renewed = passwords.verify(password, stored)
    found = User.find_by_id(user_id) if right and user_id is not None else None
    if found is None or found.password_hash != stored:
        raise WrongCredentials
    if renewed is not None:
        found.password_hash = renewed
    return found


def _user_of(_header: dict[str, Any], claims: dict[str, Any]) -> tuple[User, Login] | None:
    """Load the user and the login of a token by one statement, None when either has ended."""
    login_id = claims.get("login")
    if not isinstance(login_id, int) or not 0 < login_id <= largest_in(Login.id):
        return None
    row = db.session.execute(_STANDING, {"login_id": login_id}).one_or_none()
    if row is None or str(row.User.id) != claims["sub"]:
        return None
    return row.User, row.Login
