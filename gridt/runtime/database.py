"""Sessions and connections, on PostgreSQL and on SQLite."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import flask_sqlalchemy.session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from gridt.runtime.request_state import request_state

#: the binds of requests that only read: of the database itself, and of its replica
READING, REPLICA = "reading", "replica"
#: the bind inside of `reading_by`
_OTHER = "other"
#: bytes of SQLite's write-ahead log that stay on disk when all of it is in the database
LARGEST_LOG = 16 * 1024 * 1024
#: how long a writer waits for another, and a login for a free hashing slot, in seconds
PATIENCE = 10
#: seconds until PostgreSQL ends the transaction of a silent client, such as a stopped process
_SILENCE = 60
#: a connection that was used in the last seconds, this many, counts as alive
_LIVELY = 1
#: milliseconds of one wait for the write lock, in which SQLite looks for it several times
_GLANCES = 25


class Base(DeclarativeBase):
    """The declarative base.

    Every constraint has a name that a migration can use.
    """

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
    """A session that ends quietly when its connection is lost.

    The database has rolled back by then, and an answer that was found stays valid.
    """

    #: that of the transaction under way; to ask the session for it each time takes 10 µs
    begun: Connection | None = None

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return the engine that this request reads from."""
        return reader(self._db) or super().get_bind(*args, **kwargs)

    def commit(self) -> None:
        """Commit pending changes.

        A request that commits later only flushes them.
        """
        if request_state().defers_commit:
            self.flush()
        else:
            super().commit()

    def rollback(self) -> None:
        """Roll back pending changes."""
        with _lost_or_not():
            super().rollback()

    def close(self) -> None:
        """Roll back pending changes, and release the connection."""
        with _lost_or_not():
            super().close()


@event.listens_for(Session, "after_begin")
def _note_begin(session: Session, _transaction: SessionTransaction, begun: Connection) -> None:
    session.begun = begun


@event.listens_for(Session, "after_transaction_end")
def _note_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.begun = None


@contextmanager
def _lost_or_not() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise


def reader(database: SQLAlchemy) -> Connection | None:
    """Return the connection of a request that reads without transaction.

    For other requests, return None. `RequestState.bind` names the engine. A session, which such a
    request does without, would take twice as long to begin and to end.
    """
    state = request_state()
    bind = state.bind
    if bind is None:
        return None
    if bind not in state.readers:
        engines = database.engines
        engine: Engine | Connection = engines[bind if bind in engines else None]
        if isinstance(engine, Connection):  # a test put its own in the engine's place
            return engine
        state.readers[bind] = engine.connect()
    return state.readers[bind]


@contextmanager
def reading_by(connection: Connection) -> Iterator[None]:
    """Read from another database's connection in a `with` block."""
    state = request_state()
    before = state.bind
    state.readers[_OTHER] = connection
    state.bind = _OTHER
    try:
        yield
    finally:
        state.bind = before
        state.readers.pop(_OTHER)


@contextmanager
def writing(database: SQLAlchemy) -> Iterator[None]:
    """Let a reading request write, in a `with` block.

    The block commits.

    Its transaction ends before: SQLite refuses a write after a read, if another was made meanwhile.
    """
    state = request_state()
    before = state.bind, state.reading
    state.bind, state.reading = None, False
    try:
        database.session.rollback()
        yield
    finally:
        state.bind, state.reading = before


def let_go(_error: BaseException | None = None) -> None:
    """Release the connections that this request read from."""
    state = request_state()
    readers, state.readers = state.readers, {}
    for connection in readers.values():
        with _lost_or_not():
            connection.close()


