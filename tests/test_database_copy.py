"""Copies of whole databases, between engines, and killed ones."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from gridt.accounts import invite, invite_into
from gridt.models import (
    AuditEntry,
    Job,
    Movement,
    Organisation,
    PickupGroup,
    Team,
    User,
    accept_invitation,
    record,
)
from gridt.permissions import COACH
from gridt.runtime import database_copy
from gridt.runtime.extensions import db
from tests import networks, postgres
from tests.conftest import app_on, checked_app, migrated_app
from tests.databases import postgresql_only
from tests.servers import PATIENCE, ROOT, change, environment, flask


@dataclass(frozen=True)
class Size:
    """The size of a test: members, kills, and batches.

    It says how many members there are to copy, how often a copy is killed, and how large its
    batches are.
    """

    members: int
    rounds: int
    batch: int


SIZES = {"small": Size(500, 2, 200), "full": Size(500, 10, 200)}


@contextmanager
def opened(url: str) -> Iterator[Flask]:
    """Enter the context of an app on a database."""
    with checked_app(url) as app, app.app_context():
        yield app


@dataclass
class Journey:
    """A database to copy, its rows, and empty targets.

    The targets come from a maker.
    """

    source: str
    rows: dict[str, list[Any]]
    new_target: Callable[[], str]
    size: Size


@pytest.fixture(scope="module", params=["the same engine", "from SQLite", "to SQLite"])
def journey(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Journey:
    """A source with rows in every table.

    Its people follow each other.
    """

    def new_sqlite() -> str:
        return f"sqlite:///{tmp_path_factory.mktemp('copying') / 'gridt.sqlite'}"

    if request.config.getoption("--database") == "sqlite" and request.param != "the same engine":
        pytest.skip("both are SQLite in this run")
    size = SIZES[request.config.getoption("--storm")]
    source = new_sqlite() if request.param == "from SQLite" else new_database()
    with migrated_app(source) as app, app.app_context():
        command = ["gridt", "demo-data", f"--members={size.members}", "--movements=3", "--weeks=2"]
        assert app.test_cli_runner().invoke(args=command).exit_code == 0
        fill_every_table()
    new_target = new_sqlite if request.param == "to SQLite" else new_database
    return Journey(source, everything(source), new_target, size)


def fill_every_table() -> None:
    """Fill every table with values that engines may treat differently."""
    moment = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    user = User("Ÿsée 😀", "ysee@example.org", "correct horse")
    user.bio = "tab\t, \\N, \\., 'quoted' \"twice\",\r\nand a line\u2028more"
    user.save_to_db()
    gone = User("gone", "gone@example.org", "correct horse")
    gone.save_to_db()
    gone.delete_from_db()  # so that the largest id is not the last one assigned
    Job.insert("nothing", {"nested": [1, None, {"é": "\\"}], "empty": ""}, None, 0, moment)
    record("role.changed", user_id=user.id, role="admin", why='"é"')
    db.session.commit()
    movement = db.session.scalars(sa.select(Movement).order_by(Movement.id)).first()
    assert movement is not None
    movement.interval = timedelta(days=400, seconds=1)
    db.session.commit()
    networks.put_apart(1, 2)
    fill_groups(user, movement)
    kinds: dict[type, Any] = {str: "x", int: 1, datetime: moment, date: moment.date(), bool: True}
    kinds[timedelta] = timedelta(hours=36)
    members = {"user_id": 1, "movement_id": movement.id, "invitation_id": 1}
    for table in db.metadata.sorted_tables:
        if db.session.scalar(sa.select(sa.func.count()).select_from(table)):
            continue
        # of the service itself, and of the one movement, there is one row
        has_one = table.name in {"service_identity", "movement_renames"}
        for number in (1,) if has_one else (1, 2):
            values = {
                column.name: members.get(column.name, kinds.get(column.type.python_type))
                for column in table.columns
                if not column.nullable and column is not table.autoincrement_column
            }
            own = {name: str(number) for name in ("key", "digest", "token_digest")}
            own |= {"ended_at": moment + timedelta(number)}
            own |= {name: moment + timedelta(number) for name in ("starts_at", "at", "left_at")}
            values |= {name: value for name, value in own.items() if name in table.columns}
            if not has_one and {*table.primary_key.columns.keys()} <= {*members}:
                values["user_id"] = number
            if "update_id" in table.columns:
                values |= {"reporter_id": number}
            db.session.execute(sa.insert(table).values(values))
    db.session.commit()


def fill_groups(user: User, movement: Movement) -> None:
    """Make groups with a member, roles and a link."""
    organisation = Organisation("Nurses ÿ")
    organisation.save_to_db()
    team = Team("Team 1", organisation)
    team.save_to_db()
    for group in (organisation, team, PickupGroup("May", team, movement=movement)):
        group.add_member(user)
    organisation.add_admin(user)
    invite(max_uses=3)
    _, code = invite_into(team, user, role=COACH)
    accept_invitation(db.session.get_one(User, 1), code)


def everything(url: str) -> dict[str, list[Any]]:
    """Return all tables' rows, in an order of both engines."""
    engine = database_copy.open_engine(url)
    with engine.connect() as connection:
        rows = {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in db.metadata.sorted_tables
        }
    engine.dispose()
    return rows


