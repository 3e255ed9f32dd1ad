"""Revisions of the tables, and migrations one at a time."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from sqlite3 import SQLITE_ERROR

from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import OperationalError

from gridt.runtime.config import VERSION
from gridt.runtime.extensions import db, migrate
from gridt.runtime.request_state import request_state

log = logging.getLogger(__name__)

#: for how long one migration waits for another, in seconds
_PATIENCE = 600
#: the number of PostgreSQL's advisory lock for a migration: "gridt"
_LOCK = int.from_bytes(b"gridt", "big")
#: All statements after one that waits for a table wait, too, so it gives up early; and its own
#: locks block other statements until its work is done.
_BRIEFLY = ("SET LOCAL lock_timeout = '5s'", "SET LOCAL statement_timeout = '60s'")
_IN_THE_WAY = {
    "55P03": "Something else kept a table locked for more than 5 seconds",
    "57014": "A statement took more than 60 seconds",
}
#: the codes by which PostgreSQL names a missing table or column, and SQLite's sentences
_MISSING_CODES, _MISSING_SENTENCES = {"42P01", "42703"}, ("no such table", "no such column")


class UnknownRevision(CommandError):
    """A database's revision is unknown to this version of gridt."""

    def __init__(self, revisions: Collection[str], head: str) -> None:
        super().__init__(
            f"The database is at revision {', '.join(sorted(revisions))}, and this is gridt"
            f" {VERSION}, which knows revisions up to {head}: a newer version has migrated it, or"
            " it is of another service. Nothing has been changed."
        )


@cache
def _known(directory: str) -> tuple[str, frozenset[str]]:
    """Return a directory's newest revision, and all its revisions.

    It reads the directory once, since `/ready` asks often.
    """
    scripts = ScriptDirectory(directory)
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return str(scripts.get_current_head()), known


def head() -> str:
    """Return the newest revision that this version of gridt knows."""
    return _known(str(migrate.directory))[0]


def revisions_of(connection: Connection) -> tuple[str, ...]:
    """Return the revisions of a database.

    There is none without our tables, and otherwise one.
    """
    return MigrationContext.configure(connection).get_current_heads()


def is_outdated(connection: Connection) -> bool:
    """Return whether a database must be migrated for this version.

    A database that a newer version has migrated is not outdated: each migration works with the
    version before.
    """
    head, known = _known(str(migrate.directory))
    revisions = set(revisions_of(connection))
    return not revisions or bool((known & revisions) - {head})


def is_ahead(connection: Connection) -> bool:
    """Return whether a database has a revision unknown to us."""
    _, known = _known(str(migrate.directory))
    return bool(set(revisions_of(connection)) - known)


def missing_tables_and_columns(connection: Connection) -> list[str]:
    """Return the tables and columns that a database lacks.

    The form is `table` or `table.column`.
    """
    inspector = inspect(connection)
    missing = []
    for table in db.metadata.sorted_tables:
        if not inspector.has_table(table.name):
            missing.append(table.name)
            continue
        existing = {column["name"] for column in inspector.get_columns(table.name)}
        missing += [
            f"{table.name}.{column.name}" for column in table.columns if column.name not in existing
        ]
    return missing


def refuse_unknown(revisions: Collection[str], directory: str) -> None:
    """Refuse a database whose revision a directory does not know.

    :raises UnknownRevision: when the directory does not know it
    """
    head, known = _known(directory)
    if unknown := set(revisions) - known:
        raise UnknownRevision(unknown, head)


def warn_of_another(engine: Engine) -> None:
    """Log a warning if a database has another version's revision.

    The server still starts: during an upgrade, servers of the version before work on the database
    of the newer one.
    """
    with suppress(OperationalError), engine.connect() as connection:  # it may come later
        revisions = revisions_of(connection)
        if revisions != (head(),):
            log.warning(
                "The database is at revision %s, and this is gridt %s, made for revision %s",
                ", ".join(revisions) or "none",
                VERSION,
                head(),
            )


def wait_for_turn(dialect: str, execute: Callable[[str], object]) -> None:
    """Let a migration wait for any other migration.

    After that, it does not wait for any lock for long. SQLite has one writer at a time anyway.
    """
    if dialect != "postgresql":
        return
    execute(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
    execute(f"SET LOCAL statement_timeout = '{_PATIENCE}s'")
    # until the transaction ends, so that it holds behind a PgBouncer as well
    execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
    for statement in _BRIEFLY:
        execute(statement)


@contextmanager
def giving_way() -> Iterator[None]:
    """Explain a migration that was blocked, or lost its database.

    :raises CommandError: instead of the database's error; nothing was changed
    """
    state = request_state()
    state.patience = _PATIENCE
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == SQLITE_ERROR:
            raise  # a statement is wrong, and its author wants to see which
        if reason := _IN_THE_WAY.get(getattr(error.orig, "sqlstate", None) or ""):
            raise CommandError(f"{reason}. Nothing has been changed; please try again.") from error
        raise CommandError(f"The database cannot be migrated: {error.orig}") from error
    finally:
        state.patience = None


def upgrade(connection: Connection) -> None:
    """Migrate a database, which may be another than the app's.

    :raises CommandError: when the database is not allowed to be, or cannot be migrated
    """
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_not_migrated(error: Exception) -> bool:
    """Return whether a statement lacked a table or column."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _MISSING_CODES or str(cause).startswith(
        _MISSING_SENTENCES
    )
