"""docs/moving.md is true: its commands run."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import Update
from gridt.network.invariants import violations
from gridt.runtime.backup import NotPossible, back_up
from gridt.runtime.extensions import db
from tests import networks, postgres
from tests.conftest import app_on
from tests.databases import postgresql_only, sqlite_only
from tests.servers import PATIENCE, ROOT, environment, flask, serve
from tests.storms import FINE, Storm
from tests.test_crashes import crowd_in

DOCUMENT = (ROOT / "docs" / "moving.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ACTORS, UPDATES = 3, 8
KEY = "the key that gridt made for itself, once"

for_sqlite, for_postgresql = sqlite_only("for SQLite"), postgresql_only("for PostgreSQL")


def commands(heading: str) -> list[str]:
    """Return the blocks of commands in a section."""
    _, found, rest = DOCUMENT.partition(f"\n## {heading}\n")
    assert found
    return BLOCK.findall(rest.partition("\n## ")[0])


def type_in(block: str, url: str, **values: str) -> str:
    """Type commands into a shell, and return its output."""
    tools = [str(Path(sys.executable).parent), str(postgres._binaries()), os.environ["PATH"]]
    variables = environment(url) | values | {"PATH": os.pathsep.join(tools)}
    shell = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=block,
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    return shell.stdout


def for_tools(url: str) -> str:
    """Return a database's address as PostgreSQL's own tools write it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def opened(url: str) -> Iterator[Flask]:
    with app_on(url) as app, app.app_context():
        yield app


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The data folder and the backup folder.

    The first has the key that gridt made for itself.
    """
    data, backups = tmp_path / "data", tmp_path / "backups"
    data.mkdir()
    backups.mkdir()
    (data / "gridt.secret").write_text(KEY)
    return data, backups


def posted() -> set[str | None]:
    found = set(db.session.scalars(sa.select(Update.message)))
    db.session.rollback()
    return found


def check(url: str, kept: set[str | None], ever: set[str | None]) -> None:
    """Compare a restored database with the answers around the backup.

    These are the answers before the backup and after it.
    """
    with opened(url):
        assert kept <= posted() <= ever
        assert list(violations()) + networks.violations() == []
    with serve(url) as server, urlopen(f"{server.url}/ready", timeout=PATIENCE) as answer:
        assert answer.status == 200


def backed_up_in_use(
    url: str, block: str, **values: str
) -> tuple[set[str | None], set[str | None]]:
    """Back up a database while people post.

    Some of these people delete their updates again.

    :returns: the messages posted before that were not deleted, and all messages ever
    """
    with crowd_in(url, 30) as crowd:
        with serve(url, processes=2) as server, Storm(server.url, crowd, ACTORS) as storm:
            storm.go_on(UPDATES)
            before = posted()
            type_in(block, url, **values)
            storm.go_on(UPDATES)
        memory = storm.memory()
        assert set(memory.statuses) <= FINE
        return before & posted(), {*memory.posted, *memory.perhaps_posted}


@for_sqlite
def test_sqlite_is_backed_up_in_use_and_restored(folders: tuple[Path, Path]) -> None:
    data, backups = folders
    url = f"sqlite:///{data / 'gridt.sqlite'}"
    back_up, restore = commands("Backing up SQLite")
    kept, ever = backed_up_in_use(url, back_up, BACKUPS=str(backups))
    files = {path.name: path.stat().st_mode & 0o777 for path in backups.iterdir()}
    assert files == {"monday.sqlite": 0o600, "monday.secret": 0o600}

    (data / "gridt.secret").write_text("another")
    printed = type_in(restore, url, DATA=str(data), BACKUPS=str(backups))

    assert "nothing broken" in printed
    assert (data / "gridt.secret").read_text() == KEY
    assert (data / "before" / "gridt.sqlite").exists()
    check(url, kept, ever)


@for_postgresql
def test_postgresql_is_backed_up_in_use_and_restored(
    new_database: Callable[[], str], server_url: str, tmp_path: Path
) -> None:
    url = new_database()
    back_up, restore = commands("Backing up PostgreSQL")
    values = {"BACKUPS": str(tmp_path), "DATABASE": for_tools(url)}
    kept, ever = backed_up_in_use(url, back_up, **values)
    restored = sa.make_url(server_url).set(database="gridt_restored")
    address = restored.render_as_string(hide_password=False)
    try:
        printed = type_in(
            restore,
            url,
            BACKUPS=str(tmp_path),
            SERVER=for_tools(server_url),
            RESTORED=for_tools(address),
        )
        assert "nothing broken" in printed
        check(address, kept, ever)
    finally:
        postgres.drop_database(server_url, "gridt_restored")


def test_a_database_is_moved(new_database: Callable[[], str], tmp_path: Path) -> None:
    url, new = f"sqlite:///{tmp_path / 'gridt.sqlite'}", new_database()
    with crowd_in(url, 30):
        pass
    (block,) = commands("From SQLite to PostgreSQL")
    printed = type_in(block, url, NEW=for_tools(new) if "postgresql" in new else new)
    assert "all equal" in printed
    assert "nothing broken" in printed


def test_the_commands_about_upgrades(new_database: Callable[[], str]) -> None:
    url = new_database()
    with crowd_in(url, 30):
        pass
    (look,) = commands("Upgrading without downtime")
    assert "CREATE TABLE users" in type_in(look, url)
    (back,) = commands("Downgrading")
    type_in(back, url)
    assert flask(url, "db", "upgrade").returncode == 0


def test_no_command_is_left_out() -> None:
    headings = re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE)
    typed = {
        "From SQLite to PostgreSQL": 1,
        "Backing up SQLite": 2,
        "Backing up PostgreSQL": 2,
        "Upgrading without downtime": 1,
        "Downgrading": 1,
    }
    assert {one: len(commands(one)) for one in headings if commands(one)} == typed


# -- refusals of backups --------------------------------------------------------------------


def refusal(url: str, file: Path) -> str:
    """Return why a backup was refused.

    The reason is a sentence, and the exit code is 1.
    """
    with app_on(url) as app:
        run = app.test_cli_runner().invoke(args=["gridt", "backup", str(file)])
    assert run.exit_code == 1
    assert isinstance(run.exception, SystemExit), run.exception
    return run.stderr


@for_sqlite
def test_a_failed_backup_does_not_prevent_the_next(folders: tuple[Path, Path]) -> None:
    data, backups = folders
    database, engine = data / "gridt.sqlite", sa.create_engine(f"sqlite:///{data / 'gridt.sqlite'}")
    file = backups / "monday.sqlite"

    database.write_text("damaged " * 1000)
    with pytest.raises(NotPossible, match="could not be written"):
        back_up(engine, file)
    assert list(backups.iterdir()) == []

    database.unlink()
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sound (id INTEGER)")
    engine.dispose()
    (backups / "monday.sqlite.part").write_text("of one that was killed")
    assert back_up(engine, file) == [file, backups / "monday.secret"]
    assert set(backups.iterdir()) == {file, backups / "monday.secret"}


@for_sqlite
def test_no_backup_overwrites_anything(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    with opened(url):
        db.create_all(None)
    for name in ("there.sqlite", "other.secret"):
        (tmp_path / name).write_text("an earlier one")
    Path(sa.make_url(url).database or "").with_suffix(".secret").write_text("a key")
    for name in ("there.sqlite", "other.sqlite"):
        assert "already exists" in refusal(url, tmp_path / name)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"an earlier one"}
    assert "could not be written" in refusal(url, tmp_path / "no" / "folder")


@for_sqlite
def test_a_damaged_database_is_no_backup(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    with opened(url):
        db.create_all(None)
        networks.people(500)
    path = Path(sa.make_url(url).database or "")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)
    assert "could not be written" in refusal(url, tmp_path / "backup.sqlite")
    assert list(tmp_path.iterdir()) == []


@for_postgresql
def test_postgresql_is_left_to_its_own_tools(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    assert "Use pg_dump" in refusal(new_database(), tmp_path / "backup")
