"""Real workers: killed, stopped, side by side, without a database."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.jobs import enqueue
from gridt.jobs.worker import JobWorker
from gridt.models import Job
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db, disconnect
from tests import postgres
from tests.conftest import migrated_app
from tests.databases import postgresql_only, same_on_both
from tests.jobs.conftest import people, queue
from tests.servers import PATIENCE, flask, running, serve

SERVICE = "tests.jobs.service"
WAITING = "jobs are waiting for the database:"


@pytest.fixture
def url(world: Flask) -> str:
    """The address of a database for one test.

    The context of an app on it is entered.
    """
    return str(world.config["SQLALCHEMY_DATABASE_URI"])


def put(name: str, **arguments: str) -> None:
    """Insert a job of the service.

    `enqueue` would need the job to be registered here.
    """
    Job.insert(name, arguments, None, 0, utcnow())
    db.session.commit()


def wait_until(done: Callable[[], Any]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < give_up
        db.session.rollback()  # to see the commits of others
        time.sleep(0.02)
    db.session.rollback()


def working(url: str, *options: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run `flask gridt work` for a `with` block.

    It may end before the block does.
    """
    return running(url, "--app", SERVICE, "gridt", "work", *options)


# -- processes of their own -----------------------------------------------------------------


def test_another_process_does_the_job_of_a_killed_one(url: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    put("hang", path=str(begun))
    with working(url) as first:
        wait_until(begun.exists)
        first.send_signal(SIGKILL)
        first.wait(PATIENCE)
    (left,) = queue()
    assert (left.state, left.attempts, people()) == ("running", 1, [])
    with working(url, "--poll=0.05"):
        put("open-account", username="before")
        wait_until(lambda: people() == ["before"])
        assert [one.name for one in queue()] == ["hang"]  # its lease is not over
        db.session.execute(sa.update(Job).values(run_after=utcnow()))
        db.session.commit()
        wait_until(lambda: not queue())
    assert people() == ["before", "hanged"]


@same_on_both
@pytest.mark.parametrize("by", [SIGTERM, SIGINT], ids=lambda signal: signal.name)
def test_a_process_that_is_stopped_finishes_its_job_and_begins_no_other(
    url: str, tmp_path: Path, by: Signals
) -> None:
    begun = tmp_path / "begun"
    put("wait-for-end", path=str(begun))
    put("open-account", username="robin")
    with working(url) as process:
        wait_until(begun.exists)
        process.send_signal(by)
        begun.with_suffix(".go").touch()
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in process.stdout.read()
    assert begun.with_suffix(".done").exists()
    assert ([one.name for one in queue()], people()) == (["open-account"], [])


@same_on_both
def test_a_process_that_waits_ends_when_it_is_stopped(url: str) -> None:
    with working(url, "--poll=600") as process:
        assert process.stdout.readline() == "waiting for jobs\n"
        process.send_signal(SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_processes_share_the_work(url: str) -> None:
    names = sorted(f"user{n}" for n in range(60))
    for name in names:
        put("open-account", username=name)
    with working(url, "--until-idle") as one, working(url, "--until-idle") as other:
        texts = [process.communicate(timeout=PATIENCE)[0] for process in (one, other)]
        assert (one.returncode, other.returncode) == (0, 0)
    assert sum(int(number) for text in texts for number in re.findall(r"(\d+) jobs", text)) == 60
    assert (people(), queue()) == (names, [])


@same_on_both
def test_once_is_one_job(url: str) -> None:
    for name in ("one", "two"):
        put("open-account", username=name)
    for left in (1, 0, 0):
        result = flask(url, "--app", SERVICE, "gridt", "work", "--once")
        assert result.returncode == 0, result.stderr
        assert len(queue()) == left
        db.session.rollback()  # else no other process could write, on SQLite


# -- within the server ----------------------------------------------------------------------


def post(server: str, path: str) -> None:
    with urlopen(Request(f"{server}{path}", method="POST"), timeout=PATIENCE) as answer:
        assert answer.status == 200


def test_the_server_runs_what_its_requests_enqueue(url: str) -> None:
    with serve(url, processes=2, app=f"{SERVICE}:app") as server:
        for number in range(10):
            post(server.url, f"/enqueue/open-account/username/user{number}")
        wait_until(lambda: not queue())
    assert len(people()) == 10


@same_on_both
def test_the_server_runs_what_others_enqueue(url: str) -> None:
    with serve(url, app=f"{SERVICE}:app"):
        put("open-account", username="robin")
        wait_until(lambda: not queue())
    assert people() == ["robin"]


@same_on_both
def test_a_server_that_is_stopped_finishes_its_job(url: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with serve(url, app=f"{SERVICE}:app") as server:
        put("wait-for-end", path=str(begun))
        put("open-account", username="robin")
        wait_until(begun.exists)
        server.process.terminate()
        wait_until(lambda: "Handling signal: term" in server.log.read_text())
        begun.with_suffix(".go").touch()
        server.wait()
    assert begun.with_suffix(".done").exists()
    assert "wait-for-end" not in [one.name for one in queue()]


@same_on_both
def test_a_server_may_leave_the_jobs_to_others(url: str) -> None:
    with serve(url, app=f"{SERVICE}:app", JOBS="off") as server:
        post(server.url, "/enqueue/open-account/username/robin")
        # the server would have run it before this process has started
        result = flask(url, "--app", SERVICE, "gridt", "work", "--until-idle")
        assert (result.returncode, result.stdout) == (0, "1 job run\n")
    assert people() == ["robin"]


# -- without a database ---------------------------------------------------------------------


@contextmanager
def looking(app: Flask) -> Iterator[list[None]]:
    """Have a worker look for jobs.

    The list grows with each look.
    """
    looks: list[None] = []

    def wanted() -> bool:
        looks.append(None)
        return True

    worker = JobWorker(app, poll=0.01, wanted=wanted)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield looks
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_for_looks(looks: list[None]) -> None:
    """Wait until the worker has looked some more times."""
    goal = len(looks) + 12
    wait_until(lambda: len(looks) >= goal)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "gridt.jobs.worker"]


def test_a_worker_waits_for_missing_tables(
    url: str, own_app: Flask, calls: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    def rename(old: str, new: str) -> None:
        db.session.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))
        db.session.commit()

    enqueue("note", {})
    rename("jobs", "hidden")
    with looking(own_app) as looks:
        wait_for_looks(looks)
        rename("hidden", "jobs")
        wait_until(lambda: calls)
    waited, again = logged(caplog)
    assert re.fullmatch(f"{WAITING} (OperationalError|UndefinedTable)", waited)
    assert again == "jobs are running again"


@postgresql_only("SQLite is never away")
def test_a_worker_waits_for_its_database(
    calls: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with postgres.serve() as server:
        url = postgres.create_database(server.url, "gridt")
        with migrated_app(url) as app, app.app_context(), looking(app) as looks:
            with server.away():
                wait_for_looks(looks)
            disconnect()  # our own connections were lost as well
            enqueue("note", {})
            db.session.commit()
            wait_until(lambda: calls)
            wait_until(lambda: not queue())
    assert logged(caplog) == [f"{WAITING} OperationalError", "jobs are running again"]


def test_a_job_of_the_same_process_runs_without_waiting(
    url: str, own_app: Flask, calls: list[Any]
) -> None:
    worker = JobWorker(own_app, poll=600)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        for number in range(1, 4):
            enqueue("note", {})
            db.session.commit()
            wait_until(lambda wanted=number: len(calls) == wanted)
    finally:
        worker.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_importing_the_service_starts_no_worker(app: Flask) -> None:
    assert "jobs" not in [thread.name for thread in enumerate_threads()]
