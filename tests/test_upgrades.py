"""Upgrades of databases in use, old and new."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask

from gridt.network.invariants import violations
from gridt.runtime import schema_version
from gridt.runtime.extensions import db, migrate
from tests import first_release, networks
from tests.conftest import OwnContextClient, app_on, checked_app
from tests.databases import postgresql_only
from tests.servers import PATIENCE, flask, running, serve

TOGETHER = 2  # each imports gridt, which is most of what this costs


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def opened(url: str) -> Iterator[Flask]:
    """An app on that database, which is still empty.

    Its context is entered.
    """
    with app_on(url) as app, app.app_context():
        app.test_client_class = OwnContextClient
        yield app


@pytest.fixture
def up_to_date(migrated_database: Callable[[], str]) -> Iterator[Flask]:
    """An app on a migrated database of its own.

    Its context is entered.
    """
    with checked_app(migrated_database()) as app, app.app_context():
        yield app


def url_of(app: Flask) -> str:
    return str(app.config["SQLALCHEMY_DATABASE_URI"])


def revision() -> str | None:
    with db.engine.connect() as connection:
        return next(iter(schema_version.revisions_of(connection)), None)


def go_to_the_future() -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


# -- several at once ------------------------------------------------------------------------


@pytest.mark.parametrize("start", [None, "0001"])
def test_only_one_of_several_upgrades_migrates(
    new_database: Callable[[], str], start: str | None
) -> None:
    versions = len(list(ScriptDirectory(str(migrate.directory)).walk_revisions()))
    url = new_database()
    if start is not None:
        with app_on(url) as app, app.app_context():
            flask_migrate.upgrade(revision=start)
    with ThreadPoolExecutor(TOGETHER) as pool:
        runs = list(pool.map(lambda url: flask(url, "db", "upgrade"), [url] * TOGETHER))
    assert [run.returncode for run in runs] == [0] * TOGETHER, [run.stderr for run in runs]
    upgrades = sorted(run.stderr.count("Running upgrade") for run in runs)
    assert upgrades == [0] * (TOGETHER - 1) + [versions - (start is not None)]


def test_servers_that_start_together_migrate_once(new_database: Callable[[], str]) -> None:
    url = new_database()

    def start(_number: int) -> str:
        with serve(url, UPGRADE_ON_START="true") as server:
            with urlopen(f"{server.url}/ready", timeout=PATIENCE) as answer:
                assert answer.status == 200
            return server.log.read_text()

    with ThreadPoolExecutor(TOGETHER) as pool:
        logs = list(pool.map(start, range(TOGETHER)))
    assert sum("Running upgrade  -> 0001" in log for log in logs) == 1


def test_the_second_upgrade_waits_and_finds_nothing_to_do(opened: Flask, url: str) -> None:
    with db.engine.connect() as first:
        first.begin()  # the write lock, where the engine is SQLite
        schema_version.wait_for_turn(first.dialect.name, first.exec_driver_sql)
        with running(url, "db", "upgrade") as second:
            if first.dialect.name == "postgresql":
                wait_for_waiting(first)
            # its transaction has begun, so this goes into it
            schema_version.upgrade(first)
            first.commit()
            output, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, output
    assert "Running upgrade" not in output
    assert revision() == schema_version.head()


def wait_for_waiting(connection: sa.Connection) -> None:
    """Wait until a transaction waits for this connection's lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    give_up = time.monotonic() + PATIENCE
    while not connection.scalar(waiting):
        assert time.monotonic() < give_up
        time.sleep(0.02)


