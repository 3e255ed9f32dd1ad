"""What a session and its connections do, on PostgreSQL and on SQLite."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask_sqlalchemy.session
from flask import g, has_app_context
from sqlalchemy import Connection, Engine, MetaData, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase

#: the binds for what only reads: of the database itself, and of its replica
READING, REPLICA = "reading", "replica"
#: how long a writer waits for another, and a login for a free hashing slot, in seconds
PATIENCE = 10


class Base(DeclarativeBase):
    """The declarative base; every constraint has a name that a migration can call."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Session(flask_sqlalchemy.session.Session):
    """A session of one request, which ends without complaint when its connection is lost.

    The database has rolled back by then, and an answer that was found stands.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return the engine that `g.bind` names, if there is one, or else the database's own."""
        bind = g.get("bind") if has_app_context() else None
        if bind is not None and bind in self._db.engines:
            return self._db.engines[bind]
        return super().get_bind(*args, **kwargs)

    def rollback(self) -> None:
        """Roll back what is pending."""
        with _lost_or_not():
            super().rollback()

    def close(self) -> None:
        """Roll back what is pending, and let go of the connection."""
        with _lost_or_not():
            super().close()


@contextmanager
def _lost_or_not() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise


def binds(url: str, replica: str | None, *, prepared: bool) -> dict[str | None, Any]:
    """Return the engines of an app whose database is at `url`, and what to make them with.

    PostgreSQL gives each statement a snapshot of its own (READ COMMITTED). To begin and end a
    transaction around some that only read is then two round trips for nothing.

    :param prepared: whether a connection may remember statements
    """
    if make_url(url).get_backend_name() == "sqlite":
        return {}
    common: dict[str, Any] = {} if prepared else {"connect_args": {"prepare_threshold": None}}
    reading = common | {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    engines: dict[str | None, Any] = {
        None: {"url": url, **common},
        READING: {"url": url, **reading},
    }
    if replica is not None:
        engines[REPLICA] = {"url": replica, **reading}
    return engines


def prepare_sqlite(engine: Engine) -> None:
    """Let SQLite enforce foreign keys, read beside a writer, and write one at a time."""

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # or the driver begins where it sees fit
        connection.execute("PRAGMA journal_mode = WAL")
        # a power failure may take the last commits with it, but never the database
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The write lock is taken at once: two readers who both go on to write would
        # otherwise deadlock, and the busy timeout does not help those.
        reading = has_app_context() and g.get("reading", False)
        statement = "BEGIN" if reading else "BEGIN IMMEDIATE"
        try:
            connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]
        except sqlite3.OperationalError as error:  # nobody wraps what a listener raises
            raise OperationalError(statement, None, error) from error
