"""The runner of jobs.

It claims a job with one statement, calls it, and deletes it when it is done.
"""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError, IntegrityError

from gridt.jobs.registry import ATTEMPTS, DEFINITIONS, Definition
from gridt.models import Job
from gridt.runtime.clock import utcnow
from gridt.runtime.database import READING
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state

log = logging.getLogger(__name__)

#: how long a job may take; after that, another worker starts it again
LEASE = timedelta(minutes=5)
#: the pause after a first failure, doubled after each other, and the longest
PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
#: how many characters of an error's text are kept
_LONGEST_ERROR = 500

Claimed = Row[*tuple[Any, ...]]


class LeaseLost(Exception):
    """The lease is over, so no changes must be saved."""


class Abandoned(Exception):
    """The last attempt never ended: its process died or hangs."""


def run_until_idle() -> int:
    """Run jobs until none is due, and return their number.

    Tests use it to run jobs step by step; so can all code with an app context.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own
    done = 0
    while run_next(app):
        done += 1
    return done


def run_next(app: Flask) -> bool:
    """Run the most urgent due job.

    :returns: whether there was one
    """
    with _reading(app):  # a claim is a write, and SQLite has one writer at a time
        if not Job.is_any_due():
            return False
    with app.app_context():
        claimed = Job.take_up(utcnow() + LEASE)
        db.session.commit()
    if claimed is not None:
        _run(app, claimed)
    return claimed is not None


@contextmanager
def _reading(app: Flask) -> Iterator[None]:
    """Enter a context like a request's that only reads."""
    with app.app_context():
        state = request_state()
        state.reading, state.bind = True, READING
        yield


def _run(app: Flask, claimed: Claimed) -> None:
    definition = DEFINITIONS.get(claimed.name)
    attempts = definition.attempts if definition else ATTEMPTS
    try:
        if definition is None:  # of a newer version than this process
            raise LookupError(f"there is no job {claimed.name!r}")
        if claimed.attempts > definition.attempts:
            raise Abandoned
        _call(app, definition, claimed)
    except LeaseLost:
        with _about(app, claimed):
            log.warning(
                "job %s %d took longer than its lease: nothing is saved", claimed.name, claimed.id
            )
    except Exception as error:
        with _about(app, claimed):
            _fail(claimed, attempts, error)


@contextmanager
def _about(app: Flask, claimed: Claimed, *, reading: bool = False) -> Iterator[None]:
    """Enter a context whose log records are about this job."""
    with _reading(app) if reading else app.app_context():
        request_state().log_fields = {"request_id": f"job-{claimed.id}"}
        yield


def _call(app: Flask, definition: Definition, claimed: Claimed) -> None:
    if not definition.writes:
        with _about(app, claimed, reading=True):
            definition.function(**claimed.arguments)
    with _about(app, claimed):
        if definition.writes:
            definition.function(**claimed.arguments)
        if not Job.finish(claimed.id, claimed.claim):
            raise LeaseLost
        db.session.commit()


def _fail(claimed: Claimed, attempts: int, error: Exception) -> None:
    """Schedule a failed job's next attempt, or give it up.

    Log records never have the arguments, nor an error's text, which may quote them.
    """
    kind = kind_of(error)
    given_up = claimed.attempts >= attempts
    pause = pause_after(claimed.attempts)
    run_after = None if given_up else utcnow() + pause
    try:
        had_claim = Job.put_back(claimed.id, claimed.claim, run_after, _text(error))
    except IntegrityError:  # another job with its key waits, and does its work
        db.session.rollback()
        had_claim = False
        Job.finish(claimed.id, claimed.claim)
    db.session.commit()
    if not had_claim:
        log.warning(
            "job %s %d failed (%s): another job has the same key", claimed.name, claimed.id, kind
        )
    elif given_up:
        log.error(
            "job %s %d is dead after %d attempts: %s",
            claimed.name,
            claimed.id,
            claimed.attempts,
            kind,
        )
    else:
        log.warning(
            "job %s %d failed (%s), attempt %d of %d; the next one is in %d seconds",
            claimed.name,
            claimed.id,
            kind,
            claimed.attempts,
            attempts,
            pause.total_seconds(),
        )


def pause_after(attempts: int) -> timedelta:
    """Return the pause after a number of attempts.

    It grows with the number, and varies, so that failed jobs do not all run at once.
    """
    pause = min(PAUSE * 2.0 ** (min(attempts, 32) - 1), LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def kind_of(error: Exception) -> str:
    """Return the class name of an error or its cause.

    The cause is the error of the database's driver.
    """
    return type(error.orig if isinstance(error, DBAPIError) else error).__name__


def _text(error: Exception) -> str:
    """Return an error's text without characters that PostgreSQL refuses."""
    text = f"{type(error).__name__}: {error}".replace("\0", "")
    return text.encode(errors="replace").decode()[:_LONGEST_ERROR]
