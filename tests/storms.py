"""People who act at once, and check their answers.

The actors compare before each change, and `contradictions` compares at the end. A member's leader
may rightly change a moment after an answer, because others join and leave. So a trigger records
every change of a leader, and each swap that was answered must be among them.
"""

import json
import logging
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from threading import Barrier, Event
from typing import Any, Protocol, Self

import sqlalchemy as sa
from flask import Flask

from gridt import create_app
from gridt.http.auth import tokens_for
from gridt.models import Block, Login, Update
from gridt.runtime.clock import utcnow
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db
from tests.networks import keys_of, make_movements, people, plant, ring

#: seconds until a waiting caller gives up
PATIENCE = 60
#: the most members of a movement who act; the others only lead and follow
_ACTING = 600
#: calls that a process makes at least, however slow the machine is
_LEAST = 50

#: answers that people may get: yes, not subscribed or no eligible member, and a leader who is gone
FINE = {
    "200",
    "201",
    "409 not-subscribed",
    "409 nobody-eligible",
    "409 no-open-slot",
    "404 not-following",
}

_NOTE = "INSERT INTO witnessed VALUES (old.follower_id, old.leader_id, new.leader_id);"
_WHEN = "CREATE TRIGGER witness AFTER UPDATE OF leader_id ON movement_user_associations"
_WITNESS = {
    "sqlite": [f"{_WHEN} BEGIN {_NOTE} END"],
    "postgresql": [
        "CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql"
        f" AS 'BEGIN {_NOTE} RETURN NULL; END'",
        f"{_WHEN} FOR EACH ROW EXECUTE FUNCTION witness()",
    ],
}


@dataclass(frozen=True)
class Crowd:
    """A movement with members, actors and their tokens."""

    movement: int
    members: frozenset[int]
    tokens: dict[int, str]


