"""Commands about accounts."""

import os
from pathlib import Path
from typing import IO

import click
from marshmallow import ValidationError

from gridt import accounts
from gridt.cli.group import commands
from gridt.cli.people import complaining, refused, user_named
from gridt.formats.account_json import account_document
from gridt.formats.base import in_parts
from gridt.models import User
from gridt.runtime.extensions import db, passwords
from gridt.runtime.request_state import request_state
from gridt.schemas.auth import RegisterIn
from gridt.schemas.recovery import ResetPasswordConfirmIn
from gridt.schemas.users import OWN_NAME, ROLES


@commands.command("create-user")
@click.option("--username", prompt=True)
@click.option("--email", prompt=True)
@click.option("--confirmed", is_flag=True, help="Mark the e-mail address as confirmed.")
@click.password_option()
def create_user(username: str, email: str, password: str, confirmed: bool) -> None:
    """Create an account for another person."""
    user = _create(username, email, password, role="user")
    if confirmed:
        user.confirm_email()
    db.session.commit()
    click.echo(f"{user.username} can log in.")


@commands.command("create-admin")
@click.option("--username", prompt=True)
@click.option("--email", prompt=True)
@click.password_option()
def create_admin(username: str, email: str, password: str) -> None:
    """Create an admin account."""
    user = _create(username, email, password, role="admin")
    db.session.commit()
    click.echo(f"{user.username} is an admin.")


def _create(username: str, email: str, password: str, role: str) -> User:
    """Create an account, and flush it.

    :raises ClickException: when the account is not valid, or exists already
    """
    account = {"username": username, "email": email, "password": password}
    try:
        account = RegisterIn().load(account)
    except ValidationError as error:
        raise refused(error) from None
    if User.find_by_name(account["username"]) or User.find_by_email(account["email"]):
        raise click.ClickException("This username or e-mail address is taken.")
    db.session.rollback()  # hashing is slow: hold no connection meanwhile
    return accounts.create_account(**account, role=role)


@commands.command("set-password")
@click.argument("user")
@click.option("--password", help="The new password. Without it, the command asks.")
def set_password(user: str, password: str | None) -> None:
    """Set the password of USER (a name or e-mail address).

    All sessions of the user end.
    """
    account = user_named(user)
    user_id, username = account.id, account.username
    if password is None:
        password = _ask_for_password()
    try:
        ResetPasswordConfirmIn(only=["password"]).load({"password": password})
    except ValidationError as error:
        raise refused(error) from None
    if accounts.is_own_name(password, username, account.email):
        raise click.ClickException(f"password: {OWN_NAME}")
    db.session.rollback()  # hashing is slow: hold no connection meanwhile
    password_hash = passwords.hash(password)
    locked = User.lock(user_id)
    if locked is None:
        raise click.ClickException(f"{username} has deleted their account.")
    locked.replace_password(password_hash)
    db.session.commit()
    click.echo(f"{username} has a new password, and must log in again.")


def _ask_for_password() -> str:
    db.session.rollback()  # the prompt may wait for hours
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


@commands.command("confirm-email")
@click.argument("user")
def confirm_email(user: str) -> None:
    """Confirm the address of USER (a name or e-mail address)."""
    account = user_named(user)
    if account.email_confirmed_at is None:
        account.confirm_email()
        db.session.commit()
    click.echo(f"{account.email} is confirmed.")


@commands.command("deactivate")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
def deactivate(user: str, yes: bool) -> None:
    """Deactivate USER (a name or e-mail address).

    The user can no longer log in, and leaves all movements.
    """
    account, username = _agreed(user, yes, "Deactivate {}, and remove them from all movements?")
    if account.deactivated_at is None:
        with complaining():
            accounts.deactivate(account)
        db.session.commit()
    click.echo(f"{username} is deactivated.")


@commands.command("reactivate")
@click.argument("user")
def reactivate(user: str) -> None:
    """Reactivate USER (a name or e-mail address).

    The user can log in again.
    """
    account = user_named(user)
    if account.deactivated_at is not None:
        accounts.reactivate(account)
        db.session.commit()
    click.echo(f"{account.username} can log in again.")


@commands.command("set-role")
@click.argument("user")
@click.argument("role", type=click.Choice(ROLES))
def set_role(user: str, role: str) -> None:
    """Set the role of USER (a name or e-mail address)."""
    account = user_named(user)
    with complaining():
        account.change_role(role)
    account.save_to_db()
    click.echo(f"The role of {account.username} is: {role}.")


@commands.command("delete-user")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_user(user: str, yes: bool) -> None:
    """Delete USER (a name or e-mail address) and their data."""
    account, username = _agreed(user, yes, "Delete {}, their subscriptions and their updates?")
    with complaining():
        accounts.delete_account(account)  # reads the account again
    click.echo(f"{username} is deleted.")


@commands.command("export-user")
@click.argument("user")
@click.option(
    "--output", type=click.Path(path_type=Path), help="A new file, instead of the terminal."
)
def export_user(user: str, output: Path | None) -> None:
    """Export everything stored about USER (a name or e-mail address).

    The format is JSON. Only the operator can read the file: it holds a person's whole account.
    """
    user_id = user_named(user).id
    with click.open_file("-", "wb") if output is None else _new_file(output) as file:
        accounts.record_export(user_id)
        db.session.commit()
        request_state().reading = True  # no writer waits for this, not even on SQLite
        for part in in_parts(account_document(accounts.sections_about(user_id))):
            file.write(part)
        file.flush()


def _agreed(user: str, yes: bool, question: str) -> tuple[User, str]:
    """Return an account and its name, if the operator agrees.

    No transaction is open afterwards.

    :param question: the text to show, with `{}` for the name
    :raises click.Abort: when the operator said no
    """
    account = user_named(user)
    username = account.username
    db.session.rollback()  # hold no lock while the operator answers
    if not yes:
        click.confirm(question.format(username), abort=True)
    return account, username


def _open_for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _new_file(path: Path) -> IO[bytes]:
    """Create a file that only its owner can read.

    :raises ClickException: when it exists, or cannot be created
    """
    try:
        return open(path, "xb", opener=_open_for_owner)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}.") from None
