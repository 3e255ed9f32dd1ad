"""The operations that compare two trees, and their callers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson

from bench.load import JOINED, LISTED, READERS, Call
from bench.trees import Databases, Runner

#: the largest goal, which no turn of a run reaches
_MOST_UPDATES = 50

_PASSWORD = "correct horse battery"

#: the path of the large movement, which is made first
_MOVEMENT = "/movements/1"


@dataclass(frozen=True)
class Account:
    """A name and a password to log in with."""

    username: str
    password: str

    @property
    def login(self) -> Call:
        """Return the call that logs the account in."""
        body = {"username": self.username, "password": self.password}
        return Call("POST", "/auth", body=orjson.dumps(body).decode())


#: the path of a small movement that no reader joins
_WITH_GOAL = f"/movements/{LISTED}"

#: accounts of members of the large movement, of outsiders, and of readers of small movements
Accounts = Mapping[str, list[Account]]


class Side:
    """One of the two trees, with everything of its own.

    It has its own process, its own database and its own tokens.

    :param accounts: by kind, as many of each kind as a batch has calls
    :param is_new: whether this is the tree that is compared with the other
    """

    def __init__(self, runner: Runner, accounts: Accounts, *, is_new: bool) -> None:
        self.runner, self.accounts, self.is_new = runner, accounts, is_new
        self.tokens = {kind: tokens_of(runner, some) for kind, some in accounts.items()}

    def by(self, kind: str, method: str, path: str, body: str | None = None) -> list[Call]:
        """Return the same call by each account of a kind."""
        return [Call(method, path, token, body) for token in self.tokens[kind]]

    def leaders(self) -> list[int]:
        """Return the id of each member's first leader."""
        movements = self.runner.bodies(self.by("members", "GET", _MOVEMENT))
        return [movement["leaders"][0]["id"] for movement in movements]


def tokens_of(runner: Runner, accounts: list[Account]) -> list[str]:
    """Log accounts in, and return their access tokens."""
    answers = runner.bodies([account.login for account in accounts])
    return [answer["access_token"] for answer in answers]


Calls = Callable[[Side], list[Call]]


def _by(kind: str, method: str, path: str, body: str | None = None) -> Calls:
    return lambda side: side.by(kind, method, path, body)


def _without_token(path: str) -> Calls:
    return lambda side: [Call("GET", path) for _ in side.tokens["members"]]


def _nothing(_side: Side) -> list[Call]:
    return []


def _logins(side: Side) -> list[Call]:
    return [account.login for account in side.accounts["members"]]


def _swaps(side: Side) -> list[Call]:
    """Return a swap of each member's first leader."""
    pairs = zip(side.tokens["members"], side.leaders(), strict=True)
    return [Call("POST", f"{_MOVEMENT}/leader/{leader}", token) for token, leader in pairs]


def _blocks(side: Side) -> list[Call]:
    """Return a block of each member's first leader."""
    pairs = zip(side.tokens["members"], side.leaders(), strict=True)
    return [Call("PUT", f"/identity/blocks/{leader}", token) for token, leader in pairs]


def _join_with_goal(side: Side) -> list[Call]:
    """Return calls that let members join a movement.

    It has a goal in the new tree. Turns that have begun keep theirs, so the goal comes first.
    """
    terms: dict[str, Any] = {"counts_every_update": True}
    if side.is_new:
        terms["goal"] = {"of": "count", "at_least": _MOST_UPDATES}
    creator, *_ = side.tokens["readers"]
    change = Call("PATCH", _WITH_GOAL, creator, orjson.dumps(terms).decode())
    return [change, *side.by("members", "PUT", f"{_WITH_GOAL}/subscriber")]


def _unblocks(side: Side) -> list[Call]:
    """Return calls that lift all blocks of the members."""
    lists = side.runner.bodies(side.by("members", "GET", "/identity/blocks"))
    return [
        Call("DELETE", f"/identity/blocks/{user['id']}", token)
        for token, blocked in zip(side.tokens["members"], lists, strict=True)
        for user in blocked
    ]


