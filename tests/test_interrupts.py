"""Ctrl-C while rows are copied into PostgreSQL."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.demo import Demo
from gridt.models import User
from gridt.runtime.database import copy_in
from gridt.runtime.extensions import db
from tests.databases import postgresql_only

only_there = postgresql_only("SQLite has no COPY")

#: seconds after which a statement counts as one that would wait forever
FOREVER = 20


class Starting:
    """A COPY's start, interrupted when psycopg has begun it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __enter__(self) -> Any:
        copy = self.inner.__enter__()
        signal.raise_signal(signal.SIGINT)
        return copy

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        return self.inner.__exit__(kind, error, trace)


class InterruptedCursor(psycopg.Cursor[Any]):
    """A cursor whose COPY is interrupted at the worst moment.

    A real signal interrupts it.
    """

    def copy(self, *arguments: Any, **options: Any) -> Any:
        return Starting(super().copy(*arguments, **options))


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Send this thread an interrupt after some time.

    None is sent if the block ends before.
    """
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def people_there() -> int:
    """End the session while an interrupt is handled; count users.

    A command ends it in the same way.
    """
    db.session.remove()
    count = db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0
    db.session.remove()
    return count


@only_there
def test_a_rollback_does_not_wait_for_a_copy_that_was_interrupted_at_its_start(
    world: Flask,
) -> None:
    connection = db.session.connection()
    db.session.execute(sa.text("CREATE TEMPORARY TABLE places (name text)"))
    connection.connection.driver_connection.cursor_factory = InterruptedCursor
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    waited = False
    try:
        copy_in(connection, "COPY places (name) FROM STDIN", [["here"]])
    except KeyboardInterrupt:
        try:
            with interrupted_after(FOREVER):
                assert people_there() == 0
        except KeyboardInterrupt:
            waited = True
    else:
        pytest.fail("it was not interrupted")
    finally:
        signal.signal(signal.SIGINT, before)
    assert not waited, "the rollback waited for the lock of the connection"


@only_there
def test_an_interrupt_at_any_moment_leaves_nothing_and_no_error(world: Flask) -> None:
    dice, there = random.Random(1), []
    demo = Demo(members=30, movements=1, weeks=1)
    for _ in range(25):
        try:
            with interrupted_after(dice.uniform(0.001, 0.08)):
                for _ in demo.fill():
                    pass
        except KeyboardInterrupt:
            there.append(people_there())
        db.session.execute(sa.text("TRUNCATE users CASCADE"))
        db.session.commit()
    assert 0 in there, "it was never interrupted"
    assert set(there) <= {0, 30}
