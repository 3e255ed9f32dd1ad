"""Commands about accounts."""

import click
from marshmallow import ValidationError

from gridt.cli.group import commands
from gridt.extensions import db
from gridt.models import User
from gridt.schemas.users import RegisterIn


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
