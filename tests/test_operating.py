"""The service for an operator: probes, stops, full disks."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from signal import SIGHUP
from subprocess import PIPE
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import flask_migrate
import pytest
import sqlalchemy as sa

from gridt.runtime import schema_version
from gridt.runtime.extensions import db
from tests import servers
from tests.conftest import app_on, checked_app
from tests.databases import same_on_both
from tests.persons import PASSWORD, Person, account
from tests.postgres import free_port
from tests.servers import PATIENCE, ROOT, Server, change, environment, serve
from tests.test_service_end_to_end import HTTPAnswer, begin_to_register, wait_for


def probe(server: Server) -> tuple[int, dict[str, Any]]:
    """Return a server's answer at /ready."""
    try:
        with urlopen(f"{server.url}/ready", timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as answer:
        with answer:
            return answer.code, json.loads(answer.read())


def test_ready_follows_the_version_of_the_database(migrated_database: Callable[[], str]) -> None:
    url = migrated_database()
    with serve(url) as server:
        assert probe(server) == (200, {"status": "ok"})
        assert "revision" not in server.log.read_text()

        change(url, "UPDATE alembic_version SET version_num = '0001'")
        status, answer = probe(server)
        assert (status, "not migrated" in answer["detail"]) == (503, True)

        change(url, "UPDATE alembic_version SET version_num = 'of a version to come'")
        status, answer = probe(server)
        assert (status, answer["status"], "newer" in answer["note"]) == (200, "ok", True)

        change(url, "ALTER TABLE logins RENAME COLUMN wrote_at TO wrote_when")
        status, answer = probe(server)
        assert (status, "logins.wrote_at" in answer["detail"]) == (503, True)

        change(url, "DROP TABLE alembic_version")
        assert probe(server)[0] == 503


def wait_until_refused(server: Server) -> None:
    """Wait until a server takes no new connections."""
    while True:
        try:
            probe(server)
        except OSError:
            return


@same_on_both
def test_a_stopping_server_says_so_while_it_listens(migrated_database: Callable[[], str]) -> None:
    with serve(migrated_database()) as server:
        host = server.url.removeprefix("http://")
        waiting, body = begin_to_register(server, "ann")
        kept = HTTPConnection(host, timeout=PATIENCE)
        kept.request("GET", "/ready")
        with kept.getresponse() as answer:
            assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')

        server.process.terminate()
        wait_for(server, "Handling signal: term")
        wait_until_refused(server)
        kept.request("GET", "/ready")
        with kept.getresponse() as answer:
            assert answer.status == 503
            assert json.loads(answer.read())["detail"] == "This process is stopping."
        kept.close()
        waiting.send(body)
        assert HTTPAnswer(waiting).status == 201
        server.wait()


@same_on_both
def test_a_server_prints_no_data_of_requests(
    migrated_database: Callable[[], str],
) -> None:
    secret = "hunter2-is-what-nobody-may-read"
    with serve(migrated_database(), KNOWN_HOSTS="127.0.0.1") as server:
        person = Person(server.url, "ann")
        person.register()
        person.log_in()
        person.call("GET", f"/movements?after={secret}")
        person.call("GET", "/ready")
        person.call("GET", f"/{secret}/{secret}?{secret}")
        host = server.url.removeprefix("http://")
        for head in (
            f"GET /{secret} HTTP/9.9\r\n\r\n",
            f"GET /health?{secret} HTTP/1.1\r\nHost: x\r\n{secret} : x\r\n\r\n",
            f"GET /health?{secret} HTTP/1.1\r\nHost: x\r\nA: {secret}\x01\r\n\r\n",
        ):
            connection = HTTPConnection(host, timeout=PATIENCE)
            connection.connect()
            connection.sock.sendall(head.encode())
            assert connection.sock.recv(1024).startswith(b"HTTP/1.1 4")
            connection.close()
        server.stop()
        printed = server.log.read_text()
    assert printed.count('"gridt.requests"') >= 5
    assert "Invalid request from ip=127.0.0.1" in printed
    assert "alembic" not in printed.partition("Booting worker")[2]  # once it has migrated
    for unwanted in (secret, PASSWORD, person.token, account("ann")["email"]):
        assert unwanted not in printed
    for line in printed.splitlines():
        assert {"time", "level", "message"} <= set(json.loads(line))


@same_on_both
def test_processes_are_replaced_unnoticed(
    migrated_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:

    before = servers.environment

    def environment(url: str, **settings: str) -> dict[str, str]:
        arguments = "--max-requests 25 --max-requests-jitter 10"
        return before(url, **settings) | {"GUNICORN_CMD_ARGS": arguments}

    monkeypatch.setattr(servers, "environment", environment)
    with serve(migrated_database(), processes=2) as server:
        people = [Person(server.url, f"person{number}") for number in range(4)]

        def live(person: Person) -> list[int]:
            for _ in range(50):
                person.call("GET", "/health")
            return person.statuses

        with ThreadPoolExecutor(4) as threads:
            statuses = [status for one in threads.map(live, people) for status in one]
        printed = server.log.read_text()
    assert statuses == [200] * 200
    assert "Autorestarting worker" in printed


@pytest.fixture
def url_of_file(migrated_database: Callable[[], str], request: pytest.FixtureRequest) -> str:
    if request.config.getoption("--database") != "sqlite":
        pytest.skip("a PostgreSQL has its disk elsewhere")
    return migrated_database()


@pytest.mark.parametrize(
    ("pragma", "cure", "words"),
    [
        ("max_page_count = 1", "max_page_count = 1000000", "full"),
        ("query_only = ON", "query_only = OFF", "readonly"),
    ],
)
def test_a_disk_that_takes_nothing_more_is_503_and_no_harm(
    url_of_file: str, caplog: pytest.LogCaptureFixture, pragma: str, cure: str, words: str
) -> None:
    with checked_app(url_of_file) as app:
        client = app.test_client()
        big = {"username": "ann", "email": "ann@example.org", "password": PASSWORD}

        def set_for_all(pragma: str) -> None:
            def set_it(connection: Any, *_: Any) -> None:
                connection.execute(f"PRAGMA {pragma}")

            with app.app_context():
                sa.event.listen(db.engine, "checkout", set_it)

        first = client.post("/register", json=big | {"username": "ben", "email": "b@example.org"})
        assert first.status_code == 201
        set_for_all(pragma)
        statuses = []
        for number in range(60):
            body = big | {"username": f"u{number}", "email": f"u{number}@example.org"}
            statuses.append(client.post("/register", json=body).status_code)
        assert set(statuses) <= {201, 503}
        assert statuses[-1] == 503
        assert words in caplog.text
        assert "example.org" not in caplog.text
        assert client.get("/ready").status_code == 200
        set_for_all(cure)
        assert client.post("/register", json=big).status_code == 201
    path = url_of_file.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        there = connection.execute("SELECT count(*) FROM users").fetchone()[0]
    connection.close()
    assert there == statuses.count(201) + 2


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_start_that_cannot_migrate_says_why_in_a_line(engine: str, tmp_path: Path) -> None:
    urls = {
        "sqlite": f"sqlite:///{tmp_path}/nowhere/gridt.sqlite",
        "postgresql": f"postgresql://gridt:hidden@127.0.0.1:{free_port()}/gridt",
    }
    started = subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=ROOT,
        env=environment(urls[engine], UPGRADE_ON_START="true"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert started.returncode == 1
    last = json.loads(started.stderr.splitlines()[-1])
    assert last["level"] == "error"
    assert last["message"].startswith("Error: The database cannot be migrated: ")
    assert "Traceback" not in started.stderr
    assert "hidden" not in started.stderr


def resident(pid: int) -> float:
    """Return a process's memory in RAM, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (kilobytes,) = re.findall(r"^Rss:\s+(\d+) kB", text, re.MULTILINE)
    return int(kilobytes) / 1024


@same_on_both
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux counts it")
def test_the_arbiter_stays_small_and_leaves_no_child_behind(
    migrated_database: Callable[[], str],
) -> None:
    with serve(migrated_database(), METRICS_TOKEN="m" * 32) as server:
        (worker,) = server.workers()
        assert resident(server.process.pid) < 40
        server.process.send_signal(SIGHUP)
        wait_for(server, "Hang up")
        while worker in server.workers() or len(server.workers()) != 1:
            time.sleep(0.05)
        assert probe(server)[0] == 200
        assert resident(server.process.pid) < 40


def test_an_arbiter_that_is_killed_takes_its_migration_with_it(
    new_database: Callable[[], str], request: pytest.FixtureRequest
) -> None:
    url = new_database()
    with app_on(url) as app, app.app_context():
        flask_migrate.upgrade(revision="0001")
    engine = sa.create_engine(url)
    with engine.connect() as busy:
        if request.config.getoption("--database") == "sqlite":
            busy.connection.driver_connection.execute("BEGIN IMMEDIATE")
        else:
            schema_version.wait_for_turn("postgresql", busy.exec_driver_sql)
        with subprocess.Popen(
            [sys.executable, "-m", "gunicorn"],
            cwd=ROOT,
            env=environment(url, UPGRADE_ON_START="true"),
            stderr=PIPE,
        ) as arbiter:
            child = wait_for_migration(arbiter)
            arbiter.kill()
            give_up = time.monotonic() + PATIENCE
            while Path(f"/proc/{child}/stat").exists():
                assert time.monotonic() < give_up, "it still migrates"
                time.sleep(0.05)
        busy.rollback()
    with engine.connect() as connection:
        revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    assert revision == "0001"


def wait_for_migration(arbiter: subprocess.Popen[bytes]) -> int:
    """Return the process that migrates for an arbiter.

    The function waits until the process has begun.
    """
    assert arbiter.stderr is not None
    for line in arbiter.stderr:
        if b"transactional DDL" in line:
            break
    (child,) = Path(f"/proc/{arbiter.pid}/task/{arbiter.pid}/children").read_text().split()
    return int(child)
