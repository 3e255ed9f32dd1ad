"""People who call a real server."""

import json
import random
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.servers import PATIENCE

PASSWORD = "correct horse battery"


class Person:
    """A person with an account, who calls the service."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name, self.token = url, name, ""
        self.statuses: list[int] = []

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call, record the status, and return the answer's body."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                self.statuses.append(answer.status)
                return json.loads(answer.read())
        except HTTPError as answer:
            with answer:
                self.statuses.append(answer.code)
                return json.loads(answer.read())

    def register(self) -> None:
        self.call("POST", "/register", account(self.name))

    def log_in(self) -> None:
        tokens = self.call("POST", "/auth", {"username": self.name, "password": PASSWORD})
        self.token = tokens["access_token"]

    def start(self, movement: str) -> None:
        """Start a movement."""
        texts = {"name": movement, "short_description": "Something worth doing"}
        self.call("POST", "/movements", texts | {"interval": "daily"})

    def do_anything(self, dice: random.Random, movements: list[str]) -> None:
        """Do random acts of a member."""
        path = f"/movements/{dice.choice(movements)}"
        action = dice.choice(["join", "join", "leave", "swap", "swap", "post", "list", "home"])
        if action == "join":
            self.call("PUT", f"{path}/subscriber")
        elif action == "leave":
            self.call("DELETE", f"{path}/subscriber")
        elif action == "post":
            self.call("POST", f"{path}/updates", {"message": "did it"})
        elif action == "list":
            self.call("GET", "/movements?sort=members&limit=5")
        elif action == "home":
            self.call("GET", "/movements/subscriptions")
        elif leaders := self.call("GET", path).get("leaders"):
            self.call("POST", f"{path}/leader/{dice.choice(leaders)['id']}")


def account(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
