"""People who call all that the service offers, repeatedly."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from typing import Any

from flask import Flask

_PASSWORD = "correct horse battery"
_TEXTS = {"short_description": "Something worth doing", "interval": "daily"}

#: rounds through everything with one login, because hashing passwords costs as much as many calls
VISITS_PER_LOGIN = 10

_numbers = count()


class Person:
    """A person with an account who calls a server.

    :param address: of the server
    :param movement: the path of a movement with members
    """

    def __init__(self, address: tuple[str, int], movement: str, token: str = "") -> None:
        self.connection = HTTPConnection(*address, timeout=600)
        self.movement, self.token, self.name = movement, token, f"visitor{next(_numbers)}"
        #: method and path of each call
        self.called: list[tuple[str, str]] = []

    def call(self, method: str, path: str, body: Any = None, refused: int = 0) -> Any:
        """Make a call, and return its answer.

        The call must succeed, or be refused with that status.
        """
        answer = self.open(method, path, body)
        text = answer.read()
        if answer.status >= 300 and answer.status != refused:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        self.called.append((method, path.partition("?")[0]))
        return json.loads(text) if "json" in answer.headers["Content-Type"] else None

    def open(self, method: str, path: str, body: Any = None) -> HTTPResponse:
        """Make a call; the caller reads the answer."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, data, headers)
        return self.connection.getresponse()

    def live(self) -> Iterator[None]:
        """Open an account, log in, visit, and log out.

        Yield after each call.
        """
        account = {"username": self.name, "password": _PASSWORD}
        yield self.call("POST", "/register", account | {"email": f"{self.name}@example.org"})
        tokens = self.call("POST", "/auth", account)
        yield
        self.token = tokens["access_token"]
        for number in range(VISITS_PER_LOGIN):
            yield from self._look_around()
            yield from self._found(f"habit {number} of {self.name}")
            yield from self._take_part()
        passwords = {"old_password": _PASSWORD, "new_password": _PASSWORD[::-1]}
        yield self.call("POST", "/user/change_password", passwords)
        access, self.token = self.token, tokens["refresh_token"]
        yield self.call("POST", "/auth/refresh")
        self.token = access
        yield self.call("DELETE", "/auth")

    def _look_around(self) -> Iterator[None]:
        for path in ("/", "/health", "/ready", "/openapi.json", "/docs", "/identity"):
            yield self.call("GET", path)
        yield self.call("PATCH", "/identity", {"bio": "Here again."})
        yield self.call("PUT", "/bio", {"bio": "Here again, and again."})
        yield self.call("GET", "/movements?limit=50")
        yield self.call("GET", "/movements?search=every&sort=members&limit=50")

    def _found(self, name: str) -> Iterator[None]:
        """Start, change, read and delete a movement.

        Its network is read.
        """
        path = f"/movements/{self.call('POST', '/movements', _TEXTS | {'name': name})['id']}"
        yield
        yield self.call("PATCH", path, {"description": "Every single day."})
        yield self.call("GET", f"{path}/network")
        yield self.call("DELETE", path)

    def _take_part(self) -> Iterator[None]:
        """Join the movement with members, follow and post, and leave."""
        path = self.movement
        leaders = self.call("PUT", f"{path}/subscriber")["leaders"]
        yield
        yield self.call("GET", path)
        yield self.call("GET", "/movements/subscriptions")
        yield self.call("GET", f"{path}/followers")
        # another person who left may have changed the leaders since
        yield self.call("GET", f"{path}/leader/{leaders[0]['id']}", refused=404)
        yield self.call("POST", f"{path}/leader/{leaders[0]['id']}", refused=404)
        yield self.call("POST", f"{path}/leader", refused=409)
        posted = self.call("POST", f"{path}/updates", {"message": "I did it."})
        yield
        yield self.call("GET", f"{path}/updates")
        yield self.call("GET", f"{path}/updates/{posted['id']}")
        yield self.call("DELETE", f"{path}/updates/{posted['id']}")
        yield self.call("POST", f"{path}/update", {})
        yield self.call("POST", f"{path}/signal", {})
        yield self.call("DELETE", f"{path}/subscriber")


def never_called(app: Flask, called: set[tuple[str, str]]) -> list[str]:
    """Return an app's calls that were not made.

    They are the calls that it offers.
    """
    urls = app.url_map.bind("localhost")
    known = {(method, urls.match(path, method)[0]) for method, path in called}
    offered = {
        (method, rule.endpoint): rule.rule
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.endswith("static")
    }
    return sorted(f"{method} {offered[method, name]}" for method, name in offered.keys() - known)