@dataclass(frozen=True)
class Operation:
    """Measured calls, with the calls before and after them.

    A measured call needs the ones before it, and the ones after it.

    :param calls: one call for each account of a kind
    :param prepare: calls before these, not measured
    :param undo: calls after them, not measured, so that the next batch finds the same state
    :param repeats: how often a batch makes the calls: cheap ones often, to reduce the noise
    :param limit: the largest ratio, where it is not that of the run
    """

    calls: Calls
    prepare: Calls = _nothing
    undo: Calls = _nothing
    repeats: int = 1
    limit: float | None = None


def _cheap(calls: Calls) -> Operation:
    return Operation(calls, repeats=5)


_JOIN = _by("outsiders", "PUT", f"{_MOVEMENT}/subscriber")
_LEAVE = _by("outsiders", "DELETE", f"{_MOVEMENT}/subscriber")
_UPDATES = f"{_MOVEMENT}/updates"

OPERATIONS: dict[str, Operation] = {
    "health": _cheap(_without_token("/health")),
    "list_movements": _cheap(_by("readers", "GET", f"/movements?limit={LISTED}&sort=newest")),
    "subscriptions": _cheap(_by("readers", "GET", "/movements/subscriptions")),
    "movement": _cheap(_by("members", "GET", _MOVEMENT)),
    "post_update": Operation(_by("members", "POST", _UPDATES, "{}")),
    "post_with_goal": Operation(
        _by("members", "POST", f"{_WITH_GOAL}/updates", "{}"), _join_with_goal, limit=1.15
    ),
    "post_message": Operation(_by("members", "POST", _UPDATES, '{"message": "Felt great."}')),
    "join": Operation(_JOIN, undo=_LEAVE),
    "leave": Operation(_LEAVE, prepare=_JOIN),
    "swap": Operation(_swaps),
    "followers": _cheap(_by("members", "GET", f"{_MOVEMENT}/followers")),
    "updates": _cheap(_by("members", "GET", _UPDATES)),
    "history": Operation(_by("members", "GET", f"{_MOVEMENT}/history")),
    "auth": Operation(_logins),
    "block": Operation(_blocks, undo=_unblocks),
    "export": Operation(_by("members", "GET", "/identity/export")),
}


def fill(databases: Databases, url: str, tree: Path, members: int, calls: int) -> Accounts:
    """Fill a database by a tree's own means.

    The means are its migrations, its demo data, and HTTP.

    :param members: how many members the large movement has
    :param calls: how many accounts of each kind to make
    """
    runner = Runner(tree, url, databases.folder / "fill.log")
    try:
        options = (f"--members={members}", "--movements=1", "--weeks=2")
        password = runner.command("gridt", "demo-data", *options).split()[-1]
        numbers = range(1, members + 1, max(1, members // calls))
        accounts = {
            "members": [Account(f"demo{number}", password) for number in numbers],
            "outsiders": _registered(runner, "outsider", calls),
            "readers": _registered(runner, "reader", min(READERS, calls)),
        }
        _start_movements(runner, accounts["readers"])
    finally:
        runner.close()
    databases.analyze(url)
    return {kind: list(islice(cycle(some), calls)) for kind, some in accounts.items()}


def _registered(runner: Runner, name: str, count: int) -> list[Account]:
    accounts = [Account(f"{name}{number}", _PASSWORD) for number in range(count)]
    bodies: list[dict[str, Any]] = [
        {
            "username": account.username,
            "email": f"{account.username}@example.org",
            "password": account.password,
        }
        for account in accounts
    ]
    runner.bodies([Call("POST", "/register", body=orjson.dumps(body).decode()) for body in bodies])
    return accounts


def _start_movements(runner: Runner, readers: list[Account]) -> None:
    """Start movements to list, some of which all readers join."""
    tokens = tokens_of(runner, readers)
    text = {"short_description": "something to do", "interval": "daily"}
    movements = runner.bodies(
        [
            Call("POST", "/movements", tokens[0], orjson.dumps(body).decode())
            for body in ({"name": f"habit {number}"} | text for number in range(LISTED - 1))
        ]
    )
    runner.bodies(
        [
            Call("PUT", f"/movements/{movement['id']}/subscriber", token)
            for movement in movements[:JOINED]
            for token in tokens[1:]
        ]
    )
