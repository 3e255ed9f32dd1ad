"""The extensions that the app is made of."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore

from flask import Flask
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from passlib.context import CryptContext

from gridt.database import PATIENCE, Base, Session
from gridt.errors import Busy


class Passwords:
    """Hashes and verifies passwords, a bounded number at a time.

    One argon2id hash takes 64 MiB and 0.15 s of a core: a flood of logins has to queue
    here instead of taking the memory and the cores from everybody else.
    """

    def init_app(self, app: Flask) -> None:
        """Set the hashing parameters from the app's configuration."""
        self._slots = BoundedSemaphore(app.config["HASHING_SLOTS"])
        self._context = CryptContext(
            schemes=["argon2", "pbkdf2_sha256"],
            deprecated="auto",
            argon2__memory_cost=app.config["ARGON2_MEMORY_KIB"],
            argon2__rounds=app.config["ARGON2_PASSES"],
            argon2__parallelism=app.config["ARGON2_LANES"],
        )

    def hash(self, password: str) -> str:
        """Return the hash to store for `password`."""
        with self._slot():
            return str(self._context.hash(_normal(password)))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Compare `password` with a stored hash.

        :param stored: None for a user who does not exist, which takes as long as a wrong
            password and is never right
        :returns: whether it is right, and a new hash where the stored one is outdated
        :raises Busy: when no hashing slot gets free in time
        """
        with self._slot():
            right, renewed = self._context.verify_and_update(_normal(password), stored)
            return bool(right), renewed

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=PATIENCE):
            raise Busy("Too many people are logging in just now; please try again", retry_after=5)
        try:
            yield
        finally:
            self._slots.release()


def _normal(password: str) -> str:
    # NIST SP 800-63B: the same password typed on two keyboards is the same password
    return unicodedata.normalize("NFKC", password)


db = SQLAlchemy(
    model_class=Base,
    session_options={"class_": Session},
    engine_options={
        "hide_parameters": True,  # an error is logged, addresses and hashes are not
    },
)
migrate = Migrate(directory=str(Path(__file__).resolve().parent.parent / "migrations"))
jwt = JWTManager()
passwords = Passwords()


def disconnect() -> None:
    """Close the connections that the app's pools keep."""
    for engine in db.engines.values():
        engine.dispose()
