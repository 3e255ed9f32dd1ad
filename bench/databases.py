"""Databases to measure on, loaded in bulk.

They are of both engines, with a movement of each size.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import flask_migrate
from flask import Flask
from sqlalchemy import insert, select, text

from bench.load import JOINED, LISTED, READERS, SECRET_KEY
from gridt import create_app
from gridt.demo import Demo
from gridt.http.auth import tokens_for
from gridt.models import Login, Movement, User
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db, disconnect
from tests import postgres

#: hashing is not measured here, and few people call often
_CHEAP: dict[str, Any] = {
    "ARGON2_MEMORY_KIB": 64,
    "ARGON2_PASSES": 1,
    "ARGON2_LANES": 1,
    "LIMITS": False,
    **dict.fromkeys(("QUOTA_SWAPS", "QUOTA_UPDATES_PER_TURN", "QUOTA_UPDATES"), 0),
}

#: a login for every user
_LOGINS = insert(Login).from_select(
    ["user_id", "created_at", "refreshed_at", "refresh_jti"],
    select(User.id, User.created_at, User.created_at, User.username),
)


@dataclass(frozen=True, eq=False)
class World:
    """An app on a database whose first movement has `members`."""

    app: Flask
    engine: str
    members: int
    url: str
    movement_id: int
    #: tokens of members from all over the movement, and of as many people outside of it
    inside: list[str]
    outside: list[str]

    @property
    def database(self) -> str:
        """Return the name and version of the database."""
        with self.app.app_context():
            dialect = db.engine.dialect
            return f"{dialect.name} {'.'.join(map(str, dialect.server_version_info or ()))}"


@contextmanager
def worlds(engines: tuple[str, ...], sizes: list[int], callers: int) -> Iterator[list[World]]:
    """Make a world for each engine and size.

    The end of the block removes them.

    :param callers: how many members, and how many others, can call
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gridt-bench-")))
        server = stack.enter_context(postgres.serve()).url if "postgresql" in engines else ""
        made = []
        for engine in engines:
            for size in sizes:
                if engine == "postgresql":
                    url = postgres.create_database(server, f"bench_{size}")
                else:
                    url = f"sqlite:///{folder / f'{size}.sqlite'}"
                made.append(_world(engine, url, size, callers))
        yield made
        for world in made:
            with world.app.app_context():
                disconnect()


def smallest(worlds: list[World]) -> list[World]:
    """Return each engine's world with the smallest movement."""
    least = min(world.members for world in worlds)
    return [world for world in worlds if world.members == least]


def largest(worlds: list[World]) -> list[World]:
    """Return each engine's world with the largest movement."""
    most = max(world.members for world in worlds)
    return [world for world in worlds if world.members == most]


@cache
def furnish(world: World) -> list[str]:
    """Add movements to list, once.

    Return the tokens of people who have joined some of them.
    """
    with world.app.app_context():
        # the users who were added last are the last ones outside
        readers = db.session.scalars(select(User).order_by(User.id.desc()).limit(READERS)).all()
        for number in range(LISTED - 1):
            movement = Movement(f"habit {number}", timedelta(days=1), "something to do")
            movement.users = readers if number < JOINED else []
            movement.save_to_db()
    return world.outside[-READERS:]


def _world(engine: str, url: str, members: int, callers: int) -> World:
    app = create_app(Settings(SECRET_KEY=SECRET_KEY, SQLALCHEMY_DATABASE_URI=url, **_CHEAP))
    with app.app_context():
        flask_migrate.upgrade()
        demo = Demo(members, movements=1, weeks=2)
        label = f"Loading {members} members on {engine}"
        with click.progressbar(length=demo.steps, label=label) as bar:
            for steps in demo.fill():
                bar.update(steps)
        db.session.execute(_LOGINS)
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        (movement_id,) = db.session.scalars(select(Movement.id))
        inside = [_token(user) for user in _sample(callers)]
        outside = [
            _token(User(f"outside {number}", f"outside{number}@example.org", "a good password"))
            for number in range(callers)
        ]
        db.session.commit()
    return World(app, engine, members, url, movement_id, inside, outside)


def _sample(size: int) -> list[User]:
    """Return users from all over the table.

    They are out of order, so that their pages are not cached.
    """
    everybody = db.session.scalars(select(User.id)).all()
    some = random.sample(everybody, min(size, len(everybody)))
    found = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(some)))}
    return [found[user_id] for user_id in some]


def _token(user: User) -> str:
    db.session.add(user)
    db.session.flush()
    login = Login(user.id)
    db.session.add(login)
    db.session.flush()
    token: str = tokens_for(login)["access_token"]
    return token
