"""What an operation costs in a movement of a million, against one of a thousand."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench.databases import World
from gridt.extensions import db

#: tables that no operation may read from one end to the other
_LARGE = ("users", "subscriptions", "movement_user_associations", "updates", "logins")


@dataclass
class Series:
    """The measurements of one operation in one world."""

    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """Return the median, in milliseconds."""
        return 1000 * median(self.seconds)

    @property
    def p95(self) -> float:
        """Return the 95th percentile, in milliseconds."""
        return 1000 * quantiles(self.seconds, n=20, method="inclusive")[-1]


class Caller:
    """Calls the service of one world, inside this process but through the whole stack."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: FlaskClient = world.app.test_client()
        self.path = f"/movements/{world.movement_id}"

    def call(self, method: str, path: str, token: str, **options: Any) -> Any:
        """Make a call that has to succeed, and return its answer."""
        response = self.client.open(
            path, method=method, headers={"Authorization": f"Bearer {token}"}, **options
        )
        if response.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json

    def operations(self, number: int) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield each operation with its name, for the `number`th member and outsider."""
        inside = self.world.inside[number % len(self.world.inside)]
        outside = self.world.outside[number % len(self.world.outside)]
        movement = f"{self.path}/subscriber"
        yield "subscribe", lambda: self.call("PUT", movement, outside)
        leaders = self.call("GET", self.path, inside)["leaders"]
        leader = random.choice(leaders)["id"]
        yield "swap", lambda: self.call("POST", f"{self.path}/leader/{leader}", inside)
        yield "post an update", lambda: self.call("POST", f"{self.path}/updates", inside, json={})
        yield "one movement", lambda: self.call("GET", self.path, inside)
        yield "subscriptions", lambda: self.call("GET", "/movements/subscriptions", inside)
        yield "unsubscribe", lambda: self.call("DELETE", movement, outside)


def measure(worlds: list[World], rounds: int) -> dict[tuple[str, int, str], Series]:
    """Time every operation in every world in turn: A B A B, by engine, size and operation."""
    found: dict[tuple[str, int, str], Series] = defaultdict(Series)
    callers = [Caller(world) for world in worlds]
    for number in range(-max(3, rounds // 10), rounds):  # the first ones only warm up
        for caller in callers:
            world = caller.world
            for name, operation in caller.operations(number):
                with _statements() as sent:
                    began = time.perf_counter()
                    operation()
                    took = time.perf_counter() - began
                if number >= 0:
                    series = found[world.engine, world.members, name]
                    series.seconds.append(took)
                    series.statements.append(len(sent))
    return found


def explained(world: World) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (operation, statement, plan) for all that the operations of a world send."""
    caller = Caller(world)
    for name, operation in caller.operations(0):
        with _statements() as sent:
            operation()
        with world.app.app_context(), db.engine.connect() as connection:
            for statement, parameters in sent:
                prefix = "EXPLAIN QUERY PLAN" if world.engine == "sqlite" else "EXPLAIN"
                rows = connection.exec_driver_sql(f"{prefix} {statement}", parameters)
                yield name, statement, [str(row[-1]) for row in rows]


def reads_whole_table(plan: list[str]) -> list[str]:
    """Return the lines of a plan that read one of the large tables from end to end."""
    return [
        line
        for line in plan
        for table in _LARGE
        if line.startswith(f"SCAN {table}") or f"Seq Scan on {table}" in line
    ]


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        sent.append((statement, parameters[0] if many else parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
