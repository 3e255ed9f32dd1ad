"""Changing the key that signs the tokens."""

from base64 import b64decode

import jwt
import pytest

from tests.conftest import PASSWORD

OLDEST, OLD, NEW = "oldest key " * 4, "older key " * 4, "newest key " * 4


@pytest.fixture
def keys(app, monkeypatch):
    """Restart the service with other keys.

    It is a restart only for tokens.
    """

    def change(key, *earlier):
        monkeypatch.setitem(app.config, "SECRET_KEY", key)
        monkeypatch.setitem(app.config, "SECRET_KEY_FALLBACKS", earlier)

    return change


@pytest.fixture
def log_in(client, make_user):
    make_user("ann")
    return lambda: client.post("/auth", json={"username": "ann", "password": PASSWORD}).json


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def signed_by(token, key):
    try:
        jwt.decode(token, key, ["HS256"])
    except jwt.InvalidSignatureError:
        return False
    return True


def test_a_new_key_logs_no_user_out(client, log_in, keys):
    keys(OLDEST)
    first = log_in()
    keys(OLD, OLDEST)
    second = log_in()
    keys(NEW, OLD, OLDEST)
    for tokens in (first, second):
        assert client.get("/identity", **bearer(tokens["access_token"])).status_code == 200
        fresh = client.post("/auth/refresh", **bearer(tokens["refresh_token"])).json
        assert signed_by(fresh["access_token"], NEW)
        assert signed_by(fresh["refresh_token"], NEW)


def test_a_key_that_is_given_up_is_refused_at_once_remembered_or_not(client, log_in, keys):
    keys(OLD)
    tokens = log_in()
    keys(NEW, OLD)
    assert client.get("/identity", **bearer(tokens["access_token"])).status_code == 200
    keys(NEW)
    assert client.get("/identity", **bearer(tokens["access_token"])).status_code == 401
    assert client.post("/auth/refresh", **bearer(tokens["refresh_token"])).status_code == 401


def test_an_earlier_key_signs_nothing(log_in, keys):
    keys(NEW, OLD)
    for kind in ("access_token", "refresh_token"):
        token = log_in()[kind]
        assert (signed_by(token, NEW), signed_by(token, OLD)) == (True, False)


def test_a_token_reveals_nothing_of_the_key(log_in):
    header = log_in()["access_token"].partition(".")[0]
    assert set(jwt.get_unverified_header(log_in()["access_token"])) == {"alg", "typ"}
    b64decode(header + "=" * (-len(header) % 4), validate=True)
