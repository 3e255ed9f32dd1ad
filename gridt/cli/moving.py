"""Commands that copy the whole database."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

import click
from marshmallow import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gridt.cli.group import commands
from gridt.cli.network import echo_violations, verified
from gridt.runtime import database_copy
from gridt.runtime.backup import NotPossible, back_up
from gridt.runtime.database import reading_by
from gridt.runtime.extensions import db
from gridt.runtime.setting_parsers import database_url
from gridt.text import with_noun


@commands.command("copy-database")
@click.option("--to", "url", required=True, help="The target, in the form of GRIDT_DATABASE_URL.")
def copy_database(url: str) -> None:
    """Copy the database into another, empty one.

    Both can be SQLite or PostgreSQL. Stop the service before. The command compares the copy with
    the original, and checks the network. If it is interrupted, run it again: it continues.
    """
    try:
        target = database_copy.open_engine(database_url(url).render_as_string(hide_password=False))
    except ValidationError as error:
        raise click.BadParameter(" ".join(map(str, error.messages))) from None
    try:
        _copy(target)
        _compare(target)
        database_copy.finish(target)
        _check(target)
    except database_copy.CopyRefused as error:
        raise click.ClickException(str(error)) from None
    except OperationalError as error:  # it does not exist, or the connection was lost
        raise click.ClickException(f"{error.orig}") from None
    finally:
        target.dispose()


def _copy(target: Engine) -> None:
    database_copy.begin(db.engine, target)
    with database_copy.snapshot(db.engine) as source:
        wanted = sum(database_copy.count_rows(source).values())
        with target.connect() as connection:
            there = sum(database_copy.count_rows(connection).values())
        if there:
            click.echo(f"The target already has {with_noun(there, 'row', ',')}.")
        began = time.monotonic()
        copied = _follow(database_copy.copy_rows(source, target), "Copying", wanted - there)
        database_copy.set_counters(source, target)
    seconds = time.monotonic() - began
    rows = with_noun(copied, "row", ",")
    click.echo(f"{rows} copied in {seconds:.1f} s, {copied / seconds:,.0f} a second.")


def _compare(target: Engine) -> None:
    """Compare the copy with the source.

    The source is read again, so that rows that were written meanwhile show.
    """
    here, copy = database_copy.Checksums(), database_copy.Checksums()
    with database_copy.snapshot(db.engine) as source, database_copy.snapshot(target) as reading:
        rows = sum(database_copy.count_rows(source).values())
        _follow(here.add_all(source), "Reading", rows)
        _follow(copy.add_all(reading), "Comparing", rows)
    wrong = [name for name, sums in here.by_table.items() if copy.by_table[name] != sums]
    for name in wrong:
        rows_here = with_noun(here.by_table[name][0], "row", ",")
        click.echo(f"{name}: {rows_here} here, {copy.by_table[name][0]:,} in the copy")
    if wrong:
        raise database_copy.CopyRefused(
            f"{', '.join(wrong)} differ: the source has changed. Stop the service, empty the"
            " target, and copy again."
        )
    click.echo(f"{len(here.by_table)} tables compared, all equal.")


def _check(target: Engine) -> None:
    db.session.remove()
    with database_copy.snapshot(target) as connection, reading_by(connection):
        broken, checked = verified()
        db.session.remove()
    echo_violations(broken, checked)
    if broken:
        raise click.exceptions.Exit(1)


def _follow(steps: Iterable[int], label: str, length: int) -> int:
    done = 0
    with click.progressbar(length=length, label=label) as bar:
        for step in steps:
            bar.update(step)
            done += step
    return done


@commands.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Back up the SQLite database into a new FILE.

    The service can run meanwhile. The key that gridt keeps beside its database is copied beside the
    file. For PostgreSQL, use pg_dump.
    """
    try:
        written = back_up(db.engine, file)
    except NotPossible as error:
        raise click.ClickException(str(error)) from None
    for path in written:
        click.echo(f"{path} ({os.path.getsize(path):,} bytes)")
