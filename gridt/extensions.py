"""The extensions that the app is made of, and what SQLite needs to be a good database."""

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import flask_sqlalchemy.session
from flask import Flask, Request, g, has_app_context
from flask.sessions import NullSession, SecureCookieSession, SessionInterface
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from passlib.context import CryptContext
from sqlalchemy import Connection, Engine, MetaData, event, make_url
from sqlalchemy.orm import DeclarativeBase

from gridt.errors import Busy

#: the bind for requests that only read
READING = "reading"
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


class Passwords:
    """Hashes and verifies passwords, a bounded number at a time.

    One argon2id hash takes 64 MiB and 0.15 s of a core: a flood of logins has to queue
    here instead of taking the memory and the cores from everybody else.
    """

    def init_app(self, app: Flask) -> None:
        """Set the hashing parameters from the app's configuration."""
        self._slots = BoundedSemaphore(app.config["HASHING_SLOTS"])
        self._context = CryptContext(
            schemes=["argon2", "pbkdf2_sha256"],
            deprecated="auto",
            argon2__memory_cost=app.config["ARGON2_MEMORY_KIB"],
            argon2__rounds=app.config["ARGON2_PASSES"],
            argon2__parallelism=app.config["ARGON2_LANES"],
        )

    def hash(self, password: str) -> str:
        """Return the hash to store for `password`."""
        with self._slot():
            return str(self._context.hash(_normal(password)))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Compare `password` with a stored hash.

        :param stored: None for a user who does not exist, which takes as long as a wrong
            password and is never right
        :returns: whether it is right, and a new hash where the stored one is outdated
        :raises Busy: when no hashing slot gets free in time
        """
        with self._slot():
            right, renewed = self._context.verify_and_update(_normal(password), stored)
            return bool(right), renewed

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=PATIENCE):
            raise Busy("Too many people are logging in just now; please try again", retry_after=5)
        try:
            yield
        finally:
            self._slots.release()


def _normal(password: str) -> str:
    # NIST SP 800-63B: the same password typed on two keyboards is the same password
    return unicodedata.normalize("NFKC", password)


class Session(flask_sqlalchemy.session.Session):
    """Sends the statements of requests that only read by connections without transactions."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return the engine for this request."""
        if has_app_context() and g.get("loose") and READING in db.engines:
            return db.engines[READING]
        return super().get_bind(*args, **kwargs)


class NoSessions(SessionInterface):
    """Tokens are all that a request remembers of the one before: there are no cookies."""

    def open_session(self, _app: Flask, _request: Request) -> SecureCookieSession:
        """Return what nothing is kept in."""
        return NullSession()


db = SQLAlchemy(
    model_class=Base,
    session_options={"class_": Session},
    engine_options={
        "pool_pre_ping": True,  # a database may restart
        "hide_parameters": True,  # an error is logged, addresses and hashes are not
    },
)
migrate = Migrate(directory=str(Path(__file__).resolve().parent.parent / "migrations"))
jwt = JWTManager()
passwords = Passwords()


def binds(url: str) -> dict[str, Any]:
    """Return the further engines of an app whose database is at `url`.

    PostgreSQL gives each statement a snapshot of its own (READ COMMITTED). To begin and end a
    transaction around some that only read is then two round trips for nothing.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return {}
    options = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    return {READING: {"url": url, **options}}


def disconnect() -> None:
    """Close the connections that the app's pools keep."""
    for engine in db.engines.values():
        engine.dispose()


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
        connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]
