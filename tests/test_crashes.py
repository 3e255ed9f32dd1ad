"""Kills in a storm: all acknowledged updates survive."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from signal import SIG_DFL, SIGINT, SIGKILL, SIGQUIT, Signals, signal

import pytest
import sqlalchemy as sa

from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests import networks, postgres
from tests.conftest import migrated_app
from tests.databases import postgresql_only, same_on_both
from tests.servers import PATIENCE, ROOT, SECRET_KEY, Server, environment, serve
from tests.storms import FINE, Crowd, Memory, Storm, contradictions, gather


@dataclass(frozen=True)
class Size:
    """How many actors, crashes, and updates between two crashes."""

    actors: int
    crashes: int
    updates: int


SIZES = {"small": Size(6, 1, 10), "full": Size(12, 20, 100)}

#: how long a restarted database is away, in turns
PAUSES = [0.5, 0]


@pytest.fixture
def size(request: pytest.FixtureRequest) -> Size:
    return SIZES[request.config.getoption("--storm")]


@contextmanager
def crowd_in(url: str, size: int = 60) -> Iterator[Crowd]:
    """Gather a crowd in an empty database.

    The context of an app on it is entered.
    """
    with migrated_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        yield gather(size)


def check(crowd: Crowd, memory: Memory, what: str) -> None:
    """Compare the database with the answers, and with the invariants."""
    print(f"\n{what}, {db.engine.dialect.name}: {memory.summary()}")
    assert memory.lost + contradictions(crowd, memory) == []
    assert list(violations()) + networks.violations() == []


def test_nothing_acknowledged_is_lost_when_workers_are_killed(
    migrated_database: Callable[[], str], size: Size
) -> None:
    url = migrated_database()
    with crowd_in(url) as crowd:
        with (
            serve(url, processes=2) as server,
            Storm(server.url, crowd, size.actors) as storm,
        ):
            killed = 0
            # a killed worker may have had nothing to do, and then no call misses an answer
            while killed < size.crashes or not storm.unanswered():
                storm.go_on(size.updates)
                with suppress(ProcessLookupError):  # killed before, and its successor not up yet
                    os.kill(random.choice(workers(server)), SIGKILL)
                killed += 1
                assert killed < size.crashes + 100
            storm.go_on(size.updates)
        memory = storm.memory()
        check(crowd, memory, f"{killed} workers killed")
    assert set(memory.statuses) <= FINE | {"no answer"}
    assert memory.statuses["no answer"] > 0


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    migrated_database: Callable[[], str], size: Size
) -> None:
    url, address = migrated_database(), f"127.0.0.1:{postgres.free_port()}"
    with crowd_in(url) as crowd:
        with Storm(f"http://{address}", crowd, size.actors) as storm:
            for _ in range(size.crashes):
                with serve(url, processes=2, BIND=address) as server:
                    storm.go_on(size.updates)
                    server.kill()
            with serve(url, processes=2, BIND=address) as server:
                storm.go_on(size.updates)
        memory = storm.memory()
        check(crowd, memory, f"{size.crashes} servers killed")
    assert set(memory.statuses) <= FINE | {"no answer"}


@postgresql_only("SQLite lives and dies with the server")
def test_nothing_acknowledged_is_lost_when_the_database_restarts(size: Size) -> None:
    # Killed processes leave their writes to the system. So these two must be on, and the other
    # protections against a power failure may be off.
    durable = {"synchronous_commit": "on", "full_page_writes": "on"}
    crashes = max(2, size.crashes)  # by either signal
    with postgres.serve(**durable) as database:
        url = postgres.create_database(database.url, "gridt")
        with crowd_in(url) as crowd:
            with (
                serve(url, processes=2) as server,
                Storm(server.url, crowd, size.actors) as storm,
            ):
                for number in range(crashes):
                    storm.go_on(size.updates)
                    database.restart([SIGQUIT, SIGINT][number % 2], PAUSES[number // 2 % 2])
                storm.go_on(size.updates)
                tried_again = re.findall(
                    r"(\w+) in \S+ \S+ \S+, tried again", server.log.read_text()
                )
            memory = storm.memory()
            memory.retries.update(tried_again)
            check(crowd, memory, f"{crashes} restarts of the database")
    assert set(memory.statuses) <= FINE | {"503 busy"}
    assert memory.statuses["503 busy"] > 0


@pytest.mark.parametrize(
    "by",
    [SIGKILL, pytest.param(SIGINT, marks=same_on_both)],
    ids=lambda signal: signal.name,
)
def test_an_interrupted_load_leaves_nothing_behind(
    migrated_database: Callable[[], str], by: Signals
) -> None:
    url = migrated_database()
    load = ["gridt", "demo-data", "--movements=2", "--weeks=1"]
    with migrated_app(url) as app, app.app_context():
        assert interrupt_half_way(url, [*load, "--members=10000"], by) != 0
        tables = db.metadata.sorted_tables
        counts = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in tables]
        assert counts == [0] * len(tables)
        db.session.remove()
        again = app.test_cli_runner().invoke(args=[*load, "--members=50"])
        assert again.exit_code == 0, again.output
        assert list(violations()) + networks.violations() == []


def interrupt_half_way(url: str, command: list[str], by: Signals) -> int:
    """Interrupt `flask …` half-way, and return its exit code.

    It runs on a terminal, and the interrupt comes when its progress bar says 40 to 69 %.
    """
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env=environment(url) | {"TERM": "dumb"},
        stdin=its,
        stdout=its,
        stderr=its,
        # a script's background processes ignore interrupts, and so do all their children
        preexec_fn=partial(signal, SIGINT, SIG_DFL),
    )
    os.close(its)
    with process, open(ours, "rb", buffering=0) as terminal:
        shown = b""
        while not re.search(rb"\b[456]\d%", shown):
            try:
                shown += terminal.read(1024)
            except OSError:  # a terminal raises this when no process writes to it any more
                raise AssertionError(f"it was over at:\n{shown.decode()}") from None
        process.send_signal(by)
        return process.wait(PATIENCE)  # the rest of the output fits into the buffer


def workers(server: Server) -> list[int]:
    """Return the processes of the workers that were started last."""
    pids = re.findall(r"Booting worker with pid: (\d+)", server.log.read_text())
    return [int(pid) for pid in pids[-2:]]
