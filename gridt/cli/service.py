"""The command that writes the OpenAPI document."""

import json
from typing import IO

import click
from flask import current_app

from gridt.cli.group import commands
from gridt.http.openapi import document


@commands.command("openapi")
@click.option(
    "--output", type=click.File("w"), default="-", help="A file, instead of the terminal."
)
def openapi(output: IO[str]) -> None:
    """Write the OpenAPI document."""
    click.echo(json.dumps(document(current_app), indent=2, ensure_ascii=False), file=output)
