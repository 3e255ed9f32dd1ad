"""The cost of the screen of today.

It is measured beside the list of subscriptions, which it contains.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import median

from flask import Flask

from bench.databases import World
from bench.load import JOINED, Call
from bench.profiling import answer, environ_of
from bench.report import Effort, Section, compared
from bench.report import Row as Figures
from bench.standing import LAST_DONE, keep, people_with
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import DAY

#: the number of updates of each member in each movement
_UPDATES = 10

_ABOUT = """\
The table shows the processor time of `GET /today` beside `GET /movements/subscriptions`, with the
same {joined} movements and four leaders in each, inside the measuring process, in {rounds} rounds
of {calls} calls each in turn. `ratio` is the median of the rounds' own ratios, with their
quartiles; the goal is at most 1.5."""

_PATHS = {"subscriptions": "/movements/subscriptions", "today": "/today"}


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure beside the smallest movement of each engine."""
    least = min(world.members for world in worlds)
    rows = [row for world in worlds if world.members == least for row in _measured(world, effort)]
    columns = ("engine", "operation", "members", "subscriptions_ms", "today_ms", "ratio")
    about = _ABOUT.format(joined=JOINED, rounds=3 * effort.rounds, calls=effort.calls // 5)
    return Section("The cost of the screen of today", about, columns, rows)


def _measured(world: World, effort: Effort) -> Iterator[Figures]:
    with world.app.app_context():
        token, movements = people_with(_UPDATES, "today")
    for when, days in LAST_DONE.items():
        with world.app.app_context():
            keep(movements, utcnow() - days * DAY)
        found = _compared(world.app, token, effort)
        yield {
            "engine": world.engine,
            "operation": f"{JOINED} movements, done {when}",
            "members": world.members,
            "subscriptions_ms": round(median(found["subscriptions"]), 2),
            "today_ms": round(median(found["today"]), 2),
            **compared("ratio", found["today"], found["subscriptions"]),
        }


def _compared(app: Flask, token: str, effort: Effort) -> Mapping[str, list[float]]:
    """Return the milliseconds of both calls, of each round."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(-1, 3 * effort.rounds):  # the first one only warms up
        for name, path in _PATHS.items():
            began = time.process_time()
            for _ in range(effort.calls // 5):
                answer(app, environ_of(Call("GET", path, token)))
            spent = time.process_time() - began
            if number >= 0:
                found[name].append(1000 * spent / (effort.calls // 5))
    return found
