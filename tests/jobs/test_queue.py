"""Enqueueing a job, and the order of running jobs."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from gridt.jobs import enqueue, run_until_idle
from gridt.models import Job
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from tests.conftest import Clock
from tests.jobs.conftest import Register, queue

pytestmark = pytest.mark.usefixtures("database")

Calls = list[dict[str, Any]]


def test_a_job_is_a_row_of_the_callers_transaction(calls: Calls, commits: list[Any]) -> None:
    enqueue("note", {"a": 1})
    assert commits == []
    db.session.rollback()
    assert (queue(), run_until_idle(), calls) == ([], 0, [])


def test_a_job_is_run_once_and_gone(calls: Calls) -> None:
    enqueue("note", {"text": "é\0\ud800", "list": [1, 2.5, None, {"x": True}]})
    db.session.commit()
    assert run_until_idle() == 1
    assert calls == [{"text": "é\0\ud800", "list": [1, 2.5, None, {"x": True}]}]
    assert (queue(), run_until_idle()) == ([], 0)


def test_a_row_describes_a_waiting_job(calls: Calls, clock: Clock) -> None:
    enqueue("note", {"a": 1}, key="k", priority=1, delay=timedelta(minutes=3))
    (waiting,) = queue()
    assert (waiting.name, waiting.arguments, waiting.key) == ("note", {"a": 1}, "k")
    assert (waiting.priority, waiting.state, waiting.attempts) == (1, "ready", 0)
    assert (waiting.created_at, waiting.claim) == (clock.now, None)
    assert waiting.run_after == clock.now + timedelta(minutes=3)


# -- immediate refusals ---------------------------------------------------------------------


def test_two_functions_of_one_name_are_refused(register: Register, calls: Calls) -> None:
    with pytest.raises(ValueError, match="'note'"):
        register("note", lambda: None)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(LookupError, match="'nothing'"):
        enqueue("nothing", {})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({1, 2}, id="a set"),
        pytest.param((1, 2), id="a tuple"),
        pytest.param(datetime.now(), id="a time"),
        pytest.param(b"x", id="bytes"),
        pytest.param({1: 2}, id="a key that is no text"),
        pytest.param(float("nan"), id="nan"),
        pytest.param(object(), id="an object"),
    ],
)
def test_arguments_that_are_not_json_are_refused(calls: Calls, value: Any) -> None:
    with pytest.raises(TypeError, match="not JSON"):
        enqueue("note", {"value": value})
    assert queue() == []


@pytest.mark.parametrize("arguments", [{}, {"a": 1, "b": 2}, {"b": 1}])
def test_arguments_that_the_function_does_not_take_are_refused(
    register: Register, arguments: dict[str, Any]
) -> None:
    register("one", lambda a: None)
    with pytest.raises(TypeError, match="argument"):
        enqueue("one", arguments)


@pytest.mark.parametrize("priority", [2, -2, 0.5])
def test_an_unknown_priority_is_refused(calls: Calls, priority: Any) -> None:
    with pytest.raises(ValueError, match="priority"):
        enqueue("note", {}, priority=priority)


def test_a_read_only_request_enqueues_nothing(app: Flask, calls: Calls) -> None:
    with app.app_context():
        request_state().reading = True
        with pytest.raises(RuntimeError, match="reads"):
            enqueue("note", {})


def test_the_database_refuses_an_unknown_state(calls: Calls) -> None:
    enqueue("note", {})
    with pytest.raises(IntegrityError):
        db.session.execute(sa.update(Job).values(state="lost"))


# -- order ----------------------------------------------------------------------------------


def test_urgent_jobs_come_first_and_then_the_oldest(calls: Calls, clock: Clock) -> None:
    for number, (priority, minutes) in enumerate([(-1, 3), (0, 2), (0, 1), (1, 3), (0, 1)]):
        enqueue("note", {"n": number}, priority=priority, delay=timedelta(minutes=minutes))
    db.session.commit()
    clock.pass_(minutes=5)
    run_until_idle()
    assert [call["n"] for call in calls] == [3, 2, 4, 1, 0]


def test_nothing_is_run_before_its_time(calls: Calls, clock: Clock) -> None:
    enqueue("note", {}, delay=timedelta(seconds=60))
    db.session.commit()
    clock.pass_(seconds=59)
    assert run_until_idle() == 0
    clock.pass_(seconds=1)
    assert run_until_idle() == 1


def test_a_job_may_add_another(register: Register, calls: Calls) -> None:
    register("first", lambda: enqueue("note", {"by": "first"}))
    enqueue("first", {})
    db.session.commit()
    assert (run_until_idle(), calls) == (2, [{"by": "first"}])


# -- keys -----------------------------------------------------------------------------------


def test_while_a_job_waits_no_other_gets_its_key(calls: Calls) -> None:
    enqueue("note", {"n": 1}, key="k")
    enqueue("note", {"n": 2}, key="k")
    db.session.commit()
    enqueue("note", {"n": 3}, key="k")
    enqueue("note", {"n": 4}, key="other")
    enqueue("note", {"n": 5})
    enqueue("note", {"n": 6})
    db.session.commit()
    run_until_idle()
    assert [call["n"] for call in calls] == [1, 4, 5, 6]


def test_a_running_job_does_not_keep_its_key(register: Register) -> None:
    seen: list[int] = []

    def chase(n: int) -> None:
        seen.append(n)
        if n < 3:
            enqueue("chase", {"n": n + 1}, key="k")

    register("chase", chase)
    enqueue("chase", {"n": 1}, key="k")
    db.session.commit()
    assert (run_until_idle(), seen, queue()) == (3, [1, 2, 3], [])


def test_a_dead_job_does_not_keep_its_key(register: Register, clock: Clock) -> None:
    register("fail", lambda: 1 / 0, attempts=1)
    for _ in range(2):
        enqueue("fail", {}, key="k")
        db.session.commit()
        assert run_until_idle() == 1
    assert [(one.state, one.key) for one in queue()] == [("dead", "k")] * 2


def test_a_failed_job_yields_to_another_with_its_key(
    app: Flask, register: Register, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    def fail_at_first(n: int) -> None:
        seen.append(n)
        if n == 1:
            with app.app_context():  # as a request would meanwhile
                enqueue("job", {"n": 2}, key="k")
                db.session.commit()
            raise RuntimeError

    register("job", fail_at_first, writes=False)
    enqueue("job", {"n": 1}, key="k")
    db.session.commit()
    assert (run_until_idle(), seen, queue()) == (2, [1, 2], [])
    assert "another job has the same key" in caplog.text


# -- the cost -------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-1, 1], ids=["due", "not yet due"])
def test_neither_a_look_nor_a_claim_reads_all_waiting_jobs(
    calls: Calls, sent: list[tuple[str, Any]], minutes: int
) -> None:
    at = utcnow() + timedelta(minutes=minutes)
    common = {"name": "note", "arguments": {}, "state": "ready", "attempts": 0, "created_at": at}
    rows = [common | {"priority": n % 3 - 1, "run_after": at} for n in range(3000)]
    db.session.execute(sa.insert(Job), rows)
    db.session.execute(sa.text("ANALYZE jobs"))
    sent.clear()
    assert Job.is_any_due() == (minutes < 0)
    assert (Job.take_up(utcnow()) is None) == (minutes > 0)
    look, claim = (plan(*one) for one in tuple(sent))
    for found in (look, claim):
        assert "ix_jobs_priority_run_after_id" in found
        assert not re.search("Seq Scan|SCAN jobs|Sort|TEMP B-TREE", found)


@pytest.fixture
def sent() -> Iterator[list[tuple[str, Any]]]:
    """The statements and parameters since the test began.

    A test that clears this list begins again.
    """
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        seen.append((statement, given))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def plan(statement: str, given: Any) -> str:
    """Return the database's plan for a statement."""
    connection = db.session.connection()
    command = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{command} {statement}", given)
    return "\n".join(str(tuple(row)) for row in rows)
