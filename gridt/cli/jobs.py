"""Commands about jobs."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import dictConfig
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from gridt.cli.group import commands
from gridt.jobs import POLL, JobWorker
from gridt.models import DEAD, Job
from gridt.runtime.extensions import db
from gridt.runtime.logs import configuration
from gridt.runtime.request_state import request_state
from gridt.text import with_noun

#: the columns that are shown; the arguments are not, as they may be about a person
_SHOWN = ("id", "name", "state", "attempts", "priority", "run_after", "created_at", "last_error")
_ID = click.IntRange(1, 2**63 - 1)


@commands.command("work")
@click.option(
    "--poll",
    default=POLL,
    show_default=True,
    type=click.FloatRange(min=0.01),
    help="Seconds between two looks for jobs.",
)
@click.option("--once", is_flag=True, help="Run one job, if one is due, and end.")
@click.option("--until-idle", is_flag=True, help="Run the jobs that are due, and end.")
def work(poll: float, once: bool, until_idle: bool) -> None:
    """Run jobs until SIGTERM or Ctrl-C.

    Run as many of these processes as you like. Each looks for jobs every POLL seconds. A signal
    lets the current job finish before the process ends.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own
    dictConfig(configuration(app.config["LOG_FORMAT"]))
    worker = JobWorker(app, poll)
    with _stopped_by_signals(worker):
        if once or until_idle:
            click.echo(f"{with_noun(worker.run_due(1 if once else None), 'job')} run")
        else:
            click.echo("waiting for jobs")
            worker.run()


@contextmanager
def _stopped_by_signals(worker: JobWorker) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: worker.stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@commands.group("jobs")
def jobs() -> None:
    """List, retry and drop jobs."""


@jobs.command("list")
@click.option("--dead", is_flag=True, help="Only jobs that were given up.")
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="The largest number of jobs.",
)
@click.option("--json", "as_json", is_flag=True, help="Write a JSON document.")
def list_jobs(dead: bool, limit: int, as_json: bool) -> None:
    """List the oldest jobs, and count the jobs by state.

    The arguments of a job are not shown: they may be about a person.
    """
    request_state().reading = True  # no writer waits for this, not even on SQLite
    counted = select(Job.state, func.count()).group_by(Job.state).order_by(Job.state)
    counts = {state: count for state, count in db.session.execute(counted)}
    query = select(*(getattr(Job, name) for name in _SHOWN)).order_by(Job.id).limit(limit)
    if dead:
        query = query.where(Job.state == DEAD)
    rows = [dict(zip(_SHOWN, row, strict=True)) for row in db.session.execute(query)]
    if as_json:
        click.echo(json.dumps({"counts": counts, "jobs": rows}, indent=2, default=str))
        return
    for row in rows:
        click.echo(
            "{id} {name} {state}, {attempts} attempts, {due}".format(**row, due=_due(row))
            + (f": {row['last_error']}" if row["last_error"] else "")
        )
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) or "no jobs")


def _due(row: dict[str, Any]) -> str:
    at = row["run_after"]
    return "never again" if at is None else f"due {at:%Y-%m-%d %H:%M:%S}"


@jobs.command("retry")
@click.argument("id", type=_ID, required=False)
@click.option("--all", "all_dead", is_flag=True, help="All jobs that were given up.")
def retry(id: int | None, all_dead: bool) -> None:
    """Run a failed or waiting job now."""
    if (id is None) != all_dead:
        raise click.UsageError("Give either an ID or --all.")
    dead = select(Job.id).where(Job.state == DEAD).order_by(Job.id)
    for job_id in db.session.scalars(dead).all() if id is None else [id]:
        _retry(job_id)


def _retry(id: int) -> None:
    job = _job(id)
    try:
        job.revive()
        db.session.commit()
    except ValueError as error:
        raise click.ClickException(f"Job {id}: {error}.") from None
    except IntegrityError:
        db.session.rollback()
        click.echo(f"Job {id} stays as it is: another job with the same key is waiting.")
    else:
        click.echo(f"Job {id} is ready.")


@jobs.command("drop")
@click.argument("id", type=_ID)
def drop(id: int) -> None:
    """Delete a job.

    If the job is running, it saves nothing more.
    """
    db.session.delete(_job(id))
    db.session.commit()
    click.echo(f"Job {id} is deleted.")


def _job(id: int) -> Job:
    job = db.session.get(Job, id, with_for_update=True)  # no worker claims or ends it meanwhile
    if job is None:
        raise click.ClickException(f"There is no job {id}.")
    return job
