"""A profile of each operation.

It has the own time of each library, and of the functions.
"""

import cProfile
import pstats
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import StringIO
from operator import itemgetter
from statistics import median
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.databases import World, furnish, smallest
from bench.load import JOINED, LISTED, Call, serving
from bench.report import Effort, Row, Section

#: the library of a file's folder, or of the name of a function without a file
_LIBRARIES = {
    "gridt": "gridt",
    "flask": "Flask, Werkzeug",
    "werkzeug": "Flask, Werkzeug",
    "flask_cors": "Flask, Werkzeug",
    "blinker": "Flask, Werkzeug",
    "webargs": "webargs, marshmallow",
    "marshmallow": "webargs, marshmallow",
    "flask_smorest": "webargs, marshmallow",
    "flask_jwt_extended": "JWT",
    "jwt": "JWT",
    "sqlalchemy": "SQLAlchemy",
    "flask_sqlalchemy": "SQLAlchemy",
    "psycopg": "driver, database",
    "psycopg_binary": "driver, database",
    "sqlite3": "driver, database",
    "orjson": "orjson",
}

#: the library of functions that none of these called
_OTHER = "others"

#: levels of callers that are followed upwards
_DEEPEST = 6

#: `pstats` names a function by its file, line and name
Function = tuple[str, int, str]

_ABOUT = """\
The table shows the own time of each library in percent of an operation, by {calls} calls of each
under cProfile inside the measuring process. cProfile makes small functions look more expensive than
they are; `p50_ms` is the time without it. The time of the standard library and of built-in
functions counts for their callers. On PostgreSQL the driver waits for the database. `profile.txt`
names the functions.

{gunicorn}"""


def section(worlds: list[World], effort: Effort) -> Section:
    """Profile in the smallest movement of each engine.

    The functions are written beside the table.
    """
    rows, kept, calls = [], [], effort.calls // 3
    for world in smallest(worlds):
        for name, (seconds, profile) in _profiled(world, calls).items():
            row, text = _reported(world, name, seconds, profile)
            rows.append(row)
            kept.append(text)
    effort.out.mkdir(parents=True, exist_ok=True)
    (effort.out / "profile.txt").write_text("\n".join(kept))
    columns = (
        "engine",
        "operation",
        "members",
        "p50_ms",
        *dict.fromkeys(_LIBRARIES.values()),
        _OTHER,
    )
    about = _ABOUT.format(calls=calls, gunicorn=_of_gunicorn(worlds[0], effort.calls))
    return Section("Where the time goes", about, columns, rows)


def _profiled(world: World, calls: int) -> dict[str, tuple[list[float], cProfile.Profile]]:
    """Make each operation in turn, with and without the profiler.

    The calls alternate between the two.
    """
    found: dict[str, tuple[list[float], cProfile.Profile]] = defaultdict(
        lambda: ([], cProfile.Profile())
    )
    for number in range(-5, 2 * calls):  # the first ones only warm up
        for name, call in _operations(world, furnish(world), number):
            environ = environ_of(call)
            if number < 0:
                answer(world.app, environ)
            elif number % 2:
                found[name][1].runcall(answer, world.app, environ)
            else:
                began = time.perf_counter()
                answer(world.app, environ)
                found[name][0].append(time.perf_counter() - began)
    return found


def _operations(world: World, readers: list[str], number: int) -> Iterator[tuple[str, Call]]:
    inside, outside, reader = (
        tokens[number % len(tokens)] for tokens in (world.inside, world.outside, readers)
    )
    path = f"/movements/{world.movement_id}"
    newest = f"/movements?limit={LISTED}&sort=newest"
    yield f"list of {LISTED} movements", Call("GET", newest, reader)
    yield f"{JOINED} subscriptions", Call("GET", "/movements/subscriptions", reader)
    yield "one movement", Call("GET", path, inside)
    yield "post an update", Call("POST", f"{path}/updates", inside, "{}")
    yield "subscribe", Call("PUT", f"{path}/subscriber", outside)
    yield "unsubscribe", Call("DELETE", f"{path}/subscriber", outside)
    leaders = orjson.loads(answer(world.app, environ_of(Call("GET", path, inside))))["leaders"]
    yield "swap", Call("POST", f"{path}/leader/{random.choice(leaders)['id']}", inside)