def copy(urls: tuple[str, str]) -> "subprocess.CompletedProcess[str]":
    return flask(urls[0], "gridt", "copy-database", "--to", urls[1])


@pytest.fixture(scope="module")
def run(journey: Journey) -> "Run":
    """A copy of that, and the output of the command."""
    target = journey.new_target()
    return target, copy((journey.source, target))


Run = tuple[str, "subprocess.CompletedProcess[str]"]


def test_a_copy_has_all_rows(journey: Journey, run: Run) -> None:
    target, copied = run
    assert all(journey.rows.values()), "no table is empty"
    assert copied.returncode == 0, copied.stdout + copied.stderr
    assert everything(target) == journey.rows
    rows = sum(map(len, journey.rows.values()))
    assert f"{rows:,} rows copied" in copied.stdout
    assert f"{len(journey.rows)} tables compared, all equal." in copied.stdout
    assert "3 movements checked, nothing broken." in copied.stdout
    with opened(target) as app:
        assert set(sa.inspect(db.engine).get_table_names()) == {*journey.rows, "alembic_version"}
        assert app.test_cli_runner().invoke(args=["db", "check"]).exit_code == 0


def test_a_second_copy_into_it_is_refused(journey: Journey, run: Run) -> None:
    assert "The target already has data" in refusal((journey.source, run[0]))
    assert everything(run[0]) == journey.rows


