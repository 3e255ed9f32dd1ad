"""Database errors: retried, or answered in a way that helps."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from gridt.http.api import Blueprint
from gridt.http.requests import ATTEMPTS, Resource
from gridt.runtime.extensions import db, disconnect
from tests.conftest import app_on
from tests.databases import sqlite_only

bare = Blueprint("bare", description="Routes of the test")
outcomes: list[Any] = []


@bare.route("/outcome")
class Outcome(Resource):
    """Raises or answers the next outcome of the test."""

    @bare.open
    def post(self) -> Any:
        """Take the next outcome."""
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def empty_app(new_database: Callable[[], str]) -> Iterator[Flask]:
    """An app on a database without migrations."""
    with app_on(new_database()) as app:
        app.register_blueprint(bare)
        yield app


CONFLICT = IntegrityError("INSERT …", {}, Exception("unique"))


@pytest.mark.parametrize("conflict", [CONFLICT, StaleDataError("gone")])
def test_a_conflict_is_tried_again(empty_app: Flask, conflict: Exception) -> None:
    outcomes[:] = [conflict] * (ATTEMPTS - 1) + [{"message": "at last"}]
    answer = empty_app.test_client().post("/outcome")
    assert (answer.status_code, answer.json) == (200, {"message": "at last"})


@pytest.mark.parametrize("conflict", [CONFLICT, StaleDataError("gone")])
def test_a_lasting_conflict_is_answered(empty_app: Flask, conflict: Exception) -> None:
    outcomes[:] = [conflict] * ATTEMPTS + [{"message": "too late"}]
    answer = empty_app.test_client().post("/outcome")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/conflict")
    assert len(outcomes) == 1


def test_no_address_or_hash_is_logged(empty_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    account = {"username": "ann", "email": "ann@example.org", "password": "a good password"}
    with empty_app.app_context():
        db.create_all(None)
        db.session.execute(sa.text("CREATE UNIQUE INDEX one_zone ON users (time_zone)"))
        db.session.commit()
    client = empty_app.test_client()
    assert client.post("/register", json=account).status_code == 201
    other = account | {"username": "ben", "email": "ben@example.org"}
    assert client.post("/register", json=other).status_code == 409
    with empty_app.app_context():
        db.drop_all(None)
    login = {"username": "ben@example.org", "password": "a good password"}
    assert client.post("/auth", json=login).status_code == 503
    assert "IntegrityError after all retries" in caplog.text
    assert "database:" in caplog.text
    assert "example.org" not in caplog.text
    assert "argon2" not in caplog.text


def test_a_wrong_statement_is_not_tried_again(empty_app: Flask) -> None:
    wrong = sa.exc.ProgrammingError("SELEKT", {}, Exception("syntax error"))
    outcomes[:] = [wrong, {"message": "too late"}]
    answer = empty_app.test_client().post("/outcome")
    assert (answer.status_code, answer.json["title"]) == (500, "Internal Server Error")
    assert "SELEKT" not in answer.text
    assert len(outcomes) == 1


@sqlite_only("only SQLite has one lock for all")
def test_a_database_that_stays_locked_is_busy(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"username": "ann", "email": "ann@example.org", "password": "a good password"}
    monkeypatch.setattr("gridt.runtime.database.PATIENCE", 0)
    with own_app.app_context():
        disconnect()  # the connections that were made with more patience
        with db.engine.begin():
            answer = own_app.test_client().post("/register", json=account)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_is_not_migrated_is_not_ready(empty_app: Flask) -> None:
    client = empty_app.test_client()
    account = {"username": "ann", "email": "ann@example.org", "password": "a good password"}
    for answer in (client.get("/ready"), client.post("/register", json=account)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "flask db upgrade" in answer.json["detail"]
    assert client.get("/health").status_code == 200
