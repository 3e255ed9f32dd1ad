"""The operator's commands about jobs."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.jobs import enqueue, run_until_idle
from gridt.models import Job
from gridt.runtime.extensions import db
from gridt.text import with_noun
from tests.conftest import Clock, Run
from tests.jobs.conftest import Register, queue

ADDRESS = "somebody@example.org"


@pytest.fixture
def broken(database: None, register: Register, clock: Clock) -> list[bool]:
    """A job `send` that fails while this list has entries.

    Two jobs are dead, and one waits.
    """
    broken = [True]

    def send(to: str) -> None:
        if broken:
            raise ConnectionError("nobody answers")

    register("send", send, attempts=1)
    for key in ("one", None):
        enqueue("send", {"to": ADDRESS}, key=key)
        db.session.commit()
        run_until_idle()
    enqueue("send", {"to": ADDRESS})
    db.session.commit()
    return broken


def test_an_empty_queue(run: Run) -> None:
    assert run("jobs", "list").output == "no jobs\n"
    assert json.loads(run("jobs", "list", "--json").output) == {"counts": {}, "jobs": []}


def test_list_shows_jobs_without_the_users_concerned(run: Run, broken: list[bool]) -> None:
    result = run("jobs", "list")
    first, second, third, summary = result.output.splitlines()
    for line in (first, second):
        assert "send dead, 1 attempts, never again: ConnectionError: nobody answers" in line
    assert "send ready, 0 attempts, due 20" in third
    assert summary == "2 dead, 1 ready"
    assert ADDRESS not in result.output + run("jobs", "list", "--json").output


def test_list_can_be_limited_and_show_dead_jobs_only(run: Run, broken: list[bool]) -> None:
    dead = json.loads(run("jobs", "list", "--dead", "--json").output)
    assert dead["counts"] == {"dead": 2, "ready": 1}
    assert [one["state"] for one in dead["jobs"]] == ["dead", "dead"]
    assert [one["attempts"] for one in dead["jobs"]] == [1, 1]
    short = json.loads(run("jobs", "list", "--limit=1", "--json").output)
    assert short["jobs"] == dead["jobs"][:1]


def test_a_dead_job_may_be_put_back(run: Run, broken: list[bool]) -> None:
    dead, other, _waiting = queue()
    assert run("jobs", "retry", str(dead.id)).output == f"Job {dead.id} is ready.\n"
    broken.clear()
    assert (run_until_idle(), [one.id for one in queue()]) == (2, [other.id])


def test_all_dead_jobs_may_be_put_back(run: Run, broken: list[bool]) -> None:
    assert run("jobs", "retry", "--all").exit_code == 0
    broken.clear()
    assert (run_until_idle(), queue()) == (3, [])


def test_a_dead_job_stays_dead_while_another_has_its_key(run: Run, broken: list[bool]) -> None:
    enqueue("send", {"to": ADDRESS}, key="one")
    db.session.commit()
    result = run("jobs", "retry", "--all")
    assert result.exit_code == 0
    assert "another job with the same key is waiting" in result.output
    assert sorted(one.state for one in queue()) == ["dead", "ready", "ready", "ready"]


def test_a_job_that_waits_for_its_next_attempt_may_be_put_forward(
    run: Run, register: Register, clock: Clock
) -> None:
    register("fail", lambda: 1 / 0)
    enqueue("fail", {})
    db.session.commit()
    assert (run_until_idle(), run_until_idle()) == (1, 0)
    (waiting,) = queue()
    run("jobs", "retry", str(waiting.id))
    assert [(one.attempts, one.run_after) for one in queue()] == [(0, clock.now)]
    assert run_until_idle() == 1


def test_a_job_that_runs_is_left_alone(run: Run, broken: list[bool]) -> None:
    db.session.execute(sa.update(Job).values(state="running"))
    db.session.commit()
    running = queue()[0]
    result = run("jobs", "retry", str(running.id))
    assert (result.exit_code, "it runs" in result.output) == (1, True)
    assert {one.state for one in queue()} == {"running"}


def test_a_job_may_be_dropped(run: Run, broken: list[bool]) -> None:
    dead, *others = [one.id for one in queue()]
    assert run("jobs", "drop", str(dead)).exit_code == 0
    assert [one.id for one in queue()] == others


@pytest.mark.parametrize("command", ["retry", "drop"])
@pytest.mark.parametrize("id", [1, 2**63 - 1])
def test_a_job_that_is_not_there(run: Run, command: str, id: int) -> None:
    result = run("jobs", command, str(id))
    assert (result.exit_code, f"no job {id}" in result.output) == (1, True)


@pytest.mark.parametrize(
    "arguments", [["retry"], ["retry", "1", "--all"], ["drop"], ["retry", "0"], ["drop", "x"]]
)
def test_senseless_options_are_refused(run: Run, arguments: list[str]) -> None:
    assert run("jobs", *arguments).exit_code == 2


@pytest.mark.parametrize(("option", "done"), [("--once", 1), ("--until-idle", 3)])
def test_work_for_cron(run: Run, calls: list[Any], option: str, done: int) -> None:
    for n in range(3):
        enqueue("note", {"n": n})
    db.session.commit()
    assert run("work", option).output == f"{with_noun(done, 'job')} run\n"
    assert [call["n"] for call in calls] == list(range(done))
