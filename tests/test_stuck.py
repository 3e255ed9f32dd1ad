"""A process that holds a lock and does no more."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.http.auth import tokens_for
from gridt.models import Login, Movement
from gridt.runtime import database, database_copy
from gridt.runtime.extensions import db, disconnect
from tests.conftest import OwnContextClient, migrated_app
from tests.networks import make_movements, people


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    new_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Flask, int, OwnContextClient]]:
    """A movement, and an impatient user who wants to join."""
    if request.config.getoption("--database") == "sqlite":
        pytest.skip("SQLite has one lock, and a patience of its own")
    monkeypatch.setattr(database, "PATIENCE", 1)
    with migrated_app(new_database()) as app, app.app_context():
        (movement,), (person,) = make_movements(1), people(1)
        login = Login(person)
        login.save_to_db()
        client: OwnContextClient = app.test_client()
        client.token = tokens_for(login)["access_token"]
        id = movement.id
        db.session.remove()
        yield app, id, client


@pytest.fixture
def lock(place) -> Iterator[Callable[[], sa.Connection]]:
    """Take the movement's lock, and keep it.

    A process that is stopped after that keeps it in the same way.
    """
    _, id, _ = place
    with ExitStack() as stack:

        def take() -> sa.Connection:
            connection = stack.enter_context(db.engine.connect())
            stack.callback(connection.invalidate)
            connection.execute(sa.select(Movement.id).where(Movement.id == id).with_for_update())
            return connection

        yield take


def test_a_request_behind_a_stuck_transaction_may_be_retried(place, lock):
    _, id, client = place
    held = lock()
    answer = client.put(f"/movements/{id}/subscriber")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Another request is changing" in answer.json["detail"]
    held.rollback()
    assert client.put(f"/movements/{id}/subscriber").status_code == 200


def test_a_stuck_transaction_loses_its_lock(place, lock, monkeypatch):
    _, id, client = place
    monkeypatch.setattr(database, "_SILENCE", 1)
    monkeypatch.setattr(database, "PATIENCE", 10)
    disconnect()
    lock()
    assert client.put(f"/movements/{id}/subscriber").status_code == 200


def test_settings_of_an_operator_stay(place):
    with db.engine.connect() as connection:
        name = connection.scalar(sa.text("SELECT current_database()"))
        for bound in ("lock_timeout = '3s'", "idle_in_transaction_session_timeout = '7s'"):
            connection.execute(sa.text(f'ALTER DATABASE "{name}" SET {bound}'))
        connection.commit()
    disconnect()
    assert bounds() == ("3s", "7s")


def test_a_snapshot_may_be_silent(place):
    assert bounds() == ("1s", "1min")
    with database_copy.snapshot(db.engine) as connection:
        silence = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    assert silence == "0"
    assert bounds() == ("1s", "1min")


def bounds() -> tuple[str, ...]:
    with db.engine.connect() as connection:
        return tuple(
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("lock_timeout", "idle_in_transaction_session_timeout")
        )