def binds(url: str, replica: str | None, *, prepared: bool) -> dict[str | None, Any]:
    """Return an app's engines, and the options to create them.

    PostgreSQL gives each statement a snapshot of its own (READ COMMITTED). Two round trips to begin
    and end a transaction around statements that only read would be useless.

    :param prepared: whether a connection of PostgreSQL may keep prepared statements
    """
    common: dict[str, Any] = {"connect_args": {"prepare_threshold": None}}
    if prepared or make_url(url).get_backend_name() == "sqlite":
        common = {}
    reading = common | {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    engines: dict[str | None, Any] = {
        None: {"url": url, **common},
        READING: {"url": url, **reading},
    }
    if replica is not None:
        engines[REPLICA] = {"url": replica, **reading}
    return engines


def prepare(engines: Mapping[str | None, Engine], *, bounded: bool = False) -> None:
    """Set up the actions at the events of connections.

    :param bounded: whether PostgreSQL gets limits for waiting, which a connection may keep
    """
    sqlite = engines[None].dialect.name == "sqlite"
    for name, engine in engines.items():
        if sqlite:
            event.listen(engine, "connect", _configure)
            continue
        _ping_after_rest(engine)
        if bounded and name != REPLICA:  # a replica has this in its own configuration
            event.listen(engine, "connect", _bound)
    if sqlite:
        # an event would do, and make each statement ask for listeners, which takes 5 µs more
        engines[None].dialect.do_begin = _begin  # type: ignore[method-assign]  # SQLAlchemy has no setting for it


def _ping_after_rest(engine: Engine) -> None:
    """Ping a connection before use, unless it was just used.

    `pool_pre_ping` would ping it each time, which is a sixth of the work of a small request. A
    database may restart; a request that meets a connection that has just broken is retried (see
    `gridt.http.requests.Resource`).
    """

    @event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        since = record.info.get("rests_since")  # a new connection has not rested
        if since is None or time.monotonic() - since < _LIVELY:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _bound(connection: Any, _record: Any) -> None:
    """Limit how long locks are awaited and kept.

    Limits that an operator has set stay.
    """
    connection.execute(
        "SELECT set_config(name, bound, false) FROM (VALUES ('lock_timeout', %s::text),"
        " ('idle_in_transaction_session_timeout', %s::text)) AS bounds (name, bound)"
        " WHERE current_setting(name) = '0'",
        (f"{PATIENCE}s", f"{_SILENCE}s"),
    )
    connection.commit()


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    """Let SQLite enforce foreign keys, and read beside a writer."""
    connection.isolation_level = None  # or the driver begins where it sees fit
    connection.execute("PRAGMA journal_mode = WAL")
    # a power failure may take the last commits with it, but never the database
    connection.execute("PRAGMA synchronous = NORMAL")
    # the log grows during a long read; the next writer then cuts the file to this
    connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


def _begin(dbapi_connection: PoolProxiedConnection) -> None:
    """Let SQLite have one writer at a time."""
    driver: Any = dbapi_connection.driver_connection
    if request_state().reading:
        driver.execute("BEGIN")
    else:
        begin_writing(driver)


def begin_writing(connection: sqlite3.Connection) -> None:
    """Take SQLite's write lock at once.

    Otherwise two readers who both start to write would deadlock, and the busy timeout does not help
    them.

    :raises sqlite3.OperationalError: when another writer keeps the lock for longer than a writer
        waits
    """
    # SQLite looks for the lock less and less often, so the longest waiter loses to newcomers. In
    # many short waits, all look equally often (the longest of 2,000: 0.3 s, not 3.8 s).
    patience = request_state().patience
    give_up = time.monotonic() + (PATIENCE if patience is None else patience)
    connection.execute(f"PRAGMA busy_timeout = {_GLANCES}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


def copy_in(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows by PostgreSQL's COPY.

    It is ten times as fast as INSERT. An interrupt costs the connection, and the server then rolls
    back. Without that, a ROLLBACK could wait forever: psycopg starts a COPY in a generator that
    holds the connection's lock, and an interrupt may come just before the block that would end it.
    """
    try:
        with connection.connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except KeyboardInterrupt:
        connection.invalidate()
        raise
