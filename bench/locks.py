"""`python -m bench.locks`: the gain from concurrent changes.

The changes are all of one hot movement.

Two gunicorns serve one PostgreSQL that stores every commit as in production. One is the product.
The other lets one transaction at a time change a movement of any size. Clients in processes of
their own join, leave, swap and post in one movement, by each server in turn: A B A B.
"""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import Random
from statistics import mean, median, quantiles
from threading import Event
from typing import Any
from unittest.mock import patch

import click
from flask import Flask, Response, g
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext

from bench.databases import World, worlds
from gridt import create_app
from gridt.models.network import locking
from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests import postgres, servers

#: the locks of a change of a network: the movement alone, or rows as in the product
GUARDS = ("movement", "rows")
#: gunicorn's workers, of four threads each as in the product
PROCESSES = 2
CLIENTS = 12
#: how many of twenty calls are of each kind
MIX = {"subscribe": 5, "unsubscribe": 5, "swap": 5, "post": 3, "fill": 2}
#: the kinds that change the network
CHANGES = ("subscribe", "unsubscribe", "swap")
#: PostgreSQL's defaults, which `tests.postgres` changes for speed
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
#: the header in which a server lists the statements that failed before the last attempt
FAILED = "Bench-Failed"


# -- the servers ----------------------------------------------------------------------------


def make_app(guard: str, pause: float) -> Flask:
    """Return the service with a guard; gunicorn calls it.

    Its database is as far away as the environment says.
    """
    app = create_app()
    if guard == "movement":
        locking.EXCLUSIVE_UP_TO = 2**31 - 1
    with app.app_context():
        engine = db.engine
    far_away(engine, pause)

    @event.listens_for(engine, "handle_error")
    def _record_failure(context: ExceptionContext) -> None:
        code = getattr(context.original_exception, "sqlstate", None)
        g.failed = [*g.get("failed", []), code or type(context.original_exception).__name__]

    @app.after_request
    def _list_failures(response: Response) -> Response:
        response.headers[FAILED] = " ".join(g.get("failed", []))
        return response

    return app


def far_away(engine: Engine, pause: float) -> None:
    """Wait before each message to the database.

    The wait is the time of the message's way there and back.

    Messages are every statement, BEGIN, COMMIT, ROLLBACK, and the pool's check of a connection.
    """
    if pause:
        for name in ("before_cursor_execute", "begin", "commit", "rollback", "checkout"):
            event.listen(engine, name, lambda *_: time.sleep(pause))


# -- the clients ----------------------------------------------------------------------------


@dataclass
class Storm:
    """A round of calls: milliseconds by operation, and answers.

    All calls are to one movement.
    """

    took: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in MIX})
    #: unexpected statuses, with their slugs
    refused: Counter[str] = field(default_factory=Counter)
    #: statements that failed, in attempts that were repeated or given up
    failed: Counter[str] = field(default_factory=Counter)


