"""What a request costs beyond what Flask, SQLAlchemy and the database ask for anyway."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from bench.databases import World
from gridt.auth import tokens_for
from gridt.extensions import db
from gridt.models import Login, Movement, User
from gridt.models.movement_user_association import SLOTS
from tests.servers import environment

ROOT = Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")

#: a list shows so many movements, and a caller has joined so many
LISTED, JOINED = 50, 10


@dataclass(frozen=True)
class Call:
    """A request to make again and again."""

    method: str
    path: str
    token: str | None = None
    body: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers to send."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return headers if self.body is None else headers | {"Content-Type": "application/json"}


@dataclass
class Load:
    """What some rounds of a call measured."""

    per_second: list[float] = field(default_factory=list)
    #: of server and database together
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the median of requests per second."""
        return median(self.per_second)

    @property
    def cpu(self) -> float:
        """Return the median of milliseconds of processor time per request."""
        return median(self.cpu_ms)


def measure(world: World, rounds: int) -> dict[str, Load]:
    """Measure each operation, and what it is compared with, in turn: A B A B."""
    caller = _furnish(world)
    found: dict[str, Load] = defaultdict(Load)
    with _serving(world) as address:
        client = _Client(address)
        for name, call in _comparable(world, caller).items():
            client.record(name, call)
        for number in range(-1, rounds):  # the first one only warms up
            for name, calls in _round(world, client, caller):
                load = client.run(calls)
                if number >= 0:
                    found[name].per_second.append(load[0])
                    found[name].cpu_ms.append(load[1])
    return found


def _furnish(world: World) -> str:
    """Add movements to list, some of which the first caller has joined; return their token."""
    with world.app.app_context():
        some = db.session.scalars(select(User).order_by(User.id.desc()).limit(20)).all()
        first = db.session.scalars(select(User).where(User.id == some[0].id)).one()
        login = Login(first)
        db.session.add(login)
        for number in range(LISTED - 1):
            movement = Movement(f"habit {number}", timedelta(days=1), "something to do")
            movement.users = some if number < JOINED else some[1:]
            movement.save_to_db()
        token: str = tokens_for(login)["access_token"]
        return token


def _comparable(world: World, caller: str) -> dict[str, Call]:
    """Return the calls whose statements the driver alone can repeat."""
    path = f"/movements/{world.movement_id}"
    return {
        "list of 50 movements": Call("GET", f"/movements?limit={LISTED}&sort=newest", caller),
        "10 subscriptions": Call("GET", "/movements/subscriptions", caller),
        "one movement": Call("GET", path, world.inside[0]),
        "post an update": Call("POST", f"{path}/updates", world.inside[0], "{}"),
    }


def _round(world: World, client: "_Client", caller: str) -> Iterator[tuple[str, list[Call]]]:
    many = len(world.inside)
    yield "bare route", [Call("GET", "/bench/constant")] * many
    yield "one select", [Call("GET", f"/bench/select/{1 + n}") for n in range(many)]
    for name, call in _comparable(world, caller).items():
        yield name, [call] * many
        yield f"{name}, driver only", [Call("GET", f"/bench/driver/{quote(name)}")] * many
    path = f"/movements/{world.movement_id}"
    yield "subscribe", [Call("PUT", f"{path}/subscriber", token) for token in world.outside]
    yield "unsubscribe", [Call("DELETE", f"{path}/subscriber", token) for token in world.outside]
    some = world.inside[: many // SLOTS]
    yield (
        "swap",
        [
            Call("POST", f"{path}/leader/{leader['id']}", token)
            for token in some
            for leader in client.answer(Call("GET", path, token))["leaders"]
        ],
    )


class _Client:
    """Two connections that are kept busy, and the processor time that this costs the others."""

    def __init__(self, address: str) -> None:
        self.connections = [http.client.HTTPConnection(address, timeout=60) for _ in range(2)]

    def run(self, calls: list[Call]) -> tuple[float, float]:
        """Make all calls; return requests per second and milliseconds of processor each."""
        pending = iter(calls)
        cpu, began = _processor_seconds(), time.perf_counter()

        def work(connection: http.client.HTTPConnection) -> None:
            for call in pending:
                _send(connection, call)

        with ThreadPoolExecutor(len(self.connections)) as pool:
            list(pool.map(work, self.connections))
        took, used = time.perf_counter() - began, _processor_seconds() - cpu
        return len(calls) / took, 1000 * used / len(calls)

    def answer(self, call: Call) -> Any:
        """Make one call and return its answer."""
        return json.loads(_send(self.connections[0], call))

    def record(self, name: str, call: Call) -> None:
        """Let the server remember the statements of a call."""
        what = {"method": call.method, "path": call.path, "headers": call.headers()}
        body = json.dumps(what | ({} if call.body is None else {"data": call.body}))
        self.answer(Call("POST", f"/bench/record/{quote(name)}", body=body))


def _send(connection: http.client.HTTPConnection, call: Call) -> bytes:
    connection.request(call.method, call.path, call.body, call.headers())
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{call.method} {call.path}: {response.status} {body!r}")
    return body


def _processor_seconds() -> float:
    """Return what all our child processes used so far: server and database."""
    ours, total = {os.getpid()}, 0
    for pid in sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")):
        with suppress(OSError):
            fields_ = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
            if int(fields_[1]) in ours:
                ours.add(pid)
                total += sum(map(int, fields_[11:15]))
    return total / TICK


@contextmanager
def _serving(world: World) -> Iterator[str]:
    """Run the service with the routes to compare it with."""
    with TemporaryDirectory(prefix="gridt-bench-") as folder:
        log = Path(folder) / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "bench.app:app"],
                cwd=ROOT,
                env=environment(world.url, SECRET_KEY="b" * 32),
                stdout=output,
                stderr=output,
            ) as process,
        ):
            while not (found := re.search(r"listens on http://(\S+)", log.read_text())):
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.05)
            try:
                yield found[1]
            finally:
                process.terminate()
