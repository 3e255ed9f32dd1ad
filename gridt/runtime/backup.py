"""Backups of an SQLite database that is in use."""

import os
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from sqlalchemy import Engine

_KEY = ".secret"


class NotPossible(Exception):
    """The backup cannot be made; the text says why."""


def back_up(engine: Engine, file: Path) -> list[Path]:
    """Copy a database, as it is at one moment.

    The key beside the database is copied, too. Only the owner can read the files.

    :returns: the new files
    :raises NotPossible: when the database is not an SQLite file, or a file is in the way
    """
    database = engine.url.database
    if engine.dialect.name != "sqlite":
        raise NotPossible("This backs up SQLite only. Use pg_dump for PostgreSQL.")
    if not database or not Path(database).is_file():
        raise NotPossible("There is no database file.")
    key, copy_of_key = Path(database).with_suffix(_KEY), file.with_suffix(_KEY)
    for path in (file, copy_of_key):
        if path.exists():
            raise NotPossible(f"{path} already exists.")
    draft = file.with_name(f"{file.name}.part")
    with ExitStack() as undoing:
        try:
            draft.unlink(missing_ok=True)  # of a backup that was killed
            undoing.callback(draft.unlink, missing_ok=True)
            with open(draft, "xb", opener=_private):
                _copy(database, str(draft))
            if key.exists():
                with open(copy_of_key, "xb", opener=_private) as copied:
                    undoing.callback(copy_of_key.unlink)  # or it is in the way of the next backup
                    copied.write(key.read_bytes())
            draft.rename(file)
        except (OSError, sqlite3.Error) as error:
            raise NotPossible(f"{file} could not be written: {error}.") from error
        undoing.pop_all()
    return [path for path in (file, copy_of_key) if path.exists()]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy(database: str, file: str) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(file)) as copy:
        # all pages in one step, which is one moment; several steps restart at each write
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        problems = copy.execute("PRAGMA quick_check").fetchall()
        if problems != [("ok",)]:
            raise sqlite3.DatabaseError(f"the copy is damaged: {problems[0][0]}")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