def test_a_killed_copy_goes_on_where_it_was(journey: Journey) -> None:
    target = journey.new_target()
    rows = sum(map(len, journey.rows.values()))
    killed = [
        kill_after((journey.source, target), random.randrange(rows // 2), journey.size.batch)
        for _ in range(journey.size.rounds)
    ]
    assert any(killed), "each was over before it could be killed"
    copied = copy((journey.source, target))
    if "already has data" not in copied.stderr:  # the copy ended before the test killed it
        assert copied.returncode == 0, copied.stdout + copied.stderr
    assert everything(target) == journey.rows


def test_the_copy_goes_on_where_the_source_was(journey: Journey, run: Run) -> None:
    with opened(journey.source):
        before = next_user(), next_entry()
    with opened(run[0]) as app:
        assert (next_user(), next_entry()) == before
        # a table that only grows in the source only grows here
        with pytest.raises(sa.exc.DBAPIError, match="only grows"), db.engine.begin() as connection:
            connection.execute(sa.delete(AuditEntry))
        login = {"username": "Ÿsée 😀", "password": "correct horse"}
        answer = app.test_client().post("/auth", json=login)
        assert answer.status_code == 200, answer.text
        assert networks.violations() == []


def next_user() -> int:
    """Return the id that the next account gets."""
    user = User("somebody", "somebody@example.org", "correct horse")
    db.session.add(user)
    db.session.flush()
    id = user.id
    db.session.commit()
    return id


def next_entry() -> int:
    """Return the next audit entry's id."""
    record("role.changed", role="user")
    db.session.commit()
    id = db.session.scalar(sa.select(sa.func.max(AuditEntry.id)))
    db.session.commit()
    return int(id)


def kill_after(urls: tuple[str, str], rows: int, batch: int) -> bool:
    """Kill a copy when the target has this many rows.

    Return whether it got that far.
    """
    with subprocess.Popen(
        # smaller batches, so that a kill can come between them
        [sys.executable, "-c", SLOWLY.format(batch), "gridt", "copy-database", "--to", urls[1]],
        cwd=ROOT,
        env=environment(urls[0]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        give_up = time.monotonic() + PATIENCE
        engine = sa.create_engine(urls[1])
        while process.poll() is None and rows_in(engine) < rows:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        process.kill()
        engine.dispose()
    return process.returncode < 0


SLOWLY = """
from flask.cli import main
from gridt.runtime import database_copy
database_copy.BATCH = {}
main()
"""


def rows_in(engine: sa.Engine) -> int:
    try:
        with engine.connect() as connection:
            return sum(database_copy.count_rows(connection).values())
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):  # there are no tables yet
        return -1


# -- refusals -------------------------------------------------------------------------------


@pytest.fixture
def pair(migrated_database: Callable[[], str], new_database: Callable[[], str]) -> tuple[str, str]:
    """Two databases: one with a few people, one empty."""
    urls = migrated_database(), new_database()
    with opened(urls[0]):
        networks.people(3)
    return urls


def copy_here(urls: tuple[str, str]) -> Result:
    """Copy within this process.

    That takes a fraction of the time of a new one.
    """
    with app_on(urls[0]) as app:
        return app.test_cli_runner().invoke(args=["gridt", "copy-database", "--to", urls[1]])


def refusal(urls: tuple[str, str]) -> str:
    """Return a refused copy's reason.

    It is a sentence, and the exit code is 1.
    """
    run = copy_here(urls)
    assert run.exit_code == 1
    assert isinstance(run.exception, SystemExit), run.exception
    return run.stderr


def test_a_target_of_something_else_is_refused(pair: tuple[str, str]) -> None:
    change(pair[1], "CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
    assert "has tables of another program" in refusal(pair)
    engine = sa.create_engine(pair[1])
    assert sa.inspect(engine).get_table_names() == ["invoices"]
    engine.dispose()


@pytest.mark.parametrize("which", [0, 1])
def test_a_database_at_another_revision_is_refused(pair: tuple[str, str], which: int) -> None:
    with migrated_app(pair[1]):
        pass
    change(pair[which], "UPDATE alembic_version SET version_num = '0001'")
    assert "is at revision 0001, and this version of gridt needs" in refusal(pair)


def test_the_unfinished_copy_of_another_database_is_refused(
    pair: tuple[str, str], migrated_database: Callable[[], str]
) -> None:
    with opened(migrated_database()):
        target = database_copy.open_engine(pair[1])
        database_copy.begin(db.engine, target)
        target.dispose()
    assert "unfinished copy of another database" in refusal(pair)


def test_a_database_is_not_copied_into_itself(pair: tuple[str, str]) -> None:
    assert "into itself" in refusal((pair[0], pair[0]))


def test_a_bad_address_is_refused(pair: tuple[str, str]) -> None:
    run = copy_here((pair[0], "mysql://somewhere"))
    assert run.exit_code == 2
    assert "Must be a sqlite:// or a postgresql:// address" in run.stderr


def test_a_missing_target_is_reported(pair: tuple[str, str], tmp_path: Path) -> None:
    away = f"postgresql://nobody@127.0.0.1:{postgres.free_port()}/nothing"
    assert "connection failed" in refusal((pair[0], away))
    nowhere = f"sqlite:///{tmp_path / 'no' / 'folder.sqlite'}"
    assert "unable to open database file" in refusal((pair[0], nowhere))


@postgresql_only("SQLite takes everything")
def test_values_that_the_target_cannot_hold_are_reported(
    pair: tuple[str, str], tmp_path: Path
) -> None:
    source = f"sqlite:///{tmp_path / 'long.sqlite'}"
    with migrated_app(source) as app, app.app_context():
        (user_id,) = networks.people(1)
        db.session.execute(sa.update(User).values(role="x" * 100))
        db.session.commit()
    refused = refusal((source, pair[1]))
    assert f"does not take users from {user_id} to {user_id}" in refused
    assert "character varying(16)" in refused


def test_writes_during_a_copy_are_noticed(pair: tuple[str, str]) -> None:
    with opened(pair[0]):
        target = database_copy.open_engine(pair[1])
        database_copy.begin(db.engine, target)
        with database_copy.snapshot(db.engine) as source:
            list(database_copy.copy_rows(source, target))
        target.dispose()
    # another text, with the same rows and keys
    change(pair[0], "UPDATE users SET bio = 'somebody else' WHERE id = 2")
    run = copy_here(pair)  # continues, and has nothing left to copy
    assert run.exit_code == 1
    assert "users: 3 rows here, 3 in the copy" in run.stdout
    assert "users differ: the source has changed" in run.stderr
