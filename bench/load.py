"""Keeping gunicorn busy, and measuring the cost.

The cost is in requests per second, and in processor time per request.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.servers import environment

ROOT = Path(__file__).resolve().parent.parent

#: signs the tokens of every app and server that is measured
SECRET_KEY = "b" * 32

ENGINES = ("postgresql", "sqlite")

#: a list shows LISTED movements; each of READERS people has joined JOINED of them
LISTED, READERS, JOINED = 50, 20, 10

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Call:
    """A request to repeat."""

    method: str
    path: str
    token: str | None = None
    body: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers to send."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return headers if self.body is None else headers | {"Content-Type": "application/json"}

    @cached_property
    def wire(self) -> bytes:
        """The bytes to send.

        Built once, so that the client costs less than the server.
        """
        body = (self.body or "").encode()
        headers = self.headers() | {"Host": "localhost", "Content-Length": str(len(body))}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Cost:
    """The cost of many requests.

    It is how many were served in a second, and the processor time of each.
    """

    per_second: float
    server_ms: float
    database_ms: float

    @property
    def cpu_ms(self) -> float:
        """Return the milliseconds of server and database together."""
        return self.server_ms + self.database_ms


def each(costs: Sequence[Cost], what: str) -> list[float]:
    """Return one figure of every cost."""
    return [getattr(cost, what) for cost in costs]


def medians(costs: Sequence[Cost]) -> dict[str, float]:
    """Return the figures of a table's row."""
    return {
        "per_second": round(median(each(costs, "per_second"))),
        "server_cpu_ms": round(median(each(costs, "server_ms")), 2),
        "database_cpu_ms": round(median(each(costs, "database_ms")), 2),
    }


@dataclass(frozen=True)
class Server:
    """A running gunicorn, with other processes of its cost."""

    address: tuple[str, int]
    pid: int

    def run(self, calls: Sequence[Call], connections: int) -> Cost:
        """Make all calls over a few busy connections."""
        pending = iter(calls)
        for call in calls:
            call.wire  # noqa: B018 - made before the clock starts
        with ThreadPoolExecutor(connections) as pool:
            opened = [_Connection(self.address) for _ in range(connections)]
            before, began = self._processor_seconds(), time.perf_counter()
            for _ in pool.map(_Connection.work, opened, [pending] * connections):
                pass
            took = time.perf_counter() - began
        spent = zip(before, self._processor_seconds(), strict=True)
        server, others = (1000 * (after - start) / len(calls) for start, after in spent)
        return Cost(len(calls) / took, server, others)

    def answer(self, call: Call) -> Any:
        """Make one call and return its answer."""
        with closing(_Connection(self.address)) as connection:
            return json.loads(connection.answer(call))

    def workers(self) -> list[int]:
        """Return the processes that serve requests."""
        return [pid for pid in _family(self.pid) if pid != self.pid]

    def _processor_seconds(self) -> tuple[float, float]:
        """Return the server's and the database's processor time so far."""
        server = _family(self.pid)
        others = _family(os.getpid()) - server - {os.getpid()}
        return sum(map(seconds_of, server)), sum(map(seconds_of, others))


class _Connection:
    """A minimal HTTP client.

    The client `http.client` would take a third of a core from the server.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def work(self, pending: Iterator[Call]) -> None:
        """Make calls until there are no more."""
        with closing(self):
            for call in pending:
                self.answer(call)

    def answer(self, call: Call) -> bytes:
        """Make a call, which must succeed; return its answer's body."""
        self._socket.sendall(call.wire)
        received = self._receive()
        while (end := received.find(b"\r\n\r\n") + 4) < 4:
            received += self._receive()
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", received[:end])
        assert length, f"{call.path} does not tell its length"
        missing = end + int(length[1]) - len(received)
        while missing > 0:
            part = self._receive()
            received += part
            missing -= len(part)
        if not received.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"{call.method} {call.path}: {received!r}")
        return received[end:]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _receive(self) -> bytes:
        part = self._socket.recv(1 << 18)
        if not part:
            raise RuntimeError("The server closed the connection.")
        return part


def _family(pid: int) -> set[int]:
    """Return a process and its descendants."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(path.name))
    found, pending = set(), [pid]
    while pending:
        one = pending.pop()
        found.add(one)
        pending += children[one]
    return found


def seconds_of(pid: int) -> float:
    """Return a process's processor time.

    It is exact to the nanosecond if Linux gives that.
    """
    process, spent = Path(f"/proc/{pid}"), 0
    with suppress(OSError):
        for path in process.glob("task/*/schedstat"):
            spent += int(path.read_text().split()[0])
        if not spent:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            return sum(map(int, fields[11:13])) / _TICK
    return spent / 1e9


@contextmanager
def serving(
    database_url: str, app: str = "wsgi:app", workers: int = 1, threads: int = 4, **settings: str
) -> Iterator[Server]:
    """Run gunicorn with our settings for a `with` block.

    :param settings: named without the `GRIDT_` before them
    """
    command = [sys.executable, "-m", "gunicorn", f"--workers={workers}", f"--threads={threads}"]
    with TemporaryDirectory(prefix="gridt-bench-") as folder:
        log = Path(folder) / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [*command, app],
                cwd=ROOT,
                env=environment(database_url, SECRET_KEY=SECRET_KEY, **settings),
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                address = _address_when_ready(process, log, workers)
                yield Server(address, process.pid)
            except BaseException as error:
                error.add_note(f"The server printed:\n{log.read_text()}")
                raise
            finally:
                process.terminate()


def _address_when_ready(
    process: "subprocess.Popen[bytes]", log: Path, workers: int
) -> tuple[str, int]:
    ready = re.compile(r"listens on http://(\S+):(\d+)")
    while not ((found := ready.search(text := log.read_text())) and _booted(text) == workers):
        if process.poll() is not None:
            raise RuntimeError(text)
        time.sleep(0.05)
    return found[1], int(found[2])


def _booted(text: str) -> int:
    return len(re.findall("Booting worker", text))
