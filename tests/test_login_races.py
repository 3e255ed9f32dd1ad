"""Logins during a change against them: none survives."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from gridt.models import Login, User
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock, new_token
from tests.databases import postgresql_only
from tests.test_concurrency import at_once
from tests.test_overlap import PATIENCE, beside, stopped, wait_until_somebody_waits

NEW_PASSWORD = "another long one"
ROUNDS = 8


@pytest.fixture
def world(world: Flask) -> Flask:
    """The world of all tests, with one account."""
    User("ann", "ann@example.org", PASSWORD).save_to_db()
    db.session.remove()
    world.test_client().get("/")  # the first call of an app does more than the others
    return world


def log_in(app: Flask, password: str = PASSWORD) -> TestResponse:
    body = {"username": "ann", "password": password}
    return app.test_client().post("/auth", json=body)


def is_good(app: Flask, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return bool(app.test_client().get("/identity", headers=headers).status_code == 200)


def survives(app: Flask, answer: TestResponse) -> bool:
    """Return whether the receiver of an answer is logged in."""
    return answer.status_code == 200 and is_good(app, answer.json["access_token"])


def anns_token() -> str:
    ann = User.find_by_name("ann")
    assert ann is not None
    token = new_token(ann)
    db.session.remove()
    return token


def change_password(app: Flask, token: str, old: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
    return app.test_client().post(
        "/user/change_password",
        json={"old_password": old, "new_password": new},
        headers={"Authorization": f"Bearer {token}"},
    )


def by_changing_the_password(app: Flask, token: str) -> None:
    assert change_password(app, token).status_code == 200


def by_closing_the_account(_app: Flask, _token: str) -> None:
    """End all logins under the lock that account changes take."""
    ann = User.find_by_name("ann")
    assert ann is not None
    User.lock(ann.id)
    ann.hash_password(NEW_PASSWORD)
    Login.revoke_all(ann.id)
    db.session.commit()


def by_deleting_the_account(_app: Flask, _token: str) -> None:
    ann = User.find_by_name("ann")
    assert ann is not None
    ann.delete_from_db()


ENDINGS = [by_changing_the_password, by_closing_the_account, by_deleting_the_account]


@postgresql_only("whoever has looked at SQLite to write keeps others from writing")
@pytest.mark.parametrize("end", ENDINGS)
def test_a_login_that_is_ended_before_it_is_written_fails(
    world: Flask, end: Callable[[Flask, str], None]
) -> None:
    token = anns_token()
    with stopped(world, "FOR NO KEY UPDATE", partial(log_in, world)) as logging_in:
        with beside(world, partial(end, world, token)) as ending:
            ending.result(PATIENCE)
        logging_in.go_on()
        answer = logging_in.result()
    assert answer.status_code == 401
    assert db.session.scalars(sa.select(Login).where(Login.revoked_at.is_(None))).all() == [
        login for login in [Login.find_by_id(1)] if end is by_changing_the_password
    ]


@pytest.mark.parametrize("end", ENDINGS)
def test_a_login_that_is_ended_while_it_is_written_ends(
    world: Flask, request: pytest.FixtureRequest, end: Callable[[Flask, str], None]
) -> None:
    token = anns_token()
    with stopped(world, "INSERT INTO logins", partial(log_in, world)) as logging_in:
        with beside(world, partial(end, world, token)) as ending:
            if request.config.getoption("--database") == "postgresql":
                wait_until_somebody_waits()  # on SQLite every login waits
            logging_in.go_on()
        ending.result()
        answer = logging_in.result()
    assert answer.status_code == 200
    assert not survives(world, answer)


def test_in_a_storm_no_login_with_an_old_password_survives(world: Flask) -> None:
    password, token = PASSWORD, anns_token()
    for number in range(ROUNDS):
        following = f"password number {number}"
        *answers, changed = at_once(
            world,
            *[partial(log_in, world, password)] * 3,
            partial(change_password, world, token, password, following),
        )
        assert changed.status_code == 200
        # there were as many wrong passwords as may be in a row: 429
        assert {answer.status_code for answer in answers} <= {200, 401, 429}
        assert not any(survives(world, answer) for answer in answers)
        assert is_good(world, token)
        password = following


def test_only_one_of_two_changes_of_a_password_succeeds(world: Flask) -> None:
    """Only one of two changes of a password succeeds.

    Else a person who was shut out by a change could undo it.
    """
    password, tokens = PASSWORD, [anns_token(), anns_token()]
    for number in range(ROUNDS):
        wishes = [f"wish {who} of round {number}" for who in range(2)]
        answers = at_once(
            world,
            *(
                partial(change_password, world, token, password, wish)
                for token, wish in zip(tokens, wishes, strict=True)
            ),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 401]
        (password,) = (
            wish for wish, answer in zip(wishes, answers, strict=True) if answer.status_code == 200
        )
        assert log_in(world, password).status_code == 200
        tokens = [anns_token(), anns_token()]


def test_a_refresh_token_that_is_spent_too_late_ends_the_login_for_all(
    world: Flask, clock: Clock
) -> None:
    for _ in range(ROUNDS):
        tokens = log_in(world).json
        headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        call = partial(world.test_client().post, "/auth/refresh", headers=headers)
        assert call().status_code == 200
        clock.pass_(seconds=31)
        answers = at_once(world, call, call, call)
        assert [answer.status_code for answer in answers] == [401] * 3
        given = [tokens, *(answer.json for answer in answers if answer.status_code == 200)]
        for each in given:
            assert not is_good(world, each["access_token"])
            headers = {"Authorization": f"Bearer {each['refresh_token']}"}
            again = world.test_client().post("/auth/refresh", headers=headers)
            assert again.status_code == 401


def test_a_login_that_ends_while_it_is_refreshed_stays_ended(world: Flask) -> None:
    for _ in range(ROUNDS):
        tokens = log_in(world).json
        refresh = {"headers": {"Authorization": f"Bearer {tokens['refresh_token']}"}}
        access = {"headers": {"Authorization": f"Bearer {tokens['access_token']}"}}
        refreshed, ended = at_once(
            world,
            partial(world.test_client().post, "/auth/refresh", **refresh),
            partial(world.test_client().delete, "/auth", **access),
        )
        assert ended.status_code == 200
        assert not survives(world, refreshed)