class Client:
    """Some people who call one after the other.

    Some of them are in the movement, and some are not.
    """

    def __init__(
        self, address: str, movement_id: int, inside: list[str], outside: list[str]
    ) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.path = f"/movements/{movement_id}"
        self.inside, self.outside = inside, outside
        self.leaders: dict[str, list[int]] = {}
        self.dice = Random()
        self.storm = Storm()

    def run(self, until: float) -> Storm:
        """Make random calls until that time."""
        names, weights = list(MIX), list(MIX.values())
        while time.time() < until:
            (name,) = self.dice.choices(names, weights)
            people = self.outside if name == "subscribe" else self.inside
            if people:
                self.dice.shuffle(people)
                getattr(self, name)(people[-1])
        self.connection.close()
        return self.storm

    def subscribe(self, token: str) -> None:
        status, answer = self.call("subscribe", "PUT", "/subscriber", token)
        if status == 200:
            self.inside.append(self.outside.pop())
            self.leaders[token] = [leader["id"] for leader in answer["leaders"]]

    def unsubscribe(self, token: str) -> None:
        status, _ = self.call("unsubscribe", "DELETE", "/subscriber", token)
        if status == 200:
            self.outside.append(self.inside.pop())

    def swap(self, token: str) -> None:
        leaders = self.leaders.get(token)
        if not leaders:
            _, answer = self.call(None, "GET", "", token)
            leaders = self.leaders[token] = [leader["id"] for leader in answer["leaders"]]
        if leaders:
            left = leaders.pop(self.dice.randrange(len(leaders)))
            status, answer = self.call("swap", "POST", f"/leader/{left}", token)
            leaders += [answer["id"]] if status == 200 else []

    def post(self, token: str) -> None:
        self.call("post", "POST", "/updates", token)

    def fill(self, token: str) -> None:
        self.call("fill", "POST", "/leader", token)

    def call(self, name: str | None, method: str, path: str, token: str) -> tuple[int, Any]:
        """Make a call and record its time.

        The time is recorded under a name, if the call has one.
        """
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {token}"}
        self.connection.request(method, self.path + path, headers=headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if name:
            self.storm.took[name].append(1000 * (time.perf_counter() - began))
        self.storm.failed.update(response.headers[FAILED].split())
        if response.status >= 300:
            self.storm.refused[f"{response.status} {answer['type'].rpartition('/')[2]}"] += 1
        return response.status, answer


def be_clients(
    address: str, movement_id: int, inside: list[str], outside: list[str], until: float
) -> tuple[Storm, list[str], list[str]]:
    """Be one client, in a process of its own.

    Also return the people who are in and out now.
    """
    client = Client(address, movement_id, inside, outside)
    return client.run(until), client.inside, client.outside


# -- the measurement ------------------------------------------------------------------------


@dataclass
class Series:
    """The figures of some rounds with one guard."""

    storms: list[Storm] = field(default_factory=list)
    #: all operations per second of each round, and those that change the network
    per_second: list[float] = field(default_factory=list)
    changes_per_second: list[float] = field(default_factory=list)
    #: transactions that wrote or locked something, at each look
    writing: list[int] = field(default_factory=list)
    deadlocks: int = 0

    def quantile(self, name: str, percent: int) -> float:
        """Return a quantile of the times, in milliseconds.

        This percentage of the operations did not exceed it.
        """
        took = [one for storm in self.storms for one in storm.took[name]]
        return quantiles(took, n=100, method="inclusive")[percent - 1]

    def row(self) -> dict[str, str]:
        """Return the figures in the form of the table."""
        took = {
            name: f"{self.quantile(name, 50):.0f} / {self.quantile(name, 95):.0f}" for name in MIX
        }
        refused = sum((storm.refused for storm in self.storms), Counter[str]())
        failed = sum((storm.failed for storm in self.storms), Counter[str]())
        return {
            "per_second": f"{median(self.per_second):.0f}",
            "changes_per_second": f"{median(self.changes_per_second):.0f}",
            "least_and_most": f"{min(self.changes_per_second):.0f} to"
            f" {max(self.changes_per_second):.0f}",
            **took,
            "writing_at_once": f"{mean(self.writing):.1f}",
            "failed_statements": ", ".join(f"{n} x {code}" for code, n in failed.items()),
            "refused": ", ".join(f"{n} x {what}" for what, n in refused.items()),
            "deadlocks": str(self.deadlocks),
        }


class Crowd:
    """The clients, each in a process of its own.

    Some of their people are in the movement, and some are not.
    """

    def __init__(self, stack: ExitStack, world: World) -> None:
        self.pool = stack.enter_context(get_context("spawn").Pool(CLIENTS))
        self.pool.map(abs, range(CLIENTS), 1)  # starting them takes a while
        self.world = world
        self.inside = [world.inside[number::CLIENTS] for number in range(CLIENTS)]
        self.outside = [world.outside[number::CLIENTS] for number in range(CLIENTS)]

    def storm(self, address: str, seconds: float) -> list[Storm]:
        """Start all clients on a server."""
        until = time.time() + seconds
        people = zip(self.inside, self.outside, strict=True)
        told = [(address, self.world.movement_id, *some, until) for some in people]
        storms, inside, outside = zip(*self.pool.starmap(be_clients, told, 1), strict=True)
        self.inside, self.outside = list(inside), list(outside)
        return list(storms)


def measure(
    world: World, crowd: Crowd, pause: float, rounds: int, seconds: float
) -> dict[str, Series]:
    """Measure each round: the clients call all servers in turn.

    The figures of each round are added up.
    """
    series = {guard: Series() for guard in GUARDS}
    with ExitStack() as stack:
        addresses = {guard: stack.enter_context(_serving(world, guard, pause)) for guard in GUARDS}
        for number in range(-1, rounds):  # the first one only warms up
            for guard, address in addresses.items():
                one = Series()
                with _watching(world, one):
                    one.storms = crowd.storm(address, seconds if number >= 0 else 3)
                if number >= 0:
                    _add(series[guard], one, seconds)
    with world.app.app_context():
        broken = list(violations())
        db.session.remove()
    if broken:
        raise RuntimeError(f"invariants are broken: {broken}")
    return series


def _add(series: Series, one: Series, seconds: float) -> None:
    done = Counter({name: sum(len(storm.took[name]) for storm in one.storms) for name in MIX})
    series.storms += one.storms
    series.per_second.append(done.total() / seconds)
    series.changes_per_second.append(sum(done[name] for name in CHANGES) / seconds)
    series.writing += one.writing
    series.deadlocks += one.deadlocks


@contextmanager
def _serving(world: World, guard: str, pause: float) -> Iterator[str]:
    app = f"bench.locks:make_app('{guard}', {pause})"
    with servers.serve(world.url, PROCESSES, app, SECRET_KEY=str(world.app.secret_key)) as server:
        yield server.url.removeprefix("http://")


@contextmanager
def _watching(world: World, series: Series) -> Iterator[None]:
    """Record transactions that write at once, and count deadlocks."""
    with world.app.app_context():
        engine = db.engine
    writing = text(
        "SELECT count(*) FROM pg_locks"
        " WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted"
    )
    deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    over = Event()

    def look() -> None:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            before = connection.scalar(deadlocks)
            while not over.wait(0.05):
                series.writing.append(connection.scalar(writing) or 0)
            series.deadlocks = (connection.scalar(deadlocks) or 0) - (before or 0)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield
        finally:
            over.set()
            looking.result()


def message_ms(world: World, pause: float) -> float:
    """Return how long an empty statement takes at this distance."""
    with world.app.app_context():
        engine = create_engine(db.engine.url)
    far_away(engine, pause)
    took = []
    with engine.connect() as connection:
        for _ in range(200):
            began = time.perf_counter()
            connection.execute(text("SELECT 1"))
            took.append(1000 * (time.perf_counter() - began))
    engine.dispose()
    return median(took)


@click.command()
@click.option("--members", type=click.IntRange(CLIENTS), default=3000, show_default=True)
@click.option(
    "--pause", "pauses", type=float, multiple=True, default=(0.0, 1.0), help="Milliseconds."
)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--durable/--hasty", default=True, help="Whether a commit waits for the disk.")
def main(members: int, pauses: tuple[float, ...], rounds: int, seconds: int, durable: bool) -> None:
    """Measure the gain from concurrent changes of one hot movement."""
    settings = DURABLE if durable else {}
    with patch.dict(postgres.SETTINGS, settings), ExitStack() as stack:
        callers = min(members, 20 * CLIENTS)
        (world,) = stack.enter_context(worlds(("postgresql",), [members], callers))
        distances = {pause: message_ms(world, pause / 1000) for pause in pauses}
        crowd = Crowd(stack, world)
        for pause, took in distances.items():
            click.echo(f"\n{members} members, {took:.2f} ms for a statement that does nothing:")
            series = measure(world, crowd, pause / 1000, rounds, seconds)
            click.echo(table(series))


def table(series: dict[str, Series]) -> str:
    """Return the figures as Markdown, a column for each guard."""
    least = median(series[GUARDS[0]].changes_per_second)
    columns = [
        {"": guard}
        | {"---": "---"}
        | one.row()
        | {"times": f"{median(one.changes_per_second) / least:.2f}"}
        for guard, one in series.items()
    ]
    lines = ([name, *(column[name] for column in columns)] for name in columns[0])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
