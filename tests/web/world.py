"""A server with members and movements.

It is for the tests of the app.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.mailbox import kept, text_of, token_of
from tests.servers import PATIENCE, serve

PASSWORD = "correct horse"


@dataclass(frozen=True)
class World:
    """A running server, and where it writes its mails."""

    url: str
    mails: Path

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """Call the service as a program does."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, headers, method=method)
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def register(self, name: str) -> str:
        """Open an account; return a token of it."""
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        self.call("POST", "/register", account | {"time_zone": "Europe/Amsterdam"})
        return self.log_in(name)

    def log_in(self, name: str) -> str:
        """Return a token of an account."""
        answer = self.call("POST", "/auth", {"username": name, "password": PASSWORD})
        return str(answer["access_token"])

    def start(self, token: str, name: str, **more: Any) -> int:
        """Start a movement; return its id."""
        movement = {"name": name, "short_description": "A habit.", "interval": "daily"}
        return int(self.call("POST", "/movements", movement | more, token)["id"])

    def join(self, token: str, movement: int) -> None:
        """Join a movement."""
        self.call("PUT", f"/movements/{movement}/subscriber", {}, token)

    def link_to(self, address: str, page: str) -> str:
        """Return the path and token of the newest mail.

        It leads to the page. A job sends mails soon after their request.
        """
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            mails = [mail for mail in kept(self.mails) if mail["To"] == address]
            linked = [mail for mail in mails if f"/{page}#" in text_of(mail)]
            if linked:
                return f"/app/{page}#token={token_of(linked[-1])}"
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address} leads to {page}")


@contextmanager
def populated(database_url: str, app: str = "wsgi:app") -> Iterator[World]:
    """Run a server with three members and two movements.

    They are ann, ben and cor.
    """
    settings = {"CLIENT_URL": "http://127.0.0.1:5000/app", "JOBS": "embedded", "GROUPS": "true"}
    with serve(database_url, app=app, **settings) as server:
        world = World(server.url, server.log.parent / "mail")
        tokens = [world.register(name) for name in ("ann", "ben", "cor")]
        for name in ("Floss every day", "Read ten pages"):
            movement = world.start(tokens[0], name)
            for token in tokens[1:]:
                world.join(token, movement)
        yield world