@postgresql_only("SQLite has no locks of tables; who comes second waits for the first")
def test_a_migration_gives_way_to_a_lock_on_a_table(
    opened: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    flask_migrate.upgrade(revision="0001")
    monkeypatch.setattr(schema_version, "_BRIEFLY", ("SET LOCAL lock_timeout = '50ms'",))
    with db.engine.begin() as busy, db.engine.connect() as connection:
        busy.execute(sa.text("LOCK TABLE logins IN ACCESS SHARE MODE"))  # as a long SELECT does
        with pytest.raises(CommandError, match="kept a table locked"):
            schema_version.upgrade(connection)
    assert revision() == "0001"
    flask_migrate.upgrade()
    assert revision() == schema_version.head()


@postgresql_only("SQLite has no time-outs of statements")
def test_a_statement_of_a_migration_may_not_take_long(opened: Flask) -> None:
    with db.engine.begin() as connection:
        schema_version.wait_for_turn("postgresql", connection.exec_driver_sql)
        shown = [
            connection.scalar(sa.text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout")
        ]
    assert shown == ["5s", "1min"]

    def sleep() -> None:
        with schema_version.giving_way(), db.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = '50ms'")
            connection.exec_driver_sql("SELECT pg_sleep(60)")

    with pytest.raises(CommandError, match="took more than"):
        sleep()


# -- from the future ------------------------------------------------------------------------


def test_a_database_from_a_newer_version_is_refused(
    up_to_date: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    go_to_the_future()
    typed = flask(url_of(up_to_date), "db", "upgrade")
    assert (typed.returncode, "Traceback" in typed.stderr) == (1, False)
    said = [typed.stderr]
    runner = up_to_date.test_cli_runner()
    for command in ("downgrade", "check"):
        caplog.clear()
        assert runner.invoke(args=["db", command]).exit_code == 1
        said.append(caplog.text)
    for text in said:
        assert "at revision 9999" in text
        assert f"knows revisions up to {schema_version.head()}" in text
    assert revision() == "9999"
    stamped = runner.invoke(args=["db", "stamp", "--purge", "head"])  # if the operator is sure
    assert stamped.exit_code == 0
    assert revision() == schema_version.head()


def test_no_server_starts_that_is_to_migrate_a_newer_database(up_to_date: Flask) -> None:
    go_to_the_future()
    with (
        pytest.raises(RuntimeError, match=r"did not start \(exit code 1\)") as failed,
        serve(url_of(up_to_date), UPGRADE_ON_START="true"),
    ):
        pass
    (printed,) = failed.value.__notes__
    assert "at revision 9999" in printed
    assert "Traceback" not in printed


def test_a_server_is_ready_on_a_newer_database_and_not_on_an_older_one(opened: Flask) -> None:
    flask_migrate.upgrade(revision="0002")
    client = opened.test_client()
    assert client.get("/ready").status_code == 503
    flask_migrate.upgrade()
    assert client.get("/ready").status_code == 200
    go_to_the_future()
    assert client.get("/ready").status_code == 200


def test_a_server_that_does_not_migrate_goes_on_and_says_what_it_found(up_to_date: Flask) -> None:
    # that it says nothing where there is nothing to say: tests/test_operating.py
    go_to_the_future()
    with serve(url_of(up_to_date)) as server:
        printed = server.log.read_text()
    assert "The database is at revision 9999" in printed
    assert f"made for revision {schema_version.head()}" in printed


# -- from the first release -----------------------------------------------------------------


@pytest.fixture
def grown_old(opened: Flask) -> Flask:
    """An app on the first release's data, upgraded."""
    flask_migrate.upgrade(revision=first_release.REVISION)
    with db.engine.begin() as connection:
        first_release.plant(connection)
    flask_migrate.upgrade()
    assert revision() == schema_version.head()
    return opened


def test_data_of_the_first_release_is_served(grown_old: Flask) -> None:
    client = grown_old.test_client()
    given = {"username": "JÖRN", "password": first_release.PASSWORD}
    answer = client.post("/auth", json=given)
    assert answer.status_code == 200, answer.text
    client.token = answer.json["access_token"]

    (movement,) = client.get("/movements/subscriptions").json
    assert (movement["name"], movement["interval"]) == (first_release.MOVEMENT, "P2D")
    assert movement["subscribed_at"] == first_release.JOINED.isoformat()
    leaders = {one["username"] for one in movement["leaders"]}
    assert leaders == {"Anna", "Mila", "Noor", "Robin"}
    posted = client.post("/movements/Flossing/updates", json={"message": "Still here"})
    assert posted.status_code == 201, posted.text
    anna = next(one["id"] for one in movement["leaders"] if one["username"] == "Anna")
    swapped = client.post(f"/movements/Flossing/leader/{anna}")
    assert (swapped.status_code, swapped.json["username"]) == (200, "Pieter")
    assert list(violations()) + networks.violations() == []


def test_everything_of_the_first_release_is_still_there(grown_old: Flask) -> None:
    with db.engine.connect() as connection:
        users = connection.execute(sa.select(first_release.USERS).order_by("id")).all()
        assert [one.username_folded for one in users] == first_release.NAMES
        assert {one.password_hash for one in users} == {first_release.PASSWORD_HASH}
        updates = connection.execute(sa.select(first_release.UPDATES)).all()
        assert [one.message for one in updates] == ["Done ✓"] * 2
        logins = connection.execute(sa.select(first_release.LOGINS)).all()
        assert sum(one.revoked_at is not None for one in logins) == 1
    assert list(violations()) + networks.violations() == []
    result = grown_old.test_cli_runner().invoke(args=["gridt", "check-network"])
    assert result.exit_code == 0, result.output


def test_a_new_user_joins_those_of_the_first_release(grown_old: Flask) -> None:
    client = grown_old.test_client()
    given = {"username": "late", "email": "late@example.org", "password": first_release.PASSWORD}
    assert client.post("/register", json=given).json["id"] == len(first_release.NAMES) + 1
    login = {name: given[name] for name in ("username", "password")}
    client.token = client.post("/auth", json=login).json["access_token"]
    joined = client.put("/movements/Flossing/subscriber")
    assert len(joined.json["leaders"]) == 4
    assert list(violations()) + networks.violations() == []


def test_back_to_the_first_release_nothing_of_its_data_is_lost(grown_old: Flask) -> None:
    def everything() -> list[object]:
        tables = [
            value for value in vars(first_release).values() if isinstance(value, sa.TableClause)
        ]
        with db.engine.connect() as connection:
            return [connection.execute(sa.select(one)).all() for one in tables]

    there = everything()
    flask_migrate.downgrade(revision=first_release.REVISION)
    assert everything() == there
    flask_migrate.upgrade()
    assert everything() == there
