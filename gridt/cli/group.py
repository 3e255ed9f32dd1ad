"""The group of all commands."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from gridt.runtime.config import unknown_variables
from gridt.runtime.schema_version import is_not_migrated


class _Commands(AppGroup):
    """Commands that name a misspelt setting, or an old database."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        for sentence in unknown_variables():
            click.echo(f"Warning: {sentence}", err=True)
        try:
            return super().invoke(ctx)
        except (OperationalError, ProgrammingError) as error:
            if not is_not_migrated(error):
                raise
            detail = "The database is not migrated yet. Migrate it with: flask db upgrade"
            raise click.ClickException(detail) from None


commands = _Commands("gridt", help="Commands for operators of gridt.")
