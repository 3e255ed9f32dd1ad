"""The metrics for Prometheus, in one process and several."""

import contextvars
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from platform import python_version
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, event, text, update

from gridt import create_app
from gridt.models import Invitation, Job, Movement, Report, User
from gridt.monitoring.service_gauges import service_gauges
from gridt.runtime.clock import utcnow
from gridt.runtime.config import VERSION
from gridt.runtime.database import READING
from gridt.runtime.extensions import db, passwords
from gridt.runtime.metrics import metrics
from gridt.runtime.request_state import request_state
from tests.conftest import app_on, checked_app, settings_for
from tests.databases import same_on_both
from tests.persons import Person
from tests.servers import PATIENCE, Server, serve

TOKEN = "prometheus has a token of its own"
HEADER = {"Authorization": f"Bearer {TOKEN}"}

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    """Return a text's samples by their names and labels.

    The text is in Prometheus' format.
    """
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def named(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


@pytest.fixture
def watched(migrated_database: Callable[[], str]) -> Iterator[Flask]:
    """An app with metrics, on a database of its own.

    Its context is entered.
    """
    with (
        checked_app(
            migrated_database(), METRICS_TOKEN=TOKEN, LIMITS=True, LIMIT_LOGIN="1/hour"
        ) as app,
        app.app_context(),
    ):
        yield app
    metrics.enabled = False
    create_app(settings_for("sqlite://"))  # no limits and no metrics, as before


def call(app: Flask, path: str = "/metrics", **options: Any) -> Any:
    """Call in a context of its own.

    The page is no part of the OpenAPI document.
    """
    client = FlaskClient(app, app.response_class)
    return contextvars.Context().run(client.open, path, **options)


def scrape(app: Flask) -> Samples:
    answer = call(app, headers=HEADER)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return parsed(answer.text)


def test_without_a_token_in_the_settings_there_are_none(client) -> None:
    for headers in ({}, HEADER):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("given", [None, "", TOKEN, f"Basic {TOKEN}", "Bearer wrong", "Bearer é"])
def test_only_the_token_shows_them(watched: Flask, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    answer = call(watched, headers=headers)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"


def test_requests_are_counted_by_route(watched: Flask) -> None:
    for path in ("/health", "/health", "/movements/1", "/movements/2", "/nowhere/1", "/no/2"):
        call(watched, path)
    call(watched, "/health", method="INVENTED")

    found = scrape(watched)
    counted = {key[1]: value for key, value in found.items() if key[0] == "gridt_requests_total"}
    assert counted == {
        (("method", "GET"), ("route", "/health"), ("status", "200")): 2,
        (("method", "GET"), ("route", "/movements/{movement}"), ("status", "401")): 2,
        (("method", "GET"), ("route", "(none)"), ("status", "404")): 2,
        (("method", "other"), ("route", "(none)"), ("status", "405")): 1,
    }
    seconds = {"method": "GET", "route": "/health"}
    assert named(found, "gridt_request_duration_seconds_count", **seconds) == 2
    assert named(found, "gridt_request_duration_seconds_sum", **seconds) > 0
    assert named(found, "gridt_request_duration_seconds_bucket", le="+Inf", **seconds) == 2


def test_committed_operations_on_networks_are_counted(watched: Flask) -> None:
    def done() -> dict[str, float | None]:
        found = scrape(watched)
        names = ("join", "leave", "swap", "refill")
        return {one: named(found, "gridt_network_operations_total", operation=one) for one in names}

    users = [User(f"user{number}", f"u{number}@example.org", "a password") for number in range(7)]
    movement = Movement("Flossing", timedelta(days=1))
    db.session.add_all([*users, movement])
    db.session.commit()
    for user in users:
        movement.add_user(user)
    db.session.rollback()
    assert done() == {"join": 0, "leave": 0, "swap": 0, "refill": 0}

    for user in users:
        movement.add_user(user)
        movement.save_to_db()
    movement.add_user(users[0])  # a member already
    movement.swap_leader(users[0], users[0].leaders(movement)[0])
    leaver = users[0].leaders(movement)[0]
    followers = [user for user in users if leaver in user.leaders(movement)]
    movement.remove_user(leaver)
    movement.save_to_db()
    db.session.remove()
    assert done() == {"join": 7, "leave": 1, "swap": 1, "refill": len(followers)}


def test_refusals_and_hashing_are_counted(watched: Flask) -> None:
    client = watched.test_client()
    body = {"username": "nobody", "password": "whatever"}
    statuses = [client.post("/auth", json=body).status_code for _ in range(3)]
    assert statuses == [401, 429, 429]
    found = scrape(watched)
    assert named(found, "gridt_limit_refusals_total", limit="login") == 2
    assert named(found, "gridt_passwords_hashing") == 0
    with metrics.hashing():
        assert named(scrape(watched), "gridt_passwords_hashing") == 1
    assert passwords.verify("whatever", None)[0] is False


def test_lent_connections_are_counted_and_returned(watched: Flask) -> None:
    assert named(scrape(watched), "gridt_database_connections_in_use", pool="primary") == 0
    with db.engine.connect() as first, db.engine.connect():
        first.invalidate()
        found = scrape(watched)
        assert named(found, "gridt_database_connections_in_use", pool="primary") == 1
    assert named(scrape(watched), "gridt_database_connections_in_use", pool="primary") == 0


def put(state: str, **values: object) -> None:
    job = Job()
    given = {"name": "x", "arguments": {}, "priority": 0, "attempts": 0, "created_at": utcnow()}
    for name, value in (given | {"state": state} | values).items():
        setattr(job, name, value)
    db.session.add(job)


def test_jobs_and_open_slots_are_read(watched: Flask) -> None:
    users = [User(f"user{number}", f"u{number}@example.org", "a password") for number in range(2)]
    movement = Movement("Flossing", timedelta(days=1))
    movement.users = users
    movement.save_to_db()
    now = utcnow()
    for priority in (1, 0, -1):
        put("ready", run_after=now - timedelta(minutes=5), priority=priority)
        put("ready", run_after=now + timedelta(minutes=5), priority=priority)
        put("running", run_after=now + timedelta(minutes=1), priority=priority, claim="x")
        put("dead", run_after=None, priority=priority)
    post = movement.post_update(users[0], "not nice")
    post.save_to_db()
    for reporter in users:
        Report(reporter.id, post.snapshot(), "not nice").save_to_db()
    db.session.execute(
        update(Report).where(Report.reporter_id == users[0].id).values(closed_at=now)
    )
    for days, uses in ((1, 0), (1, 1), (-1, 0)):  # open, used up, expired
        expires_at = now + timedelta(days=days)
        Invitation.make(expires_at, max_uses=1)[0].uses = uses
    db.session.commit()

    found = scrape(watched)
    assert named(found, "gridt_database_up") == 1
    assert named(found, "gridt_build_info", version=VERSION, python=python_version()) == 1
    assert named(found, "gridt_users_created") == users[-1].id
    assert named(found, "gridt_updates_created") == post.id
    assert named(found, "gridt_reports_open") == 1
    assert named(found, "gridt_invitations_open") == 1
    assert named(found, "gridt_open_slots") == 6
    assert named(found, "gridt_jobs_waiting") == 6
    assert named(found, "gridt_jobs_running") == 3
    assert named(found, "gridt_jobs_dead") == 3
    assert 300 <= named(found, "gridt_jobs_oldest_seconds") < 360


def test_the_figures_are_one_statement_by_indexes_alone(watched: Flask) -> None:
    seen: list[tuple[str, object]] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        seen.append((statement, given))

    request_state().bind = READING  # as for the page
    try:
        service_gauges()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    ((statement, given),) = seen
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            explain = "EXPLAIN QUERY PLAN "
        else:
            # its tables are empty here, and the database always reads such tables as a whole
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
            explain = "EXPLAIN "
        rows = connection.exec_driver_sql(explain + statement, given).all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert "USING COVERING INDEX" in plan or "Index" in plan
    for word in ("SCAN movement", "SCAN jobs\n", "Seq Scan", "TEMP B-TREE", "Sort"):
        assert word not in plan, plan


def test_without_a_database_the_other_metrics_are_shown(request: pytest.FixtureRequest) -> None:
    url = "postgresql+psycopg://gridt:hush@127.0.0.1:1/gridt"
    request.addfinalizer(lambda: setattr(metrics, "enabled", False))
    with app_on(url, METRICS_TOKEN=TOKEN) as app:
        app.test_client().get("/health")
        answer = call(app, headers=HEADER)
    found = parsed(answer.text)
    assert named(found, "gridt_database_up") == 0
    assert named(found, "gridt_open_slots") is None
    assert named(found, "gridt_requests_total", method="GET", route="/health", status="200") == 1


# -- across processes -----------------------------------------------------------------------


def ask(server: Server) -> Samples:
    with urlopen(Request(f"{server.url}/metrics", headers=HEADER), timeout=PATIENCE) as answer:
        return parsed(answer.read().decode())


@same_on_both
def test_all_processes_are_added_up_and_dead_ones_keep_only_counters(
    migrated_database: Callable[[], str],
) -> None:
    health = {"method": "GET", "route": "/health", "status": "200"}
    # the threads that run jobs read too
    with serve(migrated_database(), processes=3, METRICS_TOKEN=TOKEN, JOBS="off") as server:
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{server.url}/metrics", timeout=PATIENCE)
        person = Person(server.url, "ann")
        for _ in range(60):
            person.call("GET", "/health")
        before = ask(server)
        assert named(before, "gridt_requests_total", **health) == 60
        assert named(before, "gridt_database_connections_in_use", pool="reading") == 0
        each = [resident(pid) for pid in server.workers()]
        assert named(before, "gridt_memory_bytes") == pytest.approx(sum(each), rel=0.2)
        assert named(before, "gridt_memory_largest_bytes") == pytest.approx(max(each), rel=0.2)

        old = server.workers()
        for one in old:
            os.kill(one, signal.SIGKILL)
        give_up = time.monotonic() + PATIENCE
        while len(server.workers() - old) < 3 or not ready(server):
            assert time.monotonic() < give_up, "the workers were not replaced"
            time.sleep(0.05)
        after = ask(server)
        assert named(after, "gridt_requests_total", **health) == 60
        assert named(after, "gridt_database_connections_in_use", pool="reading") == 0
        assert named(after, "gridt_passwords_hashing") == 0
        each = [resident(pid) for pid in server.workers()]
        assert named(after, "gridt_memory_bytes") == pytest.approx(sum(each), rel=0.2)
        person.call("GET", "/health")
        assert named(ask(server), "gridt_requests_total", **health) == 61


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    (line,) = re.findall(
        r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    return int(line) * 1024


def test_a_process_that_serves_measures_its_memory_again(watched: Flask) -> None:
    call(watched, "/health")
    metrics._memory.set(1)
    call(watched, "/health")
    assert metrics._memory._value.get() == 1  # not at each request
    metrics._measured_at -= 5
    call(watched, "/health")
    measured = metrics._memory._value.get()
    assert measured == pytest.approx(resident(os.getpid()), rel=0.2)
    assert named(scrape(watched), "gridt_memory_largest_bytes") == pytest.approx(measured, rel=0.2)


def ready(server: Server) -> bool:
    try:
        with urlopen(f"{server.url}/ready", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
