"""Jobs: done, retried, given up, or taken over."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.jobs import enqueue, run_until_idle
from gridt.jobs.runner import LEASE, LONGEST_PAUSE, PAUSE, pause_after, run_next
from gridt.models import Job, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import Clock
from tests.jobs.conftest import Register, people, queue
from tests.test_concurrency import at_once

ADDRESS = "somebody@example.org"


def open_account(username: str) -> None:
    db.session.add(User(username, f"{username}@example.org", "correct horse battery"))


# -- done -----------------------------------------------------------------------------------


def test_the_writes_of_a_job_are_committed_with_its_end(
    database: None, register: Register, commits: list[Any]
) -> None:
    register("open", open_account)
    enqueue("open", {"username": "robin"})
    db.session.commit()
    commits.clear()
    run_until_idle()
    assert (people(), queue()) == (["robin"], [])
    assert len(commits) == 2  # the claim, and the writes with the end


def test_the_writes_of_a_failed_job_are_rolled_back(database: None, register: Register) -> None:
    def fail(username: str) -> None:
        open_account(username)
        db.session.flush()
        raise RuntimeError

    register("fail", fail)
    enqueue("fail", {"username": "robin"})
    db.session.commit()
    run_until_idle()
    assert (people(), [one.state for one in queue()]) == ([], ["ready"])


def test_a_job_that_fails_at_its_commit_has_failed(database: None, register: Register) -> None:
    register("open", open_account)
    for _ in range(2):
        enqueue("open", {"username": "robin"})
    db.session.commit()
    assert run_until_idle() == 2
    (left,) = queue()
    assert (people(), left.state, left.attempts) == (["robin"], "ready", 1)
    assert left.last_error.startswith("IntegrityError")


def test_a_job_that_only_acts_outside_holds_no_transaction(
    own_app: Flask, register: Register
) -> None:
    seen: list[Any] = []

    def read_and_act() -> None:
        seen.append(people())
        with own_app.app_context():  # on SQLite, our lock would keep others from writing
            open_account("meanwhile")
            db.session.commit()
        db.session.rollback()
        seen.append(people())

    register("read", read_and_act, writes=False)
    with own_app.app_context():
        enqueue("read", {})
        db.session.commit()
        assert run_until_idle() == 1
        assert (seen, queue()) == ([[], ["meanwhile"]], [])


def test_a_look_for_jobs_does_not_wait_for_writers(own_app: Flask) -> None:
    with own_app.app_context():
        open_account("robin")
        db.session.flush()
        assert at_once(own_app, run_until_idle) == [0]


# -- failed ---------------------------------------------------------------------------------


def test_a_job_is_retried_later_and_later_and_then_given_up(
    database: None, register: Register, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[Any] = []

    def fail(to: str) -> None:
        attempts.append(clock.now)
        raise ConnectionError(f"{to} refused")

    register("fail", fail, attempts=4)
    enqueue("fail", {"to": ADDRESS})
    db.session.commit()
    for number in range(1, 4):
        assert run_until_idle() == 1
        (left,) = queue()
        assert (left.state, left.attempts, left.claim) == ("ready", number, None)
        pause = left.run_after - clock.now
        assert 0.75 * PAUSE <= pause / 2 ** (number - 1) <= 1.25 * PAUSE
        assert run_until_idle() == 0
        clock.now = left.run_after
    assert run_until_idle() == 1
    (dead,) = queue()
    assert (dead.state, dead.attempts, dead.run_after) == ("dead", 4, None)
    assert dead.last_error == f"ConnectionError: {ADDRESS} refused"
    clock.pass_(days=1000)
    assert (run_until_idle(), len(attempts)) == (0, 4)
    last = caplog.records[-1]
    assert (last.levelname, last.getMessage()) == (
        "ERROR",
        f"job fail {dead.id} is dead after 4 attempts: ConnectionError",
    )
    assert ADDRESS not in caplog.text


def test_the_pauses_grow_up_to_the_longest_and_differ() -> None:
    assert len({pause_after(1) for _ in range(20)}) > 1
    for attempts in (20, 1000):
        assert 0.75 * LONGEST_PAUSE <= pause_after(attempts) <= 1.25 * LONGEST_PAUSE


def test_a_job_that_only_a_newer_version_knows_waits_for_it(
    database: None, calls: list[Any], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue("note", {})
    db.session.commit()
    with monkeypatch.context() as older:
        older.setattr("gridt.jobs.runner.DEFINITIONS", {})
        assert run_until_idle() == 1
    assert [(one.state, one.attempts) for one in queue()] == [("ready", 1)]
    clock.pass_(minutes=1)
    assert (run_until_idle(), len(calls), queue()) == (1, 1, [])


def test_a_job_with_the_highest_number_of_attempts_fails_for_good_and_others_run(
    database: None, calls: list[Any]
) -> None:
    for n in (1, 2):
        enqueue("note", {"n": n}, priority=2 - n)
    db.session.execute(sa.update(Job).where(Job.priority == 1).values(attempts=2**31 - 1))
    db.session.commit()
    assert (run_until_idle(), calls) == (2, [{"n": 2}])
    assert [(one.state, one.run_after) for one in queue()] == [("dead", None)]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 10_000])
def test_any_error_text_can_be_stored(database: None, register: Register, text: str) -> None:
    def fail() -> None:
        raise RuntimeError(text)

    register("fail", fail)
    enqueue("fail", {})
    db.session.commit()
    run_until_idle()
    (left,) = queue()
    assert left.last_error.startswith("RuntimeError: ")
    assert len(left.last_error) <= 500


# -- leases ---------------------------------------------------------------------------------


def crash() -> None:
    """Claim the next job and stop, like a killed process."""
    assert take_up() is not None


def test_a_job_whose_worker_is_gone_is_taken_up_when_its_lease_is_over(
    database: None, calls: list[Any], clock: Clock
) -> None:
    enqueue("note", {})
    db.session.commit()
    crash()
    clock.now += LEASE - timedelta(seconds=1)
    assert (run_until_idle(), calls) == (0, [])
    clock.pass_(seconds=1)
    assert (run_until_idle(), len(calls), queue()) == (1, 1, [])


def test_a_job_that_kills_its_worker_each_time_is_given_up(
    database: None, register: Register, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    register("kill", lambda: None, attempts=2)
    enqueue("kill", {})
    db.session.commit()
    for _ in range(2):
        crash()
        clock.now += LEASE
    run_until_idle()
    assert [one.state for one in queue()] == ["dead"]
    assert "Abandoned" in caplog.text


@pytest.fixture
def overtaken(own_app: Flask, register: Register) -> Iterator[Callable[..., None]]:
    """Hang one worker in `open` until another takes over.

    The job is called `open`, and the other worker takes it over.

    The first one opens an account for "slow", the other one for "quick".
    """
    began, goes_on = Event(), Event()
    names = iter(["slow", "quick"])

    def begin(then: str) -> None:
        name = next(names)
        if name == "slow":
            began.set()
            assert goes_on.wait(60)
            if then == "fail":
                raise RuntimeError
        open_account(name)

    register("open", begin)

    def overtake(then: str, done_before: bool) -> None:
        enqueue("open", {"then": then})
        db.session.commit()
        slow = Thread(target=run_next, args=(own_app,))
        slow.start()
        assert began.wait(60)
        db.session.execute(sa.update(Job).values(run_after=utcnow()))  # the lease is over
        db.session.commit()
        if done_before:
            assert run_until_idle() == 1
        else:
            crash()
        goes_on.set()
        slow.join(60)
        assert not slow.is_alive()

    with own_app.app_context():
        yield overtake
        goes_on.set()


@pytest.mark.parametrize("then", ["end", "fail"])
def test_a_worker_without_its_lease_saves_nothing(
    overtaken: Callable[..., None], then: str
) -> None:
    overtaken(then, done_before=True)
    assert (people(), queue()) == (["quick"], [])


@pytest.mark.parametrize("then", ["end", "fail"])
def test_a_worker_without_its_lease_does_not_touch_the_job(
    overtaken: Callable[..., None], then: str
) -> None:
    overtaken(then, done_before=False)
    (left,) = queue()
    assert (people(), left.state, left.attempts, left.last_error) == ([], "running", 2, None)
    assert left.claim is not None
    assert left.run_after > utcnow()


# -- at once --------------------------------------------------------------------------------


def test_no_two_workers_get_the_same_job(own_app: Flask, register: Register) -> None:
    jobs, workers = 300, 6
    seen: list[int] = []
    register("note", lambda n: seen.append(n))
    with own_app.app_context():
        for n in range(jobs):
            enqueue("note", {"n": n}, priority=n % 3 - 1)
        db.session.commit()
        done = at_once(own_app, *[run_until_idle] * workers)
        assert sum(done) == jobs
        assert Counter(seen) == Counter(range(jobs))
        assert queue() == []


def test_only_one_of_many_jobs_with_a_key_waits(own_app: Flask, register: Register) -> None:
    register("note", lambda: None)

    def put() -> None:
        enqueue("note", {}, key="k")
        db.session.commit()

    with own_app.app_context():
        at_once(own_app, *[put] * 6)
        assert len(queue()) == 1


def take_up() -> Any:
    """Claim a due job if there is one, and commit."""
    claimed = Job.take_up(utcnow() + LEASE)
    db.session.commit()
    return claimed


def test_a_waiting_job_does_not_run_before_the_commit_of_its_enqueuer(
    own_app: Flask, register: Register
) -> None:
    """A waiting job does not run before its enqueuer's commit.

    Else it would not see the commit of its enqueuer, and no later job would.
    """
    if own_app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: nobody can claim anything meanwhile")
    seen: list[list[str]] = []
    register("look", lambda: seen.append(people()), writes=False)
    with own_app.app_context():
        enqueue("look", {}, key="k")
        db.session.commit()
        open_account("robin")
        enqueue("look", {}, key="k")
        assert at_once(own_app, take_up) == [None]
        db.session.commit()
        assert run_until_idle() == 1
    assert seen == [["robin"]]
