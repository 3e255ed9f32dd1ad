"""A world with an admin and many members."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers import flask
from tests.web.world import World, populated

#: more than a page of the app's lists
MANY = 52


@contextmanager
def administered(database_url: str) -> Iterator[World]:
    """Run a server in which ada is an admin.

    The members ann, ben and cor are there too.
    """
    with populated(database_url) as world:
        world.register("ada")
        flask(database_url, "gridt", "set-role", "ada", "admin").check_returncode()
        yield world


def crowd(world: World, movement: int) -> None:
    """Let more members than a page shows join a movement."""
    for number in range(MANY):
        world.join(world.register(f"crowd{number}"), movement)
