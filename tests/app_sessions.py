"""Sessions of the web app: a cookie and a key."""

from gridt.http.auth import app_token
from gridt.models import Login

#: the name of the cookie at `http://localhost`
COOKIE = "gridt_80"
#: the header of a login to the web app, which has no key yet
NEW = {"X-Gridt-Key": "new"}
KEY = "0123456789abcdef" * 2


def halves(token: str, key: str = KEY) -> dict[str, str]:
    """Return the headers with a cookie and a key.

    A test client drops the cookie, unless it is made with `use_cookies=False`.
    """
    return {"Cookie": f"{COOKIE}={token}", "X-Gridt-Key": key}


def halves_of(login: Login, key: str = KEY) -> dict[str, str]:
    """Return the headers of a browser's session."""
    return halves(app_token(login, key), key)
