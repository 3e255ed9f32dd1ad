"""The upgrade from revision 0012, with other rules of turns."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from gridt.models import Subscription, User, past_of
from gridt.network.invariants import violations
from gridt.runtime.extensions import db
from tests import networks, release_0012
from tests.conftest import Clock, OwnContextClient, app_on
from tests.first_release import PASSWORD
from tests.release_0012 import MOVEMENTS, NOW, USERS
from tests.test_recompute import stood

#: numbers that may fall only if a line lists them, and other numbers of such a line
NUMBERS = ("streak", "best_streak", "done_turns")

#: the users whose numbers fall when standings are rebuilt
FALLS = {
    # 20 January was not done, and a hundred changes of clock had hidden that
    ("commuter", "daily"): {"streak": (94, 79), "best_streak": (94, 79)},
    # a pause of the last ten seconds of a day does not save it any more
    ("sneak", "daily"): {"streak": (94, 24), "best_streak": (94, 70)},
    # the day between a turn of one day and the next turn of two lasts half of these: it is expected
    ("weekly", "weekly"): {"streak": (9, 8)},
}
#: the users whose numbers only rise, because more updates count, or whose other details differ
RISES = {("flipper", "daily"), ("importer", "daily"), ("legacy", "daily")}
OTHERS = {("idle", "daily")}


@pytest.fixture
def upgraded(new_database: Callable[[], str], clock: Clock) -> Iterator[Flask]:
    """An upgraded app on a database of revision 0012."""
    clock.now = NOW
    with app_on(new_database()) as app, app.app_context():
        app.test_client_class = OwnContextClient
        flask_migrate.upgrade(revision=release_0012.REVISION)
        with db.engine.begin() as connection:
            release_0012.plant(connection)
        flask_migrate.upgrade()
        yield app


@pytest.fixture
def client_named(upgraded: Flask) -> Callable[[str], FlaskClient]:
    """Log in as one of those users."""

    def log_in(name: str) -> FlaskClient:
        client = upgraded.test_client()
        answer = client.post("/auth", json={"username": name, "password": PASSWORD})
        client.token = answer.json["access_token"]
        return client

    return log_in


def rebuild(app: Flask, *options: str) -> str:
    result = app.test_cli_runner().invoke(args=["gridt", "rebuild-standing", *options])
    assert result.exit_code == 0, result.output
    return result.output


def members() -> list[tuple[str, str, int, int]]:
    """Return each member with the movement, by names and ids.

    A row has the member's name, that of the movement, and the ids of both.
    """
    ids = sa.select(Subscription.user_id, Subscription.movement_id).order_by(Subscription.user_id)
    with db.engine.connect() as connection:
        return [(USERS[one[0] - 1], MOVEMENTS[one[1] - 1], *one) for one in connection.execute(ids)]


def numbers() -> dict[tuple[str, str], dict[str, int]]:
    """Return each member's stored numbers, carried on to now.

    They are the numbers of the standing.
    """
    found = {}
    for name, movement, *ids in members():
        standing = stood(*ids, NOW)
        found[name, movement] = {number: getattr(standing, number) for number in NUMBERS}
    db.session.rollback()
    return found


def lines_of(output: str) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """Return the numbers that a dry run lists.

    The names of user and movement are the keys.
    """
    found = {}
    for movement_id, user_id, how in re.findall(r"movement (\d+), user (\d+): (.*)", output):
        changes = re.findall(r"(\w+) (\d+) -> (\d+)", how)
        member = USERS[int(user_id) - 1], MOVEMENTS[int(movement_id) - 1]
        found[member] = {name: (int(old), int(new)) for name, old, new in changes}
    return found


def test_upgrades_and_downgrades_keep_the_stored_standings(upgraded: Flask) -> None:
    def stored() -> dict[str, Any]:
        with db.engine.connect() as connection:
            return release_0012.stored(connection)

    there = stored()
    flask_migrate.downgrade(revision=release_0012.REVISION)
    assert stored() == there
    flask_migrate.upgrade()
    assert stored() == there
    first = next(row for row in there["subscriptions"] if row[:2] == (USERS.index("long") + 1, 1))
    assert (66, 202, 456, 459) == first[8:12]


def test_a_dry_run_lists_each_standing_that_would_fall(upgraded: Flask) -> None:
    before, output = numbers(), rebuild(upgraded, "--dry-run")
    assert numbers() == before
    lines = lines_of(output)
    rebuild(upgraded)
    after = numbers()
    fallen: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for member, old in before.items():
        for name, value in old.items():
            if after[member][name] != value:
                assert lines[member][name] == (value, after[member][name])
            if after[member][name] < value:
                fallen.setdefault(member, {})[name] = (value, after[member][name])
    assert fallen == FALLS
    assert set(lines) == set(FALLS) | RISES | OTHERS
    assert output.endswith(f"{len(before)} standings compared, {len(lines)} would change.\n")


def test_rebuilt_standings_equal_recomputed_ones(upgraded: Flask) -> None:
    rebuild(upgraded)
    for _, _, *ids in members():
        past = past_of(*ids)
        assert past is not None
        assert stood(*ids, NOW) == past.scored(NOW)
    assert rebuild(upgraded, "--dry-run").endswith("standings compared, none would change.\n")
    assert "none of them corrected" in rebuild(upgraded)


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_upgraded_members_are_served(
    upgraded: Flask, client_named: Callable[[str], FlaskClient], is_rebuilt: bool
) -> None:
    if is_rebuilt:
        rebuild(upgraded)
    expected = numbers()
    for name, movement, *_ in members():
        client, path = client_named(name), f"/movements/{movement}"
        (shown,) = client.get("/movements/subscriptions").json
        own = shown["standing"]
        assert {number: own[number] for number in NUMBERS} == expected[name, movement]
        assert client.get(f"{path}/history").status_code == 200
        posted = client.post(f"{path}/updates").status_code
        assert posted == (409 if own["turn"]["done"] else 201)
        changed = client.patch("/identity", json={"time_zone": "Asia/Tokyo"})
        assert changed.status_code == 200, changed.text
        (shown,) = client.get("/movements/subscriptions").json
        assert shown["standing"]["turn"]["done"], name
    assert list(violations()) + networks.violations() == []
    assert rebuild(upgraded, "--dry-run").endswith("standings compared, none would change.\n")


def test_a_user_with_the_default_clock_has_not_chosen_one(
    client_named: Callable[[str], FlaskClient],
) -> None:
    unchosen = sa.select(User.username).where(User.clock_chosen_at.is_(None)).order_by(User.id)
    assert db.session.scalars(unchosen).all() == ["never", "legacy"]
    db.session.rollback()
    client = client_named("never")
    client.patch("/identity", json={"time_zone": "Europe/Berlin"})
    assert client.get("/identity/export").json["former_clocks"] == []
