"""The cost of a flood of logins for all others."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count
from statistics import quantiles
from threading import Event

from bench.databases import World, furnish, smallest
from bench.load import Call, Server, serving
from bench.report import Effort, Row, Section, compared
from gridt.models import User
from gridt.runtime.config import Settings

#: the default configuration of a small machine
WORKERS, THREADS = 2, 10
#: connections that log in without pause, every second time with a wrong password
FLOOD = 16
#: connections that read meanwhile
CONNECTIONS = 2

_PASSWORD, _NAME = "correct horse battery", "flooded"

_COLUMNS = ("engine", "operation", "members", "p50_ms", "p95_ms", "p50_vs_before", "p95_vs_before")

_ABOUT = """\
gunicorn with {workers} workers of {threads} threads and passwords hashed as by default;
{connections} connections read their 10 subscriptions, {calls} times in a round, before, during and
after a flood of {flood} connections that log in without pause, every second time with a wrong
password. {rounds} rounds; the ratios are medians of the rounds' own, with their quartiles. In the
flood {statuses}."""


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure in the smallest movement of each engine."""
    rows: list[Row] = []
    told = []
    for world in smallest(worlds):
        found, statuses = _measure(world, effort)
        rows += [_row(world, when, found) for when in found]
        told.append(f"{world.engine} answered {_counted(statuses)}")
    about = _ABOUT.format(
        workers=WORKERS,
        threads=THREADS,
        connections=CONNECTIONS,
        flood=FLOOD,
        calls=effort.calls,
        rounds=effort.rounds,
        statuses=", ".join(told),
    )
    return Section("Beside a flood of logins", about, _COLUMNS, rows)


def _measure(world: World, effort: Effort) -> tuple[dict[str, list[list[float]]], Counter[int]]:
    """Return each call's milliseconds, and the flood's answers.

    The milliseconds are round by round.
    """
    calls = [Call("GET", "/movements/subscriptions", token) for token in furnish(world)]
    found: dict[str, list[list[float]]] = defaultdict(list)
    statuses: Counter[int] = Counter()
    _give_an_account_a_password(world)
    hashing = {
        name: str(getattr(Settings, name))
        for name in ("ARGON2_MEMORY_KIB", "ARGON2_PASSES", "ARGON2_LANES")
    }
    with serving(world.url, workers=WORKERS, threads=THREADS, **hashing) as server:
        _timed(server, calls, effort.calls)  # only warms up
        for _ in range(effort.rounds):
            found["before"].append(_timed(server, calls, effort.calls))
            with _flood(server, statuses):
                found["during"].append(_timed(server, calls, effort.calls))
            found["after"].append(_timed(server, calls, effort.calls))
    return found, statuses


def _give_an_account_a_password(world: World) -> None:
    with world.app.app_context():
        if User.find_by_name(_NAME) is None:
            User(_NAME, f"{_NAME}@example.org", _PASSWORD).save_to_db()


def _timed(server: Server, calls: list[Call], times: int) -> list[float]:
    """Make calls over a few connections.

    Return the time of each.
    """

    def read(part: int) -> list[float]:
        connection = HTTPConnection(*server.address, timeout=60)
        took = []
        for number in range(part, times, CONNECTIONS):
            call = calls[number % len(calls)]
            began = time.perf_counter()
            connection.request(call.method, call.path, headers=call.headers())
            answer = connection.getresponse()
            answer.read()
            took.append(1000 * (time.perf_counter() - began))
            if answer.status != 200:
                raise RuntimeError(f"{call.path}: {answer.status}")
        connection.close()
        return took

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [one for some in pool.map(read, range(CONNECTIONS)) for one in some]


@contextmanager
def _flood(server: Server, statuses: Counter[int]) -> Iterator[None]:
    """Log in over many connections without pause.

    It goes on for the length of a `with` block.
    """
    over, numbers = Event(), count()

    def log_in(_: int) -> Counter[int]:
        connection, seen = HTTPConnection(*server.address, timeout=60), Counter[int]()
        while not over.is_set():
            password = _PASSWORD if next(numbers) % 2 else "wrong"
            body = f'{{"username": "{_NAME}", "password": "{password}"}}'
            connection.request("POST", "/auth", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            seen[answer.status] += 1
        connection.close()
        return seen

    with ThreadPoolExecutor(FLOOD) as pool:
        flooding = [pool.submit(log_in, number) for number in range(FLOOD)]
        try:
            time.sleep(1)  # until every place in the queue is taken
            yield
        finally:
            over.set()
    for one in flooding:
        statuses.update(one.result())


def _row(world: World, when: str, found: dict[str, list[list[float]]]) -> Row:
    percentiles = {
        name: [_percentile(some, at) for some in found[when]] for name, at in _PERCENTILES.items()
    }
    before = {
        name: [_percentile(some, at) for some in found["before"]]
        for name, at in _PERCENTILES.items()
    }
    row: Row = {
        "engine": world.engine,
        "operation": f"10 subscriptions, {when}",
        "members": world.members,
    }
    everything = [one for some in found[when] for one in some]
    for name, at in _PERCENTILES.items():
        row[f"{name}_ms"] = round(_percentile(everything, at), 1)
        row |= compared(f"{name}_vs_before", percentiles[name], before[name])
    return row


_PERCENTILES = {"p50": 50, "p95": 95}


def _percentile(some: list[float], at: int) -> float:
    return quantiles(some, n=100, method="inclusive")[at - 1]


def _counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{times} times {status}" for status, times in sorted(statuses.items()))
