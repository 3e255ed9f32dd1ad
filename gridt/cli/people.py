"""Users as commands name them, and refusals of the domain."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from marshmallow import ValidationError

from gridt.errors import GridtError
from gridt.models import User
from gridt.runtime.extensions import db


def user_named(login: str) -> User:
    """Return the user with this e-mail address or name.

    :raises ClickException: when there is none
    """
    user = User.find_by_login(login)
    if user is None:
        raise click.ClickException(f"There is no user {login!r}.")
    return user


def refused(error: ValidationError) -> click.ClickException:
    """Return a message with the members that are wrong."""
    wrong = [f"{name}: {' '.join(texts)}" for name, texts in error.messages_dict.items()]
    return click.ClickException("\n".join(wrong))


@contextmanager
def complaining() -> Iterator[None]:
    """Report a refusal of the domain, and change nothing."""
    try:
        yield
    except GridtError as error:
        db.session.rollback()
        raise click.ClickException(error.detail) from None
