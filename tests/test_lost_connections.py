"""A connection to PostgreSQL that breaks around a commit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from gridt.models import Update, User
from gridt.runtime.extensions import db
from tests.cables import Cable, cable_to
from tests.conftest import OwnContextClient, logged_in, migrated_app
from tests.networks import make_movements, people, plant, ring


@dataclass
class Place:
    """A movement over a cable, a member, and a stranger."""

    app: Flask
    cable: Cable
    path: str
    member: OwnContextClient
    stranger: OwnContextClient

    def updates(self) -> int:
        """Count the updates in the database."""
        with self.app.app_context():
            return int(db.session.scalar(sa.select(sa.func.count()).select_from(Update)))


@pytest.fixture
def place(request: pytest.FixtureRequest, new_database: Callable[[], str]) -> Iterator[Place]:
    if request.config.getoption("--database") == "sqlite":
        pytest.skip("nothing lies between the service and SQLite")
    with cable_to(new_database()) as (cable, url), migrated_app(url) as app:
        with app.app_context():
            (movement,) = make_movements(1)
            *members, stranger = people(9)
            plant(movement, ring(members))
            path, callers = f"/movements/{movement.id}", (members[0], stranger)
            clients = [logged_in(app, User.find_by_id(id)) for id in callers]
        yield Place(app, cable, path, *clients)


def status_and_retry(answer: Any) -> tuple[int, bool]:
    """Return an answer's status, and whether it suggests a retry.

    An answer that does has a time for the next try.
    """
    return answer.status_code, "Retry-After" in answer.headers


@pytest.mark.parametrize("delivering", [True, False])
@pytest.mark.parametrize("text", ["FROM logins", "INSERT INTO updates", "UPDATE subscriptions"])
def test_a_change_lost_before_its_commit_is_repeated(
    place: Place, text: str, delivering: bool
) -> None:
    place.cable.break_at(text, delivering=delivering)
    answer = place.member.post(f"{place.path}/updates", json={})
    assert not place.cable.is_to_break
    assert (status_and_retry(answer), place.updates()) == ((201, False), 1)


@pytest.mark.parametrize("delivering", [True, False])
def test_a_read_lost_on_the_way_is_repeated(place: Place, delivering: bool) -> None:
    place.cable.break_at("FROM movements", delivering=delivering)
    answer = place.member.get(place.path)
    assert not place.cable.is_to_break
    assert status_and_retry(answer) == (200, False)


@pytest.mark.parametrize(("delivering", "saved"), [(True, 1), (False, 0)])
def test_a_change_that_may_be_committed_is_not_repeated(
    place: Place, delivering: bool, saved: int
) -> None:
    place.cable.break_at("COMMIT", delivering=delivering)
    answer = place.member.post(f"{place.path}/updates", json={})
    assert not place.cable.is_to_break
    assert (status_and_retry(answer), place.updates()) == ((503, True), saved)
    assert "Check what was saved" in answer.json["detail"]


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("member", "DELETE", "/updates/1", 404),
        ("stranger", "POST", "/updates", 409),
    ],
)
def test_an_answer_stands_though_the_connection_is_lost_after_it(
    place: Place, who: str, method: str, path: str, status: int
) -> None:
    place.cable.break_at("ROLLBACK", delivering=False)
    client: OwnContextClient = getattr(place, who)
    answer = client.open(place.path + path, method=method)
    assert not place.cable.is_to_break
    assert (status_and_retry(answer), place.updates()) == ((status, False), 0)


def test_a_connection_lost_while_it_rested_is_not_noticed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridt.runtime.database._LIVELY", 0)  # as after a long rest of each
    place.member.get(place.path)
    place.cable.break_at(";\0", delivering=False)  # the ping before a connection is used again
    answer = place.member.get(place.path)
    assert not place.cable.is_to_break
    assert status_and_retry(answer) == (200, False)
