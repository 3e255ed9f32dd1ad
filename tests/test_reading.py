"""Requests that only read, by connections of their own."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import User
from gridt.runtime.extensions import db
from tests.conftest import OwnContextClient, logged_in
from tests.networks import make_movements, people, plant, ring


@pytest.fixture
def autocommitted(own_app: Flask) -> Iterator[list[bool]]:
    """Whether each statement sent was a transaction of its own."""
    seen: list[bool] = []

    def note(connection: sa.Connection, *_: object) -> None:
        driver = connection.connection.driver_connection
        seen.append(getattr(driver, "autocommit", False) is True)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture
def member(own_app: Flask) -> OwnContextClient:
    """A client that calls as a member of movement 1."""
    with own_app.app_context():
        (movement,), users = make_movements(1), people(6)
        plant(movement, ring(users))
        client = logged_in(own_app, User.find_by_id(users[0]))
        db.session.remove()
    return client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/identity"),
        ("GET", "/movements"),
        ("GET", "/movements/1"),
        ("GET", "/movements/subscriptions"),
        ("GET", "/today"),
        ("GET", "/movements/1/overview"),
        ("GET", "/movements/1/followers"),
        ("HEAD", "/movements/1/updates"),
    ],
)
def test_reading_begins_no_transaction(
    member: OwnContextClient, autocommitted: list[bool], method: str, path: str
) -> None:
    assert member.open(path, method=method).status_code == 200
    with member.application.app_context():
        expected = db.engine.dialect.name == "postgresql"
    assert set(autocommitted) == {expected}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/movements/1/updates"),
        ("DELETE", "/movements/1/subscriber"),
        ("GET", "/movements/1/network"),
    ],
)
def test_writing_and_streaming_are_transactions(
    member: OwnContextClient, autocommitted: list[bool], method: str, path: str
) -> None:
    assert member.open(path, method=method).status_code in {200, 201}
    assert set(autocommitted) == {False}
