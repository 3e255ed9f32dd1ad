"""`python -m bench.attack`: measure `/health` during attacks.

The attacks are slow readers, and a held lock.

In the first attack, twenty connections each request the largest static file 40 times without
waiting for an answer, and read 64 KiB every two seconds. In the second, another process holds
SQLite's write lock while a registration waits for it. The benchmark calls `/health` again and again
meanwhile. It starts one server for each kind of worker.
"""

import os
import socket
import sqlite3
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from tests.servers import Server, flask, serve

CONNECTIONS, PIPELINED = 20, 40
#: bytes of one read, and seconds between two
READ, PAUSE = 64 * 1024, 2.0
#: seconds after which a call of /health counts as unanswered
PATIENCE = 10.0
_FILE = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
_TICKS = os.sysconf("SC_CLK_TCK")


class Waits(NamedTuple):
    """The times of calls of /health, and those unanswered.

    The times are in seconds; the calls without an answer are counted.
    """

    median: float
    longest: float
    unanswered: int


@click.command()
@click.option("--seconds", default=20.0, help="How long the attack lasts.")
@click.option("--calls", default=2000, help="How many calls measure the CPU time in peace.")
@click.option(
    "--worker",
    "workers",
    multiple=True,
    default=["gthread", "patient"],
    help="gthread, patient, or a class of gunicorn's that is installed, such as gevent.",
)
def main(seconds: float, calls: int, workers: tuple[str, ...]) -> None:
    """Measure /health beside slow readers, and in peace.

    In peace it measures the CPU time of a call.
    """
    click.echo(
        "| worker | CPU of a call | beside a held lock: median / longest | unanswered"
        " | beside slow readers: median / longest | unanswered |"
    )
    click.echo("|---|---|---|---|---|---|")
    for worker in workers:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'gridt.sqlite'}"
            flask(url, "db", "upgrade")
            ours = worker in {"gthread", "patient"}
            arguments = "" if ours else f"--worker-class {worker}"
            setting = worker if ours else "gthread"
            with serve(url, arguments=arguments, JOBS="off", WORKER=setting) as server:
                cpu = cpu_of_a_call(server, calls)
                cells = [f"{cpu * 1e6:.0f} µs"]
                for waits in (
                    beside_a_held_lock(server, url.removeprefix("sqlite:///")),
                    beside_slow_readers(server, seconds),
                ):
                    cells.append(f"{waits.median * 1e3:.0f} / {waits.longest * 1e3:.0f} ms")
                    cells.append(str(waits.unanswered))
                click.echo(f"| {worker} | {' | '.join(cells)} |")
                server.kill()


def cpu_of_a_call(server: Server, calls: int) -> float:
    """Return the CPU seconds of a peaceful call.

    It is the worker's time for a call of /health in peace.
    """
    (worker,) = server.workers()
    with closing(_connect(server)) as connection:
        _ask(connection)
        before = _cpu_seconds(worker)
        for _ in range(calls):
            _ask(connection)
    return (_cpu_seconds(worker) - before) / calls


def beside_a_held_lock(server: Server, path: str, seconds: float = 5.0) -> Waits:
    """Return the waits of `/health` beside a held lock.

    Meanwhile a registration waits for SQLite's write lock.
    """
    body = b'{"username": "ann", "email": "ann@example.org", "password": "correct horse"}'
    head = b"POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with closing(sqlite3.connect(path)) as writer, closing(socket.socket()) as client:
        writer.execute("BEGIN IMMEDIATE")
        client.connect(_address(server))
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return _waits(server, time.monotonic() + seconds)


def beside_slow_readers(server: Server, seconds: float) -> Waits:
    """Return the waits of `/health` while slow readers attack."""
    host, port = _address(server)
    over = threading.Event()
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            slow = stack.enter_context(closing(socket.socket()))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ)
            slow.connect((host, port))
            slow.sendall(PIPELINED * _FILE)
            thread = threading.Thread(target=_read_slowly, args=(slow, over), daemon=True)
            thread.start()
            stack.callback(thread.join)
        stack.callback(over.set)
        return _waits(server, time.monotonic() + seconds)


def _read_slowly(slow: socket.socket, over: threading.Event) -> None:
    try:
        while not over.wait(PAUSE) and slow.recv(READ):
            pass
    except OSError:  # the server has closed the connection
        return


def _waits(server: Server, until: float) -> Waits:
    durations, unanswered = [], 0
    while time.monotonic() < until:
        before = time.monotonic()
        try:
            with closing(_connect(server)) as connection:
                _ask(connection)
        except OSError:
            unanswered += 1
        durations.append(time.monotonic() - before)
        time.sleep(0.05)
    return Waits(median(durations), max(durations), unanswered)


def _address(server: Server) -> tuple[str, int]:
    parts = urlsplit(server.url)
    return str(parts.hostname), int(parts.port or 80)


def _connect(server: Server) -> HTTPConnection:
    return HTTPConnection(*_address(server), timeout=PATIENCE)


def _ask(connection: HTTPConnection) -> None:
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise ConnectionError(f"/health answered {answer.status}")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    main()
