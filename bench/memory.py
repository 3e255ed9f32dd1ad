"""A worker's memory: over many requests, and its peak.

It serves thousands of requests.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bench.databases import World, largest
from bench.load import Server, serving
from bench.report import Effort, Row, Section
from bench.visits import Person, never_called
from gridt.models import Movement
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db

#: people who call at the same time, one for each thread of the worker
_PEOPLE = 4
#: movements in one list: the most that a page may have
_LISTED = 500
#: settings that tests.servers makes cheap, and that need their real values here
_HASHING: dict[str, Any] = {
    "ARGON2_MEMORY_KIB": str(Settings.ARGON2_MEMORY_KIB),
    "ARGON2_PASSES": str(Settings.ARGON2_PASSES),
    "ARGON2_LANES": str(Settings.ARGON2_LANES),
}

_COLUMNS = ("engine", "operation", "members", "resident_mib", "peak_mib")

_ABOUT = """\
One gunicorn worker of four threads in the largest movement; four people call every endpoint in
turn, and hash passwords with the default settings (64 MiB, one at a time). `peak_mib` is the
largest value since the line before, and `resident_mib` the value at the end of the line."""


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure in the largest movement of each engine."""
    rows, missed = [], set[str]()
    for world in largest(worlds):
        rows += _measure(world, effort.requests, missed)
    remark = f"Calls that the bench did not make: {', '.join(sorted(missed)) or 'none'}"
    return Section("Memory", _ABOUT, _COLUMNS, rows, remark)


def _measure(world: World, requests: int, missed: set[str]) -> list[Row]:
    _furnish(world)
    rows: list[Row] = []
    with serving(world.url, **_HASHING) as server:
        (worker,) = server.workers()

        def measure(operation: str) -> None:
            known = {"engine": world.engine, "operation": operation, "members": world.members}
            rows.append(known | _memory_of(worker))

        _visitor(server, world).call("GET", "/health")
        measure("memory after the start")
        crowd = _Crowd(server, world)
        for number in (requests // 10, requests - requests // 10):
            crowd.call(number)
            measure(f"memory after {crowd.calls} requests")
        missed.update(never_called(world.app, crowd.called()))
        for name, work in _GREATEST.items():
            if work(server, world):
                measure(f"memory {name}")
    return rows


def _furnish(world: World) -> None:
    """Add movements to list."""
    with world.app.app_context():
        daily = timedelta(days=1)
        db.session.add_all(Movement(f"listed {number}", daily) for number in range(_LISTED))
        db.session.commit()


def _memory_of(pid: int) -> Row:
    """Return a process's memory and its peak.

    The peak is reset then.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s*(\d+) kB", status))
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # see proc(5)
    return {
        "resident_mib": round(int(found["VmRSS"]) / 1024, 1),
        "peak_mib": round(int(found["VmHWM"]) / 1024, 1),
    }


def _visitor(server: Server, world: World, token: str = "") -> Person:
    return Person(server.address, f"/movements/{world.movement_id}", token)


class _Crowd:
    """People who make every call, all at the same time."""

    def __init__(self, server: Server, world: World) -> None:
        self.server, self.world = server, world
        self.calls = 0
        self.people: list[Person] = []
        self.lives = [self._lives() for _ in range(_PEOPLE)]

    def call(self, times: int) -> None:
        """Make this many calls together."""
        with ThreadPoolExecutor(_PEOPLE) as threads:
            each = threads.map(self._go_on, self.lives, [times // _PEOPLE] * _PEOPLE)
            self.calls += sum(each)

    def called(self) -> set[tuple[str, str]]:
        """Return the method and path of all calls."""
        return {call for person in self.people for call in person.called}

    @staticmethod
    def _go_on(life: Iterator[None], times: int) -> int:
        return sum(1 for _ in islice(life, times))

    def _lives(self) -> Iterator[None]:
        while True:
            self.people.append(_visitor(self.server, self.world))
            yield from self.people[-1].live()


def _list(server: Server, world: World) -> bool:
    reader = _visitor(server, world, world.inside[0])
    for _ in range(20):
        reader.call("GET", f"/movements?limit={_LISTED}")
        reader.call("GET", f"{reader.movement}/updates?limit={_LISTED}")
        reader.call("GET", f"{reader.movement}/followers?limit={_LISTED}")
    return True


def _export(style: str, server: Server, world: World) -> bool:
    """Read the whole network as a stream.

    Return whether the server knows that format.
    """
    reader = _visitor(server, world, world.inside[0])
    answer = reader.open("GET", f"{reader.movement}/network?format={style}")
    while answer.read(1 << 16):
        pass
    if answer.status not in {200, 422}:
        raise RuntimeError(f"exporting {style}: {answer.status}")
    return answer.status == 200


def _unsubscribe(server: Server, world: World) -> bool:
    for token in world.inside[1:51]:
        leaver = _visitor(server, world, token)
        leaver.call("DELETE", f"{leaver.movement}/subscriber")
    return True


_GREATEST: dict[str, Callable[[Server, World], bool]] = {
    f"while listing {_LISTED} movements": _list,
    "while exporting the network as JSON": partial(_export, "json"),
    "while exporting the network as GraphML": partial(_export, "graphml"),
    "while exporting the network as DOT": partial(_export, "dot"),
    "while 50 members unsubscribe": _unsubscribe,
}
