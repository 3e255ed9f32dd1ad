"""SQLite's write-ahead log beside a slow reader."""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from gridt.models import User
from gridt.runtime.database import LARGEST_LOG
from gridt.runtime.extensions import db
from tests.conftest import new_token
from tests.databases import sqlite_only
from tests.networks import make_movements, people, plant, ring


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


@sqlite_only("PostgreSQL has another log")
def test_a_slow_reader_of_an_export_keeps_no_transaction(world):
    members, (movement,) = people(5000), make_movements(1)
    plant(movement, ring(members))
    headers = {"Authorization": f"Bearer {new_token(db.session.get(User, members[0]))}"}
    paths = [f"/movements/{movement.id}/network?format={name}" for name in ("json", "dot")]
    db.session.remove()
    for path in paths:
        answer = FlaskClient(world, world.response_class).get(path, headers=headers)
        parts = answer.iter_encoded()
        size = len(next(parts))
        with closing(sqlite3.connect(str(db.engine.url.database))) as connection:
            (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not is_busy
        assert size < sum(map(len, parts))
        answer.close()
