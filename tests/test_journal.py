"""SQLite's write-ahead log: what a slow reader leaves of it."""

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from gridt.runtime.database import LARGEST_LOG
from gridt.runtime.extensions import db
from tests.databases import sqlite_only


@sqlite_only("PostgreSQL has another log")
def test_the_log_shrinks_when_a_long_reader_has_gone(world):
    log = Path(f"{db.engine.url.database}-wal")

    def write(megabytes):
        with db.engine.begin() as connection:
            filling = sa.text("INSERT INTO filling VALUES (zeroblob(:bytes))")
            connection.execute(filling, {"bytes": megabytes << 20})

    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE filling (content BLOB)"))
    with closing(db.engine.raw_connection()) as reader:
        reader.driver_connection.execute("BEGIN")
        reader.driver_connection.execute("SELECT count(*) FROM filling").fetchall()
        write(LARGEST_LOG // (1 << 20) + 8)
        assert log.stat().st_size > LARGEST_LOG
        reader.driver_connection.execute("ROLLBACK")
    for _ in range(3):
        write(0)
    assert log.stat().st_size <= LARGEST_LOG