def gather(members: int) -> Crowd:
    """Fill a movement in bulk, and log its people in.

    Bulk inserts add also some people outside of it.
    """
    (movement,) = make_movements(1)
    everybody = people(members + min(60, members // 5))
    plant(movement, ring(everybody[:members]))
    now = utcnow()
    logins = [
        {"user_id": user, "created_at": now, "refreshed_at": now, "refresh_jti": "none"}
        for user in everybody[-_ACTING:]
    ]
    db.session.execute(sa.insert(Login), logins)
    db.session.execute(
        sa.text("CREATE TABLE witnessed (follower INTEGER, left_one INTEGER, chosen INTEGER)")
    )
    for statement in _WITNESS[db.engine.dialect.name]:
        db.session.execute(sa.text(statement))
    tokens = {
        login.user_id: tokens_for(login)["access_token"]
        for login in db.session.scalars(sa.select(Login))
    }
    id = movement.id
    db.session.commit()
    db.session.remove()
    return Crowd(id, frozenset(everybody[:members]), tokens)


@dataclass
class Memory:
    """The answers to actors, and the unknown outcomes."""

    statuses: Counter[str] = field(default_factory=Counter)
    #: the service's retries, by the error that caused them
    retries: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    #: the ids of updates by their messages, each of which is used once
    posted: dict[str, int] = field(default_factory=dict)
    perhaps_posted: set[str] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    perhaps_deleted: set[int] = field(default_factory=set)
    #: None when the last call that changed it had no answer
    subscribed: dict[int, bool | None] = field(default_factory=dict)
    #: whether one user blocks another; None when the last call that changed it had no answer
    blocked: dict[tuple[int, int], bool | None] = field(default_factory=dict)
    #: each swap: the follower, the old leader and the new one
    swaps: Counter[tuple[int, int | None, int]] = field(default_factory=Counter)
    #: contradictions to earlier answers
    lost: list[str] = field(default_factory=list)

    @classmethod
    def of_all(cls, memories: Iterable[Self]) -> Self:
        """Return the memories of several actors as one."""
        together = cls()
        for one in memories:
            for name, mine in vars(together).items():
                add = mine.extend if isinstance(mine, list) else mine.update
                add(getattr(one, name))
        return together

    def summary(self) -> str:
        """Return a short summary."""
        retries = ", ".join(f"{name} {times}" for name, times in self.retries.items()) or "nothing"
        statuses = ", ".join(f"{text} {n}" for text, n in sorted(self.statuses.items()))
        return (
            f"{len(self.seconds)} calls ({statuses}), the slowest {max(self.seconds):.2f} s;"
            f" {len(self.posted)} updates, {sum(self.swaps.values())} swaps acknowledged;"
            f" tried again: {retries}; lost: {len(self.lost)}"
        )


@dataclass(frozen=True)
class Answer:
    """An answer of the service.

    Its status is 0 if there was none at all.
    """

    status: int
    body: Any = None
    retry_after: str | None = None

    @property
    def unsure(self) -> bool:
        """Whether it is unknown if a change was made."""
        return self.status == 0 or self.status >= 500


class Caller(Protocol):
    """A way to call the service with a token."""

    def __call__(self, token: str, method: str, path: str, body: Any = None) -> Answer: ...


class Actor:
    """Acts for a part of a crowd.

    No other actor lets those people join and leave.

    :param number: the number of the part, and how many there are
    """

    def __init__(self, crowd: Crowd, number: int, of: int, call: Caller) -> None:
        self.crowd, self.number, self._call = crowd, number, call
        self.everybody = list(crowd.tokens)
        self.mine = self.everybody[number::of]
        self.dice = random.Random(number)
        self.memory = Memory(subscribed={user: user in crowd.members for user in self.mine})

    def live(self, is_over: Callable[[], bool]) -> Memory:
        """Do random acts until the storm is over.

        Return the memory of them.
        """
        chances = {
            self.join: 4,
            self.leave: 3,
            self.swap: 5,
            self.fill: 1,
            self.post: 5,
            self.take_back: 1,
            self.block: 1,
            self.unblock: 1,
        }
        while not is_over():
            self.dice.choices(list(chances), list(chances.values()))[0]()
        return self.memory

    def join(self) -> None:
        self._subscribe(True)

    def leave(self) -> None:
        self._subscribe(False)

    def swap(self) -> None:
        user = self.dice.choice(self.everybody)
        seen = self.call(user, "GET")
        if seen.status == 200 and seen.body.get("leaders"):
            left = self.dice.choice(seen.body["leaders"])["id"]
            answer = self.call(user, "POST", f"/leader/{left}")
            if answer.status == 200:
                self._remember_leader(user, left, answer.body["id"])

    def fill(self) -> None:
        user = self.dice.choice(self.everybody)
        answer = self.call(user, "POST", "/leader")
        if answer.status == 201:
            self._remember_leader(user, None, answer.body["id"])

    def post(self) -> None:
        message = f"{self.number}: {self.dice.random()}"
        user = self.dice.choice(self.everybody)
        answer = self.call(user, "POST", "/updates", {"message": message})
        if answer.status == 201:
            self.memory.posted[message] = answer.body["id"]
        elif answer.unsure:
            self.memory.perhaps_posted.add(message)

    def take_back(self) -> None:
        """Delete a person's last update.

        Only this actor could have posted it.
        """
        user = self.dice.choice(self.mine)
        seen = self.call(user, "GET", "/updates?limit=1")
        if seen.status == 200 and seen.body:
            update = seen.body[0]["id"]
            answer = self.call(user, "DELETE", f"/updates/{update}")
            if answer.status == 200:
                self.memory.deleted.add(update)
            elif answer.unsure:
                self.memory.perhaps_deleted.add(update)
            elif update not in self.memory.perhaps_deleted:
                self.memory.lost.append(f"update {update} cannot be deleted: {answer}")

    def block(self) -> None:
        """Block any user, or a leader or follower.

        They may do the same just now.
        """
        user, other = self.dice.choice(self.mine), self.dice.choice(self.everybody)
        seen = self.call(user, "GET")
        if seen.status == 200 and seen.body.get("leaders"):
            other = self.dice.choice(seen.body["leaders"])["id"]
        if other == user:
            return
        if self.call_about(user, "PUT", other).status == 200:
            self.memory.blocked[user, other] = True
        else:
            self.memory.blocked[user, other] = None

    def unblock(self) -> None:
        """Remove any block that a person of this actor made."""
        made = [pair for pair, blocked in self.memory.blocked.items() if blocked]
        if made:
            user, other = pair = self.dice.choice(made)
            done = self.call_about(user, "DELETE", other).status == 200
            self.memory.blocked[pair] = False if done else None

    def call_about(self, user: int, method: str, other: int) -> Answer:
        """Block another user, or remove the block."""
        return self.call(user, method, address=f"/identity/blocks/{other}")

    def call(
        self, user: int, method: str, path: str = "", body: Any = None, address: str = ""
    ) -> Answer:
        """Call as a user, and record the outcome."""
        began = time.monotonic()
        address = address or f"/movements/{self.crowd.movement}{path}"
        answer = self._call(self.crowd.tokens[user], method, address, body)
        self.memory.seconds.append(time.monotonic() - began)
        problem = "" if answer.status < 400 else answer.body["type"].rpartition("/")[2]
        self.memory.statuses[f"{answer.status or 'no answer'} {problem}".strip()] += 1
        if answer.status == 503 and not answer.retry_after:
            self.memory.lost.append("a 503 did not say when to try again")
        if answer.unsure:
            time.sleep(0.02)  # a busy loop would take the core that the server needs to come back
        return answer

    def _subscribe(self, joining: bool) -> None:
        user = self.dice.choice(self.mine)
        known, answer = self.memory.subscribed[user], self.call(user, "GET")
        if answer.status == 200 and known not in (None, answer.body["subscribed"]):
            self.memory.lost.append(f"an answer to user {user} was: subscribed={known}")
        answer = self.call(user, "PUT" if joining else "DELETE", "/subscriber")
        if answer.status == 200:
            self.memory.subscribed[user] = joining
        elif answer.unsure:
            self.memory.subscribed[user] = None

    def _remember_leader(self, user: int, left: int | None, chosen: int) -> None:
        self.memory.swaps[user, left, chosen] += 1
        if chosen in (user, left):
            self.memory.lost.append(f"user {user} was given {chosen} for {left}")


def contradictions(crowd: Crowd, memory: Memory) -> list[str]:
    """Return all answers that contradict the database."""
    rows = db.session.execute(sa.select(Update.message, Update.id)).all()
    stored, gone = dict(rows), memory.deleted | memory.perhaps_deleted
    messages = Counter(message for message, _ in rows)
    found = [f"update {one!r} is there {n} times" for one, n in messages.items() if n > 1]
    known = memory.posted.keys() | memory.perhaps_posted
    found += [f"update {one!r} was refused" for one in messages.keys() - known]
    # by message and id, because SQLite reuses the id of an update that was not saved
    found += [
        f"update {id} is lost"
        for message, id in memory.posted.items()
        if id not in gone and stored.get(message) != id
    ]
    found += [f"update {id} was deleted" for id in memory.deleted & set(stored.values())]

    members = keys_of(crowd.movement).keys()
    known = memory.subscribed | dict.fromkeys(crowd.members - crowd.tokens.keys(), True)
    found += [
        f"an answer to user {user} was: subscribed={subscribed}"
        for user, subscribed in known.items()
        if subscribed not in (None, user in members)
    ]
    pairs = db.session.execute(sa.select(Block.blocker_id, Block.blocked_id)).all()
    blocks = {tuple(pair) for pair in pairs}
    found += [
        f"an answer about {pair} was: blocked={blocked}"
        for pair, blocked in memory.blocked.items()
        if blocked not in (None, pair in blocks)
    ]
    witnessed = db.session.execute(sa.text("SELECT follower, left_one, chosen FROM witnessed"))
    lost = memory.swaps - Counter(tuple(row) for row in witnessed)
    return found + [f"user {one[0]} was not given {one[2]} for {one[1]}" for one in lost]


# -- in processes, each of which is a worker of its own ---------------------------------------


class InProcess:
    """Calls an app within the process, through the whole stack."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def __call__(self, token: str, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.client.open(path, method=method, json=body, headers=headers)
        return Answer(answer.status_code, answer.json, answer.headers.get("Retry-After"))


class Retries(logging.Handler):
    """Counts the retries of the service."""

    def __init__(self, counted: Counter[str]) -> None:
        super().__init__()
        self.counted = counted
        logging.getLogger("gridt.http.requests").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        assert isinstance(record.args, tuple)
        self.counted[str(record.args[0])] += 1


def storm_of_processes(settings: Settings, crowd: Crowd, processes: int, seconds: float) -> Memory:
    """Let some processes act at once.

    Each has an app and connections of its own.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    begin = context.Barrier(processes)
    live = partial(_live, crowd, processes, seconds)
    with ProcessPoolExecutor(processes, context, _arrive, (settings, begin)) as pool:
        return Memory.of_all(pool.map(live, range(processes)))


def _arrive(settings: Settings, begin: Barrier) -> None:
    """Make this process's app, and wait for the others.

    The wait ends when every process has one.
    """
    global _app
    _app = create_app(settings)
    begin.wait(PATIENCE)


def _live(crowd: Crowd, processes: int, seconds: float, number: int) -> Memory:
    actor = Actor(crowd, number, processes, InProcess(_app))
    Retries(actor.memory.retries)
    over, made = time.monotonic() + seconds, actor.memory.seconds
    return actor.live(lambda: time.monotonic() > over and len(made) >= _LEAST)


# -- over HTTP, with something happening to the server or the database -------------------------


class OverHTTP:
    """Calls a server, which may be away."""

    def __init__(self, url: str) -> None:
        self.address = url.removeprefix("http://")

    def __call__(self, token: str, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
            return Answer(answer.status, content, answer.getheader("Retry-After"))
        except (OSError, HTTPException):  # killed while it answered, or not there
            return Answer(0)
        finally:
            connection.close()


class Storm:
    """Actors who call a server from threads.

    They act for the length of a `with` block.
    """

    def __init__(self, url: str, crowd: Crowd, amount: int) -> None:
        self._over = Event()
        self._threads = ThreadPoolExecutor(amount)
        self.actors = [Actor(crowd, number, amount, OverHTTP(url)) for number in range(amount)]

    def __enter__(self) -> Self:
        self._lives = [self._threads.submit(one.live, self._over.is_set) for one in self.actors]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._threads.shutdown()

    def go_on(self, updates: int) -> None:
        """Return when this many more updates have been acknowledged."""
        wanted, give_up = self._posted() + updates, time.monotonic() + PATIENCE
        while self._posted() < wanted:
            assert time.monotonic() < give_up, "nobody is served any more"
            time.sleep(0.02)

    def unanswered(self) -> int:
        """Return how many calls had no answer so far."""
        return sum(actor.memory.statuses["no answer"] for actor in self.actors)

    def memory(self) -> Memory:
        """Return all actors' memory, when the storm is over."""
        return Memory.of_all(life.result() for life in self._lives)

    def _posted(self) -> int:
        return sum(len(actor.memory.posted) for actor in self.actors)
