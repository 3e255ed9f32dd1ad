"""The migrations, both ways, and the tables of the models."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from gridt.jobs import run_until_idle
from gridt.models import Checkpoint, Job, Movement, Subscription, Update, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db, disconnect, migrate
from tests.conftest import Clock, app_on
from tests.databases import same_on_both, sqlite_only
from tests.networks import make_movements, people
from tests.servers import ROOT


@pytest.fixture
def empty(new_database: Callable[[], str]) -> Flask:
    """An app on an empty database, in its context.

    The database has no table.
    """
    with app_on(new_database()) as app, app.app_context():
        yield app


@pytest.fixture
def scripts(app: Flask) -> ScriptDirectory:
    return ScriptDirectory(migrate.directory)


def tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names())


def revision() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def described() -> dict[str, Any]:
    """Return a description of all tables by the database itself."""
    inspector, is_named = sa.inspect(db.engine), db.engine.dialect.name != "sqlite"
    found: dict[str, Any] = {}
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        found[table] = {
            "columns": [
                (
                    column["name"],
                    str(column["type"]),
                    getattr(column["type"], "collation", None),
                    getattr(column["type"], "timezone", None),
                    column["nullable"],
                    column["default"],
                )
                for column in inspector.get_columns(table)
            ],
            "primary key": inspector.get_pk_constraint(table),
            "checks": {
                (one["name"], one["sqltext"]) for one in inspector.get_check_constraints(table)
            },
            "foreign keys": {
                (
                    # on SQLite, SQLAlchemy does not find the name of one that came with its column
                    one["name"] if is_named else None,
                    *one["constrained_columns"],
                    one["referred_table"],
                    str(one["options"]),
                )
                for one in inspector.get_foreign_keys(table)
            },
            "uniques": {
                (one["name"], *one["column_names"])
                for one in inspector.get_unique_constraints(table)
            },
            "indexes": {
                (one["name"], *one["column_names"], one["unique"])
                for one in inspector.get_indexes(table)
            },
        }
    return found


def test_the_migrations_make_the_tables_of_the_models(empty: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, db.metadata) == []


def test_migrated_tables_equal_created_ones_to_the_last_constraint(
    empty: Flask, new_database: Callable[[], str]
) -> None:
    flask_migrate.upgrade()
    migrated = described()
    with app_on(new_database()) as other, other.app_context():
        db.create_all(None)
        created = described()
    assert migrated == created
    assert set(migrated) == set(db.metadata.tables)


@sqlite_only("PostgreSQL never reuses an id; SQLite does so unless the table forbids it")
def test_ids_are_not_reused_on_sqlite_either(empty: Flask) -> None:
    flask_migrate.upgrade()
    counted = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
    with db.engine.connect() as connection:
        found = set(connection.scalars(sa.text(counted)))
    assert found == {
        name
        for name, table in db.metadata.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    }


def test_a_new_database_is_announced_once(empty: Flask, caplog: pytest.LogCaptureFixture) -> None:
    url = db.engine.url
    where = str(url.database if url.get_backend_name() == "sqlite" else url)
    with caplog.at_level("INFO", logger="alembic"):
        flask_migrate.upgrade(revision="0001")
        assert f"Made a new, empty database: {where}" in caplog.messages
        caplog.clear()
        flask_migrate.upgrade()
    assert "new, empty database" not in caplog.text


def test_down_to_nothing_and_up_again(empty: Flask, scripts: ScriptDirectory) -> None:
    flask_migrate.upgrade()
    there = described()
    flask_migrate.downgrade(revision="base")
    assert tables() <= {"alembic_version"}
    assert revision() is None
    flask_migrate.upgrade()
    assert revision() == scripts.get_current_head()
    assert described() == there


def test_each_version_can_be_taken_back_by_itself(empty: Flask, scripts: ScriptDirectory) -> None:
    states = {None: described()}
    versions = [script.revision for script in scripts.walk_revisions()][::-1]
    for version in versions:
        flask_migrate.upgrade(revision=version)
        states[version] = described()
    for version in [None, *versions[:-1]][::-1]:
        flask_migrate.downgrade()  # one step
        assert revision() == version
        assert described() == states[version]


def test_upgrading_twice_is_once(empty: Flask) -> None:
    flask_migrate.upgrade()
    (user_id,) = people(1)
    flask_migrate.upgrade()
    assert User.find_by_id(user_id) is not None


def test_there_is_one_head_and_one_base(scripts: ScriptDirectory) -> None:
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_every_version_has_a_description(scripts: ScriptDirectory) -> None:
    for script in scripts.walk_revisions():
        assert script.doc.strip()
        assert script.path.startswith(str(ROOT / "migrations" / "versions"))


def test_the_commands_in_process(empty: Flask, scripts: ScriptDirectory) -> None:
    runner = empty.test_cli_runner()
    for arguments in (["upgrade"], ["check"], ["current"], ["heads"], ["history"]):
        result = runner.invoke(args=["db", *arguments])
        assert result.exit_code == 0, result.output
    assert revision() == scripts.get_current_head()
    result = runner.invoke(args=["db", "downgrade", "base"])
    assert result.exit_code == 0, result.output
    assert tables() <= {"alembic_version"}


def test_the_sql_of_the_migrations_can_be_printed(empty: Flask) -> None:
    result = empty.test_cli_runner().invoke(args=["db", "upgrade", "--sql"])
    assert result.exit_code == 0, result.output
    for table in db.metadata.tables:
        assert f"CREATE TABLE {table}" in result.output
    assert tables() == set()


@same_on_both  # the commands in process run on both
def test_the_commands_as_they_are_typed(empty: Flask) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    environment = {name: value for name, value in os.environ.items() if name[:6] != "GRIDT_"}
    environment |= {"GRIDT_DATABASE_URL": url, "GRIDT_SECRET_KEY": "x" * 32}

    def flask(*arguments: str) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr

    flask("db", "upgrade")
    assert set(db.metadata.tables) <= tables()
    flask("db", "downgrade", "base")
    assert tables() <= {"alembic_version"}


# -- constraints of the database ------------------------------------------------------------


def test_foreign_keys_are_enforced(empty: Flask) -> None:
    flask_migrate.upgrade()
    orphan = sa.insert(Subscription).values(user_id=1, movement_id=1, shuffle_key=2**32)
    with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
        connection.execute(orphan)
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM subscriptions")) == 0


@sqlite_only("these pragmas are SQLite's; PostgreSQL has none")
def test_sqlite_is_prepared_on_every_connection(empty: Flask) -> None:
    flask_migrate.upgrade()
    for _ in range(2):
        with db.engine.connect() as connection:
            expected = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}
            for pragma, value in expected.items():
                assert connection.scalar(sa.text(f"PRAGMA {pragma}")) == value
            assert connection.scalar(sa.text("PRAGMA busy_timeout")) >= 1000
        disconnect()  # so that the next connection is new


def test_a_failed_migration_leaves_nothing(empty: Flask) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE subscriptions (in_the_way INTEGER)"))
    with pytest.raises(sa.exc.DBAPIError):
        flask_migrate.upgrade()
    assert tables() <= {"subscriptions", "alembic_version"}
    assert revision() is None


def test_members_with_a_long_past_get_checkpoints_by_jobs(empty: Flask) -> None:
    flask_migrate.upgrade()
    (movement,), (often, seldom) = make_movements(1), people(2)
    begun = utcnow() - timedelta(days=2002)
    for user_id in (often, seldom):
        movement.add_user(db.session.get_one(User, user_id))
    db.session.flush()
    db.session.execute(sa.update(Subscription).values(subscribed_at=begun))
    rows = [(often, n) for n in range(2001)] + [(seldom, n) for n in range(2000)]
    ends = {"movement_id": movement.id}
    moments = [(user_id, begun + timedelta(days=n, hours=1)) for user_id, n in rows]
    db.session.execute(
        sa.insert(Update), [ends | {"leader_id": id, "time_stamp": at} for id, at in moments]
    )
    db.session.commit()
    flask_migrate.downgrade(revision="0016")
    flask_migrate.upgrade()
    assert run_until_idle() == 2  # steps for one of them
    assert db.session.scalars(sa.select(Checkpoint.user_id)).all() == [often] * 4


def test_movements_that_were_left_empty_are_closed_by_a_job(empty: Flask, clock: Clock) -> None:
    flask_migrate.upgrade()
    abandoned, started, joined = make_movements(3)
    creator, member = people(2)
    started.creator_id = creator
    joined.add_user(db.session.get_one(User, member))
    db.session.commit()
    flask_migrate.downgrade(revision="0018")
    flask_migrate.upgrade()
    clock.pass_(minutes=14)
    assert run_until_idle() == 0  # processes of the version before may still run
    clock.pass_(minutes=2)
    assert run_until_idle() == 1
    closed = sa.select(Movement.id).where(Movement.closed_at.is_not(None))
    assert db.session.scalars(closed).all() == [abandoned.id]


def test_a_database_without_movements_gets_no_job(empty: Flask) -> None:
    flask_migrate.upgrade()
    assert db.session.scalars(sa.select(Job.id)).all() == []
