"""The extensions of the app."""

import math
import os
import sys
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore, Event, get_native_id
from typing import ParamSpec, TypeVar

from flask import Flask
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from passlib.context import CryptContext

from gridt.errors import Busy
from gridt.runtime.database import PATIENCE, Base, Session, binds, let_go, prepare
from gridt.runtime.metrics import metrics

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: the largest number of characters that libpass takes
_LONGEST = 4096
#: how much lower than the rest of the service hashing stands with the system's scheduler
_NICENESS = 10
#: seconds that one password may take at that priority; on a calm machine it takes 0.15, and beside
#: a flood of logins 1.5
_STARVED_AFTER = 2
#: seconds for which passwords are hashed at the usual priority after one was starved
_HURRY = 30


class Passwords:
    """Hashes and verifies passwords, a limited number at a time.

    One argon2id hash takes 64 MiB and 0.15 s of a core: a flood of logins waits in a queue here,
    instead of taking memory and cores from all other requests. The queue is short, because each
    waiting request keeps one of the server's threads, and the other requests need some, too.

    On a busy machine the low priority leaves a hash nearly nothing of a core. A hash that takes too
    long starts a second time at the usual priority, as do the next ones for a while.
    """

    def init_app(self, app: Flask) -> None:
        """Set the hashing parameters from the app's configuration."""
        slots = app.config["HASHING_SLOTS"]
        self._room = BoundedSemaphore(slots + app.config["HASHING_WAITING"])
        # threads of their own: one whose priority was lowered may not raise it again
        self._hashers = ThreadPoolExecutor(slots, "hashing", initializer=_step_back)
        self._hurried = ThreadPoolExecutor(slots, "hurried")
        self._hurry_until = -math.inf
        self._context = CryptContext(
            schemes=["argon2", "pbkdf2_sha256"],
            deprecated="auto",
            argon2__memory_cost=app.config["ARGON2_MEMORY_KIB"],
            argon2__rounds=app.config["ARGON2_PASSES"],
            argon2__parallelism=app.config["ARGON2_LANES"],
        )

    def hash(self, password: str) -> str:
        """Return the hash to store for `password`.

        :raises Busy: when too many requests wait already, or no hashing slot gets free in time
        """
        return str(self._in_turn(self._context.hash, normal(password)))

    def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Compare `password` with a stored hash.

        :param stored: None for an unknown user; that takes as long as a wrong password, and is
            never right
        :returns: whether it is right, and a new hash if the stored one is outdated
        :raises Busy: when too many requests wait already, or no hashing slot gets free in time
        """
        verify, typed = self._context.verify_and_update, normal(password)
        if len(typed) > _LONGEST:  # NFKC makes eighteen characters of some one
            typed, stored = "", None
        right, renewed = self._in_turn(verify, typed, stored)
        return bool(right), renewed

    def _in_turn(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        if not self._room.acquire(blocking=False):
            raise _too_busy()
        attempts: list[Future[Result]] = []
        try:
            with metrics.hashing():
                return self._first_result(partial(work, *args, **kwargs), attempts)
        except TimeoutError:
            raise _too_busy() from None
        finally:
            for attempt in attempts:
                attempt.cancel()
            self._room.release()

    def _first_result(self, work: Callable[[], Result], attempts: list["Future[Result]"]) -> Result:
        """Return the result of the thread that is done first.

        The work gets a second thread if the first one starves.

        :param attempts: filled with the attempts that were made
        :raises TimeoutError: when neither thread is done in time
        """
        give_up = time.monotonic() + PATIENCE
        if time.monotonic() >= self._hurry_until:
            began = Event()
            attempts.append(self._hashers.submit(_begin, began, work))
            # waiting for a free thread is no starving: a flood of logins would get more cores by it
            if not began.wait(PATIENCE - _STARVED_AFTER):
                return attempts[0].result(_STARVED_AFTER)
            with suppress(TimeoutError):
                return attempts[0].result(_STARVED_AFTER)
            self._hurry_until = time.monotonic() + _HURRY
        attempts.append(self._hurried.submit(work))
        done, _ = wait(attempts, give_up - time.monotonic(), FIRST_COMPLETED)
        return next(iter(done)).result() if done else attempts[-1].result(0)


def _begin(began: Event, work: Callable[[], Result]) -> Result:
    began.set()
    return work()


def _too_busy() -> Busy:
    metrics.count_unhashed()
    return Busy("Too many users are logging in at the moment. Please try again.", retry_after=5)


def _step_back() -> None:
    if sys.platform == "linux":  # where a thread has a priority; those of argon2 inherit it
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)


def normal(password: str) -> str:
    """Return the form of a password that is hashed.

    The same password typed on two keyboards is one password (NIST SP 800-63B).
    """
    return unicodedata.normalize("NFKC", password)


db = SQLAlchemy(
    model_class=Base,
    session_options={"class_": Session},
    engine_options={
        "hide_parameters": True,  # an error is logged, addresses and hashes are not
    },
)
migrate = Migrate(directory=str(Path(__file__).resolve().parents[2] / "migrations"))
jwt = JWTManager()
passwords = Passwords()


def init_database(app: Flask) -> None:
    """Connect an app to its databases."""
    app.config["SQLALCHEMY_BINDS"] = binds(
        app.config["SQLALCHEMY_DATABASE_URI"],
        app.config["REPLICA_URI"],
        prepared=app.config["PREPARED_STATEMENTS"],
    )
    app.teardown_appcontext(let_go)  # after the session has, which is torn down before
    db.init_app(app)
    migrate.init_app(app, db)
    with app.app_context():
        prepare(db.engines, bounded=app.config["PREPARED_STATEMENTS"])


def disconnect() -> None:
    """Close the connections of the app's pools."""
    for engine in db.engines.values():
        engine.dispose()
