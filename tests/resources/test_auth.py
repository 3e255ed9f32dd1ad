"""Registering, logging in and out, and changing the password."""

import time
from base64 import b64decode
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select

from gridt.models import Login, User
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD

NEWCOMER = {"username": "Robin", "email": "Robin@Example.org", "password": PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def log_in(client, user: User) -> dict[str, Any]:
    answer = client.post("/auth", json={"username": user.username, "password": PASSWORD})
    assert answer.status_code == 200
    return answer.json


def status_with(client, token: str, call: str = "GET /identity") -> int:
    method, path = call.split()
    return client.open(path, method=method, headers=bearer(token)).status_code


def test_register_makes_an_account_that_can_log_in(client):
    answer = client.post("/register", json=NEWCOMER)

    user = User.find_by_name("Robin")
    assert answer.status_code == 201
    assert set(answer.json) == {"message", "id", "username"}
    assert (answer.json["id"], answer.json["username"]) == (user.id, "Robin")
    assert (user.email, user.role, user.bio) == ("Robin@Example.org", "user", "")
    assert PASSWORD not in user.password_hash
    assert log_in(client, user)


@pytest.mark.parametrize(
    ("username", "email", "slug"),
    [
        ("Robin", "other@example.org", "username-taken"),
        ("ROBIN", "other@example.org", "username-taken"),
        ("\N{FULLWIDTH LATIN SMALL LETTER R}obin", "other@example.org", "username-taken"),
        ("other", "Robin@Example.org", "email-taken"),
        ("other", "robin@EXAMPLE.org", "email-taken"),
    ],
)
def test_register_refuses_what_is_taken_in_any_case(client, username, email, slug):
    client.post("/register", json=NEWCOMER)

    answer = client.post("/register", json=NEWCOMER | {"username": username, "email": email})

    assert (answer.status_code, answer.json["type"]) == (409, f"/problems/{slug}")
    assert count(User) == 1


@pytest.mark.parametrize(
    "login", ["Robin", "rOBIN", "Robin@Example.org", "robin@example.org", "ROBIN@EXAMPLE.ORG"]
)
def test_username_and_email_log_in_in_any_case(client, login):
    client.post("/register", json=NEWCOMER)

    answer = client.post("/auth", json={"username": login, "password": PASSWORD})

    assert answer.status_code == 200
    assert {"access_token", "refresh_token", "expires_in"} <= set(answer.json)
    assert status_with(client, answer.json["access_token"]) == 200


def test_an_email_address_logs_in_its_owner_only(client, make_user):
    ann = make_user("ann")
    make_user(ann.email)

    answer = client.post("/auth", json={"username": ann.email, "password": PASSWORD})

    me = client.get("/identity", headers=bearer(answer.json["access_token"]))
    assert me.json["id"] == ann.id


def test_a_wrong_password_and_an_unknown_user_get_one_answer(client, make_user):
    ann = make_user()
    wrong = {"username": ann.username, "password": "not the password"}
    unknown = {"username": "nobody", "password": PASSWORD}

    bodies = []
    for credentials in (wrong, unknown, unknown | {"username": "nobody@example.org"}):
        answer = client.post("/auth", json=credentials)
        assert answer.status_code == 401
        bodies.append(answer.data.replace(answer.headers["X-Request-ID"].encode(), b""))

    assert len(set(bodies)) == 1
    assert count(Login) == 0


def test_atob_can_read_the_user_in_a_token(client, make_user):
    ann = make_user()
    answer = log_in(client, ann)

    for kind in ("access", "refresh"):
        token = answer[f"{kind}_token"]
        payload = token.split(".")[1]
        b64decode(payload + "=" * (-len(payload) % 4), validate=True)  # no - and no _
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["sub"] == str(ann.id)
        assert {"exp", "iat", "jti"} <= set(claims)
        assert claims["type"] == kind
    access = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert answer["expires_in"] == access["exp"] - access["iat"]


def test_a_remembered_token_expires_all_the_same(client, make_user, monkeypatch):
    answer = log_in(client, make_user())
    assert status_with(client, answer["access_token"]) == 200
    now = time.time()
    for seconds, status in (answer["expires_in"] - 5, 200), (answer["expires_in"] + 5, 401):
        monkeypatch.setattr("gridt.http.auth.time.time", lambda at=now + seconds: at)
        assert status_with(client, answer["access_token"]) == status


def test_refresh_rotates(client, make_user):
    first = log_in(client, make_user())

    answer = client.post("/auth/refresh", headers=bearer(first["refresh_token"]))

    assert answer.status_code == 200
    assert {"access_token", "refresh_token", "expires_in"} <= set(answer.json)
    assert answer.json["refresh_token"] != first["refresh_token"]
    assert status_with(client, answer.json["access_token"]) == 200
    assert status_with(client, first["access_token"]) == 200
    assert status_with(client, answer.json["refresh_token"], "POST /auth/refresh") == 200


def test_a_spent_refresh_token_ends_the_whole_login(client, make_user, clock):
    ann = make_user()
    elsewhere = log_in(client, ann)
    first = log_in(client, ann)
    second = client.post("/auth/refresh", headers=bearer(first["refresh_token"])).json
    clock.pass_(seconds=31)  # until then its answer may be lost

    assert status_with(client, first["refresh_token"], "POST /auth/refresh") == 401

    assert status_with(client, first["access_token"]) == 401
    assert status_with(client, second["access_token"]) == 401
    assert status_with(client, second["refresh_token"], "POST /auth/refresh") == 401
    assert status_with(client, elsewhere["access_token"]) == 200


@pytest.mark.parametrize(
    ("query", "other_login"),
    [("", 200), ("?everywhere=false", 200), ("?everywhere=true", 401)],
)
def test_logging_out_ends_one_login_or_all(client, make_user, query, other_login):
    ann, ben = make_user(), make_user()
    here, elsewhere, bens = log_in(client, ann), log_in(client, ann), log_in(client, ben)

    answer = client.delete(f"/auth{query}", headers=bearer(here["access_token"]))

    assert answer.status_code == 200
    assert isinstance(answer.json["message"], str)
    assert status_with(client, here["access_token"]) == 401
    assert status_with(client, here["refresh_token"], "POST /auth/refresh") == 401
    assert status_with(client, elsewhere["access_token"]) == other_login
    assert status_with(client, elsewhere["refresh_token"], "POST /auth/refresh") == other_login
    assert status_with(client, bens["access_token"]) == 200


def test_everywhere_is_true_or_false(client, make_user):
    token = log_in(client, make_user())["access_token"]
    assert status_with(client, token, "DELETE /auth?everywhere=perhaps") == 422
    assert status_with(client, token) == 200


def test_change_password_ends_every_other_login(client, make_user):
    ann, ben = make_user(), make_user()
    here, elsewhere, bens = log_in(client, ann), log_in(client, ann), log_in(client, ben)

    answer = client.post(
        "/user/change_password",
        json={"old_password": PASSWORD, "new_password": "another long one"},
        headers=bearer(here["access_token"]),
    )

    assert answer.status_code == 200
    assert isinstance(answer.json["message"], str)
    assert status_with(client, here["access_token"]) == 200
    assert status_with(client, here["refresh_token"], "POST /auth/refresh") == 200
    assert status_with(client, elsewhere["access_token"]) == 401
    assert status_with(client, elsewhere["refresh_token"], "POST /auth/refresh") == 401
    assert status_with(client, bens["access_token"]) == 200
    for password, status in ((PASSWORD, 401), ("another long one", 200)):
        again = client.post("/auth", json={"username": ann.username, "password": password})
        assert again.status_code == status


def test_change_password_asks_for_the_old_one(client, make_user):
    ann = make_user()
    here, elsewhere = log_in(client, ann), log_in(client, ann)

    answer = client.post(
        "/user/change_password",
        json={"old_password": "not the password", "new_password": "another long one"},
        headers=bearer(here["access_token"]),
    )

    assert answer.status_code == 401
    assert status_with(client, elsewhere["access_token"]) == 200
    assert log_in(client, ann)
