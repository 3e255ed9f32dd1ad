"""The extensions that the app is made of, and what SQLite needs to be a good database."""

import sqlite3
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, g, has_app_context
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from passlib.context import CryptContext
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase

from gridt.errors import Busy

#: how long a writer waits for another, and a login for a free hashing slot, in seconds
PATIENCE = 10

#: after so many milliseconds SQLite has looked for the write lock some times, and begins anew
_GLANCES = 25


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


class _Session(Session):
    """A session that ends without complaint when its connection is lost.

    The database has rolled back by then, and an answer that was found stands.
    """

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


db = SQLAlchemy(model_class=Base, session_options={"class_": _Session})
migrate = Migrate(directory=str(Path(__file__).resolve().parent.parent / "migrations"))
jwt = JWTManager()
passwords = Passwords()


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
        driver: Any = connection.connection.driver_connection
        try:
            if has_app_context() and g.get("reading", False):
                driver.execute("BEGIN")
            else:
                _begin_writing(driver)
        except sqlite3.OperationalError as error:  # nobody wraps what a listener raises
            raise OperationalError("BEGIN", None, error) from error


def _begin_writing(connection: sqlite3.Connection) -> None:
    # The write lock is taken at once: two readers who both go on to write would otherwise
    # deadlock, and the busy timeout does not help those.
    # SQLite looks for it ever less often, so that who waits longest loses to who has just come;
    # in many short waits everybody looks as often (the longest of 2,000: 0.3 s, not 3.8 s).
    give_up = time.monotonic() + PATIENCE
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
