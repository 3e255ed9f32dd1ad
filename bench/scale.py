"""The gain from more workers and threads, and their cost."""

import os
import random
from collections import defaultdict
from contextlib import ExitStack

from bench.databases import World, smallest
from bench.load import Call, Cost, each, medians, serving
from bench.report import Effort, Row, Section, compared

#: workers and threads; the others are compared with the first
_SETTINGS = ((1, 4), (1, 1), (4, 1), (2, 4), (4, 4))

#: requests under way at any time
_CONNECTIONS = 8

#: of a hundred requests; people read more often than they post
_SHARES = {
    "one movement": 45,
    "subscriptions": 20,
    "all movements": 10,
    "post an update": 17,
    "subscribe": 4,
    "unsubscribe": 4,
}

_COLUMNS = (
    *("engine", "operation", "members", "per_second", "rate_vs_1x4"),
    *("server_cpu_ms", "database_cpu_ms", "cpu_vs_1x4"),
)

_ABOUT = """\
{connections} connections kept busy by random members of the smallest movement: {shares}. {rounds}
rounds of {calls} calls, all servers in turn. Processor time is per call; *mix, 2 x 4* is two
workers of four threads each, and `_vs_1x4` compares with one worker of four. Server, database and
client share {cores} cores."""


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure in the smallest movement of each engine."""
    rows = [row for world in smallest(worlds) for row in _measure(world, effort)]
    shares = ", ".join(f"{name} {share} %" for name, share in _SHARES.items())
    about = _ABOUT.format(
        connections=_CONNECTIONS,
        shares=shares,
        rounds=effort.rounds,
        calls=effort.calls,
        cores=len(os.sched_getaffinity(0)),
    )
    return Section("More workers and threads", about, _COLUMNS, rows)


def _measure(world: World, effort: Effort) -> list[Row]:
    found: dict[tuple[int, int], list[Cost]] = defaultdict(list)
    with ExitStack() as stack:
        servers = {
            setting: stack.enter_context(serving(world.url, workers=setting[0], threads=setting[1]))
            for setting in _SETTINGS
        }
        for number in range(-1, effort.rounds):  # the first one only warms up
            calls = _mix(world, effort.calls)
            for setting, server in servers.items():
                cost = server.run(calls, _CONNECTIONS)
                if number >= 0:
                    found[setting].append(cost)
    return [_row(world, setting, costs, found[_SETTINGS[0]]) for setting, costs in found.items()]


def _mix(world: World, calls: int) -> list[Call]:
    """Return calls that succeed in any order."""
    path = f"/movements/{world.movement_id}"

    def one(name: str) -> Call:
        inside, outside = random.choice(world.inside), random.choice(world.outside)
        return {
            "one movement": Call("GET", path, inside),
            "subscriptions": Call("GET", "/movements/subscriptions", inside),
            "all movements": Call("GET", "/movements?limit=50", inside),
            "post an update": Call("POST", f"{path}/updates", inside, "{}"),
            "subscribe": Call("PUT", f"{path}/subscriber", outside),
            "unsubscribe": Call("DELETE", f"{path}/subscriber", outside),
        }[name]

    return [one(name) for name in random.choices(list(_SHARES), list(_SHARES.values()), k=calls)]


def _row(world: World, setting: tuple[int, int], costs: list[Cost], base: list[Cost]) -> Row:
    return {
        "engine": world.engine,
        "operation": "mix, {} x {}".format(*setting),
        "members": world.members,
        **medians(costs),
        **compared("rate_vs_1x4", each(costs, "per_second"), each(base, "per_second")),
        **compared("cpu_vs_1x4", each(costs, "cpu_ms"), each(base, "cpu_ms")),
    }
