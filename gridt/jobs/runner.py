"""Runs jobs, one after the other: claimed by one statement, called, and gone when done."""

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

#: how long a job may take; after that it is taken up by somebody else, and again from the start
LEASE = timedelta(minutes=5)
#: the pause after a first failure, doubled after each other, and the longest
PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
#: so much of an error's text is kept
_LONGEST_ERROR = 500

Claimed = Row[*tuple[Any, ...]]


class LeaseLost(Exception):
    """Somebody else has the job by now, or nobody: what was done here is not to be saved."""


class Abandoned(Exception):
    """Its attempts are used up, and the last one never ended: its process died, or hangs."""


def run_until_idle() -> int:
    """Run what is due until nothing is, and return how many jobs that were.

    For tests, which step it by hand, and for whoever has an app context and time.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own
    done = 0
    while run_next(app):
        done += 1
    return done


def run_next(app: Flask) -> bool:
    """Run the most urgent job that is due; tell whether there was one."""
    with _reading(app):  # a claim is a write, for which SQLite has others wait
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
    """Enter a context of its own, as a request has that only reads."""
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
            log.warning("job %s %d outlived its lease: not saved", claimed.name, claimed.id)
    except Exception as error:
        with _about(app, claimed):
            _fail(claimed, attempts, error)


@contextmanager
def _about(app: Flask, claimed: Claimed, *, reading: bool = False) -> Iterator[None]:
    """Enter a context of its own, in which all that is logged is about this job."""
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
    """Let a job that failed wait for its next attempt, or give it up.

    What is logged never has the arguments, nor an error's text, which may have them.
    """
    kind = kind_of(error)
    given_up = claimed.attempts >= attempts
    pause = pause_after(claimed.attempts)
    run_after = None if given_up else utcnow() + pause
    try:
        had_claim = Job.put_back(claimed.id, claimed.claim, run_after, _text(error))
    except IntegrityError:  # another one with its key waits, and does what this one did not
        db.session.rollback()
        had_claim = False
        Job.finish(claimed.id, claimed.claim)
    db.session.commit()
    if not had_claim:
        log.warning("job %s %d failed (%s): another has its place", claimed.name, claimed.id, kind)
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
            "job %s %d failed (%s), attempt %d of %d; the next in %d seconds",
            claimed.name,
            claimed.id,
            kind,
            claimed.attempts,
            attempts,
            pause.total_seconds(),
        )


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: ever longer, and not all at once."""
    pause = min(PAUSE * 2.0 ** (min(attempts, 32) - 1), LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def kind_of(error: Exception) -> str:
    """Return the name of an error's class, of the driver's where that is known."""
    return type(error.orig if isinstance(error, DBAPIError) else error).__name__


def _text(error: Exception) -> str:
    """Return what is kept of an error: without what PostgreSQL's text cannot hold."""
    text = f"{type(error).__name__}: {error}".replace("\0", "")
    return text.encode(errors="replace").decode()[:_LONGEST_ERROR]
