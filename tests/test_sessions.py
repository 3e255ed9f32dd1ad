"""Sessions: a token opens one login only.

A lost answer to a refresh ends none.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from gridt.errors import InvalidMailToken
from gridt.http.auth import tokens_for
from gridt.mail import MailToken, Purpose
from gridt.mail.tokens import issue
from gridt.models import Login, User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, Clock, OwnContextClient, checked_app
from tests.databases import same_on_both
from tests.test_concurrency import at_once

KEY = "x" * 32  # of conftest's settings
GRACE = 30


def with_(token: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, KEY, ["HS256"], options={"verify_iat": False})
    return claims


def signed_without_nonce(token: str, **changes: Any) -> str:
    """Return a token as the version before made it."""
    claims = claims_of(token) | changes
    return jwt.encode({name: claims[name] for name in claims if name != "nonce"}, KEY, "HS256")


def registered(client: OwnContextClient, name: str) -> dict[str, Any]:
    """Open an account; return the tokens of its first login."""
    member = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    assert client.post("/register", json=member).status_code == 201
    body = {"username": name, "password": PASSWORD}
    tokens: dict[str, Any] = client.post("/auth", json=body).json
    return tokens


# -- a backup that is restored --------------------------------------------------------------


def test_after_a_restore_a_lost_account_s_token_opens_no_other_account(
    migrated_database: Callable[[], str], new_database: Callable[..., str]
) -> None:
    url = migrated_database()
    with checked_app(url) as app:
        registered(app.test_client(), "before")
    backup = new_database(url)
    with checked_app(url) as app, app.app_context():
        lost = registered(app.test_client(), "lost")
        mailed = {purpose: issue(purpose, _user("lost")) for purpose in Purpose}
    with checked_app(backup) as app, app.app_context():
        client = app.test_client()
        other = registered(client, "other")
        ids = [(claims["sub"], claims["login"]) for claims in map(_access, (lost, other))]
        assert ids[0] == ids[1], "the restored database counts on from the backup"

        assert client.get("/identity", **with_(other["access_token"])).status_code == 200
        assert client.get("/identity", **with_(lost["access_token"])).status_code == 401
        body = {"json": {"bio": "mine"}}
        assert client.put("/bio", **body, **with_(lost["access_token"])).status_code == 401
        assert client.post("/auth/refresh", **with_(lost["refresh_token"])).status_code == 401
        before = signed_without_nonce(lost["access_token"], iat=_access(lost)["iat"] - 60)
        assert client.get("/identity", **with_(before)).status_code == 401
        for purpose, token in mailed.items():
            with pytest.raises(InvalidMailToken):
                MailToken.read(purpose, token).user()


def _access(tokens: dict[str, Any]) -> dict[str, Any]:
    return claims_of(tokens["access_token"])


def _user(name: str) -> User:
    user = User.find_by_name(name)
    assert user is not None
    return user


# -- logins of the version before -----------------------------------------------------------


@pytest.fixture
def older(ann: User) -> Login:
    """A login that the version before made."""
    login = Login(ann.id)
    login.nonce = None
    login.save_to_db()
    return login


def test_a_login_has_a_nonce_of_its_own_which_its_tokens_carry(ann: User) -> None:
    logins = [Login(ann.id) for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", login.nonce or "") for login in logins)
    assert logins[0].nonce != logins[1].nonce
    db.session.add_all(logins)
    db.session.commit()
    for login in logins:
        tokens = tokens_for(login)
        for kind in ("access_token", "refresh_token"):
            assert claims_of(tokens[kind])["nonce"] == login.nonce


def test_older_tokens_are_good_and_the_next_refresh_gives_the_login_a_nonce(
    client: OwnContextClient, older: Login
) -> None:
    access, refresh = map(signed_without_nonce, _pair(tokens_for(older)))
    assert client.get("/identity", **with_(access)).status_code == 200

    for _ in range(2):  # the answer of the first may be lost
        answer = client.post("/auth/refresh", **with_(refresh))
        assert answer.status_code == 200
        claims = claims_of(answer.json["access_token"])
        db.session.refresh(older)
        assert re.fullmatch("[0-9a-f]{32}", older.nonce or "")
        assert claims["nonce"] == older.nonce

    for token in (access, answer.json["access_token"]):
        assert client.get("/identity", **with_(token)).status_code == 200


def test_a_token_without_nonce_is_of_the_time_in_which_its_login_had_none(
    client: OwnContextClient, older: Login
) -> None:
    access, now = tokens_for(older)["access_token"], utcnow().replace(microsecond=0)
    older.created_at = now - timedelta(seconds=20)
    older.nonce, older.nonce_since = "0" * 32, now - timedelta(seconds=10)
    older.save_to_db()
    for age, status in ((21, 401), (20, 200), (10, 200), (9, 401)):
        token = signed_without_nonce(access, iat=int(now.timestamp()) - age)
        assert client.get("/identity", **with_(token)).status_code == status, age


def test_a_nonce_of_a_login_that_has_none_is_refused(
    client: OwnContextClient, older: Login
) -> None:
    access = tokens_for(older)["access_token"]
    for nonce in (None, "", "0" * 32):
        token = jwt.encode(claims_of(access) | {"nonce": nonce}, KEY, "HS256")
        assert client.get("/identity", **with_(token)).status_code == 401


def _pair(tokens: dict[str, Any]) -> tuple[str, str]:
    return tokens["access_token"], tokens["refresh_token"]


@same_on_both
def test_checking_a_token_takes_one_statement(
    client: OwnContextClient, older: Login, ann: User, statements: list[str]
) -> None:
    fresh = Login(ann.id)
    fresh.save_to_db()
    access = signed_without_nonce(tokens_for(older)["access_token"])
    for token in (tokens_for(fresh)["access_token"], access):
        statements.clear()
        assert client.get("/identity/calendar", **with_(token)).status_code == 200
        assert [text for text in statements if "logins" in text] == statements[:1]
        assert len(statements) == 2


# -- an answer that is lost -----------------------------------------------------------------


@pytest.fixture
def login(ann: User, clock: Clock) -> Login:
    login = Login(ann.id)
    login.save_to_db()
    return login


@pytest.fixture
def refresh(client: OwnContextClient) -> Callable[[str], TestResponse]:
    return lambda token: client.post("/auth/refresh", **with_(token))


def test_a_lost_answer_is_answered_again(
    client: OwnContextClient,
    login: Login,
    refresh: Callable[[str], TestResponse],
    clock: Clock,
) -> None:
    spent = tokens_for(login)["refresh_token"]
    lost = refresh(spent).json
    clock.pass_(seconds=GRACE)
    answer = refresh(spent)
    assert answer.status_code == 200
    assert answer.json.keys() == lost.keys()
    jtis = {claims_of(each["refresh_token"])["jti"] for each in (lost, answer.json)}
    assert len(jtis) == 1, "both are of one generation"
    assert refresh(answer.json["refresh_token"]).status_code == 200
    for tokens in (lost, answer.json):
        assert client.get("/identity", **with_(tokens["access_token"])).status_code == 200


def test_the_time_for_that_counts_from_the_first_answer(
    client: OwnContextClient,
    login: Login,
    refresh: Callable[[str], TestResponse],
    clock: Clock,
) -> None:
    spent = tokens_for(login)["refresh_token"]
    successor = refresh(spent).json
    clock.pass_(seconds=GRACE)
    assert refresh(spent).status_code == 200
    clock.pass_(seconds=1)
    assert refresh(spent).status_code == 401
    assert client.get("/identity", **with_(successor["access_token"])).status_code == 401
    assert refresh(successor["refresh_token"]).status_code == 401


def test_when_the_successor_was_spent_the_spent_token_ends_the_login(
    client: OwnContextClient, login: Login, refresh: Callable[[str], TestResponse]
) -> None:
    spent = tokens_for(login)["refresh_token"]
    successor = refresh(spent).json
    last = refresh(successor["refresh_token"]).json
    assert refresh(spent).status_code == 401
    for tokens in (successor, last):
        assert client.get("/identity", **with_(tokens["access_token"])).status_code == 401
    db.session.refresh(login)
    assert login.revoked_at == utcnow()


def test_a_login_that_ended_answers_nothing_again(
    login: Login, refresh: Callable[[str], TestResponse]
) -> None:
    spent = tokens_for(login)["refresh_token"]
    assert refresh(spent).status_code == 200
    login.revoke()
    login.save_to_db()
    assert refresh(spent).status_code == 401


def test_two_tabs_that_refresh_at_once_both_go_on(world: Flask) -> None:
    User("ann", "ann@example.org", PASSWORD).save_to_db()
    login = Login(1)
    login.save_to_db()
    tokens = tokens_for(login)
    db.session.remove()
    for _ in range(8):
        call = partial(world.test_client().post, "/auth/refresh", **with_(tokens["refresh_token"]))
        answers = at_once(world, call, call)
        assert [answer.status_code for answer in answers] == [200, 200]
        jtis = {claims_of(answer.json["refresh_token"])["jti"] for answer in answers}
        assert len(jtis) == 1
        for answer in answers:
            access = answer.json["access_token"]
            assert world.test_client().get("/identity", **with_(access)).status_code == 200
        tokens = answers[1].json
    assert db.session.scalars(sa.select(Login.revoked_at)).all() == [None]
