"""The upgrade to movements of groups."""

import resource
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import Movement
from gridt.runtime import schema_version
from gridt.runtime.extensions import db
from tests.conftest import app_on
from tests.databases import sqlite_only, writers_overlap
from tests.groups import make_organisation

BEFORE, AFTER = "0026", "0027"
ROWS = 300_000

USERS = (
    "INSERT INTO users (username, username_folded, email, email_folded, password_hash, role, bio,"
    " time_zone, created_at) SELECT 'u' || n, 'u' || n, 'u' || n, 'u' || n, 'x', 'user', '', 'UTC',"
    " CURRENT_TIMESTAMP FROM numbers"
)
MOVEMENT = (
    "INSERT INTO movements (id, name, name_folded, short_description, description, search_text,"
    " interval, created_at, member_count) VALUES (1, 'x', :folded, '', '', '', {day},"
    " CURRENT_TIMESTAMP, 0)"
)
SUBSCRIPTIONS = (
    "INSERT INTO subscriptions (user_id, movement_id, subscribed_at, shuffle_key)"
    " SELECT id, 1, CURRENT_TIMESTAMP, 4294967296 + id FROM users"
)


@pytest.fixture
def before(new_database: Callable[[], str]) -> Iterator[Flask]:
    """An app on a database of the version before, empty."""
    with app_on(new_database()) as app, app.app_context():
        flask_migrate.upgrade(revision=BEFORE)
        yield app


def fill(rows: int, folded: str = "x") -> None:
    """Insert users, and let them subscribe to a movement."""
    numbers = (
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
        f" WHERE n < {rows})"
    )
    on_sqlite = db.engine.dialect.name == "sqlite"
    day = "'1970-01-02 00:00:00.000000'" if on_sqlite else "INTERVAL '1 day'"
    users = USERS.replace("SELECT 'u'", f"{numbers} SELECT 'u'", 1)
    with db.engine.begin() as connection:
        connection.execute(sa.text(users))
        connection.execute(sa.text(MOVEMENT.format(day=day)), {"folded": folded})
        connection.execute(sa.text(SUBSCRIPTIONS))


@sqlite_only("PostgreSQL builds no table again when a column comes")
def test_a_large_table_is_not_built_again(before: Flask) -> None:
    fill(ROWS)
    began = resource.getrusage(resource.RUSAGE_SELF)
    flask_migrate.upgrade(revision=AFTER)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < 2
    with db.engine.connect() as connection:
        keys = "SELECT count(*), count(roster_key) FROM subscriptions"
        assert tuple(connection.execute(sa.text(keys)).one()) == (ROWS, 0)


@writers_overlap
def test_posts_go_on_meanwhile(before: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(20_000)
    monkeypatch.setattr(schema_version, "_BRIEFLY", ("SET LOCAL lock_timeout = '1s'",))
    stop, posted, failed = threading.Event(), [0], []
    engine = db.engine

    def post() -> None:
        statement = sa.text("UPDATE subscriptions SET last_update_at = now() WHERE user_id = :id")
        while not stop.is_set():
            try:
                with engine.begin() as connection:
                    connection.execute(sa.text("SELECT 1 FROM logins LIMIT 1"))
                    connection.execute(statement, {"id": posted[0] % 20_000 + 1})
                posted[0] += 1
            except sa.exc.DBAPIError as error:
                failed.append(error)

    writing = threading.Thread(target=post)
    writing.start()
    try:
        flask_migrate.upgrade(revision=AFTER)
        done = posted[0]
    finally:
        stop.set()
        writing.join()
    assert failed == []
    assert posted[0] >= done > 0


@pytest.mark.parametrize("folded", ["a\x1f5", "a\x1f\x1f5", "\x1f"])
def test_old_names_with_an_invisible_mark_are_found(before: Flask, folded: str) -> None:
    fill(1, folded)
    flask_migrate.upgrade()
    found = Movement.find_by_name(folded)
    assert found is not None
    assert found.id == 1
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT name_folded FROM movements")) == folded


def test_no_downgrade_opens_a_hidden_movement(before: Flask) -> None:
    flask_migrate.upgrade()
    organisation = make_organisation("Nurses")
    hidden = Movement("Steps", timedelta(days=1), group=organisation)
    hidden.save_to_db()
    id = hidden.id
    db.session.remove()
    with pytest.raises(SystemExit):  # flask_migrate logs the reason
        flask_migrate.downgrade(revision=BEFORE)
    db.session.get_one(Movement, id).delete_from_db()
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