def environ_of(call: Call) -> dict[str, Any]:
    builder = EnvironBuilder(
        call.path, method=call.method, headers=Headers(call.headers()), data=call.body
    )
    return builder.get_environ()


def answer(app: Flask, environ: dict[str, Any]) -> bytes:
    body, status, _headers = run_wsgi_app(app, environ, buffered=True)
    text = b"".join(body)
    if not status.startswith("2"):
        raise RuntimeError(f"{environ['PATH_INFO']}: {status} {text!r}")
    return text


def _reported(
    world: World, name: str, seconds: list[float], profile: cProfile.Profile
) -> tuple[Row, str]:
    """Return, as text, the libraries' percentages and the slowest functions."""
    stream = StringIO()
    stats = pstats.Stats(profile, stream=stream)
    spent = _by_library(stats.stats)  # type: ignore[attr-defined]  # typeshed leaves it out
    total = sum(spent.values())
    percents = {library: round(100 * one / total) for library, one in spent.items()}
    stats.sort_stats("tottime").print_stats(25)
    row = {
        "engine": world.engine,
        "operation": name,
        "members": world.members,
        "p50_ms": round(1000 * median(seconds), 2),
    }
    lines = [f"{percent:4} %  {library}" for library, percent in percents.items()]
    text = "\n".join([f"== {world.engine}, {name}: {row['p50_ms']} ms without profiler", *lines])
    return row | percents, f"{text}\n{stream.getvalue()}"


def _by_library(stats: Mapping[Function, Any]) -> dict[str, float]:
    """Return the own seconds of each library, the largest first."""
    spent: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, _) in stats.items():
        for library, share in _shares(stats, function, ()).items():
            spent[library] += own * share
    return dict(sorted(spent.items(), key=itemgetter(1), reverse=True))


def _shares(
    stats: Mapping[Function, Any], function: Function, below: tuple[Function, ...]
) -> dict[str, float]:
    """Return the libraries that a function works for.

    These are its own, or else those of its callers.
    """
    if library := _library_of(function):
        return {library: 1.0}
    callers = {
        caller: own or calls * 1e-9  # for a function without measurable time
        for caller, (calls, _, own, _) in stats[function][4].items()
        if caller not in below
    }
    if not callers or len(below) > _DEEPEST:
        return {_OTHER: 1.0}
    shares: dict[str, float] = defaultdict(float)
    for caller, own in callers.items():
        for library, share in _shares(stats, caller, (*below, function)).items():
            shares[library] += share * own / sum(callers.values())
    return shares


def _library_of(function: Function) -> str | None:
    """Return a function's library, None for built-in ones.

    It is None for the standard library too.
    """
    file, _, name = function
    if file == "~":
        found = re.search(r"\b(sqlite3|psycopg|orjson|sqlalchemy)", name)
    else:
        found = re.search(r"/(?:site-packages/|(?=gridt/))(\w+)", file)
    return _LIBRARIES.get(found[1]) if found else None


def _of_gunicorn(world: World, calls: int) -> str:
    """Return the cost of a bare route.

    It is measured in this process, and as gunicorn's part of it.
    """
    bare = Flask("bare")
    bare.add_url_rule("/", view_func=lambda: Response(b"{}", mimetype="application/json"))
    began = time.process_time()
    for _ in range(calls):
        answer(bare, environ_of(Call("GET", "/")))
    flask = 1000 * (time.process_time() - began) / calls
    with serving(world.url, "bench.app:app") as server:
        route = [Call("GET", "/bench/constant")] * calls
        server.run(route, connections=2)
        served = server.run(route, connections=2).server_ms
    return (
        f"gunicorn is not in it: it takes {served - flask:.2f} ms of processor time for a call,"
        f" beside {flask:.2f} of Flask for a route that answers a constant."
    )
