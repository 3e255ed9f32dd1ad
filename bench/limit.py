"""The cost of a request beyond the least possible.

The least possible is what Flask, SQLAlchemy and the database need.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from urllib.parse import quote

from bench.databases import World, furnish, smallest
from bench.load import LISTED, Call, Cost, Server, each, medians, serving
from bench.report import Effort, Row, Section, compared
from gridt.models.movement_user_association import SLOTS

#: requests under way at any time; with more, their wait for SQLite's one writer would be measured
CONNECTIONS = 2

_COLUMNS = (
    *("engine", "operation", "members", "per_second", "server_cpu_ms", "database_cpu_ms"),
    *("cpu_vs_one_select", "share_of_bare", "share_of_driver", "cpu_vs_driver"),
)

_ABOUT = """\
gunicorn with one worker of four threads, {connections} connections kept busy, {rounds} rounds of
{calls} calls (a third of that where each user joins or leaves once), each round all operations in
turn. Processor time is per call; SQLite's is the server's own. Every ratio is the median of the
rounds' own ratios, with their quartiles: requests per second as a share of the *bare route* and of
*driver only*, processor time of server and database as a multiple of *one select* and of *driver
only*.

The service is compared with routes of a plain Flask app in the same worker. They lack all that the
service does for every request (compare its *health* with the *bare route* for the cost of that):

- *bare route* answers a constant.
- *one select* does one primary-key SELECT through SQLAlchemy, on an engine and session set up like
  the service's.
- *driver only* gets the same requests, and sends exactly the statements of the service, recorded a
  moment before, including the token's check, with the same parameters. It uses one transaction that
  begins and ends like the service's, if that has one (a read has none), on a connection of its
  thread with the same settings. It fetches all rows, and answers with as many bytes of JSON made
  of them. It does not read the token or the body, and decides nothing: the chosen leaders and the
  answer are known before."""


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure in the smallest movement of each engine."""
    rows = [
        row for world in smallest(worlds) for row in _measure(world, effort.rounds, effort.calls)
    ]
    about = _ABOUT.format(rounds=effort.rounds, calls=effort.calls, connections=CONNECTIONS)
    return Section("Beside the least possible cost", about, _COLUMNS, rows)


def _measure(world: World, rounds: int, calls: int) -> list[Row]:
    """Measure each operation and its routes in turn.

    The order is A B A B; the routes are those beside the operation.
    """
    readers = furnish(world)
    found: dict[str, list[Cost]] = defaultdict(list)
    with serving(world.url, "bench.app:app") as server:
        for number in range(-1, rounds):  # the first one only warms up
            for name, some in _round(world, server, readers, calls):
                cost = server.run(some, CONNECTIONS)
                if number >= 0:
                    found[name].append(cost)
    return [_row(world, name, found) for name in found]


def _row(world: World, name: str, found: dict[str, list[Cost]]) -> Row:
    costs, alone = found[name], found.get(_alone(name))
    rates, cpu = each(costs, "per_second"), each(costs, "cpu_ms")
    row = {
        "engine": world.engine,
        "operation": name,
        "members": world.members,
        **medians(costs),
        **compared("cpu_vs_one_select", cpu, each(found["one select"], "cpu_ms")),
        **compared("share_of_bare", rates, each(found["bare route"], "per_second")),
    }
    if alone is not None:
        row |= compared("share_of_driver", rates, each(alone, "per_second"))
        row |= compared("cpu_vs_driver", cpu, each(alone, "cpu_ms"))
    return row


def _round(
    world: World, server: Server, readers: list[str], calls: int
) -> Iterator[tuple[str, list[Call]]]:
    """Yield each operation and its comparisons.

    They are recorded again because the network changes.
    """
    server.answer(Call("DELETE", "/bench/record"))
    yield "bare route", [Call("GET", "/bench/constant")] * calls
    yield "one select", [Call("GET", f"/bench/select/{1 + n}") for n in range(calls)]
    yield "health", [Call("GET", "/health")] * calls
    yield from _repeatable(world, server, readers, calls)
    yield from _joining(world, server, calls // 3)
    yield from _swapping(world, server, calls // 6)


def _repeatable(
    world: World, server: Server, readers: list[str], calls: int
) -> Iterator[tuple[str, list[Call]]]:
    path, some = f"/movements/{world.movement_id}", world.inside[: len(readers)]
    newest = f"/movements?limit={LISTED}&sort=newest"
    for name, varied in {
        "list of 50 movements": [Call("GET", newest, token) for token in readers],
        "10 subscriptions": [Call("GET", "/movements/subscriptions", token) for token in readers],
        "one movement": [Call("GET", path, token) for token in some],
        "post an update": [Call("POST", f"{path}/updates", token, "{}") for token in some],
    }.items():
        _record(server, [(name, call) for call in varied])
        made = list(islice(cycle(varied), calls))
        yield name, made
        yield _alone(name), [_driver(name, call) for call in made]


def _joining(world: World, server: Server, people: int) -> Iterator[tuple[str, list[Call]]]:
    path, some = f"/movements/{world.movement_id}/subscriber", world.outside[:people]
    join = [Call("PUT", path, token) for token in some]
    leave = [Call("DELETE", path, token) for token in some]
    yield "subscribe", join
    yield "unsubscribe", leave
    # users join and leave one after the other; their statements stay valid when all do it at once
    for pair in zip(join, leave, strict=True):
        _record(server, list(zip(("subscribe", "unsubscribe"), pair, strict=True)))
    for name, made in (("subscribe", join), ("unsubscribe", leave)):
        yield _alone(name), [_driver(name, call) for call in made]


def _swapping(world: World, server: Server, people: int) -> Iterator[tuple[str, list[Call]]]:
    path, some = f"/movements/{world.movement_id}", world.inside[:people]

    def swaps(slots: int) -> list[Call]:
        """Return swaps of each member's first leaders.

        They are the present leaders in the first slots.
        """
        return [
            Call("POST", f"{path}/leader/{leader['id']}", token)
            for token in some
            for leader in server.answer(Call("GET", path, token))["leaders"][:slots]
        ]

    made = swaps(SLOTS)
    yield "swap", made
    # There and back, again and again: each swap changes the slot, never to a present leader.
    for _ in range(2):
        _record(server, [("swap", call) for call in swaps(1)])
    yield _alone("swap"), [_driver("swap", call) for call in made]


def _record(server: Server, named: list[tuple[str, Call]]) -> None:
    """Let the server remember the statements of calls."""
    server.answer(
        Call("POST", "/bench/record", body=json.dumps([_named_request(*pair) for pair in named]))
    )


def _named_request(name: str, call: Call) -> tuple[str, dict[str, object]]:
    options: dict[str, object] = {
        "method": call.method,
        "path": call.path,
        "headers": call.headers(),
    }
    return name, options if call.body is None else options | {"data": call.body}


def _alone(name: str) -> str:
    return f"{name}, driver only"


def _driver(name: str, call: Call) -> Call:
    """Return the same request to the driver's route.

    That route only sends the statements.
    """
    return replace(call, path=f"/bench/driver/{quote(name)}")
