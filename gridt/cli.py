"""`flask gridt …`: what operators of the service type."""

import json
from dataclasses import asdict
from typing import IO

import click
from flask import current_app, g
from flask.cli import AppGroup
from marshmallow import ValidationError
from sqlalchemy import func, select

from gridt.api import document
from gridt.demo import MOST_MOVEMENTS, USERNAME, Demo
from gridt.extensions import db
from gridt.models import Movement, User
from gridt.models.invariants import violations
from gridt.schemas.users import RegisterIn

commands = AppGroup("gridt", help="What operators of gridt type.")


@commands.command("create-admin")
@click.option("--username", prompt=True)
@click.option("--email", prompt=True)
@click.password_option()
def create_admin(username: str, email: str, password: str) -> None:
    """Open an account that may change what belongs to others."""
    given = {"username": username, "email": email, "password": password}
    try:
        RegisterIn().load(given)
    except ValidationError as error:
        wrong = [f"{name}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
        raise click.ClickException("\n".join(wrong)) from None
    if User.find_by_name(username) or User.find_by_email(email):
        raise click.ClickException("This username or e-mail address is taken.")
    db.session.rollback()  # hashing takes long: hold nothing meanwhile
    User(username, email, password, role="admin").save_to_db()
    click.echo(f"{username} is an admin.")


@commands.command("demo-data")
@click.option("--members", default=300, show_default=True, type=click.IntRange(1, 5_000))
@click.option("--movements", default=8, show_default=True, type=click.IntRange(1, MOST_MOVEMENTS))
@click.option("--weeks", default=4, show_default=True, type=click.IntRange(0, 52))
def demo_data(members: int, movements: int, weeks: int) -> None:
    """Invent people who take part in movements, and their updates over the last weeks."""
    demo = Demo(members, movements, weeks)
    if demo.is_there():
        raise click.ClickException("There is demo data in this database already.")
    with click.progressbar(demo.fill(), length=demo.steps, label="Inventing people") as steps:
        for _ in steps:
            pass
    click.echo(f"Log in as any of {USERNAME.format(1)} to {USERNAME.format(members)},")
    click.echo(f"with the password {demo.password}")


@commands.command("check-network")
@click.option("--json", "as_json", is_flag=True, help="Write a JSON document.")
def check_network(as_json: bool) -> None:
    """Verify the invariants I1 to I9 of every movement; fail where one is broken."""
    g.reading = True  # nobody has to wait for this, on SQLite either
    found = [asdict(one) for one in violations()]
    checked = db.session.scalar(select(func.count()).select_from(Movement))
    if as_json:
        click.echo(json.dumps({"movements": checked, "violations": found}, indent=2))
    else:
        for one in found:
            click.echo(
                "{invariant} broken {count} times in movement {movement_id}: {rule}"
                " (user {user_id} for one)".format(**one)
            )
        click.echo(f"{checked} movements checked, {len(found) or 'nothing'} broken.")
    if found:
        raise click.exceptions.Exit(1)


@commands.command("openapi")
@click.option("--output", type=click.File("w"), default="-", help="A file instead of the terminal.")
def openapi(output: IO[str]) -> None:
    """Write the OpenAPI document."""
    click.echo(json.dumps(document(current_app), indent=2, ensure_ascii=False), file=output)
