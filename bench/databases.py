"""Databases to measure on: both engines, a movement of each size, loaded in bulk."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import flask_migrate
from flask import Flask
from sqlalchemy import select, text

from gridt import create_app
from gridt.auth import tokens_for
from gridt.config import Settings
from gridt.demo import Demo
from gridt.extensions import db, disconnect
from gridt.models import Login, Movement, User
from tests import postgres

ENGINES = ("postgresql", "sqlite")

#: hashing is not what is measured here
_CHEAP = {"ARGON2_MEMORY_KIB": 64, "ARGON2_PASSES": 1, "ARGON2_LANES": 1}


@dataclass(frozen=True)
class World:
    """An app on a database whose first movement has `members`."""

    app: Flask
    engine: str
    members: int
    url: str
    movement_id: int
    #: tokens of some members, and of as many people who are not
    inside: list[str]
    outside: list[str]


@contextmanager
def worlds(engines: tuple[str, ...], sizes: list[int], callers: int) -> Iterator[list[World]]:
    """Make a world for each engine and size; they are gone afterwards.

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


def _world(engine: str, url: str, members: int, callers: int) -> World:
    app = create_app(Settings(SECRET_KEY="b" * 32, SQLALCHEMY_DATABASE_URI=url, **_CHEAP))
    with app.app_context():
        flask_migrate.upgrade()
        demo = Demo(members, movements=1, weeks=2)
        label = f"Loading {members} members on {engine}"
        with click.progressbar(length=demo.steps, label=label) as bar:
            for steps in demo.fill():
                bar.update(steps)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        (movement_id,) = db.session.scalars(select(Movement.id))
        some = db.session.scalars(select(User).order_by(User.id.desc()).limit(callers)).all()
        inside = [_token(user) for user in some]
        outside = [
            _token(User(f"outside {number}", f"outside{number}@example.org", "a good password"))
            for number in range(callers)
        ]
        db.session.commit()
    return World(app, engine, members, url, movement_id, inside, outside)


def _token(user: User) -> str:
    db.session.add(user)
    db.session.flush()
    login = Login(user)
    db.session.add(login)
    db.session.flush()
    token: str = tokens_for(login)["access_token"]
    return token
