"""Commands about accounts."""

from typing import IO

import click
from marshmallow import ValidationError

from gridt import accounts
from gridt.cli.group import commands
from gridt.cli.people import complaining, user_named
from gridt.formats.account_json import account_document
from gridt.formats.base import in_parts
from gridt.models import User
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state
from gridt.schemas.admin import ROLES
from gridt.schemas.auth import RegisterIn


@commands.command("create-admin")
@click.option("--username", prompt=True)
@click.option("--email", prompt=True)
@click.password_option()
def create_admin(username: str, email: str, password: str) -> None:
    """Open an account that may change what belongs to others."""
    account = {"username": username, "email": email, "password": password}
    try:
        RegisterIn().load(account)
    except ValidationError as error:
        wrong = [f"{name}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
        raise click.ClickException("\n".join(wrong)) from None
    if User.find_by_name(username) or User.find_by_email(email):
        raise click.ClickException("This username or e-mail address is taken.")
    db.session.rollback()  # hashing takes long: hold nothing meanwhile
    accounts.create_admin(username, email, password).save_to_db()
    click.echo(f"{username} is an admin.")


@commands.command("set-role")
@click.argument("user")
@click.argument("role", type=click.Choice(ROLES))
def set_role(user: str, role: str) -> None:
    """Make a user, called by name or e-mail address, an admin, or one like all others."""
    account = user_named(user)
    with complaining():
        account.change_role(role)
    account.save_to_db()
    click.echo(f"The role of {account.username} is: {role}.")


@commands.command("delete-user")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_user(user: str, yes: bool) -> None:
    """Delete the account of a user, called by name or e-mail address, and all that is theirs."""
    account = user_named(user)
    username = account.username
    db.session.rollback()  # hold nothing while somebody thinks
    if not yes:
        click.confirm(f"Delete {username}, their subscriptions and their updates?", abort=True)
    with complaining():
        accounts.delete_account(account)  # reads the account again
    click.echo(f"{username} is deleted.")


@commands.command("export-user")
@click.argument("user")
@click.option("--output", type=click.File("wb"), default="-", help="A file, not the terminal.")
def export_user(user: str, output: IO[bytes]) -> None:
    """Write all that is stored about a user, called by name or e-mail address, as JSON."""
    user_id = user_named(user).id
    accounts.record_export(user_id)
    db.session.commit()
    request_state().reading = True  # nobody has to wait for this, on SQLite either
    for part in in_parts(account_document(accounts.sections_about(user_id))):
        output.write(part)
