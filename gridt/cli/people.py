"""How commands call people."""

import click

from gridt.models import User


def user_named(login: str) -> User:
    """Return the user of that e-mail address or name.

    :raises ClickException: when there is none
    """
    found = User.find_by_login(login)
    if found is None:
        raise click.ClickException(f"There is no user {login!r}.")
    return found
