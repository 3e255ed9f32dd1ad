"""The cost of operations in small and large movements.

The large one has a million members, the small one a thousand.
"""

import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench.databases import World, largest
from bench.report import WARM_UP, Effort, Row, Section, compared
from gridt.runtime.extensions import db

#: tables that no operation may read from one end to the other
_LARGE = ("users", "subscriptions", "movement_user_associations", "updates", "logins")

#: the text below a scan in PostgreSQL's plan that reads only a part
_BOUNDED = re.compile("(Index|Recheck|TID) Cond:")


_COLUMNS = (
    *("engine", "operation", "members", "p50_ms", "p95_ms", "statements"),
    *("ratio_to_1000", "p95_ratio"),
)

_SMALL = " (so small a table is best read whole)"

_ABOUT = """\
Each call runs the whole service inside the measuring process, {rounds} rounds of {calls},
each by another member, chosen at random from the whole movement, or by a user who joins and
leaves; every member has a session. `ratio_to_1000` compares the median with that of the smallest
movement, round by round; it is the median of these ratios, with their quartiles. `p95_ratio` is the
same for the 95th percentile, over all rounds. The system may have all pages of the files in memory,
but the database does not."""


@dataclass
class Series:
    """One operation's measurements in one world: seconds by round."""

    rounds: list[list[float]] = field(default_factory=list)
    statements: int = 0

    def row(self, smallest: "Series") -> Row:
        """Return the figures, beside those of the smallest movement."""
        return {
            "p50_ms": round(self._quantile(50), 2),
            "p95_ms": round(self._quantile(95), 2),
            "statements": self.statements,
            "p95_ratio": round(self._quantile(95) / smallest._quantile(95), 2),
        } | compared("ratio_to_1000", map(median, self.rounds), map(median, smallest.rounds))

    def _quantile(self, percent: int) -> float:
        """Return a quantile of the times, in milliseconds.

        This percentage of the calls did not exceed it.
        """
        seconds = [one for some in self.rounds for one in some]
        return 1000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


class Caller:
    """Calls the service of one world, inside this process.

    A call passes through the whole stack.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: FlaskClient = world.app.test_client()
        self.path = f"/movements/{world.movement_id}"

    def call(self, method: str, path: str, token: str, **options: Any) -> Any:
        """Make a call, which must succeed, and return its answer."""
        response = self.client.open(
            path, method=method, headers={"Authorization": f"Bearer {token}"}, **options
        )
        if response.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json

    def operations(self, number: int) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield each operation with its name.

        The operation is for the `number`th member and outsider.
        """
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


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure, and write the plans beside the figures.

    They are the plans of the statements in the largest movements.
    """
    rows = _measure(worlds, effort.rounds, effort.timed)
    most = largest(worlds)
    effort.out.mkdir(parents=True, exist_ok=True)
    plans = effort.out / "plans.md"
    whole = _keep_plans(most, plans)
    small = _SMALL * (most[0].members < 10_000)
    return Section(
        "As a movement grows",
        _ABOUT.format(rounds=effort.rounds, calls=effort.timed),
        _COLUMNS,
        rows,
        f"Plans in the largest movement that read one of the large tables, or its index, from end"
        f" to end: {'; '.join(whole) or 'none'}{small}. All plans are in"
        f" `{plans.name}`.",
    )


def _keep_plans(worlds: list[World], path: Path) -> list[str]:
    """Write all plans to a file.

    Return the lines that read a large table from end to end.
    """
    kept, whole = ["# The statements of each operation, and the database's plan for each"], []
    for world in worlds:
        kept.append(f"## {world.engine}, {world.members} members")
        for operation, statement, plan in _explained(world):
            kept.append("\n".join([f"### {operation}", "```", statement, "", *plan, "```"]))
            whole += [f"{world.engine}, {operation}: `{line}`" for line in _whole_reads(plan)]
    path.write_text("\n\n".join(kept) + "\n")
    return whole


def _measure(worlds: list[World], rounds: int, calls: int) -> list[Row]:
    """Time every operation in every world in turn.

    The order is A B A B.

    :param calls: how many calls of each operation make a round
    """
    found: dict[tuple[str, int, str], Series] = defaultdict(Series)
    callers = [Caller(world) for world in worlds]
    for number in range(-WARM_UP, rounds * calls):
        for caller in callers:
            world = caller.world
            for name, operation in caller.operations(number + WARM_UP):
                with _statements() as sent:
                    began = time.perf_counter()
                    operation()
                    took = time.perf_counter() - began
                series = found[world.engine, world.members, name]
                series.statements = max(series.statements, len(sent))
                if number >= 0:
                    if number % calls == 0:
                        series.rounds.append([])
                    series.rounds[-1].append(took)
    least = min(world.members for world in worlds)
    return [
        {"engine": engine, "operation": name, "members": members}
        | series.row(found[engine, least, name])
        for (engine, members, name), series in sorted(found.items(), key=lambda one: one[0][:2])
    ]


def _explained(world: World) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (operation, statement, plan) for every statement in a world."""
    caller = Caller(world)
    for name, operation in caller.operations(0):
        with _statements() as sent:
            operation()
        with world.app.app_context(), db.engine.connect() as connection:
            for statement, parameters in sent:
                prefix = "EXPLAIN QUERY PLAN" if world.engine == "sqlite" else "EXPLAIN"
                rows = connection.exec_driver_sql(f"{prefix} {statement}", parameters)
                yield name, statement, [str(row[-1]) for row in rows]


def _whole_reads(plan: list[str]) -> list[str]:
    """Return a plan's lines that read a whole large table.

    A line that reads its index from end to end is one of them.
    """
    return [
        line
        for line, below in pairwise([*plan, ""])
        for table in _LARGE
        if line.startswith(f"SCAN {table}")
        or (re.search(rf"Scan .*\bon {table}\b", line) and not _BOUNDED.search(below))
    ]


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        sent.append((statement, parameters[0] if many else parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", keep)
