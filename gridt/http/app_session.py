"""The cookie and the key of a browser's session.

The web app logs in with a cookie and a key. The browser sends the cookie by itself, and no script
can read it. The app stores the key and sends it in a header, which no page of another origin can
send. Neither is worth anything without the other.
"""

from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex
from typing import Any

from flask import current_app, request
from werkzeug.http import dump_cookie

from gridt.errors import NotAllowed

#: the header that has the key
KEY_HEADER = "X-Gridt-Key"
#: its value at a login, before there is a key
_NEW = "new"


def ensure_from_app() -> None:
    """Refuse a login without the app's header.

    A page of another origin cannot send it, so it cannot log a browser in.

    :raises NotAllowed: when the header is missing
    """
    if request.headers.get(KEY_HEADER) != _NEW:
        raise NotAllowed(f'Log in with the header "{KEY_HEADER}: {_NEW}".')


def new_key() -> str:
    """Return a random key of 128 bits."""
    return token_hex(16)


def half_of(key: str) -> str:
    """Return what the cookie says of a key."""
    return sha256(key.encode()).hexdigest()


def sent_key() -> str | None:
    """Return the key of the request."""
    return request.headers.get(KEY_HEADER)


def sent_cookie() -> str | None:
    """Return the cookie, if the key is there, too."""
    return request.cookies.get(_name()) if KEY_HEADER in request.headers else None


def is_key_of(claims: dict[str, Any]) -> bool:
    """Return whether the request has a cookie's key."""
    half, key = claims.get("half"), sent_key()
    if not isinstance(half, str) or key is None:
        return False
    return compare_digest(half_of(key).encode(), half.encode())


def lifetime() -> timedelta:
    """Return how long a session lasts that is not used."""
    found: timedelta = current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
    return found


def cookie_of(token: str) -> dict[str, str]:
    """Return the header that sets the cookie."""
    return _set_cookie(token, lifetime())


def no_cookie() -> dict[str, str]:
    """Return the header that removes the cookie."""
    return _set_cookie("", timedelta())


def _set_cookie(value: str, max_age: timedelta) -> dict[str, str]:
    cookie = dump_cookie(
        _name(),
        value,
        max_age=max_age,
        path="/",
        secure=request.is_secure,
        httponly=True,
        sync_expires=False,
        samesite="Strict",
    )
    return {"Set-Cookie": cookie}


def _name() -> str:
    """Return the name of the cookie.

    Browsers send a cookie to all ports of a host, so without TLS the name has the port. Over TLS,
    the prefix lets only this host set the cookie.
    """
    if request.is_secure:
        return "__Host-gridt"
    port = request.host.rpartition(":")[2]
    return f"gridt_{port if port.isascii() and port.isdigit() else 80}"
